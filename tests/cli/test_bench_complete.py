"""``ducktypist bench complete``: its options, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ducktypist.bench.complete import positions as complete_positions
from ducktypist.bench.complete import run as complete_run
from ducktypist.bench.complete import typing as complete_typing
from ducktypist.bench.complete.ledger import Life
from ducktypist.bench.complete.place import Circumstances
from ducktypist.bench.complete.positions import Position, PositionsReport, Seen
from ducktypist.bench.complete.run import Outcome, Plan
from ducktypist.bench.complete.tasks import CompleteTaskFile, read_tasks, write_tasks
from ducktypist.bench.complete.typing import TypingReport
from ducktypist.bench.measure import Load
from ducktypist.cli.bench import bench
from ducktypist.errors import DucktypistError
from support.complete_tasks import body_task, line_task, result
from support.fix_tasks import lines_written

MACHINE: dict[str, Any] = {
    "cpu": "Some Processor [x]",
    "n_cores": 2,
    "n_threads": 4,
    "system": "Some System",
    "python": "3.11.0",
}


@pytest.fixture
def tasks(tmp_path: Path) -> str:
    """Return a task file."""
    path = tmp_path / "tasks.jsonl"
    write_tasks(path, [body_task(), line_task()])
    return str(path)


def invoked(*arguments: str) -> tuple[int, str]:
    """Run the command; return its status and all that it said."""
    result = CliRunner().invoke(bench, ["complete", *arguments])
    return result.exit_code, result.output


def around(plan: Plan, sha256: str = "cd" * 32) -> Circumstances:
    """Return what figures depend on."""
    return Circumstances(
        machine=MACHINE,
        model={"name": "m", "quantisation": "Q4", "sha256": "ab" * 32},
        before=Load(averages=(0.1, 0.2, 0.3), busy_percent=1.0),
        seed=plan.seed,
        tasks_sha256=sha256,
        tasks_digest="b2:00",
    )


async def outcome_of(tasks: CompleteTaskFile, *, plan: Plan, **_: Any) -> Outcome:
    """Stand in for the run: the body is right, the line is not."""
    return Outcome(
        plan=plan,
        circumstances=around(plan, tasks.sha256),
        results=[
            result("own/last-word [x]", shown=True, rung="examples_pass"),
            result("own/last-word:3", kind="line", shown=False, raw=True),
        ],
    )


async def positions_of(tasks: CompleteTaskFile, *, plan: Plan, n: int, **_: Any) -> PositionsReport:
    """Stand in for the positions: one suggestion repeats what stands below."""
    place = Position(task=tasks.tasks[0].id, kind="end of a line", text="a\nb\n", offset=1)
    seen = [Seen(position=place)] * (n - 1)
    bad = Seen(position=place, shown="\nb", took_ms=9.0, below="b")
    return PositionsReport(plan=plan, circumstances=around(plan), seen=[*seen, bad])


async def typing_of(*, plan: Plan, speed: float, **_: Any) -> TypingReport:
    """Stand in for the replay: of ten keys three were asked about, and one answer was seen."""
    common = {"kind": "infill", "first_token_ms": 1.0, "cancelled": False}
    return TypingReport(
        plan=plan,
        circumstances=around(plan),
        speed=speed,
        n_keys=10,
        n_answers=2,
        got={"a": 50.0},
        lives={
            "a": Life(**common, generated=True, shown=True, superseded=False),
            "b": Life(**common, generated=False, shown=False, superseded=True),
            "c": Life(**common, generated=True, shown=False, superseded=False),
        },
    )


def test_the_table_and_the_file_say_the_same(
    tasks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options become the plan; brackets are no markup; the model and the tasks are named."""
    monkeypatch.setattr(complete_run, "run", outcome_of)
    out = tmp_path / "out.json"
    status, said = invoked(
        *(tasks, "--limit", "2", "--seed", "3", "--only", "own/last-word", "--no-candidates"),
        *("--first-line-ms", "500", "--budget-s", "20", "--json", str(out)),
    )
    assert status == 0, said
    assert "python body: after verification" in said
    assert "1 of 1" in said
    assert "21 to 100 %" in said
    assert "≥ raw + 5 points: not met" in said
    assert "Some Processor [x], 2 cores" in said
    assert "model m, Q4, sha256 abababababab…" in said
    found = json.loads(out.read_text())
    assert (found["seed"], found["limit"], found["only"]) == (3, 2, ["own/last-word"])
    assert found["complete"] == {"inline_first_line_ms": 500.0, "budget_s": 20.0}
    assert found["with_candidates"] is False
    assert found["tasks_sha256"] == read_tasks(Path(tasks)).sha256
    assert found["results"][0]["attempt"]["task"] == "own/last-word [x]"


