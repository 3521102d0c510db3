"""What a worker delivers for a request, gathered and checked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.domain import FinishReason, GenerationRequest
from ducktypist.engine.backend import (
    AnswerEnd,
    Backend,
    ConnectionDropped,
    Delta,
    Finished,
    TokenChoice,
)
from ducktypist.engine.worker import Ticket, Worker
from ducktypist.errors import EngineError
from support.engines import until_async


@dataclass(kw_only=True)
class Told:
    """Everything that a ticket delivered."""

    texts: dict[int, str] = field(default_factory=dict)
    """The answers by their numbers."""
    reasons: dict[int, FinishReason] = field(default_factory=dict)
    """Why each answer ended."""
    deltas: list[Delta] = field(default_factory=list)
    n_completion_tokens: dict[int, int] = field(default_factory=dict)
    end: Finished | EngineError | ConnectionDropped

    @property
    def finished(self) -> Finished:
        """The end, which was no failure."""
        assert isinstance(self.end, Finished), repr(self.end)
        return self.end

    def tokens(self, index: int = 0) -> list[TokenChoice]:
        """Return the tokens of one answer."""
        return [token for one in self.deltas if one.index == index for token in one.tokens]

    @property
    def text(self) -> str:
        """The first answer."""
        return self.texts.get(0, "")


async def told(ticket: Ticket, *, n_answers: int = 1) -> Told:
    """Return what a ticket delivers, and check that it says everything once and in order."""
    gathered = Told(end=ConnectionDropped())
    while True:
        event = await asyncio.wait_for(ticket.next_event(), 60)
        if isinstance(event, Delta):
            assert event.index not in gathered.reasons, "text after an answer's end"
            gathered.deltas.append(event)
            gathered.texts[event.index] = gathered.texts.get(event.index, "") + event.text
        elif isinstance(event, AnswerEnd):
            assert event.index not in gathered.reasons, "an answer ended twice"
            gathered.reasons[event.index] = event.reason
            gathered.n_completion_tokens[event.index] = event.completion_tokens
        else:
            gathered.end = event
            break
    if isinstance(gathered.end, Finished) and gathered.end.reason is not FinishReason.CANCELLED:
        assert sorted(gathered.reasons) == list(range(n_answers))
        assert gathered.end.completion_tokens == sum(gathered.n_completion_tokens.values())
    # Nothing may come after the end.
    await asyncio.sleep(0)
    with contextlib.suppress(TimeoutError):
        late = await asyncio.wait_for(ticket.next_event(), 0.01)
        raise AssertionError(f"{late} after the end")
    return gathered


async def answer(
    worker: Worker, request: GenerationRequest, *, want_logprobs: bool = False
) -> Told:
    """Return what a worker says to a request."""
    ticket = worker.submit(request, want_logprobs=want_logprobs)
    return await told(ticket, n_answers=request.n_answers)


@contextlib.asynccontextmanager
async def working(backend: Backend, rates_path: Path | None = None) -> AsyncIterator[Worker]:
    """Give a worker that has loaded its backend, and end it afterwards."""
    worker = Worker(backend, on_fatal=lambda: None, rates_path=rates_path)
    worker.start()
    await until_async(lambda: worker.state != "loading")
    try:
        yield worker
    finally:
        await asyncio.to_thread(worker.stop, timeout_s=5)
