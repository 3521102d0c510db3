"""Orders as they come in."""


def batches(items: list[str], size: int) -> list[list[str]]:
    """Return ``items`` in order, in lists of ``size``; the last list may be shorter.

    No items make no lists.

    >>> batches(["a", "b", "c", "d", "e"], 2)
    [['a', 'b'], ['c', 'd'], ['e']]
    >>> batches(["a"], 3)
    [['a']]
    >>> batches([], 2)
    []
    """
