"""What a Go file does about goroutines, in numbers and names that two texts can be compared by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from ducktypist.syntax.go_changes import imported
from ducktypist.syntax.go_declared import FUNCTIONS
from ducktypist.syntax.go_scopes import ELSEWHERE, GoFile, Use, Variable, VariableKind
from ducktypist.syntax.parse import walk
from ducktypist.syntax.race.regions import LOOPS, inside, is_wait, starts_goroutine

_CONDITIONS = frozenset(
    {"if_statement", "expression_case", "type_case", "default_case", "communication_case"}
)
_DIRECTIVE = re.compile(r"//(?:go:|line |export )|//\s*\+build\b|/\*line ")
_PLUMBING = frozenset(
    {
        *("Add", "Done", "Wait", "Lock", "Unlock", "RLock", "RUnlock", "Do", "Load", "Store"),
        *("Swap", "CompareAndSwap", "append", "len", "cap", "make", "new", "close", "delete"),
        *("clear", "copy", "Sleep", "Clone", "int", "int32", "int64", "uint64", "string"),
    }
)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """One file's goroutines and what is around them."""

    n_starts: int
    """``go`` statements and calls of a method ``Go``."""
    n_idle: int
    """Goroutines that do nothing."""
    called: frozenset[str]
    """Names of what goroutines call, synchronisation left out."""
    loops: Counter[str]
    """Headers of the loops that start goroutines."""
    n_conditions: int
    """Conditions around starts, all starts together."""
    n_waits_between: int
    """Waits inside a loop that starts goroutines, outside of these."""
    n_handed_locks: int
    """Locks taken in a loop that starts goroutines and not let go there."""
    waiting: Counter[str]
    """How often each function waits that starts goroutines, by qualified name."""
    n_sends: int
    """Values sent by goroutines."""
    calls: Counter[str]
    """Everything called by a plain or dotted name."""
    n_spins: int
    """Loops without a body."""
    directives: Counter[str]
    imports: frozenset[str]
    numbers: Counter[str]
    """Whole numbers as written."""
    copies: Counter[str]
    """What is copied by ``x := *y``, as written."""
    value_receivers: frozenset[str]
    """Methods that work on a copy, by qualified name."""
    functions: frozenset[str]
    """Qualified names of the declared functions."""


def concurrency(text: str) -> Concurrency | None:
    """Return what a text does about goroutines; None when it has no tree."""
    file = GoFile.of(text)
    if file is None:
        return None
    tree = file.tree
    nodes = list(tree.walk())
    starts = [node for node in nodes if starts_goroutine(file, node)]
    loops = [
        node for node in nodes if node.type in LOOPS and any(_within(node, one) for one in starts)
    ]
    return Concurrency(
        n_starts=len(starts),
        n_idle=sum(_is_idle(file, node) for node in starts),
        called=frozenset(name for node in starts for name in _called(file, node)),
        loops=Counter(_header(file, node) for node in loops),
        n_conditions=sum(_n_conditions(node) for node in starts),
        n_waits_between=sum(_n_waits(file, node) for node in loops),
        n_handed_locks=sum(_n_handed(file, node) for node in loops),
        waiting=Counter(
            {
                file.name_of(function): sum(is_wait(file, node) for node in inside(file, function))
                for function in file.functions()
                if any(_within(function, one) for one in starts)
            }
        ),
        n_sends=sum(
            node.type == "send_statement" and any(_within(one, node) for one in starts)
            for node in nodes
        ),
        calls=Counter(_call_name(file, node) for node in nodes if node.type == "call_expression"),
        n_spins=sum(_is_spin(node) for node in nodes),
        directives=Counter(
            tree.text_of(node)
            for node in nodes
            if node.type == "comment" and _DIRECTIVE.match(tree.text_of(node))
        ),
        imports=frozenset(imported(tree)),
        numbers=Counter(tree.text_of(node) for node in nodes if node.type == "int_literal"),
        copies=Counter(_copies(file, nodes)),
        value_receivers=frozenset(_value_receivers(file)),
        functions=frozenset(file.name_of(node) for node in file.functions()),
    )


def writers(text: str, variable: Variable) -> tuple[frozenset[str], frozenset[str]]:
    """Return which functions write a variable, and in which a function literal does from outside.

    A local is known by its name and its function's, because its place may have moved; a write to a
    copy that the function just made does not count.
    """
    file = GoFile.of(text)
    if file is None:
        return frozenset(), frozenset()
    uses = [
        use
        for use in file.uses()
        if use.strength and _is_same(use.variable, variable) and not _is_private(file, use)
    ]
    captured = [use for use in uses if _is_captured(file, use)]
    names = frozenset(file.name_of(use.function) for use in uses)
    return names, frozenset(file.name_of(use.function) for use in captured)


