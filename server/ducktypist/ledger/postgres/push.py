"""Sending a ledger's events to a team's database: what is new there, as often as one likes.

An event is known by its id where there is one for each id, and otherwise by a digest of all that it
holds; so nothing comes twice, whether it is pushed again, from another machine, or from a ledger
that was merged. How far a ledger was pushed is kept in the database, so that the next push reads
only what came since.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ducktypist.ledger.database import reading
from ducktypist.ledger.moving.tables import (
    MODEL_ID,
    SEQ,
    TEXT_TABLE,
    UNIQUE,
    Column,
    Table,
    event_tables,
    model_table,
)
from ducktypist.ledger.postgres.connection import Connection, connected
from ducktypist.ledger.postgres.schema import PUSH_LOCK, make_schema
from ducktypist.ledger.rows import Value

if TYPE_CHECKING:
    import apsw

N_BATCH = 5_000
"""Rows of one transaction."""

_NUL = "\N{REPLACEMENT CHARACTER}"
"""What stands for a zero byte, which PostgreSQL's text cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push came to."""

    n_read: int
    """Events that were looked at."""
    n_new: int
    """Those that the database did not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    seq: int
    row_key: str
    model_id: int | None
    values: tuple[Value, ...]


def push(
    ledger: Path,
    url: str,
    *,
    origin: str,
    with_text: bool = False,
    told: Callable[[str, int], None] = lambda _table, _n: None,
) -> Pushed:
    """Send the events of a ledger that the database does not have yet.

    Each batch is a transaction of its own: after an interruption, the next push goes on.

    Args:
        ledger: The ledger's file.
        url: A ``postgresql://`` address; what is secret in it appears in no message.
        origin: What the events' origin is called.
        with_text: Whether kept text goes along.
        told: Is called after each batch with the table and how many of its rows were sent.

    Raises:
        LedgerError: Either of the two cannot be used, or the database is of a newer version.
    """
    n_read = n_new = 0
    with reading(ledger) as source, source, connected(url, read_only=False) as target:
        make_schema(target, url)
        models = _push_models(source, target)
        for table in event_tables().values():
            if table.name == TEXT_TABLE and not with_text:
                continue
            after = _pushed_until(source, target, table, origin)
            rows = _events(source, table, after)
            while batch := list(itertools.islice(rows, N_BATCH)):
                n_new += _send(target, table, batch, models, origin)
                n_read += len(batch)
                told(table.name, len(batch))
        if n_new > N_BATCH:
            # Who reads next would otherwise be planned for as if the tables were empty.
            for name in event_tables():
                target.execute(f"ANALYZE {name}".encode())
    return Pushed(n_read=n_read, n_new=n_new)


def _push_models(source: apsw.Connection, target: Connection) -> dict[int, int]:
    """Name each model in the database and return its ids there by the ids here."""
    names = model_table().names
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join(["%s"] * len(names))
    same = " AND ".join(f'"{name}" = %s' for name in names)
    found: dict[int, int] = {}
    for own_id, *values in source.execute(f"SELECT {MODEL_ID}, {columns} FROM model"):  # noqa: S608 - our own names
        sent = tuple(map(_sent, values))
        target.execute(
            f"INSERT INTO model ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING".encode(),  # noqa: S608 - as above
            sent,
        )
        row = target.execute(f"SELECT {MODEL_ID} FROM model WHERE {same}".encode(), sent).fetchone()  # noqa: S608 - as above
        if row is not None:
            found[int(str(own_id))] = int(row[0])
    return found


def _pushed_until(source: apsw.Connection, target: Connection, table: Table, origin: str) -> int:
    """Return up to which row the database has a table; 0 where that cannot be relied on.

    Rows may have been purged here, and their numbers given again. So the row at which the last push
    ended must still be the same one.
    """
    sql = "SELECT seq, row_key FROM pushed WHERE origin = %s AND table_name = %s"
    row = target.execute(sql, (origin, table.name)).fetchone()
    if row is None:
        return 0
    seq, row_key = int(row[0]), str(row[1])
    last = next(_events(source, table, seq - 1), None)
    return seq if last is not None and (last.seq, last.row_key) == (seq, row_key) else 0


def _events(source: apsw.Connection, table: Table, after: int) -> Iterator[_Event]:
    """Yield a table's rows that come after a number."""
    names = ", ".join(f'"{name}"' for name in table.names)
    model = MODEL_ID if table.has_model else "NULL"
    identity = UNIQUE.get(table.name)
    only = f"WHERE {SEQ} > ?"
    if identity is None and table.owner:
        # Alike rows are counted, so all rows of whom the new ones are about must be seen.
        only = f"WHERE {table.owner} IN (SELECT {table.owner} FROM {table.name} WHERE {SEQ} > ?)"  # noqa: S608 - our own names
    copy = "1" if identity else f"row_number() OVER (PARTITION BY {names} ORDER BY {SEQ})"
    sql = (
        f"SELECT {SEQ}, model_id, copy, {names} FROM ("  # noqa: S608 - our own names
        f"SELECT {SEQ}, {model} AS model_id, {copy} AS copy, {names} FROM {table.name} {only}"
        f") WHERE {SEQ} > ? ORDER BY {SEQ}"
    )
    place = table.names.index(identity) if identity else -1
    for seq, model_id, copies, *values in source.execute(sql, (after, after)):
        key = str(values[place]) if identity else _digest(table, values, int(str(copies)))
        yield _Event(
            seq=int(str(seq)),
            row_key=key,
            model_id=None if model_id is None else int(str(model_id)),
            values=tuple(values),
        )


