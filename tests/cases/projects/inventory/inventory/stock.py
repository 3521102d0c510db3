"""How many pieces there are."""


class OutOfStock(Exception):
    """More is wanted than there is."""


class Stock:
    """Pieces by article number."""

    def __init__(self, levels=None):
        self._levels = dict(levels or {})

    def level(self, sku):
        """Return how many pieces are left."""
        return self._levels.get(sku, 0)

    def receive(self, sku, quantity):
        """Add a delivery."""
        if quantity <= 0:
            raise ValueError("a delivery has at least one piece")
        self._levels[sku] = self.level(sku) + quantity

    def take(self, sku, quantity):
        """Remove pieces, all or none."""
        left = self.level(sku) - quantity
        if left < 0:
            raise OutOfStock(sku)
        self._levels[sku] = left
        return left
