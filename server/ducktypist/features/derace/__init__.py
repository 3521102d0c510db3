"""Remove a data race that ``go test -race`` reports: known ways first, then the model's.

The race is reproduced, and a patch is shown only when the test passes under the race detector,
sixty times without a report, with no fewer goroutines than before and nothing shared that is not
shared any more. A comment that says "fixed the race" is worth nothing here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.config import FixConfig
from ducktypist.domain import Candidate, FailingTest, Kind, Outcome, Source, Trial, Verdict
from ducktypist.errors import EngineError
from ducktypist.features.derace.case import DeraceRequest, RaceCase, race_reproduced
from ducktypist.features.derace.questions import race_rounds
from ducktypist.features.derace.validation import SCREEN_COUNT, RaceValidator
from ducktypist.features.fix.case import NothingToFixError
from ducktypist.features.fix.choice import Choice
from ducktypist.features.fix.proposals import FixProposal
from ducktypist.features.fix.record import Record
from ducktypist.features.fix.result import nothing_found, nothing_to_propose, proposal
from ducktypist.features.fix.search import Plausible, Search, answered
from ducktypist.features.grounds import Grounds
from ducktypist.features.workbench import Workbench
from ducktypist.syntax.edits import normal_form
from ducktypist.syntax.go_scopes import GoFile, Variable
from ducktypist.syntax.race.recipes import race_recipes
from ducktypist.syntax.regions import functions
from ducktypist.verify.race_reports import has_race

__all__ = ["DeraceRequest", "derace", "is_race"]

SOURCES = (Source.RACE_RECIPE, Source.REWRITE, Source.LINE)
MAX_RECIPES = 24
"""For one set of variables in one file."""
_STAGES = ("static", "screen", "repeats", "suite")


def is_race(failing: FailingTest) -> bool:
    """Tell whether a red test is red because of a data race, as far as its message says."""
    return has_race(failing.message)


@dataclass(slots=True)
class _Means:
    case: RaceCase
    workbench: Workbench
    config: FixConfig
    record: Record
    progress: Callable[[str], None]
    found: Search
    validator: RaceValidator
    seen: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        found, config = self.found, self.config
        return found.left_s() <= 0 or len(found.trials) >= config.max_candidates


async def derace(
    request: DeraceRequest,
    *,
    workbench: Workbench,
    grounds: Grounds,
    config: FixConfig,
    progress: Callable[[str], None],
) -> FixProposal:
    """Search for a patch after which the test runs without a data race.

    ``config.budget_s`` counts from when the race was seen: the first build under the race detector
    includes the standard library.

    Raises:
        RunnerError: The test's runner is missing, did not start, or cannot look for races.
        SandboxError: A run could not be isolated.
        EngineError: The model could not be asked, and no known way was plausible.
    """
    record = Record.begin(
        workbench,
        kind=Kind.DERACE,
        trusted=request.trusted,
        root=grounds.root,
        target=request.failing.node_id,
    )
    clock = asyncio.get_running_loop().time
    found = Search(started_s=clock(), deadline_s=clock() + config.budget_s)
    try:
        async with race_reproduced(request, grounds=grounds, progress=progress) as case:
            found.deadline_s = clock() + config.budget_s
            choice = await _searched(case, record, found, config=config, progress=progress)
            if choice is None and found.engine_error is not None:
                raise found.engine_error
            verdict = _verdict(case, found, choice)
            return proposal(found, case.case, record, choice, verdict)
    except NothingToFixError as error:
        return nothing_to_propose(found, record, str(error))
    except asyncio.CancelledError:
        record.cancelled()
        raise


async def _searched(
    case: RaceCase,
    record: Record,
    found: Search,
    *,
    config: FixConfig,
    progress: Callable[[str], None],
) -> Choice | None:
    request = case.race_request(
        [case.case.target], changed={}, repeats=SCREEN_COUNT, hash_seed=1, canaries=False
    )
    sources = config.sources or SOURCES
    async with case.case.runner.trials(request) as trials:
        validator = RaceValidator(case=case, trials=trials, config=config)
        means = _Means(
            case=case,
            workbench=record.workbench,
            config=config,
            record=record,
            progress=progress,
            found=found,
            validator=validator,
        )
        try:
            for file in case.files:
                means.seen.add(await asyncio.to_thread(normal_form, file.text, "go"))
            if Source.RACE_RECIPE in sources:
                async for candidate in _recipes(means):
                    choice = await _tried(candidate, means)
                    if choice is not None or means.is_over:
                        return choice
            return await _asked(means, [Source(item) for item in sources])
        finally:
            await validator.aclose()


async def _recipes(means: _Means) -> AsyncIterator[Candidate]:
    """Yield recipes against what races, then against what still raced with those."""
    known: dict[Path, tuple[Variable, ...]] = {
        file.path: file.variables for file in means.case.files
    }
    for round_ in range(1 + means.config.repair_rounds):
        for file in means.case.files:
            variables = known[file.path]
            if round_:
                raced = means.validator.also_raced.get(file.path, {})
                more = await asyncio.to_thread(_same_here, file.text, raced, variables)
                if not more:
                    continue
                variables = known[file.path] = (*variables, *more)
            for candidate in await asyncio.to_thread(_made, file.path, file.text, variables):
                yield candidate


def _made(path: Path, text: str, variables: Sequence[Variable]) -> list[Candidate]:
    regions = functions(text, "go")
    found: list[Candidate] = []
    for recipe in race_recipes(text, variables):
        if len(found) >= MAX_RECIPES:
            break
        start, end = recipe.edit.span.start, recipe.edit.span.end
        inside = [r.qualified_name for r in regions if r.span.start <= end and start <= r.span.end]
        found.append(
            Candidate(
                path=path,
                edit=recipe.edit,
                source=Source.RACE_RECIPE,
                function=inside[0] if inside else "",
                what=recipe.what,
                suspicion=1.0,
            )
        )
    return found


def _same_here(
    text: str, raced: dict[tuple[str, str, str], Variable], known: Sequence[Variable]
) -> list[Variable]:
    """Return what raced in a patched text as the variables of the text before, new ones only."""
    file = GoFile.of(text)
    have = {(item.kind.value, item.name, item.owner) for item in known}
    found: dict[tuple[str, str, str], Variable] = {}
    for use in file.uses() if file is not None else []:
        one = use.variable
        key = (one.kind.value, one.name, one.owner)
        if key in raced and key not in have:
            found.setdefault(key, one)
    return list(found.values())


async def _asked(means: _Means, sources: Sequence[Source]) -> Choice | None:
    """Ask the model; return the first patch of its that holds."""
    found, config, workbench = means.found, means.config, means.workbench
    for round_ in await race_rounds(
        means.case, workbench=workbench, config=config, sources=sources
    ):
        if means.is_over or found.n_tokens >= config.max_tokens:
            return None
        try:
            async with contextlib.aclosing(
                answered(round_, found, workbench, asking=means.record.asking)
            ) as candidates:
                async for candidate in candidates:
                    choice = await _tried(candidate, means)
                    if choice is not None or means.is_over:
                        return choice
        except EngineError as error:
            found.engine_error = error
            return None
    return None


async def _tried(candidate: Candidate, means: _Means) -> Choice | None:
    """Try one candidate; return it as the choice when it holds."""
    found, case = means.found, means.case.case
    patched = candidate.edit.apply(case.texts.get(candidate.path, ""))
    form = await asyncio.to_thread(normal_form, patched, "go")
    if candidate.path not in case.texts or form in means.seen:
        return None
    means.seen.add(form)
    number = len(found.trials) + 1
    means.progress(f"candidate {number}: {candidate.what}")
    clock = asyncio.get_running_loop().time
    begun_s = clock()
    screened = await means.validator.screen(candidate)
    outcome, stage, verdict = screened.outcome, screened.stage, None
    if outcome is Outcome.PLAUSIBLE:
        means.progress(f"candidate {number}: running it under -race in earnest")
        verdict, stage = await means.validator.validate(candidate)
        outcome = verdict.outcome
    trial = Trial(
        candidate=candidate,
        outcome=outcome,
        stage=stage,
        verify_ms=(clock() - begun_s) * 1000,
    )
    found.trials.append(trial)
    means.progress(f"candidate {number}: {outcome}")
    if verdict is None or outcome is not Outcome.PLAUSIBLE:
        if found.attempt is None or _STAGES.index(stage) > _STAGES.index(found.attempt[1].stage):
            found.attempt = (candidate, replace(screened, stage=stage, outcome=outcome))
        return None
    plausible = Plausible(candidate=candidate, screened=screened, verdict=verdict)
    found.plausible.append(plausible)
    found.first_plausible_ms = (clock() - found.started_s) * 1000
    found.n_before_first = number
    return Choice(plausible=plausible, verdict=verdict)


def _verdict(case: RaceCase, found: Search, choice: Choice | None) -> Verdict:
    if choice is not None:
        return choice.verdict
    return nothing_found(found, case.case, "no patch removes the race")
