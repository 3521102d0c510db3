"""Counting what a cache is good for."""


class Stats:
    """Hits, misses and evictions."""

    def __init__(self):
        self.n_hits = 0
        self.n_misses = 0
        self.n_evicted = 0

    def hit(self):
        self.n_hits += 1

    def missed(self):
        self.n_misses += 1

    def evicted(self):
        self.n_evicted += 1

    def rate(self):
        """Return the share of hits, 0 when nothing was asked."""
        asked = self.n_hits + self.n_misses
        return self.n_hits / asked if asked else 0.0
