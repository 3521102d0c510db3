r"""Follows strings, brackets and comments through code that is still being written.

A model's running answer is read after every token, long before it parses. This knows just enough
of lexical rules to not take the inside of a string or a bracket for a line of code, and never looks
at a character twice. It is no parser; ``parse`` is. Line breaks are ``\n`` here, see ``Incoming``.
"""

from __future__ import annotations

import enum
import functools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Bidirectional controls, zero-width characters and foreign line ends (CVE-2021-42574)."""

_ESCAPE = "\\"
_FENCE = "```"


def visible(text: str) -> str:
    """Return ``text`` without characters that nobody sees; line breaks and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    text = _INVISIBLE.sub("", text)
    return "".join(c for c in text if c in "\n\t\r" or unicodedata.category(c) not in {"Cc", "Cs"})


class Incoming:
    r"""Turns pieces of text into what is kept of them: visible, every line break a ``\n``."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        r"""Return what is kept; a ``\r`` at the end waits for what comes after it."""
        text = self._held + visible(piece)
        self._held = "\r" if text.endswith("\r") else ""
        return text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """What opens and what closes in a family of languages."""

    quotes: tuple[str, ...]
    """Marks that begin and end a string, the longest first."""
    over_lines: frozenset[str] = frozenset()
    """Quotes whose strings may hold a line break that is not escaped."""
    raw: frozenset[str] = frozenset()
    """Quotes whose strings know no escape."""
    comment: str
    """What begins a comment that ends with its line."""
    after_blank: bool = False
    """Whether a comment begins only after a blank, as in a shell's ``${#x}``."""
    block_comment: tuple[str, str] | None = None
    opening: str
    closing: str

    def openers(self) -> tuple[str, ...]:
        """Return the marks that have more than one character and begin something."""
        block = self.block_comment[:1] if self.block_comment else ()
        marks = (*self.quotes, self.comment, *block, _FENCE)
        return tuple(mark for mark in marks if len(mark) > 1)


PYTHON = Lexicon(
    quotes=('"""', "'''", '"', "'"),
    over_lines=frozenset({'"""', "'''"}),
    comment="#",
    opening="([{",
    closing=")]}",
)


def braces(comment: str) -> Lexicon:
    """Return the lexicon of Go, C, JavaScript and shells; only braces count as brackets.

    Args:
        comment: What begins a comment that ends with its line.
    """
    return Lexicon(
        quotes=('"', "'", "`"),
        over_lines=frozenset({"`"}),
        raw=frozenset({"`"}),
        comment=comment,
        after_blank=comment == "#",
        block_comment=("/*", "*/") if comment == "//" else None,
        opening="{",
        closing="}",
    )


class Seen(enum.Enum):
    """What a lexer comes across."""

    LINE = enum.auto()
    """A line break; the lexer stands at the beginning of the next line."""
    UNDER = enum.auto()
    """A bracket that closes what was not opened."""
    FENCE = enum.auto()
    """Three backticks that are no string's."""


