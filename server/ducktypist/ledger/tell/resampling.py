"""Bootstrap replicates of forecasts: what the scores would have been with other luck.

The Poisson bootstrap: each unit gets a weight drawn from Poisson(1) instead of being drawn with
replacement (Hanley & MacGibbon 2006, Comput. Methods Programs Biomed. 83:57). Units are tasks where
they are known, because several attempts at one task share their luck. Of very many forecasts those
alike are drawn together, which takes the same time for a million as for a thousand.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

N_REPLICATES = 500
MAX_UNITS = 2_000
"""From more on, forecasts are rounded to half a point and drawn in groups of alike ones."""

_ROUND_TO = 200
_NORMAL_FROM = 30
_POISSON_1 = tuple(math.exp(-1) / math.factorial(k) for k in range(10))


class Judged(Protocol):
    """A forecast with its outcome, as ``score.Forecast``."""

    @property
    def p(self) -> float:
        """What was foretold."""

    @property
    def is_right(self) -> bool:
        """What became of it."""

    @property
    def reference(self) -> float:
        """The base rate of the time, or NaN."""

    @property
    def unit(self) -> str:
        """What it is resampled with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """The figures of one resampled set."""

    brier: float
    skill: float
    skill_over_reference: float
    auroc: float


@dataclass(frozen=True, slots=True)
class _Alike:
    p: float
    right: bool
    error: float
    """Squared distance of forecast and outcome."""
    reference_error: float


def replicates(
    forecasts: Sequence[Judged], *, seed: int, n_replicates: int = N_REPLICATES
) -> Iterator[Replicate]:
    """Yield resampled figures, the same ones for the same forecasts in whatever order."""
    if not forecasts:
        return
    random_ = random.Random(seed)  # noqa: S311 - statistics, and it must be repeatable
    groups: dict[_Alike, int] = {}
    units: dict[str, list[_Alike]] = {}
    ordered = sorted(forecasts, key=lambda f: (f.unit, f.p, f.is_right, f.reference))
    n_units = len({item.unit for item in ordered if item.unit})
    is_small = n_units + sum(not item.unit for item in ordered) <= MAX_UNITS
    for place, item in enumerate(ordered):
        alike = _alike(item, exact=is_small)
        groups[alike] = groups.get(alike, 0) + 1
        # A blank cannot be in a task's hash.
        units.setdefault(item.unit or f" {place}", []).append(alike)
    rows = sorted(groups, key=lambda row: (row.p, row.right, row.error, row.reference_error))
    places = {row: i for i, row in enumerate(rows)}
    members = [[places[row] for row in unit] for unit in units.values()]
    for _ in range(n_replicates):
        if is_small:
            weights = _of_units(members, len(rows), random_)
        else:
            weights = [_poisson(groups[row], random_) for row in rows]
        yield _figures(rows, weights)


def _alike(item: Judged, *, exact: bool) -> _Alike:
    p, reference = item.p, item.reference
    if not exact:
        p = round(p * _ROUND_TO) / _ROUND_TO
        if not math.isnan(reference):
            reference = round(reference * _ROUND_TO) / _ROUND_TO
    y = float(item.is_right)
    theirs = -1.0 if math.isnan(reference) else (reference - y) ** 2
    return _Alike(p, item.is_right, (p - y) ** 2, theirs)


_CUMULATED = [math.fsum(_POISSON_1[: k + 1]) for k in range(len(_POISSON_1))]


def _of_units(members: Sequence[Sequence[int]], n_rows: int, random_: random.Random) -> list[float]:
    weights = [0.0] * n_rows
    draw = random_.random
    for rows in members:
        weight = bisect(_CUMULATED, draw())
        if weight:
            for row in rows:
                weights[row] += weight
    return weights


def _poisson(mean: float, random_: random.Random) -> float:
    """Return a Poisson value: by Knuth's product of uniforms, or a rounded normal one."""
    if mean >= _NORMAL_FROM:
        return float(max(0, round(random_.gauss(mean, math.sqrt(mean)))))
    limit, product, n = math.exp(-mean), random_.random(), 0
    while product > limit:
        product *= random_.random()
        n += 1
    return float(n)


def _figures(rows: Sequence[_Alike], weights: Sequence[float]) -> Replicate:
    n = right = errors = reference_errors = n_pairs = 0.0
    wrong_below = wrong_here = right_here = 0.0
    p_here = -1.0
    for row, weight in zip(rows, weights, strict=True):
        if not weight:
            continue
        if row.p != p_here:
            n_pairs += right_here * (wrong_below + wrong_here / 2)
            wrong_below += wrong_here
            wrong_here = right_here = 0.0
            p_here = row.p
        n += weight
        errors += weight * row.error
        reference_errors += weight * row.reference_error
        if row.right:
            right += weight
            right_here += weight
        else:
            wrong_here += weight
    n_pairs += right_here * (wrong_below + wrong_here / 2)
    wrong = n - right
    has_both = right > 0 and wrong > 0
    return Replicate(
        brier=errors / n if n else math.nan,
        skill=1 - errors * n / (right * wrong) if has_both else math.nan,
        skill_over_reference=1 - errors / reference_errors if reference_errors > 0 else math.nan,
        auroc=n_pairs / (right * wrong) if has_both else math.nan,
    )
