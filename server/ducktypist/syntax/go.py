"""Go's functions and imports in a tree-sitter tree; no edits and no checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
from ducktypist.syntax.parse import Tree, walk
from ducktypist.syntax.stubs import is_stub

_STUB = re.compile(r"panic\(.*(?:todo|implement).*\)", re.IGNORECASE | re.DOTALL)
_RECEIVER = re.compile(r"(\w+)\s*(?:\[[^\]]*\])?\s*\)\s*$")
_OPEN = re.compile(r"[ \t]*\{")


def functions(tree: Tree, lines: LineTable) -> list[FunctionRegion]:
    """Return every function and method that is declared with a name."""
    scan = closed(tree) or Closed.of(tree)
    return [scan.without(region) for region in _regions(scan, lines)]


def imports(tree: Tree) -> list[Span]:
    """Return the import declarations."""
    return [tree.span(node) for node in tree.root.children if node.type == "import_declaration"]


def _regions(scan: Closed, lines: LineTable) -> list[FunctionRegion]:
    return [
        region
        for node in _declarations(scan.tree)
        if node.type in {"function_declaration", "method_declaration"}
        and (region := _region(scan, lines, node)) is not None
    ]


def _region(scan: Closed, lines: LineTable, node: tree_sitter.Node) -> FunctionRegion | None:
    tree = scan.tree
    name = node.child_by_field_name("name")
    if name is None or name.is_missing:
        return None
    start, end = tree.offset(node.start_byte), tree.offset(node.end_byte)
    body_node = node.child_by_field_name("body")
    has_closer = True
    if body_node is not None:
        open_end = tree.offset(body_node.start_byte) + 1
        last = body_node.children[-1] if body_node.children else None
        has_closer = last is not None and last.type == "}" and not last.is_missing
        close = max(open_end, end - 1 if has_closer else end)
    else:
        # `func f() {` at the end of a file: the grammar leaves the brace outside.
        brace = _OPEN.match(tree.text, end)
        has_closer = brace is None
        open_end = close = end = brace.end() if brace else end
    body = body_between(tree.text, lines, after=open_end, before=close)
    receiver = _receiver(tree, node)
    own_name = tree.text_of(name)
    docstring = comments_above(tree, lines, node)
    return FunctionRegion(
        language="go",
        name=own_name,
        qualified_name=f"{receiver}.{own_name}" if receiver else own_name,
        span=whole_lines(
            tree.text, lines, docstring.start if docstring else start, max(end, body.end)
        ),
        name_span=tree.span(name),
        signature=Span(start=start, end=max(start, open_end)),
        docstring=docstring,
        body=body,
        indent=body_indent(tree.text, lines, body, opener=start, default_step="\t"),
        is_empty=_is_empty(tree, body_node),
        class_name=receiver,
        parameters=_parameters(tree, node.child_by_field_name("parameters")),
        has_closer=has_closer and close not in scan.added,
    )


def _is_empty(tree: Tree, body: tree_sitter.Node | None) -> bool:
    if body is None:
        return True
    inside = [
        node
        for child in body.named_children
        for node in (child.named_children if child.type == "statement_list" else [child])
    ]
    return is_stub(
        [tree.text_of(node) for node in inside if node.type != "comment"],
        [tree.text_of(node) for node in inside if node.type == "comment"],
        _STUB,
    )


def _declarations(tree: Tree) -> Iterator[tree_sitter.Node]:
    """Yield what stands at the top level, also inside error nodes; Go nests no functions."""
    stack = list(reversed(tree.root.children))
    while stack:
        node = stack.pop()
        if node.type == "ERROR":
            stack.extend(reversed(node.children))
        else:
            yield node


def _receiver(tree: Tree, node: tree_sitter.Node) -> str | None:
    receiver = node.child_by_field_name("receiver")
    match = _RECEIVER.search(tree.text_of(receiver)) if receiver is not None else None
    return match[1] if match else None


def _parameters(tree: Tree, node: tree_sitter.Node | None) -> tuple[str, ...]:
    names: list[str] = []
    for declaration in node.named_children if node is not None else []:
        names += [tree.text_of(child) for child in declaration.children_by_field_name("name")]
    return tuple(names)


def type_name(tree: Tree, declaration: tree_sitter.Node) -> str | None:
    """Return the name of the struct or interface that a type declaration introduces."""
    for node in walk(declaration):
        if node.type == "type_spec":
            kind, name = node.child_by_field_name("type"), node.child_by_field_name("name")
            if name and kind and kind.type in {"struct_type", "interface_type"}:
                return tree.text_of(name)
    return None
