"""``bench complete``: bodies and lines, written over stdio and graded by hidden tests."""
