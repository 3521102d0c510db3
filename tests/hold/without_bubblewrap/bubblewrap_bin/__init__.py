"""Stands before the real package on the path: a bubblewrap that is not there."""
