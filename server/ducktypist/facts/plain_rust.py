"""How Rust functions end: values, errors handed on, panics. No types."""

from __future__ import annotations

from collections.abc import Iterator

from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.brace_scopes import BraceScope, brace_condition
from ducktypist.facts.code_wording import one_line
from ducktypist.syntax.parse import Node

_PANICS = {
    "panic": "panics",
    "todo": "panics, since it is not written yet",
    "unimplemented": "panics, since it is not written yet",
    "unreachable": "panics",
    "assert": "panics unless",
    "assert_eq": "panics unless equal:",
    "assert_ne": "panics if equal:",
}
_UNWRAPS = frozenset({"unwrap", "expect"})
_MAX_SHOWN = 60


def rust_raises(scope: BraceScope) -> Iterator[Fact]:
    """Yield a fact for each place where the function may panic, as its syntax shows it."""
    for node in scope.nodes():
        if node.type == "macro_invocation" and scope.field(node, "macro") in _PANICS:
            yield _of_macro(scope, node)
        elif node.type == "call_expression":
            yield from _unwrapped(scope, node)


def rust_returns(scope: BraceScope) -> Iterator[Fact]:
    """Yield a fact for each way in which the function gives something back."""
    kind = FactKind.RETURNS
    for node in scope.nodes():
        if node.type == "return_expression":
            value = node.named_children[0] if node.named_child_count else None
            shown = one_line(scope.text(value), n_at_most=_MAX_SHOWN) if value is not None else "()"
            said = f"returns {shown} {brace_condition(scope, node)}".rstrip()
            yield scope.fact(kind, node, subject=scope.name, said=said)
        elif node.type == "try_expression":
            tried = scope.text(node).removesuffix("?")
            shown = one_line(tried, n_at_most=_MAX_SHOWN)
            said = f"returns early with the error or None of {shown}"
            yield scope.fact(kind, node, subject="?", said=said)
    last = _last_expression(scope)
    if last is not None:
        shown = one_line(scope.text(last), n_at_most=_MAX_SHOWN)
        yield scope.fact(kind, last, subject=scope.name, said=f"returns {shown} at its end")
    declared = scope.field(scope.node, "return_type")
    said = f"its signature says that it returns {declared}" if declared else "returns nothing"
    name = scope.node.child_by_field_name("name") or scope.node
    yield scope.fact(kind, name, subject=scope.name, said=said)


def _of_macro(scope: BraceScope, node: Node) -> Fact:
    name = scope.field(node, "macro")
    tokens = next((one for one in node.named_children if one.type == "token_tree"), None)
    inner = scope.text(tokens)[1:-1].strip() if tokens is not None else ""
    shown = one_line(inner, n_at_most=_MAX_SHOWN)
    if name.startswith("assert"):
        said = f"{_PANICS[name]} {shown}"
    else:
        with_message = f" with {shown}" if shown and name == "panic" else ""
        said = f"{_PANICS[name]}{with_message} {brace_condition(scope, node)}".rstrip()
    return scope.fact(FactKind.RAISES, node, subject=f"{name}!", said=said)


def _unwrapped(scope: BraceScope, call: Node) -> Iterator[Fact]:
    function = call.child_by_field_name("function")
    if function is None or function.type != "field_expression":
        return
    method = scope.field(function, "field")
    if method in _UNWRAPS:
        shown = one_line(scope.field(function, "value"), n_at_most=_MAX_SHOWN)
        said = f"panics when {shown} is None or an error ({method})"
        yield scope.fact(FactKind.RAISES, call, subject=method, said=said)


def _last_expression(scope: BraceScope) -> Node | None:
    body = scope.node.child_by_field_name("body")
    inside = [one for one in body.named_children if "comment" not in one.type] if body else []
    if not inside or inside[-1].type.endswith(("_statement", "_declaration", "_item")):
        return None
    return inside[-1] if scope.field(scope.node, "return_type") else None
