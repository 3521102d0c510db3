"""What a prediction may look at: a suggestion's own signals, known before its outcome."""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.domain import Kind
from ducktypist.ledger.events import Generated, StaticVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """One suggestion as it stands at the moment of a prediction; None is not known."""

    model_sha256: str
    quantisation: str
    kind: Kind
    language: str
    min_logprob: float | None = None
    """Nats."""
    lowest5_logprob: float | None = None
    mean_logprob: float | None = None
    min_margin: float | None = None
    completion_tokens: int | None = None
    """Of the chosen answer alone (``generated.answer_tokens``), not of all that a search made."""
    static_verdict: StaticVerdict = StaticVerdict.NOT_CHECKED
    agreeing_share: float | None = None
    """Of the candidates that were run and compared, those that behave as this one does, 0 to 1.
    Known after running only."""
    visible_share: float | None = None
    """Of the checks that the model could see, those that pass, 0 to 1. Known after running only."""
    hidden_passed: bool = False
    """Whether tests passed that the model had not seen."""

    @classmethod
    def of(
        cls,
        event: Generated,
        *,
        model_sha256: str,
        quantisation: str,
        kind: Kind,
        language: str,
    ) -> Signals:
        """Return what is known of an answer before anything of it was run."""
        return cls(
            model_sha256=model_sha256,
            quantisation=quantisation,
            kind=kind,
            language=language,
            min_logprob=event.min_logprob,
            lowest5_logprob=event.lowest5_logprob,
            mean_logprob=event.mean_logprob,
            min_margin=event.min_margin,
            completion_tokens=event.answer_tokens,
            static_verdict=event.static_verdict,
        )
