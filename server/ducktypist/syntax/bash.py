"""Bash's functions and sourced files in a tree-sitter tree; no edits and no checks."""

from __future__ import annotations

import re

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax.bodies import (
    body_between,
    body_indent,
    comments_above,
    whole_lines,
)
from ducktypist.syntax.closing import Closed, closed
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Tree
from ducktypist.syntax.stubs import is_stub

_STUB = re.compile(
    r":|true|(?:echo|printf)\b.*(?:todo|not (?:yet )?implemented|unimplemented).*", re.IGNORECASE
)
_SOURCE = re.compile(r"(?:source|\.)\s")


def functions(tree: Tree, lines: LineTable) -> list[FunctionRegion]:
    """Return every function, also those defined inside others."""
    scan = closed(tree) or Closed.of(tree)
    return [scan.without(region) for region in _regions(scan, lines)]


def imports(tree: Tree) -> list[Span]:
    """Return the commands that source a file."""
    return [
        tree.span(node)
        for node in tree.walk()
        if node.type == "command" and _SOURCE.match(tree.text_of(node))
    ]


def _regions(scan: Closed, lines: LineTable) -> list[FunctionRegion]:
    return [
        region
        for node in scan.tree.walk()
        if node.type == "function_definition" and (region := _region(scan, lines, node)) is not None
    ]


def _region(scan: Closed, lines: LineTable, node: tree_sitter.Node) -> FunctionRegion | None:
    tree = scan.tree
    name, body_node = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None or body_node is None or not body_node.children:
        return None
    start, end = tree.offset(node.start_byte), tree.offset(body_node.end_byte)
    first, last = body_node.children[0], body_node.children[-1]
    open_end = tree.offset(first.end_byte)
    has_closer = last.type in {"}", ")", "]]", "))"} and not last.is_missing
    close = max(open_end, tree.offset(last.start_byte) if has_closer else end)
    body = body_between(tree.text, lines, after=open_end, before=close)
    docstring = comments_above(tree, lines, node)
    own_name = tree.text_of(name)
    statements = [child for child in body_node.named_children if child.type != "comment"]
    comments = [child for child in body_node.named_children if child.type == "comment"]
    return FunctionRegion(
        language="bash",
        name=own_name,
        qualified_name=own_name,
        span=whole_lines(
            tree.text, lines, docstring.start if docstring else start, max(end, body.end)
        ),
        name_span=tree.span(name),
        signature=Span(start=start, end=max(start, open_end)),
        docstring=docstring,
        body=body,
        indent=body_indent(tree.text, lines, body, opener=start),
        is_empty=is_stub(map(tree.text_of, statements), map(tree.text_of, comments), _STUB),
        class_name=None,
        parameters=(),
        has_closer=has_closer and close not in scan.added,
    )
