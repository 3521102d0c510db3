"""Write the body of a documented function: several candidates, run before one is offered.

The forms of asking differ, because a small model that fails one often passes another. What passes
is compared, what fails is mended line by line, and what is offered says how far it was checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Document,
    Kind,
    ModelIdentity,
    Outcome,
    Prediction,
    Rung,
    TextEdit,
    Verdict,
)
from ducktypist.errors import DucktypistError
from ducktypist.features.body.case import (
    NEVER_OFFERED,
    BodyCase,
    BodyRequest,
    BodySearch,
    failing,
)
from ducktypist.features.body.choice import BodyChoice, choose_body, choose_unrun
from ducktypist.features.body.forms import Around, Form, body_forms
from ducktypist.features.body.record import BodyRecord
from ducktypist.features.body.repair import mend
from ducktypist.features.body.search import prove, search_bodies
from ducktypist.features.check_body import not_run
from ducktypist.features.context.ring import Ring
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.sources import SourceCount, source_counts
from ducktypist.syntax.doc_checks import doc_checks
from ducktypist.syntax.regions import function_named

FAILED = frozenset(
    {
        Outcome.STILL_FAILING,
        Outcome.TIMEOUT,
        Outcome.FLAKY,
        Outcome.REGRESSED,
        Outcome.SANDBOX_ERROR,
    }
)
"""There was something to run, so that a body of which nothing was run is none to offer."""
__all__ = ["BodyProposal", "BodyRequest", "write_body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyProposal:
    """What came of it; ``edit`` is None when nothing is offered, and ``message`` says why."""

    suggestion_id: str
    edit: TextEdit | None
    """May begin above the function, where imports are added."""
    verdict: Verdict
    model: ModelIdentity
    message: str
    n_candidates: int
    """Different programs."""
    total_ms: float
    prediction: Prediction | None = None
    """How likely ``edit`` is right; None without one, or where nobody says."""


async def write_body(
    request: BodyRequest,
    *,
    workbench: Workbench,
    grounds: Grounds | NotRunnable,
    config: CompleteConfig,
    progress: Callable[[str], None],
    ring: Ring | None = None,
) -> BodyProposal | None:
    """Search for a body, or return None when there is no such function.

    Args:
        request: Which function.
        workbench: The engine, the prompts and the ledger.
        grounds: What may be run, or why nothing may.
        config: How many candidates, and how long.
        progress: Told what is being done.
        ring: Code that the person visited lately.

    Raises:
        EngineError: The model could not be asked, and there is no candidate.
    """
    case = await _case(request, workbench=workbench, grounds=grounds, config=config)
    if case is None:
        return None
    record = BodyRecord.begin(workbench, request)
    try:
        forms = await _forms(request, case, ring)
        now_s = asyncio.get_running_loop().time()
        found = BodySearch(started_s=now_s, deadline_s=now_s + config.budget_s)
        await search_bodies(case, forms, found, progress=progress, asking=record.asking)
        choice = await _chosen(found, case, progress)
        if choice is None and config.repair_s > 0 and failing(list(found.standings.values())):
            await mend(found, case, progress=progress)
            choice = await _chosen(found, case, progress)
        return await _proposal(found, case, record, choice)
    except asyncio.CancelledError:
        record.cancelled()
        raise


async def _case(
    request: BodyRequest,
    *,
    workbench: Workbench,
    grounds: Grounds | NotRunnable,
    config: CompleteConfig,
) -> BodyCase | None:
    document = request.document
    # What reads the whole text runs in a thread: a keystroke must not wait for it.
    function = await asyncio.to_thread(
        function_named, document.text, document.language, request.function
    )
    if function is None:
        return None
    tests: tuple[str, ...] = ()
    path = await asyncio.to_thread(_path, document, grounds)
    if isinstance(grounds, Grounds):
        tests = await grounds.tests_naming(function.name, document.language, near=path)
    checks = await asyncio.to_thread(doc_checks, document.text, document.language, function)
    return BodyCase(
        document=document,
        path=path,
        function=function,
        workbench=workbench,
        grounds=grounds,
        tests=tests,
        checks=checks,
        config=config,
    )


def _path(document: Document, grounds: Grounds | NotRunnable) -> Path:
    if document.path is None:
        return Path("untitled")
    relative = grounds.relative(document.path) if isinstance(grounds, Grounds) else None
    return relative or document.path


async def _forms(request: BodyRequest, case: BodyCase, ring: Ring | None) -> list[Form]:
    root, buffers = request.root, request.buffers
    if root is None and isinstance(case.grounds, Grounds):
        root, buffers = case.grounds.root, case.grounds.buffers
    return await body_forms(
        case.document,
        case.function,
        workbench=case.workbench,
        config=case.config,
        records=await _counts(case),
        around=Around(root=root, buffers=buffers, ring=ring),
    )


async def _counts(case: BodyCase) -> tuple[SourceCount, ...]:
    """Return what the ledger says of this model; nothing where it cannot be read."""
    workbench = case.workbench
    try:
        return await asyncio.to_thread(
            source_counts,
            workbench.ledger.path,
            model_sha256=workbench.model.sha256,
            kind=Kind.COMPLETE,
            language=case.document.language,
        )
    except DucktypistError:
        return ()


async def _chosen(
    found: BodySearch, case: BodyCase, progress: Callable[[str], None]
) -> BodyChoice | None:
    """Return the body to offer, if there is one that passes or of which nothing can be run."""
    passing = found.passing
    if len(passing) > 1:
        progress(f"comparing {len(passing)} bodies that pass")
    choice = await choose_body(passing, case) if passing else None
    has_failed = any(one.verdict.outcome in FAILED for one in found.standings.values())
    if choice is None and not has_failed:
        choice = choose_unrun(list(found.standings.values()))
    return choice


async def _proposal(
    found: BodySearch, case: BodyCase, record: BodyRecord, choice: BodyChoice | None
) -> BodyProposal:
    best = choice.standing if choice is not None else found.best
    if choice is None and best is not None:
        # What was only looked at gets its verdict.
        await prove(best, case)
    if best is None:
        verdict = not_run(Rung.UNVERIFIED, "no candidate could be made into a body")
    else:
        verdict = best.verdict
    if choice is not None and choice.doubt:
        verdict = replace(verdict, summary=f"{verdict.summary}; but {choice.doubt}")
    is_wanted = choice is not None or case.config.offer_unverified
    is_shown = best is not None and is_wanted and verdict.outcome not in NEVER_OFFERED
    record.ended(
        found,
        case,
        verdict,
        best=best,
        n_agreeing=choice.n_agreeing if choice is not None else None,
        n_compared=_n_run(found) if choice is not None and choice.is_compared else None,
        is_shown=is_shown,
    )
    return BodyProposal(
        suggestion_id=record.suggestion_id,
        edit=best.candidate.edit if best is not None and is_shown else None,
        verdict=verdict,
        model=case.workbench.model,
        message=_message(found, choice, verdict),
        n_candidates=found.n_programs,
        total_ms=found.tally.total().total_ms,
        prediction=record.prediction if is_shown else None,
    )


def _n_run(found: BodySearch) -> int:
    """Return how many answers were run; one that fails behaves like none that passes."""
    return sum(one.n_answers for one in found.standings.values() if one.stage != "static")


def _message(found: BodySearch, choice: BodyChoice | None, verdict: Verdict) -> str:
    n = found.n_programs
    if not n:
        return "no body was found: every answer was empty or did not parse"
    if choice is not None or verdict.outcome is Outcome.NOT_RUN:
        return verdict.summary
    n_checks = verdict.passed + verdict.failed
    if verdict.outcome is Outcome.STILL_FAILING and n_checks:
        return (
            f"no candidate passed: the best of {n} passes {verdict.passed} of {n_checks} checks "
            f"({verdict.summary})"
        )
    return f"none of {n} candidates passed; the best: {verdict.summary}"
