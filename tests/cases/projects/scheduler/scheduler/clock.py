"""Minutes of a day."""


def clock_time(minute):
    """Write a minute of the day as a clock shows it."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def minute_of(text):
    """Read a time such as ``07:30``."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
