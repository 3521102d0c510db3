"""Visiting several places."""

from graphs.shortest import shortest


def tour(graph, stops):
    """Return the way through all stops in their order, and how long it is."""
    way, total = list(stops[:1]), 0
    for start, end in zip(stops, stops[1:]):
        part, length = shortest(graph, start, end)
        way += part[1:]
        total += length
    return way, total
