"""What Go code touches besides its own variables, and where it may panic, as its syntax shows it.

Packages are known by the file's imports. What a function that is called from here does is not
known.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.brace_scopes import BraceScope, brace_condition
from ducktypist.facts.code_wording import one_line
from ducktypist.facts.go_names import CALLS, PACKAGES, PANICS, QUIET
from ducktypist.syntax.parse import Node, Tree

_LOCKS = {"Lock": "locks", "Unlock": "unlocks", "RLock": "locks for reading"} | {
    "RUnlock": "unlocks for reading"
}
_LOOPS = frozenset({"for_statement"})
_MAX_SHOWN = 60


def go_effects(scope: BraceScope) -> Iterator[Fact]:
    """Yield effects, panics and known mistakes of a scope, in source order."""
    for node in scope.nodes():
        if node.type == "call_expression":
            yield from _call(scope, node)
        elif node.type == "go_statement":
            shown = _called(scope, node)
            said = f"starts a goroutine: {shown}"
            yield scope.fact(FactKind.EFFECT, node, subject="go", said=said)
        elif node.type == "defer_statement":
            yield from _deferred(scope, node)
        elif node.type == "send_statement":
            channel = scope.field(node, "channel")
            said = f"sends to the channel {channel}"
            yield scope.fact(FactKind.EFFECT, node, subject=channel, said=said)
        elif node.type == "unary_expression" and node.children[0].type == "<-":
            channel = scope.field(node, "operand")
            said = f"receives from the channel {channel}"
            yield scope.fact(FactKind.EFFECT, node, subject=channel, said=said)
        elif node.type in {"assignment_statement", "inc_statement", "dec_statement"}:
            yield from _assigned(scope, node)


def imported(tree: Tree) -> dict[str, str]:
    """Return the import paths of a file by the names that it uses for them."""
    return _imports(tree)


def resolved(scope: BraceScope, function: Node | None) -> str:
    """Return ``os/exec.Command`` for ``exec.Command`` where the file imports that; else nothing."""
    if function is None or function.type != "selector_expression":
        return ""
    operand = function.child_by_field_name("operand")
    if operand is None or operand.type != "identifier":
        return ""
    package = scope.text(operand)
    if package in _bound(scope):
        return ""
    path = imported(scope.tree).get(package)
    return f"{path}.{scope.field(function, 'field')}" if path else ""


def _call(scope: BraceScope, call: Node) -> Iterator[Fact]:
    function = call.child_by_field_name("function")
    if function is None:
        return
    written = scope.text(function)
    name = resolved(scope, function)
    path, _, last = name.rpartition(".")
    if function.type == "identifier":
        yield from _built_in(scope, call, written)
    elif name in PANICS:
        said = f"{PANICS[name]} ({written}) {brace_condition(scope, call)}".rstrip()
        yield scope.fact(FactKind.RAISES, call, subject=written, said=said)
    elif name in CALLS:
        said = f"{CALLS[name]} ({written})"
        yield scope.fact(FactKind.EFFECT, call, subject=written, said=said)
    elif path in PACKAGES and last not in QUIET:
        said = f"{PACKAGES[path]} ({written})"
        yield scope.fact(FactKind.EFFECT, call, subject=written, said=said)
    elif function.type == "selector_expression" and not name:
        yield from _lock(scope, call, function)


def _built_in(scope: BraceScope, call: Node, name: str) -> Iterator[Fact]:
    arguments = scope.field(call, "arguments").removeprefix("(").removesuffix(")")
    if name in _bound(scope):
        return
    if name == "panic":
        shown = one_line(arguments, n_at_most=_MAX_SHOWN)
        said = f"panics with {shown} {brace_condition(scope, call)}".rstrip()
        yield scope.fact(FactKind.RAISES, call, subject="panic", said=said)
    elif name == "close":
        said = f"closes the channel {arguments}"
        yield scope.fact(FactKind.EFFECT, call, subject=arguments, said=said)
    elif name == "delete" and arguments.partition(",")[0] in _parameters(scope):
        holder = arguments.partition(",")[0]
        said = f"deletes from the map {holder}, its argument"
        yield scope.fact(FactKind.EFFECT, call, subject=holder, said=said)
    elif name == "recover":
        yield scope.fact(FactKind.EFFECT, call, subject="recover", said="recovers from a panic")


def _lock(scope: BraceScope, call: Node, function: Node) -> Iterator[Fact]:
    method = scope.field(function, "field")
    is_empty = scope.field(call, "arguments") == "()"
    is_deferred = call.parent is not None and call.parent.type == "defer_statement"
    if method in _LOCKS and is_empty and not is_deferred:
        owner = scope.field(function, "operand")
        yield scope.fact(FactKind.EFFECT, call, subject=owner, said=f"{_LOCKS[method]} {owner}")


def _deferred(scope: BraceScope, statement: Node) -> Iterator[Fact]:
    shown = _called(scope, statement)
    said = f"runs {shown} when the function returns"
    yield scope.fact(FactKind.EFFECT, statement, subject="defer", said=said)
    around = statement.parent
    while around is not None and around != scope.node:
        if around.type in _LOOPS:
            said = "a defer in a loop runs when the function returns, not at the end of each round"
            yield scope.fact(FactKind.FINDING, statement, subject="defer", said=said)
            return
        around = around.parent


def _called(scope: BraceScope, statement: Node) -> str:
    call = statement.named_children[0] if statement.named_child_count else statement
    function = call.child_by_field_name("function")
    if function is not None and function.type == "func_literal":
        return "a function literal"
    return one_line(scope.text(call), n_at_most=_MAX_SHOWN)


def _assigned(scope: BraceScope, statement: Node) -> Iterator[Fact]:
    left = statement.child_by_field_name("left")
    targets = left.named_children if left is not None else statement.named_children[:1]
    for target in targets:
        owner = scope.field(target, "operand")
        shown = one_line(scope.text(target), n_at_most=_MAX_SHOWN)
        if target.type == "selector_expression" and owner in receiver(scope):
            yield from _of_receiver(scope, target, owner, shown)
        elif target.type == "index_expression" and owner in _containers(scope):
            said = f"changes its argument {owner} by assigning to an element"
            yield scope.fact(FactKind.EFFECT, target, subject=owner, said=said)
        elif target.type == "identifier" and shown in _globals(scope.tree) - _bound(scope):
            said = f"assigns to the package variable {shown}"
            yield scope.fact(FactKind.EFFECT, target, subject=shown, said=said)


def _of_receiver(scope: BraceScope, target: Node, owner: str, shown: str) -> Iterator[Fact]:
    if receiver(scope)[owner].startswith("*"):
        said = f"sets {shown}, a field of the value that its receiver points to"
        yield scope.fact(FactKind.EFFECT, target, subject=shown, said=said)
    elif not any(
        owner in re.findall(r"\w+", scope.text(one))
        for one in scope.nodes()
        if one.type in {"return_statement", "argument_list"}
    ):
        said = f"sets {shown} of a copy: the receiver {owner} is no pointer"
        yield scope.fact(FactKind.FINDING, target, subject=shown, said=said)


def receiver(scope: BraceScope) -> dict[str, str]:
    """Return the name of a method's receiver and its type; empty for none."""
    holder = scope.node.child_by_field_name("receiver") if scope.is_function else None
    return {
        scope.field(one, "name"): scope.field(one, "type")
        for one in (holder.named_children if holder is not None else [])
        if scope.field(one, "name")
    }


