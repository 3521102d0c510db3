"""How right explanations are: what is shown, graded by words, by running and by a clock."""
