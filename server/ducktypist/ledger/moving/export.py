"""Writing the ledger out, as JSON lines, CSV or Parquet: the same rows give the same bytes.

Rows are read in one state of the ledger and never held in memory all at once. Nothing is
computed: what is written is what stands in the tables, or in one view.
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ducktypist.errors import LedgerError
from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.migrations import SCHEMA_VERSION
from ducktypist.ledger.moving.csv_files import write_csv
from ducktypist.ledger.moving.dictionary import Flat, flat_table, flat_view
from ducktypist.ledger.moving.lines import Header, event_line, header_line
from ducktypist.ledger.moving.places import whole_file, whole_folder
from ducktypist.ledger.moving.tables import (
    MODEL_COLUMNS,
    MODEL_ID,
    SEQ,
    TEXT_TABLE,
    Table,
    event_tables,
    model_table,
    view_names,
)
from ducktypist.ledger.moving.wanted import Wanted, known_origin
from ducktypist.ledger.rows import Value

if TYPE_CHECKING:
    import apsw

EVERYTHING = Wanted()

_ONE_ROW_EACH = frozenset({"suggestion", "tell_case"})
"""Views with one row for each suggestion, so that two columns tell their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of a table, and the model that it names."""

    table: Table
    row: Mapping[str, Value]
    model: Mapping[str, Value] | None


def export_lines(
    ledger: Path, out: IO[str], *, wanted: Wanted = EVERYTHING, with_text: bool = False
) -> int:
    """Write a header and one event a line, oldest first, and return how many events it were.

    Args:
        ledger: The ledger's file.
        out: Where to.
        wanted: Which suggestions and runs.
        with_text: Whether kept text goes along.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    header = Header(schema=SCHEMA_VERSION, origin=known_origin(ledger), has_text=with_text)
    n_events = 0
    with _one_state(ledger) as connection:
        out.write(f"{header_line(header)}\n")
        for event in events(connection, wanted, with_text=with_text):
            out.write(f"{event_line(event.table, event.row, event.model)}\n")
            n_events += 1
    return n_events


def export_tables(
    ledger: Path,
    out: Path,
    *,
    as_parquet: bool,
    wanted: Wanted = EVERYTHING,
    with_text: bool = False,
    replace: bool = False,
) -> int:
    """Write a folder, or a zip file, with one file a table, and return how many rows it were.

    Raises:
        LedgerError: The ledger cannot be read, or ``out`` cannot be written.
    """
    n_rows = 0
    with (
        _one_state(ledger) as connection,
        whole_folder(out, replace=replace) as folder,
    ):
        models = _models(connection)
        for table in event_tables().values():
            if table.name == TEXT_TABLE and not with_text:
                continue
            flat = flat_table(table)
            rows = (
                _flattened(event, flat) for event in _events_of(connection, table, wanted, models)
            )
            suffix = "parquet" if as_parquet else "csv"
            n_rows += _write(folder / f"{table.name}.{suffix}", flat, rows, as_parquet=as_parquet)
    return n_rows


def export_view(
    ledger: Path,
    out: Path,
    *,
    view: str,
    as_parquet: bool,
    wanted: Wanted = EVERYTHING,
    replace: bool = False,
) -> int:
    """Write one view as one file and return how many rows it has.

    Raises:
        LedgerError: There is no such view, it cannot be filtered that way, the ledger cannot be
            read, or ``out`` cannot be written.
    """
    if view not in view_names():
        names = ", ".join(sorted(view_names()))
        raise LedgerError(f"the ledger has no view {view!a}; it has {names}")
    with (
        _one_state(ledger, for_views=True) as connection,
        whole_file(out, replace=replace) as part,
    ):
        flat = flat_view(connection, view)
        where, bindings = _view_condition(view, flat, wanted)
        order = ", ".join(f'"{column.name}"' for column in flat.columns)
        sql = f"SELECT {order} FROM {view} {where} ORDER BY {_view_order(flat, order)}"  # noqa: S608 - names that SQLite gave us; values are bound
        rows = (tuple(row) for row in connection.execute(sql, bindings))
        return _write(part, flat, rows, as_parquet=as_parquet)


