"""A prose cut into sentences and clauses; code spans and fences are found first.

Markdown as a small model writes it (CommonMark's paragraphs, lists, code spans, fences); nothing is
rendered, and every place is a span of the prose.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.domain import Span

MARK = " (?)"
"""What stands behind words that nothing confirms."""

_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,}).*$", re.MULTILINE)
_CODE = re.compile(r"(?<!`)(`+)(?!`)([^\n]*?[^`\n])\1(?!`)")
_LEAD = re.compile(
    r"[ \t>]*(?:(?:[-*+•]|\d{1,3}[.)])[ \t]+|#{1,6}[ \t]+)?"
    r"(?:\*\*[A-Z][\w ,'-]{0,40}(?::\*\*|\*\*:)[ \t]*)?"
)
_ITEM = re.compile(r"[ \t>]*(?:[-*+•]|\d{1,3}[.)]|#{1,6})[ \t]")
_END = re.compile(r"[.!?…]+[)\]\"'”\u2019*_]*(?=\s|$)")
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|ca|approx|no|resp)|\b[A-Z])\.$", re.IGNORECASE
)
_CLAUSE = re.compile(
    r";\s+|,\s+(?=(?:and|but|while|whereas|which|meaning|so|making|allowing|ensuring|causing"
    r"|thus|then)\b)|\s[–—]\s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a prose, or one line of a fenced block."""

    span: Span
    """Without a list's mark or a bold label before it."""
    text: str
    codes: tuple[Span, ...]
    """What stands between backticks, as spans of the prose, the backticks left out."""
    is_fenced: bool
    paragraph: int
    """Which paragraph or list item of the prose it belongs to."""

    @property
    def plain(self) -> str:
        """The sentence with as many blanks in place of what stands between backticks."""
        found = list(self.text)
        for code in self.codes:
            start, end = code.start - self.span.start, code.end - self.span.start
            found[start:end] = " " * (end - start)
        return "".join(found)


def sentences_of(prose: str) -> tuple[Sentence, ...]:
    """Return the sentences of a prose in order; lines of fenced blocks are sentences, too."""
    found: list[Sentence] = []
    for number, (block, is_fenced) in enumerate(_blocks(prose)):
        codes = () if is_fenced else _codes(prose, block)
        for span in (block,) if is_fenced else _split(prose, block, codes):
            if not span.of(prose).strip():
                continue
            inside = tuple(c for c in codes if span.start <= c.start and c.end <= span.end)
            found.append(
                Sentence(
                    span=span,
                    text=span.of(prose),
                    codes=inside,
                    is_fenced=is_fenced,
                    paragraph=number,
                )
            )
    return tuple(found)


def clauses_of(sentence: Sentence) -> tuple[Span, ...]:
    """Return the clauses of a sentence as spans of the prose; together they are all of it."""
    cuts = [match.end() for match in _CLAUSE.finditer(sentence.plain)]
    edges = [0, *cuts, len(sentence.text)]
    start = sentence.span.start
    return tuple(
        Span(start=start + left, end=start + right)
        for left, right in itertools.pairwise(edges)
        if right > left
    )


def code_spans(prose: str) -> tuple[Span, ...]:
    """Return all code spans outside of fences, with their backticks."""
    return tuple(
        Span(start=block.start + match.start(), end=block.start + match.end())
        for block, is_fenced in _blocks(prose)
        if not is_fenced
        for match in _CODE.finditer(block.of(prose))
    )


def _blocks(prose: str) -> Iterator[tuple[Span, bool]]:
    """Yield paragraphs and list items without their marks, and the lines of fenced blocks."""
    fence = ""
    begun: int | None = None
    end = offset = 0
    for line in prose.splitlines(keepends=True):
        start, offset = offset, offset + len(line)
        opening = _FENCE.match(line)
        is_border = opening is not None and (not fence or opening[1].startswith(fence))
        if begun is not None and (is_border or not line.strip() or _ITEM.match(line)):
            yield Span(start=begun, end=end), False
            begun = None
        if is_border and opening is not None:
            fence = "" if fence else opening[1]
        elif fence:
            yield Span(start=start, end=start + len(line.rstrip("\r\n"))), True
        elif line.strip():
            if begun is None:
                lead = _LEAD.match(line)
                begun = start + (lead.end() if lead is not None else 0)
            end = start + len(line.rstrip())
            begun = min(begun, end)
    if begun is not None:
        yield Span(start=begun, end=end), False


def _codes(prose: str, block: Span) -> tuple[Span, ...]:
    return tuple(
        Span(start=block.start + match.start(2), end=block.start + match.end(2))
        for match in _CODE.finditer(block.of(prose))
    )


def _split(prose: str, block: Span, codes: tuple[Span, ...]) -> Iterator[Span]:
    text = block.of(prose)
    start = 0
    for match in _END.finditer(text):
        where = block.start + match.start()
        if any(code.start <= where < code.end for code in codes):
            continue
        if _ABBREVIATIONS.search(text[: match.start() + 1]) and match[0] == ".":
            continue
        yield _trimmed(text, block.start, start, match.end())
        start = match.end()
    if text[start:].strip():
        yield _trimmed(text, block.start, start, len(text))


def _trimmed(text: str, base: int, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    return Span(start=base + start, end=base + end)
