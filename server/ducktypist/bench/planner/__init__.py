"""What the planner predicts against what happens: memory and speed of the models at hand."""
