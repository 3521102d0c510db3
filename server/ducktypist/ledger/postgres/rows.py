"""The views of a team's database, read with the same SQL as those of a person's ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ducktypist.ledger.postgres.connection import Connection, connected, redacted
from ducktypist.ledger.postgres.schema import require_schema
from ducktypist.ledger.query import HeldRows
from ducktypist.ledger.rows import Value


class PostgresRows(HeldRows[Connection]):
    """The views of a team's ledger; outside of a ``with`` block each query connects anew."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @property
    def name(self) -> str:
        """The address without what is secret in it."""
        return redacted(self._url)

    def query(self, sql: str, bindings: Sequence[Value] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query by column name; numbers are int and float as SQLite's.

        Raises:
            LedgerError: The server does not answer, or holds no ledger that can be read.
        """
        with self._asked() as connection:
            cursor = connection.execute(translated_marks(sql).encode(), tuple(bindings))
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]

    def tuples(self, sql: str, bindings: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query in the order of its columns; for very many of them.

        Raises:
            LedgerError: As :meth:`query`.
        """
        with self._asked() as connection:
            cursor = connection.execute(translated_marks(sql).encode(), tuple(bindings))
            return [tuple(map(_plain, row)) for row in cursor.fetchall()]

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Connection]:
        with connected(self._url, read_only=True) as connection:
            require_schema(connection, self._url)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection


def translated_marks(sql: str) -> str:
    """Return SQL with psycopg's marks for values in place of SQLite's.

    A question mark in a text, a name or a comment is none, and a percent sign is only that.
    """
    found: list[str] = []
    position = 0
    while position < len(sql):
        end = _end_of_quoted(sql, position)
        if end > position:
            found.append(sql[position:end].replace("%", "%%"))
            position = end
            continue
        character = sql[position]
        found.append({"?": "%s", "%": "%%"}.get(character, character))
        position += 1
    return "".join(found)


def _end_of_quoted(sql: str, start: int) -> int:
    """Return where the text, name or comment that begins at ``start`` ends; ``start`` if none."""
    if sql[start] in "'\"":
        end = sql.find(sql[start], start + 1)
        return len(sql) if end < 0 else end + 1
    if sql.startswith("--", start):
        end = sql.find("\n", start)
        return len(sql) if end < 0 else end
    return start


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
