"""What hosts really take of memory, beside what the planner says.

For each model file, context size and format of keys and values a host of its own is started, reads
a prompt and answers it; then the system is asked for its resident set. That is the figure which
``ps`` shows: the mapped weights count in full, also where another host of the same model shares
them, because a person who plans has no other host in mind. Nothing is predicted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import psutil

from ducktypist.bench.stage import set_stage
from ducktypist.domain import GenerationRequest, Json, TextPrompt
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.errors import DucktypistError
from ducktypist.fit.memory import Need, Wanted, n_cells_of, need
from ducktypist.models.machine import find_machine
from ducktypist.models.shape import read_shape

BAR: Final = 0.05
"""How far a prediction may be off."""
FILLED: Final = 0.6
"""Which part of the context the prompt fills."""
MAX_PROMPT_TOKENS: Final = 2048
"""The cache is touched as a whole when it is made; a longer prompt adds a piece of the mask only,
and on a slow machine it takes minutes to read."""
ANSWER_TOKENS: Final = 8
START_TIMEOUT_S: Final = 120.0
_SENTENCE: Final = "The quick brown fox looks at row {} of the table and adds it up.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRow:
    """One host."""

    model: str
    n_ctx_tokens: int
    n_cells: int
    kv_type: str
    n_prompt_tokens: int
    """How many tokens it had read."""
    predicted: Need
    seen_bytes: int
    """The resident set."""

    @property
    def error(self) -> float:
        """By which share of what was seen the prediction is too high (or, negative, too low)."""
        return self.predicted.total_bytes / self.seen_bytes - 1

    @property
    def is_met(self) -> bool:
        """Whether it is within the bar."""
        return abs(self.error) <= BAR

    def as_json(self) -> dict[str, Json]:
        """Return it for a result file."""
        return {
            "model": self.model,
            "n_ctx_tokens": self.n_ctx_tokens,
            "n_cells": self.n_cells,
            "kv_type": self.kv_type,
            "n_prompt_tokens": self.n_prompt_tokens,
            "predicted": {**asdict(self.predicted), "total_bytes": self.predicted.total_bytes},
            "seen_bytes": self.seen_bytes,
            "error": self.error,
            "is_met": self.is_met,
        }


async def memory_rows(
    models: Sequence[str],
    contexts: Sequence[int],
    kv_types: Sequence[str],
    say: Callable[[str], None],
) -> list[MemoryRow]:
    """Measure every combination, one host after the other.

    Args:
        models: Names as in the settings.
        contexts: Context sizes in tokens.
        kv_types: Formats of keys and values.
        say: Is told each row when it is there.

    Raises:
        DucktypistError: A model is not there, or its host does not start.
    """
    rows = []
    for model in models:
        for n_ctx_tokens in contexts:
            for kv_type in kv_types:
                row = await _measure(model, n_ctx_tokens, kv_type)
                say(_told(row))
                rows.append(row)
    return rows


async def _measure(model: str, n_ctx_tokens: int, kv_type: str) -> MemoryRow:
    engine = {"n_ctx_tokens": n_ctx_tokens, "kv_type": kv_type, "cache_tokens": 0}
    async with set_stage(None, {"model": {"name": model}, "engine": engine}) as stage:
        if stage.spec is None:
            raise DucktypistError(f"{model} cannot be measured: {stage.no_spec}")
        # Layers on a card would be seen there and not in the resident set.
        return await measured(replace(stage.spec, n_gpu_layers=0))


async def measured(spec: HostSpec) -> MemoryRow:
    """Start a host without a card, use it, look at it and end it.

    Raises:
        DucktypistError: It does not start, or does not answer.
    """
    client = EngineClient.embedded(spec)
    try:
        return await _ask(client, spec)
    finally:
        await client.stop_host()
        await client.aclose()


async def _ask(client: EngineClient, spec: HostSpec) -> MemoryRow:
    await client.wait_ready(START_TIMEOUT_S)
    n_wanted = min(int(spec.n_ctx_tokens * FILLED), MAX_PROMPT_TOKENS)
    per_sentence = len(await client.tokenize("".join(_sentences(16)))) / 16
    prompt = TextPrompt(text="".join(_sentences(int(n_wanted / per_sentence))))
    answer = await client.generate(GenerationRequest(prompt=prompt, max_tokens=ANSWER_TOKENS))
    pid = (await client.status()).get("pid")
    if not isinstance(pid, int):
        raise DucktypistError("the host does not say which process it is; start a newer one")
    seen_bytes = await asyncio.to_thread(lambda: psutil.Process(pid).memory_info().rss)
    shape = await asyncio.to_thread(read_shape, spec.model_path)
    n_cells = n_cells_of(spec.n_cells, n_ctx_tokens=spec.n_ctx_tokens)
    wanted = Wanted(
        n_ctx_tokens=spec.n_ctx_tokens,
        n_cells=n_cells,
        kv_type=spec.kv_type,
        flash_attention=spec.flash_attention,
    )
    machine = await asyncio.to_thread(lambda: find_machine(n_threads=spec.n_threads))
    return MemoryRow(
        model=spec.model_name,
        n_ctx_tokens=spec.n_ctx_tokens,
        n_cells=n_cells,
        kv_type=spec.kv_type,
        n_prompt_tokens=answer.timings.prompt_tokens,
        predicted=need(shape, wanted, repacked=machine.repacked),
        seen_bytes=int(seen_bytes),
    )


def _sentences(n_sentences: int) -> Iterator[str]:
    return (_SENTENCE.format(row) for row in range(n_sentences))


def _told(row: MemoryRow) -> str:
    mib = 1024**2
    return (
        f"{row.model}, context {row.n_ctx_tokens}, {row.kv_type}: "
        f"predicted {row.predicted.total_bytes / mib:.0f} MiB, seen {row.seen_bytes / mib:.0f} MiB "
        f"({row.error:+.1%}, {'met' if row.is_met else 'not met'})"
    )
