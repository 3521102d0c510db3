"""Mutation operators on Go names: another variable, field, method or function of the same type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.syntax.mutations.ground import Ground, Proposal, first_of
from ducktypist.syntax.mutations.scope import MAX_REPLACEMENTS, Binding, Scope, similarity
from ducktypist.syntax.parse import Node, walk

NUMBERS = ("int", "uint", "float", "byte", "rune", "uintptr", "complex")
"""What the names of number types begin with."""
_KINDS = {
    "int_literal": "int",
    "float_literal": "float64",
    "interpreted_string_literal": "string",
    "raw_string_literal": "string",
    "rune_literal": "rune",
    "true": "bool",
    "false": "bool",
}
_BY_NAME = {"ok": "bool", "err": "error", "found": "bool", "exists": "bool"}
"""What a name of one of several results stands for everywhere."""
_CALL_KINDS = {"len": "int", "cap": "int", "float64": "float64", "int": "int", "string": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Members:
    """What a method can reach by its receiver."""

    receiver: str
    fields: dict[str, str]
    """All structs' fields of the file, with their types."""
    methods: dict[str, str]
    """With what they take and give."""


def names(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of names."""
    scope = Scope(bindings(ground), is_typed=True)
    fields = _fields(ground)
    methods, functions = _declared(ground)
    receiver = _receiver(ground)
    for node in ground.nodes:
        if node.type == "identifier" and _is_use(node):
            name = ground.source(node)
            if _is_callee(node):
                yield from _like(ground, node, functions)
                continue
            if name in {receiver, "_"}:
                continue
            if receiver and name in fields and name not in scope:
                yield ground.replace(node, f"{receiver}.{name}", "missing_receiver", 0.6)
            scale = (0.4 if _is_target(node) else 1.0) * (1.0 if name in scope else 0.5)
            if name not in scope and name in functions:
                continue
            start = ground.span(node).start
            own = scope.at(name, start)
            for other, weight in scope.others(name, start):
                found = scope.at(other, start)
                is_alike = own is not None and found is not None and own.kind == found.kind
                # Who has a field or an element has it because of its type.
                if other not in {receiver, "_"} and (is_alike or not _is_owner(node)):
                    yield ground.replace(node, other, "wrong_variable", weight * scale)
        elif node.type == "selector_expression":
            members = _Members(receiver=receiver, fields=fields, methods=methods)
            yield from _selected(ground, node, members, scope)


def _selected(
    ground: Ground,
    node: Node,
    members: _Members,
    scope: Scope,
) -> Iterator[Proposal]:
    receiver, fields = members.receiver, members.fields
    operand, named = node.child_by_field_name("operand"), node.child_by_field_name("field")
    if operand is None or named is None:
        return
    name = ground.source(named)
    is_own = bool(receiver) and ground.source(operand) == receiver
    if is_own and _is_callee(node):
        yield from _like(ground, named, members.methods)
        return
    if name not in fields:
        return
    if is_own and name in scope:
        yield ground.replace(node, name, "wrong_variable", 0.25)
    others = sorted(
        (other for other in fields if other != name and fields[other] == fields[name]),
        key=lambda other: (-similarity(name, other), other),
    )
    for number, other in enumerate(others[:MAX_REPLACEMENTS]):
        weight = 0.32 + similarity(name, other) - 0.05 * number
        yield ground.replace(named, other, "wrong_attribute", weight)


def _like(ground: Ground, node: Node, known: dict[str, str]) -> Iterator[Proposal]:
    name = ground.source(node)
    if name not in known:
        return
    others = [o for o, shape in known.items() if o != name and shape == known[name]]
    others.sort(key=lambda other: (-similarity(name, other), other))
    for number, other in enumerate(others[:MAX_REPLACEMENTS]):
        weight = 0.28 + similarity(name, other) - 0.05 * number
        yield ground.replace(node, other, "wrong_function", weight)


def _receiver(ground: Ground) -> str:
    receiver = ground.definition.child_by_field_name("receiver")
    first = first_of(receiver) if receiver is not None else None
    return ground.source(first.child_by_field_name("name")) if first is not None else ""


def _fields(ground: Ground) -> dict[str, str]:
    """Return the fields of the file's structs with their types."""
    found: dict[str, str] = {}
    for top in ground.tree.root.named_children:
        if top.type != "type_declaration":
            continue
        for node in walk(top):
            if node.type == "field_declaration":
                kind = ground.source(node.child_by_field_name("type"))
                for name in node.children_by_field_name("name"):
                    found[ground.source(name)] = kind
    return found


def _declared(ground: Ground) -> tuple[dict[str, str], dict[str, str]]:
    """Return the methods of the receiver's type and the file's functions, with their types."""
    methods: dict[str, str] = {}
    functions: dict[str, str] = {}
    own = ground.function.class_name
    for top in ground.tree.root.named_children:
        if top.type not in {"function_declaration", "method_declaration"}:
            continue
        parameters = top.child_by_field_name("parameters")
        kinds = [
            ground.source(node.child_by_field_name("type"))
            for node in (parameters.named_children if parameters is not None else ())
            for _ in range(max(1, len(node.children_by_field_name("name"))))
        ]
        shape = f"({', '.join(kinds)}) {ground.source(top.child_by_field_name('result'))}"
        name = ground.source(top.child_by_field_name("name"))
        if top.type == "function_declaration":
            functions[name] = shape
        elif own and own in ground.source(top.child_by_field_name("receiver")):
            methods[name] = shape
    return methods, functions


def bindings(ground: Ground) -> Iterator[Binding]:
    """Yield what is bound by parameters, declarations and loops, with the types that are seen."""
    seen: dict[str, str] = {}
    for binding in _parameters(ground):
        seen[binding.name] = binding.kind
        yield binding
    for node in ground.nodes:
        if node.type == "var_spec":
            kind = ground.source(node.child_by_field_name("type"))
            targets = node.children_by_field_name("name")
            seen.update((ground.source(target), kind) for target in targets)
            yield from _bound(ground, node, targets, [kind] * len(targets), "local")
        elif node.type in {"short_var_declaration", "range_clause"}:
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            targets = left.named_children if left is not None else []
            if node.type == "range_clause":
                kinds = _ranged(seen.get(ground.source(right), ""))[: len(targets)]
                yield from _bound(ground, node, targets, kinds, "loop")
                continue
            values = right.named_children if right is not None else []
            kinds = [_kind(ground, value) for value in values]
            names = [ground.source(target) for target in targets]
            if len(kinds) != len(targets):
                kinds = [_BY_NAME.get(name, "") for name in names]
            seen.update(zip(names, kinds, strict=True))
            is_loop = node.parent is not None and node.parent.type == "for_clause"
            yield from _bound(ground, node, targets, kinds, "loop" if is_loop else "local")


def _ranged(kind: str) -> list[str]:
    """Return the types of the variables of a loop over something."""
    if kind.startswith("map["):
        key, _, value = kind.removeprefix("map[").partition("]")
        return [key, value]
    if kind.startswith("[]"):
        return ["int", kind.removeprefix("[]")]
    if kind == "string":
        return ["int", "rune"]
    return ["int", ""] if kind in {"", "int"} else ["", ""]


def _bound(
    ground: Ground, node: Node, targets: list[Node], kinds: list[str], role: str
) -> Iterator[Binding]:
    offset, until = ground.span(node).end, _end_of_block(ground, node)
    for name, kind in zip(targets, kinds, strict=False):
        yield Binding(name=ground.source(name), role=role, kind=kind, offset=offset, until=until)


def _parameters(ground: Ground) -> Iterator[Binding]:
    whole = ground.span(ground.definition)
    for field in ("parameters", "result"):
        parameters = ground.definition.child_by_field_name(field)
        if parameters is None or parameters.type != "parameter_list":
            continue
        for node in parameters.named_children:
            kind = ground.source(node.child_by_field_name("type"))
            if node.type == "variadic_parameter_declaration":
                kind = f"[]{kind}"
            for name in node.children_by_field_name("name"):
                yield Binding(
                    name=ground.source(name),
                    role="parameter",
                    kind=kind,
                    offset=whole.start,
                    until=whole.end,
                )


def result_kinds(ground: Ground) -> list[str]:
    """Return the types of what a function gives, one for each value."""
    result = ground.definition.child_by_field_name("result")
    if result is None:
        return []
    if result.type != "parameter_list":
        return [ground.source(result)]
    kinds = []
    for node in result.named_children:
        kind = ground.source(node.child_by_field_name("type"))
        kinds += [kind] * max(1, len(node.children_by_field_name("name")))
    return kinds


def _end_of_block(ground: Ground, node: Node) -> int:
    for outer in ground.ancestors(node):
        if outer.type in {"block", "for_statement", "if_statement"}:
            return ground.span(outer).end
    return ground.span(ground.definition).end


def _kind(ground: Ground, value: Node | None) -> str:
    if value is None:
        return ""
    if value.type == "call_expression":
        function = ground.source(value.child_by_field_name("function"))
        arguments = value.child_by_field_name("arguments")
        if function == "make" and arguments is not None:
            return ground.source(first_of(arguments))
        return _CALL_KINDS.get(function, "")
    if value.type == "composite_literal":
        return ground.source(value.child_by_field_name("type"))
    if value.type == "binary_expression":
        left = _kind(ground, value.child_by_field_name("left"))
        return left or _kind(ground, value.child_by_field_name("right"))
    return _KINDS.get(value.type, "")


def _is_use(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.type in {"parameter_declaration", "var_spec", "label_name"}:
        return False
    if parent.type == "expression_list" and parent.parent is not None:
        # What is declared here is no use.
        owner = parent.parent
        is_left = owner.child_by_field_name("left") == parent
        return not (is_left and owner.type in {"short_var_declaration", "range_clause"})
    if parent.type == "literal_element" and parent.parent is not None:
        # The name before a colon is a field's.
        pair = parent.parent
        return pair.type != "keyed_element" or pair.named_children[0] != parent
    if parent.type == "selector_expression":
        return parent.child_by_field_name("operand") == node
    return True


def _is_owner(node: Node) -> bool:
    parent = node.parent
    return (
        parent is not None
        and parent.type in {"selector_expression", "index_expression", "slice_expression"}
        and parent.child_by_field_name("operand") == node
    )


def _is_target(node: Node) -> bool:
    parent = node.parent
    owner = parent.parent if parent is not None else None
    return owner is not None and owner.child_by_field_name("left") == parent


def _is_callee(node: Node) -> bool:
    parent = node.parent
    return (
        parent is not None
        and parent.type == "call_expression"
        and parent.child_by_field_name("function") == node
    )
