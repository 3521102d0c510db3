"""Inline completion: one greedy candidate at the cursor, checked by its syntax only.

It is on the typing path: nothing is executed, and what a newer keystroke made pointless is
cancelled by whoever calls. Where nothing of the greedy answer can be shown, a few samples are asked
for instead, and the likeliest of those that can be shown is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.config import CompleteConfig
from ducktypist.domain import (
    Document,
    ModelIdentity,
    Outcome,
    Prediction,
    Prompt,
    Sampling,
    Span,
    TextEdit,
    Verdict,
)
from ducktypist.features.context.readable import is_secret
from ducktypist.features.context.ring import Ring
from ducktypist.features.context.surroundings import surroundings
from ducktypist.features.ghost.answers import Answering, Asking
from ducktypist.features.ghost.hole import Hole, hole_at
from ducktypist.features.telling import before_running, for_a_person, kept_text, own_tokens
from ducktypist.features.workbench import (
    About,
    Budget,
    Workbench,
    static_verdict,
)
from ducktypist.ledger.events import (
    Event,
    Generated,
    Shown,
    Superseded,
    Tier,
    Verified,
    Verifier,
)
from ducktypist.prompting import assemble
from ducktypist.prompting.pieces import as_comment
from ducktypist.prompting.templates import Template

CONTEXT = Budget(within_ms=4000.0, floor_tokens=384, ceiling_tokens=3000, usual_tokens=900)
"""Read at a new place of a text; then it is in the cache, and only what is typed is read."""
BELOW = Budget(within_ms=700.0, floor_tokens=160, ceiling_tokens=1000, usual_tokens=225)
"""What stands after the cursor comes last in the prompt and is read again by each request. With
much less of it, a small model writes what stands below already."""
OPENING_LINES = 4
"""So much of what stands before the cursor is enough to go on with, and cheap to read twice."""
CONTEXT_SHARE = 0.25
"""How much of the context is for what stands elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteRequest:
    """Where the person types."""

    document: Document
    offset: int
    trusted: bool = False
    root: Path | None = None
    """The workspace's folder."""
    buffers: Mapping[Path, str] = field(default_factory=dict)
    """Unsaved texts, by their path relative to ``root``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What would be typed."""

    suggestion_id: str
    edit: TextEdit
    verdict: Verdict
    model: ModelIdentity
    prediction: Prediction | None = None
    """How likely it is right; None where nobody says."""


async def complete(
    request: CompleteRequest,
    *,
    workbench: Workbench,
    config: CompleteConfig,
    ring: Ring | None = None,
) -> Completion | None:
    """Suggest what stands at the cursor next, or return None where nothing useful is likely.

    For who asks once; who types asks ``features.ghost``.
    """
    asking = Asking()
    try:
        found = await draft(request, asking=asking, workbench=workbench, config=config, ring=ring)
    except asyncio.CancelledError:
        if asking.is_requested and not asking.is_settled:
            workbench.record([Superseded(suggestion_id=asking.suggestion_id)])
        raise
    if found is not None:
        workbench.record([Shown(suggestion_id=found.suggestion_id)])
    return found