def events(connection: apsw.Connection, wanted: Wanted, *, with_text: bool) -> Iterator[Event]:
    """Yield events, oldest first; those of one moment by table, then in the order of writing."""
    models = _models(connection)
    tables = [t for t in event_tables().values() if with_text or t.name != TEXT_TABLE]

    def of(position: int, table: Table) -> Iterator[tuple[str, int, int, Event]]:
        for event in _events_of(connection, table, wanted, models):
            yield str(event.row["at_utc"]), position, int(event.row[SEQ] or 0), event

    streams = [of(position, table) for position, table in enumerate(tables)]
    return (event for *_, event in heapq.merge(*streams, key=lambda item: item[:3]))


@contextlib.contextmanager
def _one_state(ledger: Path, *, for_views: bool = False) -> Iterator[apsw.Connection]:
    """Open the ledger so that all that is read is of one moment."""
    with reading(ledger) as connection:
        if not for_views:
            # Sorting a large table must not take memory that an editor's machine may not have. This
            # takes temporary views away, by which views are read more quickly.
            connection.pragma("temp_store", "FILE")
        with connection:
            yield connection


def _events_of(
    connection: apsw.Connection,
    table: Table,
    wanted: Wanted,
    models: Mapping[Value, Mapping[str, Value]],
) -> Iterator[Event]:
    columns = ", ".join(f'"{name}"' for name in _selected(table))
    where, bindings = wanted.condition(table)
    clause = f"WHERE {where}" if where else ""
    sql = f"SELECT {columns} FROM {table.name} {clause} ORDER BY at_utc, {SEQ}"  # noqa: S608 - names of our own; values are bound
    for row in rows_of(connection, sql, bindings):
        model = models[row[MODEL_ID]] if table.has_model else None
        yield Event(table=table, row=row, model=model)


def _selected(table: Table) -> tuple[str, ...]:
    return (SEQ, *((MODEL_ID,) if table.has_model else ()), *table.names)


def _models(connection: apsw.Connection) -> dict[Value, dict[str, Value]]:
    names = ", ".join((MODEL_ID, *model_table().names))
    return {row[MODEL_ID]: row for row in rows_of(connection, f"SELECT {names} FROM model")}  # noqa: S608 - names of our own


def _flattened(event: Event, flat: Flat) -> tuple[Value, ...]:
    values = dict(event.row)
    if event.model is not None:
        values |= {MODEL_COLUMNS.get(name, name): value for name, value in event.model.items()}
    return tuple(values[column.name] for column in flat.columns)


def _write(path: Path, flat: Flat, rows: Iterator[tuple[Value, ...]], *, as_parquet: bool) -> int:
    if as_parquet:
        from ducktypist.ledger.moving.parquet_files import write_parquet  # noqa: PLC0415 - an optional extra

        return write_parquet(path, flat, rows)
    return write_csv(path, flat, rows)


def _view_condition(view: str, flat: Flat, wanted: Wanted) -> tuple[str, list[Value]]:
    have = {column.name for column in flat.columns}
    asked: list[tuple[str, str, Value]] = []
    day = "day_utc" if "day_utc" in have else "at_utc"
    for operator, moment in ((">=", wanted.since_utc), ("<", wanted.before_utc)):
        if moment is not None:
            asked.append((day, operator, moment[:10] if day == "day_utc" else moment))
    if wanted.kind is not None:
        asked.append(("kind", "=", wanted.kind.value))
    if wanted.project_hash is not None:
        asked.append(("project_hash", "=", wanted.project_hash))
    if lacking := sorted({column for column, *_ in asked} - have):
        raise LedgerError(f"the view {view} has no {', '.join(lacking)} to choose by")
    where = " AND ".join(f"{column} {operator} ?" for column, operator, _ in asked)
    return (f"WHERE {where}" if where else ""), [value for *_, value in asked]


def _view_order(flat: Flat, all_columns: str) -> str:
    if flat.name in _ONE_ROW_EACH:
        return "at_utc, suggestion_id"
    return all_columns
