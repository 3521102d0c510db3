"""A body that ends where it ends: our stop rule against the native server's token limit."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from functools import partial

from ducktypist.bench.engine.asking import as_others_take_it, load_trace, workbench_of
from ducktypist.bench.engine.rows import in_turns, spread
from ducktypist.bench.engine.sides import Ring, Side
from ducktypist.bench.engine.texts import BODIES, body_requests, finished_text
from ducktypist.bench.measure import Bar, Row, since_ms
from ducktypist.domain import GenerationRequest
from ducktypist.prompting import postprocess

BODY_BAR = Bar(limit=0.6, statistic="max")
"""Of all bodies together: some end by themselves, others would never."""


async def body_rows(ring: Ring) -> list[Row]:
    """Ask for bodies in the forms that the feature begins with, and wait for the last useful token.

    Ours is whole when the host says so; the native server's when its answer has ended, because
    nobody told it what a body is. Both read the prompt anew, so that this is about ending only.
    """
    text = finished_text(await asyncio.to_thread(load_trace))
    async with workbench_of(ring.ours.client, ring.stage.folder("bodies")) as workbench:
        asked = [await body_requests(text, name, workbench) for name in BODIES]
    made: dict[str, list[float]] = defaultdict(list)
    bodies: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)

    async def filled(at: int, *, side: Side) -> float:
        started = time.perf_counter()
        for form, request in enumerate(asked[at]):
            said, n_made = await _said(side, request, ends_itself=side is ring.ours)
            made[side.name].append(n_made)
            bodies[side.name][at, form] = _body(said, request)
        return since_ms(started)

    turns = await in_turns(
        len(asked),
        {"ours": partial(filled, side=ring.ours), "native": partial(filled, side=ring.native)},
        warm_up=False,
    )
    n_same = sum(bodies["native"][place] == body for place, body in bodies["ours"].items())
    return [
        Row(
            name="body",
            what=f"{len(BODIES)} bodies in {len(asked[0])} forms each, to the last useful token, "
            f"against the native server's {asked[0][0].max_tokens}-token limit",
            unit="x",
            samples=(sum(turns.of["ours"]) / sum(turns.of["native"]),),
            bar=BODY_BAR,
            note=f"{turns.told('ms')}; each body: ours {spread(made['ours'], 'tokens')}, "
            f"native {spread(made['native'], 'tokens')}; "
            f"by body {spread(turns.ratio('ours', 'native'), 'x')}; "
            f"{n_same} of {len(bodies['ours'])} bodies the same",
            details=turns.as_json(),
        )
    ]


async def _said(side: Side, request: GenerationRequest, *, ends_itself: bool) -> tuple[str, int]:
    """Return an answer and how many tokens it has."""
    path, body = as_others_take_it(request)
    body["cache_prompt"] = False
    if ends_itself and request.stop_when is not None:
        rule = request.stop_when
        body["stop_when"] = {"name": str(rule.name), "indent": rule.indent, "comment": rule.comment}
    text, n_made = "", 0
    async for event in side.door.events(path, body):
        choice = (event.body.get("choices") or [{}])[0]
        delta = choice.get("delta") or {}
        text += event.body.get("content") or choice.get("text") or delta.get("content") or ""
        n_made = int((event.body.get("timings") or {}).get("predicted_n", n_made))
    return text, n_made


def _body(said: str, request: GenerationRequest) -> str:
    """Return what the feature would keep of an answer."""
    indent = request.stop_when.indent if request.stop_when else ""
    return postprocess.body_from(said, language="python", indent=indent)
