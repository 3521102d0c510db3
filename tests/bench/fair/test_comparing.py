"""Two sides on the same tasks: flips both ways, an exact test, and who is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.bench.fair.answers import Column
from ducktypist.bench.fair.comparing import Side, agreement, compare, side_of
from ducktypist.bench.fair.figures import Part
from ducktypist.bench.fair.results import read_result
from ducktypist.bench.tasks import TaskError
from support.fair_results import ResultFile, listed, tasks_of

YES, NO, ONCE = (True,) * 3, (False,) * 3, (True, False, False)


def side(file: ResultFile, model: str, column: Column = Column.RAW) -> Side:
    """Return one side of a file."""
    return Side(result=read_result(file.path), model=model, column=column)


def made(path: Path, n_each: int = 8, families: tuple[str, ...] = ("fix",)) -> ResultFile:
    """Begin a file."""
    return ResultFile.begun(path, tasks_of(n_each, families))


def test_flips_are_counted_in_both_directions(tmp_path: Path) -> None:
    """Right against lucky is a flip, lucky against wrong is only another verdict."""
    file = made(tmp_path / "a.jsonl", 4)
    one, two = file.model("duck-q4_0", "Q4_0"), file.model("goose-q4_0", "Q4_0")
    for task, mine, other in (
        ("fix/task-0", YES, YES),
        ("fix/task-1", YES, ONCE),
        ("fix/task-2", NO, YES),
        ("fix/task-3", NO, ONCE),
    ):
        file.ran(one, task, mine)
        file.ran(two, task, other)
    (found,) = compare(side(file, one), side(file, two))
    assert (found.n, found.first_right, found.second_right) == (4, 2, 2)
    assert found.only_first == ("fix/task-1",)
    assert found.only_second == ("fix/task-2",)
    assert found.changed == ("fix/task-1", "fix/task-2", "fix/task-3")
    assert found.p == 1.0
    assert not found.can_tell
    assert agreement([found]) == (1, 4)


def test_the_test_is_mcnemars_and_corrected_over_families(tmp_path: Path) -> None:
    """Six against none is 2/64, seven 2/128; Holm doubles the smaller of two."""
    file = made(tmp_path / "a.jsonl", 7, ("fix", "go-function"))
    one, two = file.model("duck-q4_0", "Q4_0"), file.model("goose-q4_0", "Q4_0")
    for at in range(7):
        file.ran(one, f"fix/task-{at}", NO)
        file.ran(two, f"fix/task-{at}", YES if at < 6 else NO)
        file.ran(one, f"go-function/task-{at}", YES)
        file.ran(two, f"go-function/task-{at}", NO)
    fix, go = compare(side(file, one), side(file, two))
    assert (fix.p, go.p) == (2 / 64, 2 / 128)
    assert (fix.p_holm, go.p_holm) == (2 / 64, 4 / 128)
    assert fix.can_tell
    assert go.as_json()["p_holm"] == 4 / 128


def test_a_task_with_another_text_is_left_out(tmp_path: Path) -> None:
    """The same name is not the same task; what was not asked three times does not count either."""
    first = made(tmp_path / "a.jsonl", 3)
    changed = [*tasks_of(2, ["fix"]), listed("fix/task-2", sha256="f" * 64)]
    second = ResultFile.begun(tmp_path / "b.jsonl", changed)
    one, two = first.model("duck-q4_0", "Q4_0"), second.model("duck-q4_0", "Q4_0")
    for at in range(3):
        first.ran(one, f"fix/task-{at}", YES)
        second.ran(two, f"fix/task-{at}", YES if at else (True, True))
    (found,) = compare(side(first, one), side(second, two))
    assert (found.n, found.first_right) == (1, 1)


def test_nothing_in_common_is_an_error(tmp_path: Path) -> None:
    """Two files of different tasks cannot be compared."""
    first = made(tmp_path / "a.jsonl", 1)
    second = made(tmp_path / "b.jsonl", 1, ("de-race",))
    one, two = first.model("duck-q4_0", "Q4_0"), second.model("duck-q4_0", "Q4_0")
    first.ran(one, "fix/task-0", YES)
    second.ran(two, "de-race/task-0", YES)
    with pytest.raises(TaskError, match="no task in common that both were asked in all runs"):
        compare(side(first, one), side(second, two))


def test_items_are_named_by_script_and_number(tmp_path: Path) -> None:
    """Of a script each prediction flips by itself; the purpose is held against it in one run."""
    file = made(tmp_path / "a.jsonl", 1, ("explain-bash",))
    duck = file.model("duck-q4_0", "Q4_0")
    task = "explain-bash/task-0"
    told = {"predicted-1": False, "predicted-2": True, "recreated": False}
    file.ran(duck, task, (False,), column=Column.NAME, items=told)
    file.ran(duck, task, NO, items={**told, "predicted-1": True})
    named = side(file, duck, Column.NAME)
    foretold, recreated = compare(named, side(file, duck))
    assert (foretold.part, foretold.n) == (Part.FORETOLD, 2)
    assert foretold.only_second == (f"{task} 1",)
    assert (recreated.part, recreated.changed) == (Part.RECREATED, ())


def test_a_side_is_found_by_name_hash_or_alone(tmp_path: Path) -> None:
    """One model needs no name; of several each is told by name or the beginning of its hash."""
    file = made(tmp_path / "a.jsonl")
    duck = file.model("duck-q4_0", "Q4_0")
    file.ran(duck, "fix/task-0", YES)
    assert side_of(str(file.path)).model == duck
    goose = file.model("goose-q4_0", "Q4_0")
    assert side_of(f"{file.path}#goose-q4_0").model == goose
    found = side_of(f"{file.path}#{duck[:12]}@product")
    assert (found.model, found.column) == (duck, Column.PRODUCT)
    assert found.name == "duck-q4_0 Q4_0, product"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", "name one model, as FILE#MODEL; the file has duck-q4_0, goose-q4_0"),
        ("#swan", "name one model, as FILE#MODEL; the file has duck-q4_0, goose-q4_0"),
        ("#duck-q4_0@loud", "a column is one of raw, product, name"),
    ],
)
def test_a_side_that_is_not_clear_is_an_error(tmp_path: Path, more: str, message: str) -> None:
    """The message says what there is."""
    file = made(tmp_path / "a.jsonl")
    file.model("duck-q4_0", "Q4_0")
    file.model("goose-q4_0", "Q4_0")
    with pytest.raises(TaskError) as caught:
        side_of(f"{file.path}{more}")
    assert message in str(caught.value)
