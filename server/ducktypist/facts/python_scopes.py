"""Which functions of a Python text a question is about, and where in them a statement stands.

What those statements mean is the neighbours' business (``python_raises``, ``python_effects``, …).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.facts.code_scopes import CodeScope
from ducktypist.facts.code_wording import one_line, under
from ducktypist.syntax.parse import Node, Tree

_SCOPES = frozenset({"function_definition", "class_definition", "lambda"})
_MAX_CONDITION_CHARACTERS = 60
_MAX_SCOPES = 40
_PARAMETERS = frozenset({"typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope(CodeScope):
    """One function, or what stands in the module outside of all functions."""

    @property
    def is_function(self) -> bool:
        """Whether it is a function and not the module."""
        return self.node.type == "function_definition"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of a function's parameters, in order."""
        holder = self.node.child_by_field_name("parameters")
        return tuple(_parameter_names(self.tree, holder)) if holder is not None else ()

    def nodes(self) -> list[Node]:
        """Return the nodes of its body, without those of functions and classes in it."""
        return _own_nodes(self)


def scopes(tree: Tree, span: Span) -> tuple[Scope, ...]:
    """Return what a region is about: the function around it, or else the functions in it.

    A region in a function's body, or one that is the function, gives that function. Another gives
    the module's statements there and each function there, in source order.
    """
    stripped = _stripped(tree.text, span)
    functions = tree.nodes(frozenset({"function_definition"}))
    around = [node for node in functions if _holds(tree, node, stripped)]
    if around:
        return (_of(tree, around[-1], span),)
    inside = [node for node in functions if _overlaps(tree, node, stripped)]
    module = Scope(tree=tree, node=tree.root, span=span, name="")
    return (module, *(_of(tree, node, span) for node in inside[:_MAX_SCOPES]))


def imported_names(scope: Scope) -> dict[str, str]:
    """Return what the file's imports bind: ``{"np": "numpy", "run": "subprocess.run"}``."""
    return _imports(scope.tree)


def dotted(scope: Scope, node: Node | None) -> str:
    """Return ``a.b.c`` for a plain dotted expression, else the empty string."""
    parts: list[str] = []
    while node is not None and node.type == "attribute":
        name = node.child_by_field_name("attribute")
        parts.append(scope.tree.text_of(name) if name is not None else "")
        node = node.child_by_field_name("object")
    if node is None or node.type != "identifier" or "" in parts:
        return ""
    return ".".join((scope.tree.text_of(node), *reversed(parts)))


def resolved(scope: Scope, node: Node | None) -> str:
    """Return the full name of a dotted expression by the file's imports; empty for none.

    ``Path.cwd`` after ``from pathlib import Path`` gives ``pathlib.Path.cwd``; what is bound again
    in the scope gives nothing.
    """
    name = dotted(scope, node)
    first, _, rest = name.partition(".")
    if not first or first in bound_names(scope):
        return ""
    imports = imported_names(scope)
    if first not in imports and first in _defined(scope.tree):
        return ""
    full = imports.get(first, first)
    return f"{full}.{rest}" if rest else full


def bound_names(scope: Scope) -> frozenset[str]:
    """Return the names that a function binds itself: parameters and what it assigns to."""
    return _bound(scope)


def condition_of(scope: Scope, node: Node) -> str:
    """Return under which conditions a statement is reached, as its own place shows them.

    ``when count < 0``, ``unless path``, ``when KeyError is caught``; the empty string for none.
    Earlier statements that leave the function are not looked at.
    """
    found = []
    child, parent = node, node.parent
    while parent is not None and child != scope.node:
        said = _condition_at(scope, parent, child)
        if said:
            found.append(said)
        child, parent = parent, parent.parent
    return under(found)


def caught_types(scope: Scope, clause: Node) -> tuple[str, ...]:
    """Return the exceptions that an ``except`` clause catches as written; none for a bare one."""
    value = clause.child_by_field_name("value")
    if value is not None and value.type == "as_pattern":
        value = value.named_children[0]
    if value is None:
        return ()
    several = value.named_children if value.type == "tuple" else [value]
    return tuple(scope.text(one) for one in several)


def module_names(scope: Scope) -> frozenset[str]:
    """Return what the module's own statements define: functions, classes and variables."""
    return _defined(scope.tree)


def targets(tree: Tree, target: Node) -> tuple[str, ...]:
    """Return the plain names that an assignment to ``target`` binds."""
    found = []
    stack = [target]
    while stack:
        node = stack.pop()
        if node.type == "identifier":
            found.append(tree.text_of(node))
        elif node.type not in {"attribute", "subscript"}:
            stack.extend(reversed(node.named_children))
    return tuple(found)


def _condition_at(scope: Scope, parent: Node, child: Node) -> str:
    said = ""
    if parent.type in {"if_statement", "elif_clause"}:
        test = parent.child_by_field_name("condition")
        if child == parent.child_by_field_name("consequence") and test is not None:
            also = " and nothing above holds" if parent.type == "elif_clause" else ""
            said = f"when {_short(scope, test)}{also}"
    elif parent.type == "else_clause" and parent.parent is not None:
        said = _otherwise(scope, parent.parent)
    elif parent.type in {"except_clause", "except_group_clause"}:
        caught = caught_types(scope, parent)
        said = f"when {' or '.join(caught)} is caught" if caught else "when anything is caught"
    elif parent.type == "while_statement" and child == parent.child_by_field_name("body"):
        test = parent.child_by_field_name("condition")
        if test is not None and scope.text(test) not in {"True", "1"}:
            said = f"while {_short(scope, test)}"
    elif parent.type == "case_clause":
        said = _matched(scope, parent)
    return said


