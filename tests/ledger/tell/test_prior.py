"""Base rates: borrowed from relatives, never counted twice, never surer than they know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import Kind
from ducktypist.ledger.stats import wilson
from ducktypist.ledger.tell.cases import Stratum, When
from ducktypist.ledger.tell.prior import PSEUDO_COUNT, Tally, interval
from ducktypist.ledger.tell.seeds import Seed
from support.tell_past import MODELS, case, signals


def tally_of(*counts: tuple[str, str, int, int]) -> Tally:
    """Return a tally of (model, language, n, right) bodies."""
    tally = Tally()
    for model, language, n, right in counts:
        for place in range(n):
            tally.add(
                case(
                    place,
                    is_right=place < right,
                    signals=signals(model_sha256=model, language=language),
                )
            )
    return tally


def seed(model: str, n: int, right: int, stratum: Stratum = Stratum.BEFORE) -> Seed:
    """Return a bench's count of Python bodies."""
    return Seed(
        model_sha256=model,
        kind=Kind.COMPLETE,
        language="python",
        stratum=stratum,
        n=n,
        n_right=right,
        command="bench",
    )


def test_nothing_known_of_a_kind_gives_no_rate() -> None:
    """Another kind's outcomes say nothing."""
    tally = tally_of((MODELS[0], "python", 10, 5))
    assert tally.rate(Stratum.BEFORE, signals(kind=Kind.FIX)) is None


def test_a_lone_cell_starts_from_an_even_chance() -> None:
    """Three of four: (3 + 1) / (4 + 2)."""
    rate = tally_of((MODELS[0], "python", 4, 3)).rate(Stratum.BEFORE, signals())
    assert rate is not None
    assert rate.mean == pytest.approx(4 / 6)
    assert rate.n == pytest.approx(6)
    assert rate.n_like == 4


def test_a_cell_borrows_at_most_twenty_from_its_relatives() -> None:
    """Computed by hand, from another model and another language."""
    tally = tally_of(
        (MODELS[0], "python", 10, 2), (MODELS[0], "go", 30, 15), (MODELS[1], "python", 98, 98)
    )
    rate = tally.rate(Stratum.BEFORE, signals())
    others = (98 + 1) / (98 + 2)
    model = (15 + 20 * others) / (30 + 20)
    assert rate is not None
    assert rate.mean == pytest.approx((2 + 20 * model) / (10 + 20))
    assert rate.n == pytest.approx(30)
    assert rate.n_like == 40


def test_a_relative_passes_on_no_more_than_it_knows() -> None:
    """One outcome of another model is worth three, with the even start, and not twenty."""
    tally = tally_of((MODELS[1], "python", 1, 1))
    rate = tally.rate(Stratum.BEFORE, signals())
    assert rate is not None
    assert rate.mean == pytest.approx(2 / 3)
    assert rate.n == pytest.approx(3)
    assert rate.n_like == 1


def test_a_bench_is_worth_twenty_however_large_it_was() -> None:
    """Ten own outcomes against a bench of a thousand: (10 + 20 * 0.3 + 1) / (10 + 20 + 2)."""
    tally = tally_of((MODELS[0], "python", 10, 10))
    tally.sow([seed(MODELS[0], 1000, 300)])
    rate = tally.rate(Stratum.BEFORE, signals())
    assert rate is not None
    assert rate.mean == pytest.approx((10 + PSEUDO_COUNT * 0.3 + 1) / 32)
    assert rate.n_like == 10


def test_a_small_bench_is_worth_what_it_is() -> None:
    """Four are four, and nothing of them is this ledger's."""
    tally = Tally()
    tally.sow([seed(MODELS[0], 4, 1)])
    rate = tally.rate(Stratum.BEFORE, signals())
    assert rate is not None
    assert rate.mean == pytest.approx(2 / 6)
    assert rate.n_like == 0


