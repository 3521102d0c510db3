"""Mutation operators on Python expressions: operators, conditions, bounds, assignments.

Constants, calls, names and statements have files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ducktypist.syntax.mutations.ground import Ground, Proposal, first_of
from ducktypist.syntax.mutations.operators import (
    ARITHMETIC,
    AUGMENTED,
    NOT_COMMUTATIVE,
    RELATIONAL,
)
from ducktypist.syntax.parse import Node

_LOOSER = {"+": 0, "-": 0, "*": 1, "/": 1, "//": 1, "%": 1}
"""How tightly arithmetic binds; what is not here is not regrouped."""
_NUMERIC_NAMES = frozenset({"len", "sum", "abs", "min", "max", "int", "round", "count", "index"})
_BOOLEAN_TYPES = frozenset({"comparison_operator", "boolean_operator", "not_operator"})
_CONDITIONAL = frozenset({"if_statement", "elif_clause", "while_statement"})


def expressions(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of expressions and of assignments' operators."""
    for node in ground.nodes:
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            yield from handler(ground, node)
        if node.type in _CONDITIONAL:
            yield from _negated(ground, node.child_by_field_name("condition"))


def _comparison(ground: Ground, node: Node) -> Iterator[Proposal]:
    for child in node.children_by_field_name("operators"):
        word = " ".join(ground.source(child).split())
        for new, weight in RELATIONAL.get(word, ()):
            yield ground.replace(child, new, "relational_operator", weight)
    operands = [child for child in node.named_children if child.type not in {"in", "is", "not"}]
    operands = [child for child in operands if child.is_named and child.type not in RELATIONAL]
    for operand in operands:
        if operand.type in {"identifier", "call", "attribute", "subscript"}:
            source = ground.source(operand)
            is_last = operand.id == operands[-1].id
            weight = 0.3 if is_last and _is_ordering(ground, node) else 0.0
            if weight:
                yield ground.replace(operand, f"{source} + 1", "off_by_one", weight)
                yield ground.replace(operand, f"{source} - 1", "off_by_one", weight)


def _is_ordering(ground: Ground, node: Node) -> bool:
    operators = node.children_by_field_name("operators")
    return any(ground.source(child)[:1] in {"<", ">"} for child in operators)


def _logical(ground: Ground, node: Node) -> Iterator[Proposal]:
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator is None or left is None or right is None:
        return
    other = "or" if ground.source(operator) == "and" else "and"
    yield ground.replace(operator, other, "logical_connector", 0.65)
    yield ground.replace(node, ground.source(left), "dropped_condition", 0.25)
    yield ground.replace(node, ground.source(right), "dropped_condition", 0.25)
    if other == "and" and right.type == "boolean_operator":
        parts = right.child_by_field_name("left"), right.child_by_field_name("right")
        if parts[0] is not None and parts[1] is not None:
            start, end = ground.source(left), ground.source(parts[1])
            new = f"({start} or {ground.source(parts[0])}) and {end}"
            yield ground.replace(node, new, "precedence", 0.3)
    for side in (left, right):
        if side.type not in _BOOLEAN_TYPES:
            yield ground.replace(side, f"not {ground.enclosed(side)}", "negated_condition", 0.25)


def _not(ground: Ground, node: Node) -> Iterator[Proposal]:
    argument = node.child_by_field_name("argument")
    if argument is not None:
        yield ground.replace(node, ground.source(argument), "negated_condition", 0.65)


def _negated(ground: Ground, condition: Node | None) -> Iterator[Proposal]:
    """Propose the opposite of a condition that is no comparison (those have operators)."""
    if condition is None or condition.type in {"comparison_operator", "not_operator"}:
        return
    if condition.type == "parenthesized_expression":
        inner = first_of(condition)
        if inner is not None and inner.type in {"comparison_operator", "not_operator"}:
            return
    weight = 0.4 if condition.type != "boolean_operator" else 0.3
    yield ground.replace(
        condition, f"not {ground.enclosed(condition)}", "negated_condition", weight
    )


def _filter(ground: Ground, node: Node) -> Iterator[Proposal]:
    yield from _negated(ground, first_of(node))
    yield Proposal(span=ground.span(node), new_text="", operator="dropped_condition", weight=0.15)


def _conditional(ground: Ground, node: Node) -> Iterator[Proposal]:
    parts = [child for child in node.named_children if child.type != "comment"]
    if len(parts) == 3:  # noqa: PLR2004 - value, condition, other value
        span, new = ground.swapped(parts[0], parts[2])
        yield Proposal(span=span, new_text=new, operator="swapped_branches", weight=0.55)
        yield from _negated(ground, parts[1])


