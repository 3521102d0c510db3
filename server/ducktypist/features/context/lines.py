"""Which lines of a text say what a function or a definition is: heads, asserts, calls.

Pure functions of one text.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from ducktypist.syntax.lines import split_lines
from ducktypist.syntax.model import Definition, DefinitionKind, FunctionRegion

SMALL_LINES = 12
"""A definition that is not longer is shown whole."""
HEAD_LINES = 10
CLASS_LINES = 14
MEMBERS = 10
MAX_ASSERTS = 8
MAX_CALLS = 3
MAX_STATEMENT_LINES = 6
MAX_LINE_CHARS = 240

_ASSERT = re.compile(
    r"\bassert|\bexpect|\bshould\b|\brequire[.!]|\bt\.(?:Error|Fatal)|\bEXPECT_|\bASSERT_|\braises\b"
    r"|\bverify\b|\bwant\b|\bgot\b"
)
_QUOTES = ('"""', "'''")
_OPENING, _CLOSING = "([{", ")]}"
_DEFINES = re.compile(r"(?:^|\s)(?:class|def|fn|func|function|fun|type|struct|interface)\s[^(]*$")
_DOTTED = frozenset({"go", "javascript", "python", "tsx", "typescript"})
"""Languages in which a method is not called without what it belongs to."""
_TYPED_FIRST = frozenset({"c", "cpp", "java"})
"""Languages in which a function is introduced by its type and not by a keyword."""
_TYPE = re.compile(r"\s*(?!(?:return|throw|else|new|co_await)\b)(?:[\w*&<>\[\],:.@]+\s+)+[*&]*")
_IMPORTS = re.compile(r"\s*(?:import|from|use|require|include|#include|package|export\s.*\bfrom)\b")


def told(text: str, definition: Definition, every: Sequence[Definition]) -> str:
    """Return what one needs to see of a definition: all of it when it is small, else its head.

    Args:
        text: Of the file.
        definition: One of ``every``.
        every: All definitions of the file: a class is told with the heads of its members.
    """
    whole = _dedented(text, definition.span.start, definition.span.end)
    if whole.count("\n") < SMALL_LINES:
        return whole
    if definition.kind is not DefinitionKind.CLASS:
        lines = split_lines(_dedented(text, definition.head.start, definition.head.end))
        return "\n".join([*lines[:HEAD_LINES], *(["..."] if len(lines) > HEAD_LINES else [])])
    prefix = f"{definition.qualified_name}."
    members = [one for one in every if one.qualified_name.startswith(prefix)]
    lines = class_lines(text, definition, min((one.span.start for one in members), default=None))
    return "\n".join([*lines, *("    " + _signature(text, one) for one in members[:MEMBERS])])


def class_lines(text: str, definition: Definition, before: int | None) -> list[str]:
    """Return the first lines of a class: its header and fields, without what documents them.

    Args:
        text: Of the file.
        definition: The class.
        before: Where its first function begins, None when it has none.
    """
    end = definition.span.end
    if before is not None and definition.head.start < before < end:
        end = max(before, definition.head.start)
    lines = split_lines(_dedented(text, definition.span.start, end))
    kept: list[str] = []
    quoted = ""
    for line in lines:
        code = line.strip()
        opened = quoted or next((mark for mark in _QUOTES if code.startswith(mark)), "")
        # The first line of a class's own docstring says what it is; the rest is for people.
        if code and (not opened or (not quoted and len(kept) == 1)):
            kept.append(line)
        closes = opened and code.count(opened) == (1 if quoted else 2)
        quoted = "" if closes else opened
    return kept[:CLASS_LINES]


def asserted(text: str, function: FunctionRegion) -> str:
    """Return the statements of a test file that call a function, those that assert first."""
    lines = split_lines(text)
    statements = list(dict.fromkeys(_statements(lines, function)))
    statements.sort(key=lambda statement: _ASSERT.search(statement) is None)
    return "\n".join(statements[:MAX_ASSERTS])


