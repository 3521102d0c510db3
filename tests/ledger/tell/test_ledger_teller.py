"""The teller of a language server: reads what was learned, sees when to learn, never fails."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from ducktypist.domain import Timings
from ducktypist.errors import LedgerError
from ducktypist.ledger.events import Answer
from ducktypist.ledger.tell.files import calibrator_file, read_calibrator, write_calibrator
from ducktypist.ledger.tell.learning import is_worth_it, learn
from ducktypist.ledger.tell.ledger_teller import LedgerTeller
from ducktypist.ledger.tell.making import make_calibrator
from ducktypist.ledger.tell.seeds import seeds_of
from support.ledger_events import generated, new_id, requested, write
from support.tell_ledger import write_past
from support.tell_past import made_past, signals


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Return where a ledger may be."""
    return tmp_path / "data" / "ledger.sqlite3"


@pytest.fixture
def file(ledger: Path) -> Path:
    """Return where the calibrator is kept."""
    return calibrator_file(ledger)


def learned(ledger: Path) -> LedgerTeller:
    """Return a teller that knows what a ledger teaches."""
    learn(ledger, seeds=())
    teller = LedgerTeller(ledger, seeds=())
    assert not teller.look()
    return teller


def test_each_ledger_has_what_it_taught_beside_it(tmp_path: Path) -> None:
    """A toy ledger teaches nothing about a person's code, though both are of one person."""
    own, toy = tmp_path / "own" / "ledger.sqlite3", tmp_path / "own" / "toy.sqlite3"
    write_past(own, made_past(60))
    write_past(toy, made_past(10, seed=3))
    for path in (own, toy):
        assert learn(path, seeds=())
    assert calibrator_file(own).parent == own.parent
    tellers = [LedgerTeller(path, seeds=()) for path in (own, toy)]
    assert [teller.look() for teller in tellers] == [False, False]
    assert [teller.calibrator.n_known for teller in tellers] == [{"complete": 60}, {"complete": 10}]


def test_without_ledger_and_bench_it_says_nothing(ledger: Path, file: Path) -> None:
    """A first start has nothing to learn from, and writes nothing."""
    teller = LedgerTeller(ledger, seeds=())
    assert not teller.look()
    assert teller.before_running(signals()) is None
    assert teller.after_running(signals()) is None
    with pytest.raises(LedgerError):
        learn(ledger, seeds=())
    assert not file.parent.exists()


def test_a_bench_serves_before_the_first_look(ledger: Path) -> None:
    """From memory, without any file."""
    seeds = seeds_of(made_past(100, sees_tests=True), command="bench")
    shown = LedgerTeller(ledger, seeds=seeds).before_running(signals())
    assert shown is not None
    assert shown.n_like == 0


def test_new_outcomes_are_learned_from(ledger: Path, file: Path) -> None:
    """Who answers says that there are some; whoever learned them keeps that for every window."""
    write_past(ledger, made_past(200, sees_tests=True))
    teller = LedgerTeller(ledger, seeds=())
    assert teller.look()
    assert teller.before_running(signals()) is None
    assert learn(ledger, seeds=())
    assert not teller.look()
    assert teller.calibrator.n_known == {"complete": 200}
    shown = teller.after_running(signals(visible_share=1.0))
    assert shown is not None
    assert shown.has_tell
    assert read_calibrator(file).version == teller.calibrator.version
    assert not learn(ledger, seeds=())


def test_few_new_outcomes_are_not_worth_a_fit(ledger: Path) -> None:
    """Thirty of a kind are; the version says which one predicted."""
    write_past(ledger, made_past(60))
    teller = learned(ledger)
    first = teller.calibrator.version
    write_past(ledger, made_past(29, seed=1))
    assert not teller.look()
    assert not learn(ledger, seeds=())
    write_past(ledger, made_past(1, seed=2))
    assert teller.look()
    assert learn(ledger, seeds=())
    assert not teller.look()
    assert teller.calibrator.version != first
    assert teller.calibrator.n_known == {"complete": 90}


