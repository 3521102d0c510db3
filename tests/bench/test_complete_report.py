"""What results come to: shares, intervals, bars, comparisons."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import pytest

from ducktypist.bench.complete.place import Circumstances
from ducktypist.bench.complete.report import report
from ducktypist.bench.complete.run import Outcome, Plan, Result
from ducktypist.bench.figures import Figure
from ducktypist.bench.measure import Load
from support.complete_tasks import result

QUIET = Load(averages=(0.1, 0.2, 0.3), busy_percent=1.0)


def outcome_of(results: Sequence[Result], **plan: Any) -> Outcome:
    """Return a run that came to these results."""
    return Outcome(
        plan=Plan(**plan),
        circumstances=Circumstances(
            machine={"cpu": "x"},
            model=None,
            before=QUIET,
            seed=1,
            tasks_sha256="ab" * 32,
            tasks_digest="b2:00",
        ),
        results=list(results),
        unusable={"bad": "its tests pass without an answer"},
    )


def figures_of(*results: Result, **plan: Any) -> dict[str, Figure]:
    """Return figures by name."""
    return {item.name.strip(): item for item in report(outcome_of(results, **plan)).figures}


def some(n: int, *, name: str, **fields: Any) -> list[Result]:
    """Return alike results of different tasks."""
    return [result(f"{name}{number}", **fields) for number in range(n)]


def test_bodies_are_held_against_raw_and_any() -> None:
    """All shares are of all tasks; nothing shown is wrong, and any candidate counts them all."""
    found = figures_of(
        *some(5, name="a", shown=True, rung="examples_pass"),
        *some(2, name="b", shown=False, rung="examples_pass", raw=True, n_right=1),
        *some(1, name="c", shown=True, rung="resolves"),
        *some(1, name="d", n_right=2),
        *some(1, name="e"),
    )
    raw, first = found["python body: raw greedy"], found["python body: shown first"]
    assert (raw.k, raw.n) == (2, 10)
    assert (first.k, first.n, first.is_met) == (6, 10, True)
    assert "+40.0 points" in first.note
    assert (found["python body: any candidate"].k, found["python body: of those shown"].n) == (9, 8)
    left = found["python body: left on the table"]
    assert (left.value, left.is_met) == (pytest.approx(30.0), False)
    assert left.note == "b0, b1, d0"
    labelled = found["python body: after verification"]
    assert (labelled.k, labelled.n, labelled.is_met) == (5, 7, False)
    assert labelled.note == "b0, b1"
    low, high = labelled.interval or (math.nan, math.nan)
    assert (round(low), round(high)) == (36, 92)
    assert (found["python body: rung resolves"].k, found["python body: rung resolves"].n) == (1, 1)
    assert "python body: rung tests_pass" not in found
    paired = found["python body: shown against raw"]
    assert paired.what == "right only when shown: 6; only raw: 2"
    assert paired.value == pytest.approx(0.2890625)


@pytest.mark.parametrize(("gain", "met"), [(9, False), (10, True)])
def test_ten_points_are_ten_points(gain: int, *, met: bool) -> None:
    """Not nine."""
    found = figures_of(
        *some(50, name="a", shown=True, raw=True),
        *some(gain, name="b", shown=True),
        *some(50 - gain, name="c"),
    )
    assert found["python body: shown first"].is_met is met


def test_without_candidates_nothing_is_said_of_any() -> None:
    """A share of what was not asked would be made up."""
    found = figures_of(result(shown=True), with_candidates=False)
    assert not [name for name in found if "any" in name or "table" in name]


def test_lines_may_be_the_very_line_or_pass() -> None:
    """Exactness is counted by itself as well."""
    exact = result("a", kind="line", shown=True, inserted="x")
    found = figures_of(
        *(exact, result("b", kind="line", shown=False, inserted="y", raw=True)),
        *(result("c", kind="line"), result("d", kind="line", shown=True, raw=True)),
    )
    assert (found["python line: shown"].k, found["python line: shown"].n) == (2, 4)
    assert found["python line: shown"].bar == "≥ raw + 5 points"
    assert found["python line: shown"].is_met is False
    assert found["python line: something shown"].k == 3
    assert found["python line: shown, exact"].k == 0
    assert found["python line: shown against raw"].what == "right only when shown: 1; only raw: 1"


def test_what_must_not_be_is_named() -> None:
    """Syntax errors, what does not compile, and bad conduct."""
    found = figures_of(
        result("bad", language="go", shown=False, adds_error=True, builds=False),
        result("good", language="go", shown=True, builds=True, tree_changes=("x is new",)),
        result("other", problem="the model is not there"),
    )
    added, compiled = found["go body: adds a syntax error"], found["go body: compiles"]
    assert (added.k, added.n, added.is_met, added.note) == (1, 2, False, "bad")
    assert (compiled.k, compiled.n, compiled.is_met, compiled.note) == (1, 2, False, "bad")
    assert found["workspace trees changed"].note == "good: x is new"
    assert found["edits of other files"].is_met is True
    assert found["tasks not measured"].n == 3
    assert found["tasks not measured"].note == "other: the model is not there"
    assert found["tasks left out before"].note == "bad: its tests pass without an answer"


def test_times_are_of_what_was_measured() -> None:
    """No first token where the ledger knows none."""
    found = figures_of(
        result("a", shown=True, first_token_ms=40.0),
        result("b", shown=True, total_ms=300.0),
    )
    assert (found["python body: first token, p50"].value, found["python body: answer, p50"].n) == (
        40.0,
        2,
    )
    assert found["python body: answer, p50"].value == 200.0


def test_a_report_is_json_that_holds_everything() -> None:
    """Nothing that is unknown becomes a number; texts that were shown are kept."""
    told = report(outcome_of([result("a"), result("b", problem="gone")], seed=4)).as_json()
    found = json.loads(json.dumps(told, allow_nan=False))
    assert {"figures", "results", "seed", "tasks_sha256", "machine", "unusable"} <= set(found)
    assert found["results"][0]["raw"] == {"greedy": "raw", "candidates": []}
    by_name = {item["name"].strip(): item for item in found["figures"]}
    nothing = by_name["python body: after verification"]
    assert (nothing["value"], nothing["interval"], nothing["met"]) == (None, None, None)
