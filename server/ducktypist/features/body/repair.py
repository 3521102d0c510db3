"""Mending the bodies that came nearest: suspicious lines filled in anew, and changes by rule.

The repair search, turned on the model's own answer: filling in one line finds far more than asking
for the whole again. Every change is tried on the examples in one warm process; what passes there
takes its place among the candidates and still has to be proven.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from ducktypist.config import FixConfig
from ducktypist.domain import Candidate, Outcome, Rung, Source
from ducktypist.errors import EngineError
from ducktypist.features.body.answers import mended
from ducktypist.features.body.case import (
    BodyCandidate,
    BodyCase,
    BodySearch,
    Standing,
    failing,
)
from ducktypist.features.body.search import prove, screen
from ducktypist.features.check_body import failed
from ducktypist.features.fix.case import Failure
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.fix.pool import Pool
from ducktypist.features.fix.questions import Round, rounds
from ducktypist.features.fix.search import Search, answered, changes_by_rule
from ducktypist.syntax.doc_checks import DocCheck
from ducktypist.syntax.edits import statement_lines
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import function_named

MAX_BASES = 2
"""How many bodies are mended, each in its share of the time."""
BATCH = 16
"""So many changes are tried in one process."""
MAX_TRIED = 400
BITS_TO_SPARE = 2
"""A change by chance shall pass in one search of so many times two at most."""
BITS_OF_A_TEST = 6
BITS_OF_A_WORD = {"True": 1.0, "False": 1.0, "None": 2.0}
"""How hard it is to hit upon a value by chance."""
BITS_OF_ANY = 2.0
BITS_OF_A_CHARACTER = 2.5
BITS_AT_MOST = 16.0
MIN_TRIED = 4
ENOUGH = 4
SOURCES = (Source.LINE, Source.INSERTION, Source.SPAN)
UNSURE_NATS = 1.5
"""A line whose least likely token has this log-probability is half as suspicious as can be."""


async def mend(found: BodySearch, case: BodyCase, *, progress: Callable[[str], None]) -> None:
    """Add mended bodies to what was found, those that pass proven; for ``config.repair_s``.

    Args:
        found: What a search found; none of it passes.
        case: What is wanted.
        progress: Told how far it is.
    """
    clock = asyncio.get_running_loop().time
    # What compares candidates afterwards is not counted.
    until_s = clock() + case.config.repair_s
    bases = failing(list(found.standings.values()))[:MAX_BASES]
    n_left = n_worth_trying(case)
    for number, base in enumerate(bases):
        n_share = -(-n_left // (len(bases) - number))
        if n_share < MIN_TRIED:
            return
        found.deadline_s = clock() + (until_s - clock()) / (len(bases) - number)
        place = await asyncio.to_thread(_place, base.candidate, case)
        if place is not None:
            n_left -= await _mend_one(base, place, found, case, progress, n_max=n_share)
        if found.passing:
            return


def n_worth_trying(case: BodyCase) -> int:
    """Return how many changes may be tried before one passes by chance.

    A hundred changes of a wrong body are sure to hold one that gives ``True`` for the one example
    that there is. So the less the examples say, the fewer changes are tried, the likeliest first.
    """
    bits = BITS_OF_A_TEST * len(case.tests) + sum(map(_bits, case.checks)) - BITS_TO_SPARE
    return min(MAX_TRIED, int(2.0 ** min(bits, BITS_AT_MOST)))


def _bits(check: DocCheck) -> float:
    """Return how much a check says, from the length of the value that it wants."""
    if check.raises:
        return BITS_OF_ANY
    value = check.expected.strip()
    if value == "True" and "==" in check.call:
        value = check.call.rpartition("==")[2].strip()
    if value in BITS_OF_A_WORD:
        return BITS_OF_A_WORD[value]
    n_telling = sum(character.isalnum() for character in value)
    return min(BITS_AT_MOST, BITS_OF_ANY + BITS_OF_A_CHARACTER * n_telling)


async def _mend_one(
    base: Standing,
    place: Suspect,
    found: BodySearch,
    case: BodyCase,
    progress: Callable[[str], None],
    *,
    n_max: int,
) -> int:
    """Try changes of one body; return how many were tried."""
    pool = Pool([place])
    await pool.prepare()
    producer = asyncio.create_task(_produce(place, pool, found, case, n_max=n_max))
    n_tried = 0
    try:
        while found.left_s() > 0 and n_tried < n_max and len(found.passing) < ENOUGH:
            some = await _next(pool, found, n_max=min(BATCH, n_max - n_tried))
            if not some:
                break
            n_tried += len(some)
            await _try(some, base, found, case)
            n = len(found.passing)
            progress(f"mending: {n_tried} changes tried" + (f", {n} pass" if n else ""))
    finally:
        producer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await producer
    return n_tried


async def _next(pool: Pool, found: BodySearch, *, n_max: int) -> list[Candidate]:
    """Return the most promising changes that are there; none when there will be none."""
    some: list[Candidate] = []
    while len(some) < n_max:
        candidate = await pool.next(timeout_s=0.0 if some else max(0.0, found.left_s()))
        if candidate is None:
            break
        some.append(candidate)
    return some


async def _try(
    some: Sequence[Candidate], base: Standing, found: BodySearch, case: BodyCase
) -> None:
    made = await asyncio.to_thread(_applied, some, base.candidate, case)
    sound = [one for one in made if one.static.rung.height >= Rung.RESOLVES.height]
    new = [one for one in map(found.added, sound) if one is not None]
    await screen(new, case)
    for one in new:
        if one.is_unrun:
            why = "it could not be run"
            one.verdict = failed(one.candidate.static.rung, Outcome.SANDBOX_ERROR, why)
        if one.passes and not any(other.is_proven for other in found.passing):
            await prove(one, case)
            if one.passes:
                found.end_in(case.config.more_s)


def _applied(some: Sequence[Candidate], base: BodyCandidate, case: BodyCase) -> list[BodyCandidate]:
    made: list[BodyCandidate] = []
    for candidate in some:
        one = mended(base, candidate.edit, case, source=candidate.source, what=candidate.what)
        if one is not None:
            made.append(
                replace(
                    one,
                    suspicion=candidate.suspicion,
                    n_tokens=candidate.completion_tokens,
                    ms=candidate.generation_ms,
                    mean_logprob=candidate.mean_logprob,
                )
            )
    return made


# ----------------------------------------------------------------------------- where to look


def _place(candidate: BodyCandidate, case: BodyCase) -> Suspect | None:
    """Return the function with a body in it, and how suspicious its lines are."""
    text = candidate.text
    function = function_named(text, case.document.language, case.function.qualified_name)
    if function is None:
        return None
    table = LineTable(text)
    lines = [
        table.line_of(span.start) + 1
        for span in statement_lines(text, case.document.language, function)
    ]
    doubts = _doubts(candidate)
    return Suspect(
        path=case.path,
        text=text,
        function=function,
        suspicion=1.0,
        lines={line: doubts.get(table.text(line - 1).strip(), 0.5) for line in lines},
    )


def _doubts(candidate: BodyCandidate) -> dict[str, float]:
    """Return for each line that the model wrote how unsure it was of it, 0 to 1."""
    made = candidate.generation
    doubts: dict[str, float] = {}
    if made is None:
        return doubts
    line, least = "", 0.0
    for token in made.logprobs:
        head, newline, tail = token.text.partition("\n")
        line += head
        least = min(least, token.logprob)
        if newline:
            if line.strip():
                doubts[line.strip()] = least / (least - UNSURE_NATS)
            line, least = tail.rpartition("\n")[2], 0.0
    if line.strip():
        doubts[line.strip()] = least / (least - UNSURE_NATS)
    return doubts


# ----------------------------------------------------------------------------- what to try


async def _produce(
    place: Suspect, pool: Pool, found: BodySearch, case: BodyCase, *, n_max: int
) -> None:
    """Add changes by rule and those that the model proposes, until all are exhausted."""
    by_rule = await asyncio.to_thread(changes_by_rule, place)
    if len(by_rule) > n_max // 2:
        # They are there at once, and would leave nothing for the model's.
        by_rule = sorted(by_rule, key=lambda item: -item.suspicion)[: max(1, n_max // 2)]
    try:
        await pool.add(by_rule)
        failure = Failure(places=(place,), test_code=_asserted(case), message="")
        search = Search(started_s=found.started_s, deadline_s=found.deadline_s, tally=found.tally)
        with contextlib.suppress(EngineError):
            asked = await rounds(
                failure, workbench=case.workbench, config=FixConfig(), sources=SOURCES
            )
            for one in asked:
                if found.left_s() <= 0:
                    return
                search.deadline_s = found.deadline_s
                await _ask(one, search, pool, case)
    finally:
        pool.close()


async def _ask(asked: Round, search: Search, pool: Pool, case: BodyCase) -> None:
    answers = answered(asked, search, case.workbench, asking=lambda _: None)
    async with contextlib.aclosing(answers) as candidates:
        async for candidate in candidates:
            await pool.add([candidate])


def _asserted(case: BodyCase) -> str:
    """Return what the documentation states as the lines of a test."""
    said = [f"{check.call} == {check.expected}" for check in case.checks if check.expected]
    return "\n".join(
        f"assert {line}" if case.document.language == "python" else line for line in said
    )
