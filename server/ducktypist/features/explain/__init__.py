"""Explain the code at a place: one request to the engine, cached by what was asked.

The prose is a model's. Nothing in it is checked here, and the provenance says so.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ducktypist.config import ExplainConfig
from ducktypist.domain import (
    ChatPrompt,
    Document,
    FinishReason,
    Generation,
    GenerationRequest,
    Outcome,
    Priority,
    Provenance,
    Rung,
    Sampling,
    Span,
    Verdict,
)
from ducktypist.errors import PromptError
from ducktypist.features.telling import before_running, for_a_person
from ducktypist.features.workbench import About, Budget, Tally, Workbench, new_suggestion_id
from ducktypist.ledger.events import (
    Cancelled,
    Generated,
    Shown,
    SourceText,
    Superseded,
    TextRole,
)
from ducktypist.prompting import assemble
from ducktypist.prompting.markdown import plain_markdown
from ducktypist.prompting.templates import Template
from ducktypist.syntax.regions import Region, block_at, enclosing

K = TypeVar("K")
MAX_CACHED = 512
MIN_WORDS = 3
MAX_FILE_CHARS = 4_000_000
"""Beyond this a file is data; parsing it would cost more than a hover is worth."""

CONTEXT = Budget(within_ms=5000.0, floor_tokens=300, ceiling_tokens=3000, usual_tokens=1500)
"""The code and the function around it; what stands around it stays in the engine's cache."""

