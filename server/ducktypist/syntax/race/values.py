"""Recipes that change what is shared: atomic values, made only once, handed out as a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import tree_sitter

from ducktypist.syntax.go_changes import Change, before, insertion, with_imports
from ducktypist.syntax.go_scopes import ELSEWHERE, GoFile, Use, Variable, VariableKind
from ducktypist.syntax.parse import walk
from ducktypist.syntax.race.result import Recipe, recipe_of

_TYPED = {
    "int": "Int64",
    "int64": "Int64",
    "int32": "Int32",
    "uint": "Uint64",
    "uint64": "Uint64",
    "uint32": "Uint32",
    "bool": "Bool",
}
_WIDTH = {"Int64": "int64", "Int32": "int32", "Uint64": "uint64", "Uint32": "uint32"}
_BY_FUNCTION = {"int64": "Int64", "int32": "Int32", "uint64": "Uint64", "uint32": "Uint32"}
_DECLARATIONS = frozenset({"field_declaration", "var_spec", "short_var_declaration"})
_STEPS = {"++": "1", "--": "-1"}


def atomics(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield the changes that make numbers, flags and pointers atomic values."""
    names = " and ".join(f"`{name}`" for name in dict.fromkeys(v.name for v in variables))
    if all(variable.type_text in _BY_FUNCTION for variable in variables):
        changes = _all(file, variables, by_function=True)
        if changes is not None:
            found = with_imports(file.tree, changes, ["sync/atomic"])
            yield from recipe_of(
                file, found, name="atomic", what=f"{names} used through package atomic"
            )
    changes = _all(file, variables, by_function=False)
    if changes is not None:
        found = with_imports(file.tree, changes, ["sync/atomic"])
        what = f"{names} made an atomic value" if len(variables) == 1 else f"{names} made atomic"
        yield from recipe_of(file, found, name="atomic_type", what=what)


