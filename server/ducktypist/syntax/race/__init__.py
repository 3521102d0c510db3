"""Known ways to remove a data race from Go code, and what must not be taken for one."""
