"""Reading the ledger: rows of its views as values, from a file or from wherever ``query`` can.

No number is computed here beyond what the views say; see ``stats`` for intervals and percentiles.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ducktypist.domain import Kind
from ducktypist.ledger.events import Label
from ducktypist.ledger.query import Rows, as_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which suggestions are meant; None means any."""

    kind: Kind | None = None
    language: str | None = None
    since_day_utc: str | None = None
    """The first UTC day, as ``2026-01-31``."""
    project_hash: str | None = None
    """``Ledger.keyed_hash`` of the workspace folder."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CellKey:
    """Model, quantisation, kind and language: what is counted together."""

    model: str
    quantisation: str
    kind: str
    language: str
    model_sha256: str
    """Two files of one name are two models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What the view ``cell`` counts, over the days asked for."""

    key: CellKey
    n_requested: int
    n_answered: int
    n_right: int
    n_wrong: int
    n_flaky: int
    n_unverified: int
    """Answered, and nothing was learned of it."""
    n_concluded: int
    """Of the verified, those whose label is a recorded conclusion instead of the evidence's."""
    n_shown: int
    n_accepted: int
    n_dismissed: int
    n_looked_10min: int
    """Accepted ones that were looked at after ten minutes."""
    n_still_in_10min: int
    ttft_ms: tuple[float, ...]
    """One for each answered suggestion whose time was measured, the shortest first."""
    total_ms: tuple[float, ...]
    decode_tok_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One suggestion, as the view ``suggestion`` has it; the view says what each column is."""

    suggestion_id: str
    at_utc: str
    kind: Kind
    language: str
    model: str
    model_sha256: str
    quantisation: str
    trusted: bool
    answered: bool
    strongest_tier: str
    """``hidden``, ``visible``, ``static`` or ``none``."""
    regression_checked: bool
    label: Label
    label_by: str
    """``evidence``, or who concluded."""
    label_reason: str
    ttft_ms: float | None
    total_ms: float | None
    decode_tok_s: float | None
    p_right: float | None
    shown: bool
    accepted: bool
    dismissed: bool
    edited_fraction: float | None
    edit_ratio_10min: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Events that could not be written, as far as a later write could note them."""

    n_unlogged: int
    last_reason: str


_NO_FILTER = Filter()
_COUNTS = tuple(name for name in Cell.__slots__ if name.startswith("n_"))
_TIMES = ("ttft_ms", "total_ms", "decode_tok_s")
_KEY = tuple(CellKey.__slots__)

_Bindings: TypeAlias = list[str | int | float | None]


def since_day(days: int) -> str:
    """Return the first of the last so many UTC days, of which today is one."""
    today = dt.datetime.now(dt.UTC).date().toordinal()
    return dt.date.fromordinal(max(1, today - days + 1)).isoformat()


def read_cells(ledger: Path | Rows, wanted: Filter = _NO_FILTER) -> list[Cell]:
    """Return the counts and times of each cell that has a suggestion, in the order of the keys.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    rows = as_rows(ledger)
    with contextlib.ExitStack() as stack:
        if isinstance(ledger, Path):
            stack.enter_context(rows)
        times = _read_times(rows, wanted)
        counted = read_sums(rows, "cell", _KEY, _COUNTS, wanted)
    cells = [
        Cell(
            key=CellKey(**{name: row[name] for name in _KEY}),
            **{name: row[name] for name in _COUNTS},
            **times.get(tuple(row[name] for name in _KEY), dict.fromkeys(_TIMES, ())),
        )
        for row in counted
    ]
    return sorted(cells, key=lambda cell: cell.key)


def read_sums(
    ledger: Path | Rows,
    view: str,
    key: Sequence[str],
    counts: Sequence[str],
    wanted: Filter = _NO_FILTER,
) -> list[dict[str, Any]]:
    """Return a view's counts, added up over whatever is no part of the key, such as the days.

    Args:
        ledger: The ledger's file, or its views.
        view: One that counts by the day.
        key: Columns to count apart by.
        counts: Columns of whole numbers to add up.
        wanted: Which suggestions.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    where, bindings = where_clause(wanted)
    names = ", ".join(key)
    sums = ", ".join(f"sum({name}) AS {name}" for name in counts)
    sql = f"SELECT {names}, {sums} FROM {view} {where} GROUP BY {names}"  # noqa: S608 - names of our own fields; values are bound
    # PostgreSQL gives the sum of whole numbers as a decimal one.
    return [
        row | {name: int(row[name]) for name in counts}
        for row in as_rows(ledger).query(sql, bindings)
    ]


def read_suggestions(
    ledger: Path | Rows, wanted: Filter = _NO_FILTER, *, n_max: int = 1000
) -> list[Suggestion]:
    """Return the newest suggestions, newest first.

    Args:
        ledger: The ledger's file, or its views.
        wanted: Which ones.
        n_max: How many at most.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    where, bindings = where_clause(wanted)
    columns = ", ".join(Suggestion.__slots__)
    sql = (
        f"SELECT {columns} FROM suggestion {where} ORDER BY at_utc DESC, suggestion_id DESC LIMIT ?"  # noqa: S608 - names of our own fields; values are bound
    )
    return [_suggestion(row) for row in as_rows(ledger).query(sql, [*bindings, n_max])]


def read_gaps(ledger: Path | Rows) -> Gaps:
    """Return how many events are known to be missing.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    (row,) = as_rows(ledger).query("SELECT n_unlogged, last_reason FROM gap_total")
    return Gaps(n_unlogged=int(row["n_unlogged"]), last_reason=row["last_reason"] or "")


def _read_times(rows: Rows, wanted: Filter) -> dict[tuple[Any, ...], dict[str, Any]]:
    where, bindings = where_clause(wanted)
    sql = f"SELECT {', '.join((*_KEY, *_TIMES))} FROM suggestion_time {where}"  # noqa: S608 - names of our own fields; values are bound
    n_key = len(_KEY)
    by_key: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows.tuples(sql, bindings):
        by_key.setdefault(row[:n_key], []).append(row[n_key:])
    return {
        key: {
            name: tuple(sorted(value for value in values if value is not None))
            for name, values in zip(_TIMES, zip(*found, strict=True), strict=True)
        }
        for key, found in by_key.items()
    }


def where_clause(wanted: Filter) -> tuple[str, _Bindings]:
    """Return the condition that a filter is, and its values; empty for any suggestion."""
    conditions: list[str] = []
    bindings: _Bindings = []
    if wanted.kind is not None:
        conditions.append("kind = ?")
        bindings.append(wanted.kind.value)
    if wanted.language is not None:
        conditions.append("language = ?")
        bindings.append(wanted.language)
    if wanted.since_day_utc is not None:
        conditions.append("day_utc >= ?")
        bindings.append(wanted.since_day_utc)
    if wanted.project_hash is not None:
        conditions.append("project_hash = ?")
        bindings.append(wanted.project_hash)
    return ("WHERE " + " AND ".join(conditions) if conditions else ""), bindings


def _suggestion(row: dict[str, Any]) -> Suggestion:
    flags = ("trusted", "answered", "regression_checked", "shown", "accepted", "dismissed")
    values = row | {name: bool(row[name]) for name in flags}
    return Suggestion(**values | {"kind": Kind(row["kind"]), "label": Label(row["label"])})
