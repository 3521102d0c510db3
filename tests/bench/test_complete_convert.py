"""Sets in other formats become completion tasks. The rows are our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.complete.convert import convert
from ducktypist.bench.complete.tasks import CompleteTask, task_of
from ducktypist.bench.tasks import TaskError
from support.fix_tasks import lines_written

MBPP: dict[str, Any] = {
    "task_id": 7,
    "prompt": "Write a function to keep the long words.",
    "code": (
        "import re\n\n\ndef is_long(word):\n    return len(word) > 3\n\n\n"
        "def long_words(text, sep=None):\n    return [w for w in text.split(sep) if is_long(w)]\n"
    ),
    "test_imports": [],
    "test_list": [
        "assert long_words('a long word') == ['long', 'word']",
        "assert long_words('') == []",
        "assert long_words('some,one', ',') == ['some']",
        "assert not long_words('a b')",
    ],
}
HUMANEVAL: dict[str, Any] = {
    "task_id": "Own/3",
    "prompt": (
        "from typing import List\n\n\ndef tail(items: List[int]) -> List[int]:\n"
        '    """Return all but the first item.\n\n    >>> tail([1, 2])\n    [2]\n    """\n'
    ),
    "entry_point": "tail",
    "canonical_solution": "    return items[1:]\n",
    "test": "def check(this):\n    assert this([]) == []\n    assert this([1, 2]) == [2]\n",
}
MULTIPL_E: dict[str, Any] = {
    "name": "own_4_join",
    "language": "go",
    "prompt": (
        'package own_4_test\n\nimport (\n    "testing"\n    "fmt"\n)\n\n'
        "// Join puts a dash between texts.\nfunc join(parts []string) string {\n"
    ),
    "tests": (
        "func TestJoin(t *testing.T) {\n    candidate := join\n"
        '    if fmt.Sprint(candidate([]string{"a", "b"})) != "a-b" {\n        t.Fail()\n    }\n}\n'
    ),
}
PYTHON: dict[str, Any] = {
    "slug": "counting",
    "solution_stub": {"counting.py": "def count(items):\n    pass\n"},
    "example": {
        ".meta/example.py": (
            'import collections\n\n\ndef count(items):\n    """Count items."""\n'
            "    # A remark.\n    found = collections.Counter()\n    for item in items:\n"
            "        found[item] += 1  # one more\n    if not found:\n        pass\n"
            "    return dict(\n        found\n    )\n"
        )
    },
    "test": {"counting_test.py": "from counting import count\n"},
    "editor": {"more.py": "X = 1\n"},
}
GO: dict[str, Any] = {
    "slug": "shouting",
    "go_mod": "module shouting\n\ngo 1.18\n",
    "solution_stub": {"shouting.go": "package shouting\n"},
    "example": {
        ".meta/example.go": (
            'package shouting\n\nimport (\n\t"strings"\n\t"unicode"\n)\n\n'
            "// Shout returns a text in upper case.\nfunc Shout(s string) string {\n"
            "\treturn strings.ToUpper(s)\n}\n\n"
            "func loud(r rune) bool { return unicode.IsUpper(r) }\n"
        )
    },
    "test": {"shouting_test.go": "package shouting\n"},
    "editor": {},
}


def converted(
    tmp_path: Path, layout: str, *rows: dict[str, Any], **options: Any
) -> list[CompleteTask]:
    """Convert rows; every task is one that can be read again."""
    found = convert(lines_written(tmp_path / "set.jsonl", *rows), layout, **options)
    assert found == [task_of(task.as_json(), "here") for task in found]
    return found


def test_asserts_become_examples_and_the_others_are_hidden(tmp_path: Path) -> None:
    """One or two by the seed; what the code has besides the function goes into the reference."""
    by_seed = {
        seed: converted(tmp_path, "mbpp", MBPP, seed=seed)[0].text.count(">>>") for seed in range(9)
    }
    assert set(by_seed.values()) == {1, 2}
    seed = next(seed for seed, n in by_seed.items() if n == 1)
    (task,) = converted(tmp_path, "mbpp", MBPP, seed=seed)
    assert (task.id, task.function, task.path) == ("mbpp/7", "long_words", "long_words.py")
    assert task.text == (
        "def long_words(text, sep=None):\n"
        '    """Write a function to keep the long words.\n\n'
        "    >>> long_words('a long word')\n    ['long', 'word']\n    \"\"\"\n"
    )
    (hidden,) = task.hidden.values()
    assert "a long word" not in hidden
    assert hidden.count("def test_") == 3
    assert "assert not long_words('a b')" in hidden
    namespace: dict[str, Any] = {}
    exec(task.solution(), namespace)  # noqa: S102 - our own code, from above
    assert namespace["long_words"]("a long word") == ["long", "word"]


