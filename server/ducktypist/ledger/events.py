"""What can happen to a suggestion: one frozen value per event.

These are the words of the ledger. They do no I/O and know no database beyond the name of their
table: ``rows`` makes columns of them and ``store`` writes them, with the time. Nothing here is ever
edited later; an outcome is a later event with the same ``suggestion_id`` (a ULID).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from ducktypist.domain import (
    FinishReason,
    Generation,
    Kind,
    ModelIdentity,
    Outcome,
    Prediction,
    Rung,
    Sampling,
    Timings,
    Verdict,
)
from ducktypist.ledger.claimed import Claimed
from ducktypist.ledger.later import Placed, Sighted, TestRun, TestSeen
from ducktypist.ledger.logprobs import logprob_features
from ducktypist.ledger.tried import Tried
from ducktypist.ledger.words import (
    Answer,
    Checkpoint,
    Judge,
    Label,
    Moment,
    StaticVerdict,
    TextRole,
    Tier,
    Verifier,
)

__all__ = [
    "Accepted",
    "Answer",
    "Cancelled",
    "Checkpoint",
    "Claimed",
    "Dismissed",
    "Event",
    "Generated",
    "Judge",
    "Label",
    "Moment",
    "Persisted",
    "Placed",
    "Requested",
    "Revised",
    "Settled",
    "Shown",
    "Sighted",
    "SourceText",
    "StaticVerdict",
    "Superseded",
    "TestRun",
    "TestSeen",
    "TextRole",
    "Tier",
    "Tried",
    "Verified",
    "Verifier",
    "foretold",
]


def foretold(prediction: Prediction | None) -> dict[str, Any]:
    """Return a prediction as the fields of an event; nothing where there is none."""
    if prediction is None:
        return {}
    return {
        "p_right": prediction.p_right,
        "calibrator": prediction.calibrator,
        "p_low": prediction.low,
        "p_high": prediction.high,
        "n_like": prediction.n_like,
        "has_tell": prediction.has_tell,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The engine is about to be asked."""

    TABLE: ClassVar[str] = "requested"
    suggestion_id: str
    kind: Kind
    language: str
    """An LSP language id."""
    model: ModelIdentity
    session_id: str
    """One per run of the language server."""
    template_hash: str
    """``b2:…`` of the prompt file."""
    prompt_hash: str
    """``b2:…`` of the rendered prompt."""
    path_hash: str = ""
    """Keyed hash of the workspace-relative path; empty for a document without one."""
    project_hash: str = ""
    """Keyed hash of the workspace folder; empty for a document in none."""
    path: str = ""
    """Relative to the workspace folder, with ``/``; empty for a document in none."""
    task_hash: str = ""
    """Keyed hash of what was to be done, the same for another model at the same place of the same
    text; empty where nobody says."""
    sampling: Sampling = field(default_factory=Sampling)
    prompt_tokens: int | None = None
    """None when they were not counted before the request."""
    truncated: bool = False
    """Whether context had to be left out."""
    trusted: bool = False
    """Whether the workspace was trusted, so that anything could be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The engine answered."""

    TABLE: ClassVar[str] = "generated"
    suggestion_id: str
    timings: Timings
    finish_reason: FinishReason
    answer: Answer = Answer.GIVEN
    mean_logprob: float | None = None
    """Nats, over the completion's tokens; None when the engine gave none."""
    min_logprob: float | None = None
    lowest5_logprob: float | None = None
    """Mean of the five least likely tokens, or of all when there are fewer."""
    min_margin: float | None = None
    """Smallest lead of a token over its runner-up, in nats."""
    answer_tokens: int | None = None
    """How many tokens the four above are of: those of the chosen answer alone, where the timings
    count all answers of a search; None when the engine gave none."""
    n_candidates: int = 1
    n_agreeing: int | None = None
    """How many of the candidates behave as the chosen one does; None when not compared."""
    n_compared: int | None = None
    """How many were compared by running them."""
    static_verdict: StaticVerdict = StaticVerdict.NOT_CHECKED
    p_right: float | None = None
    """What was predicted at that moment, before the outcome; None when nothing predicts yet."""
    calibrator: str | None = None
    """Version of what predicted."""
    p_low: float | None = None
    p_high: float | None = None
    n_like: int | None = None
    has_tell: bool | None = None
    """With the two above: see :class:`~ducktypist.domain.Prediction`."""

    @classmethod
    def of(
        cls,
        generation: Generation,
        *,
        suggestion_id: str,
        static_verdict: StaticVerdict = StaticVerdict.NOT_CHECKED,
        answer: Answer | None = None,
        n_candidates: int = 1,
        n_agreeing: int | None = None,
        n_compared: int | None = None,
        prediction: Prediction | None = None,
    ) -> Generated:
        """Return the event for one answer, its log-probabilities summed up.

        A blank text is an empty answer unless ``answer`` says otherwise.
        """
        given = Answer.GIVEN if generation.text.strip() else Answer.EMPTY
        mean, least, lowest5, margin = logprob_features(generation.logprobs)
        return cls(
            suggestion_id=suggestion_id,
            timings=generation.timings,
            finish_reason=generation.finish_reason,
            answer=given if answer is None else answer,
            mean_logprob=mean,
            min_logprob=least,
            lowest5_logprob=lowest5,
            min_margin=margin,
            answer_tokens=len(generation.logprobs) or None,
            n_candidates=n_candidates,
            n_agreeing=n_agreeing,
            n_compared=n_compared,
            static_verdict=static_verdict,
            **foretold(prediction),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lifecycle:
    TABLE: ClassVar[str] = "lifecycle"
    EVENT: ClassVar[str]
    suggestion_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(_Lifecycle):
    """The editor was given the suggestion."""

    EVENT: ClassVar[str] = "shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded(_Lifecycle):
    """A newer request made this one pointless."""

    EVENT: ClassVar[str] = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(_Lifecycle):
    """The editor or the person cancelled the request."""

    EVENT: ClassVar[str] = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissed(_Lifecycle):
    """The person saw it and did not want it."""

    EVENT: ClassVar[str] = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(_Lifecycle):
    """The person took it. This measures liking and is never called accuracy."""

    EVENT: ClassVar[str] = "accepted"
    edited_fraction: float | None = None
    """Share of the suggestion changed in accepting it, 0 to 1; None when not known."""
    accepted_fraction: float | None = None
    """Share taken so far, 0 to 1, all partial acceptances of it together; None where all of it was
    taken at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One verifier gave its result, for one repeat or for several alike ones."""

    TABLE: ClassVar[str] = "verified"
    suggestion_id: str
    verifier: Verifier
    tier: Tier
    outcome: Outcome
    """``plausible`` is a pass; ``sandbox_error``, ``stale`` and ``not_run`` say nothing of the
    suggestion; ``flaky`` says that the repeats disagreed; anything else is a failure."""
    repeat_index: int = 0
    n_repeats: int = 1
    """How many repeats with this same result the row speaks for."""
    exit_status: int | None = None
    n_passed: int | None = None
    """Checks that passed, None when they were not counted."""
    n_failed: int | None = None
    duration_ms: float | None = None
    timed_out: bool = False
    sandbox_level: int | None = None
    environment_hash: str = ""
    """``b2:…`` of interpreter, packages and sandbox; results are compared within one of them."""
    p_right: float | None = None
    """The prediction after running, made before anything stronger ran."""
    calibrator: str | None = None
    p_low: float | None = None
    p_high: float | None = None
    n_like: int | None = None
    has_tell: bool | None = None
    run_id: str = ""
    """The test run that it was attributed from; empty where the check was one of our own."""
    moment: Moment = Moment.BEFORE_SHOWN

    @classmethod
    def of_verdict(
        cls,
        verdict: Verdict,
        *,
        suggestion_id: str,
        deciding: Verifier,
        duration_ms: float | None = None,
        environment_hash: str = "",
        moment: Moment = Moment.BEFORE_SHOWN,
        prediction: Prediction | None = None,
    ) -> tuple[Verified, ...]:
        """Return the events that a verdict of the ladder amounts to, weakest check first.

        Args:
            verdict: What ``verify`` concluded.
            suggestion_id: The suggestion it is about.
            deciding: The verifier whose run decided, or would have decided.
            duration_ms: How long the deciding run took, all repeats together.
            environment_hash: Where it ran.
            moment: When it ran, and on whose code.
            prediction: What is foretold now that it ran; goes with the last event.
        """
        common: dict[str, object] = {
            "suggestion_id": suggestion_id,
            "environment_hash": environment_hash,
            "moment": moment,
        }
        n_repeats = max(1, verdict.repeats)
        events: list[Verified] = []

        def add(verifier: Verifier, tier: Tier, **more: object) -> None:
            arguments: dict[str, object] = {"outcome": Outcome.PLAUSIBLE, **common, **more}
            events.append(cls(verifier=verifier, tier=tier, **arguments))  # type: ignore[arg-type] # keywords gathered by name; a test builds each kind

        if verdict.rung.height >= Rung.PARSES.height and deciding is not Verifier.PARSE:
            add(Verifier.PARSE, Tier.VISIBLE)
        if verdict.rung.height >= Rung.RESOLVES.height and deciding is not Verifier.RESOLVE:
            add(Verifier.RESOLVE, Tier.VISIBLE)
        about_suite = verdict.rung is Rung.NO_REGRESSIONS or verdict.outcome is Outcome.REGRESSED
        ran: dict[str, object] = {
            "n_repeats": n_repeats,
            "duration_ms": duration_ms,
            "sandbox_level": verdict.sandbox_level,
            "timed_out": verdict.outcome is Outcome.TIMEOUT,
        }
        if about_suite and deciding is not Verifier.SUITE:
            add(deciding, Tier.VISIBLE, **ran)
        add(
            Verifier.SUITE if about_suite else deciding,
            Tier.REGRESSION if about_suite else Tier.VISIBLE,
            outcome=verdict.outcome,
            n_passed=verdict.passed,
            n_failed=verdict.failed,
            **(ran | ({"n_repeats": 1, "duration_ms": None} if about_suite else {})),
            **foretold(prediction),
        )
        return tuple(events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Persisted:
    """It was looked how much of an accepted suggestion still stands."""

    TABLE: ClassVar[str] = "persisted"
    suggestion_id: str
    checkpoint: Checkpoint
    edit_ratio: float
    """Token edit distance over length between it and what stands there; "still in" is ≤ 0.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conclusion:
    TABLE: ClassVar[str] = "conclusion"
    EVENT: ClassVar[str]
    suggestion_id: str
    label: Label
    reason: str
    by: Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(_Conclusion):
    """Somebody concluded."""

    EVENT: ClassVar[str] = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised(_Conclusion):
    """Somebody concluded otherwise; the last conclusion holds."""

    EVENT: ClassVar[str] = "revised"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """Text behind a suggestion, which the store drops unless the user keeps text."""

    TABLE: ClassVar[str] = "source_text"
    suggestion_id: str
    role: TextRole
    text: str


Event: TypeAlias = (
    Requested
    | Generated
    | Shown
    | Superseded
    | Cancelled
    | Dismissed
    | Accepted
    | Verified
    | Tried
    | Claimed
    | Placed
    | Sighted
    | TestRun
    | TestSeen
    | Persisted
    | Settled
    | Revised
    | SourceText
)
