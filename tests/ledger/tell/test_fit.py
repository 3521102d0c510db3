"""Fits: against independent references, with missing values, and rising maps."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from ducktypist.ledger.tell.fit import (
    INTERCEPT_RIDGE,
    RIDGES,
    Example,
    fit_beta,
    fit_isotonic,
    fit_linear,
    fit_map,
)
from ducktypist.ledger.tell.maps import BetaMap, IsotonicMap, logit, sigmoid


def drawn(n: int, *, strength: float, seed: int = 0) -> list[Example]:
    """Return examples of two values, of which the first tells."""
    random_ = random.Random(seed)  # noqa: S311 - made-up data
    found = []
    for place in range(n):
        first, second = random_.gauss(5, 2), random_.gauss(-1, 1)
        linear = 0.3 + strength * (first - 5) / 2
        found.append(
            Example(
                values=(first, second),
                offset=0.2,
                is_right=random_.random() < sigmoid(linear),
                task=f"t{place}",
            )
        )
    return found


def test_the_fit_is_that_of_a_general_minimiser() -> None:
    """Intercept and weights minimise the penalised log loss."""
    examples = drawn(300, strength=1.2)
    found, _ = fit_linear(examples)
    raw = np.array([item.values for item in examples])
    z = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    right = np.array([item.is_right for item in examples], dtype=float)

    def loss(beta: np.ndarray) -> float:
        linear = 0.2 + beta[0] + z @ beta[1:]
        penalty = INTERCEPT_RIDGE * beta[0] ** 2 + found.ridge * (beta[1:] ** 2).sum()
        return float(np.logaddexp(0, linear).sum() - right @ linear + penalty / 2)

    reference = minimize(loss, np.zeros(3), tol=1e-12).x
    assert [found.intercept, *found.weights] == pytest.approx(reference.tolist(), abs=2e-4)
    assert found.means == pytest.approx(raw.mean(axis=0).tolist(), rel=1e-5)


def test_a_signal_that_tells_gets_weight_and_noise_little() -> None:
    """The strength of the ridge follows from what left-out folds say."""
    telling, _ = fit_linear(drawn(400, strength=1.5))
    assert telling.weights[0] > 0.8
    assert abs(telling.weights[1]) < 0.25
    silent, _ = fit_linear(drawn(400, strength=0.0))
    assert silent.ridge == max(RIDGES)
    assert all(abs(weight) < 0.1 for weight in silent.weights)


@pytest.mark.parametrize("right", [True, False])
def test_one_class_stays_finite(right: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Thirty of thirty move the intercept, not to infinity."""
    examples = [
        Example(values=(float(i),), offset=0.0, is_right=right, task=f"t{i}") for i in range(30)
    ]
    found, left_out = fit_linear(examples)
    assert math.isfinite(found.intercept)
    assert abs(found.intercept) < 5
    assert all(0 < p < 1 for p in left_out)


def test_a_value_that_separates_perfectly_stays_finite() -> None:
    """The ridge holds it."""
    examples = [
        Example(values=(float(i),), offset=0.0, is_right=i >= 25, task=f"t{i}") for i in range(50)
    ]
    found, _ = fit_linear(examples)
    assert 0 < found.weights[0] < 10


def test_a_missing_value_says_nothing() -> None:
    """It counts as the mean of the known ones, and changes no forecast."""
    examples = drawn(100, strength=1.0)
    holes = [
        Example(
            values=(item.values[0], None if i % 3 else item.values[1]),
            offset=item.offset,
            is_right=item.is_right,
            task=item.task,
        )
        for i, item in enumerate(examples)
    ]
    found, _ = fit_linear(holes)
    known = [item.values[1] for item in holes if item.values[1] is not None]
    assert found.means[1] == pytest.approx(sum(known) / len(known), rel=1e-5)
    assert found((5.0, None), 0.0) == pytest.approx(found((5.0, found.means[1]), 0.0))


