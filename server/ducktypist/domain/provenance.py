"""Where an answer came from."""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.domain.generation import ModelIdentity
from ducktypist.domain.prediction import Prediction
from ducktypist.domain.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an answer came from; the last line of a hover is made of it."""

    suggestion_id: str
    model: ModelIdentity
    total_ms: float
    cached: bool
    verdict: Verdict
    prediction: Prediction | None = None
    """How likely it is right; None where nobody says."""
