"""What attempts come to: shares, intervals, bars and everything that is needed to repeat a run."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from ducktypist.bench.figures import Figure
from ducktypist.bench.fix.attempt import Attempt, Grade
from ducktypist.bench.fix.cancel import Stopped
from ducktypist.bench.fix.report import report
from ducktypist.bench.fix.run import ONE_SHOT, SEARCH, Outcome, Plan, told
from ducktypist.bench.measure import Load
from support.fix_tasks import task

QUIET = Load(averages=(0.0,), busy_percent=0.0)


def attempt(number: int, *, arm: str = SEARCH, **changed: Any) -> Attempt:
    """Return an attempt that was right after two seconds, with some of its fields changed."""
    fields: dict[str, Any] = {
        "task": f"t{number}",
        "arm": arm,
        "language": "python",
        "group": "own",
        "operator": "comparison",
        "outcome": "plausible",
        "resolve_ms": 5000.0,
        "first_plausible_ms": 2000.0,
        "search": {
            "n_before_first": 3,
            "source": "line",
            "sources": {"line": 3, "mutation": 1},
            "suspects": ["total"],
            "doubt": "",
        },
        "patched": {"basket.py": "x"},
        "grade": Grade(claimed=True, visible=True, hidden=True),
        "rank": 1,
    }
    return Attempt(**{**fields, **changed})


def nothing(number: int, *, arm: str = SEARCH) -> Attempt:
    """Return an attempt that found nothing."""
    return attempt(
        number,
        arm=arm,
        outcome="still_failing",
        first_plausible_ms=None,
        patched={},
        grade=None,
        rank=None,
    )


def figures(
    *attempts: Attempt, stopped: tuple[Stopped, ...] = (), **plan: Any
) -> dict[str, Figure]:
    """Return the figures of a run by name."""
    return {item.name: item for item in report(outcome(*attempts, stopped=stopped, **plan)).figures}


def outcome(*attempts: Attempt, stopped: tuple[Stopped, ...] = (), **plan: Any) -> Outcome:
    """Return a run."""
    return Outcome(
        plan=Plan(**plan),
        tasks_sha256="ab" * 32,
        tasks_digest="b2:00",
        machine={"cpu": "c"},
        model=None,
        before=QUIET,
        after=QUIET,
        attempts=list(attempts),
        stopped=list(stopped),
    )


def test_nine_of_ten_is_enough_and_seven_is_not() -> None:
    """The bar is a share with a floor; the interval comes with it."""
    good = figures(*(attempt(n) for n in range(9)), nothing(9))["plausible patch found"]
    assert (good.k, good.n, good.is_met) == (9, 10, True)
    assert good.interval is not None
    low, high = good.interval
    assert low == pytest.approx(59.6, abs=0.1)
    assert high == pytest.approx(98.2, abs=0.1)
    poor = figures(*(attempt(n) for n in range(7)), *(nothing(n) for n in range(7, 10)))
    assert poor["plausible patch found"].is_met is False


def test_ten_times_the_one_shot_is_enough_from_three_quarters_on() -> None:
    """Eight of ten with one in the baseline's twenty is sixteen times."""
    searched = [*(attempt(n) for n in range(16)), *(nothing(n) for n in range(16, 20))]
    baseline = [attempt(0, arm=ONE_SHOT), *(nothing(n, arm=ONE_SHOT) for n in range(1, 20))]
    found = figures(*searched, *baseline)
    assert found["plausible patch found"].is_met is True
    assert found["plausible patch found"].note.startswith("16.0 times")
    assert found["search against one-shot"].value == pytest.approx(2 / 2**15)
    assert found["one-shot: plausible"].k == 1
    many = [attempt(n, arm=ONE_SHOT) for n in range(20)]
    assert figures(*searched, *many)["plausible patch found"].is_met is False
    none = [nothing(n, arm=ONE_SHOT) for n in range(20)]
    assert "none by the one-shot rewrite (0 of 20)" in (
        figures(*searched, *none)["plausible patch found"].note
    )


def test_overfitting_is_counted_among_those_shown() -> None:
    """With and without a stated doubt, each with its own share; the guilty tasks are named."""
    wrong = Grade(claimed=True, visible=True, hidden=False, failing=("x",))
    doubted = attempt(2, grade=wrong, search={"doubt": "two behaviours"})
    found = figures(attempt(0), attempt(1, grade=wrong), doubted, nothing(3))
    whole = found["shown, but hidden tests fail"]
    assert (whole.k, whole.n, whole.is_met) == (2, 3, False)
    assert whole.note == "t1, t2"
    assert (found["  of those without a stated doubt"].k, found["search: right"].k) == (1, 1)
    assert (
        found["  of those with a stated doubt"].k,
        found["  of those with a stated doubt"].n,
    ) == (
        1,
        1,
    )
    assert found["search: right"].note == "loss from visible to hidden: 2 of 3 shown"


def test_a_patch_that_does_not_do_what_was_said_is_a_lie() -> None:
    """The server said plausible, the bench's own run says no; other red tests are no lie."""
    name = "shown, but what was said does not hold"
    lied = attempt(0, grade=Grade(claimed=False, visible=False, hidden=True))
    partial = attempt(1, grade=Grade(claimed=True, visible=False, hidden=True))
    assert figures(lied)[name].is_met is False
    assert figures(partial)[name].is_met is True
    assert figures(partial)["shown, but other visible tests stay red"].k == 1
    assert figures(partial)["shown, but hidden tests fail"].k == 1
    assert figures(attempt(0))["shown, but other visible tests stay red"].k == 0


