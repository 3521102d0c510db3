"""Where a function's body lies among physical lines; knows no language's node types."""

from __future__ import annotations

import dataclasses

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax.lines import LineTable, column_of, indent_of, indent_unit
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Tree, parse


def body_between(text: str, lines: LineTable, *, after: int, before: int) -> Span:
    """Return what stands between two offsets, as whole lines where it stands on its own lines.

    ``after`` is the end of the signature or docstring, ``before`` the start of the closing brace
    (or the function's end). Without content the span is empty, at the end of the line of
    ``after``, or at ``after`` when the brace closes on that line.
    """
    inner = text[after:before]
    first_line, last_line = lines.line_of(after), lines.line_of(before)
    rest = Span(start=after, end=max(after, min(before, lines.span(first_line).end))).of(text)
    lead = rest.strip()
    inline = bool(lead) and not lead.startswith(("#", "//"))
    if not inner.strip():
        at_line_end = lines.span(first_line).end
        place = at_line_end if at_line_end <= before else after
        return Span(start=place, end=place)
    if inline:
        start = after + len(inner) - len(inner.lstrip())
        return Span(start=start, end=max(start, after + len(inner.rstrip())))
    numbers = [
        line
        for line in range(first_line + 1, last_line + 1)
        if not lines.is_blank(line) and lines.content(line).start < before
    ]
    if not numbers:
        place = min(lines.span(first_line).end, before)
        return Span(start=place, end=place)
    start = lines.span(numbers[0]).start
    return Span(start=start, end=max(start, min(lines.content(numbers[-1]).end, before)))


def body_indent(
    text: str, lines: LineTable, body: Span, *, opener: int, default_step: str = "    "
) -> str:
    """Return the indentation of a body, inferred from the line of ``opener`` when it has none."""
    line = lines.line_of(body.start)
    own_lines = len(body) > 0 and body.start == lines.span(line).start
    if own_lines:
        for number in range(line, lines.line_of(body.end) + 1):
            if not lines.is_blank(number):
                return indent_of(lines.text(number))
    return indent_of(lines.text(lines.line_of(opener))) + indent_unit(text, default_step)


def whole_lines(text: str, lines: LineTable, start: int, end: int) -> Span:
    """Widen a span to whole lines where nothing else stands on them."""
    first = lines.span(lines.line_of(start)).start
    if not text[first:start].strip():
        start = first
    last = lines.span(lines.line_of(end)).end
    if text[end:last].strip() == "" or text[end:last].lstrip().startswith(("#", "//")):
        end = last
    return Span(start=start, end=end)


def with_last_brace(tree: Tree) -> Tree | None:
    """Return the tree of the text with one more closing brace, if that is all it lacks.

    A function that is being typed at the end of a file is otherwise lost in an error node.
    """
    if not tree.root.has_error:
        return None
    closed = parse(f"{tree.text}\n}}", tree.language)
    return closed if closed is not None and not closed.root.has_error else None


def without_last_brace(region: FunctionRegion, n_characters: int) -> FunctionRegion:
    """Return a region of :func:`with_last_brace`'s tree as it stands in the text without it."""
    if region.span.end <= n_characters:
        return region
    span = Span(start=region.span.start, end=n_characters)
    return dataclasses.replace(region, span=span, has_closer=False)


def comments_above(tree: Tree, lines: LineTable, node: tree_sitter.Node) -> Span | None:
    """Return the comment lines right above ``node``, without a ``#!`` line."""
    expected = lines.line_of(tree.offset(node.start_byte))
    start = end = -1
    sibling = node.prev_sibling
    while sibling is not None and sibling.type in {"comment", "\n"}:
        span = tree.span(sibling)
        if sibling.type == "comment":
            own_line = lines.content(lines.line_of(span.start)).start == span.start
            follows = lines.line_of(span.end) == expected - 1
            if not own_line or not follows or span.of(tree.text).startswith("#!"):
                break
            start = span.start
            end = max(end, span.end)
            expected = lines.line_of(span.start)
        sibling = sibling.prev_sibling
    return Span(start=start, end=end) if start >= 0 else None


def deeper_comments_end(lines: LineTable, *, last_line: int, column: int) -> int:
    """Return the last line of the comments below ``last_line`` that stand deeper than ``column``.

    tree-sitter leaves a ``# TODO`` under a signature outside of the function.
    """
    found = last_line
    for line in range(last_line + 1, len(lines)):
        if lines.is_blank(line):
            continue
        whole = lines.text(line)
        if not whole.lstrip().startswith("#") or column_of(indent_of(whole)) <= column:
            break
        found = line
    return found
