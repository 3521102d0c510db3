"""Measuring: the same server and features as an editor gets, driven and timed from outside."""
