"""One line of what ``bench fix`` reports: a share with its interval, or a quantity. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ducktypist.bench.fix.attempt import Attempt
from ducktypist.bench.fix.cancel import Stopped
from ducktypist.domain import Json
from ducktypist.ledger.stats import wilson

T = TypeVar("T", Attempt, Stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: a share with its interval, or a quantity."""

    name: str
    what: str
    value: float
    """NaN when there was nothing to measure."""
    unit: str
    n: int
    k: int | None = None
    """Of ``n``; None when it is no share."""
    bar: str = ""
    """What is to be reached, in words."""
    is_met: bool | None = None
    """None without a bar, or without anything to measure."""
    note: str = ""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % Wilson interval of a share, in percent."""
        if self.k is None or not self.n:
            return None
        low, high = wilson(self.k, self.n)
        return 100 * low, 100 * high

    def as_json(self) -> dict[str, Json]:
        """Return the figure with its interval; what is not there is null."""
        interval = self.interval
        return {
            "name": self.name,
            "what": self.what,
            "value": None if math.isnan(self.value) else self.value,
            "unit": self.unit,
            "k": self.k,
            "n": self.n,
            "interval": None if interval is None else list(interval),
            "bar": self.bar,
            "met": self.is_met,
            "note": self.note,
        }


def share_of(
    name: str,
    what: str,
    k: int,
    n: int,
    *,
    bar: str = "",
    is_met: bool | None = None,
    note: str = "",
) -> Figure:
    """Return ``k`` of ``n`` in percent; a bar has no answer when ``n`` is 0."""
    return Figure(
        name=name,
        what=what,
        value=100 * k / n if n else math.nan,
        unit="%",
        n=n,
        k=k,
        bar=bar,
        is_met=is_met if bar and n else None,
        note=note,
    )


def none_of(name: str, what: str, items: Sequence[T], bad: Callable[[T], Iterable[str]]) -> Figure:
    """Return a count that is to be zero, with what was found."""
    found = [(item.task, [line for line in bad(item) if line]) for item in items]
    guilty = [(task, lines) for task, lines in found if lines]
    note = "; ".join(f"{task}: {', '.join(lines)}" for task, lines in guilty)
    return Figure(
        name=name,
        what=what,
        value=float(len(guilty)),
        unit="",
        n=len(items),
        bar="0",
        is_met=not guilty if items else None,
        note=note[:600],
    )
