"""Figures of forecasts: computed by hand, at the borders, and with intervals that cover."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.ledger.stats import wilson
from ducktypist.ledger.tell import score as scoring
from ducktypist.ledger.tell.resampling import MAX_UNITS, replicates
from ducktypist.ledger.tell.score import Forecast


def forecasts(*pairs: tuple[float, bool | int], reference: float = math.nan) -> list[Forecast]:
    """Return forecasts of (p, outcome)."""
    return [Forecast(p=p, is_right=bool(right), reference=reference) for p, right in pairs]


def drawn(n: int, *, seed: int = 0, units: int = 0) -> list[Forecast]:
    """Return perfectly calibrated forecasts."""
    random_ = random.Random(seed)  # noqa: S311 - made-up data
    ps = [random_.random() for _ in range(n)]
    return [
        Forecast(
            p=p,
            is_right=random_.random() < p,
            reference=0.5,
            unit=f"u{i % units}" if units else "",
        )
        for i, p in enumerate(ps)
    ]


def test_the_brier_score_is_the_mean_squared_distance() -> None:
    """(0.1² + 0.8² + 0.3²) / 3."""
    found = scoring.brier(forecasts((0.9, 1), (0.8, 0), (0.3, 0)))
    assert found == pytest.approx((0.01 + 0.64 + 0.09) / 3)


def test_skill_is_against_the_base_rate_of_the_set() -> None:
    """A constant at the base rate has none; a perfect forecast has all."""
    assert scoring.skill(forecasts((0.5, 1), (0.5, 0))) == pytest.approx(0)
    assert scoring.skill(forecasts((1.0, 1), (0.0, 0))) == pytest.approx(1)
    # Base rate 2/3, its score 2/9; ours (0.04 + 0.01 + 0.16) / 3 = 0.07.
    found = scoring.skill(forecasts((0.8, 1), (0.9, 1), (0.4, 0)))
    assert found == pytest.approx(1 - 0.07 / (2 / 9))


def test_skill_over_a_reference_compares_each_with_its_own() -> None:
    """1 - ours over theirs."""
    items = forecasts((0.8, 1), (0.4, 0), reference=0.5)
    assert scoring.skill_over_reference(items) == pytest.approx(1 - (0.04 + 0.16) / 0.5)
    assert math.isnan(scoring.skill_over_reference(forecasts((0.8, 1))))


def test_auroc_counts_pairs_in_the_right_order_and_ties_half() -> None:
    """Right ones 0.9 and 0.4 against wrong ones 0.4 and 0.1: 2 + 1.5 of 4 pairs."""
    assert scoring.auroc(forecasts((0.9, 1), (0.4, 1), (0.4, 0), (0.1, 0))) == pytest.approx(0.875)
    assert scoring.auroc(forecasts((0.5, 1), (0.5, 0))) == pytest.approx(0.5)
    assert scoring.auroc(forecasts((0.1, 1), (0.9, 0))) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), max_size=30
    )
)
def test_auroc_is_that_of_all_pairs(pairs: list[tuple[float, bool]]) -> None:
    """The fast way agrees with counting every pair."""
    right = [p for p, ok in pairs if ok]
    wrong = [p for p, ok in pairs if not ok]
    found = scoring.auroc(forecasts(*pairs))
    if not right or not wrong:
        assert math.isnan(found)
        return
    wins = sum(1.0 if r > w else 0.5 if r == w else 0.0 for r, w in itertools.product(right, wrong))
    assert found == pytest.approx(wins / (len(right) * len(wrong)))


def test_the_calibration_error_of_one_bin_is_the_distance_of_the_means() -> None:
    """Below 40 forecasts there is one bin: |0.5 - 0.75|."""
    assert scoring.ece(forecasts((0.2, 1), (0.8, 1), (0.5, 1), (0.5, 0))) == pytest.approx(0.25)


def test_bins_have_equal_mass() -> None:
    """Two values make two bins; their errors are weighted by their size."""
    low = forecasts(*[(0.2, i < 30) for i in range(100)])
    high = forecasts(*[(0.8, i < 60) for i in range(100)])
    # 0.3 against 0.2, and 0.6 against 0.8.
    assert scoring.ece(low + high) == pytest.approx((0.1 + 0.2) / 2)
    assert [part.n for part in scoring.reliability(high + low)] == [100, 100]


def test_equal_forecasts_are_never_torn_apart() -> None:
    """A constant forecast is one bin, whatever its size, so its order cannot matter."""
    items = forecasts(*[(0.3, i % 2) for i in range(1000)])
    parts = scoring.reliability(items)
    assert [part.n for part in parts] == [1000]
    assert scoring.ece(items) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("n", "n_bins"), [(1, 1), (39, 1), (40, 2), (99, 4), (100, 5), (599, 5), (600, 6), (9000, 10)]
)
def test_there_are_more_bins_of_more_forecasts(n: int, n_bins: int) -> None:
    """Of twenty up to five bins, of a hundred up to ten."""
    assert scoring.score(drawn(n)).ece_bins == n_bins


def test_a_bin_carries_the_wilson_interval() -> None:
    """Share and interval are of the outcomes in it."""
    parts = scoring.reliability(forecasts(*[(0.4, i < 90) for i in range(200)]))
    assert (parts[0].low, parts[0].high) == wilson(90, 200)
    assert parts[0].share_right == pytest.approx(0.45)
    assert parts[0].mean_p == pytest.approx(0.4)


def test_too_few_forecasts_make_no_diagram() -> None:
    """199 are too few."""
    assert scoring.reliability(drawn(199)) == ()
    assert [part.n for part in scoring.reliability(drawn(200))] == [40] * 5
    assert len(scoring.reliability(drawn(5000))) == 10


def test_risk_falls_with_what_is_left_out() -> None:
    """The surest first: 0 of 1, 1 of 3, 2 of 4 wrong."""
    found = scoring.risk_coverage(forecasts((0.9, 1), (0.5, 0), (0.5, 1), (0.1, 0)))
    assert [(item.coverage, item.risk, item.p_least) for item in found] == [
        (0.25, 0.0, 0.9),
        (0.75, pytest.approx(1 / 3), 0.5),
        (1.0, 0.5, 0.1),
    ]


def test_nothing_is_said_of_nothing() -> None:
    """Without forecasts every figure is NaN, and there is no bin."""
    found = scoring.score([])
    assert found.n == 0
    assert math.isnan(found.base_rate)
    assert math.isnan(found.ece)
    assert math.isnan(found.ece_if_calibrated)
    assert math.isnan(found.auroc.value)
    assert scoring.risk_coverage([]) == ()


@pytest.mark.parametrize("right", [True, False])
def test_one_class_has_no_skill_and_no_auroc(right: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Where all outcomes are alike there is nothing to tell apart."""
    found = scoring.score(forecasts(*[(0.5, right)] * 50))
    assert math.isnan(found.skill.value)
    assert math.isnan(found.auroc.value)
    assert math.isnan(found.auroc.low)
    assert found.brier.value == pytest.approx(0.25)


