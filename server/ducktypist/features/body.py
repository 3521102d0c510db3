"""Write the body of a documented function: several candidates, run before one is offered.

The forms of asking differ, because a small model that fails one often passes another: the chat
that continues the function's head, fill-in-the-middle, plain continuation; greedy first, then
samples, several of one form in one request. The first candidate that passes everything there is to
run ends the search, and whatever is still being generated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Document,
    Generation,
    GenerationRequest,
    ModelIdentity,
    Outcome,
    Rung,
    TextEdit,
    Verdict,
)
from ducktypist.features.body_forms import Form, body_forms
from ducktypist.features.check_body import check_body, failed, not_run
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.features.workbench import (
    Tally,
    Workbench,
    new_suggestion_id,
    static_verdict,
)
from ducktypist.ledger.events import Cancelled, Generated, Shown, Verified, Verifier
from ducktypist.prompting import postprocess
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.edits import body_edit, normal_form, reindent
from ducktypist.syntax.regions import FunctionRegion, function_named

MAX_UNRUN_CANDIDATES = 3
NEVER_OFFERED = frozenset({Outcome.BROKEN, Outcome.TAMPERED})
"""Whatever the settings say: code that does not parse, and code that cheats its checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRequest:
    """Which function."""

    document: Document
    function: str
    """Its qualified name."""
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyProposal:
    """What came of it; ``edit`` is None when nothing is offered, and ``message`` says why."""

    suggestion_id: str
    edit: TextEdit | None
    verdict: Verdict
    model: ModelIdentity
    message: str
    n_candidates: int
    total_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    edit: TextEdit
    verdict: Verdict
    generation: Generation
    form: Form
    normal_form: str
    """Of the patched file; candidates that agree in it are the same program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What stays the same through one search."""

    document: Document
    function: FunctionRegion
    workbench: Workbench
    grounds: Grounds | NotRunnable
    tests: tuple[str, ...]
    """Node ids of the tests that name the function."""
    config: CompleteConfig


@dataclass(slots=True)
class _Search:
    """What is known so far; the best candidate is the one highest on the ladder."""

    deadline_s: float
    """On the event loop's clock."""
    candidates: list[_Candidate] = field(default_factory=list)
    n_asked: int = 0
    seen: set[str] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)

    @property
    def best(self) -> _Candidate | None:
        return max(self.candidates, key=_preference, default=None)


async def write_body(
    request: BodyRequest,
    *,
    workbench: Workbench,
    grounds: Grounds | NotRunnable,
    config: CompleteConfig,
    progress: Callable[[str], None],
) -> BodyProposal | None:
    """Search for a body, or return None when there is no such function."""
    document = request.document
    # What reads the whole text runs in a thread: a keystroke must not wait for it.
    function = await asyncio.to_thread(
        function_named, document.text, document.language, request.function
    )
    if function is None:
        return None
    tests: tuple[str, ...] = ()
    if isinstance(grounds, Grounds) and document.language == "python":
        tests = await grounds.tests_naming(function.name)
    suggestion_id = new_suggestion_id()
    search = _Search(deadline_s=asyncio.get_running_loop().time() + config.budget_s)
    case = _Case(
        document=document,
        function=function,
        workbench=workbench,
        grounds=grounds,
        tests=tests,
        config=config,
    )
    try:
        asked = await body_forms(document, function, workbench=workbench, config=config)
        for number, form in enumerate(asked):
            if number == 0:
                _record_request(workbench, suggestion_id, form, request)
            elif _is_late(search):
                break
            if await _is_found(form, search, case, progress):
                break
    except asyncio.CancelledError:
        workbench.record([Cancelled(suggestion_id=suggestion_id)])
        raise
    return _proposal(suggestion_id, search, case)


async def _is_found(
    form: Form, search: _Search, case: _Case, progress: Callable[[str], None]
) -> bool:
    """Check the answers to one form as they come; tell whether one of them is enough."""
    config = case.config

    def report() -> None:
        best = search.best
        standing = f", best so far: {best.verdict.summary}" if best else ""
        progress(f"candidate {search.n_asked + 1} of at most {config.max_candidates}{standing}")

    report()
    left_ms = (search.deadline_s - asyncio.get_running_loop().time()) * 1000
    request = GenerationRequest(
        prompt=form.prompt,
        n=form.n,
        max_tokens=config.max_tokens,
        sampling=form.sampling,
        stop=form.template.stop,
        stop_when=postprocess.body_rule(language=case.document.language, indent=form.indent),
        deadline_ms=max(1.0, left_ms),
    )
    async with case.workbench.answers(request, search.tally) as answers:
        async for _, generation in answers:
            search.n_asked += 1
            candidate = await asyncio.to_thread(_shaped, generation, form, case)
            if candidate is not None and candidate.normal_form not in search.seen:
                search.seen.add(candidate.normal_form)
                candidate = await _checked(candidate, case)
                search.candidates.append(candidate)
                if _is_enough(candidate.verdict, n=len(search.candidates)):
                    return True
            if _is_late(search):
                return False
            if search.n_asked < config.max_candidates:
                report()
    return False


