"""Mutation operators on Python names: another variable, attribute or function of the same kind."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from ducktypist.syntax.mutations.ground import Ground, Proposal, first_of
from ducktypist.syntax.mutations.scope import MAX_REPLACEMENTS, Binding, Scope, similarity
from ducktypist.syntax.parse import Node, walk

_KINDS = {
    "integer": "number",
    "float": "number",
    "string": "text",
    "concatenated_string": "text",
    "true": "truth",
    "false": "truth",
    "comparison_operator": "truth",
    "not_operator": "truth",
    "list": "list",
    "list_comprehension": "list",
    "dictionary": "dict",
    "dictionary_comprehension": "dict",
    "set": "set",
    "set_comprehension": "set",
    "lambda": "function",
}
_CALL_KINDS = {
    "len": "number",
    "sum": "number",
    "int": "number",
    "float": "number",
    "abs": "number",
    "round": "number",
    "range": "list",
    "str": "text",
    "list": "list",
    "sorted": "list",
    "dict": "dict",
    "defaultdict": "dict",
    "Counter": "dict",
    "set": "set",
    "bool": "truth",
}
_ANNOTATIONS = {"int": "number", "float": "number", "str": "text", "bool": "truth"}
_NOT_USES = frozenset(
    {
        "import_statement",
        "import_from_statement",
        "global_statement",
        "nonlocal_statement",
        "type",
        "parameters",
        "lambda_parameters",
        "dotted_name",
    }
)
_COMPREHENSIONS = frozenset(
    {
        "list_comprehension",
        "set_comprehension",
        "dictionary_comprehension",
        "generator_expression",
    }
)


def names(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of names."""
    scope = Scope(bindings(ground))
    members = _Members(ground)
    for node in ground.nodes:
        if node.type == "identifier" and is_use(node):
            yield from _variable(ground, node, scope, members)
        elif node.type == "attribute":
            yield from _attribute(ground, node, scope, members)


class _Members:
    """What a file calls its functions, and a class its attributes and methods."""

    def __init__(self, ground: Ground) -> None:
        self.receiver = ""
        self.fields: set[str] = set()
        self.methods: set[str] = set()
        function = ground.function
        if function.class_name and function.parameters:
            self.receiver = function.parameters[0]
        owner = ground.definition.parent
        while owner is not None and owner.type != "class_definition":
            owner = owner.parent
        if owner is not None and self.receiver:
            self._read(ground, owner)
        self.functions = {
            ground.source(node.child_by_field_name("name")): _n_parameters(node)
            for top in ground.tree.root.named_children
            if (node := _defined(top)) is not None
        }
        self.attributes = {
            name
            for node in ground.nodes
            if node.type == "attribute"
            and not _is_called(node)
            and (name := ground.source(node.child_by_field_name("attribute")))
        }

    def _read(self, ground: Ground, owner: Node) -> None:
        for node in walk(owner):
            if node.type == "attribute":
                value = ground.source(node.child_by_field_name("object"))
                name = ground.source(node.child_by_field_name("attribute"))
                if value == self.receiver:
                    (self.methods if _is_called(node) else self.fields).add(name)
            elif node.type == "function_definition":
                name = ground.source(node.child_by_field_name("name"))
                if not name.startswith("__"):
                    self.methods.add(name)
        self.fields -= self.methods


def _variable(ground: Ground, node: Node, scope: Scope, members: _Members) -> Iterator[Proposal]:
    name, offset = ground.source(node), ground.span(node).start
    if _is_callee(node):
        yield from _function(ground, node, members)
        if name in members.methods and name not in scope:
            yield ground.replace(node, f"{members.receiver}.{name}", "missing_receiver", 0.6)
        return
    if name in members.fields:
        weight = 0.25 if name in scope else 0.7
        yield ground.replace(node, f"{members.receiver}.{name}", "missing_receiver", weight)
    if name not in scope and name in members.functions:
        return
    if name == members.receiver:
        return
    scale = 0.45 if _is_target(node) else 1.0
    scale *= 1.0 if name in scope else 0.5
    for other, weight in scope.others(name, offset):
        if other not in {members.receiver, "_"}:
            yield ground.replace(node, other, "wrong_variable", weight * scale)


def _attribute(ground: Ground, node: Node, scope: Scope, members: _Members) -> Iterator[Proposal]:
    owner, named = node.child_by_field_name("object"), node.child_by_field_name("attribute")
    if owner is None or named is None:
        return
    name = ground.source(named)
    is_own = bool(members.receiver) and ground.source(owner) == members.receiver
    if is_own:
        others = members.methods if _is_called(node) else members.fields
        if name in scope:
            yield ground.replace(node, name, "wrong_variable", 0.3)
    else:
        others = set() if _is_called(node) else members.attributes
    ranked = sorted(others - {name}, key=lambda other: (-similarity(name, other), other))
    for number, other in enumerate(ranked[:MAX_REPLACEMENTS]):
        weight = (0.3 if is_own else 0.18) + similarity(name, other) - 0.04 * number
        yield ground.replace(named, other, "wrong_attribute", weight)


