"""What a trial is: a program with a size and a seed that tells what held. Values only."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = Any
FIXTURES = Path(__file__).parent / "fixtures"
MAX_FAILURES_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One thing that must hold."""

    name: str
    seen: float
    most: float
    """It holds when no more than this was seen."""
    unit: str = ""
    is_timing: bool = False
    """A time depends on the machine: it is told, and fails no test."""

    @property
    def holds(self) -> bool:
        """Tell whether it held."""
        return self.seen <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a trial."""

    tried: int
    """How many edits, kills, inputs, … there were."""
    bars: Sequence[Bar]
    failures: Sequence[Json] = ()
    """Inputs that something did not survive, as small as possible; each becomes a fixture."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """What could not be tried here, and why."""

    def failing(self, *, timings: bool) -> list[Bar]:
        """Return the bars that did not hold."""
        return [bar for bar in self.bars if not bar.holds and (timings or not bar.is_timing)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a trial."""

    size: int
    """How many of what the trial counts."""
    seed: int
    folder: Path
    """Empty, and the trial's own."""

    def random(self, *names: object) -> random.Random:
        """Return numbers that depend on the seed and the names only."""
        return random.Random(":".join(map(str, (self.seed, *names))))  # noqa: S311 - not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One row of the table."""

    number: int
    name: str
    counts: str
    """What the size counts: ``edits``."""
    ci: int
    """The size that every change is tried with; the long one is ten times that."""
    run: Callable[[Run], Awaitable[Outcome]]
    needs: str = ""
    """``model``, ``sandbox``: what has to be there."""


def fixtures_of(number: int) -> list[Path]:
    """Return the inputs that once failed a trial; it tries them first."""
    return sorted((FIXTURES / f"{number:02}").glob("*"))
