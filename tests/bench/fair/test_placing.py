"""A model's answer goes into the file that it was asked about, as a person would paste it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ducktypist.bench.fair.placing import placed
from ducktypist.bench.fair.tasks import FairTask
from support.fair_tasks import GO_FUNCTION, LARGER, LARGER_RIGHT, PYTHON_FIX, RACE, TALLY_LOCKED

BODY = "\tif a > b {\n\t\treturn a\n\t}\n\treturn b"
ROOM = "def room(size, used):\n    return size - used\n"
SHELF = (
    '"""Shelves."""\n\nimport os\n\nLIMIT = 3\n\n\ndef room(size, used):\n    return used\n\n\n'
    "def after():\n    return LIMIT\n"
)
METHOD = (
    "class Shelf:\n    def __init__(self, size):\n        self.size = size\n\n"
    "    def room(self, used):\n        {}\n\n    def name(self):\n        return 's'\n"
)


def fenced(code: str, language: str = "python") -> str:
    """Return code as a chat answer holds it, with words around it."""
    return f"Here it is:\n```{language}\n{code}\n```\nThat does it."


def shelf(text: str = SHELF, function: str = "room") -> FairTask:
    """Return the Python task with another source."""
    return replace(PYTHON_FIX, function=function, files={**PYTHON_FIX.files, "shelf.py": text})


@pytest.mark.parametrize(
    "said",
    [
        f"func Larger(a, b int) int {{\n{BODY}\n}}",
        f"// Larger returns the larger number.\nfunc Larger(a, b int) int {{\n{BODY}\n}}",
        LARGER_RIGHT,
        BODY,
    ],
    ids=["function", "with comment", "whole file", "body"],
)
def test_go_answers_of_each_form_become_the_same_code(said: str) -> None:
    """Function alone, whole file and body alone all end up as one function in its package."""
    found = placed(GO_FUNCTION, fenced(said, "go"))
    assert found.count("package larger") == 1
    assert found.count("func Larger(a, b int) int {\n") == 1
    assert BODY in found


def test_an_answer_without_a_fence_is_taken_whole() -> None:
    """What stands there is the answer."""
    assert placed(GO_FUNCTION, "return max(a, b)") == LARGER.format("\treturn max(a, b)")


def test_go_imports_are_put_where_they_belong() -> None:
    """Imports in the answer and those it forgot end up above; nothing unused stays."""
    said = 'import "os"\n\nfunc Larger(a, b int) int {\n\tfmt.Println(a)\n\treturn b\n}'
    found = placed(GO_FUNCTION, fenced(said, "go"))
    assert found.index('import "fmt"') < found.index("func Larger")
    assert '"os"' not in found


def test_new_declarations_of_go_come_along_and_repeated_ones_do_not() -> None:
    """Go refuses a type twice; what the file lacks it takes from the answer."""
    function = "func Larger(a, b int) int {\n\treturn pick(a)\n}"
    extra = "func pick(a int) int { return a }\n\n"
    assert extra in placed(GO_FUNCTION, fenced(extra + function, "go"))
    text = GO_FUNCTION.text.replace("package larger\n", "package larger\n\ntype Pair struct{}\n")
    task = replace(GO_FUNCTION, files={**GO_FUNCTION.files, "larger.go": text})
    found = placed(task, fenced(f"type Pair struct{{}}\n\n{function}", "go"))
    assert found.count("type Pair") == 1
    assert function in found


def test_python_functions_take_the_place_of_the_old_one() -> None:
    """All else of the file stays."""
    found = placed(shelf(), fenced(ROOM))
    assert found == SHELF.replace("    return used\n", "    return size - used\n")


def test_python_bodies_get_their_indentation() -> None:
    """A body without its head is put below the head that is there."""
    assert placed(shelf(), "return size - used") == placed(shelf(), fenced(ROOM))


def test_a_whole_python_file_replaces_the_file() -> None:
    """What begins like the file is the file, other constants included."""
    whole = SHELF.replace("LIMIT = 3", "LIMIT = 4")
    assert placed(shelf(), fenced(whole.rstrip("\n"))) == whole


@pytest.mark.parametrize("indent", ["", "    "])
def test_a_method_is_found_without_its_class(indent: str) -> None:
    """However far the answer indents it, it stands in its class afterwards."""
    method = f"{indent}def room(self, used):\n{indent}    return self.size - used"
    found = placed(shelf(METHOD.format("return used"), "Shelf.room"), fenced(method))
    assert found == METHOD.format("return self.size - used")


def test_a_race_is_answered_with_the_whole_file() -> None:
    """Nothing of the old file stays."""
    assert placed(RACE, fenced(TALLY_LOCKED.rstrip("\n"), "go")) == TALLY_LOCKED


@pytest.mark.parametrize("said", ["", "   \n", "```python\n\n```"])
def test_nothing_said_is_no_file(said: str) -> None:
    """The file as it was would be an echo, not an answer."""
    assert placed(PYTHON_FIX, said) == ""


def test_a_function_that_the_file_lacks_is_the_file() -> None:
    """Where there is no place to paste, the answer alone is what runs."""
    assert placed(shelf("", "room"), fenced(ROOM.rstrip("\n"))) == ROOM
