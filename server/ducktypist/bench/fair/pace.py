"""How long a run will still take: what was measured, and openly what was not. Pure.

Times differ tenfold between models and kinds of work, so each of them speaks for itself only; what
was not timed yet is counted and not guessed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600


class Work(NamedTuple):
    """One kind of work."""

    model: str
    column: str
    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left to do."""

    known_s: float
    """Of what was timed."""
    n_unknown: int
    """Answers of kinds of work that were never timed."""

    def words(self) -> str:
        """Return it for a person."""
        answers = "1 answer" if self.n_unknown == 1 else f"{self.n_unknown} answers"
        if self.n_unknown and not self.known_s:
            return f"{answers} left, none of their kind timed yet"
        told = f"about {duration_words(self.known_s)} left"
        if self.n_unknown:
            told += f", and {answers} of a kind that was not timed yet"
        return told


@dataclass(slots=True)
class Pace:
    """What was timed so far."""

    _seconds: dict[Work, list[float]] = field(default_factory=lambda: defaultdict(list))

    def took(self, work: Work, seconds: float) -> None:
        """Take in that one answer took so long, grading aside."""
        self._seconds[work].append(seconds)

    def left(self, todo: Iterable[Work]) -> Left:
        """Return how long what is left will take: the mean of its kind, for each."""
        known_s, n_unknown = 0.0, 0
        for work, n_answers in Counter(todo).items():
            timed = self._seconds.get(work)
            if timed:
                known_s += n_answers * sum(timed) / len(timed)
            else:
                n_unknown += n_answers
        return Left(known_s=known_s, n_unknown=n_unknown)


def duration_words(seconds: float) -> str:
    """Return a duration in hours and minutes, or in seconds below two minutes."""
    if seconds < 2 * SECONDS_PER_MINUTE:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / SECONDS_PER_MINUTE), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
