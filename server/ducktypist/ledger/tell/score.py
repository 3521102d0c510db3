"""How good forecasts were: Brier score, skill, AUROC, ECE, reliability, risk against coverage.

Pure functions of forecasts and outcomes, without numpy, so that every part of the program can use
them. NaN is said where there is nothing to say. Intervals are bootstrap percentiles with a fixed
seed: the same forecasts give the same digits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ducktypist.ledger.stats import wilson
from ducktypist.ledger.tell.resampling import replicates

MIN_RELIABILITY = 200
"""Fewer forecasts make no reliability diagram."""

MAX_BINS = 10
PER_BIN = 100
"""A bin of fewer than a hundred outcomes has a standard error of more than five points."""

FEW_BINS = 5
PER_FEW_BIN = 20
"""Small sets get smaller bins all the same: one large bin would hide what it averages out. What
chance alone does there stands beside the figure."""

SEED = 20130731


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """One prediction and what became of it."""

    p: float
    """0 to 1."""
    is_right: bool
    reference: float = math.nan
    """The base rate that was known at that moment; NaN where nobody says."""
    unit: str = ""
    """What is resampled as one, such as the task; empty means that it stands for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval; NaN where it has none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """All figures of one set of forecasts."""

    n: int
    n_right: int
    base_rate: float
    brier: Estimate
    """Mean squared distance (Brier 1950, Mon. Weather Rev. 78:1); 0 is perfect."""
    skill: Estimate
    """1 minus the Brier score over that of the set's own base rate (Murphy 1973); 0 is none."""
    skill_over_reference: Estimate
    """The same over the base rates known at the time, cell by cell."""
    auroc: Estimate
    """How often a right one has the higher forecast than a wrong one, ties half (Hanley & McNeil
    1982, Radiology 143:29); 0.5 is none."""
    ece: float
    """See :func:`ece`."""
    ece_bins: int
    ece_if_calibrated: float
    """What perfectly calibrated forecasts of these values would show on average, by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bin of a reliability diagram."""

    n: int
    mean_p: float
    share_right: float
    low: float
    """Of the share's 95 % Wilson interval."""
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What remains when only the surest suggestions are shown."""

    coverage: float
    """Share shown, above 0 to 1."""
    risk: float
    """Share of those that is not right."""
    p_least: float
    """The lowest forecast among them."""


def score(forecasts: Sequence[Forecast]) -> Score:
    """Return all figures of a set of forecasts."""
    n, n_right = len(forecasts), sum(item.is_right for item in forecasts)
    draws = tuple(replicates(forecasts, seed=SEED))
    bins = _bins(forecasts)
    return Score(
        n=n,
        n_right=n_right,
        base_rate=n_right / n if n else math.nan,
        brier=_estimate(brier(forecasts), [draw.brier for draw in draws]),
        skill=_estimate(skill(forecasts), [draw.skill for draw in draws]),
        skill_over_reference=_estimate(
            skill_over_reference(forecasts), [draw.skill_over_reference for draw in draws]
        ),
        auroc=_estimate(auroc(forecasts), [draw.auroc for draw in draws]),
        ece=ece(forecasts),
        ece_bins=len(bins),
        ece_if_calibrated=_ece_if_calibrated(bins),
    )


def flat(found: Score, wanted: Container[str]) -> dict[str, Any]:
    """Return figures by name, ``skill`` with its ends as ``skill_low`` and ``skill_high``.

    Args:
        found: What was scored.
        wanted: Which names, such as the fields of what they go into.
    """
    figures: dict[str, Any] = {}
    for item in fields(found):
        value = getattr(found, item.name)
        if isinstance(value, Estimate):
            figures[item.name] = value.value
            figures |= {f"{item.name}_low": value.low, f"{item.name}_high": value.high}
        else:
            figures[item.name] = value
    return {name: value for name, value in figures.items() if name in wanted}


def brier(forecasts: Sequence[Forecast]) -> float:
    """Return the mean squared distance of forecast and outcome, NaN when there are none."""
    if not forecasts:
        return math.nan
    return math.fsum((item.p - item.is_right) ** 2 for item in forecasts) / len(forecasts)


def skill(forecasts: Sequence[Forecast]) -> float:
    """Return the Brier skill against the set's own base rate, NaN where all outcomes are alike."""
    if not forecasts:
        return math.nan
    rate = sum(item.is_right for item in forecasts) / len(forecasts)
    return 1 - brier(forecasts) / (rate * (1 - rate)) if 0 < rate < 1 else math.nan


