"""A priority queue."""


class Heap:
    """Gives the smallest key first."""

    def __init__(self):
        self._entries = []

    def __len__(self):
        return len(self._entries)

    def push(self, key, value):
        """Put a value in."""
        self._entries.append((key, value))
        self._up(len(self._entries) - 1)

    def pop(self):
        """Take out the value with the smallest key."""
        if not self._entries:
            raise IndexError("nothing is waiting")
        first = self._entries[0]
        last = self._entries.pop()
        if self._entries:
            self._entries[0] = last
            self._down(0)
        return first[1]

    def _key(self, index):
        return self._entries[index][0]

    def _swap(self, one, other):
        entries = self._entries
        entries[one], entries[other] = entries[other], entries[one]

    def _up(self, index):
        while index > 0:
            parent = (index - 1) // 2
            if self._key(parent) <= self._key(index):
                break
            self._swap(parent, index)
            index = parent

    def _down(self, index):
        size = len(self._entries)
        while 2 * index + 1 < size:
            child = 2 * index + 1
            right = child + 1
            if right < size and self._key(right) > self._key(child):
                child = right
            if self._key(index) <= self._key(child):
                break
            self._swap(index, child)
            index = child
