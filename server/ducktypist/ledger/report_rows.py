"""The statistics as one JSON object, for the terminal and for the editor.

``ducktypist stats --json`` prints it and the server's command ``ducktypist.stats`` returns it. This
module reads and puts together; how it looks in a terminal is the business of ``cli.stats``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ducktypist.domain import Json, Kind
from ducktypist.errors import LedgerError
from ducktypist.ledger.acceptances import (
    Acceptance,
    Persistence,
    read_acceptances,
    read_persistences,
)
from ducktypist.ledger.claims import ClaimTally, read_claims
from ducktypist.ledger.query import Rows, as_rows
from ducktypist.ledger.reading import CellKey, Filter, Gaps, read_cells, read_gaps, since_day
from ducktypist.ledger.sources import SourceKey, SourceStats, read_sources
from ducktypist.ledger.stats import CellStats, share, summarise

if TYPE_CHECKING:
    from ducktypist.ledger.forecasts import ForecastKey, ForecastStats

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
    ledger: Path | Rows,
    filters: StatsFilter = _EVERYTHING,
    *,
    n_unnoted: int = 0,
    last_error: str = "",
    tell: bool = False,
) -> dict[str, Json]:
    """Return the table of a ledger; a missing file is an empty ledger.

    Blocks on the disk, so call it from a thread and not from the event loop. A number that nothing
    is known of is null, never 0.

    Args:
        ledger: The ledger's file, or its views.
        filters: What to count.
        n_unnoted: Events that the calling process could not write, ``Ledger.n_unnoted``.
        last_error: Why, in words.
        tell: Score the predictions too, which takes its time; ``telling`` is null otherwise.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version. While the calling
            process has unwritten events, the note says so instead.
        ValueError: ``since_days`` is below 1.
    """
    cells: list[CellStats] = []
    acceptances: list[Acceptance] = []
    persistences: list[Persistence] = []
    claims: list[ClaimTally] = []
    forecasts: list[ForecastStats] = []
    gaps = Gaps(n_unlogged=0, last_reason="")
    wanted = _wanted(filters)
    rows = as_rows(ledger)
    unreadable = ""
    if not _is_missing(ledger):
        try:
            with rows:
                cells = [summarise(cell) for cell in read_cells(rows, wanted)]
                acceptances = read_acceptances(rows, wanted)
                persistences = read_persistences(rows, wanted)
                claims = read_claims(rows, wanted)
                gaps = read_gaps(rows)
                if tell:
                    from ducktypist.ledger.forecasts import read_forecast_stats  # noqa: PLC0415 - seldom asked for

                    forecasts = read_forecast_stats(rows, wanted)
        except LedgerError as error:
            if not n_unnoted:
                raise
            # Whoever could not write should hear of that, though there is nothing to read.
            unreadable = str(error)
    n_missing = n_unnoted + gaps.n_unlogged
    n_suggestions = sum(cell.n_suggestions for cell in cells)
    n_verified = sum(cell.n_verified for cell in cells)
    return {
        "version": VERSION,
        "ledger": rows.name,
        "filters": _filters(filters, wanted),
        "n_suggestions": n_suggestions,
        "n_verified": n_verified,
        "coverage": _or_none(share(n_verified, n_suggestions)),
        "n_unlogged": n_missing,
        "note": _note(cells, filters, n_missing, last_error or gaps.last_reason, unreadable),
        "cells": [_cell(cell) for cell in cells],
        "acceptances": [_row(item, item.key, CellKey.__slots__) for item in acceptances],
        "persistences": [_row(item, item.key, CellKey.__slots__) for item in persistences],
        "claims": [_row(item, item.key, CellKey.__slots__) for item in claims],
        "telling": [_row(item, item.key, ("kind", "moment")) for item in forecasts]
        if tell
        else None,
    }


def sources_table(ledger: Path | Rows, filters: StatsFilter = _EVERYTHING) -> dict[str, Json]:
    """Return what each source of candidates was worth; a missing file is an empty ledger.

    Blocks on the disk, so call it from a thread and not from the event loop. A number that nothing
    is known of is null, never 0.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
        ValueError: ``since_days`` is below 1.
    """
    wanted = _wanted(filters)
    found = [] if _is_missing(ledger) else read_sources(ledger, wanted)
    note = "" if found else "No search has tried a candidate yet."
    if not found and filters != _EVERYTHING:
        note = "No search in the ledger matches this filter."
    return {
        "version": VERSION,
        "ledger": as_rows(ledger).name,
        "filters": _filters(filters, wanted),
        "n_tried": sum(source.n_tried for source in found),
        "note": note,
        "sources": [_row(source, source.key, SourceKey.__slots__) for source in found],
    }


def _is_missing(ledger: Path | Rows) -> bool:
    return isinstance(ledger, Path) and not ledger.exists()


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
        since = since_day(filters.since_days)
    return Filter(kind=filters.kind, language=filters.language, since_day_utc=since)


def _note(
    cells: list[CellStats], filters: StatsFilter, n_unlogged: int, reason: str, unreadable: str
) -> str:
    """Return what a person should know before reading the numbers; empty when nothing."""
    notes = []
    if unreadable:
        notes.append(f"The ledger cannot be read: {unreadable}.")
    elif not cells and filters == _EVERYTHING:
        notes.append("The ledger is empty: no suggestion has been made yet.")
    elif not cells:
        notes.append("No suggestion in the ledger matches this filter.")
    elif not any(cell.n_verified for cell in cells):
        notes.append("Nothing has been verified yet, so nothing is known about who is right.")
    if n_unlogged:
        why = f" ({reason})" if reason and reason != unreadable else ""
        notes.append(f"{n_unlogged} events could not be logged{why}; the numbers lack them.")
    return " ".join(notes)


def _cell(cell: CellStats) -> dict[str, Json]:
    return _row(cell, cell.key, CellKey.__slots__) | {"speed": cell.speed.value}


def _row(
    stats: CellStats | SourceStats | Acceptance | Persistence | ClaimTally | ForecastStats,
    key: CellKey | SourceKey | ForecastKey,
    names: tuple[str, ...],
) -> dict[str, Json]:
    row: dict[str, Json] = {name: str(getattr(key, name)) for name in names}
    for item in dataclasses.fields(stats):
        if item.name != "key":
            row[item.name] = _or_none(getattr(stats, item.name))
    return row


def _or_none(value: Json) -> Json:
    """Return the value; null in place of a number that is not known."""
    return None if isinstance(value, float) and math.isnan(value) else value


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
