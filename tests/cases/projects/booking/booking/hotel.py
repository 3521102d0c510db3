"""Several rooms."""

from booking.calendar import Calendar, Taken
from booking.prices import price
from booking.span import Span


class Full(Exception):
    """No room is free."""


class Hotel:
    """Rooms by name."""

    def __init__(self, *rooms):
        self._rooms = {room: Calendar() for room in rooms}

    def calendar(self, room):
        """Return the calendar of one room."""
        return self._rooms[room]

    def reserve(self, guest, when):
        """Book the first room that is free; return it and the price."""
        span = Span.of(when)
        for room, calendar in self._rooms.items():
            try:
                calendar.book(span, guest)
            except Taken:
                continue
            return room, price(span)
        raise Full(f"no room for {guest}")
