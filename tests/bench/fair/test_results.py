"""A result file is read whole or refused, each time with what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ducktypist.bench.fair.answers import Column, Outcome, Pass
from ducktypist.bench.fair.results import MODELS, read_result
from ducktypist.bench.fair.tasks import TaskKind
from ducktypist.bench.tasks import TaskError
from support.fair_results import ResultFile, tasks_of, typical

KEY = "raw/plain/0/fix/task-0"


@pytest.fixture
def file(tmp_path: Path) -> ResultFile:
    """A file with one answer in each of three runs."""
    made = ResultFile.begun(tmp_path / "fair.jsonl", tasks_of(2, ["fix"]))
    made.ran(made.model("duck-q4_0", "Q4_0"), "fix/task-0", (True, True, False))
    return made


def test_everything_that_was_written_comes_back(file: ResultFile) -> None:
    """Tasks in their order, models, answers, grades, controls and traces."""
    file.control("oracle", "fix/task-0", Outcome.RIGHT)
    file.trace("f" * 64, "it fails")
    found = read_result(file.path)
    assert [task.id for task in found.tasks] == ["fix/task-0", "fix/task-1"]
    assert (found.tasks[0].kind, found.families) == (TaskKind.FIX, ("fix",))
    (model,) = found.models
    at = Pass.parsed("raw/plain/2")
    assert found.grades[model, at, "fix/task-0"].outcome is Outcome.WRONG
    assert found.answers[model, at, "fix/task-0"].texts == {"source": "fix/task-0 False"}
    assert found.controls["oracle", "fix/task-0"].outcome is Outcome.RIGHT
    assert found.traces == {"f" * 64: "it fails"}
    assert found.asked() == [(model, Column.RAW)]


def test_a_last_line_that_was_cut_off_is_left_out(file: ResultFile) -> None:
    """A run that was killed in the middle of writing is read up to there."""
    whole = read_result(file.path)
    with file.path.open("ab") as more:
        more.write(b'{"part": "answer", "tasks": "x", "ke')
    again = read_result(file.path)
    assert (again.answers, again.grades) == (whole.answers, whole.grades)


def test_more_that_is_known_of_a_model_is_added(file: ResultFile) -> None:
    """A second row of a model does not take away the first."""
    (model,) = read_result(file.path).models
    file.journal.add(MODELS, model, "speed", {"speed": "usable"})
    told = read_result(file.path).models[model]
    assert (told["name"], told["speed"]) == ("duck-q4_0", "usable")


def test_a_later_row_replaces_an_earlier_one(file: ResultFile) -> None:
    """What was asked again counts as it was asked last."""
    (model,) = read_result(file.path).models
    file.answered(model, "fix/task-0", Pass.parsed("raw/plain/2"), is_right=True)
    found = read_result(file.path)
    assert found.grades[model, Pass.parsed("raw/plain/2"), "fix/task-0"].outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no result of `ducktypist bench fair`"),
        ('{"bench": "fix"}\n', "is no result of `ducktypist bench fair`"),
        ("[1]\n", "expected an object"),
        ("{\n", "no JSON"),
        ('{"bench": "fair"}\n', "a row cannot be read: 'tasks'"),
        ('{"bench": "fair", "tasks": []}\n{"part": "model"}\n', "a row cannot be read: 'tasks'"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, content: str, message: str) -> None:
    """The message names the file."""
    path = tmp_path / "other.jsonl"
    path.write_text(content)
    with pytest.raises(TaskError) as caught:
        read_result(path)
    assert message in str(caught.value)
    assert "other.jsonl" in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(TaskError, match="cannot be read: No such file"):
        read_result(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("part", "key", "row"),
    [
        ("answer", KEY, {"colour": 3}),
        ("answer", "raw/plain", {"task_sha256": "", "texts": {}}),
        ("answer", "loud/plain/0/fix/task-0", {"task_sha256": "", "texts": {}}),
        ("grade", KEY, {"outcome": "fine"}),
        ("grade", KEY, {}),
        ("trace", "x", {}),
    ],
)
def test_a_row_that_says_something_else_is_refused(
    file: ResultFile, part: str, key: str, row: dict[str, object]
) -> None:
    """Nothing of a broken file is shown as a figure."""
    with file.path.open("a") as more:
        more.write(json.dumps({"part": part, "tasks": "x", "key": key, "row": row}) + "\n")
    with pytest.raises(TaskError, match="a row cannot be read"):
        read_result(file.path)


def test_a_made_up_run_is_a_result(tmp_path: Path) -> None:
    """What other tests use has every part of a real file."""
    found = read_result(typical(tmp_path / "fair.jsonl", n_each=2))
    assert len(found.models) == 2
    assert len(found.families) == 4
    assert {column for _, column in found.asked()} == set(Column)
