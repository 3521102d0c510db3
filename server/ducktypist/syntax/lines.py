r"""Physical lines of a text, ended by ``\n``, ``\r\n`` or ``\r`` and by nothing else.

``str.splitlines`` also splits at form feeds, U+2028 and others, which no editor counts as a line
break; so it is not used anywhere in this package.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections import Counter

from ducktypist.domain import Span

_BREAK = re.compile(r"\r\n|\n|\r")
INDENT_CHARACTERS = " \t\f"


class LineTable:
    """Where each line of one text starts and ends; built once per text. Lines count from 0."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        self._ends: list[int] = []
        for match in _BREAK.finditer(text):
            self._ends.append(match.start())
            self._starts.append(match.end())
        self._ends.append(len(text))

    def __len__(self) -> int:
        return len(self._starts)

    def line_of(self, offset: int) -> int:
        """Return the 0-based line on which ``offset`` lies; a break belongs to the line it ends."""
        return max(0, bisect.bisect_right(self._starts, offset) - 1)

    def span(self, line: int) -> Span:
        """Return the line without its line break."""
        return Span(start=self._starts[line], end=self._ends[line])

    def full_span(self, line: int) -> Span:
        """Return the line with its line break, if it has one."""
        after = self._starts[line + 1] if line + 1 < len(self._starts) else self._ends[line]
        return Span(start=self._starts[line], end=after)

    def text(self, line: int) -> str:
        """Return the line's text without its line break."""
        return self.span(line).of(self._text)

    def content(self, line: int) -> Span:
        """Return the line without indentation, trailing blanks and line break; may be empty."""
        span = self.span(line)
        whole = span.of(self._text)
        start = span.start + len(indent_of(whole))
        return Span(start=start, end=max(start, span.start + len(whole.rstrip())))

    def is_blank(self, line: int) -> bool:
        """Tell whether the line holds nothing but white space."""
        return not self.text(line).strip()


def line_start(text: str, offset: int) -> int:
    """Return where the line of ``offset`` begins, without looking at the other lines."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def split_lines(text: str) -> list[str]:
    """Return the lines of ``text`` without their line breaks; the last may be empty."""
    return _BREAK.split(text)


def newline_style(text: str) -> str:
    r"""Return the line break that ``text`` uses most, ``\n`` when it has none."""
    counts = Counter(match.group() for match in _BREAK.finditer(text))
    return counts.most_common(1)[0][0] if counts else "\n"


def with_newlines(text: str, newline: str) -> str:
    """Return ``text`` with every line break replaced by ``newline``."""
    return _BREAK.sub(lambda _: newline, text)


def indent_of(line: str) -> str:
    """Return the leading spaces, tabs and form feeds of one line."""
    return line[: len(line) - len(line.lstrip(INDENT_CHARACTERS))]


def column_of(indent: str) -> int:
    """Return how far ``indent`` reaches: a tab goes to the next multiple of 8, as Python counts."""
    column = 0
    for character in indent:
        if character == "\t":
            column += 8 - column % 8
        elif character == "\f":
            column = 0
        else:
            column += 1
    return column


@functools.lru_cache(maxsize=8)
def indent_unit(text: str, default: str = "    ") -> str:
    """Return one step of indentation as ``text`` has it: a tab, or 2, 4 or 8 spaces."""
    tabs = 0
    steps: Counter[int] = Counter()
    previous = 0
    for line in split_lines(text):
        if not line.strip():
            continue
        indent = indent_of(line)
        if indent.startswith("\t"):
            tabs += 1
        width = len(indent)
        if indent.strip(" ") == "" and width - previous in {2, 4, 8}:
            steps[width - previous] += 1
        previous = width
    if tabs > steps.total():
        return "\t"
    return " " * steps.most_common(1)[0][0] if steps else default
