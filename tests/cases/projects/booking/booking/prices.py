"""What nights cost."""

from booking.days import is_weekend

WEEK, WEEKEND = 80, 110
LONG_STAY = 7


def price(span):
    """Return the price of a stay; of seven nights or more the last one is free."""
    nights = [WEEKEND if is_weekend(night) else WEEK for night in span.nights()]
    if len(nights) >= LONG_STAY:
        nights.pop()
    return sum(nights)
