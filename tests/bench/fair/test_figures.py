"""From grades to figures: three of three is right, once or twice is lucky, and nothing flatters."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ducktypist.bench.fair.answers import RECREATED, Arm, Column, Outcome, Pass, predicted
from ducktypist.bench.fair.figures import Cell, Part, Verdict, cells, verdict_of
from ducktypist.bench.fair.results import read_result
from ducktypist.ledger.stats import Speed, wilson
from support.fair_results import ResultFile, tasks_of

DUCK = ("duck-0.5b-q4_k_m", "Q4_K_M")
FIRST = Pass(column=Column.RAW, arm=Arm.PLAIN, number=0)


@pytest.fixture
def file(tmp_path: Path) -> ResultFile:
    """A result file with four tasks of fix."""
    return ResultFile.begun(tmp_path / "fair.jsonl", tasks_of(4, ["fix"]))


def cell(file: ResultFile, column: Column = Column.RAW, part: Part = Part.WHOLE) -> Cell:
    """Return the one cell of a column and part."""
    (found,) = (
        one for one in cells(read_result(file.path)) if one.column is column and one.part is part
    )
    return found


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        ((True, True, True), Verdict.RIGHT),
        ((True, False, False), Verdict.LUCKY),
        ((False, True, True), Verdict.LUCKY),
        ((False, False, False), Verdict.WRONG),
    ],
)
def test_three_runs_make_one_verdict(runs: tuple[bool, ...], verdict: Verdict) -> None:
    """All is right, some is lucky, none is wrong."""
    assert verdict_of(runs) is verdict


def test_right_lucky_and_wrong_are_counted_apart(file: ResultFile) -> None:
    """Lucky is no part of right; what was not asked three times is in no denominator."""
    duck = file.model(*DUCK)
    file.ran(duck, "fix/task-0", (True, True, True))
    file.ran(duck, "fix/task-1", (True, False, True))
    file.ran(duck, "fix/task-2", (False, False, False))
    file.ran(duck, "fix/task-3", (True, True))
    found = cell(file)
    assert (found.right.k, found.right.n) == (1, 3)
    assert (found.n_lucky, found.n_wrong, found.n_missing) == (1, 1, 1)
    assert (found.right.low, found.right.high) == wilson(1, 3)
    assert found.outcomes[Outcome.RIGHT] == 2


def test_a_column_that_nobody_was_asked_in_has_no_cell(file: ResultFile) -> None:
    """Nothing is nothing, not 0 of 0."""
    duck = file.model(*DUCK)
    file.ran(duck, "fix/task-0", (True,) * 3)
    assert {one.column for one in cells(read_result(file.path))} == {Column.RAW}


def test_identical_means_byte_by_byte_in_all_three(file: ResultFile) -> None:
    """One other byte in one run is another answer, whatever the verdicts."""
    duck = file.model(*DUCK)
    file.ran(duck, "fix/task-0", (True,) * 3, texts={"source": "same"})
    for number in range(3):
        at = Pass(column=Column.RAW, arm=Arm.PLAIN, number=number)
        texts = {"source": "x" if number < 2 else "x "}
        file.answered(duck, "fix/task-1", at, is_right=True, texts=texts)
    assert (cell(file).identical.k, cell(file).identical.n) == (1, 2)


def test_other_wordings_are_an_arm_of_their_own(file: ResultFile) -> None:
    """Right there is three other wordings of three; without them there is nothing to show."""
    duck = file.model(*DUCK)
    for at in range(3):
        file.ran(duck, f"fix/task-{at}", (True,) * 3)
    assert cell(file).worded.n == 0
    assert math.isnan(cell(file).worded.value)
    file.ran(duck, "fix/task-0", (True, True, True), arm=Arm.WORDING)
    file.ran(duck, "fix/task-1", (True, True, False), arm=Arm.WORDING)
    file.ran(duck, "fix/task-2", (True, True), arm=Arm.WORDING)
    assert (cell(file).worded.k, cell(file).worded.n) == (1, 2)
    assert cell(file).right.k == 3


def test_the_loss_to_hidden_tests_is_of_what_passes_those_shown(file: ResultFile) -> None:
    """An answer that fails the tests shown has nothing to lose."""
    duck = file.model(*DUCK)
    for name, is_right, visible in (
        ("fix/task-0", True, True),
        ("fix/task-1", False, True),
        ("fix/task-2", False, False),
        ("fix/task-3", False, None),
    ):
        file.ran(duck, name, (is_right,) * 3, visible=visible)
    assert (cell(file).lost.k, cell(file).lost.n) == (1, 2)


def test_what_was_kept_back_is_not_offered(file: ResultFile) -> None:
    """Of the product, the share that an editor would have shown, and what is right of it."""
    duck = file.model(*DUCK)
    product = Column.PRODUCT
    file.ran(duck, "fix/task-0", (True,) * 3, column=product)
    file.ran(duck, "fix/task-1", (False,) * 3, column=product)
    file.ran(duck, "fix/task-2", (False,) * 3, column=product, is_offered=False, texts={})
    found = cell(file, product)
    assert (found.offered.k, found.offered.n) == (2, 3)
    assert (found.right_of_offered.k, found.right_of_offered.n) == (1, 2)


def test_a_script_is_counted_as_a_whole_and_by_its_items(tmp_path: Path) -> None:
    """Predictions and what was written again are parts of their own; the purpose has no whole."""
    file = ResultFile.begun(tmp_path / "fair.jsonl", tasks_of(2, ["explain-bash"]))
    duck = file.model(*DUCK)
    some = {predicted(1): True, predicted(2): False, RECREATED: True}
    every = dict.fromkeys(some, True)
    file.ran(duck, "explain-bash/task-0", (False,) * 3, items=some)
    file.ran(duck, "explain-bash/task-1", (True,) * 3, items=every)
    file.ran(duck, "explain-bash/task-0", (False,), items=some, column=Column.NAME)
    shares = {part: cell(file, part=part).right for part in Part}
    assert [(one.k, one.n) for one in shares.values()] == [(1, 2), (3, 4), (2, 2)]
    named = [one.part for one in cells(read_result(file.path)) if one.column is Column.NAME]
    assert named == [Part.FORETOLD, Part.RECREATED]
    assert cell(file, Column.NAME, Part.FORETOLD).identical.n == 0


def test_items_of_one_script_do_not_count_as_many(tmp_path: Path) -> None:
    """All right in half of the scripts is as unsure as so many scripts, not as so many items."""
    file = ResultFile.begun(tmp_path / "fair.jsonl", tasks_of(8, ["explain-bash"]))
    duck = file.model(*DUCK)
    for at in range(8):
        items = {**{predicted(one): at % 2 == 0 for one in range(1, 6)}, RECREATED: True}
        file.ran(duck, f"explain-bash/task-{at}", (at % 2 == 0,) * 3, items=items)
    right = cell(file, part=Part.FORETOLD).right
    low, high = wilson(20, 40)
    assert (right.k, right.n) == (20, 40)
    assert right.high - right.low > 1.5 * (high - low)


def test_all_alike_is_not_certain(tmp_path: Path) -> None:
    """Where resampling knows no doubt, so many scripts do."""
    file = ResultFile.begun(tmp_path / "fair.jsonl", tasks_of(5, ["explain-bash"]))
    duck = file.model(*DUCK)
    items = {**{predicted(one): True for one in range(1, 6)}, RECREATED: True}
    for at in range(5):
        file.ran(duck, f"explain-bash/task-{at}", (True,) * 3, items=items)
    right = cell(file, part=Part.FORETOLD).right
    assert (right.low, right.high) == wilson(5, 5)


@pytest.mark.parametrize(
    ("told", "speed"),
    [
        ({}, Speed.USABLE),
        ({"ttft_ms": 9_000.0}, Speed.SLOW),
        ({"decode_tok_s": 2.0}, Speed.TEA),
        ({"decode_tok_s": None}, Speed.NOT_MEASURED),
    ],
)
def test_the_speed_stands_beside_the_accuracy(
    file: ResultFile, told: dict[str, float | None], speed: Speed
) -> None:
    """From the medians of the first run; what nobody measured is no number."""
    duck = file.model(*DUCK)
    file.ran(duck, "fix/task-0", (True,) * 3, **told)
    assert cell(file).speed is speed


def test_a_cell_as_json_has_no_number_that_nobody_knows(file: ResultFile) -> None:
    """NaN is null, and the interval of nothing as well."""
    duck = file.model(*DUCK)
    file.ran(duck, "fix/task-0", (True,) * 3, decode_tok_s=None)
    told = cell(file).as_json()
    assert told["decode_tok_s"] is None
    assert told["worded"] == {"k": 0, "n": 0, "interval": None}
    assert told["right"] == {"k": 1, "n": 1, "interval": list(wilson(1, 1))}
