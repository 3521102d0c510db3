"""How well p_right foretold what came: the logged predictions against the labels that came later.

Scored are only predictions that stand in the view ``forecast``, each made before its outcome; the
arithmetic is ``ledger.tell.score``'s.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.ledger.forecasts import read_forecasts
from ducktypist.ledger.query import Rows
from ducktypist.ledger.reading import Filter
from ducktypist.ledger.tell import score as scoring
from ducktypist.ledger.tell.cases import When
from ducktypist.ledger.tell.score import Bin, Forecast, Selected

MIN_FOR_DIAGRAM = scoring.MIN_RELIABILITY
MOMENTS = {When.BEFORE: "before running", When.AFTER: "after running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Predictions of one kind at one moment, scored; NaN is not known."""

    kind: str
    """Empty for all kinds together."""
    moment: str
    """``before running`` or ``after running``."""
    n: int
    n_right: int
    base_rate: float
    brier: float
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What is drawn of one moment, all kinds together."""

    moment: str
    bins: tuple[Bin, ...]
    """Empty below ``MIN_FOR_DIAGRAM`` predictions."""
    risks: tuple[Selected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """All of it."""

    overall: tuple[Score, ...]
    """One a moment, all kinds together."""
    by_kind: tuple[Score, ...]
    curves: tuple[Curve, ...]


def read_telling(rows: Rows, wanted: Filter) -> Telling:
    """Return the logged predictions of the suggestions whose outcome is known, scored.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    found = read_forecasts(rows, wanted)
    overall, by_kind, curves = [], [], []
    for when, moment in MOMENTS.items():
        kinds = {key.kind: of_kind for key, of_kind in found.items() if key.moment == when}
        forecasts = tuple(itertools.chain.from_iterable(kinds.values()))
        if not forecasts:
            continue
        overall.append(_score("", moment, forecasts))
        if len(kinds) > 1:
            by_kind += [_score(kind, moment, of_kind) for kind, of_kind in kinds.items()]
        bins = scoring.reliability(forecasts)
        risks = _hundred(scoring.risk_coverage(forecasts)) if bins else ()
        curves.append(Curve(moment=moment, bins=bins, risks=risks))
    return Telling(overall=tuple(overall), by_kind=tuple(by_kind), curves=tuple(curves))


def _hundred(points: Sequence[Selected]) -> tuple[Selected, ...]:
    """Return the first point in each hundredth of coverage, which is all that can be seen."""
    found: dict[int, Selected] = {}
    for point in points:
        found.setdefault(int(100 * point.coverage + 1e-9), point)
    # Of the very surest there are too few to draw.
    return tuple(point for hundredth, point in found.items() if hundredth)


def _score(kind: str, moment: str, forecasts: Sequence[Forecast]) -> Score:
    found = scoring.flat(scoring.score(forecasts), Score.__slots__)
    return Score(kind=kind, moment=moment, **found)