def test_the_same_forecasts_give_the_same_digits() -> None:
    """In whatever order they come."""
    items = drawn(300, units=100)
    shuffled = list(items)
    random.Random(1).shuffle(shuffled)  # noqa: S311 - as above
    assert scoring.score(items) == scoring.score(shuffled)


def test_an_interval_holds_its_value_and_narrows_with_n() -> None:
    """Ten times as many forecasts are about three times as sure."""
    small, large = scoring.score(drawn(150)), scoring.score(drawn(1500))
    for found in (small, large):
        for figure in (found.brier, found.skill, found.auroc, found.skill_over_reference):
            assert figure.low < figure.value < figure.high
    assert large.auroc.high - large.auroc.low < (small.auroc.high - small.auroc.low) / 2


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Of 60 sets drawn from one law, the 95 % interval misses its AUROC a few times at most."""
    truth = scoring.auroc(drawn(200_000, seed=99))
    n_held = 0
    for seed in range(60):
        draws = sorted(
            draw.auroc for draw in replicates(drawn(150, seed=seed), seed=1, n_replicates=200)
        )
        n_held += draws[4] <= truth <= draws[195]
    assert n_held >= 51


def test_attempts_at_one_task_share_their_luck() -> None:
    """Ten copies of one outcome are no ten outcomes: the interval is that of the tasks."""
    random_ = random.Random(3)  # noqa: S311 - made-up data
    tasks = [(random_.random(), random_.random() < 0.5) for _ in range(40)]
    copies = [
        Forecast(p=p, is_right=right, unit=f"t{i}")
        for i, (p, right) in enumerate(tasks)
        for _ in range(10)
    ]
    alone = [Forecast(p=item.p, is_right=item.is_right) for item in copies]
    together, apart = scoring.score(copies).brier, scoring.score(alone).brier
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_very_many_forecasts_are_drawn_in_groups() -> None:
    """The interval of a large set is about that of the exact way."""
    items = drawn(MAX_UNITS, seed=5)
    exact = scoring.score(items).auroc
    grouped = scoring.score([*items, *items[:1]]).auroc
    assert grouped.low == pytest.approx(exact.low, abs=0.006)
    assert grouped.high == pytest.approx(exact.high, abs=0.006)


def test_chance_alone_makes_a_calibration_error() -> None:
    """The error of calibrated forecasts is on average what is said to be chance."""
    found = [scoring.score(drawn(400, seed=seed)) for seed in range(20)]
    seen = sum(item.ece for item in found) / len(found)
    said = sum(item.ece_if_calibrated for item in found) / len(found)
    assert seen == pytest.approx(said, rel=0.25)


def test_figures_lie_flat_under_their_names() -> None:
    """An estimate's ends beside its value, and only what is asked for."""
    found = scoring.score([Forecast(p=0.8, is_right=True), Forecast(p=0.3, is_right=False)] * 20)
    assert scoring.flat(found, {"n", "skill", "skill_low", "skill_high", "kind"}) == {
        "n": 40,
        "skill": found.skill.value,
        "skill_low": found.skill.low,
        "skill_high": found.skill.high,
    }
