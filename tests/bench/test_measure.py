"""Rows, bars and quantiles."""

from __future__ import annotations

import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.bench.measure import (
    BUSY_PERCENT,
    MIN_FOR_P95,
    MIN_FOR_P99,
    Bar,
    Load,
    Report,
    Row,
    load,
    machine,
    median_interval,
    quantile,
)


def row(*samples: float, bar: Bar | None = None) -> Row:
    """Return a row of samples."""
    return Row(name="r", what="something", unit="ms", samples=samples, bar=bar)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
def test_quantiles_agree_with_the_standard_library(samples: list[float]) -> None:
    """The hundredths are those that ``statistics`` calls inclusive."""
    expected = statistics.quantiles(samples, n=100, method="inclusive")
    found = [quantile(samples, number / 100) for number in range(1, 100)]
    assert found == pytest.approx(expected, abs=1e-6)


def test_one_sample_is_every_quantile() -> None:
    """There is nothing to interpolate between."""
    assert [quantile([4.0], share) for share in (0.0, 0.5, 0.99, 1.0)] == [4.0] * 4


def test_a_quantile_is_not_said_of_too_few_samples() -> None:
    """Below the thresholds p95 and p99 are unknown, not the largest sample."""
    few = row(*range(MIN_FOR_P95 - 1)).statistics()
    some = row(*range(MIN_FOR_P99 - 1)).statistics()
    many = row(*range(MIN_FOR_P99)).statistics()
    assert (few["p95"], few["p99"]) == (None, None)
    assert some["p95"] is not None
    assert some["p99"] is None
    assert many["p99"] == pytest.approx(98.01)
    assert row().statistics() == {"median": None, "p95": None, "p99": None, "max": None}


@pytest.mark.parametrize(
    ("samples", "bar", "met"),
    [
        ((1.0, 2.0) * 5, Bar(limit=2.0), True),
        ((2.1, 9.0) * 5, Bar(limit=2.0), False),
        ((1.0, 3.0) * 5, Bar(limit=2.0), None),
        ((1.0,) * 5, Bar(limit=2.0), None),
        ((1.0, 2.0, 9.0), Bar(limit=8.0, statistic="max"), False),
        ((1.0,) * 10, Bar(limit=8.0, statistic="p95"), None),
        ((1.0,) * 100, Bar(limit=8.0, statistic="p99"), True),
        ((), Bar(limit=8.0), None),
        ((3.0,) * 6, Bar(limit=2.0, is_floor=True), True),
        ((2.0,) * 6, Bar(limit=2.0, is_floor=True), True),
        ((1.9, 1.0) * 5, Bar(limit=2.0, is_floor=True), False),
        ((1.0, 3.0) * 5, Bar(limit=2.0, is_floor=True), None),
        ((1.0,), None, None),
    ],
)
def test_a_bar_is_met_at_its_limit_or_below(
    samples: tuple[float, ...], bar: Bar | None, *, met: bool | None
) -> None:
    """The named statistic counts; with too few or too scattered samples there is no verdict."""
    assert row(*samples, bar=bar).is_met() is met


@pytest.mark.parametrize(("n", "ranks"), [(6, (1, 6)), (9, (2, 8)), (15, (4, 12)), (20, (6, 15))])
def test_the_medians_interval_has_the_tables_ranks(n: int, ranks: tuple[int, int]) -> None:
    """The order statistics are those of the published tables for 95 %."""
    samples = [float(number) for number in range(n, 0, -1)]
    assert median_interval(samples) == ranks


@pytest.mark.parametrize("n", range(6))
def test_five_samples_have_no_interval(n: int) -> None:
    """The median lies outside of all five too often."""
    assert median_interval([1.0] * n) is None


def test_a_report_is_json_with_every_sample() -> None:
    """Machine, loads and rows survive the way through JSON."""
    report = Report(
        machine=machine(),
        model=None,
        before=Load(averages=(0.1, 0.2, 0.3), busy_percent=BUSY_PERCENT + 1),
        rows=[row(3.0, 1.0, 2.0, bar=Bar(limit=1.0, statistic="max"))],
    )
    found = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert found["busy_before"] is True
    assert found["load_after"] is None
    assert found["rows"][0]["samples"] == [3.0, 1.0, 2.0]
    assert found["rows"][0]["median"] == 2.0
    assert found["rows"][0]["met"] is False
    assert found["rows"][0]["bar"] == {"limit": 1.0, "statistic": "max"}


def test_the_machine_is_described() -> None:
    """Processor, memory, system and versions are all there."""
    found = machine()
    assert all(found[key] for key in ("cpu", "n_threads", "memory_bytes", "system", "python"))
    assert "llama_cpp_python" in found


def test_the_load_is_a_share_of_all_cores() -> None:
    """The share lies between nothing and everything."""
    assert 0 <= load().busy_percent <= 100
