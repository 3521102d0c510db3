"""Days as people write them."""

from datetime import date, timedelta


def day(text):
    """Read a day such as ``2024-02-29``."""
    year, month, number = (int(part) for part in text.split("-"))
    return date(year, month, number)


def days_between(start, end):
    """Yield each day from ``start`` up to, but without, ``end``."""
    while start < end:
        yield start
        start += timedelta(days=1)


def is_weekend(one):
    """Tell whether a day is a Friday or a Saturday: nights before a free day."""
    return one.weekday() in (4, 5)
