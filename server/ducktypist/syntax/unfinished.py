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
from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.syntax.lexicons import PYTHON, Lexicon, braces

__all__ = [
    "PYTHON",
    "Incoming",
    "Lexer",
    "Lexicon",
    "Outline",
    "Seen",
    "braces",
    "outline",
    "visible",
]

_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Bidirectional controls, zero-width characters and foreign line ends (CVE-2021-42574)."""

_ESCAPE = "\\"
_FENCE = "```"
_RECENT_CHARACTERS = 32
"""How far back one looks at what stands before a quote or a slash."""
_CHARACTER_LENGTH = 3
"""That of ``'a'``."""
_MAX_DELIMITER = 18
"""As C++ has it, with the quote and the bracket."""
_LONGEST = 20
"""No mark is longer."""

_WORD = re.compile(r"\w$")
_PREFIX = re.compile(r"(?<!\w)(?:[LuU]|u8)$")
_DELIMITED = re.compile(r"(?<!\w)(?:[LuU]|u8)?R$")
_UNDELIMITED = re.compile(r"[()\\\s\"]")
_HASHED = re.compile(r"(?<!\w)(?:b|c)?r(#*)$")
_OPERAND = re.compile(
    r"[\"'`)\]}<]$|(?<![\w$])(?!(?:return|typeof|case|in|of|delete|void|throw|new|do|else|yield"
    r"|await)$)[\w$]+$"
)
"""What a slash divides; or, with ``<``, what makes it the end of a tag."""


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


class Seen(enum.Enum):
    """What a lexer comes across."""

    LINE = enum.auto()
    """A line break; the lexer stands at the beginning of the next line."""
    UNDER = enum.auto()
    """A bracket that closes what was not opened."""
    FENCE = enum.auto()
    """Three backticks that are no string's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inside:
    """A string, comment or the like, while one is in it."""

    end: str
    escapes: bool = True
    over_lines: bool = False
    """Else a line break ends it as well."""
    holds: str = ""
    """What begins code in it."""
    nests: str = ""
    """What begins another one in it."""
    then: _Inside | None = None
    """What it is inside of itself."""
    has_classes: bool = False
    """Whether square brackets in it hide its end."""
    is_code: bool = False


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
        self._openers = _openers(lexicon)
        self._strings = _strings(lexicon)
        self._mode: _Inside | None = None
        self._searcher = self._in_code = _code_searcher(lexicon)
        self._n_around = 0
        """How many comments are around the one that one is in."""
        self._resumed: list[tuple[_Inside, int]] = []
        """The strings around the code one is in, each with the depth at which it goes on."""
        self._rest = ""
        self._base = 0
        self._recent = ""

    def feed(self, text: str) -> Iterator[tuple[Seen, int]]:
        """Yield what is seen in the next piece, with its offset in the whole text.

        To be exhausted, unless nothing is fed any more.
        """
        self._rest += text
        at = 0
        while found := self._searcher.search(self._rest, at):
            at = start = found.start()
            if self._is_undecided(at):
                break
            mode = self._mode
            at += self._step_in_code(at) if mode is None else self._step_inside(at, mode)
            if self._rest[at - 1] == "\n":
                yield Seen.LINE, self._base + at - 1
            elif mode is None and self.depth < 0:
                self.depth = 0
                yield Seen.UNDER, self._base + start
            elif mode is None and not self.inside and self._rest.startswith(_FENCE, start):
                yield Seen.FENCE, self._base + start
        else:
            at = len(self._rest)
        self._recent = (self._recent + self._rest[:at])[-_RECENT_CHARACTERS:]
        self._base += at
        self._rest = self._rest[at:]

    def _is_undecided(self, at: int) -> bool:
        """Tell whether more text decides what the character at ``at`` begins."""
        text, mode = self._rest, self._mode
        n_left = len(text) - at
        if mode is None:
            if text[at] == "'" and self._lexicon.lifetimes:
                return n_left < _CHARACTER_LENGTH
            if text[at] == '"' and self._lexicon.delimited_raw and self._is_behind(at, _DELIMITED):
                return n_left <= _MAX_DELIMITER and _UNDELIMITED.search(text, at + 1) is None
        if n_left > _LONGEST:
            return False
        tail = text[at:]
        if tail == _ESCAPE:
            return True
        for mark in self._openers if mode is None else (mode.end, mode.holds, mode.nests):
            if n_left < len(mark) and mark.startswith(tail):
                return True
        return False

    def _enter(self, mode: _Inside | None) -> None:
        self._mode = mode
        self.inside = mode.end if mode is not None and not mode.is_code else ""
        self._searcher = self._in_code if mode is None else _searcher(mode)

    def _step_inside(self, at: int, mode: _Inside) -> int:
        """Take what matters in a string or comment, and return its length."""
        text = self._rest
        self.is_continued = False
        if text.startswith(mode.end, at):
            if self._n_around:
                self._n_around -= 1
            else:
                self._enter(mode.then)
            return len(mode.end)
        if text[at] == _ESCAPE and mode.escapes:
            return 2
        if mode.holds and text.startswith(mode.holds, at):
            self._resumed.append((mode, self.depth))
            self.depth += 1
            self._enter(None)
            return len(mode.holds)
        if mode.nests and text.startswith(mode.nests, at):
            self._n_around += 1
            return len(mode.nests)
        if text[at] == "[" and mode.has_classes:
            self._enter(_Inside(end="]", then=mode))
        elif text[at] == "\n" and not mode.over_lines:
            self._enter(None)
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
        elif c in lexicon.opening:
            self.depth += 1
        elif c in lexicon.closing:
            self.depth -= 1
            if self._resumed and c == "}" and self.depth == self._resumed[-1][1]:
                self._enter(self._resumed.pop()[0])
        else:
            begun = self._begun(at)
            if begun is not None:
                self._enter(begun[0])
                return begun[1]
        return 1

    def _begun(self, at: int) -> tuple[_Inside | None, int] | None:
        """Return the comment or string that begins here, and the length of what begins it."""
        text, lexicon = self._rest, self._lexicon
        c = text[at]
        if text.startswith(lexicon.comment, at) and self._may_comment(at):
            return _LINE_COMMENT, len(lexicon.comment)
        if lexicon.block_comment and text.startswith(lexicon.block_comment[0], at):
            begin, end = lexicon.block_comment
            nests = begin if lexicon.nested_comments else ""
            return _Inside(end=end, escapes=False, over_lines=True, nests=nests), len(begin)
        if c == "#":
            return (_DIRECTIVE, 1) if lexicon.directives and self._begins_line(at) else None
        if c == "/":
            return (_REGEX, 1) if lexicon.regexes and self._may_be_regex(at) else None
        return self._quoted(at)

    def _quoted(self, at: int) -> tuple[_Inside | None, int] | None:
        text, lexicon = self._rest, self._lexicon
        if text[at] == "'" and (lexicon.lifetimes or lexicon.is_apart):
            return self._single_quoted(at)
        if text[at] == '"' and (lexicon.hashed_raw or lexicon.delimited_raw):
            return self._double_quoted(at)
        for quote, mode in self._strings:
            if text.startswith(quote, at):
                return mode, len(quote)
        return None

    def _single_quoted(self, at: int) -> tuple[_Inside | None, int]:
        text = self._rest
        if self._lexicon.lifetimes:
            if text[at + 1] == _ESCAPE:
                return _CHARACTER, 1
            # A character, else a lifetime or a label, which nothing ends.
            return None, _CHARACTER_LENGTH if text[at + 2] == "'" else 1
        if self._is_behind(at, _WORD) and not self._is_behind(at, _PREFIX):
            return None, 1
        return _CHARACTER, 1

    def _double_quoted(self, at: int) -> tuple[_Inside, int]:
        if self._lexicon.hashed_raw and (raw := _HASHED.search(self._before(at))):
            return _Inside(end='"' + raw[1], escapes=False, over_lines=True), 1
        if self._lexicon.delimited_raw and self._is_behind(at, _DELIMITED):
            found = _UNDELIMITED.search(self._rest, at + 1)
            if found is not None and found.group() == "(":
                end = f'){self._rest[at + 1 : found.start()]}"'
                return _Inside(end=end, escapes=False, over_lines=True), found.end() - at
        return dict(self._strings)['"'], 1

    def _before(self, at: int) -> str:
        """Return what stands shortly before ``at``."""
        if at >= _RECENT_CHARACTERS:
            return self._rest[at - _RECENT_CHARACTERS : at]
        return self._recent + self._rest[:at]

    def _is_behind(self, at: int, pattern: re.Pattern[str]) -> bool:
        return pattern.search(self._before(at)) is not None

    def _begins_line(self, at: int) -> bool:
        return not self._before(at).rpartition("\n")[2].strip()

    def _may_be_regex(self, at: int) -> bool:
        """Tell whether a slash is no division: an operator or a keyword stands before it."""
        before = self._before(at).rstrip()
        return _OPERAND.search(before) is None if before else False

    def _may_comment(self, at: int) -> bool:
        return not self._lexicon.after_blank or not self._before(at)[-1:].strip()


