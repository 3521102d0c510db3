"""Blame: which test run speaks for which suggestion, and what it says."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import Outcome
from ducktypist.ledger.attribution.blame import Dated, Outcomes, attribute
from ducktypist.ledger.events import (
    Judge,
    Label,
    Moment,
    Revised,
    Settled,
    Tier,
    Verified,
    Verifier,
)
from ducktypist.ledger.later import How, Placed, RunSource, Sighted, TestRun, TestSeen

BLOCK = "b2k:body"


def utc(minute: int) -> str:
    """Return a time."""
    return f"2030-01-07T{minute // 60:02}:{minute % 60:02}:00.000Z"


def taken(
    name: str = "S", *, block: str = BLOCK, is_body: bool = True, ratio: float = 0.0
) -> tuple[list[Dated[Placed]], list[Dated[Sighted]]]:
    """Return a suggestion that was accepted in the tenth minute."""
    placed = Placed(
        suggestion_id=name,
        project_hash="p",
        path="a.py",
        block_hash=block,
        is_body=is_body,
        n_tokens=9,
        fingerprint="",
    )
    sighted = Sighted(
        suggestion_id=name, path="a.py", how=How.TRACKED, edit_ratio=ratio, block_hash=block
    )
    return [Dated(at_utc=utc(10), event=placed)], [Dated(at_utc=utc(10), event=sighted)]


def run(minute: int, *, env: str = "ci", name: str = "") -> Dated[TestRun]:
    """Return a run."""
    event = TestRun(
        run_id=name or f"r{minute}",
        project_hash="p",
        source=RunSource.PLUGIN,
        ran_utc=utc(minute),
        environment_hash=env,
        commit_hash="",
        n_passed=0,
        n_failed=0,
    )
    return Dated(at_utc=utc(minute), event=event)


def seen(
    minute: int,
    *,
    passed: bool,
    test: str = "t",
    block: str = BLOCK,
    direct: bool | None = True,
    rest: str = "",
    version: str = "",
) -> TestSeen:
    """Return what one test of the run of a minute said of one function."""
    return TestSeen(
        run_id=f"r{minute}",
        test_hash=test,
        block_hash=block,
        passed=passed,
        is_direct=direct,
        test_block_hash=version,
        rest_hash=rest,
    )


def outcome(rows: Sequence[TestSeen], *, envs: dict[int, str] | None = None) -> Outcomes:
    """Return what follows for one whole body from the runs of these rows."""
    placed, sighted = taken()
    minutes = sorted({int(row.run_id[1:]) for row in rows})
    runs = [run(minute, env=(envs or {}).get(minute, "ci")) for minute in minutes]
    return attribute(placed, sighted, runs, rows)


def labels(found: Outcomes) -> list[tuple[str, Label]]:
    """Return the conclusions, as words and labels."""
    return [(event.EVENT, event.label) for event in found if isinstance(event, Settled | Revised)]


def results(found: Outcomes) -> list[tuple[str, Tier, Outcome]]:
    """Return what runs were said to say."""
    return [(it.run_id, it.tier, it.outcome) for it in found if isinstance(it, Verified)]


def test_three_runs_that_pass_make_it_right() -> None:
    """One or two do not; tests of one run are one pass."""
    rows = [seen(minute, passed=True, test=test) for minute in (20, 30, 40) for test in "tu"]
    assert labels(outcome(rows[:4])) == []
    found = outcome(rows)
    assert labels(found) == [("settled", Label.RIGHT)]
    assert [it.n_passed for it in found if isinstance(it, Verified)] == [2, 2, 2]
    assert all(
        it.moment is Moment.AS_SUGGESTED and it.verifier is Verifier.TARGET_TEST
        for it in found
        if isinstance(it, Verified)
    )


def test_a_test_that_never_passed_on_it_and_goes_through_it_makes_it_wrong() -> None:
    """The first failure settles it."""
    found = outcome([seen(20, passed=False)])
    assert results(found) == [("r20", Tier.VISIBLE, Outcome.STILL_FAILING)]
    assert labels(found) == [("settled", Label.WRONG)]


@pytest.mark.parametrize("direct", [False, None])
def test_a_failure_that_need_not_be_its_own_says_nothing(direct: bool | None) -> None:  # noqa: FBT001 - a case of a table
    """Neither called by the test nor in the traceback, or nobody knows."""
    assert outcome([seen(20, passed=False, direct=direct)]) == ()


def test_a_failure_found_days_later_revises_the_label() -> None:
    """It was right by three runs; a new test fails in it."""
    rows = [seen(minute, passed=True) for minute in (20, 30, 40)]
    rows.append(seen(600, passed=False, test="new"))
    found = outcome(rows)
    assert labels(found) == [("settled", Label.RIGHT), ("revised", Label.WRONG)]
    assert found[-1].reason == "a test fails in it"  # type: ignore[union-attr]


def test_what_was_changed_elsewhere_is_not_its_fault() -> None:
    """The test passed on this very function before, and something else is another one now."""
    rows = [seen(20, passed=True, rest="a"), seen(30, passed=False, rest="b")]
    assert results(outcome(rows)) == [("r20", Tier.VISIBLE, Outcome.PLAUSIBLE)]
    unknown = [seen(20, passed=True), seen(30, passed=False)]
    assert results(outcome(unknown)) == [("r20", Tier.VISIBLE, Outcome.PLAUSIBLE)]


def test_a_test_of_the_same_code_that_passes_and_fails_is_flaky() -> None:
    """In one environment; in another one it is the environment that differs."""
    rows = [seen(20, passed=True, rest="a"), seen(30, passed=False, rest="a")]
    assert labels(outcome(rows)) == [("settled", Label.FLAKY)]
    assert labels(outcome(rows, envs={30: "other"})) == []
    assert labels(outcome(rows[::-1])) == [("settled", Label.FLAKY)]
    turned = [seen(20, passed=False, rest="a"), seen(30, passed=True, rest="a")]
    assert labels(outcome(turned)) == [("settled", Label.WRONG), ("revised", Label.FLAKY)]


def test_a_failure_that_is_refuted_later_is_taken_back() -> None:
    """Other code was mended and the test passes on the same function."""
    rows = [seen(20, passed=False, rest="a")]
    rows += [seen(minute, passed=True, rest="b") for minute in (30, 40, 50)]
    found = labels(outcome(rows))
    assert found == [
        ("settled", Label.WRONG),
        ("revised", Label.UNVERIFIED),
        ("revised", Label.RIGHT),
    ]


def test_a_test_that_passed_before_and_fails_with_nothing_else_changed_is_a_regression() -> None:
    """Whether or not the test calls the function itself."""
    rows = [
        seen(5, passed=True, block="b2k:before", rest="a"),
        seen(20, passed=False, rest="a", direct=None),
    ]
    found = outcome(rows)
    assert results(found) == [("r20", Tier.REGRESSION, Outcome.REGRESSED)]
    assert labels(found) == [("settled", Label.WRONG)]
    rows[0] = seen(5, passed=True, block="b2k:before", rest="z")
    assert outcome(rows) == ()


def test_a_failure_that_goes_with_the_function_was_its_own() -> None:
    """Nothing but the function was changed, and the test passes: found out afterwards."""
    rows = [
        seen(20, passed=False, rest="a", direct=None),
        seen(30, passed=True, block="b2k:mended", rest="a"),
    ]
    found = outcome(rows)
    assert results(found) == [("r20", Tier.VISIBLE, Outcome.STILL_FAILING)]
    assert labels(found) == [("settled", Label.WRONG)]


def test_of_two_suspects_neither_is_blamed() -> None:
    """Until one of them is proven: the test passes on it."""
    placed, sighted = taken()
    more_placed, more_sighted = taken("U", block="b2k:other")
    rows = [seen(20, passed=False), seen(20, passed=False, block="b2k:other")]
    both = [*placed, *more_placed], [*sighted, *more_sighted]
    assert attribute(*both, [run(20)], rows) == ()
    rows.append(seen(30, passed=True, block="b2k:other"))
    found = attribute(*both, [run(20), run(30)], rows)
    assert {(it.suggestion_id, it.label) for it in found if isinstance(it, Settled)} == {
        ("S", Label.WRONG)
    }


def test_a_changed_test_is_another_test() -> None:
    """That it passed in another form neither proves nor refutes anything."""
    rows = [
        seen(20, passed=True, version="v1", rest="a"),
        seen(30, passed=False, version="v2", rest="a"),
    ]
    assert labels(outcome(rows)) == [("settled", Label.WRONG)]


@pytest.mark.parametrize(("is_body", "ratio"), [(False, 0.0), (True, 0.1)])
def test_what_is_not_the_suggestion_alone_is_no_evidence(is_body: bool, ratio: float) -> None:  # noqa: FBT001 - a case of a table
    """One line of a function, an edited body: kept as what it is, and nothing is concluded."""
    placed, sighted = taken(is_body=is_body, ratio=ratio)
    rows = [seen(20, passed=False), seen(30, passed=True)]
    found = attribute(placed, sighted, [run(20), run(30)], rows)
    assert [(it.moment, it.outcome) for it in found if isinstance(it, Verified)] == [
        (Moment.IN_EDITED_CODE, Outcome.STILL_FAILING),
        (Moment.IN_EDITED_CODE, Outcome.PLAUSIBLE),
    ]
    assert labels(found) == []


def test_a_run_from_before_it_was_accepted_says_nothing_of_it() -> None:
    """The same text may have stood there before."""
    assert outcome([seen(minute, passed=True) for minute in (1, 2, 3)]) == ()


def own(n: int, result: Outcome = Outcome.PLAUSIBLE) -> Dated[Verified]:
    """Return a check of our own, before it was shown."""
    event = Verified(
        suggestion_id="S",
        verifier=Verifier.EXAMPLES,
        tier=Tier.VISIBLE,
        outcome=result,
        n_repeats=n,
        n_passed=4,
    )
    return Dated(at_utc=utc(9), event=event)


def test_what_our_own_checks_said_is_revised_and_one_pass_does_not_undo_it() -> None:
    """Right by its examples: one test run that passes leaves it so, one that fails does not."""
    placed, sighted = taken()
    passing = attribute(placed, sighted, [run(20)], [seen(20, passed=True)], known=[own(3)])
    assert labels(passing) == [("settled", Label.RIGHT)]
    failing = attribute(placed, sighted, [run(20)], [seen(20, passed=False)], known=[own(3)])
    assert labels(failing) == [("revised", Label.WRONG)]


def test_what_a_person_concluded_stays() -> None:
    """Rules have no say after that."""
    placed, sighted = taken()
    said = Settled(suggestion_id="S", label=Label.RIGHT, reason="mine", by=Judge.PERSON)
    found = attribute(
        placed,
        sighted,
        [run(20)],
        [seen(20, passed=False)],
        known=[Dated(at_utc=utc(15), event=said)],
    )
    assert labels(found) == []
    assert len(results(found)) == 1


def test_only_those_asked_for_are_spoken_of() -> None:
    """Rows of others are incomplete."""
    placed, sighted = taken()
    rows = [seen(20, passed=False)]
    assert attribute(placed, sighted, [run(20)], rows, only={"other"}) == ()
    assert attribute(placed, sighted, [run(20)], rows, only={"S"}) != ()


ROW = st.tuples(
    st.integers(1, 6),
    st.sampled_from("tu"),
    st.sampled_from([BLOCK, "b2k:other", "b2k:edited"]),
    st.booleans(),
    st.sampled_from([True, False, None]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "v1", "v2"]),
)


@given(st.lists(ROW, max_size=24), st.integers(0, 6))
def test_it_says_everything_once_however_it_is_asked(
    rows: list[tuple[int, str, str, bool, bool | None, str, str]], cut: int
) -> None:
    """Asked run by run or at once: the same, in the same order; asked again, nothing more."""
    placed, sighted = taken()
    more_placed, more_sighted = taken("U", block="b2k:other")
    all_placed, all_sighted = [*placed, *more_placed], [*sighted, *more_sighted]
    every = [
        seen(n * 10, test=test, block=block, passed=passed, direct=direct, rest=rest, version=v)
        for n, test, block, passed, direct, rest, v in rows
    ]
    runs = [run(n * 10, env="x" if n == cut else "ci") for n in range(1, 7)]
    at_once = attribute(all_placed, all_sighted, runs, every)
    known: list[Dated[Verified | Settled | Revised]] = []
    for n in range(1, 7):
        so_far = [row for row in every if int(row.run_id[1:]) <= n * 10]
        new = attribute(all_placed, all_sighted, runs[:n], so_far, known=known)
        known += [Dated(at_utc=utc(n * 10), event=event) for event in new]
    assert [item.event for item in known] == list(at_once)
    assert attribute(all_placed, all_sighted, runs, every, known=known) == ()
    for _, mine in itertools.groupby(
        sorted(
            (it for it in at_once if isinstance(it, Settled | Revised)),
            key=lambda it: it.suggestion_id,
        ),
        key=lambda it: it.suggestion_id,
    ):
        told = [event.label for event in mine]
        assert all(one is not other for one, other in itertools.pairwise(told))
