"""What each source of candidates was worth: the view ``source_result`` as values.

For the search, which asks the most fruitful source first, and for the table that is shown. No
number is computed here beyond the view's sums, their intervals and percentiles.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.domain import Kind, Source
from ducktypist.ledger.query import Rows, as_rows
from ducktypist.ledger.reading import Filter, where_clause
from ducktypist.ledger.stats import percentile, share, too_few, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCount:
    """What one source came to for one model, kind and language, over all days."""

    source: Source
    n_tried: int
    """Candidates of which something was learned."""
    n_plausible: int
    n_suggestions: int
    """Searches in which something was learned of a candidate of this source."""
    n_suggestions_plausible: int
    """Those in which one of them was plausible."""
    total_ms: float
    """Generating and verifying, all of its candidates together."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SourceKey:
    """Model, quantisation, kind, language and source: what is counted together."""

    model: str
    quantisation: str
    kind: str
    language: str
    source: str
    model_sha256: str
    """Two files of one name are two models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStats:
    """What is shown of one source."""

    key: SourceKey
    n_tried: int
    n_void: int
    """Candidates of which nothing was learned: not run, or the sandbox failed."""
    n_plausible: int
    n_suggestions: int
    n_suggestions_plausible: int
    plausible: float
    """Share of the searches in which it gave a plausible patch, 0 to 1; NaN without a search.
    Candidates of one search are no independent trials, so the interval is over searches."""
    plausible_low: float
    """Lower end of the 95 % Wilson interval."""
    plausible_high: float
    too_few: bool
    """Whether the interval is too wide for ``plausible`` to be called a result."""
    n_chosen: int
    """Searches whose shown patch came from it."""
    n_accepted: int
    """Those that the person took."""
    completion_tokens: int
    generation_ms: float
    verify_ms: float
    generation_p50_ms: float
    """Of one candidate; NaN where no model was asked."""
    generation_p95_ms: float
    verify_p50_ms: float
    verify_p95_ms: float


_KEY = tuple(SourceKey.__slots__)
_SUMS = (
    "n_tried",
    "n_void",
    "n_plausible",
    "n_suggestions",
    "n_suggestions_plausible",
    "n_chosen",
    "n_accepted",
    "completion_tokens",
    "generation_ms",
    "verify_ms",
)
_TIMES = ("generation_ms", "verify_ms")
_NO_FILTER = Filter()


def source_counts(
    path: Path, *, model_sha256: str, kind: Kind, language: str
) -> tuple[SourceCount, ...]:
    """Return what each source came to under one model; nothing for a ledger that is not there yet.

    Blocks on the disk, so call it from a thread. A word for a source that this version does not
    know is left out.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
    """
    if not path.exists():
        return ()
    sql = """
        SELECT
            source,
            sum(n_tried) AS n_tried,
            sum(n_plausible) AS n_plausible,
            sum(n_suggestions) AS n_suggestions,
            sum(n_suggestions_plausible) AS n_suggestions_plausible,
            sum(generation_ms + verify_ms) AS total_ms
        FROM source_result
        WHERE model_sha256 = ? AND kind = ? AND language = ?
        GROUP BY source
        ORDER BY source
    """
    known = set(Source)
    return tuple(
        SourceCount(**row | {"source": Source(row["source"])})
        for row in as_rows(path).query(sql, [model_sha256, kind.value, language])
        if row["source"] in known
    )


def read_sources(ledger: Path | Rows, wanted: Filter = _NO_FILTER) -> list[SourceStats]:
    """Return what is shown of each source that was ever tried, in the order of the keys.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    rows = as_rows(ledger)
    where, bindings = where_clause(wanted)
    key = ", ".join(_KEY)
    sums = ", ".join(f"sum({name}) AS {name}" for name in _SUMS)
    sums_sql = f"SELECT {key}, {sums} FROM source_result {where} GROUP BY {key}"  # noqa: S608 - names of our own fields; values are bound
    times_sql = f"SELECT {', '.join((*_KEY, *_TIMES))} FROM tried_time {where}"  # noqa: S608 - as above
    n_key = len(_KEY)
    with contextlib.ExitStack() as stack:
        if isinstance(ledger, Path):
            stack.enter_context(rows)
        by_key: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        for row in rows.tuples(times_sql, bindings):
            by_key.setdefault(row[:n_key], []).append(row[n_key:])
        counted = rows.query(sums_sql, bindings)
    stats = [_stats(row, by_key.get(_key_of(row), [])) for row in counted]
    return sorted(stats, key=lambda row: row.key)


def _key_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _stats(row: dict[str, Any], times: list[tuple[Any, ...]]) -> SourceStats:
    # PostgreSQL gives the sum of whole numbers as a decimal one.
    sums = {name: float(row[name]) if name.endswith("_ms") else int(row[name]) for name in _SUMS}
    n, k = int(sums["n_suggestions"]), int(sums["n_suggestions_plausible"])
    low, high = wilson(k, n)
    generation_ms, verify_ms = (
        [found[place] for found in times if found[place] is not None]
        for place in range(len(_TIMES))
    )
    return SourceStats(
        key=SourceKey(**{name: row[name] for name in _KEY}),
        **sums,  # type: ignore[arg-type] # keywords gathered by name; a test compares each
        plausible=share(k, n),
        plausible_low=low,
        plausible_high=high,
        too_few=too_few(n, k),
        generation_p50_ms=percentile(generation_ms, 50),
        generation_p95_ms=percentile(generation_ms, 95),
        verify_p50_ms=percentile(verify_ms, 50),
        verify_p95_ms=percentile(verify_ms, 95),
    )
