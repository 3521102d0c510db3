"""How well p_right foretold: the view ``forecast`` scored, kind by kind.

Scored are predictions that were written down before their outcome, and nothing else. The
arithmetic is ``tell.score``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ducktypist.ledger.query import Rows, as_rows
from ducktypist.ledger.reading import Filter, where_clause
from ducktypist.ledger.tell.score import Forecast, flat, score


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ForecastKey:
    """What is scored together."""

    kind: str
    moment: str
    """``before_running`` or ``after_running``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastStats:
    """What is shown of one kind's predictions at one moment; NaN is not known."""

    key: ForecastKey
    n: int
    """Predictions whose outcome is known."""
    n_right: int
    base_rate: float
    brier: float
    brier_low: float
    """Lower end of the 95 % bootstrap interval, here and below."""
    brier_high: float
    skill: float
    """Of the Brier score against the base rate: 1 is perfect, 0 adds nothing."""
    skill_low: float
    skill_high: float
    auroc: float
    auroc_low: float
    auroc_high: float
    ece: float
    ece_if_calibrated: float
    """What chance alone would show of perfectly calibrated predictions."""
    has_tell: bool
    """Whether the skill's whole interval lies above zero."""


_NO_FILTER = Filter()


def read_forecasts(
    ledger: Path | Rows, wanted: Filter = _NO_FILTER
) -> dict[ForecastKey, tuple[Forecast, ...]]:
    """Return the predictions that can be scored, by what is scored together.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    where, bindings = where_clause(wanted)
    sql = f"SELECT kind, moment, p_right, is_right, task_hash, suggestion_id FROM forecast {where}"  # noqa: S608 - names of our own; values are bound
    found: dict[ForecastKey, list[Forecast]] = {}
    for kind, moment, p_right, is_right, task_hash, suggestion_id in as_rows(ledger).tuples(
        sql, bindings
    ):
        found.setdefault(ForecastKey(kind=kind, moment=moment), []).append(
            Forecast(p=p_right, is_right=is_right == 1, unit=task_hash or suggestion_id)
        )
    return {key: tuple(found[key]) for key in sorted(found)}


def read_forecast_stats(ledger: Path | Rows, wanted: Filter = _NO_FILTER) -> list[ForecastStats]:
    """Return how well the predictions of each kind foretold; takes a second for very many.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    return [_stats(key, found) for key, found in read_forecasts(ledger, wanted).items()]


def _stats(key: ForecastKey, forecasts: tuple[Forecast, ...]) -> ForecastStats:
    found = score(forecasts)
    return ForecastStats(
        key=key, has_tell=found.skill.low > 0, **flat(found, ForecastStats.__slots__)
    )