def test_where_no_answer_came_there_is_nothing_new(ledger: Path) -> None:
    """A search that found nothing has an outcome and teaches nothing, however often one looks."""
    write_past(ledger, made_past(10))
    teller = learned(ledger)
    name = new_id()
    write(
        ledger,
        requested(name),
        generated(name, answer=Answer.EMPTY, timings=Timings(total_ms=5.0)),
    )
    assert not teller.look()
    assert not learn(ledger, seeds=())


@pytest.mark.parametrize(
    ("before", "now", "is_it"),
    [
        ({}, {}, False),
        ({}, {"fix": 1}, True),
        ({"fix": 12}, {"fix": 13}, True),
        ({"fix": 30}, {"fix": 59}, False),
        ({"fix": 30}, {"fix": 60}, True),
        ({"fix": 30, "complete": 40}, {"fix": 31, "complete": 41}, False),
        ({"fix": 2000}, {"fix": 2099}, False),
        ({"fix": 2000}, {"fix": 2100}, True),
        ({"fix": 500}, {"fix": 400}, True),
        ({"fix": 5}, {}, True),
    ],
)
def test_when_it_is_worth_it(before: dict[str, int], now: dict[str, int], is_it: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Early each outcome counts, later thirty do, and what was purged is forgotten."""
    assert is_worth_it(before, now) is is_it


def test_windows_share_what_one_of_them_learned(ledger: Path, file: Path) -> None:
    """The second one reads the file, and nothing is fitted anew."""
    write_past(ledger, made_past(100))
    first, second = (LedgerTeller(ledger, seeds=()) for _ in range(2))
    assert first.look()
    assert second.look()
    assert learn(ledger, seeds=())
    before = file.stat()
    assert not first.look()
    assert not second.look()
    assert second.calibrator.version == first.calibrator.version
    assert not learn(ledger, seeds=())
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.stat().st_ino == before.st_ino


def test_what_calibrate_kept_is_taken_over(ledger: Path, file: Path) -> None:
    """A file that was replaced is read at the next look."""
    write_past(ledger, made_past(60))
    teller = learned(ledger)
    other = make_calibrator(made_past(60, seed=9), ())
    write_calibrator(file, other)
    assert not teller.look()
    assert teller.calibrator.version == other.version


def test_while_another_window_learns_nobody_else_does(ledger: Path, file: Path) -> None:
    """And what that window wrote is found later."""
    write_past(ledger, made_past(60))
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not learn(ledger, seeds=())
        assert not file.exists()
    assert learn(ledger, seeds=())


def test_a_broken_file_is_made_anew(ledger: Path, file: Path) -> None:
    """It costs nothing but the fit."""
    write_past(ledger, made_past(60))
    file.write_text("{", encoding="utf-8")
    assert LedgerTeller(ledger, seeds=()).look()
    teller = learned(ledger)
    assert read_calibrator(file).version == teller.calibrator.version


def test_a_broken_ledger_leaves_what_was_known(ledger: Path) -> None:
    """No error comes out, and predictions go on."""
    write_past(ledger, made_past(60))
    teller = learned(ledger)
    version = teller.calibrator.version
    for suffix in ("-wal", "-shm"):
        ledger.with_name(f"{ledger.name}{suffix}").unlink(missing_ok=True)
    ledger.write_bytes(b"this is no database" * 100)
    assert not teller.look()
    assert teller.calibrator.version == version


def test_where_nothing_can_be_kept_predictions_stay_as_they_are(ledger: Path, file: Path) -> None:
    """Who learns says why; who answers goes on."""
    write_past(ledger, made_past(60))
    file.mkdir()
    with pytest.raises(LedgerError, match="cannot be written"):
        learn(ledger, seeds=())
    teller = LedgerTeller(ledger, seeds=())
    assert teller.look()
    assert teller.before_running(signals()) is None


def test_another_bench_is_taken_up(ledger: Path, file: Path) -> None:
    """An update of the program brings its seeds in without thirty new outcomes."""
    write_past(ledger, made_past(60))
    learn(ledger, seeds=())
    seeds = seeds_of(made_past(100, sees_tests=True), command="bench")
    teller = LedgerTeller(ledger, seeds=seeds)
    assert teller.look()
    assert learn(ledger, seeds=seeds)
    assert not teller.look()
    assert teller.calibrator.seeds
    assert read_calibrator(file).seeds == teller.calibrator.seeds
