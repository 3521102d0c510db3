"""Figures that bodies and lines have in common: what is right, against the bare model, and when.

Pure arithmetic on results.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ducktypist.bench.complete.run import Result
from ducktypist.bench.figures import Figure, share_of
from ducktypist.bench.measure import quantile
from ducktypist.ledger.stats import mcnemar_exact

MAX_NAMED = 12


def raw_figure(results: Sequence[Result], what: str) -> Figure:
    """Return the share of tasks that the one greedy answer gets right."""
    return share_of("raw greedy", what, sum(item.raw_is_right for item in results), len(results))


def against_raw(results: Sequence[Result], points: float) -> Figure:
    """Return the share that was shown and is right, held against the bare model's."""
    n = len(results)
    right = sum(item.shown_is_right for item in results)
    raw = sum(item.raw_is_right for item in results)
    gain = 100 * (right - raw) / n if n else math.nan
    return share_of(
        "",
        "",
        right,
        n,
        bar=f"≥ raw + {points:g} points",
        is_met=gain >= points if n else None,
        note=f"{gain:+.1f} points against raw greedy, n = {n}" if n else "",
    )


def paired(results: Sequence[Result]) -> Figure:
    """Compare what was shown with the greedy answer, task by task."""
    gained = sum(item.shown_is_right and not item.raw_is_right for item in results)
    lost = sum(item.raw_is_right and not item.shown_is_right for item in results)
    return Figure(
        name="shown against raw",
        what=f"right only when shown: {gained}; only raw: {lost}",
        value=mcnemar_exact(gained, lost),
        unit="p (McNemar, exact)",
        n=len(results),
    )


def right_of(
    name: str, what: str, results: Sequence[Result], *, floor: float = 0.0, note: str = ""
) -> Figure:
    """Return the share of some results that is right; ``floor`` is the percentage to reach."""
    k = sum(item.shown_is_right for item in results)
    return share_of(
        name,
        what or "passes the hidden tests",
        k,
        len(results),
        bar=f"≥ {floor:g} %" if floor else "",
        is_met=100 * k >= floor * len(results),
        note=note,
    )


def added_errors(shown: Sequence[Result]) -> list[Figure]:
    """Return the share of what was shown that adds a syntax error; there is to be none."""
    bad = [item for item in shown if item.shown_grade and item.shown_grade.adds_error]
    return [
        share_of(
            "adds a syntax error",
            "of those shown",
            len(bad),
            len(shown),
            bar="0",
            is_met=not bad,
            note=names_of(bad),
        )
    ]


def times(results: Sequence[Result]) -> list[Figure]:
    """Return medians and 95th percentiles, in milliseconds."""
    first = [
        item.attempt.first_token_ms for item in results if item.attempt.first_token_ms is not None
    ]
    samples = {
        "first token": ("from the request, by the server's ledger", first),
        "answer": ("from asking to the answer", [item.attempt.total_ms for item in results]),
    }
    return [
        Figure(
            name=f"{name}, p{share * 100:.0f}",
            what=what,
            value=quantile(values, share) if values else math.nan,
            unit="ms",
            n=len(values),
        )
        for name, (what, values) in samples.items()
        for share in (0.5, 0.95)
    ]


def names_of(results: Iterable[Result]) -> str:
    """Return the names of tasks, the first few of many."""
    tasks = [item.task for item in results]
    more = f" and {len(tasks) - MAX_NAMED} more" if len(tasks) > MAX_NAMED else ""
    return ", ".join(tasks[:MAX_NAMED]) + more
