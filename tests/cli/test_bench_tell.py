"""``ducktypist bench tell``: its options, and what it prints."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ducktypist.bench.tell import collect as tell_collect
from ducktypist.bench.tell.collect import Collected, Plan
from ducktypist.cli.bench import bench
from ducktypist.domain import Outcome
from ducktypist.errors import DucktypistError


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """Return a file that nobody reads."""
    path = tmp_path / "tasks.jsonl"
    path.write_text("{}\n")
    return path


def test_options_become_a_plan_and_settings(
    tmp_path: Path, tasks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it found is printed, what went wrong as well."""
    plans: list[Plan] = []

    async def collected(plan: Plan, **_: Any) -> Collected:
        plans.append(plan)
        return Collected(
            model="duck",
            model_sha256="ab",
            n_left=2,
            outcomes=Counter({Outcome.PLAUSIBLE: 3, Outcome.STILL_FAILING: 1}),
            problems=["mbpp/1: the server went away"],
            stopped=True,
        )

    monkeypatch.setattr(tell_collect, "collect", collected)
    ledger = tmp_path / "l.sqlite3"
    arguments = [
        *("tell", str(tasks), "--ledger", str(ledger), "--fix", str(tasks), "--model", "duck"),
        *("--limit", "7", "--seed", "3", "--budget-s", "5", "--fix-budget-s", "9"),
        *("--sources", "line", "--set", "complete.max_candidates=4", "--set", "python.x=word"),
    ]
    done = CliRunner().invoke(bench, arguments)
    assert done.exit_code == 0, done.output
    (plan,) = plans
    assert (plan.limit, plan.seed, plan.complete, plan.fix) == (7, 3, (tasks,), (tasks,))
    options = plan.options
    assert options["model"] == {"name": "duck"}
    assert options["ledger"] == {"path": str(ledger), "keep_text": True}
    assert options["fix"] == {"budget_s": 9.0, "sources": ["line"]}
    assert options["python"] == {"x": "word"}
    complete: Any = options["complete"]
    assert (complete["budget_s"], complete["max_candidates"]) == (5.0, 4)
    assert "duck: 4 suggestions graded: 3 plausible, 1 still_failing" in done.output
    assert "stopped; 2 tasks left" in done.output
    assert "not measured: mbpp/1: the server went away" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--ledger", "l"], "which tasks?"),
        (["TASKS"], "--ledger"),
        (["TASKS", "--ledger", "l", "--set", "complete=4"], "expected SECTION.KEY=VALUE"),
        (["TASKS", "--ledger", "l", "--set", "complete.x"], "expected SECTION.KEY=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_refused(tasks: Path, arguments: list[str], said: str) -> None:
    """With the reason."""
    given = [str(tasks) if item == "TASKS" else item for item in arguments]
    done = CliRunner().invoke(bench, ["tell", *given])
    assert done.exit_code != 0
    assert said in done.output


def test_trouble_is_one_line(tmp_path: Path, tasks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback for a model that is not there."""

    async def collected(*_: Any, **__: Any) -> Collected:
        raise DucktypistError("there is no model to ask")

    monkeypatch.setattr(tell_collect, "collect", collected)
    done = CliRunner().invoke(bench, ["tell", str(tasks), "--ledger", str(tmp_path / "l")])
    assert done.exit_code == 1
    assert done.output.strip().endswith("Error: there is no model to ask")
