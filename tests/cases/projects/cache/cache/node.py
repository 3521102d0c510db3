"""Links of a chain."""


class Node:
    """One entry between its neighbours."""

    __slots__ = ("key", "value", "before", "after")

    def __init__(self, key=None, value=None):
        self.key = key
        self.value = value
        self.before = None
        self.after = None