def skill_over_reference(forecasts: Sequence[Forecast]) -> float:
    """Return the Brier skill against the base rates of the time, NaN where one is not known."""
    if not forecasts or any(math.isnan(item.reference) for item in forecasts):
        return math.nan
    theirs = math.fsum((item.reference - item.is_right) ** 2 for item in forecasts)
    return 1 - brier(forecasts) * len(forecasts) / theirs if theirs else math.nan


def auroc(forecasts: Sequence[Forecast]) -> float:
    """Return the area under the ROC curve, NaN where all outcomes are alike."""
    n_right = sum(item.is_right for item in forecasts)
    n_wrong = len(forecasts) - n_right
    if not n_right or not n_wrong:
        return math.nan
    n_pairs, n_wrong_below = 0.0, 0
    for _, group in _by_p(forecasts):
        right = sum(item.is_right for item in group)
        wrong = len(group) - right
        n_pairs += right * (n_wrong_below + wrong / 2)
        n_wrong_below += wrong
    return n_pairs / (n_right * n_wrong)


def ece(forecasts: Sequence[Forecast]) -> float:
    """Return the expected calibration error, NaN when there are no forecasts.

    The mean distance between forecast and share right over bins of equal mass, weighted by their
    size (Naeini et al. 2015, AAAI; Nguyen & O'Connor 2015 for equal mass). There are ``n // 20``
    bins up to five, and ``n // 100`` above that up to ten; equal forecasts are never torn apart.
    """
    if not forecasts:
        return math.nan
    parts = _bins(forecasts)
    return math.fsum(abs(math.fsum(i.p - i.is_right for i in part)) for part in parts) / len(
        forecasts
    )


def reliability(forecasts: Sequence[Forecast]) -> tuple[Bin, ...]:
    """Return the bins of a reliability diagram, lowest first; none from fewer than 200."""
    if len(forecasts) < MIN_RELIABILITY:
        return ()
    found = []
    for part in _bins(forecasts):
        n, n_right = len(part), sum(item.is_right for item in part)
        low, high = wilson(n_right, n)
        mean_p = math.fsum(item.p for item in part) / n
        found.append(Bin(n=n, mean_p=mean_p, share_right=n_right / n, low=low, high=high))
    return tuple(found)


def risk_coverage(forecasts: Sequence[Forecast]) -> tuple[Selected, ...]:
    """Return the risk at each coverage, the surest first (El-Yaniv & Wiener 2010, JMLR 11:1605).

    One point for each different forecast, because equal ones cannot be told apart.
    """
    found, n, n_wrong = [], 0, 0
    for p, group in reversed(list(_by_p(forecasts))):
        n += len(group)
        n_wrong += sum(not item.is_right for item in group)
        found.append(Selected(coverage=n / len(forecasts), risk=n_wrong / n, p_least=p))
    return tuple(found)


def _by_p(forecasts: Sequence[Forecast]) -> Iterator[tuple[float, list[Forecast]]]:
    ordered = sorted(forecasts, key=lambda item: item.p)
    for p, group in itertools.groupby(ordered, key=lambda item: item.p):
        yield p, list(group)


def _bins(forecasts: Sequence[Forecast]) -> list[list[Forecast]]:
    """Return bins of about equal size in the order of the forecasts."""
    n = len(forecasts)
    n_bins = max(1, min(FEW_BINS, n // PER_FEW_BIN), min(MAX_BINS, n // PER_BIN))
    parts: dict[int, list[Forecast]] = {}
    n_done = 0
    for _, group in _by_p(forecasts):
        # Equal forecasts go together, to where their middle lies.
        parts.setdefault(int((n_done + len(group) / 2) * n_bins / n), []).extend(group)
        n_done += len(group)
    return list(parts.values())


def _ece_if_calibrated(bins: Sequence[Sequence[Forecast]]) -> float:
    """Return the mean calibration error that chance alone gives such bins, by a normal law.

    In a bin, forecasts minus outcomes sum up to a variance of Σ p (1 - p); the mean distance of a
    normal value is √(2 / π) of its spread.
    """
    n = sum(len(part) for part in bins)
    if not n:
        return math.nan
    spread = math.fsum(math.sqrt(math.fsum(i.p * (1 - i.p) for i in part)) for part in bins)
    return math.sqrt(2 / math.pi) * spread / n


def _estimate(value: float, draws: Sequence[float]) -> Estimate:
    ordered = sorted(draw for draw in draws if not math.isnan(draw))
    if math.isnan(value) or not ordered:
        return Estimate(value=value, low=math.nan, high=math.nan)
    # The 2.5th and 97.5th percentile (Efron 1979, Ann. Stat. 7:1).
    last = len(ordered) - 1
    return Estimate(
        value=value,
        low=ordered[math.floor(0.025 * last)],
        high=ordered[math.ceil(0.975 * last)],
    )
