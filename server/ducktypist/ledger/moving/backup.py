"""A copy of the ledger in one state of it, made while others write, and looked over afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import apsw

from ducktypist.errors import LedgerError
from ducktypist.ledger.database import translated
from ducktypist.ledger.migrations import version_of
from ducktypist.ledger.moving.places import whole_file
from ducktypist.ledger.moving.tables import EVENT_TABLES

_N_PAGES = 500
"""Copied at a time; in between, others may write, and what they wrote is copied as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What a backup came to."""

    n_bytes: int
    n_events: int


def backup(ledger: Path, out: Path, *, replace: bool = False) -> BackedUp:
    """Copy the ledger to ``out``, one file without a log, mode 0600, and check the copy.

    The key is not part of it: with both, whoever finds the copy could test guesses of what was
    hashed.

    Raises:
        LedgerError: The ledger cannot be read, ``out`` exists already or cannot be written, or the
            copy is damaged because the ledger is.
    """
    if not ledger.is_file():
        raise LedgerError(f"{ledger} is not a file; a ledger appears with the first suggestion")
    with whole_file(out, replace=replace) as part:
        with translated(ledger):
            source = apsw.Connection(str(ledger), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                source.set_busy_timeout(5000)
                source.pragma("query_only", value=True)
                version_of(source)
                _copy(source, part)
            finally:
                source.close()
        return _looked_over(part)


def _copy(source: apsw.Connection, part: Path) -> None:
    target = apsw.Connection(str(part))
    try:
        # A read transaction that lasts keeps the copy from beginning anew at each write of others.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").get  # noqa: B018 - a read begins it
        with target.backup("main", source, "main") as copying:
            while not copying.done:
                copying.step(_N_PAGES)
        target.pragma("journal_mode", "DELETE")
    finally:
        target.close()


def _looked_over(part: Path) -> BackedUp:
    copy = apsw.Connection(str(part), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = copy.pragma("integrity_check", 1)
        if found != "ok":
            raise LedgerError(f"the copy fails SQLite's own check ({found}); so does the ledger")
        have = {str(row[0]) for row in copy.execute("SELECT name FROM sqlite_schema")}
        n_events = sum(
            int(str(copy.execute(f"SELECT count(*) FROM {name}").get))  # noqa: S608 - our own names
            for name in EVENT_TABLES
            if name in have
        )
    except apsw.Error as error:
        raise LedgerError(f"the copy cannot be read: {error}; check the ledger") from error
    finally:
        copy.close()
    return BackedUp(n_bytes=part.stat().st_size, n_events=n_events)
