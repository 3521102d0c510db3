"""Finding the end of a call or a value in the middle of prose: brackets and quotes, no parser.

What is found here is only a candidate; the language's own parser decides whether it is one.
"""

from __future__ import annotations

import re

MAX_CHARACTERS = 3000
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+"
    r"|(?:\d[\d_]*\.\d[\d_]*|\d[\d_]*|\.\d+)(?:[eE][+-]?\d+)?j?(?![\w])"
)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_STRING = re.compile(r"[rRbBuUfF]{0,2}(?=[\"'`])")
_OPERATOR = re.compile(r"[ \t]*(?:\*\*|//|[*+/%|&^-])[ \t]*")
_SIGNS = "+-~&*"
_GO_TYPE = re.compile(r"(?:\[\w*\]|map\[[\w.\[\]*]+?\]|\*)+[A-Za-z_][\w.]*(?=\{)")
"""The type in front of one of Go's composite literals, such as ``[]int{1}``."""
HEDGES = re.compile(
    r"\b(?:approx\w*|about|around|roughly|mod|modulo|or|maybe|perhaps|order|any|some|wrong|bug\w*"
    r"|not|never|instead|incorrect\w*|depends?|usually|but|unless|except|if|when)\b",
    re.IGNORECASE,
)
"""Words that take back some of what an example says."""
_END = re.compile(
    r"[ \t`*_]*(?:[.;:]?[ \t]*$|[.;][ \t]+|\n|(?:#|//|--|—|\u2013)[ \t]*|[ \t]-[ \t]+)"
)
_ASIDE = re.compile(r"[ \t]*\(([^()]*)\)")
_COMMA = re.compile(r"[ \t`*_]*,[ \t]+(?!(?:True|False|None|nil|true|false)\b)(?=[A-Za-z`])")
_AND = re.compile(r"[ \t`*_]+(?:and|while|whereas|since|because|as)[ \t]+(?=[A-Za-z`])")


def balanced(text: str, start: int, *, quotes: str) -> int | None:
    """Return where the bracket at ``start`` is closed (just behind it), or None.

    Args:
        text: What is read.
        start: Where an opening bracket stands.
        quotes: The characters that begin and end strings.
    """
    expected: list[str] = []
    at = start
    end = min(len(text), start + MAX_CHARACTERS)
    while at < end:
        char = text[at]
        if char in quotes:
            closed = string_end(text, at)
            if closed is None:
                return None
            at = closed
            continue
        if char in _PAIRS:
            expected.append(_PAIRS[char])
        elif expected and char == expected[-1]:
            expected.pop()
            if not expected:
                return at + 1
        elif char in ")]}":
            return None
        at += 1
    return None


def string_end(text: str, start: int) -> int | None:
    """Return where the string whose quote stands at ``start`` ends, None when it has no end."""
    quote = text[start]
    at = start + 1
    while at < min(len(text), start + MAX_CHARACTERS):
        char = text[at]
        if char == "\\" and quote != "`":
            at += 2
            continue
        if char == quote:
            return at + 1
        if char == "\n" and quote != "`":
            return None
        at += 1
    return None


def value_end(text: str, start: int, *, quotes: str) -> int | None:
    """Return where a value that begins at ``start`` ends: operands with operators between."""
    end = _operand(text, start, quotes=quotes)
    while end is not None:
        operator = _OPERATOR.match(text, end)
        further = _operand(text, operator.end(), quotes=quotes) if operator else None
        # `9 - because ...`: a word behind a dash is prose.
        is_prose = operator is not None and re.match(r"[A-Za-z]", text[operator.end() :])
        if further is None or is_prose:
            return end
        end = further
    return None


def is_said_plainly(text: str, end: int) -> bool:
    """Tell whether what follows a value at ``end`` leaves it as it is.

    The end of the line or sentence does, a comment, or the next clause; a word that goes on does
    not (``f(3) == 9 or 10``, ``f(3) -> 9 in most cases``).
    """
    aside = _ASIDE.match(text, end)
    if aside is not None:
        if HEDGES.search(aside[1]):
            return False
        end = aside.end()
    line_end = text.find("\n", end)
    line = text[end : line_end if line_end >= 0 else len(text)]
    if _END.match(line) or not line.strip(" \t`*_"):
        return True
    return _COMMA.match(line) is not None or _AND.match(line) is not None


def _operand(text: str, start: int, *, quotes: str) -> int | None:
    at = start
    while at < len(text) and text[at] in _SIGNS:
        at += 1
    if at >= len(text):
        return None
    string = _STRING.match(text, at)
    if string is not None and text[string.end()] in quotes:
        end = string_end(text, string.end())
        return _selected(text, end, quotes=quotes) if end is not None else None
    go = _GO_TYPE.match(text, at)
    if go is not None:
        return balanced(text, go.end(), quotes=quotes)
    if text[at] in _PAIRS:
        return balanced(text, at, quotes=quotes)
    number = _NUMBER.match(text, at)
    if number is not None:
        return number.end()
    name = _NAME.match(text, at)
    return _selected(text, name.end(), quotes=quotes) if name is not None else None


def _selected(text: str, end: int | None, *, quotes: str) -> int | None:
    """Go on over calls, indices, braces and members right behind an operand."""
    while end is not None and end < len(text):
        if text[end] in "([{":
            further = balanced(text, end, quotes=quotes)
            if further is None:
                return None
            end = further
            continue
        member = re.compile(r"\.[A-Za-z_]\w*(?=[\[(])").match(text, end)
        if member is None:
            return end
        end = member.end()
    return end
