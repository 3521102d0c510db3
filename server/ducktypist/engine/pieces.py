"""The wire, answering side, as the client reads it.

Understands our own host, llama-server, vLLM, SGLang and Ollama, which leave out what they do not
have. What the host writes is in ``answers``. Pure: no I/O, no third-party import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ducktypist.domain import FinishReason, TokenLogprob

WHOLE_REQUEST = -1
"""The index of what is said of all answers of a request together."""

_REASONS = {"length": FinishReason.LENGTH, "cancelled": FinishReason.CANCELLED}
_STOP_TYPES = {"limit": FinishReason.LENGTH, "cancelled": FinishReason.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one event of a stream, or one whole body, says."""

    index: int = 0
    """Of which answer, or ``WHOLE_REQUEST``."""
    text: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason | None = None
    timings: Mapping[str, float] | None = None
    """The engine's own figures, in the dialect's names; None when it gives none."""
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None


def read_piece(body: Mapping[str, Any]) -> Piece:
    """Return what an event says, whatever engine of the dialect sent it.

    Raises:
        ValueError: It does not have the dialect's shape.
    """
    try:
        return _read_native(body) if "content" in body else _read_openai(body)
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"not an answer of the dialect: {error!r}") from error


def read_error(body: object) -> str:
    """Return the message of an error's body, or an empty string when there is none."""
    if not isinstance(body, Mapping):
        return ""
    error = body.get("error", body)
    if isinstance(error, Mapping):
        return str(error.get("message") or error.get("detail") or "")
    return str(error)


def _read_native(body: Mapping[str, Any]) -> Piece:
    reason = None
    if body.get("stop"):
        limited = FinishReason.LENGTH if body.get("stopped_limit") else FinishReason.STOP
        reason = _STOP_TYPES.get(body.get("stop_type", ""), limited)
    return Piece(
        index=body.get("index") or 0,
        text=_str(body["content"]),
        logprobs=_read_tokens(body.get("completion_probabilities") or ())
        or _read_short(body.get("logprobs") or {}),
        finish_reason=reason,
        timings=_read_timings(body),
        prompt_tokens=body.get("tokens_evaluated"),
        completion_tokens=body.get("tokens_predicted"),
    )


def _read_openai(body: Mapping[str, Any]) -> Piece:
    choices = body.get("choices") or ()
    choice = choices[0] if choices else {}
    holder = choice.get("delta") or choice.get("message") or {}
    usage = body.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    given = choice.get("finish_reason")
    return Piece(
        index=(choice.get("index") or 0) if choices else WHOLE_REQUEST,
        text=_str(choice.get("text") or holder.get("content") or ""),
        logprobs=_read_logprobs(choice.get("logprobs") or {}),
        finish_reason=None if given is None else _REASONS.get(given, FinishReason.STOP),
        timings=_read_timings(body),
        prompt_tokens=usage.get("prompt_tokens"),
        cached_tokens=details.get("cached_tokens"),
        completion_tokens=usage.get("completion_tokens"),
    )


def _read_timings(body: Mapping[str, Any]) -> Mapping[str, float] | None:
    timings = body.get("timings")
    if not isinstance(timings, Mapping):
        return None
    return {key: float(value) for key, value in timings.items() if isinstance(value, (int, float))}


def _read_logprobs(given: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    if "short" in given:
        return _read_short(given)
    if given.get("content") is not None:
        return _read_tokens(given["content"])
    tokens = given.get("tokens") or ()
    tops = given.get("top_logprobs") or [{}] * len(tokens)
    read = []
    for text, logprob, top in zip(tokens, given.get("token_logprobs") or (), tops, strict=False):
        others = [float(value) for key, value in (top or {}).items() if key != text]
        read.append(_lead(text, float(logprob), others))
    return tuple(read)


def _read_short(given: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    return tuple(
        TokenLogprob(
            text=_str(text),
            logprob=float(logprob),
            margin=float("nan") if margin is None else float(margin),
        )
        for text, logprob, margin in given.get("short") or ()
    )


def _read_tokens(given: Sequence[Mapping[str, Any]]) -> tuple[TokenLogprob, ...]:
    read = []
    for token in given:
        me = _identity(token)
        others = [
            float(other["logprob"])
            for other in token.get("top_logprobs") or ()
            if _identity(other) != me
        ]
        read.append(_lead(_str(token["token"]), float(token["logprob"]), others))
    return tuple(read)


def _identity(token: Mapping[str, Any]) -> object:
    # Two halves of different characters may look alike as text, so the id or the bytes decide.
    return token.get("id") if token.get("id") is not None else token.get("bytes") or token["token"]


def _lead(text: str, logprob: float, others: Sequence[float]) -> TokenLogprob:
    margin = logprob - max(others) if others else float("nan")
    return TokenLogprob(text=text, logprob=logprob, margin=margin)


def _str(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"expected a string, got {given!r:.60}")
    return given
