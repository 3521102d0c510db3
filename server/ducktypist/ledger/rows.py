"""Events as rows: which table, which columns, which values.

Pure functions; ``database`` writes what they return. The tables themselves are made in ``sql/``,
and a test holds their columns to the fields of the events.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from dataclasses import dataclass
from typing import TypeAlias

from ducktypist.domain import ModelIdentity, Sampling, Timings
from ducktypist.ledger.events import Event, Revised, Settled, Verified

Value: TypeAlias = str | int | float | None
"""What a column can hold."""

DURABLE = (Verified, Settled, Revised)
"""Outcomes: written so that they survive a power cut, not only a crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event as a table's row."""

    table: str
    values: dict[str, Value]
    model: dict[str, Value] | None = None
    """The model's columns, for the table that names each model once."""
    durable: bool = False


def row_of(event: Event, *, at_utc: str) -> Row:
    """Return the row of ``event``.

    Nested values are flattened into their own columns, flags become 0 and 1, NaN becomes NULL.

    Args:
        event: What happened.
        at_utc: When, as ISO 8601 with milliseconds and ``Z``.
    """
    values: dict[str, Value] = {"at_utc": at_utc}
    model = None
    if (name := getattr(event, "EVENT", None)) is not None:
        values["event"] = name
    for item in dataclasses.fields(event):
        value = getattr(event, item.name)
        if isinstance(value, ModelIdentity):
            model = _columns(value)
        elif isinstance(value, Timings | Sampling):
            values.update(_columns(value))
        else:
            values[item.name] = _plain(value)
    return Row(table=event.TABLE, values=values, model=model, durable=isinstance(event, DURABLE))


def _columns(value: ModelIdentity | Timings | Sampling) -> dict[str, Value]:
    return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}


def _plain(value: object) -> Value:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        # A lone surrogate has no UTF-8 form, and one odd character must not cost the event.
        return value.encode("utf-8", "replace").decode("utf-8")
    if value is None or isinstance(value, int):
        return value
    message = f"a column holds text, a number or nothing, got {type(value).__name__}"
    raise TypeError(message)
