"""Where every displayed number comes from: one view, some of its columns, and what is done to them.

A page or a table that shows numbers names each of them here. Tests work out every number anew from
what stands here and compare; a number that is shown and not named fails them. Nothing at run time
reads this.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class How(enum.StrEnum):
    """What is done to the columns of the view's rows that belong to what is shown."""

    SUM = "sum"
    """Everything in the columns is added up."""
    COUNT = "count"
    """The rows are counted, each task or suggestion once."""
    SHARE = "share"
    """The sum of the columns over the sum of those in ``out_of``."""
    SHARE_LOW = "share, lower end"
    """Of the 95 % Wilson interval of that."""
    SHARE_HIGH = "share, upper end"
    TOO_FEW = "share, too few"
    """Whether that interval is too wide for a result."""
    P50 = "median"
    """Nearest rank, of the values that are there."""
    P95 = "95th percentile"
    SPEED = "speed"
    """The word for the medians of the three columns and the kind."""
    SCORE = "score"
    """The score of that name of all forecasts and outcomes in the columns; see ``tell.score``."""
    MCNEMAR = "McNemar"
    """The exact two-sided p-value of the two columns' sums."""
    HOLM = "Holm"
    """That, adjusted for all pairs that are shown beside it."""
    LAST = "last"
    """The greatest value."""
    VALUE = "value"
    """The value in the one row, as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one number comes from."""

    view: str
    columns: tuple[str, ...]
    how: How = How.SUM
    out_of: tuple[str, ...] = ()
    """Columns of the denominator, for shares."""


def _sums(view: str, *columns: str) -> dict[str, Origin]:
    """Return the origins of numbers that are sums of columns of their own name."""
    return {column: Origin(view=view, columns=(column,)) for column in columns}


def _values(view: str, *columns: str) -> dict[str, Origin]:
    return {column: Origin(view=view, columns=(column,), how=How.VALUE) for column in columns}


def _share(
    name: str, view: str, columns: tuple[str, ...], out_of: tuple[str, ...]
) -> dict[str, Origin]:
    """Return the origins of a share, of its interval's ends, and of whether it is a result."""
    hows = {name: How.SHARE, f"{name}_low": How.SHARE_LOW, f"{name}_high": How.SHARE_HIGH}
    return {
        key: Origin(view=view, columns=columns, how=how, out_of=out_of)
        for key, how in (hows | {"too_few": How.TOO_FEW}).items()
    }


def _percentiles(view: str, **columns: str) -> dict[str, Origin]:
    """Return origins of percentiles; a name ends in ``p50`` or ``p95`` before its unit."""
    return {
        name: Origin(view=view, columns=(column,), how=How.P95 if "_p95_" in name else How.P50)
        for name, column in columns.items()
    }


_VERIFIED = ("n_right", "n_wrong", "n_flaky")
_TIMES = ("ttft_ms", "total_ms", "decode_tok_s")
_FORECAST = ("p_right", "is_right", "task_hash", "suggestion_id")
_SCORES = (
    *("n", "n_right", "base_rate", "brier", "brier_low", "brier_high"),
    *("skill", "skill_low", "skill_high", "auroc", "auroc_low", "auroc_high"),
    *("ece", "ece_if_calibrated", "has_tell"),
)

CELLS: Mapping[str, Origin] = {
    "n_suggestions": Origin(view="cell", columns=("n_answered",)),
    "n_verified": Origin(view="cell", columns=_VERIFIED),
    **_sums("cell", *_VERIFIED, "n_unverified", "n_concluded"),
    **_sums("cell", "n_shown", "n_accepted", "n_dismissed", "n_looked_10min", "n_still_in_10min"),
    "coverage": Origin(view="cell", columns=_VERIFIED, how=How.SHARE, out_of=("n_answered",)),
    **_share("right", "cell", ("n_right",), _VERIFIED),
    **_percentiles(
        "suggestion_time",
        ttft_p50_ms="ttft_ms",
        ttft_p95_ms="ttft_ms",
        total_p50_ms="total_ms",
        total_p95_ms="total_ms",
        decode_p50_tok_s="decode_tok_s",
    ),
    "speed": Origin(view="suggestion_time", columns=_TIMES, how=How.SPEED),
}

ACCEPTANCES: Mapping[str, Origin] = _sums(
    "acceptance", "n_accepted", "n_partly", "n_checked", "n_hold", "n_checked_as_suggested"
)

PERSISTENCES: Mapping[str, Origin] = _sums(
    "persistence",
    "n_accepted",
    *(
        f"{what}_{look}"
        for look in ("30s", "2min", "10min", "next_commit")
        for what in ("n_looked", "n_still_in")
    ),
)