def _arithmetic(ground: Ground, node: Node) -> Iterator[Proposal]:
    operator = node.child_by_field_name("operator")
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if operator is None or left is None or right is None:
        return
    sign = ground.source(operator)
    is_text = any(side.type in {"string", "concatenated_string"} for side in (left, right))
    is_formatted = sign == "%" and left.type == "string"
    for new, weight in ARITHMETIC.get(sign, ()):
        if not is_formatted:
            scale = 0.15 if is_text else 1.0
            yield ground.replace(operator, new, "arithmetic_operator", weight * scale)
    if sign in NOT_COMMUTATIVE or sign == "+":
        weight = 0.35 if sign != "+" else 0.3 if is_text else 0.12
        swapped = f"{ground.enclosed(right)} {sign} {ground.enclosed(left)}"
        if not is_formatted:
            yield ground.replace(node, swapped, "swapped_operands", weight)
    if right.type == "integer" and sign in {"+", "-"}:
        weight = 0.6 if ground.source(right) == "1" else 0.2
        yield ground.replace(node, ground.source(left), "off_by_one", weight)
    elif sign in {"+", "-", "*", "/", "//", "%"}:
        yield ground.replace(node, ground.source(left), "dropped_operand", 0.12)
        yield ground.replace(node, ground.source(right), "dropped_operand", 0.1)
    yield from _regrouped(ground, node, left, right, sign)


def _regrouped(
    ground: Ground, node: Node, left: Node, right: Node, sign: str
) -> Iterator[Proposal]:
    """Propose the other way to bind two arithmetic operators: ``a + b / 2``, ``(a + b) / 2``."""
    inner = _parts(ground, left)
    if inner is not None and sign in _LOOSER and inner[1] in _LOOSER:
        first, other, last = inner
        if _LOOSER[other] > _LOOSER[sign] or (other in {"-", "/", "//", "%"} and sign == other):
            new = f"{first} {other} ({last} {sign} {ground.source(right)})"
            yield ground.replace(node, new, "precedence", 0.25)
    inner = _parts(ground, right)
    if inner is not None and sign in _LOOSER and inner[1] in _LOOSER:
        first, other, last = inner
        if _LOOSER[other] > _LOOSER[sign]:
            new = f"({ground.source(left)} {sign} {first}) {other} {last}"
            yield ground.replace(node, new, "precedence", 0.3)
    for side, is_left in ((left, True), (right, False)):
        within = first_of(side) if side.type == "parenthesized_expression" else None
        if within is not None and within.type == "binary_operator":
            # Only what the parentheses hold together can fall apart.
            pieces = (ground.source(within), sign, ground.source(right))
            if not is_left:
                pieces = (ground.source(left), sign, ground.source(within))
            yield ground.replace(node, " ".join(pieces), "precedence", 0.25)


def _parts(ground: Ground, node: Node) -> tuple[str, str, str] | None:
    if node.type != "binary_operator":
        return None
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    return ground.source(left), ground.source(operator), ground.source(right)


def _minus(ground: Ground, node: Node) -> Iterator[Proposal]:
    argument = node.child_by_field_name("argument")
    operator = node.child_by_field_name("operator")
    if argument is not None and operator is not None and ground.source(operator) in {"-", "~"}:
        yield ground.replace(node, ground.source(argument), "unary_operator", 0.5)
        if node.parent is not None and node.parent.type == "subscript":
            yield ground.replace(node, "0", "wrong_end", 0.4)


def _subscript(ground: Ground, node: Node) -> Iterator[Proposal]:
    for index in node.children_by_field_name("subscript"):
        if index.type in {"identifier", "binary_operator", "call", "attribute"}:
            source = ground.source(index)
            ends_in_one = source.endswith((" - 1", " + 1", "-1", "+1"))
            weight = 0.1 if ends_in_one else 0.35
            yield ground.replace(index, f"{source} - 1", "off_by_one", weight)
            yield ground.replace(index, f"{source} + 1", "off_by_one", weight)
        elif index.type == "slice":
            yield from _slice(ground, node, index)
    inner = node.child_by_field_name("value")
    if inner is not None and inner.type == "subscript":
        one = inner.child_by_field_name("subscript")
        other = node.child_by_field_name("subscript")
        if one is not None and other is not None:
            span, new = ground.swapped(one, other)
            yield Proposal(span=span, new_text=new, operator="swapped_operands", weight=0.3)


