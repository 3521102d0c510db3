"""Who can be reached at all."""

from collections import deque


def reachable(graph, start):
    """Return the places that can be reached, the nearest first."""
    seen, waiting = [start], deque([start])
    while waiting:
        for other, _ in graph.ways(waiting.popleft()):
            if other not in seen:
                seen.append(other)
                waiting.append(other)
    return seen


def components(graph):
    """Return groups of places that hang together."""
    left, found = graph.places(), []
    while left:
        group = reachable(graph, left[0])
        found.append(sorted(group))
        left = [place for place in left if place not in group]
    return found
