"""Answers on their way: their pieces as they come, and each whole with its timings.

Made by ``engine.client``. Knows the wire's pieces, not the wire.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping

from ducktypist.domain import FinishReason, Generation, Timings, TokenLogprob
from ducktypist.engine.pieces import WHOLE_REQUEST, Piece
from ducktypist.errors import EngineCrashedError

_BROKEN_OFF = "the engine ended its answer without saying how it finished; ask again"


class GenerationStream:
    """An asynchronous iterator over the text of one answer; once only."""

    def __init__(self, pieces: AsyncGenerator[Piece, None], *, started_s: float) -> None:
        """Wrap the pieces of an answer.

        Args:
            pieces: What the engine says, in order.
            started_s: When the request was made, by ``time.monotonic``.
        """
        self._pieces = pieces
        self._growing = _Growing(started_s=started_s)
        self._is_over = False

    def __aiter__(self) -> GenerationStream:
        return self

    async def __anext__(self) -> str:
        """Return the next piece of text, never an empty one.

        Raises:
            EngineError: The answer broke off.
        """
        growing = self._growing
        async for piece in self._pieces:
            growing.take(piece)
            if piece.text:
                return piece.text
        growing.end()
        if growing.finish_reason is None:
            raise EngineCrashedError(_BROKEN_OFF)
        self._is_over = True
        raise StopAsyncIteration

    def generation(self) -> Generation:
        """Return the answer so far; its reason is ``cancelled`` until the pieces have ended."""
        return self._growing.generation(is_over=self._is_over)


class AnswerStream:
    """An asynchronous iterator over the answers of one request, each as it completes.

    Gives the answer's number (prompt by prompt, as many each as were asked for) and the answer.
    """

    def __init__(
        self,
        answers: AsyncGenerator[tuple[int, Generation], None],
        timings: Callable[[], Timings],
    ) -> None:
        self._answers = answers
        self.timings = timings
        """Returns the figures of the whole request, complete once the last answer has come."""

    def __aiter__(self) -> AnswerStream:
        return self

    async def __anext__(self) -> tuple[int, Generation]:
        """Return the next answer that is complete.

        Raises:
            EngineError: The rest will not come.
        """
        return await anext(self._answers)

    async def aclose(self) -> None:
        """Leave the rest."""
        await self._answers.aclose()


class Sorted:
    """The answers of one request, whose pieces come mixed in one stream."""

    def __init__(
        self, pieces: AsyncGenerator[Piece, None], *, started_s: float, n_answers: int
    ) -> None:
        """Wrap the pieces of all answers.

        Args:
            pieces: What the engine says, in order.
            started_s: When the request was made, by ``time.monotonic``.
            n_answers: How many there will be.
        """
        self._pieces = pieces
        self._started_s = started_s
        self._waiting = set(range(n_answers))
        self._growing: dict[int, _Growing] = {}
        self._whole = _Growing(started_s=started_s)

    async def answers(self) -> AsyncGenerator[tuple[int, Generation], None]:
        """Yield each answer's number and the answer as it completes.

        Raises:
            EngineError: The rest will not come.
        """
        async for piece in self._pieces:
            self._whole.take(piece)
            if piece.index == WHOLE_REQUEST or piece.index not in self._waiting:
                continue
            growing = self._of(piece.index)
            growing.take(piece)
            if growing.finish_reason is not None:
                self._waiting.remove(piece.index)
                growing.end()
                yield piece.index, growing.generation(is_over=True)
        self._whole.end()
        if self._waiting:
            raise EngineCrashedError(_BROKEN_OFF)

    def timings(self) -> Timings:
        """Return the figures of the whole request, complete once the last answer has come."""
        return self._whole.timings()

    def _of(self, index: int) -> _Growing:
        growing = self._growing.get(index)
        if growing is None:
            growing = _Growing(started_s=self._started_s, prefill=self._whole.told)
            self._growing[index] = growing
        return growing


class _Growing:
    """What has come of one answer, or of all answers of a request together."""

    def __init__(self, *, started_s: float, prefill: Mapping[str, float] | None = None) -> None:
        """Begin.

        Args:
            started_s: When the request was made, by ``time.monotonic``.
            prefill: What was told of reading the prompts before this answer's first piece.
        """
        self.finish_reason: FinishReason | None = None
        self.told: dict[str, float] = dict(prefill or {})
        """The engine's own figures."""
        self._started_s = started_s
        self._first_s: float | None = None
        self._ended_s: float | None = None
        self._texts: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._prompt_tokens = 0
        self._cached_tokens = 0
        self._completion_tokens = 0

    def take(self, piece: Piece) -> None:
        if piece.text:
            self._first_s = self._first_s or time.monotonic()
            self._texts.append(piece.text)
        if piece.logprobs:
            self._logprobs += piece.logprobs
        if piece.timings:
            self.told.update(piece.timings)
        self.finish_reason = piece.finish_reason or self.finish_reason
        self._prompt_tokens = piece.prompt_tokens or self._prompt_tokens
        self._cached_tokens = piece.cached_tokens or self._cached_tokens
        self._completion_tokens = piece.completion_tokens or self._completion_tokens

    def end(self) -> None:
        self._ended_s = self._ended_s or time.monotonic()

    def generation(self, *, is_over: bool) -> Generation:
        reason = self.finish_reason if is_over else None
        return Generation(
            text="".join(self._texts),
            finish_reason=reason or FinishReason.CANCELLED,
            timings=self.timings(),
            logprobs=tuple(self._logprobs),
        )

    def timings(self) -> Timings:
        """Return the engine's figures where it gives some, else what can be seen from here."""
        end_s = self._ended_s or time.monotonic()
        first_s = self._first_s or end_s
        told = self.told
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
            drafted_tokens=int(told.get("draft_n", 0)),
            accepted_tokens=int(told.get("draft_n_accepted", 0)),
        )
