"""Public sets become tasks. Every row in ``tests/cases/suites`` is an invention of ours.

Their fields are those of the sets; none of their problems is here.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ducktypist.bench.fair.answers import Grade, Outcome, Pass
from ducktypist.bench.fair.controls import ECHO, ORACLE, controls, holds
from ducktypist.bench.fair.plan import Plan, asked_in
from ducktypist.bench.fair.suites import NAMES, tasks_for
from ducktypist.bench.fair.tasks import FairTask, TaskKind, own_tasks
from ducktypist.bench.tasks import TaskError
from ducktypist.features.grounds import Grounds
from support.fix_tasks import lines_written
from support.refereed import Refereed, needs_go, refereed

__all__ = ["refereed"]
CASES = Path(__file__).parents[2] / "cases" / "suites"
PREDICTED = {"id": "a", "code": "def f(x):\n    return x", "input": "1", "output": "1"}
PACK = {
    "task_id": "Python/7",
    "declaration": "def f(x):\n",
    "buggy_solution": "    return x\n",
    "canonical_solution": "    return -x\n",
    "entry_point": "f",
    "test": "def check(f):\n    assert f(1) == -1\n",
}


def read(*suites: str, n_each: int | None = None) -> tuple[Mapping[str, FairTask], list[str]]:
    """Return the tasks of sets by id, and what was said of them."""
    said: list[str] = []
    found = tasks_for(Plan(models=(), suites=suites, n_each=n_each), say=said.append)
    return {task.id: task for task in found.tasks}, said


@pytest.fixture
def cached(go_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Share Go's build cache with other tests."""
    monkeypatch.setenv("DUCKTYPIST_CACHE_DIR", str(go_cache))


def test_without_a_set_our_own_tasks_are_asked() -> None:
    """The first few of each family, where so many are wanted."""
    plan = Plan(models=(), families=("fix",), n_each=2)
    assert tasks_for(plan) == own_tasks().of(["fix"], 2)


@pytest.mark.usefixtures("cached")
@pytest.mark.sandbox
def test_humaneval() -> None:
    """What has no docstring or a wrong answer is left out, counted and said."""
    tasks, said = read(f"humaneval:{CASES / 'humaneval.jsonl'}")
    (task,) = tasks.values()
    assert (task.id, task.kind, task.language) == ("humaneval/Own_0", "function", "python")
    assert task.function == "without_first"
    assert ">>> without_first([1, 2])" in task.text
    assert task.oracle == task.text.rstrip() + "\n    return items[1:]\n"
    assert "check(without_first)" in task.hidden["test_task_own_0.py"]
    assert said[-1] == (
        "humaneval: 1 tasks; 2 left out (1: its prompt does not end with an empty function that "
        "has a docstring; 1: its right answer is wrong here)"
    )


@pytest.mark.usefixtures("cached")
@pytest.mark.sandbox
def test_mbpp() -> None:
    """The first assert is shown, in the docstring and as a test; the others are hidden."""
    tasks, said = read(f"mbpp:{CASES / 'mbpp.jsonl'}")
    assert list(tasks) == ["mbpp/901", "mbpp/903"]
    task = tasks["mbpp/901"]
    assert ">>> long_words('a long word')" in task.text
    assert "return" not in task.text
    assert "['long', 'word']" in task.files["test_long_words.py"]
    (hidden,) = task.hidden.values()
    assert hidden.startswith("NOTHING = []\n")
    assert "== NOTHING" in hidden
    assert "['long', 'word']" not in hidden
    assert "\n    assert set(shared('ab', 'bc')) == {'b'}\n" in tasks["mbpp/903"].text
    assert "1: its asserts do not call one plain function" in said[-1]


@pytest.mark.usefixtures("cached")
@pytest.mark.sandbox
def test_mbpp_as_one_array() -> None:
    """The sanitized part is one array, and says what its tests import."""
    tasks, _ = read(f"mbpp:{CASES / 'mbpp-sanitized.json'}")
    assert tasks["mbpp/911"].hidden["test_half_hidden.py"].startswith("import math\n")


def test_multipl_e() -> None:
    """Go and Python are read; no right answer is known, and that is said."""
    suites = [f"multipl-e:{CASES / f'multipl-e-{name}.jsonl'}" for name in ("go", "py")]
    tasks, said = read(*suites)
    assert list(tasks) == ["multipl-e-go/Own_1_dashed", "multipl-e-python/Own_2_shorter"]
    assert {task.oracle for task in tasks.values()} == {""}
    (python,) = tasks["multipl-e-python/Own_2_shorter"].hidden.values()
    assert "\ntest_check()" not in python, "it would run when the file is loaded"
    assert "check(shorter)" in python
    assert said[-1].endswith("1 tasks have no known right answer, so no control is run on them")


