"""The team's tables and views: made from the same column definitions and the same SQL of views.

Tables have two columns more than a person's ledger: ``origin``, the installation that an event came
from first, and ``row_key``, by which an event that comes again is known. The views do not show
them. As in a person's ledger, events are neither changed nor removed; triggers see to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ducktypist.errors import LedgerError
from ducktypist.ledger.migrations import MIGRATIONS, SCHEMA_VERSION
from ducktypist.ledger.moving.tables import (
    MODEL_ID,
    SEQ,
    Column,
    Table,
    event_tables,
    model_table,
)
from ducktypist.ledger.postgres.connection import SCHEMA, Connection, redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = 0x4455434B
"""Which advisory lock keeps two people from making the schema at once: ``DUCK``."""

PUSH_LOCK = _LOCK + 1
"""Which one lets one batch in at a time."""

_TYPES = {"TEXT": 'text COLLATE "C"', "INTEGER": "bigint", "REAL": "double precision"}
"""Text is ordered by its bytes, as SQLite does it."""

_INDEXED = ("suggestion_id", "run_id", "task_hash", "block_hash")

_REFUSE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$
"""


def make_schema(connection: Connection, url: str) -> None:
    """Make the schema, or bring an older one up to date, in one transaction.

    Raises:
        LedgerError: The schema was made by a newer version.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        version = version_of(connection)
        _refuse_newer(version, url)
        if version == SCHEMA_VERSION:
            return
        if not _number(connection, "SELECT count(*) FROM pg_namespace WHERE nspname = %s", SCHEMA):
            _run(connection, f"CREATE SCHEMA {SCHEMA}")
        for statement in _statements(connection):
            _run(connection, statement)
        connection.execute(
            "INSERT INTO migration (number, name) VALUES (%s, %s)",
            (SCHEMA_VERSION, MIGRATIONS[-1].name),
        )


def require_schema(connection: Connection, url: str) -> None:
    """Raise where there is nothing that this version can read.

    Raises:
        LedgerError: There is no ledger, or one of another version.
    """
    version = version_of(connection)
    _refuse_newer(version, url)
    if version < SCHEMA_VERSION:
        state = "holds no ledger" if version == 0 else f"holds a ledger of schema {version}"
        raise LedgerError(
            f"{redacted(url)} {state}; push to it once with this version of Ducktypist "
            f"(schema {SCHEMA_VERSION}): ducktypist ledger push"
        )


def version_of(connection: Connection) -> int:
    """Return the schema's number, 0 where there is none."""
    sql = "SELECT count(*) FROM pg_tables WHERE schemaname = %s AND tablename = 'migration'"
    if not _number(connection, sql, SCHEMA):
        return 0
    return _number(connection, "SELECT coalesce(max(number), 0) FROM migration")


def _refuse_newer(version: int, url: str) -> None:
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"{redacted(url)} was made by a newer version of Ducktypist (schema {version}, this "
            f"one knows {SCHEMA_VERSION}); install that one"
        )


def _statements(connection: Connection) -> Iterator[str]:
    yield (
        "CREATE TABLE IF NOT EXISTS migration (number bigint PRIMARY KEY, name text NOT NULL, "
        "at_utc timestamptz NOT NULL DEFAULT now())"
    )
    yield (
        "CREATE TABLE IF NOT EXISTS pushed (origin text NOT NULL, table_name text NOT NULL, "
        "seq bigint NOT NULL, row_key text NOT NULL, at_utc timestamptz NOT NULL DEFAULT now(), "
        "PRIMARY KEY (origin, table_name))"
    )
    yield _REFUSE
    # Views stand in the way of their tables' changes; all of them are made anew below.
    sql = "SELECT viewname FROM pg_views WHERE schemaname = %s"
    for (view,) in connection.execute(sql, (SCHEMA,)).fetchall():
        yield f'DROP VIEW IF EXISTS "{view}" CASCADE'
    yield from _table_statements(connection, model_table())
    for table in event_tables().values():
        yield from _table_statements(connection, table)
    for step in MIGRATIONS:
        if step.portable:
            yield step.sql()


def _table_statements(connection: Connection, table: Table) -> Iterator[str]:
    sql = (
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s"
    )
    have = {str(row[0]) for row in connection.execute(sql, (SCHEMA, table.name)).fetchall()}
    if have:
        for column in table.columns:
            if column.name not in have:
                yield f"ALTER TABLE {table.name} ADD COLUMN {_column(column)}"
        return
    columns = [_column(column) for column in table.columns]
    if table.name == "model":
        unique = ", ".join(f'"{name}"' for name in table.names)
        identity = f"{MODEL_ID} bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
        yield f"CREATE TABLE model ({', '.join((identity, *columns))}, UNIQUE ({unique}))"
    else:
        own = [f"{SEQ} bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"]
        if table.has_model:
            own.append(f"{MODEL_ID} bigint NOT NULL REFERENCES model ({MODEL_ID})")
        own += [f"origin {_TYPES['TEXT']} NOT NULL", f"row_key {_TYPES['TEXT']} NOT NULL UNIQUE"]
        yield f"CREATE TABLE {table.name} ({', '.join((*own, *columns))})"
        for name in _INDEXED:
            if name in table.names:
                yield f"CREATE INDEX ON {table.name} ({name})"
    yield (
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _column(column: Column) -> str:
    null = "" if column.nullable else " NOT NULL"
    default = "" if column.default is None else f" DEFAULT {column.default}"
    return f'"{column.name}" {_TYPES[column.sql_type]}{null}{default}'


def _run(connection: Connection, statement: str) -> None:
    # Without parameters, a step's several statements are one message, and a % is only a character.
    connection.execute(statement.encode())


def _number(connection: Connection, sql: str, *values: Any) -> int:  # noqa: ANN401 - bound values
    row = connection.execute(sql.encode(), values or None).fetchone()
    return int(row[0]) if row else 0
