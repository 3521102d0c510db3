"""The documents that describe an export: a JSON Schema of its lines, and the data dictionary.

Pure functions. ``schema.json`` and ``docs/ledger.md`` hold what they return; a test compares them.
"""

from __future__ import annotations

from importlib import resources

from ducktypist.domain import Json
from ducktypist.ledger.migrations import SCHEMA_VERSION
from ducktypist.ledger.moving.dictionary import (
    FlatColumn,
    fields_of,
    flat_table,
    flat_view,
    model_fields,
    says_of_event,
    says_of_table,
)
from ducktypist.ledger.moving.lines import FORMAT_KEY, FORMAT_VERSION, TABLE_OF
from ducktypist.ledger.moving.tables import (
    TIMES,
    Column,
    empty_ledger,
    event_tables,
    model_table,
)

_TIME_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


def shipped_schema() -> str:
    """Return the JSON Schema of the lines as it comes with the program."""
    folder = resources.files("ducktypist.ledger.moving")
    return (folder / "schema.json").read_text(encoding="utf-8")


def json_schema() -> dict[str, Json]:
    """Return the JSON Schema (2020-12) of one line: the header, or one event."""
    names = sorted(TABLE_OF)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"One line of an exported ledger, form {FORMAT_VERSION}, schema {SCHEMA_VERSION}",
        "description": "The first line is a header; each other line is one event.",
        "oneOf": [
            {"$ref": "#/$defs/header"},
            *({"$ref": f"#/$defs/{name}"} for name in names),
        ],
        "$defs": {
            "header": _header_schema(),
            "model": _object(
                "What answered.",
                {
                    c.name: _value_schema(c, model_fields()[c.name].says)
                    for c in model_table().columns
                },
            ),
            **{name: _event_schema(name) for name in names},
        },
    }


def data_dictionary() -> str:
    """Return the tables of ``docs/ledger.md`` that say what each column holds."""
    parts = []
    for table in event_tables().values():
        parts.append(f"### `{table.name}`\n\n{says_of_table(table.name)}\n")
        parts.append(_markdown(flat_table(table).columns, _words_of(table.name)))
    connection = empty_ledger()
    try:
        flat = flat_view(connection, "suggestion")
    finally:
        connection.close()
    parts.append(
        "### `--view suggestion`\n\nOne row for each suggestion, with what all its events came to; "
        "the flat table for notebooks.\n"
    )
    parts.append(_markdown(flat.columns, {}))
    return "\n".join(parts)


def _header_schema() -> dict[str, Json]:
    return _object(
        "The first line of a file.",
        {
            FORMAT_KEY: {"const": FORMAT_VERSION, "description": "Version of this form."},
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": SCHEMA_VERSION,
                "description": "Number of the last migration that the ledger has had.",
            },
            "origin": {
                "type": "string",
                "description": "A name for the installation; says nothing of whose it is.",
            },
            "has_text": {
                "type": "boolean",
                "description": "Whether kept text is in the file, where there was any.",
            },
        },
    )


def _event_schema(name: str) -> dict[str, Json]:
    table = event_tables()[TABLE_OF[name]]
    fields = fields_of(name)
    properties: dict[str, Json] = {"event": {"const": name}}
    for column in table.columns:
        field = fields.get(column.name)
        if column.name == "at_utc":
            says = _first_of(flat_table(table).columns, "at_utc")
            properties["at_utc"] = _value_schema(column, says)
        elif field is not None:
            known = f" Known words: {', '.join(field.words)}." if field.words else ""
            properties[column.name] = _value_schema(column, field.says + known)
        elif column.name != "event":
            # It shares a table with events that have more to say.
            properties[column.name] = {"type": "null"}
    if table.has_model:
        properties["model"] = {"$ref": "#/$defs/model"}
    return _object(says_of_event(name), properties)


def _first_of(columns: tuple[FlatColumn, ...], name: str) -> str:
    return next(column.says for column in columns if column.name == name)


def _object(says: str, properties: dict[str, Json]) -> dict[str, Json]:
    return {
        "description": says,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _value_schema(column: Column, says: str) -> dict[str, Json]:
    kind = {"TEXT": "string", "INTEGER": "integer", "REAL": "number"}[column.sql_type]
    kind = "boolean" if column.is_flag else kind
    schema: dict[str, Json] = {"type": [kind, "null"] if column.nullable else kind}
    if column.name in TIMES:
        schema["pattern"] = _TIME_PATTERN
    return schema | {"description": says}


def _words_of(table: str) -> dict[str, tuple[str, ...]]:
    names = [name for name, home in TABLE_OF.items() if home == table]
    words = {"event": tuple(names)} if len(names) > 1 else {}
    return words | {f.name: f.words for name in names for f in fields_of(name).values() if f.words}


def _markdown(columns: tuple[FlatColumn, ...], words: dict[str, tuple[str, ...]]) -> str:
    lines = ["| column | holds | what |", "|---|---|---|"]
    for column in columns:
        holds = f"{column.holds}, may be null" if column.nullable else str(column.holds)
        known = ", ".join(f"`{word}`" for word in words.get(column.name, ()))
        says = " ".join(part for part in (column.says, f"One of {known}." if known else "") if part)
        lines.append(f"| `{column.name}` | {holds} | {says.replace('|', '/')} |")
    return "\n".join(lines) + "\n"