def once(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield the change by which a value that is made when it is first needed is made once."""
    tree = file.tree
    for variable in variables:
        if variable.kind is VariableKind.LOCAL:
            continue
        for use in (item for item in file.uses() if item.variable == variable):
            statement = use.node.parent
            while statement is not None and statement.type not in {"if_statement", "block"}:
                statement = statement.parent
            if statement is None or not _is_lazy(file, statement, use):
                continue
            body = statement.child_by_field_name("consequence")
            if body is None or not _makes_all(file, body, variables):
                continue
            name = f"{variable.name.lower()}Once"
            declared = _once_declared(file, variable, name)
            if declared is None:
                continue
            named = f"{use.base}.{name}" if variable.kind is VariableKind.FIELD else name
            span, inner = tree.span(statement), tree.text_of(body)
            changes = [
                Change(start=span.start, end=span.end, new_text=f"{named}.Do(func() {inner})"),
                declared,
            ]
            what = f"`{variable.name}` made once, with `sync.Once`"
            yield from recipe_of(
                file, with_imports(tree, changes, ["sync"]), name="once", what=what
            )


def copied_out(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield the change by which a map or slice is handed out as a copy, and not as it is."""
    tree, changes, packages, names = file.tree, [], set[str](), []
    owners = {(variable.kind, variable.owner) for variable in variables}
    for use in file.uses():
        variable, listed = use.variable, use.node.parent
        kind = variable.type_text
        if listed is None or listed.parent is None or listed.parent.type != "return_statement":
            continue
        if not kind.startswith(("map[", "[]")) or variable.kind is VariableKind.LOCAL:
            continue
        if (variable.kind, variable.owner) not in owners and variable not in variables:
            # Whoever reads the copy knows it under a name of its own.
            continue
        package = "maps" if kind.startswith("map[") else "slices"
        span = tree.span(use.node)
        text = f"{package}.Clone({span.of(tree.text)})"
        changes.append(Change(start=span.start, end=span.end, new_text=text))
        packages.add(package)
        names.append(variable.name)
    if changes:
        what = f"`{names[0]}` handed out as a copy"
        yield from recipe_of(
            file, with_imports(tree, changes, packages), name="copy_out", what=what
        )


def returned(file: GoFile) -> list[Variable]:
    """Return the maps and slices, fields or package variables, that a function hands out."""
    return list(
        dict.fromkeys(
            use.variable
            for use in file.uses()
            if use.variable.kind is not VariableKind.LOCAL
            and use.variable.type_text.startswith(("map[", "[]"))
            and use.node.parent is not None
            and use.node.parent.parent is not None
            and use.node.parent.parent.type == "return_statement"
        )
    )


def _all(file: GoFile, variables: Sequence[Variable], *, by_function: bool) -> list[Change] | None:
    changes: list[Change] = []
    for variable in variables:
        uses = [use for use in file.uses() if use.variable == variable]
        for use in uses:
            change = _by_function(file, use) if by_function else _by_method(file, use)
            if change is None:
                return None
            changes.append(change)
        if not by_function:
            declared = _declared(file, variable)
            if declared is None:
                return None
            changes.append(declared)
    return changes


def _by_function(file: GoFile, use: Use) -> Change | None:
    """Return a use rewritten for ``atomic.AddInt64(&x, 1)`` and its like."""
    kind, target = _BY_FUNCTION[use.variable.type_text], f"&{file.tree.text_of(use.node)}"
    found = _operation(file, use)
    if found is None:
        return None
    node, operation, value = found
    span = file.tree.span(node)
    arguments = f"{target}, {value}" if value else target
    text = f"atomic.{operation}{kind}({arguments})"
    return Change(start=span.start, end=span.end, new_text=text)


def _by_method(file: GoFile, use: Use) -> Change | None:
    """Return a use rewritten for ``x.Add(1)`` and its like."""
    kind = use.variable.type_text
    found = _operation(file, use)
    if found is None:
        return None
    node, operation, value = found
    name, span = file.tree.text_of(use.node), file.tree.span(node)
    typed = _TYPED.get(kind, "")
    if not typed:
        if operation == "Add":
            return None
        text = f"{name}.{operation}({value})"
        return Change(start=span.start, end=span.end, new_text=text)
    width = _WIDTH.get(typed, "bool")
    if operation == "Load":
        text = f"{name}.Load()" if width == kind else f"{kind}({name}.Load())"
    else:
        plain = width == kind or value.lstrip("-").isdigit()
        text = f"{name}.{operation}({value if plain else f'{width}({value})'})"
    return Change(start=span.start, end=span.end, new_text=text)


def _operation(file: GoFile, use: Use) -> tuple[tree_sitter.Node, str, str] | None:
    """Return what to replace, the operation that it is, and its operand; None: not atomic."""
    text, parent = file.tree.text_of, use.node.parent
    if parent is None:
        return None
    if parent.type in {"inc_statement", "dec_statement"}:
        return parent, "Add", _STEPS[text(parent)[-2:]]
    statement = parent.parent if parent.type == "expression_list" else None
    if (
        statement is not None
        and statement.type == "assignment_statement"
        and (statement.child_by_field_name("left") == parent)
    ):
        return _assignment(file, use, statement)
    if use.strength or (parent.type == "unary_expression" and text(parent).startswith("&")):
        return None
    return use.node, "Load", ""


def _assignment(
    file: GoFile, use: Use, statement: tree_sitter.Node
) -> tuple[tree_sitter.Node, str, str] | None:
    text = file.tree.text_of
    left, right = (statement.child_by_field_name(name) for name in ("left", "right"))
    if left is None or right is None:
        return None
    if len(left.named_children) != 1 or len(right.named_children) != 1:
        return None
    value = right.named_children[0]
    sign = text(statement)[len(text(left)) :].strip()[:2]
    # What is computed from the old value is no single step.
    if text(use.node) in {text(item) for item in walk(value)}:
        return None
    if sign.startswith("="):
        return statement, "Store", text(value)
    if sign in {"+=", "-="}:
        return statement, "Add", text(value) if sign == "+=" else f"-({text(value)})"
    return None


def _declared(file: GoFile, variable: Variable) -> Change | None:
    """Return the change of a variable's declaration to an atomic type."""
    tree, atomic = file.tree, _atomic_type(variable)
    if variable.declared_at == ELSEWHERE:
        return None
    node: tree_sitter.Node | None = tree.at(variable.declared_at)
    while node is not None and node.type not in _DECLARATIONS:
        node = node.parent
    if node is None or not atomic:
        return None
    value = node.child_by_field_name("value") or node.child_by_field_name("right")
    is_zero = value is None or tree.text_of(value) in {"0", "false", "nil"}
    if len(node.children_by_field_name("name")) > 1 or not is_zero:
        return None
    span, new = tree.span(node), f"{variable.name} {atomic}"
    if node.type == "short_var_declaration":
        new = f"var {new}"
    elif node.type == "field_declaration":
        written = node.child_by_field_name("type")
        span, new = (tree.span(written), atomic) if written is not None else (span, new)
    return Change(start=span.start, end=span.end, new_text=new)


def _atomic_type(variable: Variable) -> str:
    """Return the atomic type in place of a variable's own, empty when there is none."""
    kind = variable.type_text
    if kind in _TYPED:
        return f"atomic.{_TYPED[kind]}"
    is_field = variable.kind is VariableKind.FIELD
    return f"atomic.Pointer[{kind[1:]}]" if is_field and kind.startswith("*") else ""


def _is_lazy(file: GoFile, statement: tree_sitter.Node, use: Use) -> bool:
    """Tell whether an ``if`` makes what its condition finds missing."""
    if statement.type != "if_statement" or statement.child_by_field_name("alternative"):
        return False
    condition = statement.child_by_field_name("condition")
    body = statement.child_by_field_name("consequence")
    if condition is None or body is None or statement.child_by_field_name("initializer"):
        return False
    name, text = file.tree.text_of(use.node), file.tree.text_of(condition)
    if text not in {f"{name} == nil", f"!{name}", f"nil == {name}"}:
        return False
    inside = list(walk(body))
    if any(node.type in {"return_statement", "go_statement"} for node in inside):
        return False
    return any(
        other.variable == use.variable
        and other.strength
        and body.start_byte < other.node.start_byte < body.end_byte
        for other in file.uses()
    )


def _makes_all(file: GoFile, body: tree_sitter.Node, variables: Sequence[Variable]) -> bool:
    """Tell whether all of the variables are written in a block and nowhere else."""
    return all(
        body.start_byte < use.node.start_byte < body.end_byte
        for use in file.uses()
        if use.strength and use.variable in variables
    )


def _once_declared(file: GoFile, variable: Variable, name: str) -> Change | None:
    tree = file.tree
    if variable.kind is VariableKind.PACKAGE:
        for node in tree.root.children:
            if node.start_byte <= tree.byte(variable.declared_at) < node.end_byte:
                return insertion(tree.offset(node.end_byte), f"\n\nvar {name} sync.Once")
        return None
    listed = file.structs.get(variable.owner)
    for item in listed.named_children if listed is not None else []:
        if item.start_byte <= tree.byte(variable.declared_at) < item.end_byte:
            return before(tree, item, [f"{name} sync.Once"])
    return None
