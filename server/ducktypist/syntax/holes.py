"""Places of a function that could be written anew: a line, a few statements, nothing between two.

Pure functions of text. Which place is worth asking about is the caller's business, and so is what
stands in the prompt around it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import tree_sitter

from ducktypist.domain import Hole, HoleKind, Span, TextEdit
from ducktypist.syntax.checks import new_syntax_errors
from ducktypist.syntax.edits import (
    LineTable,
    newline_style,
    reindent,
    statement_lines,
    with_newlines,
)
from ducktypist.syntax.lines import indent_of
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Tree, parse

MIN_SPAN_LINES = 2
MAX_SPAN_LINES = 5
_SEQUENCES = {"python": "block", "go": "statement_list"}
_JUMPS = frozenset(
    {
        "return_statement",
        "raise_statement",
        "break_statement",
        "continue_statement",
        "goto_statement",
    }
)
_CLAUSES = frozenset({"elif_clause", "else_clause", "except_clause", "finally_clause"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """One statement that has its lines for itself; lines count from 0."""

    first: int
    last: int
    indent: str
    is_jump: bool


def holes(
    text: str, function: FunctionRegion, lines: Collection[int] | None = None
) -> tuple[Hole, ...]:
    """Return what could be left out of a function: all lines, then spans, then insertions.

    Within a kind from top to bottom, shorter spans first. Spans are whole statements of one block,
    a clause, or a block's head with its body; a string over several lines is never cut. Nothing is
    inserted behind a jump. A language without a known shape of blocks has lines only.

    Args:
        text: The file.
        function: One of its functions.
        lines: 1-based; what touches none of them is left out. None means all.
    """
    wanted = None if lines is None else frozenset(line - 1 for line in lines)
    tree = parse(text, function.language)
    if tree is None or not len(function.body):
        return ()
    table = LineTable(text)
    blocks = list(_blocks(tree, table, function))
    ranges = {pair for block in blocks for pair in _runs(block)}
    ranges.update(_clauses(tree, table, function))
    return (
        *_line_holes(text, table, function, wanted),
        *_span_holes(table, sorted(ranges), wanted),
        *_insertions(text, table, blocks, wanted),
    )


def hole_edit(text: str, hole: Hole, new_text: str, language: str) -> TextEdit | None:
    """Return the edit that puts what a model wrote into a hole.

    The first line may come with or without its indentation, the others with the file's or with
    their own; the form that parses is taken. Line breaks become the file's.

    Returns:
        None when ``new_text`` is blank, is what stood there, or (one line) is the line that follows
        anyway, which is what a model writes that goes on instead of filling in.
    """
    middle = _without_blank_edges(with_newlines(new_text, "\n"))
    if not middle.strip():
        return None
    old = hole.span.of(text)
    if _stripped(middle) == _stripped(old) and "\n" not in middle:
        return None
    if "\n" not in middle and hole.kind is not HoleKind.SPAN:
        following = text[hole.span.end :].lstrip().split("\n", 1)[0]
        if middle.strip() == following.strip():
            return None
    edits = [_edit(text, hole, fitted) for fitted in _fits(middle, hole.indent, language)]
    if len(edits) > 1:
        edits.sort(key=lambda edit: new_syntax_errors(text, edit.apply(text), language))
    return None if edits[0].new_text == old else edits[0]


def _line_holes(
    text: str, table: LineTable, function: FunctionRegion, wanted: frozenset[int] | None
) -> Iterator[Hole]:
    for span in statement_lines(text, function.language, function):
        line = table.line_of(span.start)
        if wanted is None or line in wanted:
            yield Hole(
                kind=HoleKind.LINE,
                span=span,
                indent=indent_of(table.text(line)),
                first_line=line + 1,
                n_lines=1,
            )


def _span_holes(
    table: LineTable, ranges: list[tuple[int, int]], wanted: frozenset[int] | None
) -> Iterator[Hole]:
    for first, last in ranges:
        if wanted is None or not wanted.isdisjoint(range(first, last + 1)):
            span = Span(start=table.content(first).start, end=table.content(last).end)
            yield Hole(
                kind=HoleKind.SPAN,
                span=span,
                indent=indent_of(table.text(first)),
                first_line=first + 1,
                n_lines=last - first + 1,
            )


def _insertions(
    text: str,
    table: LineTable,
    blocks: list[list[_Statement]],
    wanted: frozenset[int] | None,
) -> Iterator[Hole]:
    found: set[tuple[int, str]] = set()
    for block in blocks:
        before: _Statement | None = None
        for number, after in enumerate((*block, None)):
            place = block[number] if before is None else before
            line = place.first if before is None else place.last + 1
            near = {max(0, line - 1)} if before is None else {before.last}
            if after is not None:
                near.add(after.first)
            is_near = wanted is None or not wanted.isdisjoint(near)
            if is_near and not (before is not None and before.is_jump):
                found.add((line, place.indent))
            before = after
    # The deeper block ends first.
    for line, indent in sorted(found, key=lambda item: (item[0], -len(item[1]))):
        start = table.span(line).start if line < len(table) else len(text)
        yield Hole(
            kind=HoleKind.INSERTION,
            span=Span(start=start, end=start),
            indent=indent,
            first_line=line + 1,
            n_lines=0,
        )


def _blocks(tree: Tree, table: LineTable, function: FunctionRegion) -> Iterator[list[_Statement]]:
    """Yield the statements of each block of a body, neighbours that share a line left out."""
    sequence = _SEQUENCES.get(tree.language)
    for node in _inside(tree, function):
        if node.type != sequence:
            continue
        block: list[_Statement] = []
        for child in node.named_children:
            if child.type == "comment" or not _is_in_body(tree, function, child):
                continue
            lines = _whole_lines(tree, table, child)
            if lines is None:
                # What shares a line cannot be taken out alone, and parts those around it.
                if block:
                    yield block
                block = []
                continue
            block.append(
                _Statement(
                    first=lines[0],
                    last=lines[1],
                    indent=indent_of(table.text(lines[0])),
                    is_jump=child.type in _JUMPS,
                )
            )
        if block:
            yield block


def _runs(block: list[_Statement]) -> Iterator[tuple[int, int]]:
    for number, first in enumerate(block):
        for last in block[number:]:
            n_lines = last.last - first.first + 1
            if n_lines > MAX_SPAN_LINES:
                break
            if n_lines >= MIN_SPAN_LINES:
                yield first.first, last.last


def _clauses(tree: Tree, table: LineTable, function: FunctionRegion) -> Iterator[tuple[int, int]]:
    """Yield the lines of each clause, and of each head with its own body only (Python)."""
    if tree.language != "python":
        return
    for node in _inside(tree, function):
        body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        if node.type not in _CLAUSES and body is None:
            continue
        if node.type == "function_definition" or not _is_in_body(tree, function, node):
            continue
        start, end = tree.offset(node.start_byte), tree.offset((body or node).end_byte)
        first, last = table.line_of(start), table.line_of(end)
        is_whole = table.content(first).start == start and _ends_line(tree, table, end)
        if is_whole and MIN_SPAN_LINES <= last - first + 1 <= MAX_SPAN_LINES:
            yield first, last


def _inside(tree: Tree, function: FunctionRegion) -> Iterator[tree_sitter.Node]:
    """Yield every node that touches the body, parents first."""
    start, end = tree.byte(function.body.start), tree.byte(function.body.end)
    stack = [tree.root]
    while stack:
        node = stack.pop()
        if node.end_byte > start and node.start_byte < end:
            yield node
            stack.extend(reversed(node.children))


def _is_in_body(tree: Tree, function: FunctionRegion, node: tree_sitter.Node) -> bool:
    start, end = tree.offset(node.start_byte), tree.offset(node.end_byte)
    return function.body.start <= start and end <= function.body.end


def _whole_lines(tree: Tree, table: LineTable, node: tree_sitter.Node) -> tuple[int, int] | None:
    span = tree.span(node)
    first, last = table.line_of(span.start), table.line_of(span.end)
    if table.content(first).start != span.start or not _ends_line(tree, table, span.end):
        return None
    return first, last


def _ends_line(tree: Tree, table: LineTable, offset: int) -> bool:
    rest = tree.text[offset : table.span(table.line_of(offset)).end].strip().lstrip(";").strip()
    return not rest or rest.startswith("//" if tree.language == "go" else "#")


def _fits(middle: str, indent: str, language: str) -> list[str]:
    """Return the ways to read the indentation of several lines, the likeliest first."""
    lines = middle.split("\n")
    if len(lines) == 1:
        return [indent + middle.strip()]
    own = reindent(middle, indent, language=language)
    as_file = "\n".join([indent + lines[0].strip(), *lines[1:]])
    rest = [line for line in lines[1:] if line.strip()]
    goes_on = all(line.startswith(indent) for line in rest)
    return [as_file, own] if goes_on and not indent_of(lines[0]) else [own, as_file]


def _edit(text: str, hole: Hole, fitted: str) -> TextEdit:
    newline = newline_style(text)
    new = with_newlines(fitted, newline)
    if hole.kind is HoleKind.INSERTION:
        at_end = hole.span.start == len(text) and not text.endswith(("\n", "\r"))
        new = newline + new if at_end else new + newline
    else:
        new = new.removeprefix(hole.indent)
    return TextEdit(span=hole.span, old_text=hole.span.of(text), new_text=new)


def _stripped(text: str) -> list[str]:
    return [line.strip() for line in with_newlines(text, "\n").split("\n")]


def _without_blank_edges(text: str) -> str:
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines).rstrip()
