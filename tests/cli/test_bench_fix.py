"""``ducktypist bench fix``: its options, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ducktypist.bench.fix import planting as fix_planting
from ducktypist.bench.fix import run as fix_run
from ducktypist.bench.fix.attempt import Attempt, Grade
from ducktypist.bench.fix.run import Outcome, Plan
from ducktypist.bench.fix.tasks import TaskFile, read_tasks, write_tasks
from ducktypist.bench.measure import Load
from ducktypist.cli.bench import bench
from ducktypist.errors import DucktypistError
from support.fix_tasks import lines_written, task

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
    write_tasks(path, [task(), task(id="other")])
    return str(path)


def invoked(*arguments: str) -> tuple[int, str]:
    """Run the command; return its status and all that it said."""
    result = CliRunner().invoke(bench, ["fix", *arguments])
    return result.exit_code, result.output


async def outcome_of(tasks: TaskFile, *, plan: Plan, **_: Any) -> Outcome:
    """Stand in for the run: the first task is fixed, with a doubt."""
    quiet = Load(averages=(0.1, 0.2, 0.3), busy_percent=1.0)
    done = Attempt(
        task=tasks.tasks[0].id,
        arm="search",
        language="python",
        group="own [x]",
        operator="comparison",
        outcome="plausible",
        resolve_ms=1000.0,
        first_plausible_ms=500.0,
        search={"source": "line", "doubt": "thin"},
        patched={"basket.py": "x"},
        grade=Grade(claimed=True, visible=True, hidden=True),
    )
    return Outcome(
        plan=plan,
        tasks_sha256=tasks.sha256,
        tasks_digest="b2:00",
        machine=MACHINE,
        model={"name": "m", "quantisation": "Q4", "sha256": "ab" * 32},
        before=quiet,
        after=quiet,
        attempts=[done],
    )


def test_the_table_and_the_file_say_the_same(
    tasks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options become the plan; brackets are no markup; the model and the tasks are named."""
    monkeypatch.setattr(fix_run, "run", outcome_of)
    out = tmp_path / "out.json"
    status, said = invoked(
        *(tasks, "--limit", "1", "--seed", "3", "--only", "basket", "--budget-s", "20"),
        *("--sources", "line", "--sources", "mutation", "--no-baseline", "--json", str(out)),
    )
    assert status == 0, said
    assert "group own [x]" in said
    assert "1 of 1" in said
    assert "21 to 100 %" in said
    assert "≥ 10 x one-shot or ≥ 85 %, never < 75 %: met" in said
    assert "Some Processor [x], 2 cores" in said
    assert "model m, Q4, sha256 abababababab…" in said
    found = json.loads(out.read_text())
    assert found["arms"] == {"search": {"budget_s": 20.0, "sources": ["line", "mutation"]}}
    assert (found["seed"], found["limit"], found["only"]) == (3, 1, ["basket"])
    assert found["tasks_sha256"] == read_tasks(Path(tasks)).sha256


def test_json_on_standard_output_is_alone(tasks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script can read it."""
    monkeypatch.setattr(fix_run, "run", outcome_of)
    status, said = invoked(tasks, "--json", "-")
    assert status == 0
    assert json.loads(said)["attempts"][0]["task"] == "basket"


def test_planting_writes_a_task_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was planted is counted."""
    asked: list[Any] = []

    async def planted(paths: Any, **options: Any) -> list[Any]:
        asked.append((paths, options["n"], options["seed"], options["part"]))
        return [task(), task(id="other", operator="deletion")]

    monkeypatch.setattr(fix_planting, "plant", planted)
    out = tmp_path / "made.jsonl"
    status, said = invoked(
        *("--plant", "a.jsonl", "--plant", "b.jsonl", "--out", str(out)),
        *("--n", "2", "--seed", "5", "--part", "held"),
    )
    assert status == 0, said
    assert asked == [((Path("a.jsonl"), Path("b.jsonl")), 2, 5, "held")]
    assert len(read_tasks(out).tasks) == 2
    assert "2 tasks in" in said
    assert "1 comparison, 1 deletion" in said


def test_converting_writes_a_task_file(tmp_path: Path) -> None:
    """The format has to be named."""
    row = {
        "declaration": "def f(x):\n",
        "buggy_solution": "    return x\n",
        "entry_point": "f",
        "test": "assert f(1) == 2\nassert f(2) == 3\n",
    }
    path, out = lines_written(tmp_path / "set.jsonl", row), tmp_path / "made.jsonl"
    status, said = invoked("--convert", str(path), "--format", "humanevalfix", "--out", str(out))
    assert status == 0, said
    assert len(read_tasks(out).tasks) == 1
    status, said = invoked("--convert", str(path), "--out", str(out))
    assert status == 2
    assert "--format humanevalfix|quixbugs|goker" in said


@pytest.mark.parametrize(
    "arguments",
    [(), ("--plant", "a.jsonl"), ("x.jsonl", "--plant", "a.jsonl", "--out", "o.jsonl")],
    ids=["nothing", "no place to write", "both at once"],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    """The message says what is needed."""
    status, said = invoked(*arguments)
    assert status == 2
    assert "--plant" in said


def test_an_error_is_one_sentence(tasks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback for a machine that cannot run the bench, or a file that is none."""

    async def refused(*_: Any, **__: Any) -> None:
        raise DucktypistError("the bench cannot run tests here")

    monkeypatch.setattr(fix_run, "run", refused)
    status, said = invoked(tasks)
    assert (status, said.strip()) == (1, "Error: the bench cannot run tests here")
    status, said = invoked("absent.jsonl")
    assert status == 1
    assert "absent.jsonl cannot be read" in said
