"""The search for patches: candidates from the model and from rules, tried as they come.

Generate and validate (Le Goues et al., GenProg, TSE 2012). The model writes while candidates are
run. After the first plausible one the search goes on for a while: where tests are thin, several
patches pass, and the first is not always the right one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

from ducktypist.config import FixConfig
from ducktypist.domain import (
    Candidate,
    Generation,
    Mutation,
    Outcome,
    Source,
    Trial,
    Verdict,
)
from ducktypist.errors import EngineError
from ducktypist.features.fix.case import Case
from ducktypist.features.fix.localise import Suspect
from ducktypist.features.fix.pool import Pool
from ducktypist.features.fix.questions import Round, repair_round, rounds
from ducktypist.features.fix.validation import Screened, Validator, screen_tests
from ducktypist.features.workbench import Tally, Workbench
from ducktypist.syntax.mutations import mutations

ENOUGH = 8
"""So many plausible patches tell enough about the ways to pass the tests."""
MUTATED_PLACES = 3
RANK_WEIGHT = 0.15


@dataclass(slots=True)
class Plausible:
    """A candidate that passes."""

    candidate: Candidate
    screened: Screened
    verdict: Verdict | None = None
    """None until it was run properly."""


@dataclass(slots=True)
class Search:
    """What a search has found so far."""

    started_s: float
    """On the event loop's clock."""
    deadline_s: float
    tally: Tally = field(default_factory=Tally)
    trials: list[Trial] = field(default_factory=list)
    plausible: list[Plausible] = field(default_factory=list)
    first_plausible_ms: float | None = None
    n_before_first: int | None = None
    last: Generation | None = None
    """The model's latest answer."""
    generations: list[tuple[Candidate, Generation]] = field(default_factory=list)
    """What the model said for each candidate that it made."""
    first_round: Round | None = None
    """What the model was asked first."""
    engine_error: EngineError | None = None
    attempt: tuple[Candidate, Screened] | None = None
    """The candidate of the model that came furthest without passing."""

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many candidates came to what."""
        return Counter(trial.outcome for trial in self.trials)

    @property
    def n_tokens(self) -> int:
        """How many tokens the model wrote."""
        return self.tally.total().completion_tokens

    def left_s(self) -> float:
        """Return how much time there is."""
        return self.deadline_s - asyncio.get_running_loop().time()

    def generation_of(self, candidate: Candidate) -> Generation | None:
        """Return what the model said for a candidate; None for one that it did not make."""
        return next((said for made, said in self.generations if made is candidate), None)

    def __str__(self) -> str:
        counts = ", ".join(f"{n} {outcome}" for outcome, n in self.outcomes.most_common())
        return f"{len(self.trials)} candidates: {counts}" if counts else "no candidates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a search works with."""

    case: Case
    workbench: Workbench
    config: FixConfig
    sources: tuple[Source, ...]
    """What to try, the most promising first."""
    progress: Callable[[str], None]
    asking: Callable[[Round], None]
    """Told before the model is asked for the first time."""


@contextlib.asynccontextmanager
async def search_patches(means: Means, found: Search) -> AsyncIterator[Validator]:
    """Fill ``found``; gives the validator once, for the choice, while the trials are still open."""
    case, config = means.case, means.config
    pool = Pool(case.places)
    await pool.prepare()
    beside = await asyncio.to_thread(screen_tests, case)
    request = replace(case.grounds.request([case.target, *case.others, *beside]), hash_seed=1)
    producer = asyncio.create_task(_produce(means, pool, found))
    try:
        async with case.runner.trials(request) as trials:
            validator = Validator(case=case, trials=trials, config=config, beside=beside)
            await _try_all(means, pool, found, validator)
            producer.cancel()
            yield validator
    finally:
        producer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await producer


async def _try_all(means: Means, pool: Pool, found: Search, validator: Validator) -> None:
    clock = asyncio.get_running_loop().time
    config = means.config
    while found.left_s() > 0 and len(found.trials) < config.max_candidates:
        candidate = await pool.next(timeout_s=found.left_s())
        if candidate is None:
            return
        begun_s = clock()
        screened = await validator.screen(candidate)
        outcome, stage = screened.outcome, screened.stage
        if outcome is Outcome.PLAUSIBLE:
            one = Plausible(candidate=candidate, screened=screened)
            if found.first_plausible_ms is None:
                one.verdict, stage = await validator.validate(candidate, screened.rung)
                outcome = one.verdict.outcome
            if outcome is Outcome.PLAUSIBLE:
                found.plausible.append(one)
        elif candidate.source is not Source.MUTATION:
            _note_attempt(found, candidate, screened)
        found.trials.append(
            Trial(
                candidate=candidate,
                outcome=outcome,
                stage=stage,
                verify_ms=(clock() - begun_s) * 1000,
            )
        )
        number = len(found.trials)
        means.progress(f"candidate {number} of {pool.n_known}: {outcome}")
        if found.plausible and found.first_plausible_ms is None:
            found.first_plausible_ms = (clock() - found.started_s) * 1000
            found.n_before_first = number
            found.deadline_s = min(found.deadline_s, clock() + config.more_s)
            means.progress(f"plausible: candidate {number}; looking for others")
        if len(found.plausible) >= ENOUGH:
            return


