"""Explain this: a chosen part, or a whole file, block by block, as it comes.

Each block is explained as a hover would, so that what one has explained the other need not ask for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from ducktypist.config import ExplainConfig
from ducktypist.domain import Document, Span
from ducktypist.features.explain.explaining import Explaining, Work
from ducktypist.features.explain.making import GroundsOf
from ducktypist.features.explain.showing import (
    Passage,
    code_span,
    fact_lists,
    provenance_line,
)
from ducktypist.features.explain.sources import FactSources
from ducktypist.features.explain.words import ExplainRequest, Explanation
from ducktypist.features.workbench import Workbench
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import block_at

MAX_BLOCKS = 60
"""A longer file says how much of it was left out."""
MAX_HEADING = 60
"""So many characters of a block's first line stand in its heading."""
POLL_S = 0.05


async def passages(
    request: ExplainRequest,
    *,
    explaining: Explaining,
    workbench: Workbench | None,
    sources: FactSources,
    config: ExplainConfig,
    grounds: GroundsOf,
) -> AsyncIterator[Passage]:
    """Yield an explanation piece by piece: for each block a heading, facts, then prose.

    Args:
        request: With a selection, every block in it; without one, the block at the offset.
        explaining: The window's.
        workbench: Who answers; None for facts alone.
        sources: Who knows facts.
        config: How much, in which language, for whom.
        grounds: What may be run.

    Raises:
        EngineError: One of its four kinds.
    """
    spans = await asyncio.to_thread(blocks, request)
    for span in spans[:MAX_BLOCKS]:
        asked = request if request.selection is None else _one(request, span, spans)
        known = await explaining.facts(asked, sources=sources, config=config)
        if known is None:
            continue
        if len(spans) > 1:
            yield _heading(request.document, known)
        # A panel has room for what a hover leaves out.
        for text in fact_lists(known.facts, depth="thorough"):
            yield Passage(kind="facts", markdown=text, span=known.span)
        if workbench is None:
            continue
        work = explaining.begin(
            asked, workbench=workbench, sources=sources, config=config, grounds=grounds
        )
        try:
            async for passage in _prose(work):
                yield passage
        finally:
            work.leave()
        if work.error is not None:
            raise work.error
        explaining.note_shown(work.so_far, workbench.ledger)
        provenance = work.so_far.provenance
        if provenance is not None:
            yield Passage(
                kind="provenance",
                markdown=provenance_line(provenance),
                span=work.so_far.span,
                suggestion_id=provenance.suggestion_id,
            )
    if len(spans) > MAX_BLOCKS:
        left = len(spans) - MAX_BLOCKS
        yield Passage(kind="heading", markdown=f"{left} more blocks were left out; choose less")


def blocks(request: ExplainRequest) -> list[Span]:
    """Return the blocks that a request is about, in order; parses, so callers use a thread."""
    document, chosen = request.document, request.selection
    if chosen is None:
        return [Span(start=request.offset, end=request.offset)]
    text = document.text
    found: list[Span] = []
    lines = LineTable(text)
    line, last = lines.line_of(chosen.start), lines.line_of(max(chosen.start, chosen.end - 1))
    while line <= last:
        content = lines.content(line)
        code = content.of(text)
        offset = content.start + len(code) - len(code.lstrip())
        region = block_at(text, document.language, offset)
        if len(region.span) == 0:
            line += 1
            continue
        found.append(region.span)
        line = max(line + 1, lines.line_of(max(region.span.start, region.span.end - 1)) + 1)
    return found


def _one(request: ExplainRequest, span: Span, spans: list[Span]) -> ExplainRequest:
    """Return the request for one block of a selection, as a hover on it would be."""
    chosen = request.selection
    if chosen is not None and len(spans) == 1 and len(chosen) < len(span):
        # Less than a block was chosen: that, and nothing around it.
        return request
    text = request.document.text
    code = span.of(text)
    offset = span.start + len(code) - len(code.lstrip())
    return replace(request, offset=offset, selection=None)


async def _prose(work: Work) -> AsyncIterator[Passage]:
    """Yield what is new in a work's prose until it is done."""
    said = ""
    is_done = False
    while not is_done:
        is_done = await work.wait(POLL_S)
        so_far: Explanation = work.so_far
        if len(so_far.prose) > len(said):
            new = so_far.prose[len(said) :].strip()
            said = so_far.prose
            provenance = so_far.provenance
            yield Passage(
                kind="prose",
                markdown=new,
                span=so_far.span,
                suggestion_id=provenance.suggestion_id if provenance else "",
            )


def _heading(document: Document, known: Explanation) -> Passage:
    lines = LineTable(document.text)
    first = lines.line_of(known.span.start) + 1
    last = lines.line_of(max(known.span.start, known.span.end - 1)) + 1
    where = f"Line {first}" if first == last else f"Lines {first}–{last}"
    about = known.title
    if about.startswith("this "):
        # Its first line says more than its kind.
        code = known.span.of(document.text).strip().partition("\n")[0].rstrip()
        about = code_span(code if len(code) <= MAX_HEADING else f"{code[:MAX_HEADING]} …")
    return Passage(kind="heading", markdown=f"### {where}: {about}", span=known.span)
