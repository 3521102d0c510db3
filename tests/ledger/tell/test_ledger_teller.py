"""The teller of a language server: learns in the background, shares that, never fails."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from ducktypist.ledger.tell.files import read_calibrator, write_calibrator
from ducktypist.ledger.tell.ledger_teller import FILE_NAME, LedgerTeller, is_worth_it
from ducktypist.ledger.tell.making import make_calibrator
from ducktypist.ledger.tell.seeds import seeds_of
from support.tell_ledger import write_past
from support.tell_past import made_past, signals


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Return where a ledger may be."""
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the calibrator is kept."""
    return tmp_path / "state" / FILE_NAME


def test_without_ledger_and_bench_it_says_nothing(ledger: Path, file: Path) -> None:
    """A first start has nothing to learn from, and writes nothing."""
    teller = LedgerTeller(ledger, file, seeds=())
    assert not teller.refresh()
    assert teller.before_running(signals()) is None
    assert teller.after_running(signals()) is None
    assert not file.exists()


def test_a_bench_serves_before_the_first_look(ledger: Path, file: Path) -> None:
    """From memory, without any file."""
    seeds = seeds_of(made_past(100, sees_tests=True), command="bench")
    shown = LedgerTeller(ledger, file, seeds=seeds).before_running(signals())
    assert shown is not None
    assert shown.n_like == 0


def test_it_learns_from_new_outcomes(ledger: Path, file: Path) -> None:
    """And keeps what it learned for the next start."""
    write_past(ledger, made_past(200, sees_tests=True))
    teller = LedgerTeller(ledger, file, seeds=())
    assert teller.refresh()
    assert teller.calibrator.n_known == {"complete": 200}
    shown = teller.after_running(signals(visible_share=1.0))
    assert shown is not None
    assert shown.has_tell
    assert read_calibrator(file).version == teller.calibrator.version
    assert not teller.refresh()


def test_few_new_outcomes_are_not_worth_a_fit(ledger: Path, file: Path) -> None:
    """Thirty of a kind are; the version says which one predicted."""
    write_past(ledger, made_past(60))
    teller = LedgerTeller(ledger, file, seeds=())
    teller.refresh()
    first = teller.calibrator.version
    write_past(ledger, made_past(29, seed=1))
    assert not teller.refresh()
    assert teller.calibrator.version == first
    write_past(ledger, made_past(1, seed=2))
    assert teller.refresh()
    assert teller.calibrator.n_known == {"complete": 90}


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
    """The second one reads the file and does not fit anew."""
    write_past(ledger, made_past(100))
    first, second = (LedgerTeller(ledger, file, seeds=()) for _ in range(2))
    assert first.refresh()
    before = file.stat()
    assert second.refresh()
    assert second.calibrator.version == first.calibrator.version
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.stat().st_ino == before.st_ino


def test_what_calibrate_kept_is_taken_over(ledger: Path, file: Path) -> None:
    """A file that was replaced is read at the next look."""
    write_past(ledger, made_past(60))
    teller = LedgerTeller(ledger, file, seeds=())
    teller.refresh()
    other = make_calibrator(made_past(60, seed=9), ())
    write_calibrator(file, other)
    assert teller.refresh()
    assert teller.calibrator.version == other.version


def test_while_another_window_fits_the_old_one_serves(ledger: Path, file: Path) -> None:
    """And what that window wrote is found later."""
    write_past(ledger, made_past(60))
    teller = LedgerTeller(ledger, file, seeds=())
    file.parent.mkdir()
    with file.with_name(f"{FILE_NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not teller.refresh()
    assert teller.refresh()


def test_a_broken_file_is_made_anew(ledger: Path, file: Path) -> None:
    """It costs nothing but the fit."""
    write_past(ledger, made_past(60))
    file.parent.mkdir()
    file.write_text("{", encoding="utf-8")
    teller = LedgerTeller(ledger, file, seeds=())
    assert teller.refresh()
    assert read_calibrator(file).version == teller.calibrator.version


def test_a_broken_ledger_leaves_what_was_known(ledger: Path, file: Path) -> None:
    """No error comes out, and predictions go on."""
    write_past(ledger, made_past(60))
    teller = LedgerTeller(ledger, file, seeds=())
    teller.refresh()
    version = teller.calibrator.version
    for suffix in ("-wal", "-shm"):
        ledger.with_name(f"{ledger.name}{suffix}").unlink(missing_ok=True)
    ledger.write_bytes(b"this is no database" * 100)
    assert not teller.refresh()
    assert teller.calibrator.version == version


def test_where_nothing_can_be_kept_it_still_learns(ledger: Path, tmp_path: Path) -> None:
    """A state folder that cannot be made costs the file alone, or the news, and no error."""
    write_past(ledger, made_past(60))
    (tmp_path / "file").write_text("", encoding="utf-8")
    teller = LedgerTeller(ledger, tmp_path / "file" / FILE_NAME, seeds=())
    teller.refresh()
    assert teller.before_running(signals()) is not None


def test_another_bench_is_taken_up(ledger: Path, file: Path) -> None:
    """An update of the program brings its seeds in without thirty new outcomes."""
    write_past(ledger, made_past(60))
    LedgerTeller(ledger, file, seeds=()).refresh()
    seeds = seeds_of(made_past(100, sees_tests=True), command="bench")
    teller = LedgerTeller(ledger, file, seeds=seeds)
    teller.refresh()
    assert teller.calibrator.seeds
    assert read_calibrator(file).seeds == teller.calibrator.seeds
