"""Fitting: ridge logistic regression with an offset, and calibration on top.

The only module of the program that imports numpy and scipy (the extra ``calibrate``). What it
returns are plain numbers, rounded to six digits so that the last bits of a machine's arithmetic
change nothing: ``calibrator`` predicts with them in plain Python.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ducktypist.errors import LedgerError
from ducktypist.ledger.tell.learned import Linear
from ducktypist.ledger.tell.maps import BetaMap, IsotonicMap, Map

try:
    import numpy as np
    from scipy.optimize import (  # type: ignore[import-untyped] # it ships no type information
        isotonic_regression,
    )
except ImportError as error:  # pragma: no cover - the extra is there where this is tested
    message = (
        "fitting needs numpy and scipy, which are not installed; install them with "
        "`pip install 'ducktypist[calibrate]'`"
    )
    raise LedgerError(message) from error

RIDGES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
"""Strengths that are tried, strongest first."""

AS_GOOD = 0.5
"""Standard errors of the difference in loss within which the stronger ridge is taken. On made-up
pasts of 30 to 300 outcomes a half was better than the least loss alone, whether or not the signals
told anything, and one lost more where they did."""

INTERCEPT_RIDGE = 1.0
"""The offset holds the base rate already; this keeps the intercept finite where all are alike."""

N_FOLDS = 5
_MAX_STEPS = 60
_TOLERANCE = 1e-8
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One suggestion to learn from."""

    values: tuple[float | None, ...]
    offset: float
    """The prior's logit, as it was known then."""
    is_right: bool
    task: str
    """Attempts at one task stay in one fold."""


def fit_linear(examples: Sequence[Example]) -> tuple[Linear, list[float]]:
    """Return the predictor, and for each example the probability from a fit without its fold.

    The ridge's strength is chosen by the cross-validated log loss (Hoerl & Kennard 1970; le Cessie
    & van Houwelingen 1992, Appl. Stat. 41:191): the strongest one whose loss is within half a
    standard error of the least. Folds go by a hash of the task.

    Args:
        examples: At least one.
    """
    design = _Design(examples)
    left_outs = [design.left_out(ridge) for ridge in RIDGES]
    losses = [_losses(left_out, design.right) for left_out in left_outs]
    best = min(losses, key=lambda loss: float(loss.mean()))
    place = next(i for i, loss in enumerate(losses) if _is_as_good(loss, best))
    found = _newton(design.z, design.offset, design.right, RIDGES[place])
    return (
        Linear(
            intercept=_round(found[0]),
            means=tuple(_round(value) for value in design.means),
            scales=tuple(_round(value) for value in design.scales),
            weights=tuple(_round(value) for value in found[1:]),
            ridge=RIDGES[place],
            n=len(examples),
        ),
        [float(p) for p in left_outs[place]],
    )


def fit_map(p: Sequence[float], is_right: Sequence[bool], tasks: Sequence[str]) -> Map:
    """Return the calibration map of the lower cross-validated log loss, beta or isotonic.

    Args:
        p: Probabilities from fits that did not see the outcomes.
        is_right: The outcomes.
        tasks: What decides the folds.
    """
    folds = np.array([_fold(task) for task in tasks])
    probabilities, right = np.asarray(p, dtype=float), np.asarray(is_right, dtype=float)
    losses = []
    for make in (fit_beta, fit_isotonic):
        mapped = np.array(probabilities)
        for fold in range(N_FOLDS):
            inside, outside = folds == fold, folds != fold
            if inside.any() and outside.any():
                found = make(probabilities[outside].tolist(), right[outside].tolist())
                mapped[inside] = [found(float(value)) for value in probabilities[inside]]
        losses.append(_log_loss(mapped, right))
    is_beta = losses[0] <= losses[1]
    return (fit_beta if is_beta else fit_isotonic)(probabilities.tolist(), right.tolist())


def fit_beta(p: Sequence[float], is_right: Sequence[float | bool]) -> BetaMap:
    """Return the beta calibration map (Kull, Silva Filho & Flach 2017, AISTATS, algorithm 1)."""
    clipped = np.clip(np.asarray(p, dtype=float), _SMALLEST, 1 - _SMALLEST)
    right = np.asarray(is_right, dtype=float)
    columns = np.column_stack([np.log(clipped), -np.log1p(-clipped)])
    used = [0, 1]
    zero = np.zeros(len(clipped))
    while True:
        found = _newton(columns[:, used], zero, right, 1e-3, intercept_ridge=1e-3)
        negative = [i for i, weight in enumerate(found[1:]) if weight < 0]
        if not negative:
            break
        # A falling map would turn the order around: the offending term goes, as in the paper.
        used.remove(used[min(negative, key=lambda i: found[1 + i])])
    weights = dict(zip(used, found[1:], strict=True))
    return BetaMap(a=_round(weights.get(0, 0.0)), b=_round(weights.get(1, 0.0)), c=_round(found[0]))


