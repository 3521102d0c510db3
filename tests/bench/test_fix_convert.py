"""Sets in other formats, in small samples of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.fix.convert import convert
from ducktypist.bench.fix.tasks import TaskError, read_tasks, write_tasks
from support.fix_tasks import lines_written

ROW: dict[str, Any] = {
    "task_id": "Own/3",
    "declaration": "from typing import List\n\n\ndef widest(boxes: List[int]) -> int:\n",
    "buggy_solution": "    return min(boxes)\n",
    "canonical_solution": "    return max(boxes)\n",
    "entry_point": "widest",
    "bug_type": "function misuse",
    "test": "def check(candidate):\n    assert candidate([1, 2]) == 2\n"
    "    assert candidate([3]) == 3\n    assert candidate([5, 4]) == 5\n\ncheck(widest)\n",
}


def test_functions_with_a_check(tmp_path: Path) -> None:
    """The body follows its head, a third of the asserts can be seen, the answer is nowhere."""
    (task,) = convert(lines_written(tmp_path / "set.jsonl", ROW), "humanevalfix")
    code = task.files["task_own_3_code.py"]
    assert code == ROW["declaration"] + ROW["buggy_solution"]
    visible, hidden = task.files["test_task_own_3_code.py"], task.hidden
    assert visible == (
        "from task_own_3_code import widest\n\n\ndef test_1():\n    candidate = widest\n"
        "    assert candidate([1, 2]) == 2\n"
    )
    assert hidden["test_task_own_3_code_hidden.py"].count("assert") == 2
    assert "max(boxes)" not in json.dumps(task.as_json())
    assert (task.function, task.operator) == ("widest", "function misuse")


def test_functions_given_whole(tmp_path: Path) -> None:
    """A solution that repeats the head does not get it twice."""
    whole = {**ROW, "buggy_solution": "def widest(boxes):\n    return min(boxes)\n"}
    (task,) = convert(lines_written(tmp_path / "set.jsonl", whole), "humanevalfix")
    code = task.files["task_own_3_code.py"]
    assert code.count("def widest") == 1
    assert code.startswith("from typing import List")


def test_programs_with_cases(tmp_path: Path) -> None:
    """Each line of arguments becomes an assert; iterators and tuples count as lists."""
    (tmp_path / "python_programs").mkdir()
    (tmp_path / "json_testcases").mkdir()
    for name in ("halves", "untested"):
        (tmp_path / "python_programs" / f"{name}.py").write_text(
            f"def {name}(x, y):\n    yield x\n"
        )
    lines_written(
        tmp_path / "json_testcases" / "halves.json", *[[[n, "a"], [n, n]] for n in range(6)]
    )
    (task,) = convert(tmp_path, "quixbugs")
    assert task.id == "halves"
    visible = task.files["test_halves.py"]
    assert visible.count("assert") == 2
    assert "assert plain(halves(0, 'a')) == [0, 0]" in visible
    assert task.hidden["test_halves_hidden.py"].count("assert") == 4
    scope: dict[str, Any] = {}
    exec(visible[visible.index("def plain") : visible.index("def test_1")], scope)  # noqa: S102 - our own text
    assert scope["plain"](iter([(1, 2), 3])) == [[1, 2], 3]


def test_go_folders(tmp_path: Path) -> None:
    """Code inside of the test moves into a file of its own, each with the imports that it uses."""
    folder = tmp_path / "blocking" / "shop" / "12"
    folder.mkdir(parents=True)
    (folder / "shop12_test.go").write_text(
        'package shop12\n\nimport (\n\t"sync"\n\t"testing"\n\tclock "time"\n)\n\n'
        "type Shop struct {\n\tmu sync.Mutex\n}\n\n"
        "func TestShop12(t *testing.T) {\n\tclock.Sleep(1)\n\t_ = Shop{}\n}\n"
    )
    (task,) = convert(tmp_path, "goker")
    assert task.id == "blocking/shop/12"
    assert task.failing == "shop12_test.go::TestShop12"
    assert task.operator == "blocking/shop"
    code, test = task.files["code.go"], task.files["shop12_test.go"]
    assert 'import (\n\t"sync"\n)' in code
    assert "type Shop struct" in code
    assert "TestShop12" not in code
    assert '\t"testing"\n\tclock "time"\n' in test
    assert '"sync"' not in test
    assert task.hidden == {"shop12_test.go": test}


def test_what_is_made_can_be_read(tmp_path: Path) -> None:
    """The checks of task files hold for what converters make."""
    tasks = convert(lines_written(tmp_path / "set.jsonl", ROW), "humanevalfix")
    write_tasks(tmp_path / "tasks.jsonl", tasks)
    assert list(read_tasks(tmp_path / "tasks.jsonl").tasks) == tasks


@pytest.mark.parametrize(
    ("row", "layout", "why"),
    [
        ({**ROW, "entry_point": None}, "humanevalfix", "`entry_point` must be a text"),
        ({**ROW, "test": "assert widest([1]) == 1"}, "humanevalfix", "at least two asserts"),
        ("[]", "humanevalfix", "expected an object"),
        ("{", "humanevalfix", "cannot be read as humanevalfix"),
        (ROW, "quixbugs", "holds no task of the format quixbugs"),
        (ROW, "other", "no format 'other'"),
    ],
)
def test_another_shape_is_refused(tmp_path: Path, row: Any, layout: str, why: str) -> None:
    """The message says what was expected."""
    with pytest.raises(TaskError, match=why):
        convert(lines_written(tmp_path / "set.jsonl", row), layout)
