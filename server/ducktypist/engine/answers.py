"""The wire, answering side: what goes back for a request.

The host writes with :class:`AnswerWriter`; the client reads with ``pieces``. Events are put
together from text prepared beforehand: they are made on the cores that compute the tokens.
Pure: no I/O, no third-party import.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ducktypist.domain import FinishReason
from ducktypist.engine.backend import Candidate, Finished, Prefill, TokenChoice
from ducktypist.engine.dialect import Endpoint, Logprobs
from ducktypist.engine.pieces import WHOLE_REQUEST

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

OBJECTS = {Endpoint.TEXT: "text_completion", Endpoint.CHAT: "chat.completion", Endpoint.INFILL: ""}
STOP_TYPES = {FinishReason.LENGTH: "limit", FinishReason.CANCELLED: "cancelled"}
LEAST_LOGPROB = -9999.0
"""Stands for minus infinity, which JSON has not; no float32 probability comes near it."""

dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Writes JSON; one encoder for all, since making one costs more than most of its uses."""


def error_body(status: int, message: str) -> dict[str, Any]:
    """Return an error in the dialect's shape."""
    kind = ERROR_TYPES.get(status, "server_error")
    return {"error": {"code": status, "message": message, "type": kind}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, all of it."""

    index: int
    text: str
    tokens: Sequence[TokenChoice]
    reason: FinishReason
    completion_tokens: int


class AnswerWriter:
    """Writes the JSON that answers one request."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        request_id: str,
        model: str,
        created_s: int,
        logprobs: Logprobs,
        n_answers: int,
    ) -> None:
        """Prepare what is the same in every event.

        Args:
            endpoint: Where the request came to; it decides the shape.
            request_id: Told in each event of OpenAI's shapes.
            model: The model's name.
            created_s: Seconds since the epoch, as the dialect wants it.
            logprobs: Which form of log-probabilities the client asked for.
            n_answers: How many answers the request has. With one, its end and the request's are
                the same event.
        """
        self._endpoint = endpoint
        self._model = model
        self._logprobs = logprobs
        self._n_answers = n_answers
        self._envelope = {"id": request_id, "created": created_s, "model": model}
        kind = OBJECTS[endpoint] + (".chunk" if endpoint is Endpoint.CHAT else "")
        self._head = dump(self._envelope | {"object": kind})[:-1] + ',"choices":['

    def opening(self, index: int) -> str:
        """Return the event that an answer begins with, empty where the endpoint has none."""
        if self._endpoint is not Endpoint.CHAT:
            return ""
        return self._choice(index, '"delta":{"role":"assistant","content":""}') + "}"

    def piece(
        self,
        index: int,
        text: str,
        tokens: Sequence[TokenChoice],
        *,
        prefill: Prefill | None,
        offset: int,
    ) -> str:
        """Return the event for the next piece of an answer.

        Args:
            index: Which answer.
            text: What it adds.
            tokens: The tokens of the piece.
            prefill: What reading the prompt took, with the first piece.
            offset: How many characters of the answer went out before it.
        """
        known = "" if prefill is None else ',"timings":' + dump(_prefill(prefill))
        told = self._told(tokens, offset)
        if self._endpoint is Endpoint.INFILL:
            return f'{{"index":{index},"content":{dump(text)},"stop":false{told}{known}}}'
        if self._endpoint is Endpoint.CHAT:
            return self._choice(index, f'"delta":{{"content":{dump(text)}}}{told}') + known + "}"
        return self._choice(index, f'"text":{dump(text)}{told}') + known + "}"

    def ending(self, index: int, reason: FinishReason, completion_tokens: int) -> str:
        """Return the event that ends one of several answers."""
        known = ',"timings":' + dump({"predicted_n": completion_tokens})
        if self._endpoint is Endpoint.INFILL:
            kind = dump(STOP_TYPES.get(reason, "eos"))
            return f'{{"index":{index},"content":"","stop":true,"stop_type":{kind}{known}}}'
        rest = '"delta":{}' if self._endpoint is Endpoint.CHAT else '"text":""'
        return self._choice(index, rest, reason=f'"{reason}"') + known + "}"

    def closing(self, finished: Finished) -> str:
        """Return the event that ends a stream, with usage and timings."""
        if self._endpoint is Endpoint.INFILL:
            index = 0 if self._n_answers == 1 else WHOLE_REQUEST
            return dump(self._native(finished, index, finished.reason, finished.completion_tokens))
        figures = dump(_usage(finished))[1:]
        if self._n_answers > 1:
            return f"{self._head}],{figures}"
        rest = '"delta":{}' if self._endpoint is Endpoint.CHAT else '"text":""'
        return self._choice(0, rest, reason=f'"{finished.reason}"') + "," + figures

    def whole(self, answers: Sequence[Answer], finished: Finished) -> str:
        """Return the body of an answer that is not streamed."""
        if self._endpoint is Endpoint.INFILL:
            bodies = [self._native_whole(answer, finished) for answer in answers]
            return dump(bodies if self._n_answers > 1 else bodies[0])
        choices = [self._choice_whole(answer) for answer in answers]
        envelope = self._envelope | {"object": OBJECTS[self._endpoint], "choices": choices}
        return dump(envelope | _usage(finished))

    def _choice(self, index: int, rest: str, *, reason: str = "null") -> str:
        return f'{self._head}{{"index":{index},"finish_reason":{reason},{rest}}}]'

    def _choice_whole(self, answer: Answer) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": answer.index, "finish_reason": str(answer.reason)}
        if self._endpoint is Endpoint.CHAT:
            choice["message"] = {"role": "assistant", "content": answer.text}
        else:
            choice["text"] = answer.text
        if self._logprobs is Logprobs.SHORT:
            choice["logprobs"] = {"short": [_short(token) for token in answer.tokens]}
        elif self._logprobs is Logprobs.FULL:
            choice["logprobs"] = self._full(answer.tokens, 0)
        return choice

    def _native_whole(self, answer: Answer, finished: Finished) -> dict[str, Any]:
        body = self._native(finished, answer.index, answer.reason, answer.completion_tokens)
        body["content"] = answer.text
        if self._logprobs is Logprobs.SHORT:
            body["logprobs"] = {"short": [_short(token) for token in answer.tokens]}
        elif self._logprobs is Logprobs.FULL:
            body["completion_probabilities"] = [_token(token) for token in answer.tokens]
        return body

    def _native(
        self, finished: Finished, index: int, reason: FinishReason, completion_tokens: int
    ) -> dict[str, Any]:
        return {
            "index": index,
            "content": "",
            "stop": True,
            "stop_type": STOP_TYPES.get(reason, "eos"),
            "model": self._model,
            "tokens_predicted": completion_tokens,
            "tokens_evaluated": finished.prompt_tokens,
            "tokens_cached": finished.cached_tokens,
            "timings": _timings(finished),
        }

    def _told(self, tokens: Sequence[TokenChoice], offset: int) -> str:
        """Return the log-probabilities as the rest of an object."""
        if self._logprobs is Logprobs.NONE:
            return ""
        if self._logprobs is Logprobs.SHORT:
            return ',"logprobs":{"short":' + dump([_short(token) for token in tokens]) + "}"
        if self._endpoint is Endpoint.INFILL:
            return ',"completion_probabilities":' + dump([_token(token) for token in tokens])
        return ',"logprobs":' + dump(self._full(tokens, offset))

    def _full(self, tokens: Sequence[TokenChoice], offset: int) -> dict[str, Any]:
        told: dict[str, Any] = {"content": [_token(token) for token in tokens]}
        if self._endpoint is Endpoint.TEXT:
            # OpenAI's older shape beside llama-server's; each client reads the one that it knows.
            texts = [_show(token.chosen) for token in tokens]
            told["tokens"] = texts
            told["token_logprobs"] = [_finite(token.chosen.logprob) for token in tokens]
            told["top_logprobs"] = [
                {_show(candidate): _finite(candidate.logprob) for candidate in token.top}
                for token in tokens
            ]
            told["text_offset"] = [
                offset + sum(map(len, texts[:index])) for index in range(len(texts))
            ]
        return told


def _short(token: TokenChoice) -> list[str | float | None]:
    chosen, margin = token.chosen, math.inf
    if token.top:
        rivals = [one.logprob for one in token.top if one.token_id != chosen.token_id]
        margin = chosen.logprob - max(rivals) if rivals else math.inf
    return [
        chosen.piece.decode("utf-8", "replace"),
        round(_finite(chosen.logprob), 5),
        round(margin, 5) if math.isfinite(margin) else None,
    ]


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
    return logprob if math.isfinite(logprob) else LEAST_LOGPROB


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


def _prefill(read: Prefill) -> Mapping[str, float]:
    """Return the timings that are known with the first piece, as ``timings_per_token`` has them."""
    return {
        "cache_n": read.cached_tokens,
        "prompt_n": read.prompt_tokens - read.cached_tokens,
        "prompt_ms": read.prefill_ms,
    }


def _timings(finished: Finished) -> Mapping[str, float]:
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
        "draft_n": finished.drafted_tokens,
        "draft_n_accepted": finished.accepted_tokens,
        "queue_ms": finished.queue_ms,
        "ttft_ms": finished.ttft_ms,
    }
