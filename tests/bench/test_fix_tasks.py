"""Task files: what is read, and what is said of a line that is no task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.fix.tasks import TaskError, digest, is_source, read_tasks, write_tasks
from support.fix_tasks import CODE, lines_written, task

GOOD = task().as_json()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Order and every field survive; the file's hash goes with them."""
    tasks = [task(), task(id="other", meta={"what": "`<` became `<=`"}, line=0)]
    path = tmp_path / "tasks.jsonl"
    write_tasks(path, tasks)
    found = read_tasks(path)
    assert list(found.tasks) == tasks
    assert len(found.sha256) == 64


def test_little_is_needed(tmp_path: Path) -> None:
    """Function, line, operator and group may be unknown."""
    needed = {key: GOOD[key] for key in ("id", "language", "files", "failing", "hidden")}
    (found,) = read_tasks(lines_written(tmp_path / "t.jsonl", needed, "")).tasks
    assert (found.function, found.line, found.operator, found.group) == ("", 0, "", "")
    assert found.sources == ("basket.py",)


BAD: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "no JSON"),
    "no object": ("[1]", "expected an object"),
    "no id": ({**GOOD, "id": ""}, "`id` must be a text"),
    "a strange language": ({**GOOD, "language": "cobol"}, "expected python or go"),
    "no files": ({**GOOD, "files": {}}, "`files` must hold"),
    "a file that is no text": ({**GOOD, "files": {"a.py": 1}}, "`files` must hold"),
    "a failing test elsewhere": ({**GOOD, "failing": "test_x.py::test"}, "must read FILE::NAME"),
    "a failing file": ({**GOOD, "failing": "test_basket.py"}, "must read FILE::NAME"),
    "no code": (
        {**GOOD, "files": {"test_basket.py": "x"}, "hidden": {"test_h.py": "x"}},
        "no python code",
    ),
    "hidden code": ({**GOOD, "hidden": {"basket.py": CODE}}, "take the place of the code"),
    "a path that leaves": ({**GOOD, "hidden": {"../x.py": ""}}, "no path below"),
    "an absolute path": ({**GOOD, "hidden": {"/x.py": ""}}, "no path below"),
    "a negative line": ({**GOOD, "line": -1}, "`line` must be"),
    "an unknown key": ({**GOOD, "verdict": 1}, "unknown keys verdict"),
}


@pytest.mark.parametrize(("row", "why"), BAD.values(), ids=BAD)
def test_a_line_that_is_no_task_is_named(tmp_path: Path, row: Any, why: str) -> None:
    """The message holds the file, the line and what was expected."""
    path = lines_written(tmp_path / "t.jsonl", GOOD, row)
    with pytest.raises(TaskError, match=r"t\.jsonl:2: ") as found:
        read_tasks(path)
    assert why in str(found.value)


def test_ids_differ(tmp_path: Path) -> None:
    """Two tasks of one name could not be told apart in a report."""
    with pytest.raises(TaskError, match="there is a task 'basket' already"):
        read_tasks(lines_written(tmp_path / "t.jsonl", GOOD, GOOD))


def test_a_file_without_tasks_is_refused(tmp_path: Path) -> None:
    """Nothing to run is no result."""
    with pytest.raises(TaskError, match="holds no task"):
        read_tasks(lines_written(tmp_path / "t.jsonl", ""))
    with pytest.raises(TaskError, match="cannot be read"):
        read_tasks(tmp_path / "absent.jsonl")


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        ("shop/orders.py", "python", True),
        ("shop/test_orders.py", "python", False),
        ("orders_test.py", "python", False),
        ("tests/support.py", "python", False),
        ("conftest.py", "python", False),
        ("setup.cfg", "python", False),
        ("contest.py", "python", True),
        ("a.go", "go", True),
        ("a_test.go", "go", False),
        ("go.mod", "go", False),
        ("a.py", "go", False),
    ],
)
def test_tests_and_settings_are_no_code(name: str, language: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    """A fix may change code only."""
    assert is_source(name, language) is expected


def test_a_digest_is_of_the_order_too() -> None:
    """Another order is another run."""
    assert digest(["a", "b"]) == digest(["a", "b"])
    assert digest(["a", "b"]) != digest(["b", "a"])
    assert digest(["ab"]) != digest(["a", "b"])
