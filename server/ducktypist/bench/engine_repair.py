"""Repairs: one line filled in at many places at once, and whole functions rewritten with drafts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ducktypist.bench.engine_asking import fix_of, load_trace, workbench_of
from ducktypist.bench.engine_decode import profile_of
from ducktypist.bench.engine_rows import Turns, in_turns, number, spread
from ducktypist.bench.engine_sides import Ring
from ducktypist.bench.engine_texts import REPAIRS, finished_text, repair_request
from ducktypist.bench.measure import Bar, Row
from ducktypist.domain import Generation, GenerationRequest, Timings
from ducktypist.errors import DucktypistError

N_HOLES = 20
N_PER_HOLE = 2

INFILLS_BAR = Bar(limit=0.35, statistic="max")
"""The worst round counts: one takes minutes, and six for an interval would take half an hour."""
SPECULATION_BAR = Bar(limit=1.8, is_floor=True)
SAME_BAR = Bar(limit=0.0, statistic="max")


async def infill_rows(ring: Ring) -> list[Row]:
    """Fill each of twenty lines of one function twice: all at once, and one by one.

    One by one with the cache on is the harder comparison and the one that is judged: the prefix up
    to each hole is warm, and the second answer of a hole reads nothing.
    """
    asked = await line_request(ring)
    holes = asked.prompts
    taken: dict[str, list[Timings]] = {}

    async def at_once(at: int, *, is_cold: bool) -> float:
        request = _drawn(replace(asked, cold=is_cold), seed=_seed(at))
        answers, timings = await ring.ours.client.several(request)
        if len(answers) != len(holes) * N_PER_HOLE:
            raise DucktypistError(f"{len(answers)} answers came for {len(holes)} holes")
        _keep(taken, at, f"at once, {_words(is_cold=is_cold)}", [timings])
        return timings.total_ms

    async def one_by_one(at: int, *, is_cold: bool) -> float:
        single = replace(asked, more=(), n=1, cold=is_cold)
        singles = [
            _drawn(replace(single, prompt=hole), seed=_seed(at) + choice)
            for hole in holes
            for choice in range(N_PER_HOLE)
        ]
        each = [(await ring.ours.client.generate(request)).timings for request in singles]
        _keep(taken, at, f"one by one, {_words(is_cold=is_cold)}", each)
        return sum(item.total_ms for item in each)

    turns = {
        is_cold: await in_turns(
            n_rounds,
            {
                "at once": partial(at_once, is_cold=is_cold),
                "one by one": partial(one_by_one, is_cold=is_cold),
            },
            warm_up=not is_cold,
        )
        for is_cold, n_rounds in ((False, ring.effort.of(3, 1)), (True, 1))
    }
    profile, details = await profile_of(ring, len(holes) * N_PER_HOLE)
    read = "; ".join(
        f"{name}: {spread([item.prompt_tokens - item.cached_tokens for item in each], 'read')}, "
        f"{spread([item.completion_tokens for item in each], 'made')}"
        for name, each in taken.items()
    )
    what = f"{len(holes)} lines x {N_PER_HOLE} infills of one 30-line function, wall time at once"
    return [
        Row(
            name="infills" + ("-cold" if is_cold else ""),
            what=f"{what} against one by one, {_words(is_cold=is_cold)}",
            unit="x",
            samples=pair.ratio("at once", "one by one"),
            bar=None if is_cold else INFILLS_BAR,
            note=pair.told("ms") + ("" if is_cold else f"; tokens a round: {read}{profile}"),
            details={**details, **pair.as_json()},
        )
        for is_cold, pair in turns.items()
    ]


async def speculation_rows(ring: Ring) -> list[Row]:
    """Rewrite broken functions greedily, with and without n-gram drafts."""
    trace = await asyncio.to_thread(load_trace)
    text = finished_text(trace)
    async with workbench_of(ring.ours.client, ring.stage.folder("repairs")) as workbench:
        asked = [await repair_request(text, item, workbench) for item in REPAIRS]
    made: dict[bool, dict[int, Generation]] = {True: {}, False: {}}

    async def rewritten(at: int, *, speculate: bool) -> float:
        request = replace(asked[at % len(asked)], speculate=speculate)
        done = await ring.ours.client.generate(request)
        if at >= 0:
            made[speculate][at] = done
        return done.timings.decode_tok_s

    n_rounds = len(asked) * ring.effort.of(2, 1)
    turns = await in_turns(
        n_rounds,
        {
            "with drafts": partial(rewritten, speculate=True),
            "without": partial(rewritten, speculate=False),
        },
    )
    differing = [at for at in range(n_rounds) if made[True][at].text != made[False][at].text]
    return [
        _speculation_row(turns, [item.timings for item in made[True].values()]),
        Row(
            name="speculation-same",
            what=f"of those {n_rounds} answers, the ones that drafts changed",
            unit="answers",
            samples=(float(len(differing)),),
            bar=SAME_BAR,
            note=", ".join(sorted({REPAIRS[at % len(REPAIRS)].function for at in differing})),
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


def _words(*, is_cold: bool) -> str:
    return "nothing reused" if is_cold else "cache on"


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
        what=f"{len(REPAIRS)} broken functions rewritten, tokens/s with drafts against without",
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
