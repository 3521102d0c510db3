"""The wire, answering side: what goes back for a request, and how the client reads it.

The host builds with :class:`AnswerWriter`, the client reads with :func:`read_piece`. The reader
also understands llama-server, vLLM, SGLang and Ollama, which leave out what they do not have.
Pure: no I/O, no third-party import.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ducktypist.domain import FinishReason, TokenLogprob
from ducktypist.engine.backend import Candidate, Delta, Finished, TokenChoice
from ducktypist.engine.dialect import Endpoint

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
    500: "server_error",
    501: "not_supported_error",
    503: "unavailable_error",
}

OBJECTS = {Endpoint.TEXT: "text_completion", Endpoint.CHAT: "chat.completion"}


def error_body(status: int, message: str) -> dict[str, Any]:
    """Return an error in the dialect's shape."""
    kind = ERROR_TYPES.get(status, "server_error")
    return {"error": {"code": status, "message": message, "type": kind}}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWriter:
    """Builds the bodies that answer one request."""

    endpoint: Endpoint
    request_id: str
    model: str
    created_s: int
    """Seconds since the epoch, as the dialect wants it."""
    want_logprobs: bool

    def opening(self) -> dict[str, Any] | None:
        """Return the event that a stream begins with, if this endpoint has one."""
        if self.endpoint is not Endpoint.CHAT:
            return None
        return self._chunk({"delta": {"role": "assistant", "content": ""}, "finish_reason": None})

    def piece(self, delta: Delta, *, offset: int) -> dict[str, Any]:
        """Return the event for the next piece.

        Args:
            delta: The piece.
            offset: How many characters of the answer went out before it.
        """
        known = _prefill(delta)
        if self.endpoint is Endpoint.INFILL:
            text = {"index": 0, "content": delta.text, "stop": False}
            return text | self._native(delta.tokens) | known
        choice: dict[str, Any] = {"finish_reason": None}
        if self.endpoint is Endpoint.CHAT:
            choice["delta"] = {"content": delta.text}
        else:
            choice["text"] = delta.text
        return self._chunk(choice | self._logprobs(delta.tokens, offset)) | known

    def closing(self, finished: Finished) -> dict[str, Any]:
        """Return the event that ends a stream, with usage and timings."""
        if self.endpoint is Endpoint.INFILL:
            return self._native_end("", finished)
        choice: dict[str, Any] = {"finish_reason": str(finished.reason)}
        if self.endpoint is Endpoint.CHAT:
            choice["delta"] = {}
        else:
            choice["text"] = ""
        return self._chunk(choice) | _usage(finished)

    def whole(self, text: str, tokens: Sequence[TokenChoice], finished: Finished) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""
        if self.endpoint is Endpoint.INFILL:
            return self._native_end(text, finished) | self._native(tokens)
        choice: dict[str, Any] = {"index": 0, "finish_reason": str(finished.reason)}
        if self.endpoint is Endpoint.CHAT:
            choice["message"] = {"role": "assistant", "content": text}
        else:
            choice["text"] = text
        choice |= self._logprobs(tokens, 0)
        return self._envelope(OBJECTS[self.endpoint], choice) | _usage(finished)

    def _chunk(self, choice: dict[str, Any]) -> dict[str, Any]:
        kind = OBJECTS[self.endpoint] + (".chunk" if self.endpoint is Endpoint.CHAT else "")
        return self._envelope(kind, {"index": 0} | choice)

    def _envelope(self, kind: str, choice: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self.request_id,
            "object": kind,
            "created": self.created_s,
            "model": self.model,
            "choices": [choice],
        }

    def _native_end(self, text: str, finished: Finished) -> dict[str, Any]:
        return {
            "index": 0,
            "content": text,
            "stop": True,
            "stop_type": "limit" if finished.reason is FinishReason.LENGTH else "eos",
            "model": self.model,
            "tokens_predicted": finished.completion_tokens,
            "tokens_evaluated": finished.prompt_tokens,
            "tokens_cached": finished.cached_tokens,
            "timings": _timings(finished),
        }

    def _native(self, tokens: Sequence[TokenChoice]) -> dict[str, Any]:
        if not self.want_logprobs:
            return {}
        return {"completion_probabilities": [_token(token) for token in tokens]}

    def _logprobs(self, tokens: Sequence[TokenChoice], offset: int) -> dict[str, Any]:
        if not self.want_logprobs:
            return {}
        told: dict[str, Any] = {"content": [_token(token) for token in tokens]}
        if self.endpoint is Endpoint.TEXT:
            # OpenAI's older shape beside llama-server's; each client reads the one that it knows.
            texts = [_show(token.chosen) for token in tokens]
            told["tokens"] = texts
            told["token_logprobs"] = [token.chosen.logprob for token in tokens]
            told["top_logprobs"] = [
                {_show(candidate): candidate.logprob for candidate in token.top} for token in tokens
            ]
            told["text_offset"] = [
                offset + sum(map(len, texts[:index])) for index in range(len(texts))
            ]
        return {"logprobs": told}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one event of a stream, or one whole body, says."""

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


# --------------------------------------------------------------------------- building


def _token(token: TokenChoice) -> dict[str, Any]:
    return _candidate(token.chosen) | {"top_logprobs": [_candidate(one) for one in token.top]}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "id": candidate.token_id,
        "token": _show(candidate),
        "bytes": list(candidate.piece),
        "logprob": _finite(candidate.logprob),
    }


def _show(candidate: Candidate) -> str:
    return candidate.piece.decode("utf-8", "replace")


def _finite(logprob: float) -> float:
    # JSON has no infinity; no float32 probability comes near this one.
    return logprob if math.isfinite(logprob) else -9999.0


def _usage(finished: Finished) -> dict[str, Any]:
    return {
        "usage": {
            "prompt_tokens": finished.prompt_tokens,
            "completion_tokens": finished.completion_tokens,
            "total_tokens": finished.prompt_tokens + finished.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": finished.cached_tokens},
        },
        "timings": _timings(finished),
    }


def _prefill(delta: Delta) -> dict[str, Any]:
    """Return the timings that are known with the first piece, as ``timings_per_token`` has them."""
    if delta.prefill is None:
        return {}
    read = delta.prefill
    return {
        "timings": {
            "cache_n": read.cached_tokens,
            "prompt_n": read.prompt_tokens - read.cached_tokens,
            "prompt_ms": read.prefill_ms,
        }
    }


def _timings(finished: Finished) -> dict[str, float]:
    n_read = finished.prompt_tokens - finished.cached_tokens
    n_made = finished.completion_tokens
    return {
        "cache_n": finished.cached_tokens,
        "prompt_n": n_read,
        "prompt_ms": finished.prefill_ms,
        "prompt_per_token_ms": finished.prefill_ms / n_read if n_read else 0.0,
        "prompt_per_second": n_read * 1000 / finished.prefill_ms if finished.prefill_ms else 0.0,
        "predicted_n": n_made,
        "predicted_ms": finished.decode_ms,
        "predicted_per_token_ms": finished.decode_ms / n_made if n_made else 0.0,
        "predicted_per_second": n_made * 1000 / finished.decode_ms if finished.decode_ms else 0.0,
        "queue_ms": finished.queue_ms,
        "ttft_ms": finished.ttft_ms,
    }


# --------------------------------------------------------------------------- reading


def _read_native(body: Mapping[str, Any]) -> Piece:
    reason = None
    if body.get("stop"):
        limited = body.get("stop_type") == "limit" or body.get("stopped_limit")
        reason = FinishReason.LENGTH if limited else FinishReason.STOP
    return Piece(
        text=_str(body["content"]),
        logprobs=_read_tokens(body.get("completion_probabilities") or ()),
        finish_reason=reason,
        timings=_read_timings(body),
        prompt_tokens=body.get("tokens_evaluated"),
        completion_tokens=body.get("tokens_predicted"),
    )


def _read_openai(body: Mapping[str, Any]) -> Piece:
    choices = body.get("choices") or [{}]
    choice = choices[0]
    holder = choice.get("delta") or choice.get("message") or {}
    usage = body.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    given = choice.get("finish_reason")
    reason = None
    if given is not None:
        reason = FinishReason.LENGTH if given == "length" else FinishReason.STOP
    return Piece(
        text=_str(choice.get("text") or holder.get("content") or ""),
        logprobs=_read_logprobs(choice.get("logprobs") or {}),
        finish_reason=reason,
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
    if given.get("content") is not None:
        return _read_tokens(given["content"])
    tokens = given.get("tokens") or ()
    tops = given.get("top_logprobs") or [{}] * len(tokens)
    read = []
    for text, logprob, top in zip(tokens, given.get("token_logprobs") or (), tops, strict=False):
        others = [float(value) for key, value in (top or {}).items() if key != text]
        read.append(_lead(text, float(logprob), others))
    return tuple(read)


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