def test_shell_functions_are_not_graded() -> None:
    """A set of which nothing is left is an error that says why."""
    with pytest.raises(TaskError, match=r"can be used; left out: 1: functions in sh are not grad"):
        read(f"multipl-e:{CASES / 'multipl-e-sh.jsonl'}")


@pytest.mark.usefixtures("cached")
@pytest.mark.sandbox
def test_humanevalpack() -> None:
    """The first red case is shown and the others hidden; what is not red is left out."""
    tasks, said = read(f"humanevalpack:{CASES / 'humanevalpack-python.jsonl'}")
    assert list(tasks) == ["humanevalpack-python/Python_0", "humanevalpack-python/Python_1"]
    task, whole = tasks.values()
    assert (task.kind, task.target) == ("fix", "test_python_0_code.py::test_2")
    assert "room(1, 3)" in task.files["test_python_0_code.py"]
    assert "room(2, 5)" not in task.files["test_python_0_code.py"]
    assert "room(2, 5)" in task.hidden["test_python_0_code_hidden.py"]
    assert whole.hidden == {}, "a loop of asserts cannot be taken apart"
    assert said[-1] == (
        "humanevalpack: 2 tasks; 2 left out (1: Rust is not mended here; 1: none of its tests "
        "fails here)"
    )


@pytest.mark.usefixtures("cached")
@needs_go
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_humanevalpack_in_go() -> None:
    """Its checks are a stand-in of ours, since what it imports is not there where tests run."""
    tasks, _ = read(f"humanevalpack:{CASES / 'humanevalpack-go.jsonl'}")
    (task,) = tasks.values()
    assert (task.id, task.target) == ("humanevalpack-go/Go_0", "answer_test.go::Test2")
    assert "testify" not in "".join([*task.files.values(), *task.hidden.values()])
    assert "assert.InDelta" in task.hidden["answer_hidden_test.go"]


@pytest.mark.usefixtures("cached")
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_quixbugs() -> None:
    """A case that the right program fails is no case; a red one that never ends is ended."""
    tasks, said = read(f"quixbugs:{CASES / 'quixbugs'}")
    assert list(tasks) == ["quixbugs/climb", "quixbugs/down", "quixbugs/pair"]
    climb = tasks["quixbugs/climb"]
    assert climb.target == "test_climb_code.py::test_3"
    assert "99" not in "".join([*climb.files.values(), *climb.hidden.values()])
    assert "signal.alarm" not in climb.files["test_climb_code.py"]
    assert "signal.alarm" in tasks["quixbugs/down"].files["test_down_code.py"]
    assert "left out (2: it has no json_testcases)" in said[-1]


@pytest.mark.usefixtures("cached")
@needs_go
@pytest.mark.sandbox
@pytest.mark.timeout(600)
def test_goker() -> None:
    """What blocks and what shows no race here is left out."""
    tasks, said = read(f"goker:{CASES / 'goker'}")
    (task,) = tasks.values()
    assert (task.kind, task.source, task.target) == ("race", "code.go", "own1_test.go::TestOwn1")
    assert "func Test" not in task.text
    assert (task.oracle, task.hidden) == ("", {})
    assert (
        "goker: 1 tasks; 2 left out (1: it blocks; only data races are asked; 1: its test shows "
        "no race in its code here)"
    ) in said


def test_cruxeval() -> None:
    """The output is the right answer, the call what is asked; the product is not asked."""
    tasks, said = read(f"cruxeval:{CASES / 'cruxeval.jsonl'}")
    (task,) = tasks.values()
    assert (task.kind, task.function) == (TaskKind.PREDICT, "f(['a', '', 'b'], '!')")
    assert task.oracle == "['a!', 'b!']"
    assert said == ["cruxeval: 1 tasks; 1 left out (1: its code defines no function `f`)"]
    asked = [asked_in(Pass.parsed(key), task) for key in ("raw/plain/0", "product/plain/0")]
    assert asked == [task, None]
    assert asked_in(Pass.parsed("raw/wording/0"), task) is None, "a set has no other wordings"


@pytest.mark.usefixtures("cached")
@pytest.mark.sandbox
@pytest.mark.timeout(600)
def test_the_controls_hold(refereed: Refereed[dict[tuple[str, str], Grade]]) -> None:
    """What is taken over is right with its right answer, and wrong as it stands."""
    names = ("humaneval.jsonl", "mbpp.jsonl", "humanevalpack-python.jsonl", "cruxeval.jsonl")
    suites = [f"{name.partition('.')[0].removesuffix('-python')}:{CASES / name}" for name in names]
    tasks, _ = read(*suites, f"quixbugs:{CASES / 'quixbugs'}")

    async def found(grounds: Grounds) -> dict[tuple[str, str], Grade]:
        return await controls(list(tasks.values()), referee=grounds, hang_each=True)

    told = refereed(found)
    assert holds(told) == []
    assert {key for name, key in told if name == ORACLE} == set(tasks)
    assert Outcome.RIGHT not in {grade.outcome for (name, _), grade in told.items() if name == ECHO}


