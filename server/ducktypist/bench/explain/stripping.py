"""An explanation without the code that it explains. Pure text.

Whoever is to write a program again must not be able to copy it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MIN_LINE_CHARS = 13
"""A shorter line of code can be said by accident."""
_FENCE = re.compile(r"^[ \t]*(```+|~~~+).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}|\t)(?![-*+] |\d+\. ).*(?:\n(?: {4}|\t).*)*")
_EMPTY_SPAN = re.compile(r"(`+)\s*\1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripped:
    """What is left, and how much was taken."""

    text: str
    n_blocks: int
    n_lines: int
    """Lines of the code that stood in it word for word, each time they did."""


def stripped(explanation: str, code: str) -> Stripped:
    """Return an explanation without code blocks and without any longer line of the code."""
    text, n_blocks = _FENCE.subn("", explanation)
    text, n_indented = _INDENTED.subn("", text)
    lines = {line.strip() for line in code.split("\n")}
    n_lines = 0
    for line in sorted(lines, key=lambda item: (-len(item), item)):
        if len(line) >= MIN_LINE_CHARS:
            n_lines += text.count(line)
            text = text.replace(line, "")
    text = re.sub(r"\n{3,}", "\n\n", _EMPTY_SPAN.sub("", text)).strip()
    return Stripped(text=text, n_blocks=n_blocks + n_indented, n_lines=n_lines)


def code_block(answer: str) -> str:
    """Return the first code block of an answer; all of it where there is none."""
    found = re.search(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", answer, re.MULTILINE | re.DOTALL)
    return found[1] if found else answer