@pytest.mark.parametrize(
    "changed",
    [
        {"test_list": ["assert long_words('a') == []"]},
        {"test_list": ["assert is_long('a') == long_words('a')", "assert long_words('a')"]},
        {"test_list": ["assert long_words('a') == {1, 2}", "assert long_words('b') == {3, 4}"]},
        {"code": "long_words = str.split\n"},
        {"prompt": 'Say """.'},
    ],
    ids=["one assert", "another function", "no fixed order", "no function", "quotes"],
)
def test_what_cannot_be_shown_and_hidden_is_left_out(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    """Not an error: a set may hold a few of those."""
    assert converted(tmp_path, "mbpp", {**MBPP, **changed}) == []


def test_a_prompt_with_its_check_becomes_a_task(tmp_path: Path) -> None:
    """The prompt is the file, the check is hidden and called."""
    (task,) = converted(tmp_path, "humaneval", HUMANEVAL)
    assert (task.id, task.function) == ("Own/3", "tail")
    assert task.text == HUMANEVAL["prompt"]
    assert task.reference == "    return items[1:]"
    (hidden,) = task.hidden.values()
    assert hidden.startswith("from task_own_3 import *\nfrom task_own_3 import tail\n")
    assert "def test_all():\n    check(tail)\n" in hidden
    namespace: dict[str, Any] = {}
    exec(task.solution(), namespace)  # noqa: S102 - our own code, from above
    assert namespace["tail"]([1, 2]) == [2]


def test_a_go_prompt_is_taken_apart(tmp_path: Path) -> None:
    """The code's file imports nothing that only the tests need, and is no test itself."""
    (task,) = converted(tmp_path, "multipl-e", MULTIPL_E)
    assert task.files["answer.go"] == (
        "package own_4\n\n// Join puts a dash between texts.\n"
        "func join(parts []string) string {\n}\n"
    )
    assert task.files["go.mod"].startswith("module own_4\n")
    test = task.hidden["answer_test.go"]
    assert test.startswith('package own_4\n\nimport (\n\t"testing"\n\t"fmt"\n)\n')
    assert "func TestJoin" in test
    assert task.reference == ""


def test_lines_are_taken_out_of_solutions(tmp_path: Path) -> None:
    """Whole statements and heads without a comment; the function's body is a task too."""
    drawn = {
        task.reference
        for seed in range(30)
        for task in converted(tmp_path, "exercism-python", PYTHON, seed=seed)
        if task.kind == "line"
    }
    assert drawn == {
        "    found = collections.Counter()",
        "    for item in items:",
        "    if not found:",
    }
    *lines, body = converted(tmp_path, "exercism-python", PYTHON)
    assert len(lines) == 2
    for task in lines:
        assert task.solution() == PYTHON["example"][".meta/example.py"]
        assert task.text.split("\n")[task.line - 1] == "    "
        assert set(task.files) == {"counting.py", "more.py"}
        assert task.hidden == PYTHON["test"]
    assert (body.kind, body.function) == ("body", "count")
    assert body.text.endswith('    """Count items."""\n')
    assert "collections.Counter()" in body.reference


def test_go_functions_are_emptied_one_at_a_time(tmp_path: Path) -> None:
    """Imports that only the body needs are gone, and the whole file is the reference then."""
    (task,) = converted(tmp_path, "exercism-go", GO)
    assert (task.id, task.function) == ("exercism-go/shouting#Shout", "Shout")
    assert "// Shout returns a text in upper case.\nfunc Shout(s string) string {\n}\n" in task.text
    assert '"unicode"' in task.text
    assert '"strings"' not in task.text
    assert task.solution() == GO["example"][".meta/example.go"]
    assert task.files["go.mod"] == GO["go_mod"]


def test_a_problem_is_in_one_part_only(tmp_path: Path) -> None:
    """The same exercise in two languages is in the same part."""
    rows = [{**PYTHON, "slug": f"counting-{number}"} for number in range(12)]
    parts = {
        part: {
            task.id.split(":")[0]
            for task in converted(tmp_path, "exercism-python", *rows, part=part)
        }
        for part in ("dev", "held", "all")
    }
    assert parts["dev"]
    assert parts["held"]
    assert parts["dev"] | parts["held"] == parts["all"]
    slugs = {
        part: {name.partition("/")[2].partition("#")[0] for name in names}
        for part, names in parts.items()
    }
    assert not slugs["dev"] & slugs["held"]


@pytest.mark.parametrize(
    ("layout", "row", "said"),
    [
        ("mbpp", {"task_id": 1}, "`text` must be a text"),
        ("mbpp", {**MBPP, "code": "def f(:"}, "cannot be read as mbpp"),
        ("mbpp", {**MBPP, "test_list": "assert 1"}, "`test_list` must be a list"),
        ("humaneval", {"prompt": "x"}, "`entry_point` must be a text"),
        ("multipl-e", {**MULTIPL_E, "language": "lua"}, "only the Go part"),
        ("exercism-go", {"slug": "x", "example": []}, "cannot be read as exercism-go"),
        ("lines", MBPP, "no format 'lines'"),
    ],
)
def test_another_shape_is_said(tmp_path: Path, layout: str, row: dict[str, Any], said: str) -> None:
    """The message names the format and the line."""
    with pytest.raises(TaskError, match=said):
        convert(lines_written(tmp_path / "set.jsonl", row), layout)
