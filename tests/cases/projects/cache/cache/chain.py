"""A doubly linked chain."""


class Chain:
    """Nodes from the newest to the oldest."""

    def __init__(self):
        self.first = None
        self.last = None
        self.size = 0

    def push(self, node):
        """Put a node at the front."""
        node.before = None
        node.after = self.first
        if self.first is not None:
            self.first.before = node
        self.first = node
        if self.last is None:
            self.last = node
        self.size += 1

    def remove(self, node):
        """Take a node out, wherever it is."""
        if node.before is not None:
            node.before.after = node.after
        else:
            self.first = node.after
        if node.after is not None:
            node.after.before = node.before
        else:
            self.last = node.after
        node.before = node.after = None
        self.size -= 1

    def keys(self):
        """Return the keys from the newest to the oldest."""
        found, node = [], self.first
        while node is not None:
            found.append(node.key)
            node = node.after
        return found
