"""What is sold."""

from dataclasses import dataclass


class UnknownItem(KeyError):
    """Nobody sells this."""


@dataclass(frozen=True)
class Item:
    """One article; prices are in cents."""

    sku: str
    name: str
    price: int
    bulk_from: int = 10


class Catalogue:
    """All articles by their number."""

    def __init__(self, items):
        self._items = {item.sku: item for item in items}

    def find(self, sku):
        """Return the article of that number."""
        key = sku.strip().upper()
        if key not in self._items:
            raise UnknownItem(sku)
        return self._items[key]

    def __len__(self):
        return len(self._items)
