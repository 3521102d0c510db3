"""One answer on its way: its pieces as they come, and the whole with its timings.

Made by ``engine.client``. Knows the wire's pieces, not the wire.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping

from ducktypist.domain import FinishReason, Generation, Timings, TokenLogprob
from ducktypist.engine.answers import Piece
from ducktypist.errors import EngineCrashedError


class GenerationStream:
    """An asynchronous iterator over the answer's text; once only."""

    def __init__(self, pieces: AsyncGenerator[Piece, None], *, started_s: float) -> None:
        """Wrap the pieces of an answer.

        Args:
            pieces: What the engine says, in order.
            started_s: When the request was made, by ``time.monotonic``.
        """
        self._pieces = pieces
        self._started_s = started_s
        self._first_s: float | None = None
        self._ended_s: float | None = None
        self._texts: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._finish_reason: FinishReason | None = None
        self._timings: Mapping[str, float] = {}
        self._prompt_tokens = 0
        self._cached_tokens = 0
        self._completion_tokens = 0

    def __aiter__(self) -> GenerationStream:
        return self

    async def __anext__(self) -> str:
        """Return the next piece of text, never an empty one.

        Raises:
            EngineError: The answer broke off.
        """
        async for piece in self._pieces:
            self._take(piece)
            if piece.text:
                self._first_s = self._first_s or time.monotonic()
                return piece.text
        self._ended_s = self._ended_s or time.monotonic()
        if self._finish_reason is None:
            raise EngineCrashedError(
                "the engine ended its answer without saying how it finished; ask again"
            )
        raise StopAsyncIteration

    def generation(self) -> Generation:
        """Return the answer so far; its reason is ``cancelled`` until the pieces have ended."""
        reason = self._finish_reason if self._ended_s is not None else None
        return Generation(
            text="".join(self._texts),
            finish_reason=reason or FinishReason.CANCELLED,
            timings=self._measured(),
            logprobs=tuple(self._logprobs),
        )

    def _take(self, piece: Piece) -> None:
        if piece.text:
            self._texts.append(piece.text)
        self._logprobs += piece.logprobs
        self._finish_reason = piece.finish_reason or self._finish_reason
        self._timings = {**self._timings, **(piece.timings or {})}
        self._prompt_tokens = piece.prompt_tokens or self._prompt_tokens
        self._cached_tokens = piece.cached_tokens or self._cached_tokens
        self._completion_tokens = piece.completion_tokens or self._completion_tokens

    def _measured(self) -> Timings:
        """Return the engine's figures where it gives some, else what can be seen from here."""
        end_s = self._ended_s or time.monotonic()
        first_s = self._first_s or end_s
        told = self._timings
        cached = int(told.get("cache_n", self._cached_tokens))
        n_prompt = int(told["prompt_n"]) + cached if "prompt_n" in told else self._prompt_tokens
        n_made = self._completion_tokens or len(self._logprobs) or len(self._texts)
        ttft_ms = (first_s - self._started_s) * 1000
        return Timings(
            queue_ms=told.get("queue_ms", 0.0),
            prefill_ms=told.get("prompt_ms", ttft_ms),
            ttft_ms=ttft_ms,
            decode_ms=told.get("predicted_ms", (end_s - first_s) * 1000),
            total_ms=(end_s - self._started_s) * 1000,
            prompt_tokens=n_prompt,
            cached_tokens=cached,
            completion_tokens=int(told.get("predicted_n", n_made)),
        )
