"""How long to wait after a keystroke before the model is asked: as long as more is likely to come.

Follows how fast the person types and what was typed last. Time is an argument; nothing waits here.
"""

from __future__ import annotations

PAUSE_MS = 1200.0
"""A longer gap is thinking, and says nothing of how fast somebody types."""
USUAL_MS = 200.0
"""Between two keys, before anything is known: about fifty words a minute."""
FASTEST_MS = 80.0
SLOWEST_MS = 350.0
WEIGHT = 0.12
"""Of a new gap in the running mean."""
RESPONSE_WEIGHT = 0.3
LEAST_FACTOR = 1.25
"""How many usual gaps to wait at least: before that, the next key is more likely than not."""
_FACTORS = {"line": 1.4, "trigger": 1.5, "word": 2.0}
_TRIGGERS = frozenset(" \t.,([{=:<>+-*/%&|!")


class Rhythm:
    """The rhythm in which one person types."""

    def __init__(self) -> None:
        self._gap_ms = USUAL_MS
        self._response_ms = 0.0
        self._last_ms: float | None = None

    def pressed(self, at_ms: float) -> None:
        """Note a keystroke."""
        last_ms, self._last_ms = self._last_ms, at_ms
        if last_ms is None or not 0 <= at_ms - last_ms <= PAUSE_MS:
            return
        self._gap_ms += WEIGHT * (at_ms - last_ms - self._gap_ms)

    def answered(self, took_ms: float) -> None:
        """Note how long the model took to answer."""
        weight = RESPONSE_WEIGHT if self._response_ms else 1.0
        self._response_ms += weight * (max(0.0, took_ms) - self._response_ms)

    @property
    def gap_ms(self) -> float:
        """The usual time between two keys."""
        return min(max(self._gap_ms, FASTEST_MS), SLOWEST_MS)

    def wait_ms(self, typed: str, *, at_ms: float, least_ms: float, most_ms: float) -> float:
        """Return how long to wait from now on.

        Longest in the middle of a word, shorter where one is done with something. A quick engine's
        own time is part of the wait; what a slow one does in vain costs more than it saves, so its
        time is not.

        Args:
            typed: The line up to the cursor.
            at_ms: Now, by the clock of ``pressed``. What has gone by since the last keystroke, in
                the editor's own debounce for one, counts.
            least_ms: The shortest wait after a keystroke.
            most_ms: The longest.
        """
        gap_ms = self.gap_ms
        wait_ms = _FACTORS[_kind(typed)] * gap_ms
        if self._response_ms <= gap_ms:
            wait_ms -= self._response_ms
        wait_ms = min(max(wait_ms, LEAST_FACTOR * gap_ms, least_ms), max(least_ms, most_ms))
        gone_ms = 0.0 if self._last_ms is None else max(0.0, at_ms - self._last_ms)
        return max(0.0, wait_ms - gone_ms)


def _kind(typed: str) -> str:
    """Return what the cursor stands after."""
    if not typed.strip():
        return "line"
    return "trigger" if typed[-1] in _TRIGGERS else "word"
