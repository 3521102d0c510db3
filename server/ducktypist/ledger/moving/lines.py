"""One event as one line of JSON, and back: the form in which ledgers travel.

A file of lines begins with a header that says which version of the form and of the ledger's schema
it has. Each further line is one event with all its values; ``schema.json`` beside this module
describes both. Nothing is read from or written to a ledger here.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ducktypist.errors import LedgerError
from ducktypist.ledger.migrations import SCHEMA_VERSION
from ducktypist.ledger.moving.tables import (
    TIMES,
    UNIQUE,
    Column,
    Table,
    event_tables,
    model_table,
)
from ducktypist.ledger.rows import Value

FORMAT_VERSION = 1
"""Of the lines themselves; the tables' version is the schema's."""

FORMAT_KEY = "ducktypist_ledger"
"""What a header begins with, so that a file can be told by its first bytes."""

MAX_LINE_BYTES = 64 * 1024**2

_LIFECYCLE = ("shown", "superseded", "cancelled", "dismissed", "accepted")
_CONCLUSIONS = ("settled", "revised")
TABLE_OF = {name: name for name in event_tables() if name not in {"lifecycle", "conclusion"}} | (
    dict.fromkeys(_LIFECYCLE, "lifecycle") | dict.fromkeys(_CONCLUSIONS, "conclusion")
)
"""Which table holds the events of a name."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_MAX_INTEGER = 2**63 - 1
_WANTED = {"TEXT": "a text", "INTEGER": "an integer of 64 bits", "REAL": "a finite number"}
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_N_SHOWN = 60
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a file."""

    schema: int
    """The number of the last migration that the tables have had."""
    origin: str
    """A name for the installation that wrote it, which says nothing of whose it is."""
    has_text: bool
    """Whether kept text is in it, where there was any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One event that was read."""

    table: str
    values: dict[str, Value]
    model: dict[str, Value] | None


def header_line(header: Header) -> str:
    """Return a header as its line, without the line's end."""
    value = {
        FORMAT_KEY: FORMAT_VERSION,
        "schema": header.schema,
        "origin": header.origin,
        "has_text": header.has_text,
    }
    return json.dumps(value, ensure_ascii=False)


def event_line(table: Table, row: Mapping[str, Value], model: Mapping[str, Value] | None) -> str:
    """Return one row as its line, without the line's end.

    Args:
        table: Where the row stands.
        row: Its values, by the names of the table's columns.
        model: The values of the model's columns, where the table names one.
    """
    value: dict[str, Any] = {"event": row.get("event") or table.name, **_outward(table, row)}
    if model is not None:
        value["model"] = _outward(model_table(), model)
    # Some readers take more for the end of a line than JSON asks to escape.
    return _ENCODER.encode(value).translate(_LINE_ENDS)


def parse_line(line: bytes) -> Header | Incoming:
    """Return what one line holds.

    Raises:
        LedgerError: It is no JSON object, or not one of ours, or of a newer version; the message
            says why and leaves the line's number to the caller.
    """
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"this is not a line of JSON in UTF-8: {error}") from error
    if not isinstance(value, dict):
        raise LedgerError(f"a line holds one JSON object, got {_shown(value)}")
    return _header(value) if FORMAT_KEY in value else _incoming(value)


def plain_value(column: Column, value: object) -> Value:
    """Return a JSON value as what its column holds.

    Raises:
        LedgerError: It is of another type, or out of the column's range.
    """
    if value is None and column.nullable:
        return None
    if value is None:
        raise LedgerError(f"`{column.name}` may not be null")
    if isinstance(value, bool) or column.is_flag:
        if isinstance(value, bool) and column.is_flag:
            return int(value)
    elif isinstance(value, str) and column.sql_type == "TEXT":
        return _plain_text(column, value)
    elif isinstance(value, int) and column.sql_type == "INTEGER":
        if abs(value) <= _MAX_INTEGER:
            return value
    elif isinstance(value, int | float) and column.sql_type == "REAL":
        with contextlib.suppress(OverflowError):
            real = float(value)
            if math.isfinite(real):
                return real
    wanted = "true or false" if column.is_flag else _WANTED[column.sql_type]
    raise LedgerError(f"`{column.name}` is {wanted}, got {_shown(value)}")


