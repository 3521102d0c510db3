"""Real editors for tests: where they are, how they are installed, how they are driven."""
