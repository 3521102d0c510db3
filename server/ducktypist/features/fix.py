"""Fix a failing test: candidates from the model, each run before any is shown.

Generate and validate (Le Goues et al., GenProg, TSE 2012). The model is asked to fill in the
suspicious lines of a function, the original line left out each time, and goes on while the first
answers are run; a candidate must turn the target test green three times and leave everything green
that was. No plausible patch, no edit.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.config import FixConfig
from ducktypist.domain import (
    FailingTest,
    Generation,
    ModelIdentity,
    Outcome,
    Rung,
    TestOutcome,
    TestReport,
    TestResult,
    TextEdit,
    Verdict,
)
from ducktypist.features.check_body import failed
from ducktypist.features.fix_questions import Question, Round, rounds
from ducktypist.features.grounds import Grounds
from ducktypist.features.localise import Suspect, suspects
from ducktypist.features.workbench import Tally, Workbench, new_suggestion_id, static_verdict
from ducktypist.ledger.events import Cancelled, Generated, Shown, Verified, Verifier
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.edits import normal_form
from ducktypist.syntax.regions import function_named, test_functions
from ducktypist.verify.guard import refusals
from ducktypist.verify.verdict import judge_fix


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRequest:
    """Which red test."""

    failing: FailingTest
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FixProposal:
    """What came of it; ``edit`` is None when nothing plausible was found."""

    suggestion_id: str
    path: Path | None
    """The file to change, absolute."""
    text: str
    """The text that ``edit`` was made for; anything else makes the edit stale."""
    edit: TextEdit | None
    verdict: Verdict
    model: ModelIdentity
    message: str
    n_candidates: int
    total_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What stays the same through one search."""

    failing: FailingTest
    before: TestReport
    suite_before: asyncio.Task[TestReport]
    workbench: Workbench
    grounds: Grounds
    config: FixConfig


@dataclass(slots=True)
class _Search:
    deadline_s: float = float("inf")
    """On the event loop's clock."""
    tally: Tally = field(default_factory=Tally)
    outcomes: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    asked: Question | None = None
    last: Generation | None = None
    verdict: Verdict | None = None

    @property
    def n_candidates(self) -> int:
        return sum(self.outcomes.values())

    def __str__(self) -> str:
        counts = ", ".join(f"{n} {outcome}" for outcome, n in self.outcomes.most_common())
        return f"{self.n_candidates} candidates: {counts}" if counts else "no candidates"


async def fix(
    request: FixRequest,
    *,
    workbench: Workbench,
    grounds: Grounds,
    config: FixConfig,
    progress: Callable[[str], None],
) -> FixProposal:
    """Search for a patch that turns the test green and leaves the rest green."""
    target, search = request.failing.node_id, _Search()
    suggestion_id = new_suggestion_id()
    progress("running the failing test in the sandbox")
    before = await grounds.tests([target], trace=True)
    failed_test = next((item for item in before.results if item.node_id == target), None)
    nothing = _nothing_to_fix(before, failed_test, target)
    if failed_test is None or nothing:
        return _without_edit(suggestion_id, workbench, search, nothing, Outcome.NOT_RUN)
    places = await asyncio.to_thread(suspects, failed_test, grounds)
    if not places:
        reason = "no function of the workspace outside the tests was run by it"
        return _without_edit(suggestion_id, workbench, search, reason, Outcome.NOT_RUN)
    for place in places:
        # In a thread: a keystroke must not wait for a large file's tokens.
        search.seen.add(await asyncio.to_thread(normal_form, place.text, "python"))
    case = _Case(
        failing=request.failing,
        before=before,
        suite_before=asyncio.create_task(grounds.tests([], whole_suite=True)),
        workbench=workbench,
        grounds=grounds,
        config=config,
    )
    search.deadline_s = asyncio.get_running_loop().time() + config.budget_s
    try:
        for number, one in enumerate(
            await rounds(
                places,
                failed_test,
                await asyncio.to_thread(_test_code, request.failing, grounds),
                workbench=workbench,
                config=config,
            )
        ):
            if number == 0:
                _record_request(workbench, suggestion_id, one, request)
            elif _is_over(search, config):
                break
            edit = await _patch(one, search, case, progress)
            if edit is not None:
                return _with_edit(suggestion_id, case, search, edit)
        tried = ", ".join(f"`{place.function.name}`" for place in places)
        reason = f"no plausible patch: {search} in {tried}"
        return _without_edit(suggestion_id, workbench, search, reason, Outcome.STILL_FAILING)
    except asyncio.CancelledError:
        workbench.record([Cancelled(suggestion_id=suggestion_id)])
        raise
    finally:
        case.suite_before.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await case.suite_before


