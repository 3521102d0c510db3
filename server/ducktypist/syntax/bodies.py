"""Where a function's body lies among physical lines; knows no language's node types."""

from __future__ import annotations

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax.lines import LineTable, column_of, indent_of, indent_unit
from ducktypist.syntax.parse import Tree


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
    first_line += 1
    while last_line >= first_line and (
        lines.is_blank(last_line) or lines.content(last_line).start >= before
    ):
        last_line -= 1
    while first_line < last_line and lines.is_blank(first_line):
        first_line += 1
    if first_line > last_line:
        place = min(lines.span(first_line - 1).end, before)
        return Span(start=place, end=place)
    start = lines.span(first_line).start
    return Span(start=start, end=max(start, min(lines.content(last_line).end, before)))


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


def comments_above(tree: Tree, lines: LineTable, node: tree_sitter.Node) -> Span | None:
    """Return the comment lines right above ``node``, without a ``#!`` line."""
    return above(tree, lines, node, between=frozenset())[1]


def above(
    tree: Tree, lines: LineTable, node: tree_sitter.Node, *, between: frozenset[str]
) -> tuple[int, Span | None]:
    """Return where ``node`` begins with what belongs to it above, and the comment lines there.

    Args:
        tree: The tree that ``node`` is of.
        lines: Its text's lines.
        node: A definition.
        between: Types of siblings that are its own, such as attributes; a comment above them is
            preferred to one between them and ``node``.
    """
    begin = tree.offset(node.start_byte)
    expected = lines.line_of(begin)
    start = end = -1
    has_passed = False
    sibling = node.prev_sibling
    while sibling is not None:
        if sibling.type in between:
            begin = tree.offset(sibling.start_byte)
            expected = lines.line_of(begin)
            has_passed = True
        elif "comment" in sibling.type:
            # Rust's grammar has the line break in a doc comment.
            text = tree.text_of(sibling).rstrip()
            comment_start = tree.offset(sibling.start_byte)
            line = lines.line_of(comment_start)
            if lines.content(line).start != comment_start:
                if line != expected and not _is_on(
                    sibling.prev_sibling, tree, lines, line, between
                ):
                    break
            elif lines.line_of(comment_start + len(text)) != expected - 1 or text.startswith(
                ("#!", "//!", "/*!")
            ):
                break
            else:
                start = comment_start
                if has_passed or end < 0:
                    end, has_passed = comment_start + len(text), False
                expected = line
        elif sibling.type != "\n":
            break
        sibling = sibling.prev_sibling
    if start < 0:
        return begin, None
    return min(begin, start), Span(start=start, end=end)


def _is_on(
    node: tree_sitter.Node | None,
    tree: Tree,
    lines: LineTable,
    line: int,
    types: frozenset[str],
) -> bool:
    if node is None or node.type not in types:
        return False
    return lines.line_of(tree.offset(node.end_byte)) == line


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