def _parameters(scope: BraceScope) -> dict[str, str]:
    """Return the parameters and their types."""
    holder = scope.node.child_by_field_name("parameters") if scope.is_function else None
    return {
        scope.text(name): scope.field(one, "type")
        for one in (holder.named_children if holder is not None else [])
        for name in one.children_by_field_name("name")
    }


def _containers(scope: BraceScope) -> frozenset[str]:
    """Return the parameters whose elements belong to the caller as well: maps and slices."""
    return frozenset(
        name
        for name, kind in _parameters(scope).items()
        if kind.startswith(("map[", "[]")) and name not in _assigned_names(scope)
    )


def _assigned_names(scope: BraceScope) -> frozenset[str]:
    return frozenset(
        scope.text(target)
        for one in scope.nodes()
        if one.type in {"assignment_statement", "short_var_declaration"}
        and (left := one.child_by_field_name("left")) is not None
        for target in left.named_children
        if target.type == "identifier"
    )


def _bound(scope: BraceScope) -> frozenset[str]:
    """Return the names that a function declares itself."""
    return _bound_names(scope)


@functools.lru_cache(maxsize=16)
def _bound_names(scope: BraceScope) -> frozenset[str]:
    found = {*_parameters(scope), *receiver(scope)}
    for one in scope.nodes():
        if one.type in {"short_var_declaration", "range_clause"}:
            left = one.child_by_field_name("left")
            found.update(scope.text(name) for name in (left.named_children if left else []))
        elif one.type == "var_spec" and scope.is_function:
            found.update(scope.text(name) for name in one.children_by_field_name("name"))
    return frozenset(found)


@functools.lru_cache(maxsize=8)
def _globals(tree: Tree) -> frozenset[str]:
    return frozenset(
        tree.text_of(name)
        for declaration in tree.root.named_children
        if declaration.type == "var_declaration"
        for group in (declaration, *declaration.named_children)
        for spec in (group, *group.named_children)
        if spec.type == "var_spec"
        for name in spec.children_by_field_name("name")
    )


@functools.lru_cache(maxsize=8)
def _imports(tree: Tree) -> dict[str, str]:
    found = {}
    for spec in tree.nodes(frozenset({"import_spec"})):
        path, name = (spec.child_by_field_name(field) for field in ("path", "name"))
        if path is None:
            continue
        whole = tree.text_of(path).strip('"`')
        parts = whole.split("/")
        # `math/rand/v2` is used as `rand`.
        is_version = len(parts) > 1 and parts[-1][:1] == "v" and parts[-1][1:].isdigit()
        found[tree.text_of(name) if name else parts[-2 if is_version else -1]] = whole
    return found
