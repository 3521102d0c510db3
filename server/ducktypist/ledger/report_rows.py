"""The statistics as one JSON object, for the terminal and for the editor.

``ducktypist stats --json`` prints it and the server's command ``ducktypist.stats`` returns it. This
module reads and puts together; how it looks in a terminal is the business of ``cli.stats``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ducktypist.domain import Json, Kind
from ducktypist.ledger.acceptances import Acceptance, read_acceptances
from ducktypist.ledger.reading import CellKey, Filter, Gaps, read_cells, read_gaps
from ducktypist.ledger.sources import SourceKey, SourceStats, read_sources
from ducktypist.ledger.stats import CellStats, summarise

VERSION = 1
"""Of the object's shape; it grows by new keys only."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StatsFilter:
    """What to count; None means everything."""

    kind: Kind | None = None
    language: str | None = None
    since_days: int | None = None
    """The last so many UTC days, today being the first of them."""


_EVERYTHING = StatsFilter()


def stats_table(
    path: Path, filters: StatsFilter = _EVERYTHING, *, n_unnoted: int = 0, last_error: str = ""
) -> dict[str, Json]:
    """Return the table of the ledger at ``path``; a missing file is an empty ledger.

    Blocks on the disk, so call it from a thread and not from the event loop. A number that nothing
    is known of is null, never 0.

    Args:
        path: The ledger's file.
        filters: What to count.
        n_unnoted: Events that the calling process could not write, ``Ledger.n_unnoted``.
        last_error: Why, in words.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
        ValueError: ``since_days`` is below 1.
    """
    cells: list[CellStats] = []
    acceptances: list[Acceptance] = []
    gaps = Gaps(n_unlogged=0, last_reason="")
    wanted = _wanted(filters)
    if path.exists():
        cells = [summarise(cell) for cell in read_cells(path, wanted)]
        acceptances = read_acceptances(path, wanted)
        gaps = read_gaps(path)
    n_missing = n_unnoted + gaps.n_unlogged
    return {
        "version": VERSION,
        "ledger": str(path),
        "filters": _filters(filters, wanted),
        "n_suggestions": sum(cell.n_suggestions for cell in cells),
        "n_verified": sum(cell.n_verified for cell in cells),
        "n_unlogged": n_missing,
        "note": _note(cells, filters, n_missing, last_error or gaps.last_reason),
        "cells": [_cell(cell) for cell in cells],
        "acceptances": [_row(item, item.key, CellKey.__slots__) for item in acceptances],
    }


def sources_table(path: Path, filters: StatsFilter = _EVERYTHING) -> dict[str, Json]:
    """Return what each source of candidates was worth; a missing file is an empty ledger.

    Blocks on the disk, so call it from a thread and not from the event loop. A number that nothing
    is known of is null, never 0.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
        ValueError: ``since_days`` is below 1.
    """
    wanted = _wanted(filters)
    found = read_sources(path, wanted) if path.exists() else []
    note = "" if found else "No search has tried a candidate yet."
    if not found and filters != _EVERYTHING:
        note = "No search in the ledger matches this filter."
    return {
        "version": VERSION,
        "ledger": str(path),
        "filters": _filters(filters, wanted),
        "n_tried": sum(source.n_tried for source in found),
        "note": note,
        "sources": [_row(source, source.key, SourceKey.__slots__) for source in found],
    }


def _filters(filters: StatsFilter, wanted: Filter) -> dict[str, Json]:
    return {
        "kind": filters.kind.value if filters.kind else None,
        "language": filters.language,
        "since_days": filters.since_days,
        "since_day_utc": wanted.since_day_utc,
    }


def _wanted(filters: StatsFilter) -> Filter:
    since = None
    if filters.since_days is not None:
        if filters.since_days < 1:
            message = f"since_days is at least 1, got {filters.since_days}"
            raise ValueError(message)
        today = dt.datetime.now(dt.UTC).date().toordinal()
        since = dt.date.fromordinal(max(1, today - filters.since_days + 1)).isoformat()
    return Filter(kind=filters.kind, language=filters.language, since_day_utc=since)


def _note(cells: list[CellStats], filters: StatsFilter, n_unlogged: int, reason: str) -> str:
    """Return what a person should know before reading the numbers; empty when nothing."""
    notes = []
    if not cells and filters == _EVERYTHING:
        notes.append("The ledger is empty: no suggestion has been made yet.")
    elif not cells:
        notes.append("No suggestion in the ledger matches this filter.")
    elif not any(cell.n_verified for cell in cells):
        notes.append("Nothing has been verified yet, so nothing is known about who is right.")
    if n_unlogged:
        why = f" ({reason})" if reason else ""
        notes.append(f"{n_unlogged} events could not be logged{why}; the numbers lack them.")
    return " ".join(notes)


def _cell(cell: CellStats) -> dict[str, Json]:
    return _row(cell, cell.key, CellKey.__slots__) | {"speed": cell.speed.value}


def _row(
    stats: CellStats | SourceStats | Acceptance, key: CellKey | SourceKey, names: tuple[str, ...]
) -> dict[str, Json]:
    row: dict[str, Json] = {name: str(getattr(key, name)) for name in names}
    for item in dataclasses.fields(stats):
        value = getattr(stats, item.name)
        if item.name != "key":
            row[item.name] = None if isinstance(value, float) and math.isnan(value) else value
    return row


def markdown_table(table: Mapping[str, Any]) -> str:
    """Return what :func:`stats_table` gave as a Markdown table, for editors."""
    lines = [
        "| model | quant | kind | language | n | verified | right (95 %) | total p50 / p95 |",
        "|---|---|---|---|--:|--:|---|---|",
    ]
    for cell in table["cells"]:
        right = "-"
        if cell["n_verified"]:
            right = (
                f"{cell['n_right']} of {cell['n_verified']} "
                f"({cell['right_low']:.0%} to {cell['right_high']:.0%})"
            )
            right += ", too few" if cell["too_few"] else ""
        total = " / ".join(
            "-" if value is None else f"{value:.0f} ms"
            for value in (cell["total_p50_ms"], cell["total_p95_ms"])
        )
        names = (cell["model"], cell["quantisation"] or "?", cell["kind"], cell["language"])
        safe = [str(name).replace("|", "/").replace("\n", " ") for name in names]
        counts = (str(cell["n_suggestions"]), str(cell["n_verified"]), right, total)
        lines.append(f"| {' | '.join((*safe, *counts))} |")
    note = f"\n{table['note']}\n" if table["note"] else ""
    return "\n".join(lines) + "\n" + note
