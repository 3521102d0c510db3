"""Task files are read, worded otherwise, and refused with what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.bench.fair.tasks import Wording, of_tasks, read_tasks, renamed_target, reordered
from ducktypist.bench.fair.traces import MAX_CHARS, _calm, _cut
from ducktypist.bench.tasks import TaskError
from support.fair_tasks import GO_FUNCTION, PYTHON_FIX, SCRIPT

TASK = """\
title = "a shelf"
level = "easy"
kind = "fix"
language = "python"
source = "shelf.py"
function = "room"
target = "test_shelf.py::test_room"
examples = ["room(3, 1) == 2", "room(1, 1) == 0"]
oracle = "def room(size, used): return size - used"
[files]
"shelf.py" = '''
def room(size, used):
    \"\"\"Say it.

    room(3, 1) == 2
    roomy
    room(1, 1) == 0
    \"\"\"
    return used
'''
"test_shelf.py" = "def test_room(): ..."
[hidden]
"test_hidden.py" = "from shelf import room"
[[wordings]]
rename = { room = "space" }
order = [1, 0]
"""


def written(folder: Path, text: str = TASK, name: str = "fix/shelf") -> Path:
    """Write a task file and return the folder of all tasks."""
    path = folder / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


def test_a_task_is_what_its_file_says(tmp_path: Path) -> None:
    """Id and family come from where it lies, everything else from what stands in it."""
    (task,) = read_tasks(written(tmp_path)).tasks
    assert (task.id, task.family, task.function) == ("fix/shelf", "fix", "room")
    assert task.text.startswith("def room")
    assert len(task.sha256) == 64


def test_another_wording_renames_whole_words_everywhere(tmp_path: Path) -> None:
    """Source, tests, right answer, function and target; no path, and no part of a word."""
    (task,) = read_tasks(written(tmp_path)).tasks
    other = task.worded(0)
    assert other.function == "space"
    assert other.files.keys() == task.files.keys()
    assert "roomy" in other.text
    assert "def space" in other.text
    assert other.oracle.startswith("def space")
    assert other.hidden["test_hidden.py"] == "from shelf import space"
    assert other.target == "test_shelf.py::test_room"
    assert other.wordings == ()
    assert other.sha256 != task.sha256


def test_another_wording_reorders_examples_only(tmp_path: Path) -> None:
    """The lines with examples change places; what stands between them stays."""
    (task,) = read_tasks(written(tmp_path)).tasks
    other = task.worded(0)
    lines = [line.strip() for line in other.text.splitlines()]
    assert lines[3:6] == ["space(1, 1) == 0", "roomy", "space(3, 1) == 2"]
    assert other.examples == ("space(1, 1) == 0", "space(3, 1) == 2")


def test_a_text_without_an_example_stays_as_it_is() -> None:
    """Nothing is half reordered."""
    assert reordered("a\nb\n", ["a", "c"], [1, 0]) == "a\nb\n"
    assert reordered("a\nb\nc", ["a", "b", "c"], [2, 0, 1]) == "c\na\nb"


def test_a_targets_path_stays() -> None:
    """Files keep their names in every wording."""
    assert renamed_target("room.py::room", str.upper) == "room.py::ROOM"
    assert renamed_target("", str.upper) == ""


REFUSED = {
    'title = "a shelf"\n': ("", "`title` must be a text"),
    'level = "easy"': ('level = "cosy"', "`level` must be one of basic, easy, middle, hard"),
    'kind = "fix"': ('kind = "poem"', "`kind` must be one of function, fix, race"),
    'language = "python"': ('language = "cobol"', "`language` must be one of go, python"),
    'source = "shelf.py"': ('source = "other.py"', "`source` must be one of the files"),
    'function = "room"\n': ("", "`function` is missing"),
    'target = "test_shelf.py::test_room"': ('target = "test_room"', "`target` must be FILE::TEST"),
    '"room(1, 1) == 0"]': ('"room(9)"]', "the example 'room(9)' is not in the source"),
    "order = [1, 0]": ("order = [1, 1]", "`order` must be a permutation of the examples"),
    'room = "space"': ('rooms = "space"', "nothing is called rooms"),
    '{ room = "space" }': ('{ room = "used" }', "there is a used already"),
    'rename = { room = "space" }': ('rename = { room = "a b" }', "`rename` holds names by name"),
    "order = [1, 0]\n": ("words = 3\n", "a wording has `rename` and `order`"),
    "[files]": ("colour = 3\n[files]", "unknown keys: colour"),
    '"shelf.py" =': ('"../shelf.py" =', "is no path below the workspace"),
    "[hidden]": ("[hidden", "cannot be read"),
}


@pytest.mark.parametrize(("old", "new", "message"), [(k, *v) for k, v in REFUSED.items()])
def test_a_task_that_cannot_be_asked_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """The message names the file and what is wrong with it."""
    assert old in TASK
    folder = written(tmp_path, TASK.replace(old, new, 1))
    with pytest.raises(TaskError) as caught:
        read_tasks(folder)
    assert message in str(caught.value)
    assert "shelf.toml" in str(caught.value)


def test_a_script_needs_a_purpose_and_five_inputs(tmp_path: Path) -> None:
    """Without either nothing of its explanation can be graded."""
    text = 'title = "t"\nkind = "explain"\nlanguage = "shellscript"\nsource = "s.sh"\n'
    files = '[files]\n"s.sh" = "echo"\n[hidden]\n"t.bats" = "x"\n'
    with pytest.raises(TaskError, match="a purpose and 5 inputs are needed"):
        read_tasks(written(tmp_path, text + 'purpose = "p"\n' + files))


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    """With what was expected there."""
    with pytest.raises(TaskError, match=r"holds no task; expected FAMILY/TASK\.toml"):
        read_tasks(tmp_path)


def test_families_are_chosen_and_cut() -> None:
    """The first ones of each, in the order of all; an unknown family is told with the known."""
    tasks = of_tasks([PYTHON_FIX, replace(PYTHON_FIX, id="fix/b"), GO_FUNCTION, SCRIPT])
    chosen = tasks.of(("fix", "go-function"), 1)
    assert [task.id for task in chosen.tasks] == [PYTHON_FIX.id, GO_FUNCTION.id]
    assert tasks.of((), None) == tasks
    with pytest.raises(TaskError, match="no family is called poems; known are fix, go-function"):
        tasks.of(("poems",), None)


def test_the_order_within_a_family_does_not_follow_names(tmp_path: Path) -> None:
    """It is that of a hash, the same on every machine, so that the first few are a fair draw."""
    for name in "abcdefgh":
        written(tmp_path, name=f"fix/{name}")
    found = [task.id for task in read_tasks(tmp_path).tasks]
    assert found != sorted(found)
    assert found == [task.id for task in read_tasks(tmp_path).tasks]


def test_levels_take_turns(tmp_path: Path) -> None:
    """The first few of a family are of every level, whatever the hashes are."""
    for number, level in enumerate(["hard"] * 3 + ["basic"] * 2 + ["middle"] * 3):
        text = TASK.replace('level = "easy"', f'level = "{level}"')
        written(tmp_path, text, name=f"fix/t{number}")
    found = [task.level for task in read_tasks(tmp_path).tasks]
    assert found == [*(("basic", "middle", "hard") * 2), "middle", "hard"]


def test_go_files_get_a_module(tmp_path: Path) -> None:
    """A task of Go need not write its go.mod."""
    text = TASK.replace('language = "python"', 'language = "go"').replace("shelf.py", "shelf.go")
    (task,) = read_tasks(written(tmp_path, text, "fix/a-Shelf2")).tasks
    assert task.files["go.mod"].startswith("module ashelf2\n")


def test_a_wording_changes_the_hash_of_the_task() -> None:
    """An answer to another text of a task counts for nothing, wordings included."""
    assert replace(PYTHON_FIX, wordings=(Wording(rename={}),)).sha256 != PYTHON_FIX.sha256


def test_a_trace_is_the_same_in_every_run() -> None:
    """Addresses, goroutines, durations and blanks at line ends are left out."""
    first = "WARNING at 0xc00012 by Goroutine 7: \n--- FAIL: TestA (0.03s)"
    second = "WARNING at 0xc00999 by Goroutine 21:\n--- FAIL: TestA (1.20s)"
    assert _calm(first) == _calm(second) == "WARNING at 0x… by Goroutine:\n--- FAIL: TestA"


def test_a_long_trace_ends_at_a_line() -> None:
    """What a prompt can hold is kept, and that there was more is shown."""
    told = _cut("\n".join(["x" * 99] * 20))
    assert len(told) <= MAX_CHARS + 2
    assert told.endswith("x\n…")
    assert _cut("short") == "short"
    assert _cut("y" * 2000).startswith("y" * MAX_CHARS)
