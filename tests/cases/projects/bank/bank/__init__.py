"""Accounts, transfers and their statements."""