def _plain_text(column: Column, value: str) -> str:
    if column.name in TIMES and not _TIME.fullmatch(value):
        raise LedgerError(
            f"`{column.name}` is a time such as 2026-01-31T12:00:00.000Z, got {_shown(value)}"
        )
    # A lone surrogate has no UTF-8 form, and one odd character must not cost the event.
    return value.encode("utf-8", "replace").decode("utf-8")


def _outward(table: Table, row: Mapping[str, Value]) -> dict[str, Value]:
    """Return a row's values with flags as true and false, without the event's name."""
    names, flags = _names_and_flags(table.name)
    values = {name: row[name] for name in names}
    for name in flags:
        if (value := values[name]) is not None:
            values[name] = bool(value)
    return values


@functools.cache
def _names_and_flags(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # By the name, because a table's own hash is that of all its columns.
    table = event_tables().get(name, model_table())
    names = tuple(column for column in table.names if column != "event")
    return names, tuple(column.name for column in table.columns if column.is_flag)


def _header(value: dict[str, Any]) -> Header:
    version, schema = value[FORMAT_KEY], value.get("schema")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise LedgerError(
            f"the file has form {_shown(version)} and this version of Ducktypist reads "
            f"{FORMAT_VERSION}; install a newer one"
        )
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise LedgerError(f"`schema` of the header is a number from 1, got {_shown(schema)}")
    if schema > SCHEMA_VERSION:
        raise LedgerError(
            f"the file was written by a newer version of Ducktypist (schema {schema}, this one "
            f"knows {SCHEMA_VERSION}); install that one"
        )
    origin = value.get("origin", "")
    return Header(
        schema=schema,
        origin=origin if isinstance(origin, str) else "",
        has_text=value.get("has_text") is True,
    )


def _incoming(value: dict[str, Any]) -> Incoming:
    name = value.pop("event", None)
    table = event_tables().get(TABLE_OF.get(name, "")) if isinstance(name, str) else None
    if table is None:
        raise LedgerError(f"there is no event {_shown(name)}; expected one of {sorted(TABLE_OF)}")
    if "event" in table.names:
        value["event"] = name
    model = None
    if table.has_model:
        given = value.pop("model", None)
        if not isinstance(given, dict):
            raise LedgerError(f"`model` of a {name} event is an object, got {_shown(given)}")
        model = _row(model_table(), given, "model")
    row = _row(table, value, str(name))
    if (owner := UNIQUE.get(table.name, table.owner)) and not row[owner]:
        raise LedgerError(f"`{owner}` is empty")
    return Incoming(table=table.name, values=row, model=model)


def _row(table: Table, given: dict[str, Any], what: str) -> dict[str, Value]:
    by_name, required = _columns_and_required(table.name)
    if unknown := given.keys() - by_name.keys():
        raise LedgerError(f"a {what} has no {', '.join(sorted(map(_shown, unknown)))}")
    if missing := [name for name in required if name not in given]:
        raise LedgerError(f"a {what} lacks {', '.join(missing)}")
    return {name: plain_value(by_name[name], value) for name, value in given.items()}


@functools.cache
def _columns_and_required(name: str) -> tuple[dict[str, Column], tuple[str, ...]]:
    columns = event_tables().get(name, model_table()).columns
    required = tuple(column.name for column in columns if column.required)
    return {column.name: column for column in columns}, required


def _refuse_constant(word: str) -> object:
    raise LedgerError(f"{word} is not JSON; a number that is not known is null")


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _N_SHOWN else f"{text[:_N_SHOWN]}…"
