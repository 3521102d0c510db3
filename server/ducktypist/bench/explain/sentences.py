"""Where the sentences of a Markdown prose end, code spans being words of it. Pure text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"(?<=[.!?])(?:\*{1,2})?[ \t]+(?=[A-Z`*\"'(\[-])|\n+")
_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences and items of lists of a text, those without a word left out."""
    held = [span.span() for span in _SPAN.finditer(text)]
    start = 0
    for end in _END.finditer(text):
        # "find . -name" is one word of the sentence that quotes it.
        if any(first < end.start() < last for first, last in held):
            continue
        yield from _said(text[start : end.start()])
        start = end.end()
    yield from _said(text[start:])


def _said(part: str) -> Iterator[str]:
    if part.strip(" \t*-+#>"):
        yield part.strip()
