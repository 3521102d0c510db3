"""Repairs: one line filled in at many places at once, and whole functions rewritten with drafts."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ducktypist.bench.engine.asking import fix_of, load_trace, workbench_of
from ducktypist.bench.engine.decode import profile_of
from ducktypist.bench.engine.rows import Turns, in_turns, number, spread
from ducktypist.bench.engine.sides import Ring
from ducktypist.bench.engine.texts import REPAIRS, finished_text, repair_request
from ducktypist.bench.measure import Bar, Row
from ducktypist.domain import Generation, GenerationRequest, InfillPrompt, Timings
from ducktypist.errors import DucktypistError

BROKEN = "parcels"
"""The trace's function to fix."""
N_HOLES = 20
N_PER_HOLE = 2

INFILLS_BAR = Bar(limit=0.35)
SPECULATION_BAR = Bar(limit=1.8, is_floor=True)
SAME_BAR = Bar(limit=0.0, statistic="max")


class _Reuse(enum.StrEnum):
    """What the cache may give to a round of infills."""

    NEW = "a function that was not asked about before, cache on"
    AGAIN = "a function that was asked about before, cache on"
    NOTHING = "nothing reused"


ROW_NAMES = {
    _Reuse.NEW: "infills",
    _Reuse.AGAIN: "infills-again",
    _Reuse.NOTHING: "infills-cold",
}


async def infill_rows(ring: Ring) -> list[Row]:
    """Fill each of twenty lines of one function twice: all at once, and one by one.

    With the cache on and a function that nobody asked about before is how a fix meets it, and what
    is judged: also one by one the prefix up to each hole is read once, and the second answer of a
    hole reads nothing.
    """
    asked = await line_request(ring)
    taken: dict[str, list[Timings]] = {}

    async def at_once(at: int, *, reuse: _Reuse) -> float:
        request = _drawn(_named(asked, at, "a", reuse), seed=_seed(at))
        answers, timings = await ring.ours.client.several(request)
        if len(answers) != request.n_answers:
            raise DucktypistError(f"{len(answers)} of {request.n_answers} answers came")
        _keep(taken, at, f"at once, {reuse}", [timings])
        return timings.total_ms

    async def one_by_one(at: int, *, reuse: _Reuse) -> float:
        request = _named(asked, at, "b", reuse)
        single = replace(request, more=(), n=1)
        singles = [
            _drawn(replace(single, prompt=hole), seed=_seed(at) + choice)
            for hole in request.prompts
            for choice in range(N_PER_HOLE)
        ]
        each = [(await ring.ours.client.generate(one)).timings for one in singles]
        _keep(taken, at, f"one by one, {reuse}", each)
        return sum(item.total_ms for item in each)

    n_rounds = {
        _Reuse.NEW: ring.effort.of(6, 2),
        _Reuse.AGAIN: ring.effort.of(3, 1),
        _Reuse.NOTHING: 1,
    }
    profile, details = await profile_of(ring, asked.n_answers)
    rows = []
    for reuse, n in n_rounds.items():
        pair = await in_turns(
            n,
            {
                "at once": partial(at_once, reuse=reuse),
                "one by one": partial(one_by_one, reuse=reuse),
            },
            warm_up=reuse is _Reuse.AGAIN,
        )
        read = "; ".join(
            f"{way} "
            + spread([item.prompt_tokens - item.cached_tokens for item in each], "tokens read, ")
            + spread([item.completion_tokens for item in each], "made")
            for way in pair.of
            for each in (taken[f"{way}, {reuse}"],)
        )
        rows.append(
            Row(
                name=ROW_NAMES[reuse],
                what=f"{N_HOLES} lines x {N_PER_HOLE} infills of one 30-line function, wall time "
                f"at once against one by one; {reuse}",
                unit="x",
                samples=pair.ratio("at once", "one by one"),
                bar=INFILLS_BAR if reuse is _Reuse.NEW else None,
                note=f"{pair.told('ms')}; {read}{profile if reuse is _Reuse.NEW else ''}",
                details={**details, **pair.as_json()},
            )
        )
    return rows


