from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.ledger import stats
from ducktypist.ledger.stats import Speed

COUNTS = st.integers(0, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (10, 10, 0.7225, 1.0),
        (0, 10, 0.0, 0.2775),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Stat. Med. 17:857, table I, method 3
        (15, 148, 0.0624, 0.1605),  # the same
        (1, 29, 0.0061, 0.1718),  # the same
    ],
)
def test_wilson_gives_published_intervals(k: int, n: int, low: float, high: float) -> None:
    """The Wilson interval agrees with published worked values to four digits."""
    assert stats.wilson(k, n) == pytest.approx((low, high), abs=6e-5)


@given(COUNTS)
def test_wilson_contains_the_share_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    """The interval holds k/n, lies within 0 to 1, and is NaN only without trials."""
    k, n = counts
    low, high = stats.wilson(k, n)
    if n == 0:
        assert math.isnan(low)
        assert math.isnan(high)
        return
    assert 0 <= low <= k / n <= high <= 1
    assert low < high


@given(COUNTS)
def test_wilson_is_symmetric(counts: tuple[int, int]) -> None:
    """Swapping success and failure mirrors the interval."""
    k, n = counts
    if n:
        low, high = stats.wilson(k, n)
        assert stats.wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 4), (0, -1)])
def test_impossible_counts_are_an_error(k: int, n: int) -> None:
    """More successes than trials is a fault of the caller, not a number."""
    for call in (stats.wilson, lambda a, b: stats.too_few(b, a)):
        with pytest.raises(ValueError, match="0 <= k <= n"):
            call(k, n)


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [(0, 0, True), (10, 10, True), (21, 42, True), (42, 42, True), (21, 43, False), (0, 43, False)],
)
def test_fewer_than_43_are_too_few(k: int, n: int, *, expected: bool) -> None:
    """A result is called too few below 43 verified, however lopsided it is."""
    assert stats.too_few(n, k) is expected


@given(COUNTS)
def test_what_is_not_too_few_is_within_15_points(counts: tuple[int, int]) -> None:
    """Whatever passes as enough has an interval of at most 15 points to either side."""
    k, n = counts
    if not stats.too_few(n, k):
        low, high = stats.wilson(k, n)
        assert (high - low) / 2 <= 0.15


def test_percentiles_are_nearest_rank() -> None:
    """Percentiles are values that were seen: the textbook example of nearest rank."""
    values = [15.0, 20.0, 35.0, 40.0, 50.0]
    found = [stats.percentile(values, p) for p in (5, 30, 40, 50, 100)]
    assert found == [15.0, 20.0, 20.0, 35.0, 50.0]
    assert stats.percentile(list(range(1, 101)), 95) == 95
    assert math.isnan(stats.percentile([], 50))
    with pytest.raises(ValueError, match="above 0"):
        stats.percentile([1.0], 0)


@given(NUMBERS, st.floats(0.5, 100))
def test_percentile_has_at_least_its_share_at_or_below_it(
    values: list[float], percent: float
) -> None:
    """The nearest-rank definition holds: enough values at or below, too few strictly below."""
    found = stats.percentile(values, percent)
    needed = len(values) * percent / 100
    assert found in values
    assert sum(value <= found for value in values) >= needed
    assert sum(value < found for value in values) < needed


@given(NUMBERS)
def test_percentiles_grow(values: list[float]) -> None:
    """The 95th percentile is never below the median, and order does not matter."""
    assert stats.percentile(values, 50) <= stats.percentile(values, 95)
    assert stats.percentile(values[::-1], 50) == stats.percentile(values, 50)


NAN = math.nan


@pytest.mark.parametrize(
    ("kind", "ttft", "total", "rate", "expected"),
    [
        ("infill", 1000, 3000, 20, Speed.USABLE),
        ("infill", 1001, 3000, 20, Speed.SLOW),
        ("explain", 3000, 9000, 20, Speed.USABLE),
        ("explain", 3001, 9000, 20, Speed.SLOW),
        ("explain", 500, 10_001, 20, Speed.TEA),
        ("explain", 500, 10_000, 20, Speed.USABLE),
        ("explain", 500, 5000, 5.2, Speed.TEA),
        ("infill", 500, 800, 5.3, Speed.USABLE),
        ("fix", 2000, 60_000, 20, Speed.USABLE),
        ("fix", 2000, 60_000, 4, Speed.TEA),
        ("complete", 2000, 60_000, 20, Speed.TEA),
        ("explain", NAN, NAN, NAN, Speed.NOT_MEASURED),
        ("explain", 500, NAN, NAN, Speed.NOT_MEASURED),
        ("explain", NAN, 20_000, NAN, Speed.TEA),
        ("something newer", 2000, 5000, 20, Speed.USABLE),
    ],
)
def test_speed_verdicts(kind: str, ttft: float, total: float, rate: float, expected: Speed) -> None:
    """Usable, slow and tea follow the limits for reading speed, first token and waiting."""
    found = stats.speed(kind, ttft_p50_ms=ttft, total_p50_ms=total, decode_tok_s=rate)
    assert found is expected


def test_pass_at_k_is_the_unbiased_estimator() -> None:
    """pass@k averages over all ways of drawing k samples, and is NaN with fewer than k."""
    assert stats.pass_at_k(5, 2, 1) == pytest.approx(0.4)
    assert stats.pass_at_k(5, 2, 2) == pytest.approx(0.7)
    assert stats.pass_at_k(5, 2, 4) == 1
    assert stats.pass_at_k(5, 0, 5) == 0
    assert math.isnan(stats.pass_at_k(4, 4, 5))


@given(st.integers(1, 9), st.data())
def test_pass_at_k_equals_enumeration(n: int, data: st.DataObject) -> None:
    """The closed form equals counting every subset of k samples."""
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(itertools.combinations([i < c for i in range(n)], k))
    expected = sum(any(draw) for draw in draws) / len(draws)
    assert stats.pass_at_k(n, c, k) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0, 0, 1.0),
        (5, 0, 0.0625),
        (6, 0, 0.03125),
        (1, 8, 0.0390625),
        (7, 7, 1.0),
        (10, 2, 0.03857),
    ],
)
def test_mcnemar_gives_binomial_p_values(first: int, second: int, expected: float) -> None:
    """The exact p-value is twice the binomial tail; six one-sided flips are the fewest for 0.05."""
    assert stats.mcnemar_exact(first, second) == pytest.approx(expected, abs=1e-5)
    assert stats.mcnemar_exact(second, first) == stats.mcnemar_exact(first, second)


def test_mcnemar_stands_thousands_of_tasks() -> None:
    """Large counts neither overflow nor vanish into NaN."""
    assert 0 <= stats.mcnemar_exact(3000, 2000) < 1e-30


def test_holm_adjusts_in_order() -> None:
    """Holm's step-down adjustment gives the values of its textbook example."""
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert stats.holm([]) == []
