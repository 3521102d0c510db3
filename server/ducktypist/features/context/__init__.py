"""What the model gets to see besides the text around the cursor, and what it never sees."""
