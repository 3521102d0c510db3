"""Trials of what has to hold under load, faults and hostile input; ``python -m tests.hold``."""
