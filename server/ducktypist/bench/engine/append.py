"""How soon an answer begins for one more key, when something else was asked in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ducktypist.bench.engine.asking import (
    Trace,
    asked_by,
    catching_client,
    document_of,
    fix_of,
    load_trace,
    workbench_of,
)
from ducktypist.bench.engine.explained import explained
from ducktypist.bench.engine.rows import Turns, in_turns, spread
from ducktypist.bench.engine.sides import Ring, Side
from ducktypist.bench.measure import Bar, Row
from ducktypist.config import CompleteConfig
from ducktypist.domain import GenerationRequest, Timings
from ducktypist.errors import DucktypistError
from ducktypist.features.ghost.complete import CompleteRequest, complete
from ducktypist.features.workbench import Workbench

BETWEEN_TOKENS = 16
"""Of the hover and the fix in between: their prompts are what matters here."""
BETWEEN_LINES = 4
"""How many of the fix's lines are asked for; all twenty would take minutes on a slow machine."""
WARM_TOKENS = 8
HOVERED = ("def take", "def store", "def send", "def busiest", "def parcels", "def value_by_shelf")
NOTHING, BETWEEN, NATIVE = "nothing between", "hover and fix between", "native, the same between"

APPEND_BAR = Bar(limit=1.2)
NATIVE_BAR = Bar(limit=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A key of the trace: what is asked before it, in between and for it."""

    before: GenerationRequest
    between: tuple[GenerationRequest, ...]
    after: GenerationRequest


async def append_rows(ring: Ring) -> list[Row]:
    """Type one more key, with nothing in between, and after a hover and the question of a fix.

    The three ways have each their own copy of the document, so that none warms another's prompt.
    """
    n_rounds = ring.effort.of(8, 6)
    variants = {NOTHING: "Depot", BETWEEN: "Storehouse", NATIVE: "Warehouse"}
    moments = {way: await _moments(ring, n_rounds + 1, name=name) for way, name in variants.items()}
    read: dict[str, list[float]] = defaultdict(list)

    async def begun(at: int, *, way: str, side: Side) -> float:
        moment = moments[way][at]
        await side.client.generate(replace(moment.before, max_tokens=WARM_TOKENS))
        for request in () if way == NOTHING else moment.between:
            await side.client.several(replace(request, max_tokens=BETWEEN_TOKENS))
        timings = await _first_token(side, moment.after)
        if at >= 0:
            read[way].append(timings.prompt_tokens - timings.cached_tokens)
        return timings.ttft_ms

    async def nothing(at: int) -> float:
        return await begun(at, way=NOTHING, side=ring.ours)

    async def between(at: int) -> float:
        return await begun(at, way=BETWEEN, side=ring.ours)

    async def native(at: int) -> float:
        return await begun(at, way=NATIVE, side=ring.native)

    ways = {NOTHING: nothing, BETWEEN: between}
    if ring.native_ is not None:
        ways[NATIVE] = native
    turns = await in_turns(n_rounds, ways)
    what = "time to first token for one more key after a hover and a fix"
    beside = f"{what}, against the native server"
    rows = [
        _row(
            turns,
            read,
            to=NOTHING,
            name="append",
            what=f"{what}, against nothing in between",
            bar=APPEND_BAR,
        )
    ]
    if NATIVE in turns.of:
        rows.append(_row(turns, read, to=NATIVE, name="append-native", what=beside, bar=NATIVE_BAR))
    else:
        problem = ring.missing["native"]
        rows.append(Row(name="append-native", what=beside, unit="x", problem=problem))
    return rows


@contextlib.asynccontextmanager
async def catching(ring: Ring) -> AsyncIterator[Workbench]:
    """Give a workbench whose engine shows what would be asked."""
    client = catching_client(ring.spec)
    try:
        async with workbench_of(client, ring.stage.folder("caught")) as workbench:
            yield workbench
    finally:
        await client.aclose()


async def completion_request(
    text: str, offset: int, workbench: Workbench
) -> GenerationRequest | None:
    """Return what is asked for a key typed there; None where nothing is."""
    return await asked_by(
        complete(
            CompleteRequest(document=document_of(text), offset=offset),
            workbench=workbench,
            config=CompleteConfig(),
        )
    )


async def _moments(ring: Ring, n: int, *, name: str) -> Sequence[Moment]:
    """Return so many moments of the trace, the last of which is for warming up."""
    trace = await asyncio.to_thread(load_trace)
    places = _keys_in_words(trace)
    if len(places) < n:
        raise DucktypistError(f"the trace has {len(places)} keys that fit, and {n} are needed")
    share = len(places) // n
    fix = next(event for event in trace.events if event["kind"] == "fix")
    made = []
    async with catching(ring) as workbench:
        for index in range(n):
            around = places[index * share : (index + 1) * share]
            text, before, after = await _asked_around(trace, around, name, workbench)
            hover = await asked_by(
                explained(
                    document_of(text),
                    text.index(HOVERED[index % len(HOVERED)]) + 5,
                    workbench,
                )
            )
            # The file as it was saved: what is half typed may not parse.
            saved = trace.document.replace("Depot", name)
            rounds = await fix_of(saved, fix, workbench)
            if hover is None:
                raise DucktypistError("the bench's text has nothing to explain")
            made.append(
                Moment(
                    before=before,
                    between=(
                        hover,
                        _some_lines(rounds[0].request(deadline_ms=0.0), first=index),
                    ),
                    after=after,
                )
            )
    return made


async def _asked_around(
    trace: Trace, places: Sequence[int], name: str, workbench: Workbench
) -> tuple[str, GenerationRequest, GenerationRequest]:
    """Return the text and the questions for two keys in a row, at the first place that has both.

    Raises:
        DucktypistError: None has.
    """
    for place in places:
        text, offset = _renamed(trace, place, name)
        before = await completion_request(text, offset, workbench)
        after = await completion_request(*_renamed(trace, place + 1, name), workbench)
        if before is not None and after is not None:
            return text, before, after
    raise DucktypistError("nothing is asked in a part of the bench's text")


def _some_lines(request: GenerationRequest, *, first: int) -> GenerationRequest:
    """Return the request with a few of its lines, other ones each time."""
    prompts = [request.prompts[(first + at) % len(request.prompts)] for at in range(BETWEEN_LINES)]
    return replace(request, prompt=prompts[0], more=tuple(prompts[1:]))


def _keys_in_words(trace: Trace) -> list[int]:
    """Return how many events precede each key in a word that another such key follows.

    There the prompt only grows; at a line's end its window may move.
    """
    events = trace.events
    return [
        index
        for index in range(len(events) // 3, len(events) - 1)
        if all(
            event["kind"] == "key" and event["cut"] == 0 and event["text"].isalpha()
            for event in events[index - 1 : index + 1]
        )
    ]


def _renamed(trace: Trace, n_events: int, name: str) -> tuple[str, int]:
    """Return text and cursor with a class named otherwise, so that the prompt is another one."""
    text, cursor = trace.text_after(n_events)
    head, tail = text[:cursor].replace("Depot", name), text[cursor:].replace("Depot", name)
    return head + tail, len(head)


async def _first_token(side: Side, request: GenerationRequest) -> Timings:
    """Ask, wait for the first token and leave."""
    async with side.client.stream(request) as stream:
        async for _ in stream:
            break
    return stream.generation().timings


def _row(
    turns: Turns, read: Mapping[str, list[float]], *, to: str, name: str, what: str, bar: Bar
) -> Row:
    pair = Turns(of={way: turns.of[way] for way in (BETWEEN, to)})
    told = ", ".join(f"{way} {spread(read[way], 'tokens')}" for way in pair.of)
    return Row(
        name=name,
        what=what,
        unit="x",
        samples=pair.ratio(BETWEEN, to),
        bar=bar,
        note=f"{pair.told('ms')}; read of the prompt: {told}",
        details=pair.as_json(),
    )
