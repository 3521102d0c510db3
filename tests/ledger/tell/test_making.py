"""The calibrator: a tell where there is one, the base rate and the truth where there is none."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Kind
from ducktypist.ledger.tell.calibrator import CAP, Calibrator
from ducktypist.ledger.tell.cases import Past, Stratum, When
from ducktypist.ledger.tell.files import text_of
from ducktypist.ledger.tell.making import base_rates, best_calibrator, make_calibrator
from ducktypist.ledger.tell.seeds import Seed
from ducktypist.ledger.tell.table import calibration_table
from ducktypist.ledger.words import StaticVerdict
from support.tell_past import MODELS, case, made_past, signals


@pytest.fixture(scope="module")
def telling() -> Calibrator:
    """Return what 1,200 outcomes teach whose signals tell."""
    return make_calibrator(made_past(1200, sees_tests=True), ())


def bench(n: int = 400) -> tuple[Seed, ...]:
    """Return a bench of one model: half pass what could be seen, 80 % of those are right."""
    counts = {
        Stratum.BEFORE: (n, n * 2 // 5),
        Stratum.AFTER: (n, n * 2 // 5),
        Stratum.PASSED: (n // 2, n * 2 // 5),
        Stratum.FAILED: (n // 2, 0),
    }
    return tuple(
        Seed(
            model_sha256=MODELS[0],
            kind=Kind.COMPLETE,
            language="python",
            stratum=stratum,
            n=n,
            n_right=n_right,
            command="bench",
        )
        for stratum, (n, n_right) in counts.items()
    )


def test_signals_that_tell_are_shown(telling: Calibrator) -> None:
    """Likely tokens raise the forecast, and it says on how many like it it rests."""
    likely = telling.before_running(
        signals(min_logprob=-1.0, lowest5_logprob=-1.0, mean_logprob=-0.1)
    )
    unlikely = telling.before_running(
        signals(min_logprob=-5.0, lowest5_logprob=-3.0, mean_logprob=-0.5)
    )
    assert likely is not None
    assert unlikely is not None
    assert likely.has_tell
    assert likely.p_right > 0.85
    assert unlikely.p_right < 0.15
    assert likely.low < likely.p_right < likely.high
    assert 10 <= likely.n_like < 1200
    assert likely.calibrator == telling.version
    assert not likely.after_running


def test_running_tells_more(telling: Calibrator) -> None:
    """A failed test nearly settles it, and the score after running is better."""
    failed = telling.after_running(signals(visible_share=0.0))
    passed = telling.after_running(signals(visible_share=1.0))
    assert failed is not None
    assert passed is not None
    assert failed.p_right < 0.1
    assert passed.p_right > 0.6
    assert passed.after_running
    before, after = (telling.tell(Kind.COMPLETE, when) for when in When)
    assert before is not None
    assert after is not None
    assert before.proof is not None
    assert after.proof is not None
    assert after.proof.skill > before.proof.skill + 0.1
    assert after.proof.ece <= 0.05


def test_a_thousand_outcomes_are_calibrated_on_top(telling: Calibrator) -> None:
    """From there on, and not before."""
    tells = {tell.when: tell for tell in telling.tells}
    assert tells[When.BEFORE].calibration is not None
    few = make_calibrator(made_past(900), ())
    assert all(tell.calibration is None for tell in few.tells)
    assert all(tell.linear is not None for tell in few.tells if tell.when is When.BEFORE)


def test_signals_that_tell_nothing_leave_the_base_rate_and_the_sentence() -> None:
    """What is shown is the rate of the cell."""
    past = made_past(400, strength=0.0, seed=11)
    found = make_calibrator(past, ())
    wanted = past[3].signals
    shown = found.before_running(wanted)
    rate = found.base_rate(wanted, When.BEFORE)
    assert shown is not None
    assert rate is not None
    assert not shown.has_tell
    assert shown.p_right == pytest.approx(rate.mean, abs=1e-4)
    assert shown.sentence().startswith("no tell: its own signals add nothing here")


def test_noise_is_seldom_taken_for_a_tell() -> None:
    """Of forty pasts without any signal, one or two may pass by luck."""
    found = [
        make_calibrator(made_past(150, strength=0.0, seed=seed), ()).tell(
            Kind.COMPLETE, When.BEFORE
        )
        for seed in range(40)
    ]
    assert sum(tell is not None and tell.has_tell for tell in found) <= 2


def test_fewer_than_thirty_are_left_to_the_base_rates() -> None:
    """There is nothing fitted and no tell."""
    found = make_calibrator(made_past(29), ())
    assert found.tells == ()
    shown = found.before_running(signals(min_logprob=-1.0))
    assert shown is not None
    assert not shown.has_tell


@pytest.mark.parametrize("right", [True, False])
def test_where_all_outcomes_are_alike_there_is_no_tell(right: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """And no certainty: a hundred of a hundred is not 100 %."""
    past = tuple(replace(item, is_right=right) for item in made_past(100, sees_tests=True))
    found = make_calibrator(past, ())
    for when in When:
        shown = found.predict(past[0].signals, when)
        assert shown is not None
        assert not shown.has_tell
        assert abs(shown.p_right - right) < 0.1
        assert shown.low < shown.high


def test_unknown_and_broken_signals_are_no_trouble() -> None:
    """None, NaN and infinity count as not known, in fitting and in forecasting."""
    nan, infinite = float("nan"), float("-inf")
    past = tuple(
        replace(
            item,
            signals=replace(
                item.signals,
                min_logprob=(nan, infinite, None, item.signals.min_logprob)[place % 4],
                visible_share=nan if place % 5 else None,
            ),
        )
        for place, item in enumerate(made_past(200))
    )
    found = make_calibrator(past, ())
    for when in When:
        shown = found.predict(signals(min_logprob=nan, mean_logprob=infinite), when)
        assert shown is not None
        assert 0 <= shown.low <= shown.p_right <= shown.high <= 1


def test_nothing_is_surer_than_the_cap_unless_hidden_tests_passed() -> None:
    """Two hundred of two hundred included."""
    past = tuple(
        case(place, is_right=True, signals=signals(visible_share=1.0)) for place in range(200)
    )
    found = make_calibrator(past, ())
    seen = signals(visible_share=1.0)
    hidden = replace(seen, hidden_passed=True)
    before, after, passed = (
        found.before_running(hidden),
        found.after_running(seen),
        found.after_running(hidden),
    )
    assert before is not None
    assert after is not None
    assert passed is not None
    assert before.p_right == CAP
    assert after.p_right == CAP
    assert passed.p_right > CAP


def test_the_same_past_gives_the_same_bytes() -> None:
    """In whatever order it comes; one outcome more is another version."""
    past = made_past(150, sees_tests=True)
    shuffled = list(past)
    random.Random(1).shuffle(shuffled)  # noqa: S311 - made-up data
    one, other = make_calibrator(past, bench()), make_calibrator(shuffled, bench())
    assert text_of(one) == text_of(other)
    assert one.version == other.version
    assert make_calibrator(past[:-1], bench()).version != one.version
    assert make_calibrator(past, ()).version != one.version


def test_kinds_are_learned_apart() -> None:
    """A tell for bodies says nothing of fixes."""
    bodies = made_past(200)
    fixes = tuple(
        replace(item, suggestion_id=f"f{item.suggestion_id[1:]}")
        for item in made_past(200, strength=0.0, kind=Kind.FIX, seed=11)
    )
    found = make_calibrator((*bodies, *fixes), ())
    body, fix = (
        found.before_running(signals(kind=kind, min_logprob=-1.0))
        for kind in (Kind.COMPLETE, Kind.FIX)
    )
    assert body is not None
    assert fix is not None
    assert body.has_tell
    assert not fix.has_tell


def test_nothing_known_foretells_nothing() -> None:
    """Without a bench or a past there is no number to show."""
    found = make_calibrator((), ())
    assert found.before_running(signals()) is None
    assert found.after_running(signals(visible_share=1.0)) is None


def test_where_nothing_ran_there_is_no_forecast_after_running(telling: Calibrator) -> None:
    """Comparing several candidates by running them counts, without any check to pass as well."""
    assert telling.after_running(signals(mean_logprob=-0.1)) is None
    assert telling.after_running(signals(mean_logprob=-0.1, agreeing_share=0.75)) is not None
    past = made_past(100)
    found = make_calibrator(past, ())
    assert found.tell(Kind.COMPLETE, When.AFTER) is None
    table = calibration_table(found, past)
    assert [item["when"] for item in table["tells"]] == ["before_running"]


def test_what_is_no_tell_is_said_in_words() -> None:
    """Too few, all alike, nothing in the signals, and a tell are four sentences."""
    alike = tuple(replace(item, is_right=True) for item in made_past(100))
    pasts = {
        "base rates: fewer than 30": made_past(20),
        "no tell: all outcomes are alike": alike,
        "no tell: its own signals add nothing here": made_past(400, strength=0.0, seed=11),
        "a tell: its own signals say more than the base rate": made_past(400),
    }
    for sentence, past in pasts.items():
        table = calibration_table(make_calibrator(past, ()), past)
        assert table["tells"][0]["sentence"].startswith(sentence)


def test_predicting_needs_no_numpy() -> None:
    """A language server does not load it before there is something to fit."""
    code = (
        "import sys\n"
        "from ducktypist.ledger.tell.ledger_teller import LedgerTeller\n"
        "from ducktypist.ledger.tell.making import base_rates\n"
        "base_rates((), ())\n"
        "assert 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_bench_is_where_a_new_machine_starts() -> None:
    """Its rate before running, and after it the one of those that passed; all from a bench."""
    found = make_calibrator((), bench())
    before = found.before_running(signals())
    passed = found.after_running(signals(visible_share=1.0))
    failed = found.after_running(signals(visible_share=0.5))
    assert before is not None
    assert passed is not None
    assert failed is not None
    assert before.p_right == pytest.approx(0.4, abs=0.03)
    assert not before.has_tell
    assert passed.has_tell
    assert passed.p_right == pytest.approx(0.8, abs=0.05)
    assert failed.p_right < 0.05
    assert "from a bench" in passed.sentence()
    # Twenty imagined suggestions are not four hundred.
    assert passed.high - passed.low > 0.25


def test_a_bench_that_shows_no_difference_is_no_tell() -> None:
    """Where those that pass are right as often as all, running adds nothing."""
    alike = tuple(
        replace(seed, n=100, n_right=40) if seed.stratum is not Stratum.FAILED else seed
        for seed in bench()
    )
    same = tuple(
        replace(seed, n=100, n_right=40) if seed.stratum is Stratum.FAILED else seed
        for seed in alike
    )
    shown = make_calibrator((), same).after_running(signals(visible_share=1.0))
    assert shown is not None
    assert not shown.has_tell


def test_own_outcomes_overrule_the_bench() -> None:
    """A past in which passing tells nothing takes the bench's tell away."""
    random_ = random.Random(5)  # noqa: S311 - made-up data
    past = tuple(
        case(
            place,
            is_right=random_.random() < 0.5,
            signals=signals(visible_share=random_.choice([0.0, 1.0])),
        )
        for place in range(300)
    )
    shown = make_calibrator(past, bench()).after_running(signals(visible_share=1.0))
    assert shown is not None
    assert not shown.has_tell
    assert shown.p_right == pytest.approx(0.5, abs=0.1)


