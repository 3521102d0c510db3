"""Where the person was a moment ago: a ring of pieces of code, after llama.vim.

A piece is taken when the cursor has gone more than 32 lines away from a place, when a document is
opened, saved or closed, and when another one is worked in. Pure: no disk, no clock.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.features.context.readable import holds_secret, is_secret
from ducktypist.prompting.pieces import Piece
from ducktypist.syntax.lines import split_lines

CHUNK_LINES = 64
FAR_LINES = 32
MIN_CODE_LINES = 4
"""A place with fewer lines that hold something tells nothing."""
MAX_LINE_CHARS = 400
"""A longer line is data, or was made by a program."""
SAME = 0.9
"""A piece that is more alike than this to a new one is replaced by it."""
MAX_KEPT = 16
SEEN = 0.5
"""A piece that is more alike than this to what the model sees anyway would be repeated by it."""

_TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Lines around a place where the person was."""

    uri: str
    path: Path | None
    language: str
    text: str
    tokens: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """Where the person is."""

    uri: str
    path: Path | None
    language: str
    text: str
    """As it was the last time; what was typed since is not in it."""
    line: int
    """Where a chunk was last taken, or where the person came in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was shown with a document last; shown again while the person stays in the function."""

    function: str
    """Its qualified name, empty outside of any."""
    head: str
    """Source of its signature and docstring."""
    offset: int
    max_chars: int
    visible_start: int
    n_left: int
    """The ring's count at that time."""
    pieces: tuple[Piece, ...]


class Ring:
    """The last few chunks, the oldest first."""

    def __init__(
        self,
        *,
        max_chunks: int,
        may_enter: Callable[[Path | None], bool] = lambda path: path is None or not is_secret(path),
    ) -> None:
        """Keep nothing yet.

        Args:
            max_chunks: How many to keep; 0 keeps none.
            may_enter: Whether a document may be context, by its path (None: it has none). It must
                not look at the disk; whether git ignores a file is asked when chunks are used.
        """
        self._max_chunks = max_chunks
        self._may_enter = may_enter
        self._chunks: list[Chunk] = []
        self._here: _Here | None = None
        self.n_left = 0
        """How often the person went from one document to another."""
        self.kept: dict[str, Kept] = {}
        """By document; kept by whoever gathers context, forgotten with the ring."""
        self.gathering: asyncio.Task[None] | None = None
        """The last time that context was gathered; it may be under way."""

    def __len__(self) -> int:
        return len(self._chunks)

    def visited(self, uri: str, path: Path | None, language: str, text: str, offset: int) -> None:
        """Take note of where the person is, on each keystroke if one likes; mostly free."""
        here, line = self._here, _line(text, offset)
        now = _Here(uri=uri, path=path, language=language, text=text, line=line)
        if here is None or here.uri != uri:
            self._leave()
        elif abs(line - here.line) > FAR_LINES:
            # In the new text, which has what was typed there since.
            self._take(replace(now, line=here.line))
        else:
            now = replace(now, line=here.line)
        self._here = now

    def opened(
        self, uri: str, path: Path | None, language: str, text: str, offset: int = 0
    ) -> None:
        """Take the lines at which a document was opened."""
        line = _line(text, offset)
        self._take(_Here(uri=uri, path=path, language=language, text=text, line=line))

    def saved(self, uri: str, text: str) -> None:
        """Take the lines that were worked on before a document was saved."""
        if self._here is not None and self._here.uri == uri:
            self._here = replace(self._here, text=text)
            self._take(self._here)

    def closed(self, uri: str) -> None:
        """Take the lines that were worked on last in a document."""
        if self._here is not None and self._here.uri == uri:
            self._leave()

    def resize(self, max_chunks: int) -> None:
        """Keep another number of chunks from now on, as the settings say."""
        self._max_chunks = max_chunks
        self._chunks = self._chunks[len(self._chunks) - min(max_chunks, len(self._chunks)) :]

    def forget(self, uri: str) -> None:
        """Drop all of one document, because it is gone or must not be read any more."""
        self._chunks = [chunk for chunk in self._chunks if chunk.uri != uri]
        self.kept.pop(uri, None)
        if self._here is not None and self._here.uri == uri:
            self._here = None

    def keep(self, uri: str, kept: Kept) -> None:
        """Remember what was shown with a document; the last few documents are remembered."""
        self.kept.pop(uri, None)
        self.kept[uri] = kept
        while len(self.kept) > MAX_KEPT:
            self.kept.pop(next(iter(self.kept)), None)

    def chunks(self, *, besides: str = "", limit: int | None = None) -> tuple[Chunk, ...]:
        """Return what is kept, the oldest first, without what stands in ``besides`` already.

        Args:
            besides: The text that the model gets to see anyway.
            limit: Not more than so many, the newest ones.
        """
        seen = [tokens_of("\n".join(lines)) for lines in _windows(split_lines(besides))]
        found = [
            chunk
            for chunk in self._chunks
            if all(similarity(chunk.tokens, window) <= SEEN for window in seen)
        ]
        return tuple(found if limit is None else found[len(found) - min(limit, len(found)) :])

    def _leave(self) -> None:
        if self._here is not None:
            self._take(self._here)
            self._here = None
            self.n_left += 1

    def _take(self, place: _Here) -> None:
        if self._max_chunks <= 0 or not self._may_enter(place.path):
            return
        lines = _around(place.text, place.line)
        text = "\n".join(lines)
        if sum(bool(line) for line in lines) < MIN_CODE_LINES or holds_secret(text):
            return
        chunk = Chunk(
            uri=place.uri,
            path=place.path,
            language=place.language,
            text=text,
            tokens=tokens_of(text),
        )
        kept = [one for one in self._chunks if similarity(one.tokens, chunk.tokens) <= SAME]
        self._chunks = [*kept, chunk][-self._max_chunks :]


def tokens_of(text: str) -> Counter[str]:
    """Return the words of a text with their counts."""
    return Counter(_TOKEN.findall(text))


def similarity(one: Counter[str], other: Counter[str]) -> float:
    """Return the Dice coefficient of two bags of tokens: 0 for nothing in common, 1 for alike."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset)


def _around(text: str, line: int) -> list[str]:
    """Return the lines around one, without blank ones at the ends and without long ones."""
    lines = split_lines(text)
    first = max(0, min(line - CHUNK_LINES // 2, len(lines) - CHUNK_LINES))
    chosen = [
        line.rstrip() for line in lines[first : first + CHUNK_LINES] if len(line) <= MAX_LINE_CHARS
    ]
    while chosen and not chosen[0]:
        chosen.pop(0)
    while chosen and not chosen[-1]:
        chosen.pop()
    return chosen


def _windows(lines: list[str]) -> list[list[str]]:
    """Cut lines into overlapping pieces of a chunk's size, so that like is compared with like."""
    last = max(1, len(lines) - FAR_LINES)
    return [lines[first : first + CHUNK_LINES] for first in range(0, last, FAR_LINES)]