def test_a_bench_speaks_for_its_own_model_file_only() -> None:
    """Of another model nothing is known, and what is known of it is not moved."""
    tally = Tally()
    tally.sow([seed(MODELS[1], 1000, 900)])
    assert tally.rate(Stratum.BEFORE, signals()) is None
    alone, beside = (tally_of((MODELS[0], "python", 10, 2)) for _ in range(2))
    beside.sow([seed(MODELS[1], 1000, 900)])
    assert alone.rate(Stratum.BEFORE, signals()) == beside.rate(Stratum.BEFORE, signals())


def test_many_outcomes_leave_the_bench_behind() -> None:
    """A thousand own outcomes hardly move."""
    tally = tally_of((MODELS[0], "python", 1000, 900))
    tally.sow([seed(MODELS[0], 1000, 100)])
    rate = tally.rate(Stratum.BEFORE, signals())
    assert rate is not None
    assert rate.mean == pytest.approx(0.9, abs=0.02)


def test_after_running_those_that_ran_alike_are_counted() -> None:
    """The rate to start from is that of the stratum; the base rate is of all."""
    tally = Tally()
    for place in range(40):
        passes = place % 2 == 0
        tally.add(
            case(place, is_right=passes, signals=signals(visible_share=1.0 if passes else 0.0))
        )
    passed, failed = signals(visible_share=1.0), signals(visible_share=0.5)
    starts = [tally.start(When.AFTER, item) for item in (passed, failed)]
    assert [round(start.mean, 2) for start in starts if start] == [0.95, 0.0]
    base = tally.base_rate(When.AFTER, passed)
    assert base is not None
    assert base.mean == pytest.approx(0.5)


def test_a_label_that_rests_on_the_run_itself_is_no_outcome_of_it() -> None:
    """Those that pass what could be seen count before running only; a failure stays one."""
    tally = Tally()
    for place in range(10):
        tally.add(case(place, is_right=True, is_beyond=False, signals=signals(visible_share=1.0)))
    tally.add(case(11, is_right=False, is_beyond=False, signals=signals(visible_share=0.0)))
    assert tally.rate(Stratum.AFTER, signals()) is None
    assert tally.rate(Stratum.PASSED, signals()) is None
    assert tally.rate(Stratum.FAILED, signals()) is not None
    before = tally.base_rate(When.BEFORE, signals())
    assert tally.base_rate(When.AFTER, signals()) == before


def test_the_interval_is_wilsons() -> None:
    """For whole numbers it is the one of the statistics."""
    assert interval(0.3, 10) == pytest.approx(wilson(3, 10))
    assert interval(0.0, 5) == pytest.approx(wilson(0, 5))
    assert interval(1.0, 5) == pytest.approx(wilson(5, 5))


@given(st.floats(0, 1), st.floats(1, 1e5))
def test_an_interval_holds_its_rate(mean: float, n: float) -> None:
    """Within 0 and 1, whatever the rate and what it is worth."""
    low, high = interval(mean, n)
    assert 0 <= low <= mean <= high <= 1


@given(
    st.lists(
        st.tuples(st.sampled_from(MODELS), st.sampled_from(["python", "go"]), st.booleans()),
        min_size=1,
        max_size=60,
    )
)
def test_every_rate_is_one(outcomes: list[tuple[str, str, bool]]) -> None:
    """Between 0 and 1, worth at least its own outcomes, for each cell."""
    tally = Tally()
    for place, (model, language, right) in enumerate(outcomes):
        tally.add(
            case(place, is_right=right, signals=signals(model_sha256=model, language=language))
        )
    for model in MODELS:
        for language in ("python", "go", "rust"):
            wanted = signals(model_sha256=model, language=language)
            rate = tally.rate(Stratum.BEFORE, wanted)
            n_own = sum(item[:2] == (model, language) for item in outcomes)
            assert rate is not None
            assert 0 < rate.mean < 1
            assert rate.n >= n_own
