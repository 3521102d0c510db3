"""What ``ducktypist calibrate`` found, as one JSON object; ``cli.calibrate`` prints it.

Every number comes from the view ``tell_case`` through ``rows``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ducktypist.domain import Json
from ducktypist.ledger.tell import features
from ducktypist.ledger.tell.calibrator import Calibrator
from ducktypist.ledger.tell.cases import Past, When
from ducktypist.ledger.tell.held_out import HeldOut
from ducktypist.ledger.tell.learned import Linear, Proof, Tell
from ducktypist.ledger.tell.maps import BetaMap
from ducktypist.ledger.tell.proving import N_PROVEN
from ducktypist.ledger.tell.rows import logged
from ducktypist.ledger.tell.score import Score, score

VERSION = 1
"""Of the object's shape; it grows by new keys only."""

NO_TELL = "no tell: its own signals add nothing here"


def calibration_table(calibrator: Calibrator, past: Sequence[Past]) -> dict[str, Json]:
    """Return what was learned and how it does, of each kind and moment. NaN becomes null."""
    found: dict[str, Any] = {
        "version": VERSION,
        "calibrator": calibrator.version,
        "as_of_utc": calibrator.as_of_utc,
        "n_known": len(past),
        "tells": [
            _tell(calibrator, [case for case in past if case.kind is kind], when)
            for kind in sorted({case.kind for case in past})
            for when in When
            if any(case.kind is kind and case.counts(when) for case in past)
        ],
        "logged": [
            {"when": when.value} | _score(score(forecasts))
            for when in When
            if (forecasts := logged(tuple(past), when))
        ],
    }
    return _plain(found)  # type: ignore[no-any-return] # a dict stays one


def held_out_table(
    calibrator: Calibrator, found: Sequence[HeldOut], *, seed: int, n_known: int
) -> dict[str, Json]:
    """Return how a calibrator of one half does on the other. NaN becomes null."""
    table: dict[str, Any] = {
        "version": VERSION,
        "calibrator": calibrator.version,
        "seed": seed,
        "n_known": n_known,
        "held_out": [
            {
                "kind": item.kind.value if item.kind else None,
                "when": item.when.value,
                "n_fitted": item.n_fitted,
                "has_tell": item.has_tell,
                "shown": _score(item.shown),
                "signals": _score(item.signals),
            }
            for item in found
            if item.shown.n
        ],
    }
    return _plain(table)  # type: ignore[no-any-return] # a dict stays one


def _tell(calibrator: Calibrator, past: Sequence[Past], when: When) -> dict[str, Any]:
    counted = [case for case in past if case.counts(when)]
    n, n_right = len(counted), sum(case.is_right for case in counted)
    tell = calibrator.tell(past[0].kind, when)
    proof = tell.proof if tell is not None else None
    return {
        "kind": past[0].kind.value,
        "when": when.value,
        "n": n,
        "n_right": n_right,
        "base_rate": n_right / n if n else math.nan,
        "has_tell": tell is not None and tell.has_tell,
        "sentence": _sentence(tell, when),
        "proof": asdict(proof) if proof is not None else None,
        "weights": _weights(tell.linear, when) if tell is not None else None,
        "calibration": _calibration(tell),
    }


def _sentence(tell: Tell | None, when: When) -> str:
    proof = tell.proof if tell is not None else None
    if tell is None or proof is None:
        return f"base rates: fewer than {N_PROVEN} forecasts could be scored"
    if math.isnan(proof.skill_low):
        return "no tell: all outcomes are alike"
    if not proof.is_tell:
        return f"{NO_TELL} ({_skill(proof)})"
    what = "its own signals" if when is When.BEFORE else "its own signals and what running said"
    of = "" if tell.linear is not None else ", by the bench"
    return f"a tell: {what} say more than the base rate ({_skill(proof)}{of})"


def _skill(proof: Proof) -> str:
    """Return the weaker of the two skills that a tell needs."""
    if proof.gain_low <= proof.skill_low:
        return f"skill {proof.gain:.2f}, {proof.gain_low:.2f} to {proof.gain_high:.2f}"
    return f"skill {proof.skill:.2f}, {proof.skill_low:.2f} to {proof.skill_high:.2f}"


def _weights(linear: Linear | None, when: When) -> dict[str, Any] | None:
    if linear is None:
        return None
    named = dict(zip(features.names(when), linear.weights, strict=True))
    return {"intercept": linear.intercept, "ridge": linear.ridge, "n": linear.n, "weights": named}


def _calibration(tell: Tell | None) -> str:
    if tell is None or tell.calibration is None:
        return "none"
    return "beta" if isinstance(tell.calibration, BetaMap) else "isotonic"


def _score(found: Score) -> dict[str, Any]:
    return asdict(found)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
