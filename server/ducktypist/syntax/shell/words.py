"""From nodes of the tree to words, with quotes removed (POSIX.1-2024, XCU 2.2 and 2.6.7).

Not a parser of commands. A word that the grammar cuts into several nodes is one word again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ducktypist.domain import Span
from ducktypist.syntax.parse import Node, walk
from ducktypist.syntax.shell.model import Word
from ducktypist.syntax.shell.tree import ShellTree

_EXPANDED = frozenset(
    {
        "arithmetic_expansion",
        "brace_expression",
        "command_substitution",
        "expansion",
        "process_substitution",
        "simple_expansion",
    }
)
_BRACE_LIST = re.compile(r"(?<![\\$])\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
_QUOTED = re.compile(
    r"""
    \\\r?\n                          # a continued line vanishes
    | \\(?P<escaped>.)
    | \$'(?P<ansi>(?:[^'\\]|\\.)*)'
    | '(?P<single>[^']*)'
    | (?P<open>\$?")(?P<double>(?:[^"\\]|\\.)*)"
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_DOUBLE = re.compile(r'\\([$`"\\])|\\\r?\n')
_MAX_LINE_CHARACTERS = 400
_ANSI_C = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'", '"': '"', "a": "\a"}
_ANSI_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_UNQUOTED_BREAK = re.compile(r"(?<!\\)\r?\n")


def words_of(shell: ShellTree, nodes: Iterable[Node]) -> list[Word]:
    """Return the words that ``nodes``, in source order, make up."""
    groups: list[list[Node]] = []
    for node in nodes:
        if node.start_byte == node.end_byte:
            continue
        if groups and groups[-1][-1].end_byte == node.start_byte:
            groups[-1].append(node)
        else:
            groups.append([node])
    return [_word(shell, group) for group in groups]


def literal_of(text: str) -> str:
    """Return ``text`` without its quotes; expansions stay as they are written."""
    return _QUOTED.sub(_bare, text)


def one_line(text: str) -> str:
    """Return ``text`` with each run of blanks and line breaks as one blank, its end left out."""
    line = " ".join(text[:_MAX_LINE_CHARACTERS].replace("\\\n", " ").split())
    return f"{line}…" if len(text) > _MAX_LINE_CHARACTERS else line


def _word(shell: ShellTree, group: list[Node]) -> Word:
    span = shell.between(group[0].start_byte, group[-1].end_byte)
    text = span.of(shell.text)
    if _UNQUOTED_BREAK.search(text) and not any(mark in text for mark in "'\"$`"):
        # In broken text the parser joins words over the end of a line.
        span = Span(start=span.start, end=span.start + len(_UNQUOTED_BREAK.split(text)[0]))
        text = span.of(shell.text)
    first = next((node for top in group for node in walk(top) if node.type in _EXPANDED), None)
    expanded = shell.span(first).start if first is not None else span.end
    head = text[: max(0, expanded - span.start)]
    braces = _BRACE_LIST.search(head) if not any(mark in head for mark in "'\"") else None
    if braces is not None:
        head = head[: braces.start()]
    return Word(
        span=span,
        text=text,
        head=literal_of(_closed(head)),
        is_literal=expanded >= span.end and braces is None,
        is_quoted=_QUOTED.search(text) is not None,
    )


def _closed(head: str) -> str:
    """Return ``head`` with the double quote closed that an expansion inside it left open."""
    rest = _QUOTED.sub("", head)
    return head + '"' if rest.count('"') % 2 else head


def _bare(found: re.Match[str]) -> str:
    if found["escaped"] is not None:
        return str(found["escaped"])
    if found["single"] is not None:
        return str(found["single"])
    if found["ansi"] is not None:
        return _ANSI_ESCAPE.sub(
            lambda escape: _ANSI_C.get(escape[1], escape[0]), str(found["ansi"])
        )
    if found["double"] is not None:
        return _IN_DOUBLE.sub(lambda escape: escape[1] or "", str(found["double"]))
    return ""
