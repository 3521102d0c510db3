"""One connection that may change what is otherwise append-only, for the two who must.

Purging removes rows. The triggers that refuse this are taken away and put back inside the very
transaction that removes: nobody else ever sees the ledger without them, and a crash leaves them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from ducktypist.errors import LedgerBusyError, LedgerError
from ducktypist.ledger.database import open_writer, translated


@contextlib.contextmanager
def removing(ledger: Path) -> Iterator[apsw.Connection]:
    """Give a connection within a transaction in which rows may be deleted.

    It is committed when the block ends well and undone otherwise. Freed pages are overwritten.

    Raises:
        LedgerError: The file is missing, is no ledger, or is held by somebody for too long.
    """
    if not ledger.is_file():
        raise LedgerError(f"{ledger} is not a file; there is nothing to remove")
    writer = open_writer(ledger)
    connection = writer.connection
    try:
        with translated(ledger):
            connection.pragma("secure_delete", value=True)
            connection.pragma("synchronous", "FULL")
            connection.pragma("temp_store", "MEMORY")
            connection.execute("BEGIN IMMEDIATE")
            try:
                guards = _delete_guards(connection)
                for name in guards:
                    connection.execute(f'DROP TRIGGER "{name}"')
                yield connection
                for sql in guards.values():
                    connection.execute(sql)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
    finally:
        writer.close()


def scrub(ledger: Path) -> bool:
    """Rewrite the file without what was removed, and empty its log; tell whether both were done.

    Other processes may hold the ledger for some time: what they are still reading cannot be taken
    from under them. Then it is False, and another call does the rest.

    Raises:
        LedgerError: The file cannot be rewritten for another reason, such as a full disk.
    """
    writer = open_writer(ledger)
    try:
        with translated(ledger):
            writer.connection.pragma("secure_delete", value=True)
            writer.connection.execute("VACUUM")
            busy, *_ = next(iter(writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")))
            return str(busy) == "0"
    except LedgerBusyError:
        return False
    finally:
        writer.close()


def _delete_guards(connection: apsw.Connection) -> dict[str, str]:
    """Return the triggers that refuse a deletion, by name, with what makes them anew."""
    sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE ?"
    return {str(name): str(made) for name, made in connection.execute(sql, ("%_refuses_delete",))}
