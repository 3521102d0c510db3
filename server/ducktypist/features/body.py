"""Write the body of a documented function: several candidates, run before one is offered.

The forms of asking differ, because a small model that fails one often passes another: the chat
that continues the function's head, fill-in-the-middle, plain continuation; greedy first, then
samples. The first candidate that passes everything there is to run ends the search.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Document,
    Generation,
    GenerationRequest,
    ModelIdentity,
    Outcome,
    Prompt,
    Rung,
    Sampling,
    TextEdit,
    Verdict,
)
from ducktypist.features.check_body import check_body, failed, not_run
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.features.workbench import Tally, Workbench, new_suggestion_id, static_verdict
from ducktypist.ledger.events import Cancelled, Generated, Shown, Verified, Verifier
from ducktypist.prompting import assemble, postprocess
from ducktypist.prompting.templates import Template
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.edits import body_edit, normal_form, reindent
from ducktypist.syntax.lines import line_start
from ducktypist.syntax.regions import FunctionRegion, function_named

CONTEXT_TOKENS = 700
SAMPLE_TEMPERATURE = 0.7
SAMPLE_TOP_P = 0.95
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
class _Form:
    template: Template
    prompt: Prompt
    sampling: Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    edit: TextEdit
    verdict: Verdict
    generation: Generation
    form: _Form
    normal_form: str
    """Of the patched file; candidates that agree in it are the same program."""


@dataclass(slots=True)
class _Search:
    """What is known so far; the best candidate is the one highest on the ladder."""

    candidates: list[_Candidate] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    tally: Tally = field(default_factory=Tally)
    first: _Form | None = None

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
    suggestion_id, search = new_suggestion_id(), _Search()
    deadline = asyncio.get_running_loop().time() + config.budget_s
    tests: tuple[str, ...] = ()
    if isinstance(grounds, Grounds) and document.language == "python":
        tests = await grounds.tests_naming(function.name)
    try:
        forms = await asyncio.to_thread(lambda: list(_forms(document, function, workbench, config)))
        for number, form in enumerate(forms, start=1):
            if number > 1 and asyncio.get_running_loop().time() > deadline:
                break
            if search.first is None:
                search.first = form
                _record_request(workbench, suggestion_id, form, request)
            best = search.best
            standing = f", best so far: {best.verdict.summary}" if best else ""
            progress(f"candidate {number} of at most {config.max_candidates}{standing}")
            candidate = await _candidate(
                form, document, function, search, workbench=workbench, config=config
            )
            if candidate is None:
                continue
            verdict = await check_body(
                candidate.edit,
                document,
                function,
                static=candidate.verdict,
                grounds=grounds,
                tests=tests,
                repeats=config.repeats,
            )
            candidate = replace(candidate, verdict=verdict)
            search.candidates.append(candidate)
            if _is_enough(verdict, n=len(search.candidates)):
                break
    except asyncio.CancelledError:
        workbench.record([Cancelled(suggestion_id=suggestion_id)])
        raise
    return _proposal(suggestion_id, search, workbench, config, grounds=grounds)


def _forms(
    document: Document, function: FunctionRegion, workbench: Workbench, config: CompleteConfig
) -> Iterator[_Form]:
    """Yield greedy forms first, then samples of each in turn."""
    text, language = document.text, document.language
    budget = int(CONTEXT_TOKENS * assemble.CHARS_PER_TOKEN)
    head = assemble.head_of(text, function)
    edit = body_edit(text, function, function.indent + "\0")
    before, after = edit.apply(text).split("\0", 1)
    before = assemble.clip_before(before, budget)
    prompts: list[tuple[Template, Prompt]] = []
    chat = workbench.prompts["body-chat"]
    prompts.append(
        (
            chat,
            chat.render(
                language=assemble.language_name(language),
                fence=assemble.fence(language),
                context=assemble.context_of(text, language, function, max_chars=budget // 2),
                head=head,
                tests="",
            ),
        )
    )
    if workbench.model.has_fim:
        infill = workbench.prompts["body-infill"]
        clipped = assemble.clip_after(after, budget // 3)
        prompts.append((infill, infill.render(before=before, after=clipped)))
    continuation = workbench.prompts["body-text"]
    prompts.append((continuation, continuation.render(before=before)))
    turns = itertools.islice(itertools.cycle(prompts), config.max_candidates)
    for number, (template, prompt) in enumerate(turns):
        sampling = Sampling()
        if number >= len(prompts):
            seed = number - len(prompts) + 1
            sampling = Sampling(temperature=SAMPLE_TEMPERATURE, top_p=SAMPLE_TOP_P, seed=seed)
        yield _Form(template=template, prompt=prompt, sampling=sampling)


async def _candidate(
    form: _Form,
    document: Document,
    function: FunctionRegion,
    search: _Search,
    *,
    workbench: Workbench,
    config: CompleteConfig,
) -> _Candidate | None:
    """Generate one body; None when it is empty, seen before or breaks the file."""
    text, language = document.text, document.language
    is_chat = form.template.form == "chat"
    # In the chat the head stands at the margin, so the body is one level deep there.
    step = function.indent[len(_own_indent(text, function)) :] or "    "
    indent = step if is_chat else function.indent
    generation = await workbench.generate(
        GenerationRequest(
            prompt=form.prompt,
            max_tokens=config.max_tokens,
            sampling=form.sampling,
            stop=form.template.stop,
        ),
        until=lambda said: postprocess.body_ended(said, language=language, indent=indent),
    )
    search.tally.add(generation.timings)
    candidate = await asyncio.to_thread(
        _shaped, generation, form, document, function, indent=indent
    )
    if candidate is None or candidate.normal_form in search.seen:
        return None
    search.seen.add(candidate.normal_form)
    return candidate


def _shaped(
    generation: Generation,
    form: _Form,
    document: Document,
    function: FunctionRegion,
    *,
    indent: str,
) -> _Candidate | None:
    """Return the candidate that an answer amounts to; None when it is no body."""
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


def _proposal(
    suggestion_id: str,
    search: _Search,
    workbench: Workbench,
    config: CompleteConfig,
    *,
    grounds: Grounds | NotRunnable,
) -> BodyProposal:
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
    workbench: Workbench, suggestion_id: str, form: _Form, request: BodyRequest
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


def _own_indent(text: str, function: FunctionRegion) -> str:
    """Return the indentation of the function's ``def`` line."""
    start = function.signature.start
    lead = text[line_start(text, start) : start]
    return "" if lead.strip() else lead