async def speculation_rows(ring: Ring) -> list[Row]:
    """Rewrite broken functions greedily, with and without n-gram drafts."""
    trace = await asyncio.to_thread(load_trace)
    text = finished_text(trace)
    async with workbench_of(ring.ours.client, ring.stage.folder("repairs")) as workbench:
        asked = [await repair_request(text, item, workbench) for item in REPAIRS]
    made: dict[bool, dict[int, list[Generation]]] = {True: {}, False: {}}

    async def rewritten(at: int, *, speculate: bool) -> float:
        done = [
            await ring.ours.client.generate(replace(request, speculate=speculate))
            for request in asked
        ]
        if at >= 0:
            made[speculate][at] = done
        n_tokens = sum(item.timings.completion_tokens for item in done)
        return n_tokens * 1000 / sum(item.timings.decode_ms for item in done)

    n_rounds = ring.effort.of(6, 2)
    turns = await in_turns(
        n_rounds,
        {
            "with drafts": partial(rewritten, speculate=True),
            "without": partial(rewritten, speculate=False),
        },
    )
    pairs = [
        (repair.function, drafted, plain)
        for at in range(n_rounds)
        for repair, drafted, plain in zip(REPAIRS, made[True][at], made[False][at], strict=True)
    ]
    differing = [name for name, drafted, plain in pairs if drafted.text != plain.text]
    return [
        _speculation_row(turns, [drafted.timings for _, drafted, _ in pairs]),
        Row(
            name="speculation-same",
            what=f"of those {len(pairs)} answers, the ones that drafts changed",
            unit="answers",
            samples=(float(len(differing)),),
            bar=SAME_BAR,
            note=", ".join(sorted(set(differing))),
        ),
    ]


async def line_request(ring: Ring) -> GenerationRequest:
    """Return the feature's own request for samples of every line of the trace's broken function.

    Raises:
        DucktypistError: It asks for other than the forty that are to be measured.
    """
    trace = await asyncio.to_thread(load_trace)
    event = next(event for event in trace.events if event["kind"] == "fix")
    async with workbench_of(ring.ours.client, ring.stage.folder("holes")) as workbench:
        asked = await fix_of(finished_text(trace), event, workbench)
    found = [item.request(deadline_ms=0.0) for item in asked if item.n == N_PER_HOLE]
    if not found or len(found[0].prompts) != N_HOLES:
        raise DucktypistError(f"the fix does not ask for {N_HOLES} lines {N_PER_HOLE} times each")
    return found[0]


def _drawn(request: GenerationRequest, *, seed: int) -> GenerationRequest:
    return replace(request, sampling=replace(request.sampling, seed=seed))


def _seed(at: int) -> int:
    return 2 + at * N_PER_HOLE if at >= 0 else 0


def _named(request: GenerationRequest, at: int, way: str, reuse: _Reuse) -> GenerationRequest:
    """Return the request about a function of another name, so that nothing of it is cached."""
    if reuse is not _Reuse.NEW:
        return replace(request, cold=reuse is _Reuse.NOTHING)
    prompts = [
        InfillPrompt(
            prefix=item.prefix.replace(BROKEN, f"{BROKEN}_{at}{way}"),
            suffix=item.suffix.replace(BROKEN, f"{BROKEN}_{at}{way}"),
        )
        for item in request.prompts
        if isinstance(item, InfillPrompt)
    ]
    return replace(request, prompt=prompts[0], more=tuple(prompts[1:]))


def _keep(taken: dict[str, list[Timings]], at: int, name: str, each: Sequence[Timings]) -> None:
    """Remember the token counts of one round."""
    if at >= 0:
        taken.setdefault(name, []).append(
            Timings(
                prompt_tokens=sum(item.prompt_tokens for item in each),
                cached_tokens=sum(item.cached_tokens for item in each),
                completion_tokens=sum(item.completion_tokens for item in each),
            )
        )


def _speculation_row(turns: Turns, timings: Sequence[Timings]) -> Row:
    drafted = sum(item.drafted_tokens for item in timings)
    accepted = sum(item.accepted_tokens for item in timings)
    n_made = sum(item.completion_tokens for item in timings)
    share = f" ({100 * accepted / drafted:.0f} %)" if drafted else ""
    steps = n_made - accepted
    told = (
        f"{accepted} of {drafted} drafted tokens accepted{share}; {n_made} tokens in about "
        f"{steps} steps, so {number(n_made / max(1, steps))} a step"
    )
    return Row(
        name="speculation",
        what=f"{len(REPAIRS)} broken functions rewritten, tokens/s of a round with drafts against "
        "without",
        unit="x",
        samples=turns.ratio("with drafts", "without"),
        bar=SPECULATION_BAR,
        note=f"{turns.told('tokens/s')}; {told}",
        details={
            "drafted": drafted,
            "accepted": accepted,
            "made": n_made,
            **turns.as_json(),
        },
    )
