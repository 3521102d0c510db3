"""What a Python function touches besides its own variables, as its syntax shows it.

Names are resolved by the file's imports and nothing else. What a function that is called from here
does is not known, so that no fact does not mean no effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import one_line
from ducktypist.facts.python_effect_names import (
    CALLS,
    MODULES,
    MUTATORS,
    PATH_METHODS,
    QUIET,
    SURE_PATH_METHODS,
)
from ducktypist.facts.python_scopes import (
    Scope,
    bound_names,
    dotted,
    module_names,
    resolved,
    targets,
)
from ducktypist.syntax.parse import Node

_MODES = {
    "r": "for reading",
    "w": "for writing, emptying it first",
    "a": "for appending",
    "x": "for writing, and fails if it exists",
}
_OPENERS = {"open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.fdopen"}
_STREAMS = {"sys.stdout": "standard output", "sys.stderr": "standard error"}
_PATHS = {"pathlib.Path", "pathlib.PosixPath", "pathlib.Path.cwd", "pathlib.Path.home"}
_PATH_TYPE = re.compile(r"(?:pathlib\.)?Path")
_MODE = re.compile(r"[rwaxbt+U]{1,4}")


def effects(scope: Scope) -> Iterator[Fact]:
    """Yield a fact for each effect that a statement of the scope has, in source order."""
    for node in scope.nodes():
        if node.type == "call":
            yield from _call(scope, node)
        elif node.type in {"global_statement", "nonlocal_statement"} and node.is_named:
            yield from _rebound(scope, node)
        elif node.type in {"assignment", "augmented_assignment"}:
            target = node.child_by_field_name("left")
            if target is not None and (
                node.child_by_field_name("right") is not None or node.type != "assignment"
            ):
                yield from _assigned(scope, target)
        elif node.type == "delete_statement":
            for target in node.named_children:
                yield from _assigned(scope, target, verb="deletes")


def _call(scope: Scope, call: Node) -> Iterator[Fact]:
    function = call.child_by_field_name("function")
    if function is None:
        return
    name = resolved(scope, function)
    if name in _OPENERS:
        yield _opening(scope, call, subject=dotted(scope, function))
    elif name == "print":
        yield _printing(scope, call)
    elif name in CALLS:
        yield _named(scope, call, name, CALLS[name])
    elif name.partition(".")[0] in MODULES and "." in name and name not in QUIET:
        yield from _of_module(scope, call, name)
    elif name.startswith(("os.environ.", "sys.stdout.", "sys.stderr.", "sys.stdin.")):
        yield from _of_process(scope, call, name)
    elif function.type == "attribute":
        yield from _method(scope, call, function)


def _of_module(scope: Scope, call: Node, name: str) -> Iterator[Fact]:
    last = name.rpartition(".")[2]
    if last[:1].islower():
        yield _named(scope, call, name, MODULES[name.partition(".")[0]])


def _of_process(scope: Scope, call: Node, name: str) -> Iterator[Fact]:
    owner, _, method = name.rpartition(".")
    if owner == "os.environ":
        changes = method in MUTATORS
        said = "changes the environment" if changes else "reads the environment"
        yield _fact(scope, call, subject=owner, said=said)
    elif owner == "sys.stdin" and method.startswith("read"):
        yield _fact(scope, call, subject=owner, said="reads standard input")
    elif owner in _STREAMS and method.startswith("write"):
        yield _fact(scope, call, subject=owner, said=f"writes to {_STREAMS[owner]}")


def _method(scope: Scope, call: Node, function: Node) -> Iterator[Fact]:
    receiver, attribute = (function.child_by_field_name(one) for one in ("object", "attribute"))
    if receiver is None or attribute is None:
        return
    method = scope.text(attribute)
    shown = one_line(scope.text(receiver), n_at_most=50)
    is_path = _is_path(scope, receiver)
    if method == "open" and is_path:
        yield _opening(scope, call, subject=f"{shown}.open", opened=shown)
    elif method in PATH_METHODS or (is_path and method in SURE_PATH_METHODS):
        said = PATH_METHODS.get(method) or SURE_PATH_METHODS[method]
        yield _fact(scope, call, subject=f"{shown}.{method}", said=f"{said}: {shown}")
    elif method in MUTATORS:
        yield from _mutated(scope, call, receiver, f"changes {{}} with {method}")


def _mutated(scope: Scope, node: Node, receiver: Node, said: str) -> Iterator[Fact]:
    name = dotted(scope, receiver)
    first, _, rest = name.partition(".")
    if first in {"self", "cls"} and rest and first in scope.parameters:
        yield _fact(scope, node, subject=name, said=said.format(name))
    elif name and not rest and _is_still_argument(scope, name):
        yield _fact(scope, node, subject=name, said=said.format(f"its argument {name}"))
    elif name and not rest and _is_of_module(scope, name):
        yield _fact(scope, node, subject=name, said=said.format(f"the global {name}"))


def _assigned(scope: Scope, target: Node, *, verb: str = "") -> Iterator[Fact]:
    if target.type in {"pattern_list", "tuple_pattern", "list_pattern", "expression_list"}:
        for one in target.named_children:
            yield from _assigned(scope, one, verb=verb)
    elif target.type == "attribute":
        owner = dotted(scope, target.child_by_field_name("object"))
        name = dotted(scope, target)
        if owner in {"self", "cls"} and owner in scope.parameters:
            yield _fact(scope, target, subject=name, said=f"{verb or 'sets'} {name}")
        elif owner and _is_still_argument(scope, owner):
            said = f"{verb or 'sets'} {name}, which changes its argument {owner}"
            yield _fact(scope, target, subject=name, said=said)
    elif target.type == "subscript":
        value = target.child_by_field_name("value")
        if value is None:
            return
        if resolved(scope, value) == "os.environ":
            yield _fact(scope, target, subject="os.environ", said="changes the environment")
            return
        action = "by deleting items" if verb else "by assigning to items"
        yield from _mutated(scope, target, value, f"changes {{}} {action}")


def _rebound(scope: Scope, statement: Node) -> Iterator[Fact]:
    what = "global" if statement.type == "global_statement" else "outer variable"
    assigned = bound_names(scope)
    for one in statement.named_children:
        name = scope.text(one)
        if name in assigned:
            yield _fact(scope, statement, subject=name, said=f"assigns to the {what} {name}")


def _is_still_argument(scope: Scope, name: str) -> bool:
    """Tell whether a name is a parameter that the function does not bind to something else."""
    if name not in scope.parameters or name in {"self", "cls"}:
        return False
    for node in scope.nodes():
        field = {"assignment": "left", "for_statement": "left", "named_expression": "name"}.get(
            node.type
        )
        target = node.child_by_field_name(field) if field else None
        if node.type == "as_pattern_target":
            target = node
        if target is not None and name in targets(scope.tree, target):
            return False
    return True


def _is_of_module(scope: Scope, name: str) -> bool:
    """Tell whether a function's name is one that the module assigns and the function does not."""
    if not scope.is_function or name in bound_names(scope):
        return False
    outer = scope.node.parent
    while outer is not None and outer.type != "function_definition":
        outer = outer.parent
    return outer is None and name in module_names(scope)


