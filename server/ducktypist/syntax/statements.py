"""Which lines belong to one statement, and what decides whether it runs. Pure; Python and Go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax.parse import parse

_FUNCTIONS = frozenset(
    {"function_definition", "class_definition", "function_declaration", "method_declaration"}
)
_WITHOUT_CONDITION = frozenset(
    {"else_clause", "finally_clause", "try_statement", "with_statement", "default_case"}
)
"""What they hold is decided further out."""
_MORE = frozenset(
    {
        # Python.
        "function_definition",
        "class_definition",
        "elif_clause",
        "else_clause",
        "except_clause",
        "except_group_clause",
        "finally_clause",
        "case_clause",
        # Go.
        "short_var_declaration",
        "var_declaration",
        "const_declaration",
        "expression_case",
        "type_case",
        "default_case",
        "communication_case",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The statements of one piece of code, by 1-based lines.

    A compound statement is its header here; what it holds are statements of their own, and so are
    ``else`` and its like.
    """

    first_lines: Mapping[int, int]
    """For each line the one on which its statement begins."""
    deciders: Mapping[int, int]
    """For the first line of a statement that of the header that decides whether it runs."""


def statements(text: str, language: str, span: Span) -> Statements:
    """Return what belongs together in ``span``; nothing for a language without a grammar."""
    tree = parse(text, language)
    first_lines: dict[int, int] = {}
    deciders: dict[int, int] = {}
    if tree is None:
        return Statements(first_lines=first_lines, deciders=deciders)
    start_byte, end_byte = tree.byte(span.start), tree.byte(span.end)
    # Outer statements first: what lies inside them takes its lines from them.
    stack: list[tuple[tree_sitter.Node, int]] = [(tree.root, 0)]
    while stack:
        node, decider = stack.pop()
        if node.end_byte <= start_byte or node.start_byte >= end_byte:
            continue
        if _is_statement(node):
            first, last = node.start_point[0], node.end_point[0]
            inner = _first_inside(node)
            if inner is not None:
                # Behind its blocks there are only brackets.
                last = max(first, inner.start_point[0] - 1)
            first_lines.update(dict.fromkeys(range(first + 1, last + 2), first + 1))
            if decider and decider != first + 1:
                deciders.setdefault(first + 1, decider)
            if node.type in _FUNCTIONS:
                decider = 0
            elif node.type not in _WITHOUT_CONDITION:
                decider = first + 1
        stack.extend((child, decider) for child in reversed(node.children))
    return Statements(first_lines=first_lines, deciders=deciders)


def _is_statement(node: tree_sitter.Node) -> bool:
    return node.type.endswith("_statement") or node.type in _MORE


def _first_inside(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the first statement inside a statement that is on a later line."""
    stack = list(reversed(node.children))
    while stack:
        child = stack.pop()
        if _is_statement(child) and child.start_point[0] > node.start_point[0]:
            return child
        stack.extend(reversed(child.children))
    return None