def called(text: str, function: FunctionRegion, *, outside: range = range(0)) -> str:
    """Return the lines of a file that call a function, each with one line around it.

    Args:
        text: Of the file.
        function: Which one.
        outside: Line numbers that are not looked at.
    """
    lines, pattern = split_lines(text), call_pattern(function)
    blocks: list[str] = []
    after = 0
    for number, line in enumerate(lines):
        if number in outside or number < after or not _is_call(line, pattern, function.language):
            continue
        shown = [
            one
            for one in lines[max(after, number - 1) : number + 2]
            if len(one) <= MAX_LINE_CHARS and one.strip().strip("\"'")
        ]
        blocks.append(textwrap.dedent("\n".join(shown)))
        after = number + 2
        if len(blocks) == MAX_CALLS:
            break
    return "\n".join(blocks)


def call_pattern(function: FunctionRegion) -> re.Pattern[str]:
    """Return what a call of a function looks like."""
    name = re.escape(function.name)
    if function.language == "bash":
        return re.compile(rf"(?:^|[|&;(`]|\$\(|\bif|\bthen|\bdo)\s*{name}(?![\w(=-])")
    if function.name.startswith("__") and function.class_name:
        # Nobody calls ``__init__`` by its name.
        owner = re.escape(function.class_name.rpartition(".")[2])
        return re.compile(rf"\b{owner}\s*\(")
    if function.class_name and function.language in _DOTTED:
        return re.compile(rf"\.{name}\s*\(")
    return re.compile(rf"\b{name}\s*!?(?:::<[^>]*>)?\s*\(")


def _is_call(line: str, pattern: re.Pattern[str], grammar: str) -> bool:
    match = pattern.search(line)
    if match is None or _IMPORTS.match(line) or len(line) > MAX_LINE_CHARS:
        return False
    before = line[: match.start()]
    if grammar in _TYPED_FIRST and _TYPE.fullmatch(before):
        return False
    return _DEFINES.search(before) is None and not line.lstrip().startswith(("#", "//", "*"))


def _statements(lines: Sequence[str], function: FunctionRegion) -> Iterator[str]:
    """Yield the statements that hold a call, dedented, until their brackets are closed."""
    pattern = call_pattern(function)
    after = 0
    for number, line in enumerate(lines):
        if number < after or not _is_call(line, pattern, function.language):
            continue
        first = _first_line(lines, number)
        end, depth = first, 0
        while end < min(len(lines), first + MAX_STATEMENT_LINES):
            depth += _depth(lines[end])
            end += 1
            if depth <= 0 and end > number:
                break
        after = max(end, number + 1)
        yield textwrap.dedent("\n".join(lines[first:after])).rstrip()


def _first_line(lines: Sequence[str], number: int) -> int:
    """Return the line on which the statement began: an assert may stand above its argument."""
    depth = 0
    for first in range(number - 1, max(-1, number - 3), -1):
        depth += _depth(lines[first])
        if depth > 0 and _ASSERT.search(lines[first]) and not lines[first].rstrip().endswith("{"):
            return first
    return number


def _depth(line: str) -> int:
    """Return how many more brackets a line opens than it closes, strings not looked into."""
    return sum(line.count(c) for c in _OPENING) - sum(line.count(c) for c in _CLOSING)


def _signature(text: str, definition: Definition) -> str:
    """Return the line of a member that names it."""
    lines = split_lines(_dedented(text, definition.head.start, definition.head.end))
    named = re.compile(rf"\b{re.escape(definition.name)}\b")
    return next((line.strip() for line in lines if named.search(line)), lines[0].strip())


def _dedented(text: str, start: int, end: int) -> str:
    first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    start = first if not text[first:start].strip() else start
    return textwrap.dedent(text[start:end]).strip("\n").rstrip()
