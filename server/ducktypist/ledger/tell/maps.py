"""Calibration maps: rising functions from a probability to a better one, in plain Python."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

_SMALLEST = 1e-6


def sigmoid(value: float) -> float:
    """Return the probability of a logit, without overflow."""
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    grown = math.exp(value)
    return grown / (1 + grown)


def logit(p: float, *, least: float = _SMALLEST) -> float:
    """Return the logit of a probability kept away from 0 and 1 by ``least``."""
    clipped = min(1 - least, max(least, p))
    return math.log(clipped) - math.log1p(-clipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaMap:
    """``1 / (1 + 1 / (e^c p^a / (1 - p)^b))`` (Kull et al. 2017); rises because a, b >= 0."""

    a: float
    b: float
    c: float

    def __call__(self, p: float) -> float:
        """Return the calibrated probability."""
        clipped = min(1 - _SMALLEST, max(_SMALLEST, p))
        return sigmoid(self.a * math.log(clipped) - self.b * math.log1p(-clipped) + self.c)


@dataclass(frozen=True, slots=True, kw_only=True)
class IsotonicMap:
    """Straight lines between knots, level beyond the first and the last one."""

    xs: tuple[float, ...]
    """Strictly rising."""
    ys: tuple[float, ...]
    """Never falling."""

    @classmethod
    def of(cls, knots: Iterable[tuple[float, float]]) -> IsotonicMap:
        """Return the map through knots in order; it is made to rise where rounding made it fall."""
        xs: list[float] = []
        ys: list[float] = []
        for x, y in knots:
            if xs and x <= xs[-1]:
                continue
            xs.append(x)
            ys.append(max(y, ys[-1]) if ys else y)
        return cls(xs=tuple(xs), ys=tuple(ys))

    def __call__(self, p: float) -> float:
        """Return the calibrated probability."""
        after = bisect_right(self.xs, p)
        if after == 0:
            return self.ys[0]
        if after == len(self.xs):
            return self.ys[-1]
        x0, x1 = self.xs[after - 1], self.xs[after]
        y0, y1 = self.ys[after - 1], self.ys[after]
        return min(y1, y0 + (y1 - y0) * (p - x0) / (x1 - x0))


Map: TypeAlias = BetaMap | IsotonicMap
