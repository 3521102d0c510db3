"""Orders and what they cost."""

from inventory.pricing import line_price

FREE_SHIPPING_FROM = 5000
SHIPPING = 490


class Order:
    """Articles that somebody wants."""

    def __init__(self, catalogue, loyal=False):
        self._catalogue = catalogue
        self._loyal = loyal
        self.lines = {}

    def add(self, sku, quantity=1):
        """Put more of an article into the order."""
        item = self._catalogue.find(sku)
        self.lines[item.sku] = self.lines.get(item.sku, 0) + quantity
        return self

    def goods(self):
        """Return the price of the goods."""
        total = 0
        for sku, quantity in self.lines.items():
            item = self._catalogue.find(sku)
            total += line_price(item, quantity, self._loyal)
        return total

    def shipping(self):
        """Return what sending it costs."""
        if not self.lines or self.goods() >= FREE_SHIPPING_FROM:
            return 0
        return SHIPPING

    def total(self):
        """Return all that is to be paid."""
        return self.goods() + self.shipping()

    def fulfil(self, stock):
        """Take everything from the stock."""
        for sku, quantity in self.lines.items():
            stock.take(sku, quantity)
