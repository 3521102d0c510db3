"""Intervals of means and quantiles that hold without a formula for the distribution. Pure."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

N_RESAMPLES = 10_000
TAIL = 0.025
MIN_FOR_BOOTSTRAP = 2


def bootstrap_mean(values: Sequence[float], *, seed: int = 0) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of a mean (Efron 1979, Ann. Statist. 7:1).

    Args:
        values: One of each task, so that what belongs together is drawn together.
        seed: Of the draws.

    None where there are too few values to draw from.
    """
    n = len(values)
    if n < MIN_FOR_BOOTSTRAP:
        return None
    dice = random.Random(seed)  # noqa: S311 - the same interval for the same values
    means = sorted(math.fsum(dice.choices(values, k=n)) / n for _ in range(N_RESAMPLES))
    return means[int(TAIL * N_RESAMPLES)], means[math.ceil((1 - TAIL) * N_RESAMPLES) - 1]


def quantile_interval(samples: Sequence[float], share: float) -> tuple[float, float] | None:
    """Return the 95 % interval of a quantile by order statistics.

    The number of samples below the quantile is binomial, whatever the distribution is (David and
    Nagaraja, Order Statistics, 7.1). None where the samples are too few for an upper end.

    Args:
        samples: What was measured, in any order.
        share: Which quantile, between 0 and 1.
    """
    n = len(samples)
    cumulated, low, high = 0.0, 0, None
    for k in range(n + 1):
        cumulated += math.comb(n, k) * share**k * (1 - share) ** (n - k)
        if cumulated <= TAIL:
            low = k + 1
        if high is None and cumulated >= 1 - TAIL:
            high = k + 1
    if low < 1 or high is None or high > n:
        return None
    ordered = sorted(samples)
    return ordered[low - 1], ordered[high - 1]
