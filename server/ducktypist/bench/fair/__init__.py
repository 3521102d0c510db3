"""``ducktypist bench fair``: four families of tasks, graded by running, three times each."""
