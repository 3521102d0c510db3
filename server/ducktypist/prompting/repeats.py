"""What a suggestion must not say again: lines above and below the cursor, a docstring, itself.

Small models fall back on what they see. Pure functions of text; they take away and never add.
"""

from __future__ import annotations

import re

BELOW_LINES = 10
"""How many lines below the cursor that are not blank may not be repeated."""
MAX_PERIOD_LINES = 4
_WORD = re.compile(r"\w")
_LETTERS = re.compile(r"[^\W\d]{3}")
_STUTTER = re.compile(r"(.{4,60}?)\1{3,}", re.DOTALL)
"""The same at least four times without a break; a fault only where there are words in it."""


def without_echo(text: str, *, typed: str, above: str, after: str, said: str = "") -> str:
    """Return ``text`` up to the first line that repeats what stands around the cursor.

    Lines without a letter or digit, such as a closing bracket, may be repeated.

    Args:
        text: What would be inserted.
        typed: What stands before it on its first line.
        above: What stands above that line.
        after: What follows the insertion point.
        said: A docstring or doc comment, none of whose lines may come again.
    """
    rest, _, below_text = after.partition("\n")
    below = {rest.strip(), *_lines(below_text)[:BELOW_LINES], *_lines(said)}
    before = _lines(above)[-1:]
    lines = text.split("\n")
    for number, line in enumerate(lines):
        whole = (typed if number == 0 else "") + line
        if number == len(lines) - 1:
            whole += rest
        repeated = {line.strip(), whole.strip()} & below
        if number == 0 or not "".join(lines[:number]).strip():
            repeated |= {whole.strip()} & set(before)
        if any(_WORD.search(one) for one in repeated):
            return "\n".join(lines[:number]).rstrip()
    return text


def without_runaway(text: str) -> str:
    """Return ``text`` up to where it begins to say the same again and again."""
    stutter = _STUTTER.search(text)
    if stutter is not None and _LETTERS.search(stutter[1]):
        text = text[: stutter.start()].rpartition("\n")[0]
    lines = text.split("\n")
    for start in range(len(lines)):
        for period in range(1, MAX_PERIOD_LINES + 1):
            block = [line.strip() for line in lines[start : start + period]]
            again = [line.strip() for line in lines[start + period : start + 2 * period]]
            if block == again and _WORD.search("".join(block)):
                return "\n".join(lines[: start + period]).rstrip()
    return text


def without_rest(text: str, after: str) -> str:
    """Return ``text`` without an end that is the beginning of what follows on the line.

    Args:
        text: What would be inserted.
        after: What follows the insertion point.
    """
    rest = after.partition("\n")[0].rstrip()
    for size in range(min(len(rest), len(text)), 0, -1):
        if text.endswith(rest[:size]):
            return text[:-size]
    return text


def _lines(text: str) -> list[str]:
    """Return the lines that are not blank, without the blanks at their ends."""
    return [line.strip() for line in text.split("\n") if line.strip()]
