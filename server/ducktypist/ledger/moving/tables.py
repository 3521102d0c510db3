"""The ledger's tables as data: names, columns and types, as the present schema has them.

The truth is the SQL of the migrations; it is run on an empty database in memory and asked. What a
column means is said in ``dictionary``.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import apsw

from ducktypist.ledger.migrations import migrate

EVENT_TABLES = (
    "requested",
    "generated",
    "lifecycle",
    "verified",
    "tried",
    "claimed",
    "placed",
    "sighted",
    "persisted",
    "conclusion",
    "source_text",
    "test_run",
    "test_seen",
    "gap",
)
"""The tables of events, in the order in which events of one moment are written out."""

TEXT_TABLE = "source_text"
"""The only table that holds text of the user's, and only where that was asked for."""

MODEL_TABLE = "model"
MODEL_ID = "model_id"
SEQ = "seq"
"""The order of writing in one file; it means nothing in another and is not exported."""

RUN_TABLES = ("test_run", "test_seen")
"""What belongs to a test run instead of a suggestion."""

UNIQUE = {"requested": "suggestion_id", "generated": "suggestion_id", "test_run": "run_id"}
"""The tables that hold one row for each id, and that id."""

MODEL_COLUMNS = {"name": "model", "sha256": "model_sha256"}
"""How columns of a model are called in a flat table; all others keep their name."""

FLAGS = frozenset(
    {
        "truncated",
        "trusted",
        "timed_out",
        "has_tell",
        "chosen",
        "is_body",
        "as_made",
        "passed",
        "is_direct",
        "has_fim",
    }
)
"""Columns that hold 0 or 1; exports say false and true. A test holds them to the events."""

TIMES = frozenset({"at_utc", "ran_utc"})
"""Columns that hold a time as ISO 8601 with milliseconds and ``Z``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    sql_type: str
    """``TEXT``, ``INTEGER`` or ``REAL``."""
    nullable: bool
    default: str | None
    """The SQL of what stands there when nothing is given; None where something must be."""

    @property
    def is_flag(self) -> bool:
        """Whether it holds 0 or 1 and means false or true."""
        return self.name in FLAGS

    @property
    def required(self) -> bool:
        """Whether a row cannot do without it."""
        return not self.nullable and self.default is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of events, or that of the models."""

    name: str
    columns: tuple[Column, ...]
    """Without ``seq`` and ``model_id``, which are of one file only."""
    has_model: bool
    """Whether a row names a model."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    @property
    def owner(self) -> str:
        """The column that says whom a row is about; empty where it is about the ledger itself."""
        if self.name in RUN_TABLES:
            return "run_id"
        return "" if self.name == "gap" else "suggestion_id"


@functools.cache
def event_tables() -> dict[str, Table]:
    """Return the tables of events by name, in the order of :data:`EVENT_TABLES`."""
    connection = empty_ledger()
    try:
        return {name: _table(connection, name) for name in EVENT_TABLES}
    finally:
        connection.close()


@functools.cache
def model_table() -> Table:
    """Return the table that names each model once."""
    connection = empty_ledger()
    try:
        return _table(connection, MODEL_TABLE)
    finally:
        connection.close()


@functools.cache
def view_names() -> tuple[str, ...]:
    """Return the names of all views, those first on which others stand."""
    connection = empty_ledger()
    sql = "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY rowid"
    try:
        return tuple(str(row[0]) for row in connection.execute(sql))
    finally:
        connection.close()


def empty_ledger(name: str = ":memory:") -> apsw.Connection:
    """Return a new ledger of the present schema.

    Args:
        name: SQLite's name of the database; empty for one in a temporary file.
    """
    connection = apsw.Connection(name)
    migrate(connection)
    return connection


def _table(connection: apsw.Connection, name: str) -> Table:
    found = list(connection.execute(f"PRAGMA table_info({name})"))
    columns = tuple(
        Column(name=str(column), sql_type=str(kind), nullable=not not_null, default=_text(default))
        for _, column, kind, not_null, default, _ in found
        if column not in {SEQ, MODEL_ID}
    )
    return Table(name=name, columns=columns, has_model=any(row[1] == MODEL_ID for row in found))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
