"""Answers to one question at the cursor: a greedy one, and a few others where that is no use.

The greedy one is read as it comes and ends as soon as it is complete or its time is over. Decides
nothing about when to ask, and records nothing.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Document,
    FinishReason,
    Generation,
    GenerationRequest,
    Priority,
    Prompt,
    Sampling,
)
from ducktypist.features.ghost.hole import Hole, HoleKind
from ducktypist.features.ghost.shape import Shaped, is_complete, says_nothing, shaped
from ducktypist.features.workbench import Tally, Workbench, new_suggestion_id

N_SAMPLES = 4
SAMPLING = Sampling(temperature=0.7, seed=1)
"""The second time, where the greedy answer cannot be shown."""
LEAST_LIKELIHOOD = -1.0
"""Mean log-probability of a sample's tokens, in nats; one below it is a guess."""
LINE_TOKENS = 48
"""A slow engine gets the time that it needs for a long line, of so many tokens, but not more than
``REST_FACTOR`` times what the settings say."""
REST_FACTOR = 3.0
"""How much longer than the first line the others may take, all together."""


@dataclass(slots=True)
class Asking:
    """One question on its way."""

    suggestion_id: str = field(default_factory=new_suggestion_id)
    is_requested: bool = False
    """Whether the ledger knows of it, and so must hear how it ended."""
    is_settled: bool = False
    """Whether the ledger has heard that."""
    is_superseded: bool = False
    """Whether the engine dropped it for a newer one."""
    said: str = ""
    """What would stand at the cursor so far, not yet tidied up."""
    on_news: Callable[[], None] = lambda: None
    """Called when ``said`` has grown."""


@dataclass(slots=True, kw_only=True)
class Answering:
    """Asks for answers to one question until one can be shown."""

    hole: Hole
    document: Document
    asking: Asking
    workbench: Workbench
    config: CompleteConfig

    async def answer(
        self, prompt: Prompt, *, stop: tuple[str, ...] = ()
    ) -> tuple[Generation, Shaped | None, int]:
        """Return the answer, its shape (None: a newer question came) and how many there were.

        Args:
            prompt: What is asked.
            stop: What ends an answer besides what ends it at this place.
        """
        request = GenerationRequest(
            prompt=prompt,
            max_tokens=self.config.inline_max_tokens,
            stop=(*stop, *self.hole.stops()),
            stop_when=self.hole.rule(self.document.language),
            # Who types has the focus.
            priority=Priority.FOCUS,
            lane=self.workbench.lane("complete", self.document.uri),
        )
        generation = await self._greedy(request)
        if generation.finish_reason is FinishReason.CANCELLED:
            return generation, None, 1
        found = await self._shaped(generation)
        if found.is_good or self._is_at_an_end() or says_nothing(self.hole, generation.text):
            return generation, found, 1
        tally = Tally()
        tally.add(generation.timings)
        again = await self._sampled(request, tally)
        best, other = again if again is not None else (generation, found)
        if other.is_good or not found.is_usable:
            found, generation = other, best
        total = replace(tally.total(), total_ms=generation.timings.total_ms)
        return replace(generation, timings=total), found, 1 + N_SAMPLES

    def _is_at_an_end(self) -> bool:
        """Tell whether the greedy answer has to do: a second try is for a line of its own only."""
        return self.hole.kind is not HoleKind.LINE or bool(self.hole.typed.strip())

    async def _greedy(self, request: GenerationRequest) -> Generation:
        """Return one answer, which ends as soon as it is complete or its time is over."""
        first_s, has_first, is_ended = await self._first_line_s(), False, False
        loop, said = asyncio.get_running_loop(), ""
        async with self.workbench.engine.stream(request) as stream:
            try:
                async with asyncio.timeout(None) as limit:
                    async for piece in stream:
                        if not said:
                            limit.reschedule(loop.time() + first_s)
                        said += piece
                        self.asking.said = self.hole.as_typed(said)
                        self.asking.on_news()
                        if "\n" not in piece:
                            continue
                        if not has_first and said.strip():
                            has_first = True
                            limit.reschedule(loop.time() + first_s * REST_FACTOR)
                        if await self._is_complete(said):
                            is_ended = True
                            break
            except TimeoutError:
                is_ended = True
                said = said[: said.rfind("\n") + 1]
            generation = stream.generation()
        if not is_ended:
            return generation
        return replace(generation, text=said, finish_reason=FinishReason.STOP)

    async def _first_line_s(self) -> float:
        """Return how long the first line may take, from its first token on."""
        wanted_s = self.config.inline_first_line_ms / 1000
        rates = await self.workbench.engine.rates()
        usual_s = LINE_TOKENS / rates.decode_tok_s if rates is not None else 0.0
        return min(max(wanted_s, usual_s), wanted_s * REST_FACTOR)

    async def _is_complete(self, said: str) -> bool:
        """Tell whether what was said up to the end of a line is enough."""
        max_lines = self.config.inline_max_lines
        if self.hole.kind is not HoleKind.LINE:
            return said.strip("\n").count("\n") >= max_lines
        whole = said[: said.rfind("\n") + 1]
        return await asyncio.to_thread(
            is_complete, self.hole, whole, self.document, max_lines=max_lines
        )

    async def _sampled(
        self, request: GenerationRequest, tally: Tally
    ) -> tuple[Generation, Shaped] | None:
        """Return the likeliest of a few samples that can be shown, None when none can."""
        samples = replace(
            request,
            n=N_SAMPLES,
            sampling=SAMPLING,
            stop=tuple(dict.fromkeys((*request.stop, "\n"))),
            stop_when=None,
            decode_budget_ms=self.config.inline_first_line_ms * REST_FACTOR,
        )
        found: list[tuple[float, Generation, Shaped]] = []
        async with self.workbench.engine.answers(samples) as answers:
            async for _, generation in answers:
                if generation.finish_reason is FinishReason.STOP:
                    one = await self._shaped(generation)
                    likelihood = _likelihood(generation)
                    if one.is_good and likelihood >= LEAST_LIKELIHOOD:
                        found.append((likelihood, generation, one))
        tally.add(answers.timings())
        if not found:
            return None
        _, generation, one = max(found, key=lambda item: item[0])
        return generation, one

    async def _shaped(self, generation: Generation) -> Shaped:
        return await asyncio.to_thread(
            shaped,
            self.hole,
            generation.text,
            self.document,
            max_lines=self.config.inline_max_lines,
            is_whole=generation.finish_reason is FinishReason.STOP,
        )


def _likelihood(generation: Generation) -> float:
    """Return the mean log-probability of an answer's tokens, the least that will do if unknown."""
    if not generation.logprobs:
        return LEAST_LIKELIHOOD
    return math.fsum(token.logprob for token in generation.logprobs) / len(generation.logprobs)