TELLING: Mapping[str, Origin] = {
    name: Origin(view="forecast", columns=_FORECAST, how=How.SCORE) for name in _SCORES
}

SOURCES: Mapping[str, Origin] = {
    **_sums("source_result", "n_tried", "n_void", "n_plausible", "n_suggestions"),
    **_sums("source_result", "n_suggestions_plausible", "n_chosen", "n_accepted"),
    **_sums("source_result", "completion_tokens", "generation_ms", "verify_ms"),
    **_share("plausible", "source_result", ("n_suggestions_plausible",), ("n_suggestions",)),
    **_percentiles(
        "tried_time",
        generation_p50_ms="generation_ms",
        generation_p95_ms="generation_ms",
        verify_p50_ms="verify_ms",
        verify_p95_ms="verify_ms",
    ),
}

STATS: Mapping[str, Origin] = {
    "n_suggestions": CELLS["n_suggestions"],
    "n_verified": CELLS["n_verified"],
    "coverage": CELLS["coverage"],
    "n_unlogged": Origin(view="gap_total", columns=("n_unlogged",)),
}
"""Those above the tables. ``n_unlogged`` has the calling process's own unwritten events added."""

PROVENANCE: Mapping[str, Origin] = {
    **_values("suggestion", "total_ms", "p_right", "p_low", "p_high", "n_like"),
    **_values("suggestion", "p_right_after", "p_low_after", "p_high_after", "n_like_after"),
    **_values("claim_case", "n_shown_confirmed", "n_shown_unconfirmed", "n_struck"),
}
"""The line below an answer, and what is said beside a verdict: the same values as are written."""

TODAY: Mapping[str, Origin] = {
    **{name: CELLS[name] for name in ("n_suggestions", "n_verified", "n_right")},
    **{name: CELLS[name] for name in ("right", "right_low", "right_high", "too_few", "speed")},
}
"""Of one model and one day; the speed is the worst of the kinds that somebody waits for."""

RECENT: Mapping[str, Origin] = _values(
    "suggestion", "shown", "accepted", "dismissed", "p_right", "ttft_ms", "total_ms"
)

REPORT_TOTALS: Mapping[str, Origin] = _sums("cell", "n_requested", "n_answered", *_VERIFIED)

REPORT_DAYS: Mapping[str, Origin] = _sums(
    "day", "n_requested", "n_shown", "n_accepted", "n_verified", "n_right"
)

REPORT_FLIPS: Mapping[str, Origin] = {
    **_sums("flip", "n_tasks", "n_both", "n_only_first", "n_only_second", "n_none"),
    "p": Origin(view="flip", columns=("n_only_first", "n_only_second"), how=How.MCNEMAR),
    "p_holm": Origin(view="flip", columns=("n_only_first", "n_only_second"), how=How.HOLM),
}

REPORT_DETAILS: Mapping[str, Origin] = _values(
    "suggestion",
    *("trusted", "shown", "accepted", "dismissed", "ttft_ms", "total_ms", "completion_tokens"),
    *("p_right", "p_low", "p_high", "n_like", "has_tell"),
    *("p_right_after", "p_low_after", "p_high_after", "n_like_after", "has_tell_after"),
    *("edit_ratio_10min", "edit_ratio_next_commit"),
)

REPORT_CHECKS: Mapping[str, Origin] = _values("check_result", "n_repeats", "n_passed", "n_failed")

CLAIMS: Mapping[str, Origin] = _sums(
    "claim_tally",
    *("n_explanations", "n_confirmed", "n_contradicted", "n_unconfirmed", "n_struck"),
    *("n_shown_confirmed", "n_shown_unconfirmed"),
)

SURFACES: Mapping[str, Mapping[str, Origin]] = {
    "stats": STATS,
    "stats.cells": CELLS,
    "stats.acceptances": ACCEPTANCES,
    "stats.persistences": PERSISTENCES,
    "stats.claims": CLAIMS,
    "stats.telling": TELLING,
    "sources": _sums("source_result", "n_tried"),
    "sources.sources": SOURCES,
    "provenance": PROVENANCE,
    "activity": TODAY,
    "recent": RECENT,
    "report.totals": REPORT_TOTALS,
    "report.cells": CELLS,
    "report.telling": TELLING,
    "report.days": REPORT_DAYS,
    "report.acceptances": ACCEPTANCES,
    "report.persistences": PERSISTENCES,
    "report.flips": REPORT_FLIPS,
    "report.sources": SOURCES,
    "report.gaps": {"n_unlogged": STATS["n_unlogged"]},
    "report.details": REPORT_DETAILS,
    "report.details.checks": REPORT_CHECKS,
}
"""Everything that shows numbers, by a name of its own."""
