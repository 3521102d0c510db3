"""Fix a failing test: candidates from the model, each run before any is shown.

Generate and validate (Le Goues et al., GenProg, TSE 2012). The model is asked to fill in one
suspicious line after the other, the original line left out; a candidate must turn the target test
green three times and leave everything green that was. No plausible patch, no edit.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.config import FixConfig
from ducktypist.domain import (
    FailingTest,
    Generation,
    GenerationRequest,
    ModelIdentity,
    Outcome,
    Prompt,
    Rung,
    Sampling,
    Span,
    TestOutcome,
    TestReport,
    TestResult,
    TextEdit,
    Verdict,
)
from ducktypist.features.check_body import failed
from ducktypist.features.grounds import Grounds
from ducktypist.features.localise import Suspect, suspects
from ducktypist.features.workbench import Tally, Workbench, new_suggestion_id, static_verdict
from ducktypist.ledger.events import Cancelled, Generated, Shown, Verified, Verifier
from ducktypist.prompting import assemble, postprocess
from ducktypist.prompting.templates import Template
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.edits import body_edit, normal_form, reindent
from ducktypist.syntax.regions import function_named, test_functions
from ducktypist.verify.guard import refusals
from ducktypist.verify.verdict import judge_fix

CONTEXT_TOKENS = 600
MAX_CHECKS = 8
SAMPLES_PER_LINE = 2
SAMPLE_TEMPERATURE = 0.8
MAX_FAILURE_CHARS = 800
REWRITE_TOKENS = 320


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
class _Question:
    """One thing to ask, and how its answer becomes an edit."""

    suspect: Suspect
    template: Template
    prompt: Prompt
    sampling: Sampling
    hole: Span | None
    """The line to replace; None for a rewritten body."""
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What stays the same through one search."""

    failing: FailingTest
    before: TestReport
    failed: TestResult
    suite_before: asyncio.Task[TestReport]
    workbench: Workbench
    grounds: Grounds
    config: FixConfig


@dataclass(slots=True)
class _Search:
    tally: Tally = field(default_factory=Tally)
    outcomes: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    asked: _Question | None = None
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
    places = suspects(failed_test, grounds)
    if not places:
        reason = "no function of the workspace outside the tests was run by it"
        return _without_edit(suggestion_id, workbench, search, reason, Outcome.NOT_RUN)
    case = _Case(
        failing=request.failing,
        before=before,
        failed=failed_test,
        suite_before=asyncio.create_task(grounds.tests([], whole_suite=True)),
        workbench=workbench,
        grounds=grounds,
        config=config,
    )
    deadline = asyncio.get_running_loop().time() + config.budget_s
    try:
        for question in _questions(places, case):
            late = asyncio.get_running_loop().time() > deadline
            if late or search.n_candidates >= config.max_candidates:
                break
            if search.asked is None:
                _record_request(workbench, suggestion_id, question, request)
            search.asked = question
            progress(f"{search} so far; trying `{question.suspect.function.name}`")
            edit = await _ask(question, search, workbench)
            if edit is None:
                continue
            verdict = await _validated(edit, question.suspect, case)
            search.outcomes[verdict.outcome] += 1
            if verdict.outcome is Outcome.PLAUSIBLE:
                search.verdict = verdict
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


def _questions(places: tuple[Suspect, ...], case: _Case) -> Iterator[_Question]:
    """Yield greedy infills of every suspicious line, then samples, then rewritten bodies."""
    test_code = _test_code(case.failing, case.grounds)
    if case.workbench.model.has_fim:
        for sample in range(1 + SAMPLES_PER_LINE):
            for place in places:
                checks = _checks(test_code)
                for line in place.lines:
                    yield _line_question(place, line, checks, case, seed=sample)
    template = case.workbench.prompts["fix-rewrite-chat"]
    for place in places:
        prompt = template.render(
            language=assemble.language_name("python"),
            fence=assemble.fence("python"),
            code=textwrap.dedent(place.function.span.of(place.text)).strip("\n"),
            test=test_code,
            failure=case.failed.message.strip()[-MAX_FAILURE_CHARS:],
            head=assemble.head_of(place.text, place.function),
        )
        yield _Question(
            suspect=place,
            template=template,
            prompt=prompt,
            sampling=Sampling(),
            hole=None,
            max_tokens=REWRITE_TOKENS,
        )


