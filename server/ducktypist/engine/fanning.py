"""Several answers from an engine that gives one a request: asked one by one, a few at a time.

Used by ``engine.client`` for engines that are not ours. Knows neither wire nor connection.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncGenerator, Awaitable, Callable

from ducktypist.domain import Generation, GenerationRequest, Timings

MAX_AT_ONCE = 4


class FannedOut:
    """The answers to the single requests that one request for several stands for."""

    def __init__(
        self, ask: Callable[[GenerationRequest], Awaitable[Generation]], request: GenerationRequest
    ) -> None:
        """Prepare; iterating begins.

        Args:
            ask: Answers a request for one answer.
            request: The one for several.
        """
        self._ask = ask
        self._singles = singles(request)
        self._taken: list[Timings] = []
        self._started_s = time.monotonic()

    async def answers(self) -> AsyncGenerator[tuple[int, Generation], None]:
        """Yield each answer's number and the answer as it completes; closing cancels the rest."""
        gate = asyncio.Semaphore(MAX_AT_ONCE)

        async def one(index: int, single: GenerationRequest) -> tuple[int, Generation]:
            async with gate:
                return index, await self._ask(self._in_time(single))

        tasks = [asyncio.ensure_future(one(*numbered)) for numbered in enumerate(self._singles)]
        try:
            waiting = set(tasks)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    index, generation = task.result()
                    self._taken.append(generation.timings)
                    yield index, generation
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _in_time(self, single: GenerationRequest) -> GenerationRequest:
        """Return a request that ends when the whole shall, however late its turn came."""
        if not single.deadline_ms:
            return single
        passed_ms = (time.monotonic() - self._started_s) * 1000
        return dataclasses.replace(single, deadline_ms=max(1.0, single.deadline_ms - passed_ms))

    def timings(self) -> Timings:
        """Return the figures of all requests together, as far as they have come."""
        taken = self._taken
        return dataclasses.replace(
            Timings.summed(taken),
            queue_ms=min((one.queue_ms for one in taken), default=0.0),
            ttft_ms=min((one.ttft_ms for one in taken), default=0.0),
            total_ms=(time.monotonic() - self._started_s) * 1000,
        )


def singles(request: GenerationRequest) -> list[GenerationRequest]:
    """Return the requests for one answer each, in the order of the answers' numbers."""
    sampling = request.sampling
    return [
        dataclasses.replace(
            request,
            prompt=prompt,
            more=(),
            n=1,
            # In one lane each would end the one before it.
            lane="",
            # -1 leaves the seed to the engine.
            sampling=sampling
            if sampling.seed < 0
            else dataclasses.replace(sampling, seed=sampling.seed + choice),
        )
        for prompt in request.prompts
        for choice in range(request.n)
    ]
