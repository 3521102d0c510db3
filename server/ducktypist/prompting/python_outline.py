"""Follows strings and brackets through Python that may be incomplete or broken.

A model's running answer is read after every token, long before it parses. This knows just enough
of Python's lexical rules to not take the inside of a string or a bracket for a line of code. It is
no parser; ``syntax`` is.
"""

from __future__ import annotations

from dataclasses import dataclass

_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What is known of each line's beginning."""

    in_string: tuple[bool, ...]
    """Whether a line starts inside a string, one for each line between ``\\n``."""
    in_brackets: tuple[bool, ...]
    """Whether a line starts inside an open bracket."""
    fence: int
    """The offset of the first Markdown fence outside of strings, -1 when there is none."""


def outline(text: str) -> Outline:  # noqa: C901 - a scanner is one loop over its cases
    """Return where strings and brackets of ``text`` begin and end."""
    in_string, in_brackets = [False], [False]
    quote, depth, fence = "", 0, -1
    i = 0
    while i < len(text):
        step = 1
        c = text[i]
        if c == "\n":
            # Only a triple-quoted string goes on; one that a backslash continues is handled below.
            quote = quote if len(quote) > 1 else ""
            in_string.append(bool(quote))
            in_brackets.append(depth > 0)
        elif quote:
            if c == "\\":
                if text[i + 1 : i + 2] == "\n":
                    in_string.append(True)
                    in_brackets.append(depth > 0)
                step = 2
            elif text.startswith(quote, i):
                step, quote = len(quote), ""
        elif c == "#":
            end = text.find("\n", i)
            step = (len(text) if end < 0 else end) - i
        elif c in "\"'":
            quote = c * 3 if text.startswith(c * 3, i) else c
            step = len(quote)
        elif c in _OPENING:
            depth += 1
        elif c in _CLOSING:
            depth = max(0, depth - 1)
        elif fence < 0 and text.startswith("```", i):
            fence = i
        i += step
    return Outline(in_string=tuple(in_string), in_brackets=tuple(in_brackets), fence=fence)
