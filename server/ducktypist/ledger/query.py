"""Where numbers are read from: rows of the ledger's views, by the same SQL in either database.

A person's ledger is an SQLite file, a team's may be a PostgreSQL database. Whoever reads numbers
takes a :class:`Rows` and does not know which it is. Nothing is computed here.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.rows import Value

if TYPE_CHECKING:
    import apsw

URL_PREFIXES = ("postgresql://", "postgres://")

ConnectionT = TypeVar("ConnectionT")


class Rows(Protocol):
    """The views of one ledger.

    Used as a context manager, all queries inside see one state of it.
    """

    @property
    def name(self) -> str:
        """What to call the ledger in front of people; holds no password."""

    def query(self, sql: str, bindings: Sequence[Value] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query by column name; ``?`` stands for a value of ``bindings``.

        Raises:
            LedgerError: The ledger is missing, is none, or was made by a newer version.
        """

    def tuples(self, sql: str, bindings: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query in the order of its columns; for very many of them.

        Raises:
            LedgerError: As :meth:`query`.
        """

    def __enter__(self) -> Self:
        """Hold one state of the ledger until the block ends."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of it."""


class HeldRows(ABC, Generic[ConnectionT]):
    """What both kinds of rows have in common: a connection for each question, or one that is held.

    Whoever derives from it says what a connection is and what holding one state takes.
    """

    def __init__(self) -> None:
        self._connection: ConnectionT | None = None
        self._held: contextlib.ExitStack | None = None

    @abstractmethod
    def _connected(self) -> contextlib.AbstractContextManager[ConnectionT]:
        """Return a connection that sees one state of the ledger.

        Raises:
            LedgerError: There is none to be had.
        """

    @contextlib.contextmanager
    def _asked(self) -> Iterator[ConnectionT]:
        """Give the connection that is held, or one for this question alone."""
        if self._connection is not None:
            yield self._connection
            return
        with self._connected() as connection:
            yield connection

    def __enter__(self) -> Self:
        """Hold one state of the ledger: later writes of others are not seen."""
        with contextlib.ExitStack() as stack:
            self._connection = stack.enter_context(self._connected())
            self._held = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of it."""
        held, self._held, self._connection = self._held, None, None
        if held is not None:
            held.__exit__(exc_type, exc, traceback)


class SqliteRows(HeldRows["apsw.Connection"]):
    """The views of a ledger in a file; outside of a ``with`` block each query opens it anew."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    def query(self, sql: str, bindings: Sequence[Value] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query by column name.

        Raises:
            LedgerError: The file is missing, is not a ledger, or was made by a newer version.
        """
        with self._asked() as connection:
            return list(rows_of(connection, sql, bindings))

    def tuples(self, sql: str, bindings: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query in the order of its columns.

        Raises:
            LedgerError: As :meth:`query`.
        """
        with self._asked() as connection:
            return connection.execute(sql, bindings).fetchall()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[apsw.Connection]:
        # As a context manager of its own, apsw's connection is a transaction.
        with reading(self.path) as connection, connection:
            yield connection


def as_rows(ledger: Path | Rows) -> Rows:
    """Return the views of a ledger that is named by its file or is given as they are."""
    return SqliteRows(ledger) if isinstance(ledger, Path) else ledger


def is_url(place: str | Path) -> bool:
    """Tell whether a ledger's place is a database's address instead of a file."""
    return isinstance(place, str) and place.startswith(URL_PREFIXES)


def rows_at(place: str | Path) -> Rows:
    """Return the views of the ledger at ``place``: a file's path or a ``postgresql://`` address.

    Raises:
        LedgerError: It is an address, and what speaks to PostgreSQL is not installed.
    """
    if is_url(place):
        from ducktypist.ledger.postgres.rows import PostgresRows  # noqa: PLC0415 - an optional extra

        return PostgresRows(str(place))
    return SqliteRows(Path(place))
