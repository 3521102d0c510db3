"""The answers of one request, taken as they come: read at once, handed out in the order wanted.

The engine goes on generating while its first answers are being run. Knows no feature.
"""

from __future__ import annotations

import asyncio
import heapq

from ducktypist.domain import FinishReason, Generation
from ducktypist.engine.client import AnswerStream
from ducktypist.errors import EngineError


class Arriving:
    """An asynchronous iterator over answers; of those that are there, the first one asked for.

    Gives the number of the prompt and the answer. Where several answers to each prompt were
    asked for, the first answers to all prompts go before the second ones.
    """

    def __init__(self, stream: AnswerStream, *, n: int) -> None:
        """Wrap the answers of a request.

        Args:
            stream: The answers as they complete.
            n: How many were asked for to each prompt.
        """
        self._stream = stream
        self._n = n
        self._there: list[tuple[int, int, Generation]] = []
        self._news = asyncio.Event()
        self._is_over = False
        self._error: EngineError | None = None

    async def read(self) -> None:
        """Take in every answer; to be run beside the one who iterates."""
        try:
            async for index, generation in self._stream:
                if generation.finish_reason is not FinishReason.CANCELLED:
                    number, choice = divmod(index, self._n)
                    heapq.heappush(self._there, (choice, number, generation))
                    self._news.set()
        except EngineError as error:
            self._error = error
        finally:
            self._is_over = True
            self._news.set()

    def __aiter__(self) -> Arriving:
        return self

    async def __anext__(self) -> tuple[int, Generation]:
        """Return the next answer.

        Raises:
            EngineError: The rest will not come; what came before it was handed out.
        """
        while not self._there:
            if self._error is not None:
                raise self._error
            if self._is_over:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        _, number, generation = heapq.heappop(self._there)
        return number, generation