def test_times_are_held_against_their_bars() -> None:
    """Only tasks with a plausible patch have a time to it."""
    slow = attempt(1, first_plausible_ms=90_000.0)
    found = figures(attempt(0), attempt(2), slow, nothing(3))
    assert (found["first plausible, p50"].value, found["first plausible, p50"].is_met) == (
        2.0,
        True,
    )
    assert found["first plausible, p50"].n == 3
    assert found["first plausible, p95"].is_met is False
    assert found["candidates to first plausible, p50"].value == 3.0
    assert found["whole search, p50"].n == 4


def test_groups_sources_and_suspects() -> None:
    """Languages, operators and sources have rows of their own."""
    missed = attempt(1, language="go", rank=None, search={"source": "mutation", "suspects": ["f"]})
    found = figures(attempt(0), missed, nothing(2))
    assert (found["language python"].k, found["language python"].n) == (1, 2)
    assert found["language go"].k == 1
    thick = figures(attempt(0, n_visible=7), attempt(1, n_visible=1), attempt(2), nothing(3))
    assert thick["visible tests 3 or more"].n == thick["visible tests 1"].n == 1
    assert (found["source line"].n, found["source mutation"].n) == (1, 1)
    assert (found["candidates from line"].k, found["candidates from line"].n) == (6, 8)
    localised = found["function among the first 3 localised"]
    assert (localised.k, localised.n) == (1, 3)


def test_conduct_is_counted_over_both_arms() -> None:
    """An edit of a test, a changed tree and a process left are each named."""
    bad = attempt(
        0,
        arm=ONE_SHOT,
        outside=("test_basket.py",),
        tree_changes=("basket.py was changed",),
        left=("process 7 sleep",),
    )
    found = figures(bad, attempt(0), attempt(1, problem="no model"))
    assert (found["edits outside the code"].value, found["edits outside the code"].is_met) == (
        1,
        False,
    )
    assert found["workspace trees changed"].note == "t0: basket.py was changed"
    assert found["something left after 2 s"].is_met is False
    assert found["tasks not measured"].note == "t1: no model"
    assert found["search: plausible"].n == 1


def test_stopped_searches_have_rows() -> None:
    """Cancels and kills apart; only those that were running have a time."""
    stopped = (
        Stopped(task="a", how="cancel", was_running=True, gone_ms=300.0),
        Stopped(task="b", how="cancel", was_running=False, gone_ms=0.0),
        Stopped(task="c", how="kill", was_running=True, gone_ms=2000.0, left=("folder run-1",)),
    )
    found = figures(attempt(0), stopped=stopped)
    assert found["cancel: something left after 2 s"].is_met is True
    assert found["kill: something left after 2 s"].note == "c: folder run-1"
    assert found["cancel: nothing left after, p95"].n == 1
    assert "1 of 2 were searching" in found["cancel: nothing left after, p95"].what


def test_nothing_measured_is_no_success() -> None:
    """A run without a result meets no bar."""
    found = figures()
    assert math.isnan(found["plausible patch found"].value)
    assert all(item.is_met is None for item in found.values())
    json.dumps(report(outcome()).as_json(), allow_nan=False)


def test_the_json_repeats_the_run() -> None:
    """Hashes, seed and the settings of each arm are in it, and every attempt."""
    made = report(outcome(attempt(0), seed=4, limit=9, budget_s=30.0, sources=("line",)))
    found = json.loads(json.dumps(made.as_json(), allow_nan=False))
    assert (found["tasks_sha256"], found["seed"], found["limit"]) == ("ab" * 32, 4, 9)
    assert found["arms"] == {
        SEARCH: {"budget_s": 30.0, "sources": ["line"]},
        ONE_SHOT: {
            "budget_s": 30.0,
            "sources": ["rewrite"],
            "max_candidates": 1,
            "repair_rounds": 0,
        },
    }
    assert found["attempts"][0]["grade"] == {
        "claimed": True,
        "visible": True,
        "hidden": True,
        "failing": [],
    }


def test_a_plan_draws_the_same_tasks_each_time() -> None:
    """In the order of the file; ids choose before the draw."""
    tasks = [task(id=f"t{number}") for number in range(20)]
    drawn = Plan(limit=5, seed=1).chosen(tasks)
    assert [item.id for item in drawn] == [item.id for item in Plan(limit=5, seed=1).chosen(tasks)]
    assert drawn == sorted(drawn, key=tasks.index)
    assert drawn != Plan(limit=5, seed=2).chosen(tasks)
    assert [item.id for item in Plan(only=("t3",), limit=5).chosen(tasks)] == ["t3"]


def test_a_line_about_an_attempt() -> None:
    """What went wrong is in it."""
    wrong = attempt(0, grade=Grade(claimed=True, visible=True, hidden=False), left=("mount /x",))
    assert "OVERFITTING, mount /x" in told(wrong)
    assert "not measured: no model" in told(attempt(0, problem="no model"))