def test_json_on_standard_output_is_alone(tasks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script can read it."""
    monkeypatch.setattr(complete_run, "run", outcome_of)
    status, said = invoked(tasks, "--json", "-")
    assert status == 0
    assert len(json.loads(said)["results"]) == 2


def test_positions_are_counted(tasks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is repeated is shown as an example."""
    monkeypatch.setattr(complete_positions, "run_positions", positions_of)
    status, said = invoked(tasks, "--positions", "5")
    assert status == 0, said
    assert "1 of 5" in said
    assert "0: not met" in said
    assert "own/last-word: '\\nb'" in said


def test_typing_needs_no_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was thrown away is told apart."""
    monkeypatch.setattr(complete_typing, "run_typing", typing_of)
    out = tmp_path / "out.json"
    status, said = invoked("--typing", "--speed", "2", "--json", str(out))
    assert status == 0, said
    assert "computed and thrown away" in said
    assert "2 of 10" in said
    assert "≤ 25 %: met" in said
    assert "of 2: 1 superseded or cancelled, 1 answered and not used" in said
    found = json.loads(out.read_text())
    assert (found["speed"], found["n_asked"], found["n_shown"]) == (2.0, 3, 1)


def test_converting_writes_a_task_file(tmp_path: Path) -> None:
    """What came out of it is counted; another format is a usage error."""
    row = {
        "task_id": 1,
        "prompt": "Write a function to double a number.",
        "code": "def double(x):\n    return 2 * x\n",
        "test_list": ["assert double(1) == 2", "assert double(2) == 4", "assert double(0) == 0"],
    }
    path, out = lines_written(tmp_path / "set.jsonl", row), tmp_path / "made.jsonl"
    status, said = invoked("--convert", "mbpp", str(path), "--out", str(out))
    assert status == 0, said
    assert "1 tasks in" in said
    assert "1 python body" in said
    assert [task.function for task in read_tasks(out).tasks] == ["double"]
    status, said = invoked("--convert", "lines", str(path), "--out", str(out))
    assert status == 2
    assert "mbpp" in said


def test_an_empty_set_is_an_error(tmp_path: Path) -> None:
    """Nothing is written over what may be there."""
    path, out = lines_written(tmp_path / "set.jsonl"), tmp_path / "made.jsonl"
    status, said = invoked("--convert", "mbpp", str(path), "--out", str(out))
    assert (status, out.exists()) == (1, False)
    assert "no task came out of it" in said


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("x.jsonl", "--typing"),
        ("--positions", "3"),
        ("--typing", "--positions", "3"),
        ("--convert", "mbpp", "set.jsonl"),
        ("x.jsonl", "--convert", "mbpp", "set.jsonl", "--out", "o.jsonl"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    """The message says what is needed."""
    status, said = invoked(*arguments)
    assert status == 2
    assert "--convert" in said


def test_an_error_is_one_sentence(tasks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback for a machine that cannot run the bench, or a file that is none."""

    async def refused(*_: Any, **__: Any) -> None:
        raise DucktypistError("the bench cannot run tests here")

    monkeypatch.setattr(complete_run, "run", refused)
    status, said = invoked(tasks)
    assert (status, said.strip()) == (1, "Error: the bench cannot run tests here")
    status, said = invoked("absent.jsonl")
    assert status == 1
    assert "absent.jsonl cannot be read" in said
