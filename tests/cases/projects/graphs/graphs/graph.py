"""A graph with lengths."""


class Graph:
    """Places and the ways between them."""

    def __init__(self, directed=False):
        self.directed = directed
        self._ways = {}

    def add_place(self, place):
        """Add a place without ways."""
        self._ways.setdefault(place, {})

    def add_way(self, start, end, length=1):
        """Add a way; without direction it goes back as well."""
        if length < 0:
            raise ValueError("a way has a length")
        self.add_place(start)
        self.add_place(end)
        self._ways[start][end] = length
        if not self.directed:
            self._ways[end][start] = 1

    def places(self):
        """Return all places in the order in which they came."""
        return list(self._ways)

    def ways(self, start):
        """Return the neighbours of a place with their distance."""
        return self._ways[start].items()
