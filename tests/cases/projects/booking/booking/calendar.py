"""One room's bookings."""


class Taken(Exception):
    """Somebody else has the room."""


class Calendar:
    """Spans with the guests' names, in order."""

    def __init__(self):
        self._booked = []

    def clash(self, span):
        """Return the first booking that is in the way, or None."""
        for booked, guest in self._booked:
            if booked.overlaps(span):
                return guest
        return None

    def book(self, span, guest):
        """Enter a booking."""
        other = self.clash(span)
        if other is not None:
            raise Taken(f"{other} has the room")
        self._booked.append((span, guest))
        self._booked.sort()

    def guests(self):
        """Return who comes, in order."""
        return [guest for _, guest in self._booked]

    def guest_on(self, one):
        """Return who sleeps there in a night, or None."""
        for span, guest in self._booked:
            if span.covers(one):
                return guest
        return None
