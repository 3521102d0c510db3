"""From a connection closed in the middle of a prompt to an engine that does nothing."""

from __future__ import annotations

import asyncio
import random
import time

from ducktypist.bench.engine.asking import load_trace
from ducktypist.bench.engine.rows import spread
from ducktypist.bench.engine.sides import Ring, Side
from ducktypist.bench.measure import Bar, Row, since_ms
from ducktypist.errors import EngineUnavailableError

SEED = 1
LATEST_SHARE = 0.7
"""Of the time that reading the whole prompt takes."""
ATTEMPTS = 3
"""For each close that counts: some come when the prompt has been read already."""
POLL_S = 0.001
IDLE_TIMEOUT_S = 120.0
PROMPT_CHARS = 3000
PATH = "/v1/completions"
CLOSE_BAR = Bar(limit=50.0, statistic="p99")


async def close_rows(ring: Ring) -> list[Row]:
    """Close at a random moment while a prompt is being read, and look at the slots until idle."""
    text = (await asyncio.to_thread(load_trace)).document[:PROMPT_CHARS]
    dice = random.Random(SEED)  # noqa: S311 - the same moments each time
    whole_ms = await _read_whole(ring.ours, text)
    took = await _closes(ring.ours, text, ring.effort.of(100, 20), whole_ms, dice)
    note = f"the whole prompt takes {whole_ms:.0f} ms; one look at the slots is in each figure"
    if ring.native_ is not None:
        native_ms = await _read_whole(ring.native, text)
        theirs = await _closes(ring.native, text, ring.effort.of(6, 3), native_ms, dice)
        note += f"; the native server needs {spread(theirs, 'ms')}"
    return [
        Row(
            name="close",
            what="connection closed while the prompt is being read, to no slot working",
            unit="ms",
            samples=tuple(took),
            bar=CLOSE_BAR,
            note=note,
        )
    ]


async def _read_whole(side: Side, text: str) -> float:
    started = time.perf_counter()
    await side.door.json(PATH, _body(text, n=-1) | {"max_tokens": 1})
    return since_ms(started)


async def _closes(
    side: Side, text: str, n: int, whole_ms: float, dice: random.Random
) -> list[float]:
    took: list[float] = []
    for attempt in range(ATTEMPTS * n):
        if len(took) == n:
            break
        wait_s = dice.uniform(0.05, LATEST_SHARE) * whole_ms / 1000
        async with side.door.posted(PATH, _body(text, n=attempt)):
            await asyncio.sleep(wait_s)
            is_reading = not await side.is_idle()
        started = time.perf_counter()
        await _until_idle(side)
        if is_reading:
            took.append(since_ms(started))
    return took


async def _until_idle(side: Side) -> None:
    try:
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            while not await side.is_idle():  # noqa: ASYNC110 - the engine is another process
                await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        raise EngineUnavailableError(
            f"{side.name} still works {IDLE_TIMEOUT_S:.0f} s after the connection was closed"
        ) from error


def _body(text: str, *, n: int) -> dict[str, object]:
    """Return a request whose prompt nobody has read before."""
    return {
        "prompt": f"# Copy {n}\n{text}",
        "max_tokens": 4,
        "temperature": 0.0,
        "cache_prompt": False,
    }
