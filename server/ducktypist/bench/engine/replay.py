"""The typing trace, replayed through the program's own features on two engines.

Once patiently: whoever types waits for each suggestion that the debounce lets through, so that both
engines answer the same requests and what they read for them can be compared. And once in real time:
each key cancels the completion before it, and what counts is how many suggestions came, and when.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from ducktypist.bench.engine.asking import (
    Trace,
    document_of,
    fix_of,
    load_trace,
    typed,
    workbench_of,
)
from ducktypist.bench.engine.explained import explained, fresh_window
from ducktypist.bench.engine.rows import number, spread
from ducktypist.bench.engine.sides import Ring, Side
from ducktypist.bench.measure import Bar, Row, quantile, since_ms
from ducktypist.config import CompleteConfig
from ducktypist.errors import EngineError
from ducktypist.features.explain import Explaining
from ducktypist.features.ghost.complete import CompleteRequest, complete
from ducktypist.features.workbench import Workbench

SETTLE_TIMEOUT_S = 60.0
POLL_S = 0.05
REREAD_BAR = Bar(limit=0.5, statistic="max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What one replay came to."""

    read: Mapping[str, float]
    """Prompt tokens that were read, by what they were read for; only of a patient one."""
    n_begun: int
    """Requests for one answer that were sent."""
    shown_ms: tuple[float, ...]
    """From the key to the suggestion, for each that came."""
    problems: tuple[str, ...]


async def reread_rows(ring: Ring) -> list[Row]:
    """Replay the trace on our host and on a native server with one slot for its one client."""
    trace = await asyncio.to_thread(load_trace)
    if ring.effort.is_quick:
        trace = replace(trace, events=trace.events[: len(trace.events) // 4])
    patient: dict[str, Replay] = {}
    hasty: dict[str, Replay] = {}
    for side in (ring.ours, ring.native):
        patient[side.name] = await replay(ring, side, trace, is_patient=True)
        hasty[side.name] = await replay(ring, side, trace, is_patient=False)
    return [_reread_row(patient), _shown_row(hasty)]


async def replay(ring: Ring, side: Side, trace: Trace, *, is_patient: bool) -> Replay:
    """Type the trace, and return what the engine did for it."""
    n_before = side.client.n_begun
    async with workbench_of(side.client, ring.stage.folder("replay")) as workbench:
        hand = _Hand(workbench=workbench, trace=trace, side=side)
        await (hand.type_patiently() if is_patient else hand.type())
    await _idle(side)
    return Replay(
        read=dict(hand.read),
        n_begun=side.client.n_begun - n_before,
        shown_ms=tuple(hand.shown_ms),
        problems=tuple(hand.problems),
    )


@dataclass(slots=True, kw_only=True)
class _Hand:
    """Types, hovers and fixes."""

    workbench: Workbench
    trace: Trace
    side: Side
    window: Explaining = field(default_factory=fresh_window)
    read: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    shown_ms: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    async def type_patiently(self) -> None:
        """Wait for every suggestion that the debounce lets through, and add up what is read."""
        text, cursor = self.trace.document, 0
        before = (await self.side.tokens())["read"]
        last = self.trace.events[-1]
        for event, following in pairwise((*self.trace.events, {**last, "ms": float("inf")})):
            text, cursor = typed(text, cursor, event)
            kind = event["kind"]
            if kind == "key" and following["ms"] - event["ms"] < CompleteConfig().debounce_ms:
                continue
            await self._noted(self._work(event, text, cursor))
            after = (await self.side.tokens())["read"]
            self.read[kind] += after - before
            before = after

    async def type(self) -> None:
        """Keep the trace's own times; what is not done at its end is waited for."""
        started = time.perf_counter()
        text, cursor = self.trace.document, 0
        typing: asyncio.Task[None] | None = None
        others: list[asyncio.Task[None]] = []
        for event in self.trace.events:
            await asyncio.sleep(max(0.0, event["ms"] / 1000 - (time.perf_counter() - started)))
            text, cursor = typed(text, cursor, event)
            # The newest key wins, as for the editor.
            if event["kind"] == "key" and typing is not None:
                typing.cancel()
            task = asyncio.create_task(self._noted(self._work(event, text, cursor)))
            if event["kind"] == "key":
                typing = task
            else:
                others.append(task)
        await asyncio.gather(*others, *(() if typing is None else (typing,)))

    async def _noted(self, work: Awaitable[None]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await work
            except EngineError as error:
                self.problems.append(str(error))

    async def _work(self, event: Mapping[str, Any], text: str, cursor: int) -> None:
        if event["kind"] == "key":
            await self._complete(text, cursor)
        elif event["kind"] == "hover":
            await explained(document_of(text), event["at"], self.workbench, window=self.window)
        else:
            # The file as it was saved: what is half typed may not parse.
            rounds = await fix_of(self.trace.document, event, self.workbench)
            first = rounds[0].request(deadline_ms=0.0)
            async with self.workbench.engine.answers(first) as answers:
                async for _ in answers:
                    pass

    async def _complete(self, text: str, cursor: int) -> None:
        config = CompleteConfig()
        started = time.perf_counter()
        await asyncio.sleep(config.debounce_ms / 1000)
        found = await complete(
            CompleteRequest(document=document_of(text), offset=cursor),
            workbench=self.workbench,
            config=config,
        )
        if found is not None:
            self.shown_ms.append(since_ms(started))


async def _idle(side: Side) -> None:
    """Wait until nothing that was cancelled still runs: its tokens count as well."""
    async with asyncio.timeout(SETTLE_TIMEOUT_S):
        while not await side.is_idle():  # noqa: ASYNC110 - the engine is another process
            await asyncio.sleep(POLL_S)


def _reread_row(replays: Mapping[str, Replay]) -> Row:
    totals = {name: sum(item.read.values()) for name, item in replays.items()}
    told = "; ".join(
        f"{name} read {number(totals[name])} tokens for {item.n_begun} requests ("
        + ", ".join(f"{kind} {number(n)}" for kind, n in item.read.items())
        + ")"
        for name, item in replays.items()
    )
    return Row(
        name="reread",
        what="prompt tokens read over the typing trace, every request answered, against the "
        "native server with one slot for its one client",
        unit="x",
        samples=(totals["ours"] / totals["native"],),
        bar=REREAD_BAR,
        note=told + _problems(replays),
        details={name: dict(item.read) for name, item in replays.items()},
    )


def _shown_row(replays: Mapping[str, Replay]) -> Row:
    told = "; ".join(
        f"{name} {len(item.shown_ms)} suggestions, {spread(item.shown_ms, 'ms')} after the key"
        for name, item in replays.items()
    )
    shown = {name: item.shown_ms for name, item in replays.items()}
    ratio: tuple[float, ...] = ()
    if all(shown.values()):
        ratio = (quantile(shown["ours"], 0.5) / quantile(shown["native"], 0.5),)
    return Row(
        name="typing",
        what="the same trace in real time, key to suggestion, medians against the native server",
        unit="x",
        samples=ratio,
        note=told + _problems(replays),
        details={name: [round(ms, 1) for ms in given] for name, given in shown.items()},
    )


def _problems(replays: Mapping[str, Replay]) -> str:
    told = [
        f"; {name}: {len(item.problems)} failed, such as: {item.problems[0]}"
        for name, item in replays.items()
        if item.problems
    ]
    return "".join(told)
