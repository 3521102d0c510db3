"""Mutation operators on Python that add what is missing: a call around a name, one more or less.

The other operators change or take away; these are many and seldom right, so that they weigh little
unless what the name seems to hold speaks for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ducktypist.syntax.lines import with_newlines
from ducktypist.syntax.mutations.ground import Ground, Proposal, first_of
from ducktypist.syntax.mutations.python_names import bindings, is_use
from ducktypist.syntax.mutations.scope import Scope
from ducktypist.syntax.parse import Node, walk

_SIZED = frozenset({"list", "text", "dict", "set", "tuple", "str"})
_PAIR = 2


def missing(ground: Ground) -> Iterator[Proposal]:
    """Yield what may be missing in expressions and loops."""
    scope = Scope(bindings(ground))
    for node in ground.nodes:
        if node.type == "identifier" and is_use(node) and node.parent is not None:
            yield from _around(ground, node, node.parent, scope)
        elif node.type == "while_statement":
            yield from _step(ground, node)
        elif node.type == "parenthesized_expression":
            yield from _recursion(ground, node)


def _around(ground: Ground, node: Node, parent: Node, scope: Scope) -> Iterator[Proposal]:
    name = ground.source(node)
    if name not in scope:
        return
    binding = scope.at(name, ground.span(node).start)
    kind = binding.kind if binding is not None else ""
    if parent.type in {"binary_operator", "comparison_operator"}:
        found = _of_operand(ground, parent, kind)
    elif parent.type in {"for_statement", "for_in_clause"}:
        if parent.child_by_field_name("right") == node:
            yield from _iterated(ground, node, parent, kind)
        return
    elif parent.type == "argument_list" and parent.parent is not None:
        found = _of_argument(ground, parent.parent, kind)
    elif parent.type == "return_statement" or parent.child_by_field_name("right") == node:
        wanted = ("len", "str", "int", "list", "set", "max", "sum", "abs", "tuple")
        found = ((f"{word}({{}})", 0.12 - 0.01 * rank) for rank, word in enumerate(wanted))
    else:
        return
    for new, weight in found:
        operator = "off_by_one" if "1" in new else "missing_call"
        yield ground.replace(node, new.format(name), operator, weight)


def _of_operand(ground: Ground, parent: Node, kind: str) -> Iterator[tuple[str, float]]:
    """Yield what may be missing around an operand, as a form with a place for it."""
    if kind != "number":
        yield "len({})", 0.35 if kind in _SIZED else 0.12
    if parent.type == "binary_operator" and kind not in _SIZED:
        operator = ground.source(parent.child_by_field_name("operator"))
        is_loose = operator in {"+", "-"}
        for sign in ("-", "+"):
            yield f"{{}} {sign} 1" if is_loose else f"({{}} {sign} 1)", 0.1 if is_loose else 0.16
        yield "abs({})", 0.04
    if kind in {"", "text"}:
        yield "int({})", 0.08
        yield "str({})", 0.06


def _of_argument(ground: Ground, call: Node, kind: str) -> Iterator[tuple[str, float]]:
    """Yield what may be missing around an argument."""
    callee = ground.source(call.child_by_field_name("function"))
    if callee == "range" and kind != "number":
        yield "len({})", 0.4 if kind in _SIZED else 0.25
    elif callee.rpartition(".")[2] == ground.function.name and kind not in _SIZED:
        yield "{} - 1", 0.4
        yield "{} + 1", 0.2
        yield "{}[1:]", 0.15
    elif kind == "number":
        yield "str({})", 0.08
    else:
        yield "len({})", 0.06
        yield "str({})", 0.05
        yield "list({})", 0.04


def _iterated(ground: Ground, node: Node, loop: Node, kind: str) -> Iterator[Proposal]:
    name, left = ground.source(node), loop.child_by_field_name("left")
    is_pair = left is not None and left.type in {"pattern_list", "tuple_pattern"}
    found = [(f"range({name})", 0.6 if kind == "number" else 0.15)]
    if kind != "number":
        found += [
            (f"range(len({name}))", 0.3),
            (f"reversed({name})", 0.15),
            (f"sorted({name})", 0.15),
            (f"{name}[1:]", 0.12),
            (f"{name}[:-1]", 0.08),
            (f"set({name})", 0.06),
            (f"list({name})", 0.08),
        ]
    if is_pair and left is not None and left.named_child_count == _PAIR:
        found = [(f"enumerate({name})", 0.6), (f"{name}.items()", 0.5), *found[2:4]]
    for new, weight in found:
        yield ground.replace(node, new, "missing_call", weight)


def _recursion(ground: Ground, node: Node) -> Iterator[Proposal]:
    """Propose to call the function on what only stands in parentheses."""
    inner = first_of(node)
    parameters = [name for name in ground.function.parameters if name not in {"self", "cls"}]
    if inner is None or len(parameters) != 1 or inner.type != "binary_operator":
        return
    if any(n.type == "identifier" and ground.source(n) == parameters[0] for n in walk(inner)):
        own = f"self.{ground.function.name}" if ground.function.class_name else ground.function.name
        yield ground.replace(node, f"{own}{ground.source(node)}", "missing_call", 0.2)


def _step(ground: Ground, node: Node) -> Iterator[Proposal]:
    """Propose the step of a loop whose condition nothing in it changes."""
    condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
    if condition is None or body is None or not body.named_children:
        return
    changed = {
        ground.source(target)
        for one in walk(body)
        if one.type in {"assignment", "augmented_assignment"}
        and (left := one.child_by_field_name("left")) is not None
        for target in (left, *left.named_children)
    }
    names = [ground.source(n) for n in walk(condition) if n.type == "identifier" and is_use(n)]
    last = body.named_children[-1]
    if not ground.has_own_lines(last) or ground.first_line(body) == ground.first_line(node):
        return
    place = ground.table.content(ground.last_line(last)).end
    indent = ground.indent(body.named_children[0])
    for name in dict.fromkeys(names):
        if name not in changed and name.isidentifier() and name not in {"len", "range"}:
            for change, weight in (("+= 1", 0.45), ("-= 1", 0.35), ("//= 2", 0.08)):
                new = with_newlines(f"\n{indent}{name} {change}", ground.newline)
                what = f"`{name} {change}` was added"
                yield ground.insert(place, new, "missing_step", weight, what)
