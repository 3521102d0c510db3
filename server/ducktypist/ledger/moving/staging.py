"""A place for events on their way into a ledger: a temporary one of the same schema.

It lies in a file that is removed, so that an import of any size takes no more memory than a line.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import apsw

from ducktypist.errors import LedgerError
from ducktypist.ledger.database import BAD_ROW
from ducktypist.ledger.moving.tables import MODEL_ID, UNIQUE, empty_ledger, model_table
from ducktypist.ledger.rows import Value


class Staging:
    """Events that were read and are not in the ledger yet."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path
        self.n_events = 0
        self._models: dict[tuple[Value, ...], Value] = {}

    def add(
        self, table: str, values: Mapping[str, Value], model: Mapping[str, Value] | None
    ) -> None:
        """Take one event; of two that can be there once only, the first one stays.

        Raises:
            LedgerError: Its table refuses it.
        """
        self.n_events += 1
        row = dict(values)
        try:
            if self._is_here(table, row):
                return
            if model is not None:
                row[MODEL_ID] = self._model_id(model)
            self._insert("INSERT", table, row)
        except BAD_ROW as error:
            raise LedgerError(f"the table `{table}` refuses this event: {error}") from error

    def commit(self) -> None:
        """Let other connections see what was taken."""
        self._connection.execute("COMMIT")

    def _is_here(self, table: str, row: Mapping[str, Value]) -> bool:
        if (identity := UNIQUE.get(table)) is None:
            return False
        sql = f"SELECT 1 FROM {table} WHERE {identity} = ?"  # noqa: S608 - our own names
        return self._connection.execute(sql, (row[identity],)).get is not None

    def _model_id(self, model: Mapping[str, Value]) -> Value:
        names = model_table().names
        key = tuple(model.get(name) for name in names)
        if key not in self._models:
            self._insert("INSERT OR IGNORE", "model", model)
            wanted = " AND ".join(f"{name} = ?" for name in names)
            sql = f"SELECT {MODEL_ID} FROM model WHERE {wanted}"  # noqa: S608 - our own names
            # Columns that an older form of lines does not have are filled in by the table.
            last = self._connection.last_insert_rowid()
            found = self._connection.execute(sql, key).get if None not in key else last
            self._models[key] = found
        return self._models[key]

    def _insert(self, verb: str, table: str, row: Mapping[str, Value]) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self._connection.execute(
            f"{verb} INTO {table} ({names}) VALUES ({marks})",
            tuple(row.values()),
        )


@contextmanager
def staging() -> Iterator[Staging]:
    """Give an empty place for events, on disk while the block lasts.

    Raises:
        LedgerError: There is no room for it.
    """
    with temporary_file() as path:
        connection = empty_ledger(str(path))
        try:
            # What is lost in a crash was not imported.
            connection.pragma("journal_mode", "OFF")
            connection.pragma("synchronous", "OFF")
            connection.execute("BEGIN")
            staged = Staging(connection, path)
            yield staged
        except apsw.FullError as error:
            raise LedgerError(
                f"{path.parent} is full; set TMPDIR to a folder with more room"
            ) from error
        finally:
            connection.close()


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Give the path of a file in a folder of its own, which only the owner can enter."""
    with tempfile.TemporaryDirectory(prefix="ducktypist-") as folder:
        yield Path(folder) / "staged.sqlite3"
