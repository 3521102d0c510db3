"""Planting and running, against the sandbox, the real server and a scripted model."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.fix import batch as fix_batch
from ducktypist.bench.fix import cancel as fix_cancel
from ducktypist.bench.fix import planting as fix_planting
from ducktypist.bench.fix.attempt import laid_out
from ducktypist.bench.fix.batch import Case, grounds_at, run_cases, runner_for
from ducktypist.bench.fix.planting import plant
from ducktypist.bench.fix.problems import problem_of
from ducktypist.bench.fix.report import report
from ducktypist.bench.fix.run import ONE_SHOT, SEARCH, Plan, run
from ducktypist.bench.fix.tasks import Task, TaskFile
from support.fix_tasks import CODE, HIDDEN, RIGHT, TEST, lines_written, task
from support.windows import script_written

RULES = [
    {
        "kind": "infill",
        "match": "for price in prices:\\n        <HOLE>",
        "reply": "if price <= limit:",
    },
    {"kind": "infill", "match": "<HOLE>", "reply": "pass"},
    {"kind": "chat", "match": ".", "reply": f"```python\n{RIGHT}```\n"},
]
HANGING = RIGHT.replace("found = 0", "found = 0\n    while True:\n        limit += 1")


def tasks_of(*tasks: Task) -> TaskFile:
    """Return a task file that was never written."""
    return TaskFile(tasks=tasks, sha256="ab" * 32)


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_a_task_is_fixed_graded_and_leaves_nothing(tmp_path: Path) -> None:
    """The search shows the right patch; a task that is not red is said to be none."""
    script = script_written(tmp_path / "script.json", name="scripted", rule=RULES)
    green = task(id="green", files={"basket.py": RIGHT, "test_basket.py": TEST})
    said: list[str] = []
    outcome = asyncio.run(
        run(
            tasks_of(task(), green),
            plan=Plan(arms=(SEARCH,), budget_s=30.0),
            backend=f"scripted:{script}",
            say=said.append,
        )
    )
    fixed, not_red = outcome.attempts
    assert fixed.problem == ""
    assert fixed.outcome == "plausible", fixed.summary
    assert fixed.grade is not None
    assert fixed.is_right
    assert fixed.grade.claimed
    assert "price <= limit" in fixed.patched["basket.py"]
    assert fixed.first_plausible_ms is not None
    assert "test_basket.py::test_limit is not red" in not_red.problem
    assert (fixed.outside, fixed.tree_changes, not_red.tree_changes) == ((), (), ())
    assert fixed.left == ()
    figures = {item.name: item for item in report(outcome).figures}
    assert figures["search: right"].k == 1
    assert figures["edits outside the code"].is_met is True
    assert len(said) == 2


@pytest.mark.e2e
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_searches_are_stopped_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled or killed, each is followed by a look at the workspace and what is left."""
    monkeypatch.setattr(fix_cancel, "LATEST_S", 0.5)
    rules = [{"kind": kind, "reply": "pass", "delay_ms": 300} for kind in ("infill", "chat")]
    script = script_written(tmp_path / "script.json", name="scripted", rule=rules)
    outcome = asyncio.run(
        run(
            tasks_of(task()),
            plan=Plan(arms=(), n_cancels=2, n_kills=1, budget_s=30.0),
            backend=f"scripted:{script}",
        )
    )
    assert [item.how for item in outcome.stopped] == ["cancel", "cancel", "kill"]
    assert [item.problem for item in outcome.stopped] == ["", "", ""]
    assert [item.was_running for item in outcome.stopped] == [True, True, True]
    assert [item.tree_changes for item in outcome.stopped] == [(), (), ()]
    figures = {item.name: item for item in report(outcome).figures}
    assert figures["cancel: trees changed"].is_met is True
    assert figures["kill: nothing left after, p95"].n == 1