def is_declared(text: str, variable: Variable) -> bool:
    """Tell whether a text still has a variable."""
    file = GoFile.of(text)
    if file is None:
        return False
    if variable.declared_at == ELSEWHERE:
        return True
    if variable.kind is VariableKind.FIELD:
        fields = file.fields.get(variable.owner)
        return fields is not None and (variable.name == "*" or variable.name in fields)
    if variable.kind is VariableKind.PACKAGE:
        return variable.name in file.package
    return any(_is_same(use.variable, variable) for use in file.uses())


def _is_same(one: Variable, other: Variable) -> bool:
    return (one.kind, one.name, one.owner) == (other.kind, other.name, other.owner)


def _is_captured(file: GoFile, use: Use) -> bool:
    if use.variable.kind is not VariableKind.LOCAL or use.function.type != "func_literal":
        return use.function.type == "func_literal"
    span = file.tree.span(use.function)
    return not span.start <= use.variable.declared_at < span.end


def _is_private(file: GoFile, use: Use) -> bool:
    """Tell whether a field is one of a value that lies in a local variable of the function."""
    if use.variable.kind is not VariableKind.FIELD or not use.base.isidentifier():
        return False
    declared = file.declaration(use.node, use.base)
    statement = declared.parent.parent if declared is not None and declared.parent else None
    if statement is None or statement.type not in {"short_var_declaration", "var_declaration"}:
        return False
    right = statement.child_by_field_name("right")
    text = file.tree.text_of(right if right is not None else statement)
    return text.startswith(("*", f"{use.variable.owner}{{", f"var {use.base} {use.variable.owner}"))


def _called(file: GoFile, started: tree_sitter.Node) -> Iterator[str]:
    for node in walk(started):
        if node.type == "call_expression" and node != started:
            name = _call_name(file, node).rpartition(".")[2]
            if name and name not in _PLUMBING:
                yield name


def _call_name(file: GoFile, call: tree_sitter.Node) -> str:
    called = call.child_by_field_name("function")
    if called is None or called.type not in {"identifier", "selector_expression"}:
        return ""
    return _SPACE.sub("", file.tree.text_of(called))


def _header(file: GoFile, loop: tree_sitter.Node) -> str:
    body = loop.child_by_field_name("body")
    end = body.start_byte if body is not None else loop.end_byte
    start = file.tree.offset(loop.start_byte)
    return _SPACE.sub(" ", file.tree.text[start : file.tree.offset(end)]).strip()


def _n_conditions(started: tree_sitter.Node) -> int:
    found, node = 0, started.parent
    while node is not None and node.type not in FUNCTIONS:
        found += node.type in _CONDITIONS
        node = node.parent
    return found


def _n_waits(file: GoFile, loop: tree_sitter.Node) -> int:
    body = loop.child_by_field_name("body")
    return sum(is_wait(file, node) for node in inside(file, body)) if body is not None else 0


def _n_handed(file: GoFile, loop: tree_sitter.Node) -> int:
    body = loop.child_by_field_name("body")
    names = [
        _call_name(file, node)
        for node in (inside(file, body) if body is not None else ())
        if node.type == "call_expression"
    ]
    taken = sum(name.endswith(("Lock",)) and not name.endswith("Unlock") for name in names)
    return max(0, taken - sum(name.endswith("Unlock") for name in names))


def _is_idle(file: GoFile, started: tree_sitter.Node) -> bool:
    for node in walk(started):
        if node.type == "func_literal":
            body = node.child_by_field_name("body")
            return body is not None and not any(
                item.type != "comment" and item.is_named for item in body.children
            )
    del file
    return False


def _is_spin(node: tree_sitter.Node) -> bool:
    body = node.child_by_field_name("body") if node.type == "for_statement" else None
    return body is not None and not any(item.type == "statement_list" for item in body.children)


def _copies(file: GoFile, nodes: list[tree_sitter.Node]) -> Iterator[str]:
    for node in nodes:
        right = node.child_by_field_name("right") if node.type == "short_var_declaration" else None
        for value in right.named_children if right is not None else []:
            text = file.tree.text_of(value)
            if value.type == "unary_expression" and text.startswith("*"):
                yield text


def _value_receivers(file: GoFile) -> Iterator[str]:
    for function in file.functions():
        receiver = function.child_by_field_name("receiver")
        for item in receiver.named_children if receiver is not None else []:
            kind = item.child_by_field_name("type")
            if kind is not None and kind.type != "pointer_type":
                yield file.name_of(function)


def _within(outer: tree_sitter.Node, inner: tree_sitter.Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte
