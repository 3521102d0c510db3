"""What is measured, a module each: the tasks, how one is measured, and what the rows come to."""
