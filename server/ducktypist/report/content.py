"""What the report says, as values: the ledger's views read once, in one state of the ledger.

No HTML and no drawing here, and no number that ``ledger`` did not count or score.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ducktypist.ledger.acceptances import (
    Acceptance,
    Persistence,
    read_acceptances,
    read_persistences,
)
from ducktypist.ledger.query import Rows
from ducktypist.ledger.reading import (
    Cell,
    Filter,
    Gaps,
    read_cells,
    read_gaps,
    read_sums,
    where_clause,
)
from ducktypist.ledger.sources import SourceStats, read_sources
from ducktypist.ledger.stats import CellStats, holm, mcnemar_exact, summarise
from ducktypist.report.details import Detail, LabelChange, read_changes, read_details
from ducktypist.report.telling import Telling, read_telling

N_DETAILS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """All suggestions of the report together, as ``cell`` counts them."""

    n_requested: int
    n_answered: int
    n_right: int
    n_wrong: int
    n_flaky: int

    @property
    def n_verified(self) -> int:
        """Right, wrong and flaky ones."""
        return self.n_right + self.n_wrong + self.n_flaky


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One UTC day of the calendar, as the view ``day`` counts it."""

    day_utc: str
    n_requested: int
    n_shown: int
    n_accepted: int
    n_verified: int
    n_right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Two models or quantisations on the same tasks, as the view ``flip`` counts them."""

    first: str
    second: str
    kind: str
    n_tasks: int
    n_both: int
    n_only_first: int
    n_only_second: int
    n_none: int
    p: float
    """Exact McNemar, two-sided, of this pair alone."""
    p_holm: float
    """Adjusted for all pairs that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that is on the page."""

    wanted: Filter
    as_of_utc: str
    """Of the last thing that is known of a suggestion in the report; empty when there is none."""
    totals: Totals
    cells: tuple[CellStats, ...]
    telling: Telling
    days: tuple[Day, ...]
    acceptances: tuple[Acceptance, ...]
    persistences: tuple[Persistence, ...]
    flips: tuple[Flip, ...]
    sources: tuple[SourceStats, ...]
    changes: tuple[LabelChange, ...]
    gaps: Gaps
    details: tuple[Detail, ...]


def empty_content(wanted: Filter, *, n_unnoted: int = 0) -> Content:
    """Return what a ledger says that is not there yet."""
    return Content(
        wanted=wanted,
        as_of_utc="",
        totals=_totals([]),
        cells=(),
        telling=Telling(overall=(), by_kind=(), curves=()),
        days=(),
        acceptances=(),
        persistences=(),
        flips=(),
        sources=(),
        changes=(),
        gaps=Gaps(n_unlogged=n_unnoted, last_reason=""),
        details=(),
    )


def read_content(
    rows: Rows, wanted: Filter, *, n_details: int = N_DETAILS, n_unnoted: int = 0
) -> Content:
    """Read everything that the report says.

    Args:
        rows: The ledger.
        wanted: Which suggestions.
        n_details: How many single suggestions to list, the newest.
        n_unnoted: Events that a running server could not write and not even note.

    Raises:
        LedgerError: It cannot be read.
    """
    with rows:
        counted = read_cells(rows, wanted)
        gaps = read_gaps(rows)
        return Content(
            wanted=wanted,
            as_of_utc=_as_of(rows, wanted),
            totals=_totals(counted),
            cells=tuple(summarise(cell) for cell in counted),
            telling=read_telling(rows, wanted),
            days=_days(rows, wanted),
            acceptances=tuple(read_acceptances(rows, wanted)),
            persistences=tuple(read_persistences(rows, wanted)),
            flips=_flips(rows, wanted),
            sources=tuple(read_sources(rows, wanted)),
            changes=read_changes(rows, wanted),
            gaps=replace(gaps, n_unlogged=gaps.n_unlogged + n_unnoted),
            details=read_details(rows, wanted, n_max=n_details),
        )


def _totals(counted: list[Cell]) -> Totals:
    return Totals(
        **{name: sum(getattr(cell, name) for cell in counted) for name in Totals.__slots__}
    )


def _days(rows: Rows, wanted: Filter) -> tuple[Day, ...]:
    names = [name for name in Day.__slots__ if name.startswith("n_")]
    found = [Day(**row) for row in read_sums(rows, "day", ("day_utc",), names, wanted)]
    return tuple(sorted(found, key=lambda day: day.day_utc))


def _flips(rows: Rows, wanted: Filter) -> tuple[Flip, ...]:
    sides = ("model", "sha256", "quantisation")
    key = [f"{place}_{side}" for place in ("first", "second") for side in sides] + ["kind"]
    counts = ["n_tasks", "n_both", "n_only_first", "n_only_second", "n_none"]
    found = read_sums(rows, "flip", key, counts, wanted)
    found.sort(key=lambda row: (-row["n_tasks"], *(row[name] for name in key)))
    p_values = [mcnemar_exact(row["n_only_first"], row["n_only_second"]) for row in found]
    return tuple(
        Flip(
            first=_name(row["first_model"], row["first_quantisation"]),
            second=_name(row["second_model"], row["second_quantisation"]),
            kind=row["kind"],
            **{name: row[name] for name in counts},
            p=p,
            p_holm=p_holm,
        )
        for row, p, p_holm in zip(found, p_values, holm(p_values), strict=True)
    )


def _as_of(rows: Rows, wanted: Filter) -> str:
    where, bindings = where_clause(wanted)
    sql = f"SELECT max(at_utc) AS made, max(known_utc) AS known FROM suggestion {where}"  # noqa: S608 - no values
    row = rows.query(sql, bindings)[0]
    return max(row["made"] or "", row["known"] or "")


def _name(model: str, quantisation: str) -> str:
    return f"{model} {quantisation}".strip()