def test_failures_alone_do_not_become_the_base_rate() -> None:
    """Where only failing runs have an outcome of their own, those that pass are not damned."""
    past = tuple(
        case(
            place,
            is_right=place % 2 == 0,
            is_beyond=False,
            signals=signals(visible_share=1.0 if place % 2 == 0 else 0.0),
        )
        for place in range(100)
    )
    shown = make_calibrator(past, ()).after_running(signals(visible_share=1.0))
    assert shown is not None
    assert not shown.has_tell
    assert shown.p_right == pytest.approx(0.5, abs=0.05)


def test_without_numpy_the_base_rates_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """And whoever asks for a fit is told what to install."""
    past = made_past(60)
    for name in ("fit", "prequential"):
        monkeypatch.delitem(sys.modules, f"ducktypist.ledger.tell.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(Exception, match=r"pip install 'ducktypist\[calibrate\]'"):
        make_calibrator(past, ())
    found = best_calibrator(past, ())
    assert found.version == base_rates(past, ()).version
    assert found.before_running(past[0].signals) is not None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from(list(Kind)),
            st.sampled_from(MODELS),
            st.sampled_from(list(StaticVerdict)),
            st.one_of(st.none(), st.floats(allow_nan=True)),
            st.one_of(st.none(), st.floats(0, 1)),
            st.booleans(),
        ),
        min_size=30,
        max_size=90,
    )
)
def test_every_past_gives_sane_forecasts(
    outcomes: list[tuple[bool, Kind, str, StaticVerdict, float | None, float | None, bool]],
) -> None:
    """Between the ends of their interval, within 0 and the cap, whatever happened."""
    past: tuple[Past, ...] = tuple(
        case(
            place,
            is_right=right,
            is_beyond=beyond,
            signals=signals(
                kind=kind,
                model_sha256=model,
                static_verdict=verdict,
                mean_logprob=mean,
                visible_share=share,
            ),
        )
        for place, (right, kind, model, verdict, mean, share, beyond) in enumerate(outcomes)
    )
    found = make_calibrator(past, ())
    for item in past:
        for when in When:
            shown = found.predict(item.signals, when)
            assert shown is not None
            assert 0 <= shown.low <= shown.p_right <= shown.high <= 1
            assert shown.p_right <= CAP
            assert shown.n_like >= 1
