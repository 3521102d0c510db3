"""An order in which every way goes forwards."""


class Circle(ValueError):
    """There is no such order."""


def sorted_places(graph):
    """Return the places of a directed graph, each before those that it leads to."""
    counts = {place: 0 for place in graph.places()}
    for place in graph.places():
        for other, _ in graph.ways(place):
            counts[other] += 1
    free = [place for place, count in counts.items() if not count]
    done = []
    while free:
        place = free.pop(0)
        done.append(place)
        for other, _ in graph.ways(place):
            counts[other] -= 1
            if not counts[other]:
                free.append(other)
    if len(done) < len(counts):
        raise Circle("the ways go in a circle")
    return done
