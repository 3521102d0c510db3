"""The past, read from the ledger's view ``tell_case`` and from nowhere else."""

from __future__ import annotations

from typing import Any

from ducktypist.domain import Kind
from ducktypist.ledger.query import Rows
from ducktypist.ledger.reading import Filter, where_clause
from ducktypist.ledger.tell.cases import Foretold, Past, When, in_time_order
from ducktypist.ledger.tell.score import Forecast
from ducktypist.ledger.tell.signals import Signals
from ducktypist.ledger.words import Label, StaticVerdict

_COLUMNS = (
    *("suggestion_id", "at_utc", "known_utc", "task_hash"),
    *("model_sha256", "quantisation", "kind", "language"),
    *("min_logprob", "lowest5_logprob", "mean_logprob", "min_margin"),
    *("answer_tokens", "static_verdict", "n_agreeing", "n_compared"),
    *("n_visible_passed", "n_visible_failed"),
    *("p_right", "calibrator", "p_right_after", "calibrator_after"),
    *("label", "label_by", "label_tier", "has_answer"),
)
_EVERYTHING = Filter()
_N_COMPARED_LEAST = 2


def past(rows: Rows, wanted: Filter = _EVERYTHING) -> tuple[Past, ...]:
    """Return every suggestion whose outcome is known and that had an answer, in order of time.

    Args:
        rows: The ledger's views.
        wanted: Which ones.

    Raises:
        LedgerError: The ledger is missing, is none, or was made by a newer version.
    """
    where, bindings = where_clause(wanted)
    sql = f"SELECT {', '.join(_COLUMNS)} FROM tell_case {where}"  # noqa: S608 - names of our own columns; values are bound
    found = rows.query(sql, bindings)
    return in_time_order(
        [_past(row) for row in found if row["has_answer"] and row["kind"] in set(Kind)]
    )


def n_known(rows: Rows) -> dict[str, int]:
    """Return how many outcomes :func:`past` would give of each kind; quicker than reading them.

    Raises:
        LedgerError: As :func:`past`.
    """
    sql = "SELECT kind, count(*) AS n FROM tell_case WHERE has_answer = 1 GROUP BY kind"
    return {row["kind"]: int(row["n"]) for row in rows.query(sql) if row["kind"] in set(Kind)}


def logged(cases: tuple[Past, ...], when: When) -> tuple[Forecast, ...]:
    """Return the predictions that were written down at that moment, with what became of them."""
    return tuple(
        Forecast(p=found.p_right, is_right=case.is_right, unit=case.task)
        for case in cases
        if case.counts(when) and (found := case.foretold(when)) is not None
    )


def _past(row: dict[str, Any]) -> Past:
    verdict = row["static_verdict"]
    known = set(StaticVerdict)
    signals = Signals(
        model_sha256=row["model_sha256"],
        quantisation=row["quantisation"],
        kind=Kind(row["kind"]),
        language=row["language"],
        min_logprob=row["min_logprob"],
        lowest5_logprob=row["lowest5_logprob"],
        mean_logprob=row["mean_logprob"],
        min_margin=row["min_margin"],
        completion_tokens=row["answer_tokens"],
        static_verdict=StaticVerdict(verdict) if verdict in known else StaticVerdict.NOT_CHECKED,
        agreeing_share=share(row["n_agreeing"], row["n_compared"]),
        visible_share=_visible_share(row),
    )
    return Past(
        suggestion_id=row["suggestion_id"],
        at_utc=row["at_utc"],
        known_utc=max(row["known_utc"] or row["at_utc"], row["at_utc"]),
        task=row["task_hash"] or row["suggestion_id"],
        signals=signals,
        is_right=row["label"] == Label.RIGHT,
        is_beyond=row["label_tier"] == "hidden" or row["label_by"] != "evidence",
        before=_foretold(row["p_right"], row["calibrator"]),
        after=_foretold(row["p_right_after"], row["calibrator_after"]),
    )


def share(n_agreeing: int | None, n_compared: int | None) -> float | None:
    """Return the largest cluster's share; None where fewer than two were compared."""
    if n_agreeing is None or n_compared is None or n_compared < _N_COMPARED_LEAST:
        return None
    return min(1.0, n_agreeing / n_compared)


def _visible_share(row: dict[str, Any]) -> float | None:
    passed, failed = row["n_visible_passed"], row["n_visible_failed"]
    if passed is None or failed is None or passed + failed == 0:
        return None
    return float(passed / (passed + failed))


def _foretold(p_right: float | None, calibrator: str | None) -> Foretold | None:
    if p_right is None:
        return None
    return Foretold(p_right=p_right, calibrator=calibrator or "")
