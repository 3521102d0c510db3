"""What was learned of one kind of suggestion at one moment: values that predict in plain Python.

``fit`` finds the numbers; ``calibrator`` holds what was learned of all kinds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ducktypist.domain import Kind
from ducktypist.ledger.tell import features
from ducktypist.ledger.tell.cases import When
from ducktypist.ledger.tell.maps import Map, logit, sigmoid
from ducktypist.ledger.tell.signals import Signals

PRIOR_LEAST = 0.02
"""A base rate is kept this far from 0 and 1 before a fit starts from it."""

N_LIKE_BINS = 50
LIKE_WITHIN_BINS = 5
"""Forecasts within ten points are alike."""

N_LIKE_LEAST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A fitted predictor: ``offset + intercept + Σ weight (value - mean) / scale``, a logit."""

    intercept: float
    means: tuple[float, ...]
    """Of the values seen in fitting; a missing value counts as the mean, so that it says
    nothing."""
    scales: tuple[float, ...]
    """Their standard deviations; 0 for one that never varied, which is left out."""
    weights: tuple[float, ...]
    """One standard deviation more of the value adds this to the logit."""
    ridge: float
    n: int

    def __call__(self, values: Iterable[float | None], offset: float) -> float:
        """Return the probability."""
        total = offset + self.intercept
        for value, mean, scale, weight in zip(
            values, self.means, self.scales, self.weights, strict=True
        ):
            if value is not None and scale > 0:
                total += weight * (value - mean) / scale
        return sigmoid(total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How its forecasts did, each made before its outcome; what decides whether it is a tell."""

    n: int
    n_right: int
    brier: float
    skill: float
    """Over the base rate of the scored ones."""
    skill_low: float
    skill_high: float
    gain: float
    """The same over the base rate of each one's own cell, as it was known at the time."""
    gain_low: float
    gain_high: float
    auroc: float
    auroc_low: float
    auroc_high: float
    ece: float
    ece_if_calibrated: float

    @property
    def is_tell(self) -> bool:
        """Whether signals add something: neither interval includes zero. NaN is no proof."""
        return self.skill_low > 0 and self.gain_low > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """What was learned of one kind at one moment."""

    kind: Kind
    when: When
    linear: Linear | None
    """None below 30 outcomes."""
    calibration: Map | None
    """None below 1,000."""
    like: tuple[int, ...]
    """How many forecasts fell into each fiftieth of 0 to 1."""
    proof: Proof | None
    """None where too few forecasts could be scored."""

    @property
    def has_tell(self) -> bool:
        """Whether its forecasts may be shown instead of the base rate."""
        return self.proof is not None and self.proof.is_tell

    def n_like(self, p: float) -> int:
        """Return how many earlier forecasts were within ten points, or further until ten are."""
        place = min(N_LIKE_BINS - 1, int(p * N_LIKE_BINS))
        for reach in range(LIKE_WITHIN_BINS, N_LIKE_BINS + 1):
            n = sum(self.like[max(0, place - reach) : place + reach + 1])
            if n >= N_LIKE_LEAST:
                break
        return max(1, n)


def forecast(tell: Tell | None, signals: Signals, when: When, start: float) -> float:
    """Return what a fit says, starting from the rate of its relatives; that rate without a fit."""
    if tell is None or tell.linear is None:
        return start
    p = tell.linear(features.values(signals, when), logit(start, least=PRIOR_LEAST))
    return p if tell.calibration is None else tell.calibration(p)


def like_bins(forecasts: Iterable[float]) -> tuple[int, ...]:
    """Return how many forecasts fall into each fiftieth."""
    counts = [0] * N_LIKE_BINS
    for p in forecasts:
        counts[min(N_LIKE_BINS - 1, int(p * N_LIKE_BINS))] += 1
    return tuple(counts)