def _function(ground: Ground, node: Node, members: _Members) -> Iterator[Proposal]:
    name = ground.source(node)
    if name not in members.functions:
        return
    shape = members.functions[name]
    others = [o for o, n in members.functions.items() if o != name and n == shape]
    others.sort(key=lambda other: (-similarity(name, other), other))
    for number, other in enumerate(others[:MAX_REPLACEMENTS]):
        weight = 0.3 + similarity(name, other) - 0.05 * number
        yield ground.replace(node, other, "wrong_function", weight)


def bindings(ground: Ground) -> Iterator[Binding]:
    """Yield what is bound by parameters, assignments and loops, with what it seems to hold."""
    whole = ground.span(ground.definition)
    make = functools.partial(Binding, until=whole.end)
    annotations = _annotations(ground)
    for name in ground.function.parameters:
        kind = annotations.get(name, "")
        yield make(name=name, role="parameter", kind=kind, offset=whole.start)
    for node in ground.nodes:
        if node.type in {"assignment", "augmented_assignment", "named_expression"}:
            left = node.child_by_field_name("left") or node.child_by_field_name("name")
            right = node.child_by_field_name("right") or node.child_by_field_name("value")
            values = _values(left, right)
            for target, value in values:
                if target.type == "identifier":
                    yield make(
                        name=ground.source(target),
                        role="local",
                        kind=_kind(ground, value),
                        offset=ground.span(node).end,
                    )
        elif node.type in {"for_statement", "for_in_clause"}:
            yield from _loop(ground, node, whole.end)


def _loop(ground: Ground, node: Node, end: int) -> Iterator[Binding]:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return
    start, until = ground.span(node).start, end
    comprehension = ground.inside(node, *_COMPREHENSIONS)
    if node.type == "for_in_clause" and comprehension is not None:
        start, until = ground.span(comprehension).start, ground.span(comprehension).end
    called = ground.source(right.child_by_field_name("function")) if right.type == "call" else ""
    for number, target in enumerate(n for n in walk(left) if n.type == "identifier"):
        is_number = called == "range" or (called == "enumerate" and number == 0)
        yield Binding(
            name=ground.source(target),
            role="loop",
            kind="number" if is_number else "",
            offset=start,
            until=until,
        )


def _values(left: Node | None, right: Node | None) -> list[tuple[Node, Node | None]]:
    if left is None:
        return []
    if left.type not in {"pattern_list", "tuple_pattern"}:
        return [(left, right)]
    targets = left.named_children
    values = right.named_children if right is not None else []
    if right is None or right.type not in {"expression_list", "tuple"}:
        return [(target, None) for target in targets]
    return [
        (target, values[number] if number < len(values) else None)
        for number, target in enumerate(targets)
    ]


def _kind(ground: Ground, value: Node | None) -> str:
    if value is None:
        return ""
    if value.type == "call":
        return _CALL_KINDS.get(ground.source(value.child_by_field_name("function")), "")
    if value.type == "binary_operator":
        operator = ground.source(value.child_by_field_name("operator"))
        sides = {
            _kind(ground, value.child_by_field_name("left")),
            _kind(ground, value.child_by_field_name("right")),
        }
        if operator in {"-", "//", "/", "**"} or "number" in sides:
            return "number" if "text" not in sides and "list" not in sides else ""
        return "text" if "text" in sides else ""
    return _KINDS.get(value.type, "")


def _annotations(ground: Ground) -> dict[str, str]:
    parameters = ground.definition.child_by_field_name("parameters")
    found = {}
    for node in parameters.named_children if parameters is not None else ():
        annotation = node.child_by_field_name("type")
        if annotation is not None:
            name = node.child_by_field_name("name") or first_of(node)
            source = ground.source(annotation)
            container = source.partition("[")[0].lower()
            found[ground.source(name)] = _ANNOTATIONS.get(source, container)
    return found


def is_use(node: Node) -> bool:
    """Tell whether an identifier is a variable that is read or written, not a definition's."""
    parent = node.parent
    if parent is None or parent.type in _NOT_USES:
        return False
    if parent.type == "keyword_argument":
        return parent.child_by_field_name("name") != node
    if parent.type == "attribute":
        return parent.child_by_field_name("object") == node
    if parent.type in {"function_definition", "class_definition", "default_parameter"}:
        return False
    return parent.type not in {"typed_parameter", "typed_default_parameter", "as_pattern_target"}


def _is_target(node: Node) -> bool:
    parent = node.parent
    while parent is not None and parent.type in {"pattern_list", "tuple_pattern"}:
        node, parent = parent, parent.parent
    return parent is not None and parent.child_by_field_name("left") == node


def _is_callee(node: Node) -> bool:
    parent = node.parent
    return (
        parent is not None
        and parent.type == "call"
        and parent.child_by_field_name("function") == node
    )


def _is_called(attribute: Node) -> bool:
    return _is_callee(attribute)


def _defined(top: Node) -> Node | None:
    if top.type == "decorated_definition":
        return None
    return top if top.type == "function_definition" else None


def _n_parameters(node: Node) -> int:
    parameters = node.child_by_field_name("parameters")
    return parameters.named_child_count if parameters is not None else 0
