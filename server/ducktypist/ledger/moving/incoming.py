"""Import and merge: events of another ledger, or of a file of lines, put into this one.

All of a file or nothing of it; putting the same events in again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import apsw

from ducktypist.errors import LedgerError
from ducktypist.ledger.database import open_writer, translated
from ducktypist.ledger.migrations import migrate, version_of
from ducktypist.ledger.moving.lines import MAX_LINE_BYTES, Header, Incoming, parse_line
from ducktypist.ledger.moving.merging import STAGED, take_over
from ducktypist.ledger.moving.staging import Staging, staging, temporary_file
from ducktypist.ledger.moving.tables import EVENT_TABLES

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to."""

    n_read: int
    n_new: int
    """Events that the ledger did not have."""
    new_by_table: dict[str, int]
    origin: str
    """The name of the installation that wrote the file; empty for a ledger's own file."""


def is_ledger(path: Path) -> bool:
    """Tell whether a file is an SQLite database instead of lines.

    Raises:
        LedgerError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror or error}") from error


def import_lines(ledger: Path, source: BinaryIO, *, name: str) -> Imported:
    """Put the events of a file of lines into the ledger.

    Args:
        ledger: The ledger's file; made when missing.
        source: The lines.
        name: What to call them in messages.

    Raises:
        LedgerError: A line is not one of ours, with its number; the ledger then is as before.
    """
    with staging() as staged:
        header = _stage(_lines(source, name), staged, name)
        staged.commit()
        new = _merge(ledger, staged.path)
    return _imported(staged.n_events, new, header.origin)


def import_ledger(ledger: Path, other: Path) -> Imported:
    """Put the events of another ledger's file into this one; the other stays as it is.

    Raises:
        LedgerError: One of the two cannot be used; this one then is as before.
    """
    if ledger.exists() and ledger.samefile(other):
        raise LedgerError(f"{other} is this ledger itself")
    with temporary_file() as copy:
        with translated(other):
            n_read = _copied(other, copy)
        new = _merge(ledger, copy)
    return _imported(n_read, new, "")


def _imported(n_read: int, new: dict[str, int], origin: str) -> Imported:
    return Imported(n_read=n_read, n_new=sum(new.values()), new_by_table=new, origin=origin)


def _stage(lines: Iterator[tuple[int, bytes]], staged: Staging, name: str) -> Header:
    header: Header | None = None
    for number, line in lines:
        try:
            header = _stage_one(parse_line(line), staged, header)
        except LedgerError as error:
            raise LedgerError(f"{name}, line {number}: {error}; nothing was imported") from error
    if header is None:
        raise LedgerError(f"{name} is empty; expected an exported ledger")
    return header


def _stage_one(found: Header | Incoming, staged: Staging, header: Header | None) -> Header:
    """Take one line; return the header that holds from here on."""
    if isinstance(found, Header):
        if header is not None:
            raise LedgerError("this is a second header; import the files one by one")
        return found
    if header is None:
        raise LedgerError("the first line is no header; expected an exported ledger")
    staged.add(found.table, found.values, found.model)
    return header


def _lines(source: BinaryIO, name: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        while line := source.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise LedgerError(
                    f"{name}, line {number} is longer than {MAX_LINE_BYTES} bytes; nothing was "
                    "imported"
                )
            if line.strip():
                yield number, line
    except OSError as error:
        raise LedgerError(f"{name} cannot be read: {error.strerror or error}") from error


def _copied(other: Path, copy: Path) -> int:
    """Copy a ledger in one state of it, bring the copy to the present schema, count its events."""
    source = apsw.Connection(str(other), flags=apsw.SQLITE_OPEN_READONLY)
    target = apsw.Connection(str(copy))
    try:
        with target.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(1000)
        target.pragma("trusted_schema", value=False)
        # The copy is thrown away, so it needs no log beside it.
        target.pragma("journal_mode", "DELETE")
        if version_of(target) == 0:
            raise LedgerError(f"{other} is empty; expected a ledger")
        migrate(target)
        return sum(
            int(str(target.execute(f"SELECT count(*) FROM {name}").get))  # noqa: S608 - our own names
            for name in EVENT_TABLES
        )
    finally:
        target.close()
        source.close()


def _merge(ledger: Path, staged: Path) -> dict[str, int]:
    writer = open_writer(ledger)
    connection = writer.connection
    try:
        with translated(ledger):
            connection.pragma("synchronous", "FULL")
            connection.execute(f"ATTACH ? AS {STAGED}", (str(staged),))
            connection.execute("BEGIN IMMEDIATE")
            try:
                new = take_over(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute(f"DETACH {STAGED}")
            return new
    finally:
        writer.close()
