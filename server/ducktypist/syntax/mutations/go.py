"""Mutation operators on Go expressions and assignments.

Calls, names and statements have files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ducktypist.domain import Span
from ducktypist.syntax.mutations.go_names import NUMBERS, bindings, result_kinds
from ducktypist.syntax.mutations.ground import Ground, Proposal, first_of
from ducktypist.syntax.mutations.operators import (
    ARITHMETIC,
    AUGMENTED,
    NOT_COMMUTATIVE,
    RELATIONAL,
)
from ducktypist.syntax.mutations.scope import Scope
from ducktypist.syntax.parse import Node

_LOOSER = {"+": 0, "-": 0, "*": 1, "/": 1, "%": 1}
_PAIR = 2


def expressions(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of expressions and assignments."""
    for node in ground.nodes:
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            yield from handler(ground, node)


def _binary(ground: Ground, node: Node) -> Iterator[Proposal]:
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator is None or left is None or right is None:
        return
    sign = ground.source(operator)
    if sign in {"&&", "||"}:
        yield from _logical(ground, node, left, right)
        return
    if sign in RELATIONAL:
        yield from _relational(ground, operator, right)
        return
    is_text = any(side.type == "interpreted_string_literal" for side in (left, right))
    for new, weight in ARITHMETIC.get(sign, ()):
        scale = 0.0 if is_text or new in {"**", "//"} else 1.0
        if scale:
            yield ground.replace(operator, new, "arithmetic_operator", weight)
    if sign in NOT_COMMUTATIVE or sign == "+":
        weight = 0.35 if sign != "+" else 0.3 if is_text else 0.12
        swapped = f"{ground.enclosed(right)} {sign} {ground.enclosed(left)}"
        yield ground.replace(node, swapped, "swapped_operands", weight)
    if right.type == "int_literal" and sign in {"+", "-"}:
        weight = 0.6 if ground.source(right) == "1" else 0.2
        yield ground.replace(node, ground.source(left), "off_by_one", weight)
    elif sign in {"+", "-", "*", "/", "%"}:
        yield ground.replace(node, ground.source(left), "dropped_operand", 0.1)
        yield ground.replace(node, ground.source(right), "dropped_operand", 0.08)
    yield from _regrouped(ground, node, left, right, sign)


def _relational(ground: Ground, operator: Node, right: Node) -> Iterator[Proposal]:
    sign = ground.source(operator)
    for new, weight in RELATIONAL[sign]:
        is_nil = right.type == "nil" and new not in {"==", "!="}
        if not is_nil:
            yield ground.replace(operator, new, "relational_operator", weight)
    if sign[0] in {"<", ">"} and right.type in {"identifier", "selector_expression"}:
        source = ground.source(right)
        yield ground.replace(right, f"{source}-1", "off_by_one", 0.3)
        yield ground.replace(right, f"{source}+1", "off_by_one", 0.25)


def _logical(ground: Ground, node: Node, left: Node, right: Node) -> Iterator[Proposal]:
    operator = node.child_by_field_name("operator")
    if operator is None:
        return
    other = "||" if ground.source(operator) == "&&" else "&&"
    yield ground.replace(operator, other, "logical_connector", 0.65)
    yield ground.replace(node, ground.source(left), "dropped_condition", 0.25)
    yield ground.replace(node, ground.source(right), "dropped_condition", 0.25)
    for side in (left, right):
        if side.type in {"identifier", "call_expression", "selector_expression"}:
            new = f"!{ground.source(side)}"
            yield ground.replace(side, new, "negated_condition", 0.3)


def _regrouped(
    ground: Ground, node: Node, left: Node, right: Node, sign: str
) -> Iterator[Proposal]:
    for side, is_left in ((left, True), (right, False)):
        within = first_of(side) if side.type == "parenthesized_expression" else side
        if within is None or within.type != "binary_expression" or sign not in _LOOSER:
            continue
        parts = [within.child_by_field_name(name) for name in ("left", "operator", "right")]
        first, other, last = (ground.source(part) for part in parts)
        if side is not within:
            whole = f"{first} {other} {last}"
            pieces = (whole, sign, ground.source(right))
            if not is_left:
                pieces = (ground.source(left), sign, whole)
            yield ground.replace(node, " ".join(pieces), "precedence", 0.25)
        elif other in _LOOSER and _LOOSER[other] > _LOOSER[sign]:
            new = f"{first} {other} ({last} {sign} {ground.source(right)})"
            if not is_left:
                new = f"({ground.source(left)} {sign} {first}) {other} {last}"
            yield ground.replace(node, new, "precedence", 0.28)