class Lexer:
    """Where one is in a text that comes in pieces."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.inside = ""
        """What ends the string or comment one is in; empty in code."""
        self.depth = 0
        """How many brackets are open."""
        self.is_continued = False
        """Whether the last line break was escaped, outside of strings."""
        self._lexicon = lexicon
        self._openers = lexicon.openers()
        self._patterns = _patterns(lexicon)
        self._rest = ""
        self._base = 0
        self._before = ""

    def feed(self, text: str) -> Iterator[tuple[Seen, int]]:
        """Yield what is seen in the next piece, with its offset in the whole text.

        To be exhausted, unless nothing is fed any more.
        """
        self._rest += text
        at = 0
        while found := self._patterns[self.inside].search(self._rest, at):
            at = start = found.start()
            if self._is_undecided(at):
                break
            is_code = not self.inside
            at += self._step_in_code(at) if is_code else self._step_inside(at)
            if self._rest[at - 1] == "\n":
                yield Seen.LINE, self._base + at - 1
            elif is_code and self.depth < 0:
                self.depth = 0
                yield Seen.UNDER, self._base + start
            elif is_code and not self.inside and self._rest.startswith(_FENCE, start):
                yield Seen.FENCE, self._base + start
        else:
            at = len(self._rest)
        self._before = self._rest[at - 1] if at else self._before
        self._base += at
        self._rest = self._rest[at:]

    def _is_undecided(self, at: int) -> bool:
        """Tell whether more text decides what the character at ``at`` begins."""
        tail = self._rest[at : at + 3]
        if tail == _ESCAPE:
            return True
        marks = (self.inside,) if self.inside else self._openers
        return at + len(tail) == len(self._rest) and any(
            len(tail) < len(mark) and mark.startswith(tail) for mark in marks
        )

    def _step_inside(self, at: int) -> int:
        """Take what matters in a string or comment, and return its length."""
        text, mark = self._rest, self.inside
        self.is_continued = False
        if text.startswith(mark, at):
            self.inside = ""
            return len(mark)
        if text[at] == _ESCAPE:
            return 2
        if text[at] == "\n" and mark in self._lexicon.quotes:
            self.inside = mark if mark in self._lexicon.over_lines else ""
        return 1

    def _step_in_code(self, at: int) -> int:
        """Take what matters outside of strings and comments, and return its length."""
        text, lexicon = self._rest, self._lexicon
        c = text[at]
        if c == "\n":
            self.is_continued = False
        elif c == _ESCAPE:
            self.is_continued = text[at + 1] == "\n"
            return 2 if self.is_continued else 1
        elif text.startswith(lexicon.comment, at) and self._may_comment(at):
            self.inside = "\n"
            return len(lexicon.comment)
        elif lexicon.block_comment and text.startswith(lexicon.block_comment[0], at):
            self.inside = lexicon.block_comment[1]
            return len(lexicon.block_comment[0])
        elif quote := next((mark for mark in lexicon.quotes if text.startswith(mark, at)), ""):
            self.inside = quote
            return len(quote)
        elif c in lexicon.opening:
            self.depth += 1
        elif c in lexicon.closing:
            self.depth -= 1
        return 1

    def _may_comment(self, at: int) -> bool:
        before = self._rest[at - 1] if at else self._before
        return not self._lexicon.after_blank or not before.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What is known of the lines of some Python."""

    in_string: tuple[bool, ...]
    """Whether a line starts inside a string, one for each line."""
    fence: int
    """The offset of the first Markdown fence outside of strings, -1 when there is none."""


def outline(text: str) -> Outline:
    """Return which lines of some Python start inside a string, and where a fence stands."""
    lexer = Lexer(PYTHON)
    in_string, fence = [False], -1
    for seen, offset in lexer.feed(text):
        if seen is Seen.LINE:
            in_string.append(bool(lexer.inside))
        elif seen is Seen.FENCE and fence < 0:
            fence = offset
    return Outline(in_string=tuple(in_string), fence=fence)


@functools.cache
def _patterns(lexicon: Lexicon) -> Mapping[str, re.Pattern[str]]:
    """Return what finds the next character that matters, by what one is inside of."""
    firsts = "".join(mark[0] for mark in (*lexicon.quotes, *lexicon.openers(), lexicon.comment))
    found = {"": firsts + _ESCAPE + "\n" + lexicon.opening + lexicon.closing, "\n": "\n"}
    if lexicon.block_comment:
        found[lexicon.block_comment[1]] = lexicon.block_comment[1][0] + "\n"
    for quote in lexicon.quotes:
        found[quote] = quote[0] + "\n" + ("" if quote in lexicon.raw else _ESCAPE)
    return {inside: re.compile(f"[{re.escape(marks)}]") for inside, marks in found.items()}
