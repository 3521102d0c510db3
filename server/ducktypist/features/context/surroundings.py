"""What the model gets to see besides the text around the cursor, within a budget of characters.

Signature and docstring are in every prompt already. Here come the file's imports, the class header
and sibling signatures as far as they are out of sight, definitions of names that signature and
docstring mention, tests and callers of the function, and where the person was a moment ago.
Nothing twice, and nothing from a file that holds secrets or that git ignores.

On a keystroke inside the same function the pieces stay the same text, because everything that
follows a change in a prompt has to be read again: that matters more than how fresh they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.domain import Document, Span
from ducktypist.features.context import files as context_files
from ducktypist.features.context import own as context_own
from ducktypist.features.context.choice import MIN_CHARS, choose
from ducktypist.features.context.files import Found, Wanted
from ducktypist.features.context.readable import FileIndex, index_of
from ducktypist.features.context.ring import Kept, Ring
from ducktypist.prompting.pieces import Piece, PieceKind
from ducktypist.syntax.regions import FunctionRegion

__all__ = ["Piece", "PieceKind", "surroundings"]

FILLED = 0.75
"""How much of the budget is used: the rest is there for the budget to shrink a little, as the
engine's measured speed does, without another text."""
NEAR_CHARS = 4000
"""As far as this from the last keystroke the function may be broken and still be the same."""
TYPING_SCAN_S, ASKED_SCAN_S = 0.25, 1.0
"""How long other files are looked through: while somebody types, and for a single request."""
VISIBLE_TIMES = 3
"""How many budgets of text around the cursor are taken to be in the prompt, if nobody says."""


