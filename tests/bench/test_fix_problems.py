"""Solved problems: how their tests are split, and further inputs."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.fix.inputs import further_calls
from ducktypist.bench.fix.problems import PARTS, part_of, problem_of, read_problems
from ducktypist.bench.fix.tasks import TaskError
from support.fix_tasks import lines_written

FUNCTION: dict[str, Any] = {
    "task_id": 7,
    "prompt": "Write a python function to double each number of a list.",
    "code": "def doubled(values):\r\n    found = []\r\n    for value in values:\r\n"
    "        found.append(value * 2)\r\n    return found",
    "test_imports": ["import math"],
    "test_list": [
        "assert doubled([1, 2]) == [2, 4]",
        "assert doubled([]) == []",
        "assert doubled([5]) == [10]",
    ],
}
EXERCISE: dict[str, Any] = {
    "slug": "boxes",
    "example": {".meta/example.py": "def n():\n    return 1\n"},
    "solution_stub": {"boxes.py": "def n():\n    pass\n"},
    "test": {
        "boxes_test.py": "import unittest\n\nfrom boxes import n\n\n\n"
        "class T(unittest.TestCase):\n\n"
        "    def test_a(self):\n        self.assertEqual(n(), 1)\n\n"
        "    @unittest.skip\n    def test_b(self):\n        self.assertEqual(n(), 2)\n\n"
        "    def test_c(self):\n        self.assertEqual(n(), 1)\n"
    },
}
GO_EXERCISE: dict[str, Any] = {
    "slug": "boxes",
    "example": {".meta/example.go": "package boxes\n\nfunc N() int { return 1 }\n"},
    "solution_stub": {"boxes.go": "package boxes\n"},
    "test": {
        "boxes_test.go": "package boxes\n",
        "cases_test.go": "package boxes\n\nvar cases = []int{\n\t1,\n\t2,\n\t3,\n}\n",
    },
    "go_mod": "module boxes\n\ngo 1.22\n",
}


def test_a_function_gets_its_task_as_docstring_and_its_asserts_split() -> None:
    """One or two asserts can be seen; imports and line ends are in order."""
    counts = set()
    for seed in range(12):
        found = problem_of(FUNCTION, group="own", seed=seed)
        assert found is not None
        (visible,) = found.visible.values()
        (hidden,) = found.hidden.values()
        counts.add(visible.count("assert"))
        assert visible.count("assert") + hidden.count("assert") == 3
        assert visible.startswith("import math\nfrom doubled import doubled\n\n\ndef test_1():\n")
        assert hidden.startswith("import math\nfrom doubled import doubled\n")
        assert found.id == "own/7"
        assert found.code.startswith(
            'def doubled(values):\n    """Double each number of a list."""\n    found = []\n'
        )
        assert "\r" not in found.code
    assert counts == {1, 2}


def test_a_module_is_named_so_that_it_can_be_imported_and_is_no_test() -> None:
    """Neither a test's name nor the standard library's is taken."""
    for name in ("test_it", "json", "it_test"):
        row = {
            **FUNCTION,
            "code": FUNCTION["code"].replace("doubled", name),
            "test_list": [text.replace("doubled", name) for text in FUNCTION["test_list"]],
        }
        found = problem_of(row, group="own", seed=0)
        assert found is not None
        assert found.source == f"the_{name}_code.py"
        assert list(found.visible) == [f"test_the_{name}_code.py"]


def test_python_exercises_are_split_by_method() -> None:
    """Every other method can be seen, decorators go with theirs."""
    found = problem_of(EXERCISE, group="own", seed=0)
    assert found is not None
    assert found.source == "boxes.py"
    assert found.code == EXERCISE["example"][".meta/example.py"]
    visible, hidden = found.visible["boxes_test.py"], found.hidden["boxes_hidden_test.py"]
    assert [name in visible for name in ("test_a", "test_b", "test_c")] == [True, False, True]
    assert [name in hidden for name in ("test_a", "test_b", "test_c")] == [False, True, False]
    assert ("skip" in visible, "skip" in hidden) == (False, True)
    ast.parse(visible)
    ast.parse(hidden)


def test_go_exercises_are_split_by_case() -> None:
    """Every other case can be seen; at the end the whole table takes its place."""
    found = problem_of(GO_EXERCISE, group="own", seed=0)
    assert found is not None
    assert found.visible["cases_test.go"] == "package boxes\n\nvar cases = []int{\n\t1,\n\t3,\n}\n"
    assert found.hidden == {"cases_test.go": GO_EXERCISE["test"]["cases_test.go"]}
    assert found.fixed == {"go.mod": "module boxes\n\ngo 1.22\n"}


def test_what_cannot_be_split_is_left_out() -> None:
    """One test, two files of code or a function of two lines make no task."""
    one = {**EXERCISE, "test": {"boxes_test.py": "def test():\n    pass\n"}}
    two = {**EXERCISE, "example": {"a.py": "", "b.py": ""}}
    short = {**FUNCTION, "code": "def doubled(values):\n    return [v * 2 for v in values]\n"}
    assert [problem_of(row, group="own", seed=0) for row in (one, two, short)] == [None] * 3


def test_parts_never_share_a_problem() -> None:
    """Whatever the seed, and one exercise in two languages is on one side."""
    names = [f"p{number}" for number in range(200)]
    parts = {name: part_of(f"python/{name}") for name in names}
    assert set(parts.values()) == set(PARTS)
    assert all(part_of(f"go/{name}") == part for name, part in parts.items())


def test_an_unknown_shape_is_named(tmp_path: Path) -> None:
    """The message holds the line and its keys."""
    path = lines_written(tmp_path / "data.jsonl", FUNCTION, {"question": 1})
    with pytest.raises(TaskError, match="no solved problem of a known shape; its keys are quest"):
        read_problems(path, part="dev", seed=0)
    path = lines_written(tmp_path / "broken.jsonl", {**FUNCTION, "test_list": "one"})
    with pytest.raises(TaskError, match=r"broken\.jsonl:1: "):
        read_problems(path, part="dev", seed=0)


CALLS = ["f([1, 2, 3], 'ab', 4)", "f([5], 'xyz', 1)"]


def test_further_inputs_stay_in_the_shown_domain() -> None:
    """They are new, the same for a seed, of the same types, and of the same signs."""
    found = further_calls(CALLS, n=20, seed="s")
    assert found == further_calls(CALLS, n=20, seed="s")
    assert found != further_calls(CALLS, n=20, seed="t")
    assert len(set(found)) == len(found) == 20
    assert not set(found) & set(CALLS)
    for text in found:
        call = ast.parse(text, mode="eval").body
        assert isinstance(call, ast.Call)
        numbers, word, size = (ast.literal_eval(item) for item in call.args)
        assert numbers
        assert all(isinstance(item, int) and item > 0 for item in numbers)
        assert isinstance(word, str)
        assert word
        assert size > 0


def test_what_is_no_literal_is_passed_over() -> None:
    """A call whose arguments must be computed first shows no domain."""
    assert further_calls(["f(g(1))", "f(key=1)"], n=5, seed="s") == []
    assert further_calls([], n=5, seed="s") == []


@pytest.mark.parametrize("value", ["True", "None", "{'a': 1, 'b': 2}", "{1, 2}", "(1, 'x')", "2.5"])
def test_every_literal_keeps_its_type(value: str) -> None:
    """A set stays a set, a record keeps its fields' types."""
    kind = type(ast.literal_eval(value))
    for text in further_calls([f"f({value}, 3)"], n=8, seed="s"):
        call = ast.parse(text, mode="eval").body
        assert isinstance(call, ast.Call)
        assert type(ast.literal_eval(call.args[0])) is kind
