"""Known mistakes in Python code that its syntax alone proves; a handful, and no style.

Every rule here is about what the code does, and is left out where it depends on a type.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import one_line
from ducktypist.facts.python_scopes import Scope, bound_names, caught_types, resolved
from ducktypist.syntax.parse import Node

_MUTABLE = frozenset(
    {"list", "dictionary", "set", "list_comprehension", "dictionary_comprehension"}
    | {"set_comprehension"}
)
_MAKERS = frozenset({"list", "dict", "set", "collections.defaultdict", "collections.deque"})
_LITERALS = frozenset({"integer", "float", "string", "list", "dictionary", "set", "tuple"})
_SIZE_CHANGES = frozenset({"append", "remove", "pop", "insert", "clear", "add", "discard"})
_IN_PLACE = frozenset({"sort", "reverse", "append", "extend"})
_CLAUSES = frozenset({"except_clause", "except_group_clause"})
_BUILTINS = frozenset(name for name in dir(builtins) if name.islower())


def findings(scope: Scope) -> Iterator[Fact]:
    """Yield a fact for each known mistake in the scope, in source order."""
    yield from _defaults(scope)
    for node in scope.nodes():
        if node.type in _CLAUSES:
            yield from _swallowing(scope, node)
        elif node.type == "comparison_operator":
            yield from _identity(scope, node)
        elif node.type == "assert_statement":
            yield from _always_true(scope, node)
        elif node.type == "finally_clause":
            yield from _returning_at_last(scope, node)
        elif node.type == "for_statement":
            yield from _changed_while_read(scope, node)
        elif node.type == "call":
            yield from _called(scope, node)


def _defaults(scope: Scope) -> Iterator[Fact]:
    holder = scope.node.child_by_field_name("parameters") if scope.is_function else None
    for parameter in holder.named_children if holder is not None else []:
        name, value = (parameter.child_by_field_name(field) for field in ("name", "value"))
        if name is None or value is None:
            continue
        is_made = value.type == "call" and (
            resolved(scope, value.child_by_field_name("function")) in _MAKERS
        )
        if value.type in _MUTABLE or is_made:
            shown = scope.text(name)
            said = f"the default of {shown} is made once, and all calls share it"
            yield scope.fact(FactKind.FINDING, parameter, subject=shown, said=said)


def _swallowing(scope: Scope, clause: Node) -> Iterator[Fact]:
    caught = caught_types(scope, clause)
    block = next((one for one in clause.named_children if one.type == "block"), None)
    statements = [one for one in block.named_children if one.type != "comment"] if block else []
    is_silent = bool(statements) and all(_does_nothing(one) for one in statements)
    if not caught and is_silent:
        said = "a bare except swallows every exception, KeyboardInterrupt and SystemExit included"
    elif not caught and not _raises_again(clause):
        said = "a bare except catches KeyboardInterrupt and SystemExit, too"
    elif is_silent and set(caught) & {"Exception", "BaseException"}:
        said = f"every {caught[0]} is swallowed without a trace"
    else:
        return
    yield scope.fact(FactKind.FINDING, clause, subject="except", said=said)


def _does_nothing(statement: Node) -> bool:
    only = statement.named_children[0] if statement.named_child_count == 1 else None
    return statement.type in {"pass_statement", "continue_statement"} or (
        statement.type == "expression_statement" and only is not None and only.type == "ellipsis"
    )


def _raises_again(clause: Node) -> bool:
    stack = [clause]
    while stack:
        node = stack.pop()
        if node.type == "raise_statement":
            return True
        stack.extend(node.named_children)
    return False


def _identity(scope: Scope, comparison: Node) -> Iterator[Fact]:
    for child, following in zip(comparison.children, comparison.children[1:], strict=False):
        if child.type in {"is", "is not"}:
            left = child.prev_named_sibling
            literal = next(
                (one for one in (following, left) if one is not None and one.type in _LITERALS),
                None,
            )
            if literal is not None:
                shown = one_line(scope.text(literal), n_at_most=40)
                said = f"{child.type} compares identity, not equality, with the literal {shown}"
                yield scope.fact(FactKind.FINDING, comparison, subject=child.type, said=said)


def _always_true(scope: Scope, statement: Node) -> Iterator[Fact]:
    test = statement.named_children[0] if statement.named_child_count else None
    if test is not None and test.type == "tuple" and test.named_child_count:
        said = "this assert never fails: a tuple that is not empty is true"
        yield scope.fact(FactKind.FINDING, statement, subject="assert", said=said)


def _returning_at_last(scope: Scope, clause: Node) -> Iterator[Fact]:
    block = next((one for one in clause.named_children if one.type == "block"), None)
    for statement in block.named_children if block is not None else []:
        if statement.type == "return_statement":
            said = "a return in finally swallows exceptions and replaces other return values"
            yield scope.fact(FactKind.FINDING, statement, subject="finally", said=said)


def _changed_while_read(scope: Scope, loop: Node) -> Iterator[Fact]:
    over, body = (loop.child_by_field_name(field) for field in ("right", "body"))
    if over is None or body is None or over.type != "identifier":
        return
    name = scope.text(over)
    for statement in body.named_children:
        call = statement.named_children[0] if statement.named_child_count else None
        if statement.type != "expression_statement" or call is None or call.type != "call":
            continue
        function = call.child_by_field_name("function")
        is_changing = function is not None and scope.text(function) in {
            f"{name}.{method}" for method in _SIZE_CHANGES
        }
        following = statement.next_named_sibling
        leaves = following is not None and following.type in {"break_statement", "return_statement"}
        if is_changing and not leaves:
            said = f"{name} is changed while the loop goes over it"
            yield scope.fact(FactKind.FINDING, call, subject=name, said=said)


def _called(scope: Scope, call: Node) -> Iterator[Fact]:
    function, arguments = (call.child_by_field_name(one) for one in ("function", "arguments"))
    if function is None or arguments is None:
        return
    name = scope.text(function)
    if function.type == "identifier" and name in _BUILTINS and name in bound_names(scope):
        said = f"{name} is bound again in {scope.name or 'the module'}, so this is not the built-in"
        yield scope.fact(FactKind.FINDING, call, subject=name, said=said)
    if resolved(scope, function).startswith("subprocess."):
        for one in arguments.named_children:
            if scope.text(one).replace(" ", "") == "shell=True":
                said = "shell=True: a shell interprets the command, special characters included"
                yield scope.fact(FactKind.FINDING, one, subject="shell=True", said=said)
    yield from _in_place(scope, call, function, n_arguments=arguments.named_child_count)


def _in_place(scope: Scope, call: Node, function: Node, *, n_arguments: int) -> Iterator[Fact]:
    """``items = items.sort()`` and ``random.shuffle``: what changes a list in place gives None."""
    parent = call.parent
    if parent is None or parent.type not in {"assignment", "return_statement"}:
        return
    receiver, attribute = (function.child_by_field_name(one) for one in ("object", "attribute"))
    method = scope.text(attribute) if attribute is not None else ""
    target = parent.child_by_field_name("left")
    is_own = (
        receiver is not None and target is not None and scope.text(receiver) == scope.text(target)
    )
    is_list_method = method in _IN_PLACE and is_own and n_arguments <= 1
    if is_list_method or resolved(scope, function) == "random.shuffle":
        shown = one_line(scope.text(function), n_at_most=50)
        said = f"{shown} changes the list in place and returns None, which is what is kept here"
        yield scope.fact(FactKind.FINDING, call, subject=shown, said=said)
