"""The functions that a shell text defines, with what is written above them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.shell.tree import shell_tree

_COMMENT = re.compile(r"\s*#(?!!)[#\s]*(.*)")
_DIRECTIVE = re.compile(r"shellcheck\s|vim?:|-\*-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellFunction:
    """One function."""

    name: str
    name_span: Span
    line: int
    """On which line its name stands, from 1."""
    comment: str
    """The comment right above it, on one line; may be empty."""


def functions(text: str) -> tuple[ShellFunction, ...]:
    """Return the functions of ``text`` in source order; of one name there may be several."""
    part = Span(start=0, end=len(text))
    shell = shell_tree(text, part)
    if shell is None:
        return ()
    lines = LineTable(text)
    found: list[ShellFunction] = []
    for node in shell.tree.nodes(frozenset({"function_definition"})):
        name = node.child_by_field_name("name")
        if name is None:
            continue
        span = shell.span(name)
        line = lines.line_of(shell.span(node).start)
        found.append(
            ShellFunction(
                name=span.of(text),
                name_span=span,
                line=lines.line_of(span.start) + 1,
                comment=_comment_above(lines, line),
            )
        )
    return tuple(found)


def _comment_above(lines: LineTable, line: int) -> str:
    words: list[str] = []
    while line > 0:
        line -= 1
        found = _COMMENT.fullmatch(lines.text(line))
        if found is None:
            break
        if found[1] and not _DIRECTIVE.match(found[1]):
            words.insert(0, found[1].strip())
    return " ".join(words)
