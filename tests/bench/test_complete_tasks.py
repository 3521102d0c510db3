"""Completion tasks: what a line holds, what is refused, and how they are drawn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.complete.grade import graded
from ducktypist.bench.complete.tasks import chosen, part_of, read_tasks, write_tasks
from ducktypist.bench.fix.batch import grounds_at
from ducktypist.bench.tasks import TaskError
from support.complete_tasks import BODY, HEAD, OWN, body_task, line_task
from support.fix_tasks import lines_written


def test_a_file_of_tasks_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Bodies and lines, with a hash of the file."""
    path = tmp_path / "tasks.jsonl"
    write_tasks(path, [body_task(), line_task()])
    found = read_tasks(path)
    assert found.tasks == (body_task(), line_task())
    assert len(found.sha256) == 64
    assert '"target": {"path": "words.py", "function": "last_word"}' in path.read_text("utf-8")
    assert '"target": {"path": "words.py", "line": 3}' in path.read_text("utf-8")


def test_an_answer_takes_the_place_of_what_is_left_out() -> None:
    """A body below the docstring, a line on its own line; nothing else moves."""
    assert body_task().solution() == f"{HEAD}{BODY}\n"
    text = line_task().solution().split("\n")
    assert text[1:4] == ["    words = text.split()", "    if words:", "        return words[-1]"]


def test_a_whole_file_can_be_the_reference() -> None:
    """For a body that needs an import."""
    whole = f"import re\n\n\n{HEAD}{BODY}\n"
    assert body_task(reference=whole).solution() == whole


def test_no_reference_leaves_the_file_as_it_is() -> None:
    """Some sets have none."""
    assert body_task(reference="").solution() == HEAD


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "word"}, "kind 'word', expected body or line"),
        ({"language": "rust"}, "language 'rust', expected python or go"),
        ({"target": {"path": "other.py", "function": "last_word"}}, "none of `files`"),
        ({"target": {"path": "words.py"}}, "`function` must be a text"),
        ({"target": {"path": "words.py", "function": "first_word"}}, "a function first_word"),
        ({"files": {"words.py": HEAD + BODY}}, "without a body"),
        ({"files": {"words.py": "def last_word(text):\n    ...\n"}}, "with documentation"),
        ({"files": {"../words.py": HEAD}}, "no path below the workspace"),
        ({"hidden": {"words.py": HEAD}}, "would take the place of words.py"),
        ({"hidden": {}}, "`hidden` must hold at least one file"),
        ({"hint": "x"}, "unknown keys hint"),
    ],
)
def test_what_is_no_task_is_refused(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    """The message names the line and what is wrong with it."""
    path = lines_written(tmp_path / "tasks.jsonl", {**body_task().as_json(), **changed})
    with pytest.raises(TaskError, match=r"tasks\.jsonl:1: ") as caught:
        read_tasks(path)
    assert said in str(caught.value)


@pytest.mark.parametrize("line", [2, 9])
def test_a_line_to_be_written_holds_nothing_yet(tmp_path: Path, line: int) -> None:
    """Neither a line of code nor one that is not there."""
    row = {**line_task().as_json(), "target": {"path": "words.py", "line": line}}
    with pytest.raises(TaskError, match="hold nothing but indentation"):
        read_tasks(lines_written(tmp_path / "tasks.jsonl", row))


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    """Results are told apart by it."""
    row = body_task().as_json()
    with pytest.raises(TaskError, match="ids must differ"):
        read_tasks(lines_written(tmp_path / "tasks.jsonl", row, row))


def test_a_draw_can_be_repeated_and_keeps_the_order() -> None:
    """The same seed gives the same tasks; names can be asked for."""
    tasks = [body_task(id=f"t{number}") for number in range(30)]
    some = chosen(tasks, limit=10, seed=1)
    assert some == chosen(tasks, limit=10, seed=1)
    assert some != chosen(tasks, limit=10, seed=2)
    assert some == sorted(some, key=tasks.index)
    assert [task.id for task in chosen(tasks, limit=None, seed=0, only=["t3"])] == ["t3"]


def test_the_parts_are_halves_that_never_change() -> None:
    """By the first hexadecimal digit of the name's SHA-256."""
    names = [f"exercise-{number}" for number in range(400)]
    dev = [name for name in names if part_of(name) == "dev"]
    assert 150 < len(dev) < 250
    assert {part_of(name) for name in names} == {"dev", "held"}
    # Their hashes begin with 0 and 9.
    assert (part_of("plum"), part_of("pear")) == ("dev", "held")


@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_our_own_tasks_are_sound(tmp_path: Path) -> None:
    """Their right answers pass, and without an answer their tests fail."""
    tasks = read_tasks(OWN).tasks
    assert {(task.kind, task.language) for task in tasks} == {
        ("body", "python"),
        ("body", "go"),
        ("line", "python"),
        ("line", "go"),
    }
    root = tmp_path / "w"
    root.mkdir()
    (root / "go.mod").write_text("module x\n\ngo 1.21\n")
    broken = replace(tasks[0], id="broken")

    async def judged() -> list[Any]:
        answers = [(task, task.solution()) for task in tasks]
        answers += [(task, task.text) for task in tasks]
        answers.append((broken, broken.text + "    return (\n"))
        return await graded(answers, referee=await grounds_at(root))

    grades = asyncio.run(judged())
    right, idle, last = grades[: len(tasks)], grades[len(tasks) : -1], grades[-1]
    sound = [grade.passes and not grade.adds_error for grade in right]
    assert [task.id for task, is_sound in zip(tasks, sound, strict=True) if not is_sound] == []
    assert [task.id for task, grade in zip(tasks, idle, strict=True) if grade.passes] == []
    assert (last.passes, last.adds_error) == (False, True)
    compiled = [
        (one.builds, other.builds)
        for task, one, other in zip(tasks, right, idle, strict=True)
        if task.kind == "body" and task.language == "go"
    ]
    assert compiled == [(True, False), (True, False)]
    assert all(
        grade.builds is None
        for task, grade in zip(tasks, right, strict=True)
        if task.language == "python"
    )
