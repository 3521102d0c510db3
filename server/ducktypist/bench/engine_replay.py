"""The typing trace, replayed in real time through the program's own features, on two engines.

Keystrokes cancel the completion before, wait for the debounce and ask; hovers and a fix come in
between. What is counted is how much of their prompts the engines read, finished or not.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

from ducktypist.bench.engine_asking import (
    Asked,
    Trace,
    document_of,
    fix_of,
    load_trace,
    typed,
    workbench_of,
)
from ducktypist.bench.engine_rows import Turns, in_turns, spread
from ducktypist.bench.engine_sides import Ring, Side
from ducktypist.bench.measure import Bar, Row, quantile, since_ms
from ducktypist.config import CompleteConfig, ExplainConfig
from ducktypist.domain import FinishReason
from ducktypist.errors import EngineError
from ducktypist.features.complete import CompleteRequest, complete
from ducktypist.features.explain import ExplainRequest, ExplanationCache, explain
from ducktypist.features.workbench import Workbench

SETTLE_TIMEOUT_S = 60.0
POLL_S = 0.05
REREAD_BAR = Bar(limit=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What one replay came to."""

    read: float
    """Prompt tokens that were read."""
    made: float
    n_typed: int
    """Keys after which something was asked."""
    shown_ms: tuple[float, ...]
    """From the key to the suggestion, where nothing cancelled it."""
    asked: tuple[Asked, ...]
    problems: tuple[str, ...]


async def reread_rows(ring: Ring) -> list[Row]:
    """Replay the trace on our host and on a native server with one slot for the one client."""
    trace = await asyncio.to_thread(load_trace)
    if ring.effort.is_quick:
        trace = replace(trace, events=trace.events[: len(trace.events) // 3])
    replays: dict[str, list[Replay]] = {"ours": [], "native": []}

    async def ours(_at: int) -> float:
        replays["ours"].append(await replay(ring, ring.ours, trace))
        return replays["ours"][-1].read

    async def native(_at: int) -> float:
        replays["native"].append(await replay(ring, ring.native, trace))
        return replays["native"][-1].read

    _ = ring.native
    turns = await in_turns(ring.effort.of(3, 1), {"ours": ours, "native": native}, warm_up=False)
    told = "; ".join(_told(name, each) for name, each in replays.items())
    return [
        Row(
            name="reread",
            what="prompt tokens read over the typing trace, against the native server with one "
            "slot for its one client",
            unit="x",
            samples=turns.ratio("ours", "native"),
            bar=replace(REREAD_BAR, statistic="max"),
            note=f"{turns.told('tokens')}; {told}",
            details=turns.as_json(),
        ),
        _shown_row(turns, replays),
    ]


async def replay(ring: Ring, side: Side, trace: Trace) -> Replay:
    """Type the trace as it was typed, and return what the engine had to do for it."""
    before, n_before = await side.tokens(), len(side.client.asked)
    async with workbench_of(side.client, ring.stage.folder("replay")) as workbench:
        hand = _Hand(workbench=workbench, trace=trace)
        await hand.type()
    await _idle(side)
    after = await side.tokens()
    return Replay(
        read=after["read"] - before["read"],
        made=after["made"] - before["made"],
        n_typed=hand.n_typed,
        shown_ms=tuple(hand.shown_ms),
        asked=tuple(side.client.asked[n_before:]),
        problems=tuple(hand.problems),
    )


@dataclass(slots=True, kw_only=True)
class _Hand:
    """Types, hovers and fixes at the trace's own times."""

    workbench: Workbench
    trace: Trace
    cache: ExplanationCache = field(default_factory=ExplanationCache)
    n_typed: int = 0
    shown_ms: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    async def type(self) -> None:
        """Go through the trace; what is not done at its end is waited for."""
        started = time.perf_counter()
        text, cursor = self.trace.document, 0
        typing: asyncio.Task[None] | None = None
        others: list[asyncio.Task[None]] = []
        for event in self.trace.events:
            await asyncio.sleep(max(0.0, event["ms"] / 1000 - (time.perf_counter() - started)))
            text, cursor = typed(text, cursor, event)
            if event["kind"] == "key":
                # The newest wins, as for the editor.
                if typing is not None:
                    typing.cancel()
                self.n_typed += 1
                typing = asyncio.create_task(self._noted(self._complete(text, cursor)))
            elif event["kind"] == "hover":
                others.append(asyncio.create_task(self._noted(self._explain(text, event["at"]))))
            else:
                others.append(asyncio.create_task(self._noted(self._fix(event))))
        await asyncio.gather(*others, *(() if typing is None else (typing,)))

    async def _noted(self, work: Awaitable[None]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await work
            except EngineError as error:
                self.problems.append(str(error))

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

    async def _explain(self, text: str, offset: int) -> None:
        await explain(
            ExplainRequest(document=document_of(text), offset=offset),
            workbench=self.workbench,
            cache=self.cache,
            config=ExplainConfig(),
        )

    async def _fix(self, event: dict[str, object]) -> None:
        # The file as it was saved: what is half typed may not parse.
        rounds = await fix_of(self.trace.document, event, self.workbench)
        async with self.workbench.engine.answers(rounds[0].request(deadline_ms=0.0)) as answers:
            async for _ in answers:
                pass


async def _idle(side: Side) -> None:
    """Wait until nothing that was cancelled still runs: its tokens count as well."""
    async with asyncio.timeout(SETTLE_TIMEOUT_S):
        while not await side.is_idle():  # noqa: ASYNC110 - the engine is another process
            await asyncio.sleep(POLL_S)


def _told(name: str, each: list[Replay]) -> str:
    n_left = sum(asked.reason is FinishReason.CANCELLED for item in each for asked in item.asked)
    problems = [problem for item in each for problem in item.problems]
    shown = [len(item.shown_ms) for item in each]
    return (
        f"{name}: {spread([len(item.asked) for item in each], 'requests')} begun in a replay, "
        f"{n_left} in all left early; {spread(shown, 'suggestions')} shown"
        + (f"; problems: {problems[0]} ({len(problems)})" if problems else "")
    )


def _shown_row(turns: Turns, replays: dict[str, list[Replay]]) -> Row:
    """Return how long after a key the suggestions came that were not overtaken."""
    medians = {
        name: [quantile(item.shown_ms, 0.5) for item in each if item.shown_ms]
        for name, each in replays.items()
    }
    n_rounds = min(len(given) for given in medians.values())
    pair = Turns(of={name: tuple(given[:n_rounds]) for name, given in medians.items()})
    return Row(
        name="reread-shown",
        what="key to suggestion over that trace, median of a replay, against the native server",
        unit="x",
        samples=pair.ratio("ours", "native"),
        note=pair.told("ms"),
        details={"tokens": turns.as_json(), "shown_ms": pair.as_json()},
    )