@pytest.mark.sandbox
def test_programs_are_tested_side_by_side(tmp_path: Path) -> None:
    """Each in its own folder: right, wrong, hanging and one that does not even parse."""
    root = tmp_path / "w"
    root.mkdir()
    codes = {"right": RIGHT, "wrong": CODE, "hangs": HANGING, "broken": "def total(:\n"}
    cases = [
        Case(
            key=key,
            language="python",
            source="basket.py",
            files={"basket.py": code, "test_basket.py": TEST},
        )
        for key, code in codes.items()
    ]

    async def tested() -> dict[str, fix_batch.CaseReport]:
        return await run_cases(cases, runner=runner_for(await grounds_at(root), "python"))

    found = asyncio.run(tested())
    assert {key for key, item in found.items() if item.is_green} == {"right"}
    assert found["wrong"].failing == ("test_basket.py::test_limit",)
    assert (found["wrong"].is_broken, found["wrong"].hangs) == (False, False)
    assert found["hangs"].hangs is True
    assert found["broken"].is_broken is True


PROBLEM: dict[str, Any] = {
    "prompt": "Write a function to add up the prices up to a limit.",
    "code": RIGHT,
    "test_imports": [],
    "test_list": [
        "assert total([1, 2, 3], 2) == 3",
        "assert total([4, 4, 5], 4) == 8",
        "assert total([7], 9) == 7",
    ],
}


@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_planted_bugs_break_a_visible_test_and_nothing_else_is_wrong(tmp_path: Path) -> None:
    """Further inputs are hidden, and what was right passes them; wrong solutions are left out."""
    rows = [{**PROBLEM, "task_id": number} for number in range(4)]
    rows += [{**PROBLEM, "code": CODE, "task_id": 100 + number} for number in range(4)]
    path = lines_written(tmp_path / "own.jsonl", *rows)
    root = tmp_path / "w"
    root.mkdir()
    tasks = asyncio.run(plant([path], n=2, seed=1, part="dev"))
    assert len(tasks) == len({item.id for item in tasks}) == 2
    cases = []
    for number, one in enumerate(tasks):
        assert int(one.id.split("/")[1].split("#")[0]) < 100
        assert one.operator
        assert one.function == "total"
        assert sum(text.count("assert") for text in one.hidden.values()) > 3
        right = {**one.files, "total.py": RIGHT, **one.hidden}
        cases += [
            Case(key=f"p{number}", language="python", source="total.py", files=one.files),
            Case(key=f"r{number}", language="python", source="total.py", files=right),
        ]

    async def tested() -> dict[str, fix_batch.CaseReport]:
        return await run_cases(cases, runner=runner_for(await grounds_at(root), "python"))

    found = asyncio.run(tested())
    for number, one in enumerate(tasks):
        assert one.failing in found[f"p{number}"].failing
        assert found[f"r{number}"].is_green


def test_the_same_seed_tries_the_same_changes() -> None:
    """Different kinds of each problem, none twice."""
    problems = [
        problem
        for number in range(3)
        if (problem := problem_of({**PROBLEM, "task_id": number}, group="own", seed=1))
    ]
    found = fix_planting._attempts(problems, 6, 1)
    assert found == fix_planting._attempts(problems, 6, 1)
    assert found != fix_planting._attempts(problems, 6, 2)
    assert len({item.case.key for item in found}) == len(found) == 18
    for problem in problems:
        kinds = [item.planted.operator for item in found if item.problem == problem]
        assert len(set(kinds)) == 6


def test_a_workspace_is_written_as_it_is(tmp_path: Path) -> None:
    """Line ends and folders included."""
    one = task(files={"a/b.py": "x = 1\r\n", "test_a.py": TEST}, failing="test_a.py::test_limit")
    root = laid_out(one, tmp_path)
    assert (root / "a" / "b.py").read_bytes() == b"x = 1\r\n"
    assert not (root / "test_basket_hidden.py").exists()
    assert HIDDEN not in [item.read_text() for item in root.rglob("*.py")]


def test_the_one_shot_arm_is_a_single_greedy_rewrite() -> None:
    """Whatever the search may use."""
    plan = Plan(sources=("line",), budget_s=10.0)
    assert plan.settings(ONE_SHOT) == {
        "budget_s": 10.0,
        "sources": ["rewrite"],
        "max_candidates": 1,
        "repair_rounds": 0,
    }
    assert plan.settings(SEARCH) == {"budget_s": 10.0, "sources": ["line"]}
