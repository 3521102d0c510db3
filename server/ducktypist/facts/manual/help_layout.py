"""The layout of help texts: where an option's line begins, and which lines describe it.

GNU's, argparse's, click's, clap's, cobra's, busybox's and those of Go's flag package: all put
options at the beginning of an indented line, and what they do after a gap or on the next lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ducktypist.facts.manual.roff_text import quoted_as_typed
from ducktypist.facts.manual.tags import Tag, looks_like_option, parse_tag

_MAX_LINES = 5_000
_MAX_LINE = 1_000
_MAX_INDENT = 30
_MAX_LINES_OF_ITEM = 60
_GAP = re.compile(r"(?<=\S)(?: {2,}|\t+| *\t ?)(?=\S)")
_COLON = re.compile(r"^(-[^\s:]+(?:[ =][A-Z<][\w<>-]*)?)\s+:\s+(?=\S)|"
                    r"^(-[^\s:]+(?:, -[^\s:]+)*):\s+(?=\S)")  # fmt: skip
_DEFAULTS = re.compile(
    r"\s*\[(?:required|default[:=][^\]]*|env[:=][^\]]*|possible values:[^\]]*)\]"
)
_LEADING = re.compile(r"\A\s*[:–—-]\s+")
_WORDS = re.compile(r"(-[^\s,]+(?:, --?[^\s,]+)*)\s(?=[A-Z]?[a-z]+ [a-z]+ )")


@dataclass(slots=True, kw_only=True)
class _Found:
    tag: str
    indent: int
    column: int | None
    lines: list[str] = field(default_factory=list)


def help_items(text: str) -> Iterator[tuple[Tag, list[str]]]:
    """Yield the options of a help text with the paragraphs that describe them.

    Args:
        text: Lines with their columns.
    """
    for found in _found(text):
        said = _paragraphs(found.lines)
        for tag in parse_tag(found.tag):
            yield tag, said


def _found(text: str) -> Iterator[_Found]:
    current: _Found | None = None
    n_blank = 0
    for raw in text.split("\n")[:_MAX_LINES]:
        line = raw[:_MAX_LINE].rstrip().replace("\t", "        ")
        if not line:
            n_blank += 1
            continue
        indent = len(line) - len(line.lstrip())
        begun = _begin(line.strip(), indent, current)
        if not begun and current and _continues(indent, current, n_blank=n_blank):
            _add(current, line.strip(), indent, is_paragraph=n_blank > 0)
        else:
            if current:
                yield current
            current = begun
        n_blank = 0
    if current:
        yield current


def _add(found: _Found, line: str, indent: int, *, is_paragraph: bool) -> None:
    if found.column is None:
        found.column = indent
    if len(found.lines) < _MAX_LINES_OF_ITEM:
        found.lines += ["", line] if is_paragraph else [line]


def _begin(line: str, indent: int, current: _Found | None) -> _Found | None:
    """Return what begins on this line, if an option does."""
    if not looks_like_option(line) or indent > _MAX_INDENT:
        return None
    # A description may quote an option at the beginning of a line.
    if current and current.column is not None and indent >= current.column - 1:
        return None
    tag, said, column = _split(line)
    if not tag or not parse_tag(tag):
        return None
    return _Found(
        tag=tag,
        indent=indent,
        column=None if not said else indent + column,
        lines=[said] if said else [],
    )


def _split(line: str) -> tuple[str, str, int]:
    """Return the tag, what stands beside it, and in which column."""
    for gap in _GAP.finditer(line):
        # Alternatives may be set in columns as well: "-a,   --all", "-a   --all".
        rest = line[gap.end() :]
        if looks_like_option(rest) and (rest.startswith("--") or line[gap.start() - 1] in ",|"):
            continue
        return line[: gap.start()], line[gap.end() :], gap.end()
    colon = _COLON.match(line)
    if colon:
        return colon[1] or colon[2], line[colon.end() :], colon.end()
    words = _WORDS.match(line)
    if words:
        return words[1], line[words.end() :], words.end()
    return line, "", 0


def _continues(indent: int, current: _Found, *, n_blank: int) -> bool:
    if indent <= current.indent:
        return False
    if not n_blank:
        return True
    # After an empty line, only what stands in the column of the description belongs to it.
    return current.column is None or indent >= current.column - 1


def _paragraphs(lines: list[str]) -> list[str]:
    text = _LEADING.sub("", "\n".join(lines).strip("\n"))
    found = (" ".join(paragraph.split()) for paragraph in re.split(r"\n{2,}", text))
    return [quoted_as_typed(_DEFAULTS.sub("", said).strip() or said) for said in found if said]