def _is_path(scope: Scope, node: Node) -> bool:
    """Tell whether an expression is seen to be a ``pathlib.Path``."""
    if _makes_path(scope, node):
        return True
    if node.type != "identifier":
        return False
    name = scope.text(node)
    holder = scope.node.child_by_field_name("parameters")
    for parameter in holder.named_children if holder is not None else []:
        type_node = parameter.child_by_field_name("type")
        if type_node is not None and scope.text(parameter).partition(":")[0].strip() == name:
            return _PATH_TYPE.fullmatch(scope.text(type_node)) is not None
    values = [
        one.child_by_field_name("right")
        for one in scope.nodes()
        if one.type == "assignment" and scope.field(one, "left") == name
    ]
    return bool(values) and all(value and _makes_path(scope, value) for value in values)


def _makes_path(scope: Scope, node: Node) -> bool:
    """Tell whether an expression begins with ``Path(…)``; names are not followed."""
    current: Node | None = node
    while current is not None and current.type in {"parenthesized_expression", "binary_operator"}:
        is_bracket = current.type == "parenthesized_expression"
        current = current.named_child(0) if is_bracket else current.child_by_field_name("left")
    if current is None or current.type != "call":
        return False
    return resolved(scope, current.child_by_field_name("function")) in _PATHS


def _opening(scope: Scope, call: Node, *, subject: str, opened: str = "") -> Fact:
    positional, keywords = _arguments(scope, call)
    at = 0 if opened else 1
    if not opened:
        first = positional[0] if positional else keywords.get("file", "")
        opened = one_line(first, n_at_most=50) or "a file"
    mode = positional[at] if len(positional) > at else keywords.get("mode", "'r'")
    said = f"opens {opened}"
    letters = mode.strip("'\"")
    if mode[:1] in {"'", '"'} and _MODE.fullmatch(letters):
        base = next((one for one in "wax" if one in letters), "r")
        said += f" {_MODES[base]}"
        if "+" in letters:
            said += ", reading as well" if base != "r" else " and writing"
    return _fact(scope, call, subject=subject, said=said)


def _printing(scope: Scope, call: Node) -> Fact:
    _, keywords = _arguments(scope, call)
    target = keywords.get("file", "sys.stdout")
    shown = _STREAMS.get(target, one_line(target, n_at_most=40))
    return _fact(scope, call, subject="print", said=f"prints to {shown}")


def _arguments(scope: Scope, call: Node) -> tuple[list[str], dict[str, str]]:
    holder = call.child_by_field_name("arguments")
    positional: list[str] = []
    keywords: dict[str, str] = {}
    for one in holder.named_children if holder is not None else []:
        name, value = one.child_by_field_name("name"), one.child_by_field_name("value")
        if one.type == "keyword_argument" and name is not None and value is not None:
            keywords[scope.text(name)] = scope.text(value)
        elif one.type != "comment":
            positional.append(scope.text(one))
    return positional, keywords


def _named(scope: Scope, call: Node, name: str, said: str) -> Fact:
    """Say what a call does and by which name it is known; as a subject, as the code has it."""
    written = dotted(scope, call.child_by_field_name("function")) or name
    others = (name,) if name != written else ()
    return _fact(scope, call, subject=written, said=f"{said} ({name})", names=others)


def _fact(
    scope: Scope, node: Node, *, subject: str, said: str, names: tuple[str, ...] = ()
) -> Fact:
    return scope.fact(FactKind.EFFECT, node, subject=subject, said=said, names=names)
