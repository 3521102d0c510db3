"""Pieces of code from around the cursor and from other files, and how a prompt shows them.

What the pieces are is found out elsewhere (``features.context.surroundings``). Special tokens in
them are neutralised where every value is, when a template is rendered.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ducktypist.prompting.assemble import WITHOUT_LINE_COMMENTS, comment_marker
from ducktypist.syntax.lines import split_lines
from ducktypist.syntax.unfinished import visible


class PieceKind(enum.StrEnum):
    """Why a piece is context; in the order in which they are worth their place."""

    IMPORTS = "imports"
    HEADER = "header"
    """The first lines of the class around the cursor, with its fields."""
    SIGNATURE = "signature"
    """Of another function of the same file."""
    DEFINITION = "definition"
    """Of a name that docstring or signature mention."""
    TEST = "test"
    """Lines of a test that names the function."""
    CALLER = "caller"
    """Lines that call the function."""
    RECENT = "recent"
    """From where the person was a moment ago."""


OWN = frozenset({PieceKind.IMPORTS, PieceKind.HEADER, PieceKind.SIGNATURE})
"""Kinds that come from the very file in which is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A few lines of context."""

    kind: PieceKind
    path: str
    """Of the file, relative to the workspace where it lies in it; for a person and the model."""
    text: str
    """Whole lines, dedented, without the last line break."""


def as_comment(pieces: Sequence[Piece], *, language: str, max_chars: int) -> str:
    r"""Return the pieces as text that may stand in front of a file's own, each under its path.

    What comes from other files is commented out, so that it is no code of this file; imports,
    class header and signatures are this file's code and stay it. Empty or ending in ``\n``.

    Args:
        pieces: In the order in which they are shown.
        language: The LSP language id of the file that they are put in front of.
        max_chars: Pieces that go beyond it are left out, the least worth first.
    """
    if language in WITHOUT_LINE_COMMENTS:
        pieces = [piece for piece in pieces if piece.kind in OWN]
    marker = comment_marker(language)
    kept = _fitting(pieces, language, max_chars)
    return "".join(f"{line}\n" for line in _commented(kept, marker))


def as_context(pieces: Sequence[Piece], *, language: str, max_chars: int) -> str:
    """Return the pieces as the content of one block of code, to be shown in a conversation.

    Each file's pieces stand under a comment with its path, this file's own first and without.
    Empty, or without a line break at the end.
    """
    marker = comment_marker(language)
    kept = _fitting(pieces, language, max_chars)
    kept.sort(key=lambda piece: piece.kind not in OWN)
    blocks = []
    for path, group in itertools.groupby(kept, key=_shown_path):
        texts = [_plain(piece) for piece in group]
        blocks.append("\n".join([f"{marker} {path}", *texts] if path else texts))
    return "\n\n".join(blocks)


def cost_chars(piece: Piece, *, language: str) -> int:
    """Return how many characters a piece takes in :func:`as_comment`, its header included."""
    marker = comment_marker(language)
    n_lines = piece.text.count("\n") + 1
    added = n_lines if piece.kind in OWN else n_lines * (len(marker) + 2) + len(marker) + 1
    return len(piece.text) + added + (0 if piece.kind in OWN else len(piece.path) + 2)


def _fitting(pieces: Sequence[Piece], language: str, max_chars: int) -> list[Piece]:
    worth = list(PieceKind)
    kept: set[int] = set()
    left = max_chars
    for number in sorted(range(len(pieces)), key=lambda n: worth.index(pieces[n].kind)):
        cost = cost_chars(pieces[number], language=language)
        if cost <= left:
            kept.add(number)
            left -= cost
    return [piece for number, piece in enumerate(pieces) if number in kept]


def _commented(pieces: Sequence[Piece], marker: str) -> Iterator[str]:
    for path, group in itertools.groupby(pieces, key=_shown_path):
        if path:
            yield f"{marker} {path}:"
        for piece in group:
            for line in split_lines(_plain(piece)):
                yield f"{marker} {line}".rstrip() if path else line


def _shown_path(piece: Piece) -> str:
    """Return the path that a piece is announced with; this file's own are not announced."""
    return "" if piece.kind in OWN else piece.path


def _plain(piece: Piece) -> str:
    """Return a piece's text without what nobody sees and without the end of a fence."""
    return "\n".join(split_lines(visible(piece.text))).replace("```", "'''")
