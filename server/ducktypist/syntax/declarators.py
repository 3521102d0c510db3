"""Names of functions and of their parameters, which C wraps in declarators; no scopes or bodies."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter

_NAME_FIELDS = ("name", "pattern", "declarator", "left")
_WRAPPERS = {
    "attributed_declarator",
    "mut_pattern",
    "parenthesized_declarator",
    "pointer_declarator",
    "ref_pattern",
    "reference_declarator",
    "reference_pattern",
    "rest_pattern",
    "spread_parameter",
    "variadic_declarator",
}
_NAMES = {"identifier", "field_identifier", "self", "self_parameter"}
_DECLARES = {"function_definition", "declaration", "field_declaration", "type_definition"}


def name_of(function: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the node that is a function's name; in C++ with what qualifies it."""
    if function.type not in _DECLARES:
        name = function.child_by_field_name("name")
        return name if name is not None and not name.is_missing else None
    last = None
    for node in _declarators(function):
        last = node
    if last is None or last.is_missing or last.type.endswith("_declarator"):
        return None
    return last


def plain_name(name: tree_sitter.Node) -> tree_sitter.Node:
    """Return a name without what qualifies it."""
    while name.type in {"qualified_identifier", "member_expression"}:
        is_member = name.type == "member_expression"
        inner = name.child_by_field_name("property" if is_member else "name")
        if inner is None:
            break
        name = inner
    return name


def function_declarator(declaration: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the innermost declarator with parameters; of ``int (*f(int))(char)`` that of ``f``."""
    found = None
    for node in _declarators(declaration):
        for one in (node, node.child_by_field_name("declarator")):
            if one is not None and one.type.endswith("function_declarator"):
                found = one
    return found


def parameters(function: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the nodes that are the names of a function's parameters; patterns have none."""
    holder: tree_sitter.Node | None = function
    if function.type in _DECLARES:
        holder = function_declarator(function)
    if holder is None:
        return
    single = holder.child_by_field_name("parameter")
    if single is not None:
        yield single
    several = holder.child_by_field_name("parameters")
    for parameter in several.named_children if several is not None else []:
        name = _parameter_name(parameter)
        if name is not None:
            yield name


def _declarators(declaration: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the declarators from the outside to the name."""
    node = declaration.child_by_field_name("declarator")
    while node is not None:
        yield node
        inner = node.child_by_field_name("declarator")
        if inner is None and node.type == "qualified_identifier":
            last = plain_name(node)
            # `A::operator int() const` has its parameters inside of the name.
            inner = last if last.type.endswith("_declarator") else None
        if inner is None and node.type in _WRAPPERS and node.named_child_count:
            inner = node.named_children[-1]
        if inner is None or node.type == "operator_cast":
            return
        node = inner


def _parameter_name(parameter: tree_sitter.Node) -> tree_sitter.Node | None:
    node: tree_sitter.Node | None = parameter
    while node is not None and node.type not in _NAMES:
        inner = next(
            (found for name in _NAME_FIELDS if (found := node.child_by_field_name(name))), None
        )
        if inner is None and node.type in _WRAPPERS and node.named_child_count:
            inner = node.named_children[-1]
        node = inner
    if node is not None and node.type == "self_parameter":
        node = next((child for child in node.children if child.type == "self"), None)
    return node
