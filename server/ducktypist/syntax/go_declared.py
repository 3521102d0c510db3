"""Which names a Go syntax node declares, and what the text of a type says. No tree of its own.

Used by ``go_scopes``, which puts them together for a whole file.
"""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter

from ducktypist.syntax.parse import walk

FUNCTIONS = frozenset({"function_declaration", "method_declaration", "func_literal"})
"""What has a body that is run when it is called."""
_SYNC_TYPES = ("sync.", "atomic.", "chan ", "<-chan", "context.")
_SCOPES = frozenset(
    {
        *("statement_list", "if_statement", "for_statement", "for_clause"),
        *("expression_switch_statement", "type_switch_statement", "communication_case"),
    }
)


def declared_in(
    scope: tree_sitter.Node, child: tree_sitter.Node, *, with_child: bool
) -> Iterator[tree_sitter.Node]:
    """Yield the identifiers that ``scope`` declares for what lies in its part ``child``."""
    if scope.type in FUNCTIONS:
        for field in ("receiver", "parameters", "result"):
            listed = scope.child_by_field_name(field)
            for item in listed.named_children if listed is not None else []:
                yield from item.children_by_field_name("name")
    elif scope.type in _SCOPES:
        for item in scope.named_children:
            if item.end_byte <= child.start_byte or (with_child and item == child):
                for part in (item, *(item.named_children if item.type == "for_clause" else [])):
                    yield from _names(part)


def is_left(scope: tree_sitter.Node, child: tree_sitter.Node) -> bool:
    """Tell whether ``child`` is where the declaration ``scope`` says what it declares."""
    if scope.type == "var_spec":
        return child in scope.children_by_field_name("name")
    is_short = scope.type in {"short_var_declaration", "range_clause", "receive_statement"}
    return is_short and scope.child_by_field_name("left") == child


def _names(statement: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    if statement.type in {"short_var_declaration", "range_clause", "receive_statement"}:
        if any(item.type == ":=" for item in statement.children):
            left = statement.child_by_field_name("left")
            for item in left.named_children if left is not None else []:
                if item.type == "identifier":
                    yield item
    elif statement.type in {"var_declaration", "const_declaration"}:
        for spec in walk(statement):
            if spec.type in {"var_spec", "const_spec"}:
                yield from spec.children_by_field_name("name")


def enclosing(node: tree_sitter.Node, kinds: frozenset[str]) -> tree_sitter.Node | None:
    """Return the innermost node of one of these kinds around ``node``, itself not counted."""
    current = node.parent
    while current is not None and current.type not in kinds:
        current = current.parent
    return current


def bare(type_text: str) -> str:
    """Return a type's name without pointers and type arguments; empty for a type without name."""
    name = type_text.strip().lstrip("*&").partition("[")[0]
    return name if name.replace(".", "").replace("_", "").isalnum() else ""


def element(type_text: str) -> str:
    """Return the type of a map's or slice's elements; empty when it is neither."""
    text = type_text.lstrip("*")
    if text.startswith("map["):
        depth = 0
        for at, char in enumerate(text):
            depth += (char == "[") - (char == "]")
            if char == "]" and depth == 0:
                return text[at + 1 :]
        return ""
    return text.partition("]")[2] if text.startswith("[") else ""


def is_synchronizing(type_text: str) -> bool:
    """Tell whether a type is for synchronising: a lock, an atomic value, a channel."""
    return type_text.lstrip("*").startswith(_SYNC_TYPES) or type_text == "chan"