_CHARACTER = _Inside(end="'")
_LINE_COMMENT = _Inside(end="\n", escapes=False)
_DIRECTIVE = _Inside(end="\n", is_code=True)
_REGEX = _Inside(end="/", has_classes=True)


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


def _openers(lexicon: Lexicon) -> tuple[str, ...]:
    """Return the marks that have more than one character and begin something."""
    block = lexicon.block_comment[:1] if lexicon.block_comment else ()
    marks = (*lexicon.quotes, lexicon.comment, *block, _FENCE)
    return tuple(mark for mark in marks if len(mark) > 1)


@functools.cache
def _strings(lexicon: Lexicon) -> tuple[tuple[str, _Inside], ...]:
    """Return what each quote begins."""
    return tuple(
        (
            quote,
            _Inside(
                end=quote,
                escapes=quote not in lexicon.raw,
                over_lines=quote in lexicon.over_lines,
                holds="${" if quote == lexicon.templates else "",
            ),
        )
        for quote in lexicon.quotes
    )


@functools.lru_cache(maxsize=256)
def _searcher(mode: _Inside) -> re.Pattern[str]:
    """Return what finds the next character that matters in a string or comment."""
    marks = mode.end[0] + mode.holds[:1] + mode.nests[:1] + "\n"
    return _any_of(marks + _ESCAPE * mode.escapes + "[" * mode.has_classes)


@functools.cache
def _code_searcher(lexicon: Lexicon) -> re.Pattern[str]:
    firsts = "".join(mark[0] for mark in (*lexicon.quotes, *_openers(lexicon), lexicon.comment))
    return _any_of(
        firsts + _ESCAPE + "\n" + lexicon.opening + lexicon.closing + "#" * lexicon.directives
    )


@functools.cache
def _any_of(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(characters)}]")
