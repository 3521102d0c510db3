"""Events as attributes: OpenTelemetry's words for generative models, and ours beside them.

The names are those of the semantic conventions for generative AI clients (status: development;
https://github.com/open-telemetry/semantic-conventions-genai). What they have no word for begins
with ``ducktypist.``. Pure functions; no OpenTelemetry is imported here.
"""

from __future__ import annotations

from typing import TypeAlias

from ducktypist.domain import FinishReason, Kind
from ducktypist.ledger.events import Generated, Requested, Verified

OPERATION_DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"  # noqa: S105 - a metric's name, no secret
TIME_TO_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
TIME_TO_FIRST_TOKEN = "gen_ai.server.time_to_first_token"  # noqa: S105 - as above
EVALUATION_RESULT = "gen_ai.evaluation.result"
VERDICTS = "ducktypist.verdicts"
LIFE = "ducktypist.suggestions"
LIFE_EVENT = "ducktypist.event"

SECONDS_BUCKETS = (
    *(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28),
    *(2.56, 5.12, 10.24, 20.48, 40.96, 81.92),
)
"""The conventions' boundaries for durations of operations, seconds."""
FIRST_TOKEN_BUCKETS = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25),
    *(0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
"""The conventions' boundaries for the time to the first token, seconds."""
TOKEN_BUCKETS = (
    *(1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0),
    *(1048576.0, 4194304.0, 16777216.0, 67108864.0),
)
"""The conventions' boundaries for numbers of tokens."""

Attributes: TypeAlias = dict[str, str | int | float | bool]


def of_request(event: Requested) -> Attributes:
    """Return what every metric and span of a suggestion says of it."""
    model = event.model
    return {
        "gen_ai.operation.name": "text_completion" if event.kind is Kind.INFILL else "chat",
        "gen_ai.provider.name": model.backend or "unknown",
        "gen_ai.request.model": model.name or "unknown",
        "gen_ai.response.model": model.name or "unknown",
        "ducktypist.model.sha256": model.sha256,
        "ducktypist.model.quantisation": model.quantisation,
        "ducktypist.kind": event.kind.value,
        "ducktypist.language": event.language,
    }


def of_answer(request: Requested, event: Generated) -> Attributes:
    """Return what a span says of an answer, besides :func:`of_request`."""
    timings = event.timings
    found: Attributes = {
        "gen_ai.response.id": event.suggestion_id,
        "gen_ai.request.temperature": request.sampling.temperature,
        "gen_ai.request.top_p": request.sampling.top_p,
        "gen_ai.request.seed": request.sampling.seed,
        "gen_ai.usage.input_tokens": timings.prompt_tokens,
        "gen_ai.usage.output_tokens": timings.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": timings.cached_tokens,
        "gen_ai.response.time_to_first_chunk": timings.ttft_ms / 1000,
        "ducktypist.queue_ms": timings.queue_ms,
        "ducktypist.prefill_ms": timings.prefill_ms,
        "ducktypist.decode_ms": timings.decode_ms,
        "ducktypist.answer": event.answer.value,
        "ducktypist.candidates": event.n_candidates,
        "ducktypist.static_verdict": event.static_verdict.value,
    }
    if event.p_right is not None:
        found["ducktypist.p_right"] = event.p_right
    return found


def of_verdict(event: Verified) -> Attributes:
    """Return what is said of one check of a suggestion."""
    found: Attributes = {
        "gen_ai.evaluation.name": f"ducktypist.{event.verifier.value}",
        "gen_ai.evaluation.score.label": event.outcome.value,
        "gen_ai.response.id": event.suggestion_id,
        "ducktypist.verdict.verifier": event.verifier.value,
        "ducktypist.verdict.tier": event.tier.value,
        "ducktypist.verdict.moment": event.moment.value,
        "ducktypist.verdict.outcome": event.outcome.value,
        "ducktypist.verdict.repeats": event.n_repeats,
        "ducktypist.verdict.timed_out": event.timed_out,
    }
    n_checks = (event.n_passed or 0) + (event.n_failed or 0)
    if n_checks:
        found["gen_ai.evaluation.score.value"] = (event.n_passed or 0) / n_checks
        found["ducktypist.verdict.passed"] = event.n_passed or 0
        found["ducktypist.verdict.failed"] = event.n_failed or 0
    if event.sandbox_level is not None:
        found["ducktypist.verdict.sandbox_level"] = event.sandbox_level
    if event.p_right is not None:
        found["ducktypist.p_right_after"] = event.p_right
    return found


def counted(event: Verified) -> Attributes:
    """Return the attributes of :func:`of_verdict` by which verdicts are counted."""
    wanted = ("verifier", "tier", "moment", "outcome")
    return {f"ducktypist.verdict.{name}": str(getattr(event, name).value) for name in wanted}


def error_type(event: Generated) -> str:
    """Return the conventions' ``error.type`` of an answer, empty where nothing went wrong."""
    return "cancelled" if event.finish_reason is FinishReason.CANCELLED else ""