def fit_isotonic(p: Sequence[float], is_right: Sequence[float | bool]) -> IsotonicMap:
    """Return the isotonic map (Zadrozny & Elkan 2002, KDD; pooling adjacent violators).

    Each pool is one knot at its mean, between knots it is linear, and no pool claims more certainty
    than its size allows.
    """
    probabilities = np.asarray(p, dtype=float)
    xs, inverse, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    right = np.bincount(inverse, weights=np.asarray(is_right, dtype=float)) / counts
    fitted = isotonic_regression(right, weights=counts.astype(float)).x
    knots: list[tuple[float, float]] = []
    begin = 0
    for end in range(1, len(xs) + 1):
        if end == len(xs) or fitted[end] != fitted[begin]:
            n = float(counts[begin:end].sum())
            x = float((xs[begin:end] * counts[begin:end]).sum() / n)
            y = (float(fitted[begin]) * n + 0.5) / (n + 1)
            knots.append((_round(x), _round(y)))
            begin = end
    return IsotonicMap.of(knots)


class _Design:
    """Examples as matrices; missing values at the mean."""

    def __init__(self, examples: Sequence[Example]) -> None:
        raw = np.array(
            [[math.nan if v is None else v for v in example.values] for example in examples],
            dtype=float,
        ).reshape(len(examples), -1)
        known = ~np.isnan(raw)
        n_known = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, raw, 0.0)
        self.means = filled.sum(axis=0) / n_known
        deviation = np.where(known, raw - self.means, 0.0)
        scales = np.sqrt((deviation**2).sum(axis=0) / n_known)
        self.scales = np.where(scales > _SMALLEST, scales, 0.0)
        self.z = deviation / np.where(self.scales > 0, self.scales, 1.0)
        self.z[:, self.scales == 0] = 0.0
        self.offset = np.array([example.offset for example in examples])
        self.right = np.array([float(example.is_right) for example in examples])
        self.folds = np.array([_fold(example.task) for example in examples])

    def left_out(self, ridge: float) -> Any:  # noqa: ANN401 - numpy's array
        """Return each example's probability from a fit without its fold."""
        p = 1 / (1 + np.exp(-self.offset))
        for fold in range(N_FOLDS):
            inside, outside = self.folds == fold, self.folds != fold
            if inside.any() and outside.any():
                found = _newton(self.z[outside], self.offset[outside], self.right[outside], ridge)
                linear = self.offset[inside] + found[0] + self.z[inside] @ found[1:]
                p[inside] = 1 / (1 + np.exp(-linear))
        return p


def _newton(
    z: Any,  # noqa: ANN401 - numpy's arrays
    offset: Any,  # noqa: ANN401 - as above
    right: Any,  # noqa: ANN401 - as above
    ridge: float,
    *,
    intercept_ridge: float = INTERCEPT_RIDGE,
) -> Any:  # noqa: ANN401 - as above
    """Return intercept and weights of the least penalised log loss, by Newton's method."""
    n, n_weights = z.shape
    x = np.column_stack([np.ones(n), z])
    penalty = np.array([intercept_ridge, *[ridge] * n_weights])
    beta = np.zeros(n_weights + 1)

    def loss(at: Any) -> float:  # noqa: ANN401 - as above
        linear = offset + x @ at
        total = np.logaddexp(0, linear).sum() - (right * linear).sum()
        return float(total + (penalty * at**2).sum() / 2)

    now = loss(beta)
    for _ in range(_MAX_STEPS):
        p = 1 / (1 + np.exp(-(offset + x @ beta)))
        gradient = x.T @ (p - right) + penalty * beta
        curvature = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > _SMALLEST and (then := loss(beta - size * step)) > now:
            size /= 2
        if size <= _SMALLEST:
            break
        beta = beta - size * step
        if now - then < _TOLERANCE:
            break
        now = then
    return beta


def _losses(p: Any, right: Any) -> Any:  # noqa: ANN401 - numpy's arrays
    clipped = np.clip(p, _SMALLEST, 1 - _SMALLEST)
    return -(right * np.log(clipped) + (1 - right) * np.log1p(-clipped))


def _log_loss(p: Any, right: Any) -> float:  # noqa: ANN401 - as above
    return float(_losses(p, right).mean())


def _is_as_good(losses: Any, best: Any) -> bool:  # noqa: ANN401 - as above
    difference = losses - best
    spread = float(difference.std()) / math.sqrt(len(difference))
    return float(difference.mean()) <= AS_GOOD * spread + 1e-9


def _fold(task: str) -> int:
    return hashlib.blake2b(task.encode("utf-8", "replace"), digest_size=4).digest()[0] % N_FOLDS


def _round(value: float) -> float:
    rounded = float(f"{float(value):.6g}")
    return rounded or 0.0
