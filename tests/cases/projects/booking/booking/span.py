"""Times from one day to another."""

from dataclasses import dataclass
from datetime import date

from booking.days import day, days_between


@dataclass(frozen=True, order=True)
class Span:
    """From the day of arrival to the day of departure, which is not part of it."""

    start: date
    end: date

    def __post_init__(self):
        if self.end <= self.start:
            raise ValueError("one leaves after one came")

    @classmethod
    def of(cls, text):
        """Read a span such as ``2024-05-01/2024-05-04``."""
        start, _, end = text.partition("/")
        return cls(day(start), day(end))

    def nights(self):
        """Return all nights of the stay."""
        return list(days_between(self.start, self.end))

    def overlaps(self, other):
        """Tell whether both hold a night in common."""
        return self.start <= other.end and other.start < self.end

    def covers(self, one):
        """Tell whether a night is part of it."""
        return self.start <= one < self.end

    def joined(self, other):
        """Return one span for two that touch or overlap."""
        return Span(min(self.start, other.start), max(self.end, other.end))
