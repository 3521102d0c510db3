"""What was removed is gone: from the figures, from the file, from its log, and only that."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner

from ducktypist.cli.ledger import ledger as command
from ducktypist.errors import LedgerError
from ducktypist.ledger import database
from ducktypist.ledger.events import Event, Placed, SourceText, TestRun, TestSeen, TextRole
from ducktypist.ledger.later import RunSource
from ducktypist.ledger.moving.checking import check
from ducktypist.ledger.moving.export import export_lines
from ducktypist.ledger.moving.incoming import import_lines
from ducktypist.ledger.moving.purge import expire_text, purge
from ducktypist.ledger.moving.wanted import Wanted, project_hash_of
from ducktypist.ledger.reading import read_suggestions
from ducktypist.ledger.rows import row_of
from ducktypist.ledger.store import Ledger
from support.ledger_events import generated, requested, verified, write
from support.ledger_random import fill

MARK = "quackMarker7Zebra"
NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
DAYS = ("2026-01-10", "2026-03-10", "2026-06-29")


def log(path: Path, day: str, *events: Event) -> None:
    """Write events as of a day."""
    writer = database.open_writer(path)
    assert writer.write([row_of(e, at_utc=f"{day}T10:00:00.000Z") for e in events]) == []
    writer.close()


def bytes_of(path: Path) -> bytes:
    """Return all bytes of a ledger, of its log and of its shared memory."""
    files = [path.with_name(path.name + end) for end in ("", "-wal", "-shm")]
    return b"".join(file.read_bytes() for file in files if file.exists())


def marked(number: int, project: str = "b2k:p") -> list[Event]:
    """Return a suggestion's events with a mark in each text column that a purge must clear."""
    one, mark = f"s{number}", f"{MARK}{number}"
    return [
        requested(one, path=f"{mark}/a.py", project_hash=project),
        generated(one),
        verified(one),
        Placed(
            suggestion_id=one, project_hash=project, path=f"{mark}/b.py", block_hash="b2k:b",
            is_body=True, n_tokens=3, fingerprint="AAAA",
        ),
        SourceText(suggestion_id=one, role=TextRole.ANSWER, text=f"{mark} = 1\n" * 500),
        TestRun(
            run_id=f"r{number}", project_hash=project, source=RunSource.PLUGIN,
            ran_utc=f"{DAYS[number]}T10:00:00.000Z", environment_hash="", commit_hash=mark,
            n_passed=1, n_failed=0,
        ),
        TestSeen(
            run_id=f"r{number}", test_hash=mark, block_hash="b2k:b", passed=True, is_direct=None
        ),
    ]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of three marked suggestions, one on each day, with its log still there."""
    file = tmp_path / "l.sqlite3"
    for number, day in enumerate(DAYS):
        log(file, day, *marked(number))
    return file


def left(path: Path) -> set[str]:
    """Return the ids of the suggestions that are left."""
    return {row.suggestion_id for row in read_suggestions(path)}


def test_older_ones_go_with_all_their_events(path: Path) -> None:
    """Events, runs and kept text before a day are gone from the bytes; the rest stays whole."""
    read_suggestions(path)  # Fills the tables that stand for views.
    assert all(f"{MARK}{i}".encode() in bytes_of(path) for i in range(3))
    done = purge(path, Wanted(before_utc="2026-03-10T00:00:00.000Z"))
    assert done.removed == {
        "requested": 1, "generated": 1, "verified": 1, "placed": 1, "source_text": 1,
        "test_run": 1, "test_seen": 1,
    }  # fmt: skip
    assert done.scrubbed
    found = bytes_of(path)
    assert f"{MARK}0".encode() not in found
    assert f"{MARK}1".encode() in found
    assert left(path) == {"s1", "s2"}
    assert check(path).is_sound


def test_a_project_goes(path: Path, tmp_path: Path) -> None:
    """What was asked for in one folder is gone, and what came from elsewhere stays."""
    folder = tmp_path / "shop"
    folder.mkdir()
    log(path, DAYS[0], *_renamed(marked(0, project_hash_of(path, folder))))
    arguments = ["purge", "--ledger", str(path), "--project", str(folder), "--yes"]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    assert "removed 7 rows: 1 of requested" in done.output
    assert b"other" not in bytes_of(path)
    assert left(path) == {"s0", "s1", "s2"}


def _renamed(events: list[Event]) -> list[Event]:
    return [
        dataclasses.replace(event, suggestion_id="other")
        if hasattr(event, "suggestion_id")
        else dataclasses.replace(event, run_id="other-run")
        for event in events
    ]


def test_everything_goes(path: Path) -> None:
    """An emptied ledger holds no mark, counts nothing, is sound, and takes new events."""
    fill(path)
    done = purge(path, Wanted())
    assert done.scrubbed
    assert MARK.encode() not in bytes_of(path)
    assert "duck" not in bytes_of(path).decode("latin-1").replace("ducktypist", "")
    assert left(path) == set()
    write(path, requested("new"))
    assert left(path) == {"new"}
    assert check(path).is_sound


def test_text_alone_goes_and_the_figures_stay(path: Path) -> None:
    """Kept text is gone; every suggestion, path and run is still there."""
    done = purge(path, Wanted(), text_only=True)
    assert done.removed == {"source_text": 3}
    found = bytes_of(path)
    assert f"{MARK}0 = 1".encode() not in found
    assert f"{MARK}0/a.py".encode() in found
    assert left(path) == {"s0", "s1", "s2"}


def test_events_without_a_request_go_by_their_own_time(path: Path) -> None:
    """An event whose request was never written does not outlive a purge."""
    log(path, DAYS[0], verified("orphan", environment_hash=f"{MARK}orphan"))
    log(path, DAYS[2], verified("young", environment_hash=f"{MARK}young"))
    purge(path, Wanted(before_utc="2026-06-01T00:00:00.000Z"))
    found = bytes_of(path)
    assert f"{MARK}orphan".encode() not in found
    assert f"{MARK}young".encode() in found


def test_the_guards_are_back_afterwards(path: Path) -> None:
    """Nothing can be changed or removed after a purge, and a failed one leaves all as it was."""
    purge(path, Wanted(before_utc="2026-03-10T00:00:00.000Z"))
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO gap (at_utc, n_unlogged, reason) VALUES ('x', 1, 'x')")
    for table in ("requested", "model", "gap", "test_seen", "source_text"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a test's names
    connection.close()
    assert check(path).is_sound


def test_a_purge_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When something goes wrong in the middle, rows and guards are as before."""
    from ducktypist.ledger.moving import purge as module  # noqa: PLC0415 - patched here only

    def fail(*_: object) -> int:
        raise apsw.FullError

    monkeypatch.setattr(module, "_remove", fail)
    with pytest.raises(LedgerError, match="disk is full"):
        purge(path, Wanted())
    assert left(path) == {"s0", "s1", "s2"}
    assert check(path).is_sound