def _unary(ground: Ground, node: Node) -> Iterator[Proposal]:
    operator, operand = node.child_by_field_name("operator"), node.child_by_field_name("operand")
    if operator is None or operand is None:
        return
    sign = ground.source(operator)
    kinds = {"!": ("negated_condition", 0.65), "-": ("unary_operator", 0.5), "&": ("pointer", 0.1)}
    if sign in kinds:
        kind, weight = kinds[sign]
        yield ground.replace(node, ground.source(operand), kind, weight)


def _condition(ground: Ground, node: Node) -> Iterator[Proposal]:
    condition = node.child_by_field_name("condition")
    if condition is None:
        return
    if condition.type in {"identifier", "call_expression", "selector_expression"}:
        new = f"!{ground.source(condition)}"
        yield ground.replace(condition, new, "negated_condition", 0.45)
    elif condition.type == "binary_expression":
        operator = ground.source(condition.child_by_field_name("operator"))
        if operator in {"&&", "||"}:
            new = f"!({ground.source(condition)})"
            yield ground.replace(condition, new, "negated_condition", 0.25)


def _integer(ground: Ground, node: Node) -> Iterator[Proposal]:
    try:
        number = int(ground.source(node).replace("_", ""), 0)
    except ValueError:
        return
    found = {0: [("1", 0.6), ("-1", 0.35)], 1: [("0", 0.6), ("2", 0.45), ("-1", 0.15)]}.get(number)
    if found is None:
        weight = 0.45 if number <= 12 else 0.3  # noqa: PLR2004 - a dozen is still a small number
        found = [(str(number + 1), weight), (str(number - 1), weight)]
        if number % 10 in {0, 9}:
            found += [(str(number * 10), 0.12), (str(number // 10), 0.12)]
    for new, weight in found:
        yield ground.replace(node, new, "constant", weight)


def _float(ground: Ground, node: Node) -> Iterator[Proposal]:
    swaps = {"0.0": "1.0", "1.0": "0.0", "0.5": "1.0"}
    source = ground.source(node)
    if source in swaps:
        yield ground.replace(node, swaps[source], "constant", 0.35)


def _truth(ground: Ground, node: Node) -> Iterator[Proposal]:
    yield ground.replace(node, "false" if node.type == "true" else "true", "constant", 0.7)


def _string(ground: Ground, node: Node) -> Iterator[Proposal]:
    source = ground.source(node)
    if source == '""':
        yield ground.replace(node, '" "', "constant", 0.3)
    elif source == '" "':
        yield ground.replace(node, '""', "constant", 0.45)


def _index(ground: Ground, node: Node) -> Iterator[Proposal]:
    index = node.child_by_field_name("index")
    owner = node.child_by_field_name("operand")
    scope = Scope(bindings(ground))
    own = scope.at(ground.source(owner), ground.span(node).start)
    is_map = own is not None and own.kind.startswith("map[")
    places = {"identifier", "binary_expression", "call_expression"}
    if index is not None and index.type in places and not is_map:
        source = ground.source(index)
        weight = 0.1 if source.endswith("1") else 0.35
        yield ground.replace(index, f"{source}-1", "off_by_one", weight)
        yield ground.replace(index, f"{source}+1", "off_by_one", weight)
    inner = node.child_by_field_name("operand")
    if index is not None and inner is not None and inner.type == "index_expression":
        other = inner.child_by_field_name("index")
        if other is not None:
            span, new = ground.swapped(other, index)
            yield Proposal(span=span, new_text=new, operator="swapped_operands", weight=0.3)


def _slice(ground: Ground, node: Node) -> Iterator[Proposal]:
    operand = ground.source(node.child_by_field_name("operand"))
    start, end = node.child_by_field_name("start"), node.child_by_field_name("end")
    for bound in (start, end):
        if bound is not None and bound.type in {
            "identifier",
            "binary_expression",
            "call_expression",
            "selector_expression",
        }:
            source = ground.source(bound)
            weight = 0.12 if source.endswith("1") else 0.4
            yield ground.replace(bound, f"{source}+1", "off_by_one", weight)
            yield ground.replace(bound, f"{source}-1", "off_by_one", weight * 0.9)
    if (start is None) != (end is None):
        one = ground.source(start) or ground.source(end)
        other = f"{operand}[:{one}]" if end is None else f"{operand}[{one}:]"
        yield ground.replace(node, other, "slice_side", 0.4)


def _assignment(ground: Ground, node: Node) -> Iterator[Proposal]:
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator is None or left is None or right is None:
        return
    sign = ground.source(operator)
    for new, weight in AUGMENTED.get(sign, ()):
        if new not in {"//=", "**="}:
            yield ground.replace(operator, new, "augmented_assignment", weight)
    if sign == "=":
        is_in_loop = ground.inside(node, "for_statement") is not None
        kind = _kind_of(ground, left)
        if not kind or kind == "string" or kind.startswith(NUMBERS):
            weight = (0.35 if is_in_loop else 0.08) * (1.0 if kind else 0.4)
            yield ground.replace(operator, "+=", "augmented_assignment", weight)
        if all(child.type == "identifier" for child in left.named_children):
            yield ground.replace(operator, ":=", "declaration", 0.06)
    yield from _pairs(ground, left, 0.25)
    yield from _pairs(ground, right, 0.25)


def _kind_of(ground: Ground, targets: Node) -> str:
    """Return the type of what is assigned to, empty when it is not one variable of a known one."""
    if targets.named_child_count != 1:
        return "several"
    scope = Scope(bindings(ground))
    found = scope.at(ground.source(targets), ground.span(targets).start)
    return found.kind if found is not None else ""


def _pairs(ground: Ground, node: Node, weight: float) -> Iterator[Proposal]:
    if node.named_child_count == _PAIR:
        span, new = ground.swapped(*node.named_children)
        yield Proposal(span=span, new_text=new, operator="swapped_operands", weight=weight)


def _declaration(ground: Ground, node: Node) -> Iterator[Proposal]:
    sign = next((child for child in node.children if child.type == ":="), None)
    left = node.child_by_field_name("left")
    if sign is None or left is None:
        return
    scope = Scope(bindings(ground))
    start = ground.span(node).start
    names = [ground.source(child) for child in left.named_children]
    if all(name == "_" or scope.at(name, start) is not None for name in names):
        # A new variable hides the one that should have been set.
        yield ground.replace(sign, "=", "declaration", 0.6)
    if names[-1] not in {"err", "ok"}:
        yield from _pairs(ground, left, 0.12)


def _step(ground: Ground, node: Node) -> Iterator[Proposal]:
    span = ground.span(node)
    sign = Span(start=span.end - 2, end=span.end)
    other = "--" if node.type == "inc_statement" else "++"
    yield Proposal(span=sign, new_text=other, operator="augmented_assignment", weight=0.5)
    yield Proposal(span=sign, new_text=" += 2", operator="augmented_assignment", weight=0.12)


def _range(ground: Ground, node: Node) -> Iterator[Proposal]:
    left = node.child_by_field_name("left")
    if left is None:
        return
    names = [ground.source(child) for child in left.named_children]
    if len(names) == _PAIR:
        yield ground.replace(left, f"{names[1]}, {names[0]}", "swapped_operands", 0.25)
        if names[0] == "_":
            yield ground.replace(left, names[1], "range_value", 0.25)
    elif len(names) == 1:
        yield ground.replace(left, f"_, {names[0]}", "range_value", 0.5)


def _return(ground: Ground, node: Node) -> Iterator[Proposal]:
    values = first_of(node)
    if values is None:
        return
    kinds = result_kinds(ground)
    if len(set(kinds)) == 1:
        yield from _pairs(ground, values, 0.25)
    if len(kinds) != len(values.named_children):
        return
    has_error = Scope(bindings(ground)).at("err", ground.span(node).start) is not None
    for value, kind in zip(values.named_children, kinds, strict=True):
        source = ground.source(value)
        is_plain = value.type in {"identifier", "call_expression", "selector_expression"}
        if is_plain and kind.startswith(NUMBERS):
            weight = 0.25 if value.type == "identifier" else 0.15
            yield ground.replace(value, f"{source} + 1", "off_by_one", weight)
            yield ground.replace(value, f"{source} - 1", "off_by_one", weight)
            yield ground.replace(value, f"-{source}", "unary_operator", 0.06)
        elif is_plain and kind == "bool":
            yield ground.replace(value, f"!{source}", "negated_condition", 0.3)
        elif kind == "error" and source == "err":
            yield ground.replace(value, "nil", "constant", 0.25)
        elif kind == "error" and source == "nil" and has_error:
            yield ground.replace(value, "err", "constant", 0.3)


_HANDLERS: dict[str, Callable[[Ground, Node], Iterator[Proposal]]] = {
    "binary_expression": _binary,
    "unary_expression": _unary,
    "if_statement": _condition,
    "int_literal": _integer,
    "float_literal": _float,
    "true": _truth,
    "false": _truth,
    "interpreted_string_literal": _string,
    "index_expression": _index,
    "slice_expression": _slice,
    "assignment_statement": _assignment,
    "short_var_declaration": _declaration,
    "inc_statement": _step,
    "dec_statement": _step,
    "range_clause": _range,
    "return_statement": _return,
}