UNCHECKED = Verdict(
    rung=Rung.UNVERIFIED,
    outcome=Outcome.NOT_RUN,
    repeats=0,
    passed=0,
    failed=0,
    summary="not checked: a model's reading of the code",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """Where the person points."""

    document: Document
    offset: int
    """In code points."""
    trusted: bool = False
    fresh: bool = False
    """Ask again although an explanation is cached."""
    passing: bool = False
    """Whether the next request like it makes this one pointless, as a pointer's does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a hover shows."""

    markdown: str
    span: Span
    provenance: Provenance


@dataclass(slots=True)
class ExplanationCache:
    """Explanations by what was asked, and by place, so that unchanged text is not parsed again."""

    by_question: OrderedDict[str, Explanation] = field(default_factory=OrderedDict)
    by_place: OrderedDict[tuple[str, int, int, str], Explanation] = field(
        default_factory=OrderedDict
    )

    def at(self, request: ExplainRequest, model_sha256: str) -> Explanation | None:
        """Return what was explained at this place of this very text."""
        return _get(self.by_place, _place(request, model_sha256))

    def put(
        self, request: ExplainRequest, model_sha256: str, question: str, answer: Explanation
    ) -> None:
        """Remember an explanation under its question and its place."""
        _put(self.by_question, question, answer)
        _put(self.by_place, _place(request, model_sha256), answer)


async def explain(
    request: ExplainRequest,
    *,
    workbench: Workbench,
    cache: ExplanationCache,
    config: ExplainConfig,
) -> Explanation | None:
    """Explain the block at a place, or return None where there is nothing to explain."""
    document, model = request.document, workbench.model
    if len(document.text) > MAX_FILE_CHARS:
        return None
    if not request.fresh and (known := cache.at(request, model.sha256)):
        return _as_cached(known)
    max_chars = await workbench.max_chars(CONTEXT)
    # In a thread, because parsing a large file takes longer than a keystroke may wait.
    region, context = await asyncio.to_thread(_region, document, request.offset, config)
    code = _code(document, region, config, max_chars=max_chars)
    if len(code) + len(context) > max_chars:
        context = ""
    if not code.strip():
        return None
    template = workbench.prompts["explain"]
    prompt = template.render(
        language=assemble.language_name(document.language),
        what=f"the {region.kind} `{region.name}`" if region.name else f"this {region.kind}",
        code=code,
        context=context,
    )
    question = hashlib.blake2b(
        f"{model.sha256}\0{template.template_hash}\0{prompt!r}".encode("utf-8", "replace"),
        digest_size=16,
    ).hexdigest()
    if not request.fresh and (known := _get(cache.by_question, question)):
        moved = replace(known, span=region.span)
        cache.put(request, model.sha256, question, moved)
        return _as_cached(moved)
    suggestion_id, sampling = new_suggestion_id(), Sampling()
    workbench.requested(
        suggestion_id=suggestion_id,
        template=template,
        prompt=prompt,
        language=document.language,
        about=About.of(document, "explain", region.span.start),
        sampling=sampling,
        trusted=request.trusted,
    )
    try:
        generation = await _in_sections(
            GenerationRequest(
                prompt=prompt,
                max_tokens=max(16, config.max_tokens // (1 + len(template.continuations))),
                sampling=sampling,
                stop=template.stop,
                priority=Priority.FOCUS if request.passing else Priority.INTERACTIVE,
                lane=workbench.lane("hover", document.uri) if request.passing else "",
            ),
            template,
            workbench,
        )
    except BaseException:
        workbench.record([Cancelled(suggestion_id=suggestion_id)])
        raise
    is_superseded = generation.finish_reason is FinishReason.CANCELLED
    text = "" if is_superseded else plain_markdown(generation.text)
    if not text:
        said = Generated.of(generation, suggestion_id=suggestion_id)
        workbench.record([Superseded(suggestion_id=suggestion_id) if is_superseded else said])
        return None
    told, prediction = before_running(
        workbench,
        Generated.of(generation, suggestion_id=suggestion_id),
        kind=template.kind,
        language=document.language,
    )
    # Nothing verifies an explanation yet, and a rate that rests on none would be an invention.
    is_known = prediction is not None and prediction.n_like > 0
    answer = Explanation(
        markdown=text,
        span=region.span,
        provenance=Provenance(
            suggestion_id=suggestion_id,
            model=model,
            total_ms=generation.timings.total_ms,
            cached=False,
            verdict=UNCHECKED,
            prediction=for_a_person(workbench, prediction) if is_known else None,
        ),
    )
    kept = SourceText(suggestion_id=suggestion_id, role=TextRole.ANSWER, text=text)
    workbench.record([told, kept, Shown(suggestion_id=suggestion_id)])
    cache.put(request, model.sha256, question, answer)
    return answer


def provenance_line(provenance: Provenance) -> str:
    """Return the last line of a hover: who said it, how fast, how far checked, how likely right."""
    model = provenance.model
    said = model.quantisation.lower() in model.name.lower()
    name = model.name if said else f"{model.name} {model.quantisation}"
    speed = "cached" if provenance.cached else f"{provenance.total_ms:.0f} ms"
    parts = [name.strip(), speed, provenance.verdict.summary]
    if provenance.prediction is not None:
        parts.append(provenance.prediction.sentence())
    return f"*{' · '.join(parts)}*"


async def _in_sections(
    request: GenerationRequest, template: Template, workbench: Workbench
) -> Generation:
    """Ask for the answer line by line, each time with the next heading put before it.

    What was read and said stays in the engine's cache, so this costs little more than one request.
    """
    prompt = request.prompt
    if not isinstance(prompt, ChatPrompt):
        raise PromptError(f"prompt {template.name} must be a chat")
    tally = Tally()
    parts: list[Generation] = []
    text = ""
    for heading in (prompt.assistant_prefix, *template.continuations):
        part = await workbench.generate(
            replace(request, prompt=replace(prompt, assistant_prefix=text + heading))
        )
        tally.add(part.timings)
        parts.append(part)
        if part.finish_reason is FinishReason.CANCELLED:
            break
        said = _whole_sentences(part.text.strip())
        # A heading with nothing to say is left out.
        if len(said.split()) >= MIN_WORDS:
            text += f"{heading} {said}"
    return replace(
        parts[-1],
        text=text,
        timings=tally.total(),
        logprobs=tuple(token for part in parts for token in part.logprobs),
    )


def _region(document: Document, offset: int, config: ExplainConfig) -> tuple[Region, str]:
    """Return what is to be explained, and the function around it."""
    region = block_at(document.text, document.language, offset)
    return region, _context(document, region, config)


def _code(document: Document, region: Region, config: ExplainConfig, *, max_chars: int) -> str:
    whole = "\n".join(region.span.of(document.text).splitlines())
    lines = assemble.clip_after(whole, max_chars).rstrip("\n").split("\n")[: config.max_lines]
    code = "\n".join(lines)
    return code if len(code) == len(whole.rstrip("\n")) else f"{code}\n(and so on)"


def _context(document: Document, region: Region, config: ExplainConfig) -> str:
    """Return the function around the region, when the region is not all of it."""
    function = enclosing(document.text, document.language, _middle(region))
    # Without a function around it, the rest of a file distracts a small model more than it helps.
    if function is None:
        return ""
    if function.span == region.span or function.span.of(document.text).count("\n") > (
        config.max_lines
    ):
        return ""
    return function.span.of(document.text).strip("\r\n")


def _middle(region: Region) -> int:
    """Return an offset that lies inside the region."""
    return (region.span.start + region.span.end) // 2


def _whole_sentences(text: str) -> str:
    """Cut a text that ran into its token limit back to its last whole sentence."""
    stripped = text.rstrip()
    if stripped.endswith((".", "!", "?")):
        return stripped
    end = max(stripped.rfind(mark) for mark in (". ", "! ", "? "))
    if end > 0:
        return stripped[: end + 1]
    return f"{stripped} …" if stripped else ""


def _place(request: ExplainRequest, model_sha256: str) -> tuple[str, int, int, str]:
    return (request.document.uri, hash(request.document.text), request.offset, model_sha256)


def _as_cached(known: Explanation) -> Explanation:
    return replace(known, provenance=replace(known.provenance, cached=True))


def _get(table: OrderedDict[K, Explanation], key: K) -> Explanation | None:
    answer = table.get(key)
    if answer is not None:
        table.move_to_end(key)
    return answer


def _put(table: OrderedDict[K, Explanation], key: K, answer: Explanation) -> None:
    table[key] = answer
    table.move_to_end(key)
    while len(table) > MAX_CACHED:
        table.popitem(last=False)
