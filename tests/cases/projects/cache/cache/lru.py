"""A cache that forgets what was not used for longest."""

from cache.chain import Chain
from cache.node import Node
from cache.stats import Stats

MISSING = object()


class LruCache:
    """At most ``capacity`` entries."""

    def __init__(self, capacity):
        if capacity < 1:
            raise ValueError("a cache has room for at least one entry")
        self.capacity = capacity
        self.stats = Stats()
        self._nodes = {}
        self._chain = Chain()

    def __len__(self):
        return len(self._nodes)

    def get(self, key, default=None):
        """Return a value and make it the newest."""
        node = self._nodes.get(key)
        if node is None:
            self.stats.missed()
            return default
        self.stats.hit()
        self._touch(node)
        return node.value

    def put(self, key, value):
        """Keep a value; the oldest goes when there is no room."""
        node = self._nodes.get(key)
        if node is not None:
            node.value = value
            self._touch(node)
            return
        if len(self._nodes) >= self.capacity:
            self._evict()
        node = self._nodes[key] = Node(key, value)
        self._chain.push(node)

    def keys(self):
        """Return the keys from the newest to the oldest."""
        return self._chain.keys()

    def _touch(self, node):
        self._chain.remove(node)
        self._chain.push(node)

    def _evict(self):
        oldest = self._chain.last
        self._chain.remove(oldest)
        del self._nodes[oldest.key]
        self.stats.evicted()