def _note_attempt(found: Search, candidate: Candidate, screened: Screened) -> None:
    """Keep the attempt that came furthest: most red tests green, else another failure."""
    if screened.outcome is not Outcome.STILL_FAILING or not screened.message:
        return
    if found.attempt is None or screened.n_green > found.attempt[1].n_green:
        found.attempt = (candidate, screened)


# ------------------------------------------------------------------ where candidates come from


async def _produce(means: Means, pool: Pool, found: Search) -> None:
    """Add candidates of every source until all are exhausted."""
    try:
        if Source.MUTATION in means.sources:
            await pool.add(await asyncio.to_thread(_mutated, means.case.places))
        try:
            await _ask_all(means, pool, found)
        except EngineError as error:
            # Patches by rule are still there to be tried.
            found.engine_error = error
    finally:
        pool.close()


def _mutated(places: Sequence[Suspect]) -> list[Candidate]:
    return [made for place in places[:MUTATED_PLACES] for made in changes_by_rule(place)]


def changes_by_rule(place: Suspect) -> list[Candidate]:
    """Return the simple changes of a place's suspicious lines; no model is asked."""
    made: list[Candidate] = []
    ranks: Counter[int] = Counter()
    for mutation in mutations(place.text, place.function, place.lines):
        made.append(_by_rule(place, mutation, ranks[mutation.line]))
        ranks[mutation.line] += 1
    return made


def _by_rule(place: Suspect, mutation: Mutation, rank: int) -> Candidate:
    # The first mutations of a line are the most usual mistakes.
    suspicion = place.lines.get(mutation.line, place.suspicion) / (1 + RANK_WEIGHT * rank)
    return Candidate(
        path=place.path,
        edit=mutation.edit,
        source=Source.MUTATION,
        function=place.function.qualified_name,
        what=mutation.what,
        suspicion=suspicion,
    )


async def _ask_all(means: Means, pool: Pool, found: Search) -> None:
    case, config = means.case, means.config
    asked = await rounds(
        case.failure, workbench=means.workbench, config=config, sources=means.sources
    )
    for one in asked:
        if _is_spent(found, config):
            return
        await _ask(one, means, pool, found)
    for _ in range(config.repair_rounds if Source.REWRITE in means.sources else 0):
        attempt = found.attempt
        if attempt is None or _is_spent(found, config):
            return
        found.attempt = None
        candidate, screened = attempt
        place = next(
            item
            for item in case.places
            if (item.path, item.function.qualified_name) == (candidate.path, candidate.function)
        )
        text = await asyncio.to_thread(_patched_function, place, candidate)
        await _ask(
            repair_round(
                replace(case.failure, message=screened.message),
                place,
                function_text=text,
                workbench=means.workbench,
            ),
            means,
            pool,
            found,
        )


def _is_spent(found: Search, config: FixConfig) -> bool:
    return found.left_s() <= 0 or found.n_tokens >= config.max_tokens


async def _ask(asked: Round, means: Means, pool: Pool, found: Search) -> None:
    """Ask one round and add its answers as they come."""
    async with contextlib.aclosing(
        answered(asked, found, means.workbench, asking=means.asking)
    ) as candidates:
        async for candidate in candidates:
            await pool.add([candidate])


async def answered(
    asked: Round, found: Search, workbench: Workbench, *, asking: Callable[[Round], None]
) -> AsyncGenerator[Candidate, None]:
    """Ask one round and give what its answers amount to as they come; closing cancels the rest.

    Args:
        asked: The round.
        found: What it took is counted in here.
        workbench: The engine.
        asking: Told before the model is asked for the first time in this search.

    Raises:
        EngineError: The rest will not come.
    """
    if found.first_round is None:
        found.first_round = asked
        asking(asked)
    clock = asyncio.get_running_loop().time
    request = asked.request(deadline_ms=max(1.0, found.left_s() * 1000))
    last_s = clock()
    async with workbench.answers(request, found.tally) as answers:
        async for number, generation in answers:
            found.last = generation
            # Answers of one request share their steps; the time since the last one is its share.
            candidate = asked.questions[number].candidate(generation, ms=(clock() - last_s) * 1000)
            if candidate is not None:
                found.generations.append((candidate, generation))
                yield candidate
            # Whoever tries it at once takes time of its own.
            last_s = clock()


def _patched_function(place: Suspect, candidate: Candidate) -> str:
    start, end = place.function.span.start, place.function.span.end
    grown = len(candidate.edit.new_text) - len(candidate.edit.span)
    return candidate.edit.apply(place.text)[start : end + grown].strip("\n")
