"""Which exceptions leave a Python function, as its ``raise`` and ``assert`` statements show.

What a called function raises is not known here, and neither is what an operation raises.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import one_line
from ducktypist.facts.python_scopes import (
    Scope,
    caught_types,
    condition_of,
    is_below,
    module_classes,
    resolved,
)
from ducktypist.syntax.parse import Node

_CLAUSES = frozenset({"except_clause", "except_group_clause"})
_SUPPRESS = "contextlib.suppress"


def raised(scope: Scope) -> Iterator[Fact]:
    """Yield a fact for each exception that a statement of the scope lets out."""
    for node in scope.nodes():
        if node.type == "raise_statement" and node.is_named:
            yield from _raise(scope, node)
        elif node.type == "assert_statement":
            yield from _assertion(scope, node)


def _raise(scope: Scope, node: Node) -> Iterator[Fact]:
    cause = node.child_by_field_name("cause")
    value = next((one for one in node.named_children if one != cause), None)
    handler = _handler(scope, node)
    if value is None or (handler is not None and scope.text(value) == _alias(scope, handler)):
        types = caught_types(scope, handler) if handler is not None else ()
        if handler is None or _is_caught(scope, handler, types):
            return
        what = " or ".join(types) or "whatever it caught"
        yield scope.fact(
            FactKind.RAISES, node, subject=types[0] if types else "raise", said=f"re-raises {what}"
        )
        return
    is_call = value.type == "call"
    made = value.child_by_field_name("function") if is_call else value
    name = scope.text(made) if made is not None else ""
    if not name or _is_caught(scope, node, (name,)):
        return
    condition = condition_of(scope, node)
    if name.rsplit(".", maxsplit=1)[-1][:1].islower():
        what = f"raises what {name}() returns" if is_call else f"raises the exception in {name}"
    else:
        what = f"raises {name}"
    if not condition and scope.is_function and node.parent == scope.body:
        what, condition = _at_last(scope, what)
    yield scope.fact(FactKind.RAISES, node, subject=name, said=f"{what} {condition}".rstrip())


def _assertion(scope: Scope, node: Node) -> Iterator[Fact]:
    test = node.named_children[0] if node.named_child_count else None
    if test is None or _is_caught(scope, node, ("AssertionError",)):
        return
    said = f"raises AssertionError unless {one_line(scope.text(test), n_at_most=80)}"
    yield scope.fact(FactKind.RAISES, node, subject="AssertionError", said=said)


def _at_last(scope: Scope, what: str) -> tuple[str, str]:
    """Say when a ``raise`` is reached that stands right in the function's body."""
    kinds = [one.type for one in scope.nodes() if one.is_named]
    if "yield" in kinds:
        return what, "when the iteration gets that far"
    if "return_statement" in kinds:
        return what, "when nothing was returned before"
    return (
        what.replace("raises", "always raises", 1) if kinds.count("raise_statement") == 1 else what
    ), ""


def _handler(scope: Scope, node: Node) -> Node | None:
    current = node.parent
    while current is not None and current != scope.node:
        if current.type in _CLAUSES:
            return current
        current = current.parent
    return None


def _alias(scope: Scope, handler: Node) -> str:
    value = handler.child_by_field_name("value")
    alias = value.child_by_field_name("alias") if value is not None else None
    return scope.text(alias) if alias is not None else ""


def _is_caught(scope: Scope, node: Node, types: tuple[str, ...]) -> bool:
    """Tell whether an exception of these types does not get out of the scope."""
    child, parent = node, node.parent
    while parent is not None and child != scope.node:
        if parent.type == "try_statement":
            if child == parent.child_by_field_name("body") and _catches_all(scope, parent, types):
                return True
            if _returns_at_last(parent, child):
                return True
        elif parent.type == "with_statement" and _suppresses(scope, parent, types):
            return True
        child, parent = parent, parent.parent
    return False


def _catches_all(scope: Scope, statement: Node, types: tuple[str, ...]) -> bool:
    clauses = [one for one in statement.children if one.type in _CLAUSES]
    return bool(clauses) and all(
        any(_catches(scope, caught_types(scope, clause), one) for clause in clauses)
        for one in types or ("BaseException",)
    )


def _returns_at_last(statement: Node, child: Node) -> bool:
    """A ``return`` in ``finally`` swallows what was raised."""
    last = next((one for one in statement.children if one.type == "finally_clause"), None)
    if last is None or is_below(child, last):
        return False
    block = next((one for one in last.named_children if one.type == "block"), None)
    return block is not None and any(one.type == "return_statement" for one in block.children)


def _suppresses(scope: Scope, statement: Node, types: tuple[str, ...]) -> bool:
    items = [one for one in statement.named_children if one.type == "with_clause"]
    for item in items[0].named_children if items else []:
        call = item.child_by_field_name("value")
        if call is None or call.type != "call":
            continue
        arguments = call.child_by_field_name("arguments")
        if resolved(scope, call.child_by_field_name("function")) != _SUPPRESS or not arguments:
            continue
        caught = tuple(scope.text(one) for one in arguments.named_children)
        if types and caught and all(_catches(scope, caught, one) for one in types):
            return True
    return False


def _catches(scope: Scope, caught: tuple[str, ...], name: str) -> bool:
    """Tell whether ``except caught`` catches ``name``; a bare ``except`` catches everything."""
    if not caught:
        return True
    ancestors = _ancestors(scope, name)
    return any(one in ancestors for one in caught)


def _ancestors(scope: Scope, name: str) -> frozenset[str]:
    """Return an exception with all that it is, by the file's classes and Python's own."""
    classes = module_classes(scope.tree)
    found: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current in found:
            continue
        found.add(current)
        known = getattr(builtins, current, None)
        if current in classes:
            todo.extend(classes[current])
        elif isinstance(known, type) and issubclass(known, BaseException):
            found.update(one.__name__ for one in known.__mro__)
        else:
            # A class of another file: nearly all exceptions are made to be an `Exception`.
            found.update(("Exception", "BaseException"))
    return frozenset(found)
