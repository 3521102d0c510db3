"""Grading by running: one small task of each kind, and the ways in which answers go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ducktypist.bench.fair.answers import RECREATED, SOURCE, TASK, Grade, Outcome, predicted
from ducktypist.bench.fair.grading import Answered, Truths, graded
from ducktypist.bench.fair.tasks import FairTask
from ducktypist.features.grounds import Grounds
from support.fair_tasks import (
    GO_FUNCTION,
    LARGER,
    LARGER_RIGHT,
    LOCKED,
    PREDICT,
    PYTHON_FIX,
    RACE,
    RACING,
    SCRIPT,
    SHELF,
    SHELF_RIGHT,
    START,
    TALLY,
    TALLY_LOCKED,
    TALLY_RACING,
    UPPER,
)
from support.refereed import Refereed, needs_bats, needs_go, refereed

__all__ = ["refereed"]
SWALLOWING = "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n"


def graded_by(
    referee: Refereed[list[Grade]], task: FairTask, said: Mapping[str, str]
) -> dict[str, Grade]:
    """Grade files by name."""
    return graded_texts(referee, task, {name: {SOURCE: text} for name, text in said.items()})


def graded_texts(
    referee: Refereed[list[Grade]], task: FairTask, said: Mapping[str, Mapping[str, str]]
) -> dict[str, Grade]:
    """Grade answers by name."""
    answers: list[Answered] = [(task, texts) for texts in said.values()]

    async def grades(grounds: Grounds) -> list[Grade]:
        return await graded(answers, referee=grounds)

    return dict(zip(said, referee(grades), strict=True))


def outcomes(found: Mapping[str, Grade]) -> dict[str, Outcome]:
    """Return the outcome of each."""
    return {name: grade.outcome for name, grade in found.items()}


@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_a_python_answer_is_graded_beside_ones_that_hang_or_leave(
    refereed: Refereed[list[Grade]],
) -> None:
    """One that hangs, at import or in a test, and one that ends the run spoil no neighbour."""
    found = graded_by(
        refereed,
        PYTHON_FIX,
        {
            "first": SHELF_RIGHT,
            "hangs at import": SHELF_RIGHT + "while True: pass\n",
            "hangs in a test": SHELF.format("max(0, size - used)").replace(
                "    return", "    while size: pass\n    return"
            ),
            "waits": SHELF_RIGHT + "import threading\nthreading.Event().wait()\n",
            "leaves": SHELF_RIGHT + "import signal as s\nraise SystemExit\n",
            "only what is shown": SHELF.format("size - used"),
            "wrong": PYTHON_FIX.text,
            "broken": SHELF.format("("),
            "without the function": "x = 1\n",
            "nothing": " \n",
            "skips": "import pytest\n" + SHELF_RIGHT,
            "right as well": SHELF_RIGHT + "\n",
        },
    )
    right = {name for name, grade in found.items() if grade.outcome is Outcome.RIGHT}
    assert right == {"first", "right as well"}
    assert all(found[name].visible and found[name].items == {TASK: True} for name in right)
    assert found["hangs at import"].outcome is Outcome.TIMEOUT
    assert found["hangs in a test"].outcome is Outcome.TIMEOUT
    assert found["waits"].outcome is Outcome.TIMEOUT
    assert found["leaves"].outcome is Outcome.REFUSED
    assert found["only what is shown"].outcome is Outcome.WRONG
    assert found["only what is shown"].visible is True
    assert "test_full" in found["only what is shown"].note
    assert (found["wrong"].outcome, found["wrong"].visible) == (Outcome.WRONG, False)
    assert found["broken"].outcome is Outcome.BROKEN
    assert found["without the function"].outcome is Outcome.BROKEN
    assert found["nothing"].outcome is Outcome.EMPTY
    assert found["skips"].outcome is Outcome.REFUSED


@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_what_ends_the_whole_run_is_found(refereed: Refereed[list[Grade]]) -> None:
    """Whether it interrupts or catches whatever is raised in it: its neighbours run again."""
    # What a task shows already is nothing that an answer adds.
    shown = (
        "try:\n    if room(1, 1):\n        raise KeyboardInterrupt\nexcept BaseException: pass\n"
    )
    said = {
        "before": SHELF_RIGHT,
        "loop": SHELF_RIGHT + SWALLOWING,
        "between": SHELF_RIGHT + "\n",
        "interrupts": SHELF_RIGHT + "raise KeyboardInterrupt\n",
        "after": SHELF_RIGHT + "\n\n",
    }
    task = with_source(PYTHON_FIX, PYTHON_FIX.text + shown)
    assert outcomes(graded_by(refereed, task, said)) == {
        "before": Outcome.RIGHT,
        "loop": Outcome.TIMEOUT,
        "between": Outcome.RIGHT,
        "interrupts": Outcome.BROKEN,
        "after": Outcome.RIGHT,
    }


def with_source(task: FairTask, text: str) -> FairTask:
    """Return a task that shows something else."""
    return replace(task, files={**task.files, task.source: text})


@needs_go
@pytest.mark.sandbox
@pytest.mark.timeout(600)
def test_a_go_answer_is_graded_beside_one_that_hangs(refereed: Refereed[list[Grade]]) -> None:
    """Tests decide, then `go vet`; a little program that came along is no harm."""
    found = graded_by(
        refereed,
        GO_FUNCTION,
        {
            "right": LARGER_RIGHT,
            "with a program": LARGER_RIGHT + "\nfunc main() { println(Larger(1, 2)) }\n",
            "only what is shown": LARGER.format("\treturn a"),
            "broken": LARGER.format("\treturn c"),
            "hangs": LARGER.format("\tfor {\n\t}"),
            "hangs before the tests": LARGER_RIGHT + "\nvar _ = Wait()\n\n"
            "func Wait() int {\n\tfor {\n\t}\n}\n",
            "waits": LARGER.format("\tc := make(chan int)\n\treturn <-c"),
            "vetted": LARGER.format("\tif a > b {\n\t\treturn a\n\t}\n\treturn b\n\treturn b"),
            "vetted by go test": LARGER_RIGHT.replace(
                "package larger", 'package larger\n\nimport "fmt"'
            )
            + '\nfunc Say() string { return fmt.Sprintf("%d", "x") }\n',
            "exits": LARGER_RIGHT.replace(
                "package larger", 'package larger\n\nimport "os"'
            ).replace("\treturn b", "\tos.Exit(0)\n\treturn b"),
            "declares a test": LARGER_RIGHT.replace(
                "package larger", 'package larger\n\nimport "testing"'
            )
            + "\nfunc TestMain(m *testing.M) {}\n",
            "nothing": "",
        },
    )
    assert outcomes(found) == {
        "right": Outcome.RIGHT,
        "with a program": Outcome.RIGHT,
        "only what is shown": Outcome.WRONG,
        "broken": Outcome.BROKEN,
        "hangs": Outcome.TIMEOUT,
        "hangs before the tests": Outcome.TIMEOUT,
        "waits": Outcome.TIMEOUT,
        "vetted": Outcome.WRONG,
        "vetted by go test": Outcome.WRONG,
        "exits": Outcome.REFUSED,
        "declares a test": Outcome.REFUSED,
        "nothing": Outcome.EMPTY,
    }
    assert found["only what is shown"].visible is True
    assert found["broken"].note.startswith("larger.go:5:")
    assert found["vetted"].note == "go vet: larger.go:9: unreachable code"
    assert found["vetted"].visible is True


@needs_go
@pytest.mark.sandbox
@pytest.mark.timeout(900)
def test_a_race_is_graded_by_looks_and_runs(refereed: Refereed[list[Grade]]) -> None:
    """What starts fewer goroutines, waits or shares nothing is refused without a run."""
    waiting = {**LOCKED, "imports": '\nimport (\n\t"sync"\n\t"time"\n)\n'}
    found = graded_by(
        refereed,
        RACE,
        {
            "right": TALLY_LOCKED,
            "half": TALLY.format(**{**LOCKED, "add": "t.mu.Lock()\n\tt.mu.Unlock()\n\tt.count++"}),
            "wrong": TALLY.format(
                **{**LOCKED, "add": "t.mu.Lock()\n\tt.count = 1\n\tt.mu.Unlock()"}
            ),
            "alone": TALLY.format(
                **{**RACING, "start": START.replace("t.Add()", "own := *t\n\t\t\town.Add()")}
            ),
            "without": TALLY.format(**{**LOCKED, "start": "t.Add()"}).replace("<-done", "_ = done"),
            "sleeps": TALLY.format(**{**waiting, "add": "time.Sleep(1)\n\t" + waiting["add"]}),
            "locks for ever": TALLY.format(**{**LOCKED, "add": "t.mu.Lock()\n\tt.count++"}),
            "broken": TALLY_LOCKED.replace("sync.Mutex", "sync.Mutexes"),
            "unread": TALLY_LOCKED + "}\n",
            "echo": TALLY_RACING,
            "nothing": "",
        },
    )
    assert outcomes(found) == {
        "right": Outcome.RIGHT,
        "half": Outcome.WRONG,
        "wrong": Outcome.WRONG,
        "alone": Outcome.REFUSED,
        "without": Outcome.REFUSED,
        "sleeps": Outcome.REFUSED,
        "locks for ever": Outcome.TIMEOUT,
        "broken": Outcome.BROKEN,
        "unread": Outcome.BROKEN,
        "echo": Outcome.REFUSED,
        "nothing": Outcome.EMPTY,
    }
    assert "race" in found["half"].note
    assert (found["right"].visible, found["half"].visible) == (True, False)


@needs_bats
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_an_explanation_is_graded_by_what_was_read_from_it(
    refereed: Refereed[list[Grade]],
) -> None:
    """Output and status of each input, and a script that passes the tests, count one by one."""
    told = ["A", "B C", None, "D", "E"]
    right = {
        predicted(number): "exit status: 3" if text is None else f"```\n{text}\n```\nexit: 0"
        for number, text in enumerate(told, start=1)
    }
    loop = "while :; do :; done\n"
    found = graded_texts(
        refereed,
        SCRIPT,
        {
            "right": {**right, RECREATED: UPPER},
            "one status wrong": {**right, predicted(2): "```\nB C\n```\nexit: 1", RECREATED: UPPER},
            "one missing": {RECREATED: UPPER, **{k: v for k, v in right.items() if k[-1] != "3"}},
            "not written again": right,
            "written wrong": {**right, RECREATED: "echo B\n"},
            "hangs": {**right, RECREATED: loop},
            "nothing": {},
        },
    )
    assert outcomes(found) == {
        "right": Outcome.RIGHT,
        "one status wrong": Outcome.WRONG,
        "one missing": Outcome.WRONG,
        "not written again": Outcome.WRONG,
        "written wrong": Outcome.WRONG,
        "hangs": Outcome.TIMEOUT,
        "nothing": Outcome.EMPTY,
    }
    names = {*right, RECREATED}
    assert all(set(grade.items) == names and grade.visible is None for grade in found.values())
    wrong = {name: {k for k, v in grade.items.items() if not v} for name, grade in found.items()}
    assert wrong["one status wrong"] == {predicted(2)}
    assert wrong["one missing"] == {predicted(3)}
    assert wrong["not written again"] == wrong["written wrong"] == wrong["hangs"] == {RECREATED}
    assert found["written wrong"].note == "written again, 1 of 2 tests pass"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ('{"a": [1,2]}', Outcome.RIGHT),
        ("`{'a': [1, 2]}`", Outcome.RIGHT),
        ("```python\n{'a': [1, 2]}\n```", Outcome.RIGHT),
        ("{'a': [2, 1]}", Outcome.WRONG),
        ("it returns a dict", Outcome.WRONG),
        ("", Outcome.EMPTY),
    ],
)
@pytest.mark.sandbox
def test_what_a_call_returns_is_compared_as_a_value(
    said: str, outcome: Outcome, refereed: Refereed[list[Grade]]
) -> None:
    """Blanks and quotes make no difference; nothing is run for it."""
    found = graded_texts(refereed, PREDICT, {"it": {predicted(1): said}})
    assert found["it"].outcome is outcome


@needs_bats
@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_answers_of_all_kinds_come_back_in_their_order(refereed: Refereed[list[Grade]]) -> None:
    """What is known of a task is kept for the next answers, and alike ones are graded once."""
    truths = Truths()
    answers: list[Answered] = [
        (PREDICT, {predicted(1): PREDICT.oracle}),
        (PYTHON_FIX, {SOURCE: PYTHON_FIX.text}),
        (SCRIPT, {RECREATED: UPPER}),
        (PYTHON_FIX, {SOURCE: SHELF_RIGHT}),
        (PYTHON_FIX, {SOURCE: PYTHON_FIX.text}),
    ]

    async def grades(grounds: Grounds) -> list[Grade]:
        return await graded(answers, referee=grounds, truths=truths)

    found = refereed(grades)
    assert [grade.outcome for grade in found] == [
        Outcome.RIGHT,
        Outcome.WRONG,
        Outcome.WRONG,
        Outcome.RIGHT,
        Outcome.WRONG,
    ]
    assert found[1] is found[4]
    assert found[2].items[RECREATED] is True
    assert list(truths.scripts) == [SCRIPT.sha256]
    assert [one.exit_status for one in truths.scripts[SCRIPT.sha256]] == [0, 0, 3, 0, 0]
