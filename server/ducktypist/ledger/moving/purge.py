"""Removing what the ledger knows, for good: by time, by project, all of it, or kept text alone.

A suggestion goes with all its events, so that no figure counts half of one. What was removed is
not in the file afterwards, nor in its log. Copies that somebody made elsewhere are not ours to
find; files that were set aside as damaged lie beside the ledger and are named.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ducktypist.ledger import derived
from ducktypist.ledger.database import open_writer, translated
from ducktypist.ledger.moving.tables import TEXT_TABLE, Table, event_tables
from ducktypist.ledger.moving.wanted import Wanted
from ducktypist.ledger.moving.writing import removing, scrub
from ducktypist.ledger.rows import Value
from ducktypist.ledger.times import utc_text

if TYPE_CHECKING:
    import apsw


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What a purge came to."""

    removed: dict[str, int]
    """Rows by table; only tables that lost some."""
    scrubbed: bool
    """Whether the bytes are gone from file and log. False while another process reads; the rows
    are gone for everybody all the same, and the next purge, or closing the editors, does it."""
    set_aside: tuple[Path, ...]
    """Damaged files beside the ledger, which may hold what was removed here."""

    @property
    def n_removed(self) -> int:
        """Rows, all tables together."""
        return sum(self.removed.values())


def purge(ledger: Path, wanted: Wanted, *, text_only: bool = False) -> Purged:
    """Remove for good what is wanted; everything where that names nothing.

    Args:
        ledger: The ledger's file.
        wanted: Which suggestions and test runs; of those without a request, by their own time and
            place.
        text_only: Remove only kept text, and leave all figures as they are.

    Raises:
        LedgerError: The file is missing, is no ledger, or is held by somebody for too long.
    """
    tables = event_tables()
    removed = {}
    with removing(ledger) as connection:
        _choose(connection, wanted)
        chosen = (tables[TEXT_TABLE],) if text_only else tuple(tables.values())
        for table in chosen:
            if n := _remove(connection, table, wanted):
                removed[table.name] = n
        if not text_only:
            connection.execute(
                "DELETE FROM model WHERE model_id NOT IN (SELECT model_id FROM requested)"
            )
            derived.forget(connection)
    return Purged(removed=removed, scrubbed=scrub(ledger), set_aside=set_aside(ledger))


def expire_text(ledger: Path, days: int, *, now: dt.datetime) -> int:
    """Remove kept text that is older than so many days; return how many texts it was.

    Cheap where there is nothing to remove, so it can be called at every start and once a day.

    Args:
        ledger: The ledger's file; a missing one is empty.
        days: 0 keeps it for ever.
        now: The present time.

    Raises:
        LedgerError: The file is no ledger, or is held by somebody for too long.
    """
    if days <= 0 or not ledger.is_file():
        return 0
    before = utc_text(now - dt.timedelta(days=days))
    # Taking the guards away and putting them back is felt by every other window.
    if not _has_text(ledger, before):
        return 0
    with removing(ledger) as connection:
        connection.execute("DELETE FROM source_text WHERE at_utc < ?", (before,))
        n_texts = connection.changes()
    if n_texts:
        scrub(ledger)
    return n_texts


def set_aside(ledger: Path) -> tuple[Path, ...]:
    """Return the damaged files that lie beside the ledger, oldest first."""
    return tuple(sorted(ledger.parent.glob(f"{ledger.name}.broken-*")))


def _has_text(ledger: Path, before_utc: str) -> bool:
    writer = open_writer(ledger)
    sql = "SELECT 1 FROM source_text WHERE at_utc < ? LIMIT 1"
    try:
        with translated(ledger):
            return writer.connection.execute(sql, (before_utc,)).get is not None
    finally:
        writer.close()


def _choose(connection: apsw.Connection, wanted: Wanted) -> None:
    """Gather the ids of suggestions and runs that are to go.

    An event whose request is missing is chosen by the time of its last event, and by where it was
    placed.
    """
    connection.execute("CREATE TEMP TABLE chosen (owner TEXT, id TEXT, PRIMARY KEY (owner, id))")
    tables = event_tables()
    for home, owner in (("requested", "suggestion_id"), ("test_run", "run_id")):
        where, values = wanted.condition(tables[home])
        sql = f"SELECT {owner} FROM {home} WHERE {where or '1 = 1'}"  # noqa: S608 - our own names
        _gather(connection, owner, sql, values)
        for table in tables.values():
            if table.owner == owner and table.name != home:
                _gather(connection, owner, *_without_home(table, home, wanted))


def _without_home(table: Table, home: str, wanted: Wanted) -> tuple[str, list[Value]]:
    """Return what chooses rows of which no first event tells whose and when they are."""
    owner = table.owner
    conditions = [f"{owner} NOT IN (SELECT {owner} FROM {home})"]  # noqa: S608 - our own names
    values: list[Value] = []
    if wanted.project_hash is not None and "project_hash" in table.names:
        conditions.append("project_hash = ?")
        values.append(wanted.project_hash)
    elif wanted.project_hash is not None or wanted.kind is not None:
        conditions.append("1 = 0")
    where, having = " AND ".join(conditions), ""
    if wanted.before_utc is not None:
        having = "HAVING max(at_utc) < ?"
        values.append(wanted.before_utc)
    sql = f"SELECT {owner} FROM {table.name} WHERE {where} GROUP BY {owner} {having}"  # noqa: S608 - as above
    return sql, values


def _gather(connection: apsw.Connection, owner: str, sql: str, values: list[Value]) -> None:
    connection.execute(
        f"INSERT OR IGNORE INTO temp.chosen SELECT '{owner}', c.* FROM ({sql}) AS c",  # noqa: S608 - our own names
        values,
    )


def _remove(connection: apsw.Connection, table: Table, wanted: Wanted) -> int:
    values: list[Value]
    if table.owner:
        where = f"{table.owner} IN (SELECT id FROM temp.chosen WHERE owner = ?)"  # noqa: S608 - our own names
        values = [table.owner]
    else:
        where, values = wanted.condition(table)
    clause = f"WHERE {where}" if where else ""
    connection.execute(f"DELETE FROM {table.name} {clause}", values)  # noqa: S608 - as above
    return connection.changes()
