"""Graphs and ways through them."""
