"""The real model behind a worker in this process, and questions to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from ducktypist.domain import GenerationRequest
from ducktypist.engine.llama_cpp import LlamaCppBackend, LlamaSettings
from ducktypist.engine.retreat import Retreat
from ducktypist.engine.worker import Worker
from support.tickets import Told, answer, working


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


@contextlib.asynccontextmanager
async def real_worker(path: Path, **options: int) -> AsyncIterator[Worker]:
    """Give a worker with the model loaded."""
    async with working(LlamaCppBackend(settings_of(path, **options))) as worker:
        assert worker.state == "ready", worker.failure
        yield worker


async def ask(worker: Worker, request: GenerationRequest) -> Told:
    """Return what a worker says to a request, with log-probabilities."""
    return await answer(worker, request, want_logprobs=True)
