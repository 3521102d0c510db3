"""The search for a body: the model writes while what it wrote is run.

After the first body that passes the search goes on for a while: several that pass say more than one
(Chen et al., CodeT, 2022), and where nothing can be run, agreement is all there is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeAlias

from ducktypist.domain import Generation, GenerationRequest, Outcome, Rung, Verdict
from ducktypist.errors import EngineError
from ducktypist.features.body.answers import candidate_of
from ducktypist.features.body.case import (
    BodyCandidate,
    BodyCase,
    BodySearch,
    Standing,
)
from ducktypist.features.body.forms import Form
from ducktypist.features.check_body import check_body, screen_bodies
from ducktypist.features.grounds import Grounds
from ducktypist.prompting import postprocess

ENOUGH = 6
"""So many different bodies that pass tell enough about the ways to pass."""
N_ALIKE = 3
"""Where nothing can be run, so many answers that are the same program are enough."""

_Answer: TypeAlias = tuple[Form, Generation, float]


async def search_bodies(
    case: BodyCase,
    forms: Sequence[Form],
    found: BodySearch,
    *,
    progress: Callable[[str], None],
    asking: Callable[[Form], None],
) -> None:
    """Fill ``found`` until the time is up, all forms are asked, or enough is known.

    Args:
        case: What is wanted.
        forms: What to ask, in order.
        found: Where the findings go.
        progress: Told how far it is.
        asking: Told before the model is asked for the first time.

    Raises:
        EngineError: The model could not be asked, and there is no candidate.
    """
    n_all = sum(form.n for form in forms)
    progress(_standing_of(found, n_all))
    async with _answers(case, forms, found, asking) as arriving:
        async for some in arriving:
            found.n_asked += len(some)
            made = [await asyncio.to_thread(_made, answer, case) for answer in some]
            new = [one for one in (_added(found, item) for item in made) if one is not None]
            await _run(new, found, case)
            if _is_enough(found):
                break
            if found.n_asked < n_all:
                progress(_standing_of(found, n_all))
    if found.engine_error is not None and not found.standings:
        raise found.engine_error


async def prove(standing: Standing, case: BodyCase) -> None:
    """Run a candidate properly: everything there is to run, in fresh sandboxes, several times."""
    if standing.is_proven:
        return
    clock = asyncio.get_running_loop().time
    begun_s = clock()
    standing.verdict = await check_body(
        standing.candidate.edit,
        case.document,
        case.function,
        static=standing.candidate.static,
        grounds=case.grounds,
        tests=case.tests,
        repeats=case.config.repeats,
    )
    standing.is_proven = True
    if standing.verdict.outcome not in {Outcome.BROKEN, Outcome.NOT_RUN}:
        standing.stage = "repeats"
    standing.verify_ms += (clock() - begun_s) * 1000


async def screen(standings: Sequence[Standing], case: BodyCase) -> None:
    """Run several candidates quickly, in one process; what passes here still is to be proven."""
    grounds = case.grounds
    able = [one for one in standings if one.candidate.static.outcome is not Outcome.BROKEN]
    if not able or not isinstance(grounds, Grounds):
        return
    clock = asyncio.get_running_loop().time
    begun_s = clock()
    counts = await screen_bodies(
        [one.candidate.edit for one in able],
        case.document,
        case.function,
        grounds=grounds,
        tests=case.tests,
    )
    spent_ms = (clock() - begun_s) * 1000 / len(able)
    for one, (n_passed, n_run) in zip(able, counts, strict=True):
        one.verify_ms += spent_ms
        if n_run:
            one.stage = "screen"
            one.verdict = _screened(one, n_passed, n_run)


def _screened(standing: Standing, n_passed: int, n_run: int) -> Verdict:
    passes = n_passed == n_run
    return Verdict(
        rung=Rung.EXAMPLES_PASS if passes else standing.candidate.static.rung,
        outcome=Outcome.PLAUSIBLE if passes else Outcome.STILL_FAILING,
        repeats=1,
        passed=n_passed,
        failed=n_run - n_passed,
        summary=f"{n_passed} of {n_run} checks pass at a first look",
    )


async def _run(new: Sequence[Standing], found: BodySearch, case: BodyCase) -> None:
    """Run new candidates: those alone properly, several or later ones with a quick look first."""
    if len(new) > 1 or found.passing:
        await screen(new, case)
    for one in new:
        if one.stage == "screen" and (not one.passes or _is_proven(found)):
            continue
        await prove(one, case)
        if one.passes or (one.is_unrun and one.verdict.rung.height >= Rung.RESOLVES.height):
            found.end_in(case.config.more_s)


def _is_proven(found: BodySearch) -> bool:
    return any(one.is_proven for one in found.passing)


def _is_enough(found: BodySearch) -> bool:
    """Tell whether more candidates would hardly change the choice."""
    if found.left_s() <= 0:
        return True
    sound = found.passing or [
        one
        for one in found.standings.values()
        if one.is_unrun and one.verdict.rung.height >= Rung.RESOLVES.height
    ]
    return len(found.passing) >= ENOUGH or any(one.n_answers >= N_ALIKE for one in sound)


def _made(answer: _Answer, case: BodyCase) -> BodyCandidate | None:
    form, generation, ms = answer
    return candidate_of(generation, form, case, ms=ms)


def _added(found: BodySearch, candidate: BodyCandidate | None) -> Standing | None:
    return None if candidate is None else found.added(candidate)


def _standing_of(found: BodySearch, n_all: int) -> str:
    best = found.best
    known = f", best so far: {best.verdict.summary}" if best else ""
    return f"candidate {found.n_asked + 1} of at most {n_all}{known}"


# ----------------------------------------------------------------------------- asking


@contextlib.asynccontextmanager
async def _answers(
    case: BodyCase,
    forms: Sequence[Form],
    found: BodySearch,
    asking: Callable[[Form], None],
) -> AsyncIterator[AsyncIterator[list[_Answer]]]:
    """Give the answers that are there, time and again; leaving cancels the rest."""
    waiting: asyncio.Queue[_Answer | None] = asyncio.Queue()
    producer = asyncio.create_task(_ask_all(case, forms, found, asking, waiting))
    try:
        yield _taken(waiting, found)
    finally:
        producer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await producer


async def _taken(
    waiting: asyncio.Queue[_Answer | None], found: BodySearch
) -> AsyncIterator[list[_Answer]]:
    while True:
        some: list[_Answer] = []
        try:
            async with asyncio.timeout(max(0.0, found.left_s())):
                answer = await waiting.get()
        except TimeoutError:
            return
        while answer is not None:
            some.append(answer)
            if waiting.empty():
                break
            answer = waiting.get_nowait()
        if some:
            yield some
        if answer is None:
            return


async def _ask_all(
    case: BodyCase,
    forms: Sequence[Form],
    found: BodySearch,
    asking: Callable[[Form], None],
    waiting: asyncio.Queue[_Answer | None],
) -> None:
    clock = asyncio.get_running_loop().time
    try:
        for number, form in enumerate(forms):
            if number == 0:
                asking(form)
            elif found.left_s() <= 0:
                return
            last_s = clock()
            async with case.workbench.answers(_request(form, case, found), found.tally) as answers:
                async for _, generation in answers:
                    found.last = generation
                    # Answers of one request share their steps; the time since the last is its own.
                    waiting.put_nowait((form, generation, (clock() - last_s) * 1000))
                    last_s = clock()
    except EngineError as error:
        found.engine_error = error
    finally:
        waiting.put_nowait(None)


def _request(form: Form, case: BodyCase, found: BodySearch) -> GenerationRequest:
    return GenerationRequest(
        prompt=form.prompt,
        n=form.n,
        max_tokens=case.config.max_tokens,
        sampling=form.sampling,
        stop=form.template.stop,
        stop_when=postprocess.body_rule(language=case.document.language, indent=form.indent),
        deadline_ms=max(1.0, found.left_s() * 1000),
    )