def _matched(scope: Scope, case: Node) -> str:
    pattern = next((one for one in case.children if one.type == "case_pattern"), None)
    statement = case.parent.parent if case.parent is not None else None
    matched = statement.child_by_field_name("subject") if statement is not None else None
    if pattern is None or matched is None or scope.text(pattern) == "_":
        return "when no case above matches"
    return f"when {_short(scope, matched)} matches {_short(scope, pattern)}"


def _otherwise(scope: Scope, owner: Node) -> str:
    if owner.type == "if_statement":
        others = [one for one in owner.children if one.type == "elif_clause"]
        test = owner.child_by_field_name("condition")
        if not others and test is not None:
            return f"unless {_short(scope, test)}"
        return "when no condition above holds"
    if owner.type == "try_statement":
        return "when nothing was raised"
    return "when the loop ends without a break"


def _short(scope: Scope, node: Node) -> str:
    if node.type == "parenthesized_expression" and node.named_child_count == 1:
        node = node.named_children[0]
    return one_line(scope.text(node), n_at_most=_MAX_CONDITION_CHARACTERS)


def _stripped(text: str, span: Span) -> Span:
    asked = span.of(text)
    start = span.start + len(asked) - len(asked.lstrip())
    return Span(start=start, end=max(start, span.start + len(asked.rstrip())))


def _of(tree: Tree, node: Node, span: Span) -> Scope:
    name = node.child_by_field_name("name")
    return Scope(tree=tree, node=node, span=span, name=tree.text_of(name) if name else "")


def _holds(tree: Tree, node: Node, span: Span) -> bool:
    outer = node.parent if node.parent and node.parent.type == "decorated_definition" else node
    start, end = tree.offset(outer.start_byte), tree.offset(outer.end_byte)
    return start <= span.start and span.end <= end


def _overlaps(tree: Tree, node: Node, span: Span) -> bool:
    start, end = tree.offset(node.start_byte), tree.offset(node.end_byte)
    return start < span.end and span.start < end


@functools.lru_cache(maxsize=16)
def _own_nodes(scope: Scope) -> list[Node]:
    found: list[Node] = []
    stack = list(reversed(scope.body.children))
    while stack:
        node = stack.pop()
        if node.type in _SCOPES:
            continue
        found.append(node)
        stack.extend(reversed(node.children))
    return found


@functools.lru_cache(maxsize=8)
def _imports(tree: Tree) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.nodes(frozenset({"import_statement", "import_from_statement"})):
        module = node.child_by_field_name("module_name")
        start = f"{tree.text_of(module)}." if module is not None else ""
        for name in node.children_by_field_name("name"):
            if name.type == "aliased_import":
                real, alias = name.child_by_field_name("name"), name.child_by_field_name("alias")
                if real is not None and alias is not None:
                    found[tree.text_of(alias)] = start + tree.text_of(real)
            elif start:
                found[tree.text_of(name)] = start + tree.text_of(name)
            else:
                first = tree.text_of(name).split(".")[0]
                found[first] = first
    return found


@functools.lru_cache(maxsize=16)
def _bound(scope: Scope) -> frozenset[str]:
    if not scope.is_function:
        return frozenset()
    found = set(scope.parameters)
    for node in scope.nodes():
        if node.type in {"assignment", "augmented_assignment", "for_statement", "named_expression"}:
            field = "name" if node.type == "named_expression" else "left"
            target = node.child_by_field_name(field)
            found.update(targets(scope.tree, target) if target is not None else ())
        elif node.type == "as_pattern_target":
            found.update(targets(scope.tree, node))
    return frozenset(found)


@functools.lru_cache(maxsize=8)
def _defined(tree: Tree) -> frozenset[str]:
    """Return the names that the module's own statements define, imports left out."""
    found: set[str] = set()
    for child in tree.root.named_children:
        is_decorated = child.type == "decorated_definition"
        inner = child.child_by_field_name("definition") if is_decorated else None
        statement = inner if inner is not None else child
        only = statement.named_children[0] if statement.named_child_count else None
        if statement.type in {"function_definition", "class_definition"}:
            name = statement.child_by_field_name("name")
            found.update((tree.text_of(name),) if name is not None else ())
        elif statement.type == "expression_statement" and only and only.type == "assignment":
            target = only.child_by_field_name("left")
            found.update(targets(tree, target) if target is not None else ())
    return frozenset(found)


def _parameter_names(tree: Tree, holder: Node) -> Iterator[str]:
    for child in holder.named_children:
        current: Node | None = child
        while current is not None and current.type != "identifier":
            current = current.child_by_field_name("name") or (
                current.named_child(0) if current.type in _PARAMETERS else None
            )
        if current is not None:
            yield tree.text_of(current)


def module_classes(tree: Tree) -> dict[str, tuple[str, ...]]:
    """Return the bases of each class of a file by the class's name."""
    found: dict[str, tuple[str, ...]] = {}
    for node in tree.nodes(frozenset({"class_definition"})):
        name, bases = (node.child_by_field_name(field) for field in ("name", "superclasses"))
        if name is not None:
            listed = bases.named_children if bases is not None else []
            found[tree.text_of(name)] = tuple(tree.text_of(one) for one in listed)
    return found


def is_below(node: Node, above: Node) -> bool:
    """Tell whether ``node`` is ``above`` or lies in it."""
    return above.start_byte <= node.start_byte and node.end_byte <= above.end_byte
