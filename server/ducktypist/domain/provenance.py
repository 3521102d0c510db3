"""Where an answer came from."""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.domain.generation import ModelIdentity
from ducktypist.domain.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an answer came from; the last line of a hover is made of it."""

    suggestion_id: str
    model: ModelIdentity
    total_ms: float
    cached: bool
    verdict: Verdict
