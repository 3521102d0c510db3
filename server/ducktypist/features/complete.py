"""Inline completion: one greedy candidate at the cursor, checked by its syntax only.

It is on the typing path: nothing is executed, and what a newer keystroke made pointless is
cancelled by whoever calls.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Document,
    FinishReason,
    GenerationRequest,
    ModelIdentity,
    Outcome,
    Priority,
    Rung,
    Sampling,
    Span,
    StopRule,
    TextEdit,
    Verdict,
)
from ducktypist.features.workbench import Budget, Workbench, new_suggestion_id, static_verdict
from ducktypist.ledger.events import (
    Generated,
    Shown,
    Superseded,
    Tier,
    Verified,
    Verifier,
)
from ducktypist.prompting import assemble, postprocess
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.lines import line_start
from ducktypist.syntax.regions import FunctionRegion, function_at

CONTEXT = Budget(within_ms=4000.0, floor_tokens=256, ceiling_tokens=3000, usual_tokens=900)
"""Read at a new place of a text; then it is in the cache, and only what is typed is read."""
BELOW = Budget(within_ms=350.0, floor_tokens=48, ceiling_tokens=1000, usual_tokens=225)
"""What stands after the cursor comes last in the prompt and is read again at each keystroke."""

MAX_FILE_CHARS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteRequest:
    """Where the person types."""

    document: Document
    offset: int
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What would be typed."""

    suggestion_id: str
    edit: TextEdit
    verdict: Verdict
    model: ModelIdentity


async def complete(
    request: CompleteRequest, *, workbench: Workbench, config: CompleteConfig
) -> Completion | None:
    """Suggest what stands at the cursor next, or return None where nothing useful is likely."""
    document, offset = request.document, request.offset
    if len(document.text) > MAX_FILE_CHARS or not _is_worth_asking(document, offset):
        return None
    # What reads the whole text runs in a thread: a keystroke must not wait for it.
    max_chars, max_below = await workbench.max_chars(CONTEXT), await workbench.max_chars(BELOW)
    hole, values, clipped = await asyncio.to_thread(_ready, document, offset, max_chars, max_below)
    has_fim = workbench.model.has_fim
    template = workbench.prompts["inline-infill" if has_fim else "inline-text"]
    prompt = template.render(**(values if has_fim else {"before": values["before"]}))
    suggestion_id, sampling = new_suggestion_id(), Sampling()
    workbench.requested(
        suggestion_id=suggestion_id,
        template=template,
        prompt=prompt,
        language=document.language,
        path_key=document.uri,
        sampling=sampling,
        trusted=request.trusted,
        truncated=clipped,
    )
    try:
        generation = await workbench.generate(
            GenerationRequest(
                prompt=prompt,
                max_tokens=config.inline_max_tokens,
                sampling=sampling,
                stop=() if hole.is_body else ("\n",),
                stop_when=hole.rule(document.language),
                # Who types has the focus.
                priority=Priority.FOCUS,
                lane=workbench.lane("complete", document.uri),
            )
        )
    except asyncio.CancelledError:
        workbench.record([Superseded(suggestion_id=suggestion_id)])
        raise
    if generation.finish_reason is FinishReason.CANCELLED:
        workbench.record([Superseded(suggestion_id=suggestion_id)])
        return None
    edit, rung, broken = await asyncio.to_thread(_shaped, hole, generation.text, document)
    usable = bool(edit.new_text.strip()) and not (broken and hole.is_body)
    workbench.record(
        [
            Generated.of(
                generation,
                suggestion_id=suggestion_id,
                static_verdict=static_verdict(rung, broken=broken),
            ),
            *([_parse_failure(suggestion_id)] if broken and hole.is_body else []),
            *([Shown(suggestion_id=suggestion_id)] if usable else []),
        ]
    )
    if not usable:
        return None
    return Completion(
        suggestion_id=suggestion_id,
        edit=edit,
        model=workbench.model,
        verdict=Verdict(
            rung=rung,
            outcome=Outcome.NOT_RUN,
            repeats=0,
            passed=0,
            failed=0,
            summary=f"{rung.replace('_', ' ')}; nothing was run",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hole:
    """What is to be filled: the rest of a line, or a whole empty body."""

    span: Span
    lead: str
    """Text that the model sees before the hole and that is not in the document."""
    indent: str
    is_body: bool
    typed: str
    """What stands between the line's beginning and the hole."""

    def rule(self, language: str) -> StopRule | None:
        if self.is_body:
            return postprocess.body_rule(language=language, indent=self.indent)
        # A line ends where the stop string is, whoever answers.
        return None

    def shape(self, text: str, *, language: str) -> str:
        if not self.is_body:
            return postprocess.middle_line(text)
        body = postprocess.body_from(text, language=language, indent=self.indent)
        if self.lead.startswith("\n") and body:
            return "\n" + body
        return body.removeprefix(self.typed)


def _ready(
    document: Document, offset: int, max_chars: int, max_below: int
) -> tuple[_Hole, dict[str, str], bool]:
    """Return the hole at a cursor, the text around it, and whether some had to be left out."""
    text = document.text
    hole = _hole(text, function_at(text, document.language, offset), offset)
    before, after = assemble.around(text, hole.span, max_chars=max_chars, max_after_chars=max_below)
    clipped = len(before) + len(after) < len(text)
    return hole, {"before": before + hole.lead, "after": after}, clipped


def _shaped(hole: _Hole, answer: str, document: Document) -> tuple[TextEdit, Rung, bool]:
    """Return the edit that an answer amounts to, its rung, and whether it breaks the file."""
    text, language = document.text, document.language
    new = hole.shape(answer, language=language)
    new = postprocess.without_overlap(new, text[hole.span.end :])
    edit = TextEdit(span=hole.span, old_text=hole.span.of(text), new_text=new)
    patched = edit.apply(text)
    broken = new_syntax_errors(text, patched, language)
    return edit, Rung.UNVERIFIED if broken else static_rung(text, patched, language), broken


def _hole(text: str, function: FunctionRegion | None, offset: int) -> _Hole:
    typed = text[line_start(text, offset) : offset]
    empty = function is not None and function.is_empty and function.docstring is not None
    if function is not None and function.docstring is not None and empty:
        at_docstring_end = offset >= function.docstring.end and not text[
            function.docstring.end : offset
        ].strip(" \t")
        if at_docstring_end and typed.strip():
            return _Hole(
                span=Span(start=offset, end=offset),
                lead="\n" + function.indent,
                indent=function.indent,
                is_body=True,
                typed="",
            )
        if offset >= function.signature.end and not typed.strip():
            fits = function.indent.startswith(typed)
            return _Hole(
                span=Span(start=offset, end=offset),
                lead=function.indent.removeprefix(typed) if fits else "",
                indent=function.indent,
                is_body=True,
                typed=typed,
            )
    return _Hole(span=Span(start=offset, end=offset), lead="", indent="", is_body=False, typed="")


def _is_worth_asking(document: Document, offset: int) -> bool:
    """Say no in the middle of a word, and where nothing stands before the cursor."""
    text = document.text
    following = text[offset : offset + 1]
    if following and (following.isalnum() or following == "_"):
        return False
    return bool(text[:offset].strip())


def _parse_failure(suggestion_id: str) -> Verified:
    return Verified(
        suggestion_id=suggestion_id,
        verifier=Verifier.PARSE,
        tier=Tier.VISIBLE,
        outcome=Outcome.BROKEN,
    )