def _nothing_to_fix(report: TestReport, failed: TestResult | None, target: str) -> str:
    """Say why there is nothing to fix; empty when the failure was reproduced."""
    if report.killed:
        return f"the failing run was ended: {report.killed.replace('_', ' ')}"
    if failed is None:
        errors = "; ".join(item.message.strip()[-200:] for item in report.collection_errors)
        return f"{target} could not be collected in the sandbox{': ' + errors if errors else ''}"
    if failed.outcome not in {TestOutcome.FAILED, TestOutcome.ERROR}:
        return f"{target} {failed.outcome} in the sandbox; there is nothing to fix"
    return ""


def _is_over(search: _Search, config: FixConfig) -> bool:
    late = asyncio.get_running_loop().time() > search.deadline_s
    return late or search.n_candidates >= config.max_candidates


async def _patch(
    asked: Round, search: _Search, case: _Case, progress: Callable[[str], None]
) -> TextEdit | None:
    """Run the answers of one round as they come; return the first plausible one's edit."""

    def report(question: Question) -> None:
        progress(f"{search} so far; trying `{question.suspect.function.name}`")

    report(asked.questions[0])
    left_ms = (search.deadline_s - asyncio.get_running_loop().time()) * 1000
    request = asked.request(deadline_ms=max(1.0, left_ms))
    async with case.workbench.answers(request, search.tally) as answers:
        async for number, generation in answers:
            if _is_over(search, case.config):
                break
            question = asked.questions[number]
            search.asked, search.last = question, generation
            edit = await _new_edit(question, generation, search)
            if edit is None:
                continue
            verdict = await _validated(edit, question.suspect, case)
            search.outcomes[verdict.outcome] += 1
            if verdict.outcome is Outcome.PLAUSIBLE:
                search.verdict = verdict
                return edit
            report(question)
    return None


async def _new_edit(question: Question, generation: Generation, search: _Search) -> TextEdit | None:
    """Return the edit that the answer amounts to; None when it is no new program."""
    edit = question.edit(generation.text)
    if edit is None:
        return None
    form = await asyncio.to_thread(normal_form, edit.apply(question.suspect.text), "python")
    if form in search.seen:
        return None
    search.seen.add(form)
    return edit


def _static(place: Suspect, patched: str) -> Verdict:
    """Return what can be said of a patch without running it."""
    rung = static_rung(place.text, patched, "python")
    if new_syntax_errors(place.text, patched, "python"):
        return failed(Rung.UNVERIFIED, Outcome.BROKEN, "adds a syntax error")
    if reasons := refusals(place.text, patched):
        return failed(rung, Outcome.TAMPERED, f"refused: {', '.join(reasons)}")
    if function_named(patched, "python", place.function.qualified_name) is None:
        return failed(rung, Outcome.BROKEN, "the function is gone")
    return failed(rung, Outcome.NOT_RUN, "not run yet")


