"""The real model behind a worker in this process, and questions to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.domain import FinishReason, GenerationRequest
from ducktypist.engine.backend import AnswerEnd, Delta, Finished, TokenChoice
from ducktypist.engine.llama_cpp import LlamaCppBackend, LlamaSettings
from ducktypist.engine.retreat import Retreat
from ducktypist.engine.ticket import Ticket
from ducktypist.engine.worker import Worker
from support.engines import until_async


def settings_of(path: Path, *, n_ctx_tokens: int = 1024, n_cells: int = 0) -> LlamaSettings:
    """Return how to load a model file."""
    return LlamaSettings(
        path=path,
        name="m",
        sha256="",
        quantisation="",
        n_ctx_tokens=n_ctx_tokens,
        n_threads=0,
        n_gpu_layers=-1,
        n_cells=n_cells,
        kv_type="f16",
        flash_attention="auto",
        retreat=Retreat(),
    )


@dataclass(kw_only=True)
class Answers:
    """What came of a request."""

    texts: dict[int, str] = field(default_factory=dict)
    tokens: dict[int, list[TokenChoice]] = field(default_factory=dict)
    reasons: dict[int, FinishReason] = field(default_factory=dict)
    finished: Finished | None = None

    @property
    def end(self) -> Finished:
        """What it took."""
        assert self.finished is not None
        return self.finished


async def collect(ticket: Ticket) -> Answers:
    """Wait for everything that a ticket delivers.

    Raises:
        Exception: The one that it ended with.
    """
    found = Answers()
    while True:
        event = await ticket.next_event()
        match event:
            case Delta():
                found.texts[event.index] = found.texts.get(event.index, "") + event.text
                found.tokens.setdefault(event.index, []).extend(event.tokens)
            case AnswerEnd():
                found.reasons[event.index] = event.reason
            case Finished():
                found.finished = event
                return found
            case _:
                raise event


async def ask(worker: Worker, request: GenerationRequest) -> Answers:
    """Ask and wait."""
    return await collect(worker.submit(request, want_logprobs=True))


@contextlib.asynccontextmanager
async def real_worker(path: Path, **options: int) -> AsyncIterator[Worker]:
    """Give a worker with the model loaded."""
    worker = Worker(LlamaCppBackend(settings_of(path, **options)), on_fatal=lambda: None)
    worker.start()
    await until_async(lambda: worker.state != "loading")
    assert worker.state == "ready", worker.failure
    try:
        yield worker
    finally:
        await asyncio.to_thread(worker.stop, timeout_s=10)
