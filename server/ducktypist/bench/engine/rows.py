"""How the engine's figures are taken and said: in turns, as ratios of pairs, with their spread.

Nothing is asked of an engine here. A ratio is formed within one round, so that what the machine
does from minute to minute falls out of it.
"""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from ducktypist.bench.measure import quantile
from ducktypist.domain import Json

Timed = Callable[[int], Awaitable[float]]
"""Does one thing for the round of that number and returns its figure."""
STEP_ROWS = (1, 2, 4, 8, 16, 32, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Figures of several ways of doing the same, round by round."""

    of: Mapping[str, tuple[float, ...]]

    def ratio(self, way: str, to: str) -> tuple[float, ...]:
        """Return one way's figures divided by another's of the same round."""
        return tuple(a / b for a, b in zip(self.of[way], self.of[to], strict=True) if b)

    def as_json(self) -> dict[str, Json]:
        """Return every figure."""
        return {name: [round(item, 4) for item in given] for name, given in self.of.items()}

    def told(self, unit: str) -> str:
        """Return each way's median and range in words."""
        return "; ".join(f"{name} {spread(given, unit)}" for name, given in self.of.items())


async def in_turns(n_rounds: int, ways: Mapping[str, Timed], *, warm_up: bool = True) -> Turns:
    """Do each thing once a round; the one that begins changes from round to round.

    Args:
        n_rounds: How many rounds count.
        ways: What to do, by name.
        warm_up: Whether a round beforehand, of number -1, is done and not counted.
    """
    names = list(ways)
    for name in names if warm_up else ():
        await ways[name](-1)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(n_rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(await ways[name](number))
    return Turns(of={name: tuple(given) for name, given in found.items()})


def spread(samples: Sequence[float], unit: str) -> str:
    """Return median, smallest and largest of some figures."""
    if not samples:
        return "nothing"
    middle = quantile(samples, 0.5)
    if len(samples) == 1:
        return f"{number(middle)} {unit}"
    return f"{number(middle)} {unit} ({number(min(samples))} to {number(max(samples))})"


def number(value: float) -> str:
    """Return a figure with as many digits as say something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def ceiling(step_ms: Mapping[int, Sequence[float]], n_rows: int) -> float | None:
    """Return by how much ``n_rows`` rows in one step can beat one row a step, at the very best.

    That is k t(1) / t(k) with the medians of the bare loop's steps; between two numbers of rows
    that were measured the time is interpolated.
    """
    cost = {rows: statistics.median(given) for rows, given in step_ms.items() if given}
    if 1 not in cost or not min(cost) <= n_rows <= max(cost):
        return None
    below = max(rows for rows in cost if rows <= n_rows)
    above = min(rows for rows in cost if rows >= n_rows)
    share = (n_rows - below) / (above - below) if above > below else 0.0
    return n_rows * cost[1] / (cost[below] + share * (cost[above] - cost[below]))


def step_costs(step_ms: Mapping[int, Sequence[float]]) -> str:
    """Return the curve of the step's cost in words."""
    costs = " ".join(
        f"{rows}:{statistics.median(given):.0f}" for rows, given in sorted(step_ms.items()) if given
    )
    return f"a bare step of so many rows takes ms {costs}"
