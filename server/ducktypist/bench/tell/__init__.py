"""Suggestions collected with their outcomes, for the tell to be fitted on and judged by."""