def _is_late(search: _Search) -> bool:
    return asyncio.get_running_loop().time() > search.deadline_s


async def _checked(candidate: _Candidate, case: _Case) -> _Candidate:
    verdict = await check_body(
        candidate.edit,
        case.document,
        case.function,
        static=candidate.verdict,
        grounds=case.grounds,
        tests=case.tests,
        repeats=case.config.repeats,
    )
    return replace(candidate, verdict=verdict)


def _shaped(generation: Generation, form: Form, case: _Case) -> _Candidate | None:
    """Return the candidate that an answer amounts to; None when it is no body."""
    document, function, indent = case.document, case.function, form.indent
    text, language = document.text, document.language
    body = postprocess.body_from(generation.text, language=language, indent=indent)
    if indent != function.indent:
        body = reindent(body, to_indent=function.indent, from_indent=indent, language=language)
    if not body.strip():
        return None
    edit = body_edit(text, function, body)
    patched = edit.apply(text)
    after = function_named(patched, language, function.qualified_name)
    if after is None or after.is_empty:
        return None
    if new_syntax_errors(text, patched, language):
        verdict = failed(Rung.UNVERIFIED, Outcome.BROKEN, "it adds a syntax error")
    else:
        verdict = not_run(static_rung(text, patched, language), "nothing was run")
    return _Candidate(
        edit=edit,
        verdict=verdict,
        generation=generation,
        form=form,
        normal_form=normal_form(patched, language),
    )


def _proposal(suggestion_id: str, search: _Search, case: _Case) -> BodyProposal:
    workbench, config, grounds = case.workbench, case.config, case.grounds
    best = search.best
    timings = search.tally.total()
    passed = best is not None and best.verdict.rung.height >= Rung.EXAMPLES_PASS.height
    offered = best is not None and (
        passed or (config.offer_unverified and best.verdict.outcome not in NEVER_OFFERED)
    )
    n = len(search.candidates)
    if best is None:
        verdict = not_run(Rung.UNVERIFIED, "no candidate could be made into a body")
        message = "no body was found: every answer was empty or did not parse"
    else:
        verdict = best.verdict
        message = verdict.summary
        if not passed and not isinstance(grounds, NotRunnable):
            message = f"none of {n} candidates passed; the best: {verdict.summary}"
        workbench.record(
            [
                Generated.of(
                    replace(best.generation, timings=timings),
                    suggestion_id=suggestion_id,
                    static_verdict=static_verdict(
                        verdict.rung, broken=verdict.outcome is Outcome.BROKEN
                    ),
                    n_candidates=n,
                ),
                *Verified.of_verdict(
                    verdict, suggestion_id=suggestion_id, deciding=_deciding(verdict)
                ),
                *([Shown(suggestion_id=suggestion_id)] if offered else []),
            ]
        )
    return BodyProposal(
        suggestion_id=suggestion_id,
        edit=best.edit if best is not None and offered else None,
        verdict=verdict,
        model=workbench.model,
        message=message,
        n_candidates=n,
        total_ms=timings.total_ms,
    )


def _is_enough(verdict: Verdict, *, n: int) -> bool:
    """Stop at the first that passes; where nothing runs, at the first that resolves."""
    if verdict.outcome is Outcome.PLAUSIBLE:
        return True
    resolves = verdict.rung.height >= Rung.RESOLVES.height
    return verdict.outcome is Outcome.NOT_RUN and (resolves or n >= MAX_UNRUN_CANDIDATES)


def _preference(candidate: _Candidate) -> tuple[int, int, int]:
    """Order candidates: plausible first, then by rung, then by checks passed."""
    verdict = candidate.verdict
    return (
        int(verdict.outcome is Outcome.PLAUSIBLE),
        verdict.rung.height,
        verdict.passed - verdict.failed,
    )


def _record_request(
    workbench: Workbench, suggestion_id: str, form: Form, request: BodyRequest
) -> None:
    workbench.requested(
        suggestion_id=suggestion_id,
        template=form.template,
        prompt=form.prompt,
        language=request.document.language,
        path_key=request.document.uri,
        sampling=form.sampling,
        trusted=request.trusted,
    )


def _deciding(verdict: Verdict) -> Verifier:
    if verdict.outcome is Outcome.BROKEN and not verdict.repeats:
        return Verifier.PARSE
    if verdict.rung.height >= Rung.TESTS_PASS.height:
        return Verifier.TARGET_TEST
    return Verifier.EXAMPLES if verdict.repeats else Verifier.RESOLVE
