"""Shortest ways."""

import heapq


class NoWay(Exception):
    """One cannot get there."""


def distances(graph, start):
    """Return the distance of every place that can be reached, and where one comes from."""
    found, came_from = {start: 0}, {}
    waiting = [(0, start)]
    while waiting:
        distance, place = heapq.heappop(waiting)
        if distance > found[place]:
            continue
        for other, length in graph.ways(place):
            new = distance + length
            if other not in found or new < found[other]:
                found[other] = new
                came_from[other] = place
                heapq.heappush(waiting, (new, other))
    return found, came_from


def shortest(graph, start, end):
    """Return the places of the shortest way and its length."""
    found, came_from = distances(graph, start)
    if end not in found:
        raise NoWay(f"from {start} to {end}")
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1], found[end]
