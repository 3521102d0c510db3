"""The ways in which a body is asked for, and what the model gets to see for it.

The forms differ, because a small model that fails one often passes another: the chat that continues
the function's head, fill-in-the-middle, plain continuation; greedy first, then samples.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.config import CompleteConfig
from ducktypist.domain import Document, Prompt, Sampling, Source, Span
from ducktypist.features.body.order import turns_of
from ducktypist.features.context.ring import Ring
from ducktypist.features.context.surroundings import Piece, PieceKind, surroundings
from ducktypist.features.workbench import MAX_ANSWERS, Budget, Workbench
from ducktypist.ledger.sources import SourceCount
from ducktypist.prompting import assemble
from ducktypist.prompting.pieces import as_comment, as_context
from ducktypist.prompting.templates import Template
from ducktypist.syntax.edits import body_edit
from ducktypist.syntax.lines import line_start
from ducktypist.syntax.regions import FunctionRegion

CONTEXT = Budget(within_ms=6000.0, floor_tokens=300, ceiling_tokens=3000, usual_tokens=700)
BELOW = Budget(within_ms=1000.0, floor_tokens=64, ceiling_tokens=1000, usual_tokens=233)
CONTEXT_SHARE = 3
"""One part in so many of what is read is code from elsewhere."""
SAMPLING = Sampling(temperature=0.7, top_p=0.95, seed=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way of asking."""

    source: Source
    template: Template
    prompt: Prompt
    indent: str
    """What the body's lines begin with in this form."""
    sampling: Sampling = field(default_factory=Sampling)
    n: int = 1
    """How many answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Where to look for code that helps."""

    root: Path | None = None
    """The workspace; None: no other file is read."""
    buffers: Mapping[Path, str] = field(default_factory=dict)
    """Unsaved texts by path relative to it."""
    ring: Ring | None = None
    """Where the person was lately."""


async def body_forms(
    document: Document,
    function: FunctionRegion,
    *,
    workbench: Workbench,
    config: CompleteConfig,
    records: Sequence[SourceCount] = (),
    around: Around | None = None,
) -> list[Form]:
    """Return what to ask, in order; no two samples have the same seed.

    Args:
        document: The file.
        function: Whose body is wanted.
        workbench: The engine and the prompts.
        config: How many answers.
        records: What the ledger says of the resident model, by which the forms are mixed.
        around: Where to look for code that helps; None: in the file.
    """
    around = around or Around()
    turns = turns_of(
        records,
        n_max=config.max_candidates,
        has_fim=workbench.model.has_fim,
        most=MAX_ANSWERS,
    )
    max_chars, max_below = await workbench.max_chars(CONTEXT), await workbench.max_chars(BELOW)
    head = _head_span(document.text, function)
    n_before = min(max_chars, head.end)
    seen = Span(start=head.end - n_before, end=min(len(document.text), head.end + max_below))
    room = max_chars // CONTEXT_SHARE
    in_chat, in_file = [
        await surroundings(
            document,
            function,
            offset=head.end,
            root=around.root,
            buffers=around.buffers,
            ring=around.ring,
            max_chars=room,
            visible=visible,
            fresh=True,
        )
        for visible in (head, seen)
    ]
    # What reads the whole text runs in a thread: a keystroke must not wait for it.
    asked = await asyncio.to_thread(
        _asked,
        document,
        function,
        workbench,
        in_chat=in_chat,
        in_file=as_comment(in_file, language=document.language, max_chars=room),
        room=(max_chars, max_below),
    )
    forms: list[Form] = []
    seed = SAMPLING.seed
    for turn in turns:
        template, prompt, indent = asked[turn.source]
        sampling = Sampling()
        if not turn.is_greedy:
            sampling = replace(SAMPLING, seed=seed)
            seed += turn.n
        forms.append(
            Form(
                source=turn.source,
                template=template,
                prompt=prompt,
                indent=indent,
                sampling=sampling,
                n=turn.n,
            )
        )
    return forms


def _asked(
    document: Document,
    function: FunctionRegion,
    workbench: Workbench,
    *,
    in_chat: Sequence[Piece],
    in_file: str,
    room: tuple[int, int],
) -> dict[Source, tuple[Template, Prompt, str]]:
    """Return each form's template, prompt and indentation of the body."""
    text, language = document.text, document.language
    max_chars, max_below = room
    edit = body_edit(text, function, function.indent + "\0")
    before, after = edit.apply(text).split("\0", 1)
    before = assemble.clip_before(before, max_chars - len(in_file))
    tests = [piece for piece in in_chat if piece.kind is PieceKind.TEST]
    others = [piece for piece in in_chat if piece.kind is not PieceKind.TEST]
    chat = workbench.prompts["body-chat"]
    conversation = chat.render(
        language=assemble.language_name(language),
        fence=assemble.fence(language),
        context=as_context(others, language=language, max_chars=max_chars),
        head=assemble.head_of(text, function),
        tests=as_context(tests, language=language, max_chars=max_chars),
    )
    # In the chat the head stands at the margin, so the body is one level deep there.
    step = function.indent[len(_own_indent(text, function)) :] or "    "
    infill = workbench.prompts["body-infill"]
    clipped = assemble.clip_after(after, min(max_chars // 3, max_below))
    hole = infill.render(context=in_file, before=before, after=clipped)
    continuation = workbench.prompts["body-text"]
    # Blanks at a prompt's end make a model go on at another depth: its tokens hold them already.
    start = continuation.render(context=in_file, before=before.removesuffix(function.indent))
    return {
        Source.CHAT: (chat, conversation, step),
        Source.INFILL: (infill, hole, function.indent),
        Source.TEXT: (continuation, start, function.indent),
    }


def _head_span(text: str, function: FunctionRegion) -> Span:
    """Return signature and documentation, whichever comes first."""
    parts = [function.signature, *([function.docstring] if function.docstring else [])]
    start = min(part.start for part in parts)
    return Span(start=line_start(text, start), end=max(part.end for part in parts))


def _own_indent(text: str, function: FunctionRegion) -> str:
    """Return the indentation of the function's ``def`` line."""
    start = function.signature.start
    lead = text[line_start(text, start) : start]
    return "" if lead.strip() else lead
