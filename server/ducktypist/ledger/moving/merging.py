"""Which staged events a ledger does not have yet, and taking those over.

An event that the ledger has is known by its id where there is one event for each id, and otherwise
by all its values. Events that are alike in all of them are counted, so that putting the same ones
in again changes nothing, and two that were alike stay two.
"""

from __future__ import annotations

import apsw

from ducktypist.ledger.moving.tables import (
    MODEL_ID,
    SEQ,
    UNIQUE,
    Table,
    event_tables,
    model_table,
)

STAGED = "staged"
"""The name under which the other database is attached."""


def take_over(connection: apsw.Connection) -> dict[str, int]:
    """Insert what is staged and not there yet; return by table how many events it was.

    Args:
        connection: A ledger within a transaction that may write, with another of the same schema
            attached as :data:`STAGED`.
    """
    names = ", ".join(model_table().names)
    connection.execute(
        f"INSERT OR IGNORE INTO main.model ({names}) "  # noqa: S608 - our own names
        f"SELECT {names} FROM {STAGED}.model ORDER BY {MODEL_ID}"
    )
    return {table.name: _take_over(connection, table) for table in event_tables().values()}


def _take_over(connection: apsw.Connection, table: Table) -> int:
    before = connection.total_changes()
    connection.execute(_of_one_id(table) if table.name in UNIQUE else _alike(table))
    return connection.total_changes() - before


def _of_one_id(table: Table) -> str:
    """Return the statement for a table with one row for each id."""
    into, given, join = list(table.names), [f's."{name}"' for name in table.names], ""
    if table.has_model:
        same = " AND ".join(f"m.{name} = w.{name}" for name in model_table().names)
        join = (
            f"JOIN {STAGED}.model AS w ON w.{MODEL_ID} = s.{MODEL_ID} "
            f"JOIN main.model AS m ON {same}"
        )
        into, given = [MODEL_ID, *into], [f"m.{MODEL_ID}", *given]
    identity = UNIQUE[table.name]
    return (
        f"INSERT INTO main.{table.name} ({_quoted(into)}) "  # noqa: S608 - our own names
        f"SELECT {', '.join(given)} FROM {STAGED}.{table.name} AS s {join} "
        f"WHERE s.{identity} NOT IN (SELECT {identity} FROM main.{table.name}) "
        f"ORDER BY s.at_utc, s.{SEQ}"
    )


def _alike(table: Table) -> str:
    """Return the statement for a table in which rows are told apart by all that they hold."""
    names = _quoted(table.names)
    owner = table.owner
    only = f"WHERE {owner} IN (SELECT {owner} FROM {STAGED}.{table.name})" if owner else ""  # noqa: S608 - our own names
    same = " AND ".join(f'k."{name}" IS s."{name}"' for name in table.names)
    given = ", ".join(f's."{name}"' for name in table.names)
    return (
        f"INSERT INTO main.{table.name} ({names}) SELECT {given} FROM ("  # noqa: S608 - our own names
        f"SELECT {SEQ}, {names}, row_number() OVER (PARTITION BY {names} ORDER BY {SEQ}) AS copy "
        f"FROM {STAGED}.{table.name}) AS s "
        f"LEFT JOIN (SELECT {names}, count(*) AS n FROM main.{table.name} {only} GROUP BY {names}) "
        f"AS k ON {same} WHERE s.copy > coalesce(k.n, 0) ORDER BY s.at_utc, s.{SEQ}"
    )


def _quoted(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