def test_an_open_window_goes_on(path: Path) -> None:
    """A window that has the ledger open logs before and after the purge and loses nothing."""
    window = Ledger(path)
    window.append(requested("before"))
    assert window.flush(20)
    done = purge(path, Wanted(before_utc="2026-06-01T00:00:00.000Z"))
    assert done.scrubbed
    assert f"{MARK}0".encode() not in bytes_of(path)
    window.append(requested("after"))
    assert window.flush(20)
    window.close()
    assert window.n_unlogged == 0
    assert left(path) == {"s2", "before", "after"}


def test_a_reader_keeps_the_bytes_and_is_told_of(path: Path) -> None:
    """While somebody reads an old state its bytes cannot go; the next purge does the rest."""
    with database.reading(path) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM requested").get == 3
        arguments = ["purge", "--ledger", str(path), "--all", "--yes"]
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, done.output
        assert "another process is reading the ledger" in done.output
        assert reader.execute("SELECT count(*) FROM requested").get == 3
        reader.execute("ROLLBACK")
    assert left(path) == set()
    assert purge(path, Wanted()).scrubbed
    assert MARK.encode() not in bytes_of(path)


def test_files_that_were_set_aside_are_named(path: Path) -> None:
    """A damaged file beside the ledger is not touched, but said to be there."""
    aside = path.with_name(f"{path.name}.broken-20260101T000000.000000Z")
    aside.write_text(MARK, encoding="utf-8")
    arguments = ["purge", "--ledger", str(path), "--all", "--yes"]
    assert str(aside) in CliRunner().invoke(command, arguments).output
    assert aside.exists()


def test_it_asks_first(path: Path) -> None:
    """Without a yes nothing is removed; without a choice it does not even ask."""
    arguments = ["purge", "--ledger", str(path)]
    refused = CliRunner().invoke(command, [*arguments, "--all"], input="n\n")
    assert refused.exit_code == 1
    assert "for good?" in refused.output
    for wrong in ([], ["--all", "--before", "3"], ["--before", "soon", "--yes"]):
        assert CliRunner().invoke(command, [*arguments, *wrong]).exit_code != 0
    assert left(path) == {"s0", "s1", "s2"}
    missing = CliRunner().invoke(command, ["purge", "--ledger", f"{path}x", "--all", "--yes"])
    assert "nothing to remove" in missing.output


def test_kept_text_expires(path: Path) -> None:
    """Text older than the days is removed for good; 0 days keeps all; figures stay."""
    assert expire_text(path, 0, now=NOW) == 0
    assert expire_text(path, 400, now=NOW) == 0
    assert expire_text(path, 90, now=NOW) == 2
    assert expire_text(path, 90, now=NOW) == 0
    found = bytes_of(path)
    assert f"{MARK}1 = 1".encode() not in found
    assert f"{MARK}2 = 1".encode() in found
    assert left(path) == {"s0", "s1", "s2"}
    assert check(path).is_sound
    assert expire_text(path.with_name("none.sqlite3"), 90, now=NOW) == 0
    assert not path.with_name("none.sqlite3").exists()


def test_nothing_to_expire_leaves_the_schema_alone(path: Path) -> None:
    """The guards are not taken away for nothing, which every other window would feel."""
    connection = apsw.Connection(str(path))
    before = connection.pragma("schema_version")
    expire_text(path, 400, now=NOW)
    assert connection.pragma("schema_version") == before
    connection.close()


def test_what_was_exported_before_can_come_back(path: Path) -> None:
    """A purge removes from this ledger; who imports an old export again gets its events again."""
    out = io.StringIO()
    export_lines(path, out, with_text=True)
    purge(path, Wanted())
    assert import_lines(path, io.BytesIO(out.getvalue().encode()), name="x").n_new == 21
    assert left(path) == {"s0", "s1", "s2"}
