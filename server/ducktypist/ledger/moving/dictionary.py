"""What each column means: the data dictionary, the schema of the lines, the types of flat tables.

The words come from the docstrings beside the events' fields, so that there is one place to write
them; for names that speak for themselves there, and for columns that only views have, from here.
``docs/ledger.md`` and ``schema.json`` are generated from this, and a test holds them to it.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import inspect
import itertools
import re
import sys
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ducktypist.domain import ModelIdentity, Sampling, Timings
from ducktypist.ledger import events
from ducktypist.ledger.moving.tables import (
    FLAGS,
    MODEL_COLUMNS,
    TIMES,
    Column,
    Table,
    event_tables,
    model_table,
)
from ducktypist.ledger.moving.words import (
    OF_COLUMNS,
    OF_TABLES,
    OF_VIEWS,
    VIEW_FLAGS,
    VIEW_INTEGERS,
)

if TYPE_CHECKING:
    import apsw


class Holds(enum.StrEnum):
    """What a column of a flat table holds."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "number"
    FLAG = "true or false"
    TIME = "time"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatColumn:
    """One column of a file."""

    name: str
    holds: Holds
    nullable: bool
    says: str
    """What it means, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """One table or view as a file: the columns in their order."""

    name: str
    columns: tuple[FlatColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of an event."""

    name: str
    says: str
    words: tuple[str, ...]
    """The words that it can be; empty where it is none of a list."""


@functools.cache
def event_classes() -> dict[str, type]:
    """Return the classes of the events, by the name that a line gives them."""
    classes: tuple[type, ...] = typing.get_args(events.Event)
    return {str(getattr(cls, "EVENT", None) or _table_of(cls)): cls for cls in classes}


@functools.cache
def fields_of(name: str) -> dict[str, Field]:
    """Return the values of an event by name, without its time; nested ones are flattened.

    Args:
        name: The event's; ``gap`` is one that has no class.
    """
    cls = event_classes().get(name)
    if cls is not None:
        return _fields(cls)
    names = [column for column in event_tables()[name].names if column != "at_utc"]
    return {item: Field(name=item, says=OF_COLUMNS.get(item, ""), words=()) for item in names}


@functools.cache
def model_fields() -> dict[str, Field]:
    """Return the values that name a model."""
    return _fields(ModelIdentity)


def flat_table(table: Table) -> Flat:
    """Return a table of events as a file has it: its model's values beside its own."""
    columns = [_flat_column(c, _says(table, c.name)) for c in table.columns]
    if table.has_model:
        for column in model_table().columns:
            flat = _flat_column(column, model_fields()[column.name].says)
            columns.append(
                dataclasses.replace(flat, name=MODEL_COLUMNS.get(column.name, column.name))
            )
    return Flat(name=table.name, columns=tuple(columns))


def flat_view(connection: apsw.Connection, view: str) -> Flat:
    """Return a view as a file has it; a view does not say what may be null.

    Args:
        connection: A ledger.
        view: The view's name; must be one.
    """
    names = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({view})")]
    return Flat(
        name=view,
        columns=tuple(
            FlatColumn(
                name=name, holds=_holds_in_view(name), nullable=False, says=_says_in_view(name)
            )
            for name in names
        ),
    )


def says_of_table(name: str) -> str:
    """Return in a sentence what a table holds."""
    if name in OF_TABLES:
        return OF_TABLES[name]
    return _first_line(event_classes()[name])


def says_of_event(name: str) -> str:
    """Return in a sentence when an event of that name is written."""
    return OF_TABLES["gap"] if name == "gap" else _first_line(event_classes()[name])


def _fields(cls: type) -> dict[str, Field]:
    found: dict[str, Field] = {}
    docs, hints = _attribute_docs(cls), typing.get_type_hints(cls)
    for item in dataclasses.fields(cls):
        kind = hints[item.name]
        if kind in {Timings, Sampling}:
            found |= _fields(kind)
        elif kind is not ModelIdentity:
            own = OF_COLUMNS.get(f"{_table_of(cls)}.{item.name}")
            says = own or docs.get(item.name) or OF_COLUMNS.get(item.name, "")
            found[item.name] = Field(name=item.name, says=says, words=_words(kind))
    return found


def _words(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a type annotation can be anything
    for one in (kind, *typing.get_args(kind)):
        if isinstance(one, type) and issubclass(one, enum.Enum):
            return tuple(str(member.value) for member in one)
    return ()


def _says(table: Table, column: str) -> str:
    for name, cls in event_classes().items():
        if _table_of(cls) == table.name and column in (fields := fields_of(name)):
            return fields[column].says
    return OF_COLUMNS.get(column, "")


def _says_in_view(name: str) -> str:
    if name in OF_VIEWS:
        return OF_VIEWS[name]
    for column in (field for item in event_classes() for field in fields_of(item).values()):
        if column.name == name:
            return column.says
    own = {flat: field for field, flat in MODEL_COLUMNS.items()}
    field = model_fields().get(own.get(name, name))
    return field.says if field else OF_COLUMNS.get(name, "")


def _flat_column(column: Column, says: str) -> FlatColumn:
    return FlatColumn(name=column.name, holds=_holds(column), nullable=column.nullable, says=says)


def _holds(column: Column) -> Holds:
    if column.is_flag:
        return Holds.FLAG
    if column.name in TIMES:
        return Holds.TIME
    return {"TEXT": Holds.TEXT, "INTEGER": Holds.INTEGER, "REAL": Holds.REAL}[column.sql_type]


def _holds_in_view(name: str) -> Holds:
    if name in FLAGS | VIEW_FLAGS or name.startswith(("is_", "has_")):
        return Holds.FLAG
    of_events = _columns_by_name().get(name)
    if of_events is not None:
        return _holds(of_events)
    if name.startswith("n_") or name in VIEW_INTEGERS:
        return Holds.INTEGER
    is_real = name.startswith(("p_", "edit_ratio", "ttft_", "total_")) or name.endswith(
        ("_ms", "_tok_s", "_logprob", "_fraction", "_ratio")
    )
    return Holds.REAL if is_real else Holds.TEXT


@functools.cache
def _columns_by_name() -> dict[str, Column]:
    tables = (model_table(), *event_tables().values())
    return {column.name: column for table in tables for column in table.columns}


def _table_of(cls: type) -> str:
    return str(getattr(cls, "TABLE", ""))


def _first_line(cls: type) -> str:
    return _prose((inspect.getdoc(cls) or "").split("\n\n", maxsplit=1)[0])


def _prose(docstring: str) -> str:
    """Return a docstring as one line of Markdown."""
    line = " ".join(inspect.cleandoc(docstring).split()).replace("None when", "null when")
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", line).replace("``", "`")


def _attribute_docs(cls: type) -> dict[str, str]:
    """Return the strings that stand below a class's fields, and below those of its bases."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        node = _classes_in(base.__module__).get(base.__name__)
        body = node.body if node is not None else []
        for field, text in itertools.pairwise(body):
            is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
                found[field.target.id] = _prose(str(text.value.value))  # type: ignore[attr-defined] # checked above
    return found


@functools.cache
def _classes_in(module: str) -> dict[str, ast.ClassDef]:
    if module == "builtins":
        return {}
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