async def surroundings(
    document: Document,
    function: FunctionRegion | None,
    *,
    offset: int,
    root: Path | None,
    buffers: Mapping[Path, str],
    ring: Ring | None,
    max_chars: int,
    visible: Span | None = None,
    fresh: bool = False,
) -> tuple[Piece, ...]:
    """Return context, what changes least often first.

    Args:
        document: In which is written.
        function: In which function, None for outside of any.
        offset: The cursor.
        root: The workspace, None when there is none: then no other file is read.
        buffers: Unsaved texts by path relative to ``root``.
        ring: Where the person was; None for nowhere, and then nothing is remembered either.
        max_chars: As many characters as the pieces may take as ``as_comment`` writes them.
        visible: The part of the document that is in the prompt anyway. None takes a few budgets
            around ``offset``.
        fresh: Whether to look at everything anew, and to leave what is remembered for the typing
            path as it is. For a request that somebody makes once.
    """
    if max_chars < MIN_CHARS:
        return ()
    asked = _Asked(
        document=document,
        function=function,
        head=context_own.head_of(document.text, function),
        offset=offset,
        root=root,
        buffers={path.as_posix(): text for path, text in buffers.items()},
        max_chars=max_chars,
        visible=visible,
        scan_s=ASKED_SCAN_S if fresh else TYPING_SCAN_S,
    )
    if ring is not None and not fresh:
        return await _remembered(asked, ring)
    # Files are read, and the whole text: in a thread.
    return await asyncio.to_thread(_gathered, asked, ring)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """For what context is wanted."""

    document: Document
    function: FunctionRegion | None
    head: str
    """Source of the function's signature and docstring."""
    offset: int
    root: Path | None
    buffers: Mapping[str, str]
    max_chars: int
    visible: Span | None
    scan_s: float

    def seen(self) -> Span:
        """Return what the prompt shows of the document anyway."""
        if self.visible is not None:
            return self.visible
        n = self.max_chars * VISIBLE_TIMES
        end = min(len(self.document.text), self.offset + n // 4)
        return Span(start=max(0, self.offset - n), end=end)


async def _remembered(asked: _Asked, ring: Ring) -> tuple[Piece, ...]:
    uri = asked.document.uri
    # The next keystroke may come before this is done: it waits rather than doing it again.
    while ring.gathering is not None and not ring.gathering.done():
        await asyncio.wait({ring.gathering})
    kept = ring.kept.get(uri)
    if kept is None or not _is_still(kept, asked, ring.n_left):
        ring.gathering = asyncio.create_task(_keep(asked, ring))
        # Whoever asked may be cancelled; what was gathered is for the next one.
        await asyncio.shield(ring.gathering)
        return ring.kept[uri].pieces
    ring.keep(uri, replace(kept, offset=asked.offset))
    return kept.pieces


async def _keep(asked: _Asked, ring: Ring) -> None:
    n_left = ring.n_left
    pieces = await asyncio.to_thread(_gathered, asked, ring)
    ring.keep(
        asked.document.uri,
        Kept(
            function=asked.function.qualified_name if asked.function else "",
            head=asked.head,
            offset=asked.offset,
            max_chars=asked.max_chars,
            visible_start=asked.visible.start if asked.visible else 0,
            n_left=n_left,
            pieces=pieces,
        ),
    )


def _is_still(kept: Kept, asked: _Asked, n_left: int) -> bool:
    """Tell whether what was gathered for an earlier keystroke is to be shown again."""
    is_budget = kept.max_chars / 2 <= asked.max_chars <= kept.max_chars * 2
    if kept.n_left != n_left or not is_budget:
        return False
    if asked.visible is not None and asked.visible.start > kept.visible_start:
        # The text before the cursor begins elsewhere, so all of it is read again anyway, and what
        # went out of sight may be wanted now.
        return False
    function, text = asked.function, asked.document.text
    if function is None or asked.offset <= function.signature.end:
        # Half-typed code can hide the function that it stands in; a new one has no name yet.
        is_near = abs(asked.offset - kept.offset) < NEAR_CHARS
        return is_near and (not kept.head or text.rfind(kept.head, 0, asked.offset) >= 0)
    if function.qualified_name != kept.function:
        return False
    is_in_head = function.docstring is not None and asked.offset < function.docstring.end
    return asked.head == kept.head or is_in_head


def _gathered(asked: _Asked, ring: Ring | None) -> tuple[Piece, ...]:
    seen = asked.seen()
    return choose(
        _candidates(asked, ring, seen),
        seen.of(asked.document.text),
        language=asked.document.language,
        max_chars=int(asked.max_chars * FILLED),
    )


def _candidates(asked: _Asked, ring: Ring | None, seen: Span) -> dict[PieceKind, list[Piece]]:
    """Return everything there is, each kind in the order in which its pieces are worth showing."""
    document, function = asked.document, asked.function
    index = index_of(asked.root) if asked.root is not None else None
    relative = index.relative(document.path) if index and document.path else None
    shown = relative or (document.path.name if document.path else "")
    own = context_own.pieces(document, function, offset=asked.offset, path=shown, visible=seen)
    found = Found()
    if index is not None:
        index.refresh()
        names = context_own.mentioned(document, function)
        found = context_files.search(
            Wanted(
                language=document.language,
                relative=relative or "",
                names=names.elsewhere,
                imported=names.imported,
                function=function,
            ),
            index=index,
            buffers=asked.buffers,
            suffixes=context_files.suffixes_of(document.language, document.path),
            within_s=asked.scan_s,
        )
    recent = _recent(document, ring, index, seen.of(document.text)) if ring is not None else []
    return {
        PieceKind.IMPORTS: own.imports,
        PieceKind.HEADER: own.header,
        PieceKind.SIGNATURE: own.signatures,
        PieceKind.DEFINITION: [*own.definitions, *found.definitions],
        PieceKind.TEST: found.tests,
        PieceKind.CALLER: [*own.callers, *found.callers],
        PieceKind.RECENT: recent,
    }


def _recent(document: Document, ring: Ring, index: FileIndex | None, seen: str) -> list[Piece]:
    """Return chunks of the same language, the newest first, as far as they may be read."""
    suffixes = context_files.suffixes_of(document.language, document.path)
    pieces = []
    for chunk in reversed(ring.chunks(besides=seen)):
        path = chunk.path
        alike = chunk.language == document.language or (path and path.suffix.lower() in suffixes)
        if not alike:
            continue
        relative = index.relative(path) if index is not None and path is not None else None
        if index and path and relative is not None and not index.may_be_read(path):
            continue
        pieces.append(
            Piece(
                kind=PieceKind.RECENT,
                path=relative or (path.name if path else chunk.uri.rpartition("/")[2]),
                text=chunk.text,
            )
        )
    return pieces
