"""Ducktypist: a language server that runs what its local model suggests, and keeps score."""

__version__ = "0.1.0"
