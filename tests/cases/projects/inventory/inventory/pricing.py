"""Prices with their discounts."""

BULK_PERCENT = 10
LOYAL_PERCENT = 5


def percent_of(amount, percent):
    """Return a share of an amount in whole cents, half a cent rounded up."""
    return (amount * percent + 50) // 100


def bulk_discount(item, quantity):
    """Return the percentage for taking many: from ``item.bulk_from`` pieces on."""
    if quantity > item.bulk_from:
        return BULK_PERCENT
    return 0


def line_price(item, quantity, loyal=False):
    """Return the price of so many pieces of one article."""
    gross = item.price * quantity
    discount = bulk_discount(item, quantity)
    if loyal:
        discount += LOYAL_PERCENT
    return gross - percent_of(gross, discount)