async def _validated(edit: TextEdit, place: Suspect, case: _Case) -> Verdict:
    """Climb the ladder: cheap checks, the target three times, then everything else."""
    grounds, target = case.grounds, case.failing.node_id
    patched = edit.apply(place.text)
    static = await asyncio.to_thread(_static, place, patched)
    if static.outcome is not Outcome.NOT_RUN:
        return static
    rung = static.rung
    changed = {place.path: patched}
    after: list[TestReport] = []
    for repeat in range(case.config.repeats):
        after.append(await grounds.tests([target], changed=changed, hash_seed=repeat + 1))
        if after[-1].outcome_of(target) is not TestOutcome.PASSED:
            break
    verdict = judge_fix(
        target=target,
        before=case.before,
        after=after,
        suite_before=None,
        suite_after=None,
        level=grounds.level,
        static=rung,
    )
    if verdict.outcome is not Outcome.PLAUSIBLE:
        return verdict
    return judge_fix(
        target=target,
        before=case.before,
        after=after,
        suite_before=await asyncio.shield(case.suite_before),
        suite_after=await grounds.tests([], changed=changed, hash_seed=1, whole_suite=True),
        level=grounds.level,
        static=rung,
    )


def _test_code(failing: FailingTest, grounds: Grounds) -> str:
    """Return the text of the failing test."""
    relative = grounds.relative(failing.path)
    if relative is None:
        return ""
    text = grounds.text_of(relative)
    suffix = failing.node_id.split("::", 1)[-1].split("[", 1)[0]
    for test in test_functions(text, "python"):
        if test.suffix == suffix:
            return textwrap.dedent(test.region.span.of(text)).strip("\n")
    return ""


def _record_request(
    workbench: Workbench, suggestion_id: str, asked: Round, request: FixRequest
) -> None:
    first = asked.questions[0]
    workbench.requested(
        suggestion_id=suggestion_id,
        template=asked.template,
        prompt=first.prompt,
        language="python",
        path_key=first.suspect.path.as_posix(),
        sampling=asked.sampling,
        trusted=request.trusted,
    )


def _with_edit(suggestion_id: str, case: _Case, search: _Search, edit: TextEdit) -> FixProposal:
    """Return the proposal for the question asked last, whose patch is plausible."""
    if search.asked is None or search.verdict is None:
        message = "a patch needs a question and a verdict"
        raise ValueError(message)
    place, verdict = search.asked.suspect, search.verdict
    _record_outcome(case.workbench, suggestion_id, search, verdict)
    case.workbench.record([Shown(suggestion_id=suggestion_id)])
    return FixProposal(
        suggestion_id=suggestion_id,
        path=case.grounds.root / place.path,
        text=place.text,
        edit=edit,
        verdict=verdict,
        model=case.workbench.model,
        message=verdict.summary,
        n_candidates=search.n_candidates,
        total_ms=search.tally.total().total_ms,
    )


def _without_edit(
    suggestion_id: str, workbench: Workbench, search: _Search, reason: str, outcome: Outcome
) -> FixProposal:
    verdict = failed(Rung.UNVERIFIED, outcome, reason)
    _record_outcome(workbench, suggestion_id, search, replace(verdict, repeats=1))
    return FixProposal(
        suggestion_id=suggestion_id,
        path=None,
        text="",
        edit=None,
        verdict=verdict,
        model=workbench.model,
        message=reason,
        n_candidates=search.n_candidates,
        total_ms=search.tally.total().total_ms,
    )


def _record_outcome(
    workbench: Workbench, suggestion_id: str, search: _Search, verdict: Verdict
) -> None:
    """Record one answer for the whole search; nothing when the model was never asked."""
    if search.last is None:
        return
    broken = verdict.outcome is Outcome.BROKEN
    generation = replace(search.last, timings=search.tally.total())
    workbench.record(
        [
            Generated.of(
                generation,
                suggestion_id=suggestion_id,
                static_verdict=static_verdict(verdict.rung, broken=broken),
                n_candidates=max(1, search.n_candidates),
            ),
            *Verified.of_verdict(
                verdict, suggestion_id=suggestion_id, deciding=Verifier.TARGET_TEST
            ),
        ]
    )