def _send(
    target: Connection, table: Table, batch: Sequence[_Event], models: dict[int, int], origin: str
) -> int:
    """Insert a batch and remember how far it goes, in one transaction; return how many were new."""
    own = ["origin", "row_key", *([MODEL_ID] if table.has_model else [])]
    columns = ", ".join(f'"{name}"' for name in (*own, *table.names))
    with target.transaction():
        # Two people who send the same events in another order would wait for each other.
        target.execute("SELECT pg_advisory_xact_lock(%s)", (PUSH_LOCK,))
        target.execute(
            f"CREATE TEMP TABLE batch (place bigint, LIKE {table.name}) ON COMMIT DROP".encode()
        )
        target.execute(f"ALTER TABLE pg_temp.batch DROP COLUMN {SEQ}".encode())
        copy = f"COPY pg_temp.batch (place, {columns}) FROM STDIN"
        with target.cursor() as cursor, cursor.copy(copy.encode()) as stream:
            for event in batch:
                model = [models[event.model_id]] if event.model_id is not None else []
                stream.write_row(
                    (event.seq, origin, _sent(event.row_key), *model, *map(_sent, event.values))
                )
        done = target.execute(
            f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM pg_temp.batch "  # noqa: S608 - our own names
            "ORDER BY place ON CONFLICT (row_key) DO NOTHING".encode()
        )
        last = batch[-1]
        target.execute(
            "INSERT INTO pushed (origin, table_name, seq, row_key) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (origin, table_name) DO UPDATE "
            "SET seq = EXCLUDED.seq, row_key = EXCLUDED.row_key, at_utc = now()",
            (origin, table.name, last.seq, last.row_key),
        )
        return done.rowcount


def _digest(table: Table, values: Sequence[Value], copy: int) -> str:
    """Return what a row is known by; a column that was added later does not change it."""
    held = {
        column.name: value
        for column, value in zip(table.columns, values, strict=True)
        if not _is_default(column, value)
    }
    text = json.dumps([table.name, copy, held], sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _is_default(column: Column, value: Value) -> bool:
    if value is None:
        return True
    if column.default is None:
        return False
    return str(value) == column.default.strip("'")


def _sent(value: Value) -> Value:
    return value.replace("\0", _NUL) if isinstance(value, str) else value