def test_a_file_may_move_and_be_packed(tmp_path: Path) -> None:
    """Neither its place nor its name is part of a task."""
    here = CASES / "cruxeval.jsonl"
    moved = Path(shutil.copy(here, tmp_path / "other"))
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(here.read_bytes()))
    found = {
        tasks_for(Plan(models=(), suites=(f"cruxeval:{path}",))).sha256
        for path in (here, moved, packed)
    }
    assert len(found) == 1


def test_so_many_of_each_family(tmp_path: Path) -> None:
    """The first ones in the order of the file; ids that are there twice are refused."""
    rows = [PREDICTED | {"id": name} for name in ("z", "a", "m")]
    path = lines_written(tmp_path / "rows.jsonl", *rows)
    tasks, _ = read(f"cruxeval:{path}", n_each=2)
    assert list(tasks) == ["cruxeval/z", "cruxeval/a"]
    with pytest.raises(TaskError, match="there is a task cruxeval/z already"):
        read(f"cruxeval:{path}", f"cruxeval:{path}")


@pytest.mark.usefixtures("cached")
@pytest.mark.sandbox
def test_no_more_is_run_than_is_wanted(tmp_path: Path) -> None:
    """A large set need not be run as a whole for its first few tasks."""
    rows = [PACK | {"task_id": f"Python/{number}"} for number in range(4)]
    path = lines_written(tmp_path / "pack.jsonl", *rows)
    tasks, said = read(f"humanevalpack:{path}", n_each=1)
    assert list(tasks) == ["humanevalpack-python/Python_0"]
    assert said[0] == "humanevalpack-python: looking for the red tests of 1 programs"


@pytest.mark.parametrize(
    ("name", "row", "message"),
    [
        ("cruxeval", PREDICTED | {"code": 3}, r"rows:1: `code` must be a text, got 3"),
        ("cruxeval", PREDICTED | {"code": "def f(:"}, r"rows:1: its code cannot be parsed"),
        ("cruxeval", "[1, 2]", r"rows: item 1: expected an object, got 1"),
        ("cruxeval", "{", r"rows:1: no JSON"),
        ("humaneval", {"task_id": "a"}, r"rows:1: `canonical_solution` must be a text"),
        ("mbpp", {"prompt": "x"}, r"rows:1: `task_id` must be a number, got None"),
        ("mbpp", {"task_id": 1, "prompt": "x"}, r"rows:1: `code` must be a text, got None"),
        ("multipl-e", {"name": "a"}, r"rows:1: `language` must be a text"),
        ("humanevalpack", PACK | {"test": ""}, r"rows:1: `test` must be a text"),
        ("humanevalpack", PACK | {"entry_point": None}, r"rows:1: `entry_point` must be a text"),
    ],
)
def test_another_shape_is_told_with_its_line(
    tmp_path: Path, name: str, row: dict[str, Any] | str, message: str
) -> None:
    """A field that is missing or of another type names file, line and field."""
    path = lines_written(tmp_path / "rows", row)
    with pytest.raises(TaskError, match=message):
        read(f"{name}:{path}")


def test_a_case_that_is_no_pair_is_told(tmp_path: Path) -> None:
    """With the line of the file of cases."""
    root = tmp_path / "checkout"
    shutil.copytree(CASES / "quixbugs", root)
    lines_written(root / "json_testcases" / "climb.json", json.dumps([1, 2]), json.dumps([1]))
    with pytest.raises(TaskError, match=r"climb\.json:2: expected \[arguments, expected\]"):
        read(f"quixbugs:{root}")


@pytest.mark.parametrize("suite", ["quixbug:x", "mbpp", "mbpp:", ":x"])
def test_an_unknown_set_names_those_known(suite: str) -> None:
    """A set is a name and a path."""
    with pytest.raises(TaskError) as caught:
        read(suite)
    assert all(name in str(caught.value) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_place_that_is_not_there_is_told(name: str, tmp_path: Path) -> None:
    """Whatever the set, the message names it."""
    with pytest.raises(TaskError, match="nowhere"):
        read(f"{name}:{tmp_path / 'nowhere'}")


def test_what_is_packed_and_damaged_is_told(tmp_path: Path) -> None:
    """A file that was not fetched to its end is no set."""
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(json.dumps(PREDICTED).encode())[:20])
    with pytest.raises(TaskError, match="cannot be unpacked"):
        read(f"cruxeval:{path}")