def _line_question(
    place: Suspect, line: Span, checks: list[str], case: _Case, *, seed: int
) -> _Question:
    template = case.workbench.prompts["fix-line-infill"]
    budget = int(CONTEXT_TOKENS * assemble.CHARS_PER_TOKEN)
    function = place.function.span
    before = assemble.clip_before(place.text[function.start : line.start], budget * 2 // 3)
    after = assemble.clip_after(place.text[line.end : function.end], budget // 3)
    sampling = Sampling(temperature=SAMPLE_TEMPERATURE if seed else 0.0, top_p=0.95, seed=seed)
    return _Question(
        suspect=place,
        template=template,
        prompt=template.render(
            comment=assemble.comment_marker("python"), checks=checks, before=before, after=after
        ),
        sampling=sampling,
        hole=line,
        max_tokens=case.config.line_max_tokens,
    )


async def _ask(question: _Question, search: _Search, workbench: Workbench) -> TextEdit | None:
    """Return the edit that the answer amounts to; None when it says nothing new or is refused."""
    place, hole = question.suspect, question.hole
    generation = await workbench.generate(
        GenerationRequest(
            prompt=question.prompt,
            max_tokens=question.max_tokens,
            sampling=question.sampling,
            stop=question.template.stop,
        ),
        until=_ends_with_line if hole else _ends_with_body,
    )
    search.tally.add(generation.timings)
    search.last = generation
    if hole is not None:
        edit: TextEdit | None = _line_edit(place, hole, generation.text)
    else:
        edit = _body_edit(place, generation.text)
    if edit is None:
        return None
    patched = edit.apply(place.text)
    form = normal_form(patched, "python")
    if not search.seen:
        search.seen.add(normal_form(place.text, "python"))
    if form in search.seen:
        return None
    search.seen.add(form)
    return edit


def _line_edit(place: Suspect, hole: Span, answer: str) -> TextEdit | None:
    new = postprocess.middle_line(answer).lstrip()
    rest = place.text[hole.end : place.function.span.end].lstrip("\r\n").split("\n", 1)[0].strip()
    if not new or new == rest:
        return None
    return TextEdit(span=hole, old_text=hole.of(place.text), new_text=new)


def _body_edit(place: Suspect, answer: str) -> TextEdit | None:
    body = postprocess.body_from(answer, language="python", indent="    ")
    if not body.strip():
        return None
    body = reindent(body, to_indent=place.function.indent, from_indent="    ")
    return body_edit(place.text, place.function, body)


async def _validated(edit: TextEdit, place: Suspect, case: _Case) -> Verdict:
    """Climb the ladder: cheap checks, the target three times, then everything else."""
    grounds, target = case.grounds, case.failing.node_id
    patched = edit.apply(place.text)
    rung = static_rung(place.text, patched, "python")
    if new_syntax_errors(place.text, patched, "python"):
        return failed(Rung.UNVERIFIED, Outcome.BROKEN, "adds a syntax error")
    if reasons := refusals(place.text, patched):
        return failed(rung, Outcome.TAMPERED, f"refused: it uses {', '.join(reasons)}")
    if function_named(patched, "python", place.function.qualified_name) is None:
        return failed(rung, Outcome.BROKEN, "the function is gone")
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


def _checks(test_code: str) -> list[str]:
    """Return the assertions of a test, one line each."""
    lines = (line.strip() for line in test_code.splitlines())
    return [line for line in lines if line.startswith(("assert", "self.assert"))][:MAX_CHECKS]


def _ends_with_line(text: str) -> bool:
    return "\n" in text.lstrip("\n")


def _ends_with_body(text: str) -> bool:
    return postprocess.body_ended(text, language="python", indent="    ")


def _record_request(
    workbench: Workbench, suggestion_id: str, question: _Question, request: FixRequest
) -> None:
    workbench.requested(
        suggestion_id=suggestion_id,
        template=question.template,
        prompt=question.prompt,
        language="python",
        path_key=question.suspect.path.as_posix(),
        sampling=question.sampling,
        trusted=request.trusted,
    )


def _with_edit(
    suggestion_id: str, case: _Case, search: _Search, edit: TextEdit
) -> FixProposal:
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
