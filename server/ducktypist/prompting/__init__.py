"""Prompts: files in, prompts out. No prompt text stands in Python and nothing here asks a model."""