def test_a_value_that_never_varies_or_is_never_known_is_left_out() -> None:
    """Its weight is nothing, whatever comes later."""
    examples = [
        Example(values=(1.0, None, float(i % 7)), offset=0.0, is_right=i % 7 > 3, task=f"t{i}")
        for i in range(60)
    ]
    found, _ = fit_linear(examples)
    assert found.scales[:2] == (0.0, 0.0)
    assert found.weights[:2] == (0.0, 0.0)
    assert found((1.0, None, 3.0), 0.0) == found((99.0, 7.0, 3.0), 0.0)


def test_folds_go_by_the_task() -> None:
    """Where all attempts are at one task, no fold can be left out: the offset alone remains."""
    examples = [
        Example(values=(float(i),), offset=0.7, is_right=i >= 20, task="one") for i in range(40)
    ]
    _, left_out = fit_linear(examples)
    assert left_out == pytest.approx([sigmoid(0.7)] * 40)


def test_the_same_examples_give_the_same_numbers() -> None:
    """To the last digit."""
    assert fit_linear(drawn(200, strength=1.0)) == fit_linear(drawn(200, strength=1.0))


def test_isotonic_pools_adjacent_violators() -> None:
    """By hand: outcomes 0, 1, 0, 1, 1 pool the middle two to a half."""
    found = fit_isotonic([0.1, 0.2, 0.3, 0.4, 0.5], [0, 1, 0, 1, 1])
    assert found.xs == pytest.approx((0.1, 0.25, 0.45))
    # (0 + ½) / (1 + 1), (1 + ½) / (2 + 1), (2 + ½) / (2 + 1)
    assert found.ys == pytest.approx((0.25, 0.5, 2.5 / 3))
    assert found(0.0) == 0.25
    assert found(0.25) == pytest.approx(0.5)
    assert found(0.175) == pytest.approx(0.375)
    assert found(0.9) == pytest.approx(2.5 / 3)


def test_beta_finds_a_known_distortion() -> None:
    """Forecasts that are too sure by half in the logit are pulled back."""
    random_ = random.Random(2)  # noqa: S311 - made-up data
    truths = [random_.uniform(0.05, 0.95) for _ in range(4000)]
    outcomes = [random_.random() < p for p in truths]
    found = fit_beta([sigmoid(2 * logit(p)) for p in truths], outcomes)
    for p in (0.1, 0.3, 0.5, 0.7, 0.9):
        assert found(sigmoid(2 * logit(p))) == pytest.approx(p, abs=0.04)


def test_a_falling_relation_becomes_level_and_not_a_falling_map() -> None:
    """Where high forecasts fail, the map says the base rate everywhere at worst."""
    ps = [i / 100 for i in range(1, 100)]
    outcomes = [p < 0.5 for p in ps]
    for found in (fit_beta(ps, outcomes), fit_isotonic(ps, outcomes)):
        assert found(0.9) == pytest.approx(found(0.1), abs=1e-3)


_PAIRS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


@settings(deadline=None)
@given(_PAIRS, st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_maps_never_fall(pairs: list[tuple[float, bool]], at: list[float]) -> None:
    """Both kinds keep the order of forecasts, between 0 and 1, whatever they were fitted on."""
    ps, outcomes = [p for p, _ in pairs], [right for _, right in pairs]
    for found in (fit_beta(ps, outcomes), fit_isotonic(ps, outcomes)):
        values = [found(p) for p in sorted(at)]
        assert all(a <= b + 1e-12 for a, b in pairwise(values))
        assert all(0 <= value <= 1 for value in values)


def test_the_map_of_the_lower_loss_is_taken() -> None:
    """A step is for isotonic, a smooth distortion for beta."""
    random_ = random.Random(4)  # noqa: S311 - made-up data
    ps = [random_.random() for _ in range(3000)]
    tasks = [f"t{i}" for i in range(3000)]
    stepped = [random_.random() < (0.1 if p < 0.4 else 0.15 if p < 0.8 else 0.97) for p in ps]
    assert isinstance(fit_map(ps, stepped, tasks), IsotonicMap)
    smooth = [random_.random() < sigmoid(0.5 * logit(p)) for p in ps]
    assert isinstance(fit_map(ps, smooth, tasks), BetaMap)
