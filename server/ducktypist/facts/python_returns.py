"""What a Python function gives back, as its ``return`` and ``yield`` statements show.

No types are inferred; an annotation is told as what it is, somebody's word.
"""

from __future__ import annotations

from collections.abc import Iterator

from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import one_line
from ducktypist.facts.python_scopes import Scope, condition_of
from ducktypist.syntax.parse import Node

_MAX_EXPRESSION_CHARACTERS = 60
_SHAPES = {
    "list": "a list",
    "list_comprehension": "a list",
    "set": "a set",
    "set_comprehension": "a set",
    "dictionary": "a dict",
    "dictionary_comprehension": "a dict",
    "tuple": "a tuple",
    "expression_list": "a tuple",
    "generator_expression": "a generator",
    "lambda": "a function",
    "string": "a string",
    "concatenated_string": "a string",
    "comparison_operator": "the outcome of a comparison",
    "not_operator": "True or False",
    "conditional_expression": "one of two values",
}


def returned(scope: Scope) -> Iterator[Fact]:
    """Yield a fact for each way in which the function gives something back."""
    if not scope.is_function:
        return
    nodes = scope.nodes()
    returns = [one for one in nodes if one.type == "return_statement"]
    yields = [one for one in nodes if one.type == "yield" and one.is_named]
    if yields:
        yield from _yielded(scope, yields)
    else:
        valued = [one for one in returns if one.named_child_count]
        for statement in valued:
            yield _return(scope, statement)
        yield from _without_value(scope, returns, n_valued=len(valued))
    annotation = scope.node.child_by_field_name("return_type")
    if annotation is not None:
        said = f"its annotation says that it returns {scope.text(annotation)}"
        yield _fact(scope, annotation, said=said)


def falls_through(block: Node) -> bool:
    """Tell whether execution can get behind the end of a block."""
    statements = [one for one in block.named_children if one.type != "comment"]
    return not any(_always_leaves(one) for one in statements)


def _return(scope: Scope, statement: Node) -> Fact:
    said = f"returns {_shape(scope, statement.named_children[0])}"
    return _fact(scope, statement, said=f"{said} {condition_of(scope, statement)}".rstrip())


def _yielded(scope: Scope, yields: list[Node]) -> Iterator[Fact]:
    for one in yields:
        value = one.named_children[0] if one.named_child_count else None
        is_from = any(child.type == "from" for child in one.children)
        what = _shape(scope, value) if value is not None else "None"
        said = f"yields each item of {what}" if is_from else f"yields {what}"
        yield _fact(scope, one, said=f"{said} {condition_of(scope, one)}".rstrip())
    said = "is a generator: a call runs nothing until the first item is asked for"
    yield _fact(scope, scope.node.child_by_field_name("name") or scope.node, said=said)


def _without_value(scope: Scope, returns: list[Node], *, n_valued: int) -> Iterator[Fact]:
    is_open = falls_through(scope.body)
    name = scope.node.child_by_field_name("name") or scope.node
    if not n_valued:
        if is_open or returns:
            yield _fact(scope, name, said="never returns a value (only None)")
        elif not is_open:
            yield _fact(scope, name, said="never returns")
        return
    for statement in returns:
        if not statement.named_child_count:
            said = f"returns None {condition_of(scope, statement)}".rstrip()
            yield _fact(scope, statement, said=said)
    if is_open:
        yield _fact(scope, name, said="returns None when it reaches its end")


def _shape(scope: Scope, value: Node) -> str:
    while value.type == "parenthesized_expression" and value.named_child_count == 1:
        value = value.named_children[0]
    text = scope.text(value)
    if len(text) <= _MAX_EXPRESSION_CHARACTERS:
        return text
    if value.type == "call":
        function = value.child_by_field_name("function")
        name = scope.text(function) if function is not None else ""
        if name and len(name) <= _MAX_EXPRESSION_CHARACTERS:
            return f"what {name}(…) gives"
    shape = _SHAPES.get(value.type)
    short = one_line(text, n_at_most=_MAX_EXPRESSION_CHARACTERS)
    return f"{shape}: {short}" if shape else short


def _fact(scope: Scope, node: Node, *, said: str) -> Fact:
    return scope.fact(FactKind.RETURNS, node, subject=scope.name, said=said)


def _always_leaves(statement: Node) -> bool:
    if statement.type in {"return_statement", "raise_statement"}:
        return True
    rule = {
        "if_statement": _if_leaves,
        "while_statement": _loops_for_ever,
        "with_statement": _with_leaves,
        "try_statement": _try_leaves,
        "match_statement": _match_leaves,
    }.get(statement.type)
    return rule is not None and rule(statement)


def _with_leaves(statement: Node) -> bool:
    # A context manager may swallow what its body raises, but not a return.
    body = statement.child_by_field_name("body")
    return body is not None and not falls_through(body) and not _ends_with_raise(body)


def _if_leaves(statement: Node) -> bool:
    blocks = [statement.child_by_field_name("consequence")]
    has_else = False
    for one in statement.children_by_field_name("alternative"):
        is_else = one.type == "else_clause"
        has_else = has_else or is_else
        blocks.append(one.child_by_field_name("body" if is_else else "consequence"))
    return has_else and all(one is not None and not falls_through(one) for one in blocks)


def _loops_for_ever(statement: Node) -> bool:
    test, body = (statement.child_by_field_name(field) for field in ("condition", "body"))
    if test is None or body is None or test.text not in {b"True", b"1"}:
        return False
    stack = [body]
    while stack:
        node = stack.pop()
        if node.type == "break_statement":
            return False
        if node.type not in {"for_statement", "while_statement", "function_definition", "lambda"}:
            stack.extend(node.children)
    return True


def _try_leaves(statement: Node) -> bool:
    body = statement.child_by_field_name("body")
    parts = {one.type: one for one in statement.children}
    blocks = {kind: _block(one) for kind, one in parts.items() if kind.endswith("_clause")}
    last = blocks.get("finally_clause")
    if last is not None and not falls_through(last):
        return True
    handlers = [_block(one) for one in statement.children if one.type.startswith("except")]
    orderly = blocks.get("else_clause")
    ends = body is not None and (
        not falls_through(body) or (orderly is not None and not falls_through(orderly))
    )
    return ends and all(one is not None and not falls_through(one) for one in handlers)


def _match_leaves(statement: Node) -> bool:
    body = statement.child_by_field_name("body")
    cases = [one for one in body.named_children if one.type == "case_clause"] if body else []
    blocks = [one.child_by_field_name("consequence") for one in cases]
    is_complete = bool(cases) and cases[-1].child_by_field_name("guard") is None
    patterns = [one for one in cases[-1].children if one.type == "case_pattern"] if cases else []
    is_complete = is_complete and [one.text for one in patterns] == [b"_"]
    return is_complete and all(one is not None and not falls_through(one) for one in blocks)


def _block(clause: Node) -> Node | None:
    return next((one for one in clause.named_children if one.type == "block"), None)


def _ends_with_raise(block: Node) -> bool:
    return any(one.type == "raise_statement" for one in block.named_children)
