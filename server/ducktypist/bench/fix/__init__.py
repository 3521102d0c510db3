"""``bench fix``: planted bugs, fixed over stdio and graded by hidden tests."""