async def draft(
    request: CompleteRequest,
    *,
    asking: Asking,
    workbench: Workbench,
    config: CompleteConfig,
    ring: Ring | None = None,
) -> Completion | None:
    """Return what could be suggested; whoever shows it, or cancels, records that.

    Args:
        request: Where the person types.
        asking: Is told what becomes of the question on its way.
        workbench: Engine, prompts and ledger.
        config: Settings.
        ring: What was visited recently, as context.

    Raises:
        EngineError: One of its four kinds.
    """
    document = request.document
    if not is_wanted(document, config):
        return None
    # What reads the whole text runs in a thread: a keystroke must not wait for it.
    hole = await asyncio.to_thread(hole_at, document, request.offset)
    if hole is None:
        return None
    template, prompt, clipped = await _question(request, hole, workbench, ring)
    workbench.requested(
        suggestion_id=asking.suggestion_id,
        template=template,
        prompt=prompt,
        language=document.language,
        about=About.of(document, "inline", request.offset),
        sampling=Sampling(),
        trusted=request.trusted,
        truncated=clipped,
    )
    asking.is_requested = True
    answering = Answering(
        hole=hole, document=document, asking=asking, workbench=workbench, config=config
    )
    generation, found, n_asked = await answering.answer(prompt, stop=template.stop)
    asking.is_settled = True
    if found is None:
        asking.is_superseded = True
        workbench.record([Superseded(suggestion_id=asking.suggestion_id)])
        return None
    said = found.edit.new_text if found.is_usable else generation.text
    told, prediction = before_running(
        workbench,
        Generated.of(
            own_tokens(generation, said),
            suggestion_id=asking.suggestion_id,
            static_verdict=static_verdict(found.rung, broken=found.is_broken),
            n_candidates=n_asked,
        ),
        kind=template.kind,
        language=document.language,
    )
    events: list[Event] = [told]
    if found.is_broken:
        events.append(_parse_failure(asking.suggestion_id))
    if said.strip():
        path = _path(request)
        events += kept_text(asking.suggestion_id, answer=said, path=path, edit=found.edit)
    workbench.record(events)
    if not found.is_usable:
        return None
    return Completion(
        suggestion_id=asking.suggestion_id,
        edit=found.edit,
        model=workbench.model,
        prediction=for_a_person(workbench, prediction),
        verdict=Verdict(
            rung=found.rung,
            outcome=Outcome.NOT_RUN,
            repeats=0,
            passed=0,
            failed=0,
            summary=f"{found.rung.replace('_', ' ')}; nothing was run",
        ),
    )


def _path(request: CompleteRequest) -> Path:
    """Return the document's path, relative to the workspace's folder where it lies in one."""
    path = request.document.path
    if path is None:
        return Path("untitled")
    root = request.root
    return path.relative_to(root) if root and path.is_relative_to(root) else path


def is_wanted(document: Document, config: CompleteConfig) -> bool:
    """Tell whether anything is to be suggested in a document: not where it was turned off."""
    if not config.inline_enabled or document.language in config.disabled_languages:
        return False
    return document.path is None or not is_secret(document.path)


async def _question(
    request: CompleteRequest, hole: Hole, workbench: Workbench, ring: Ring | None
) -> tuple[Template, Prompt, bool]:
    """Return what the engine is asked, and whether some of the text had to be left out."""
    document, span = request.document, hole.span
    text = document.text
    max_chars, max_below = await workbench.max_chars(CONTEXT), await workbench.max_chars(BELOW)
    # A fixed share, so that the text before the cursor begins at the same place whatever is there.
    max_context = int(max_chars * CONTEXT_SHARE) if request.root or ring else 0
    before, after = assemble.around(
        text, span, max_chars=max_chars - max_context, max_after_chars=max_below
    )
    visible = Span(start=span.start - len(before), end=span.end + len(after))
    pieces = await surroundings(
        document,
        hole.function,
        offset=request.offset,
        root=request.root,
        buffers=request.buffers,
        ring=ring,
        max_chars=max_context,
        visible=visible,
    )
    context = as_comment(pieces, language=document.language, max_chars=max_context)
    values = {"context": context, "before": before + hole.lead, "after": after}
    if workbench.model.has_fim:
        template = workbench.prompts["inline-infill"]
    else:
        template = workbench.prompts["inline-chat"]
        values |= {
            "language": assemble.language_name(document.language),
            "fence": assemble.fence(document.language),
            "opening": _last_lines(values["before"]),
        }
    return template, template.render(**values), len(visible) < len(text)


def _last_lines(before: str) -> str:
    """Return the lines up to the cursor with which an answer in a chat is made to begin.

    Blanks at the end are left to the model, whose tokens hold a blank and the word after it.
    """
    return "\n".join(before.split("\n")[-OPENING_LINES:]).rstrip(" \t")


def _parse_failure(suggestion_id: str) -> Verified:
    return Verified(
        suggestion_id=suggestion_id,
        verifier=Verifier.PARSE,
        tier=Tier.VISIBLE,
        outcome=Outcome.BROKEN,
    )