def _slice(ground: Ground, subscript: Node, node: Node) -> Iterator[Proposal]:
    for bound in node.named_children:
        if bound.type in {"identifier", "binary_operator", "call", "attribute"}:
            source = ground.source(bound)
            weight = 0.12 if source.endswith(("1",)) else 0.4
            yield ground.replace(bound, f"{source} + 1", "off_by_one", weight)
            yield ground.replace(bound, f"{source} - 1", "off_by_one", weight * 0.9)
    source = ground.source(node)
    parts = [part.strip() for part in source.split(":")]
    value = ground.source(subscript.child_by_field_name("value"))
    if source.count(":") == 1 and not (parts[0] and parts[1]) and any(parts):
        other = f":{parts[0]}" if parts[0] else f"{parts[1]}:"
        yield ground.replace(node, other, "slice_side", 0.4)
        more = f"{parts[0]}:-1" if parts[0] else f"1:{parts[1]}"
        yield ground.replace(node, more, "off_by_one", 0.2)
    if parts in (["", "", "-1"], ["", ""]):
        other = "::-1" if len(parts) == 2 else ":"  # noqa: PLR2004 - a copy has one colon
        yield ground.replace(node, other, "reversed", 0.15 if other == "::-1" else 0.4)
        if other == ":":
            yield ground.replace(subscript, value, "reversed", 0.3)


def _augmented(ground: Ground, node: Node) -> Iterator[Proposal]:
    operator = node.child_by_field_name("operator")
    if operator is None:
        return
    for new, weight in AUGMENTED.get(ground.source(operator), ()):
        yield ground.replace(operator, new, "augmented_assignment", weight)


def _assignment(ground: Ground, node: Node) -> Iterator[Proposal]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or node.child_by_field_name("type") is not None:
        return
    sign = next((child for child in node.children if child.type == "="), None)
    is_in_loop = ground.inside(node, "for_statement", "while_statement") is not None
    if sign is not None and left.type in {"identifier", "subscript", "attribute"}:
        weight = 0.4 if is_in_loop else 0.08
        yield ground.replace(sign, "+=", "augmented_assignment", weight)
    if sign is not None and left.type == "identifier" and is_in_loop:
        for name in ("max", "min"):
            new = f"{name}({ground.source(left)}, {ground.source(right)})"
            yield ground.replace(right, new, "missing_call", 0.1)
    if left.type == "pattern_list" and left.named_child_count == 2:  # noqa: PLR2004 - a pair
        one, other = left.named_children
        span, new = ground.swapped(one, other)
        yield Proposal(span=span, new_text=new, operator="swapped_operands", weight=0.25)
    if right.type == "identifier" and left.type in {"identifier", "attribute", "subscript"}:
        source = ground.source(right)
        yield ground.replace(right, f"{source}[:]", "missing_copy", 0.12)
        yield ground.replace(right, f"{source}.copy()", "missing_copy", 0.1)


def _pair(ground: Ground, node: Node) -> Iterator[Proposal]:
    if node.named_child_count == 2:  # noqa: PLR2004 - a pair
        span, new = ground.swapped(*node.named_children)
        yield Proposal(span=span, new_text=new, operator="swapped_operands", weight=0.3)


def _return(ground: Ground, node: Node) -> Iterator[Proposal]:
    value = first_of(node)
    if value is None or value.type == "comment":
        return
    source = ground.source(value)
    if value.type in _BOOLEAN_TYPES - {"comparison_operator", "not_operator"}:
        yield ground.replace(value, f"not ({source})", "negated_condition", 0.3)
    if value.type in {"identifier", "call", "attribute", "subscript"}:
        weight = 0.25 if value.type != "call" or _is_numeric(ground, value) else 0.12
        yield ground.replace(value, f"{source} + 1", "off_by_one", weight)
        yield ground.replace(value, f"{source} - 1", "off_by_one", weight)
        yield ground.replace(value, f"not {source}", "negated_condition", 0.15)
        yield ground.replace(value, f"sorted({source})", "missing_call", 0.12)
        yield ground.replace(value, f"-{source}", "unary_operator", 0.08)
        yield ground.replace(value, f"{source}[::-1]", "reversed", 0.12)


def _is_numeric(ground: Ground, call: Node) -> bool:
    function = call.child_by_field_name("function")
    name = ground.source(function).rpartition(".")[2]
    return name in _NUMERIC_NAMES


def _yield(ground: Ground, node: Node) -> Iterator[Proposal]:
    value = node.named_child(node.named_child_count - 1) if node.named_child_count else None
    if value is None:
        return
    is_from = any(child.type == "from" for child in node.children)
    word = "yield" if is_from else "yield from"
    yield ground.replace(node, f"{word} {ground.source(value)}", "delegated_yield", 0.45)


_HANDLERS: dict[str, Callable[[Ground, Node], Iterator[Proposal]]] = {
    "comparison_operator": _comparison,
    "boolean_operator": _logical,
    "not_operator": _not,
    "if_clause": _filter,
    "conditional_expression": _conditional,
    "binary_operator": _arithmetic,
    "unary_operator": _minus,
    "subscript": _subscript,
    "augmented_assignment": _augmented,
    "assignment": _assignment,
    "expression_list": _pair,
    "return_statement": _return,
    "yield": _yield,
}
