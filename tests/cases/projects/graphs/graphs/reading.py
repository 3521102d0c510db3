"""Graphs written down as text."""

from graphs.graph import Graph


def read(text, directed=False):
    """Read lines such as ``a b 3``; the length may be left out, ``#`` begins a comment."""
    graph = Graph(directed)
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) == 1:
            graph.add_place(words[0])
        elif words:
            graph.add_way(words[0], words[1], *map(int, words[2:]))
    return graph
