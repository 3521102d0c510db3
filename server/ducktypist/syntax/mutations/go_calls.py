"""Mutation operators on Go calls: another function, other arguments, no call at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ducktypist.syntax.mutations.ground import Ground, Proposal
from ducktypist.syntax.mutations.operators import GO_CALLEES
from ducktypist.syntax.parse import Node

_SYMMETRIC = frozenset({"min", "max", "Min", "Max", "append", "make", "copy"})
_UNWRAPPED = {"Abs": 0.3, "len": 0.08, "int": 0.1, "float64": 0.08, "ToLower": 0.2, "ToUpper": 0.2}
_PAIR = 2
_LITERALS = frozenset({"interpreted_string_literal", "raw_string_literal"})


def calls(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of calls."""
    for node in ground.nodes:
        if node.type == "call_expression":
            function = node.child_by_field_name("function")
            arguments = node.child_by_field_name("arguments")
            if function is not None and arguments is not None:
                yield from _call(ground, node, function, arguments)


def _call(ground: Ground, node: Node, function: Node, arguments: Node) -> Iterator[Proposal]:
    named = function
    if function.type == "selector_expression":
        named = function.child_by_field_name("field") or function
    name = ground.source(named)
    for new, weight in GO_CALLEES.get(name, ()):
        yield ground.replace(named, new, "wrong_function", weight)
    given = [child for child in arguments.named_children if child.type != "comment"]
    if name not in _SYMMETRIC and len(given) >= _PAIR:
        weight = 0.45 if len(given) == _PAIR else 0.25
        for one, other in itertools.pairwise(given):
            span, new = ground.swapped(one, other)
            alike = 1.0 if one.type == other.type else 0.6
            if (one.type in _LITERALS) != (other.type in _LITERALS) and name.endswith("f"):
                # A format and what goes into it.
                continue
            yield Proposal(
                span=span, new_text=new, operator="swapped_arguments", weight=weight * alike
            )
    yield from _by_name(ground, name, node, arguments, given)


def _by_name(
    ground: Ground, name: str, node: Node, arguments: Node, given: list[Node]
) -> Iterator[Proposal]:
    sources = [ground.source(child) for child in given]
    if name == "len" and len(given) == 1 and not _has_one_beside(ground, node):
        source = ground.source(node)
        yield ground.replace(node, f"{source}-1", "off_by_one", 0.45)
        yield ground.replace(node, f"{source}+1", "off_by_one", 0.35)
    elif name == "append" and len(given) == _PAIR:
        yield from _append(ground, arguments, given, sources)
    elif name == "make" and len(given) == _PAIR and sources[0].startswith("[]"):
        yield ground.replace(arguments, f"({sources[0]}, 0, {sources[1]})", "make", 0.45)
        yield ground.replace(given[1], f"{sources[1]}+1", "off_by_one", 0.3)
        yield ground.replace(given[1], f"{sources[1]}-1", "off_by_one", 0.2)
    elif name == "make" and len(given) == _PAIR + 1 and sources[1] == "0":
        yield ground.replace(arguments, f"({sources[0]}, {sources[2]})", "make", 0.4)
    elif name == "copy" and len(given) == _PAIR:
        yield ground.replace(arguments, f"({sources[1]}, {sources[0]})", "swapped_arguments", 0.5)
    elif name in _UNWRAPPED and len(given) == 1:
        yield ground.replace(node, sources[0], "dropped_call", _UNWRAPPED[name])


def _append(
    ground: Ground, arguments: Node, given: list[Node], sources: list[str]
) -> Iterator[Proposal]:
    target, added = sources
    if given[1].type == "variadic_argument":
        yield ground.replace(given[1], added.removesuffix("..."), "spread", 0.25)
        bare = added.removesuffix("...").strip()
        yield ground.replace(arguments, f"({bare}, {target}...)", "swapped_arguments", 0.35)
    else:
        yield ground.replace(given[1], f"{added}...", "spread", 0.25)
        new = f"([]T{{{added}}}, {target}...)"
        kind = _element_type(ground, target)
        if kind:
            new = new.replace("[]T", kind)
            yield ground.replace(arguments, new, "wrong_end", 0.25)
        if given[1].type == "identifier":
            copied = f"append({kind or '[]int'}(nil), {added}...)"
            yield ground.replace(given[1], copied, "missing_copy", 0.12)


def _element_type(ground: Ground, name: str) -> str:
    """Return a slice's type as it is declared in the function, empty when that is not seen."""
    for node in ground.nodes:
        if node.type in {"var_spec", "short_var_declaration"}:
            source = ground.source(node)
            for sign in (" ", " := ", " := make("):
                start = f"{name}{sign}[]"
                if source.startswith(start):
                    rest = source[len(start) :]
                    end = min(
                        (rest.index(stop) for stop in ("{", ",", ")", " ") if stop in rest),
                        default=len(rest),
                    )
                    return f"[]{rest[:end]}"
    return ""


def _has_one_beside(ground: Ground, node: Node) -> bool:
    parent = node.parent
    return (
        parent is not None
        and parent.type == "binary_expression"
        and ground.source(parent.child_by_field_name("right")) == "1"
    )
