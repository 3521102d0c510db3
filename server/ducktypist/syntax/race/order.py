"""Recipes that put what races in an order: waiting, signalling last, copying before starting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import tree_sitter

from ducktypist.syntax.go_changes import (
    Change,
    after,
    at_top,
    before,
    indent_at,
    with_imports,
)
from ducktypist.syntax.go_declared import FUNCTIONS, enclosing
from ducktypist.syntax.go_scopes import GoFile, Use, Variable, VariableKind
from ducktypist.syntax.parse import walk
from ducktypist.syntax.race.regions import LOOPS, inside, thread_function
from ducktypist.syntax.race.result import Recipe, recipe_of


def copied_before_start(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield the change that gives each goroutine the value as it is when it is started.

    For a local that the goroutine only reads, such as a loop's variable before Go 1.22.
    """
    tree = file.tree
    for variable in variables:
        if variable.kind is not VariableKind.LOCAL:
            continue
        changes: dict[int, Change] = {}
        for use in _uses(file, variable):
            literal = enclosing(use.node, FUNCTIONS)
            started = _go_of(literal)
            if literal is None or started is None or started.parent is None:
                continue
            if tree.offset(literal.start_byte) > variable.declared_at and not any(
                other.strength for other in _uses(file, variable) if _within(literal, other.node)
            ):
                name = variable.name
                changes[started.id] = before(tree, started, [f"{name} := {name}"])
        what = f"each goroutine gets a `{variable.name}` of its own when it is started"
        yield from recipe_of(file, list(changes.values()), name="copy_before_start", what=what)


def signalled_last(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield the change by which a goroutine says that it is done after its last write."""
    tree = file.tree
    changes: dict[int, Change] = {}
    lines: list[int] = []
    for use in (item for variable in variables for item in _uses(file, variable)):
        function = thread_function(file, use.node)
        body = function.child_by_field_name("body") if function is not None else None
        if not use.strength or body is None:
            continue
        for node in inside(file, body):
            if (
                node.end_byte > use.node.start_byte
                or node.id in changes
                or not _signals(file, node)
            ):
                continue
            span, lines = tree.span(node), [*lines, node.start_point[0] + 1]
            text = span.of(tree.text)
            later = f"defer func() {{ {text} }}()" if "<-" in text else f"defer {text}"
            changes[node.id] = Change(start=span.start, end=span.end, new_text=later)
    if changes:
        what = f"line {lines[0]} signals when the goroutine has ended"
        yield from recipe_of(file, list(changes.values()), name="signal_last", what=what)


def waited_for(file: GoFile, variables: Sequence[Variable]) -> Iterator[Recipe]:
    """Yield ways by which a function waits for the goroutines that it started before it goes on."""
    for function in file.functions():
        name = file.name_of(function)
        # Who waits for what others share as well makes one thing happen after the other.
        own = [item for item in variables if item.kind is VariableKind.LOCAL and item.owner == name]
        started = _racing_starts(file, function, own)
        if not started:
            continue
        groups = [_group_of(file, item) for item in started]
        moved = [change for item in started for change in _moved_adds(file, item)]
        if moved:
            what = f"`{name}` counts its goroutines before it starts them"
            yield from recipe_of(file, moved, name="add_before_start", what=what)
        outer = _outermost(started[-1], function)
        following = outer.next_named_sibling
        is_waited = following is not None and file.tree.text_of(following) == f"{groups[0]}.Wait()"
        if is_waited or _feeds_later(file, function, outer):
            continue
        if all(groups):
            waits = after(file.tree, outer, [f"{groups[0]}.Wait()"])
            what = f"`{name}` waits for its goroutines"
            yield from recipe_of(file, [*moved, waits], name="wait", what=what)
        elif not any(groups) and not any(_is_endless(item) for item in started):
            changes = _counted(file, started, _outermost(started[0], function), outer)
            what = f"`{name}` waits for its goroutines"
            yield from recipe_of(file, changes, name="wait_group", what=what)


def _feeds_later(file: GoFile, function: tree_sitter.Node, outer: tree_sitter.Node) -> bool:
    """Tell whether goroutines get what they work on only after they were all started."""
    return any(
        node.start_byte >= outer.end_byte
        and (node.type == "send_statement" or file.tree.text_of(node).startswith("close("))
        for node in inside(file, function)
        if node.type in {"send_statement", "call_expression"}
    )


def _counted(
    file: GoFile,
    started: Sequence[tree_sitter.Node],
    first: tree_sitter.Node,
    last: tree_sitter.Node,
) -> list[Change]:
    tree = file.tree
    changes = [before(tree, first, ["var wg sync.WaitGroup"])]
    for node in started:
        changes.append(before(tree, node, ["wg.Add(1)"]))
        body = _literal_body(node)
        if body is not None:
            changes.append(at_top(tree, body, ["defer wg.Done()"]))
            continue
        call = tree.span(node)
        indent = indent_at(tree.text, call.start)
        text = call.of(tree.text).removeprefix("go").strip()
        wrapped = f"go func() {{\n{indent}\tdefer wg.Done()\n{indent}\t{text}\n{indent}}}()"
        changes.append(Change(start=call.start, end=call.end, new_text=wrapped))
    changes.append(after(tree, last, ["wg.Wait()"]))
    return with_imports(tree, changes, ["sync"])


def _moved_adds(file: GoFile, started: tree_sitter.Node) -> Iterator[Change]:
    body, tree = _literal_body(started), file.tree
    if body is None:
        return
    for node in walk(body):
        text = tree.text_of(node) if node.type == "expression_statement" else ""
        called, _, argument = text.partition(".Add(")
        if argument != "1)" or f"{called}.Done()" not in tree.text_of(body):
            continue
        span = tree.span(node)
        line_start = tree.text.rfind("\n", 0, span.start) + 1
        is_alone = not tree.text[line_start : span.start].strip()
        is_alone = is_alone and tree.text[span.end : span.end + 1] == "\n"
        start, end = (line_start, span.end + 1) if is_alone else (span.start, span.end)
        yield before(tree, started, [text])
        yield Change(start=start, end=end, new_text="")


def _racing_starts(
    file: GoFile, function: tree_sitter.Node, variables: Sequence[Variable]
) -> list[tree_sitter.Node]:
    """Return the ``go`` statements of a function whose goroutines use one of the variables."""
    wanted = set(variables)
    uses = [use for use in file.uses() if use.variable in wanted]
    names = {file.name_of(use.function).rpartition(".")[2] for use in uses}
    found = []
    for node in walk(function):
        if node.type != "go_statement" or node.parent is None:
            continue
        text = file.tree.text_of(node)
        touches = any(_within(node, use.node) for use in uses)
        if touches or any(f"{name}(" in text for name in names if name):
            found.append(node)
    return found


def _group_of(file: GoFile, started: tree_sitter.Node) -> str:
    """Return the wait group that a goroutine reports to, empty when it reports to none."""
    for node in walk(started):
        called = node.child_by_field_name("function") if node.type == "call_expression" else None
        text = file.tree.text_of(called) if called is not None else ""
        if text.endswith(".Done") and "ctx" not in text:
            return text.removesuffix(".Done")
    return ""


def _signals(file: GoFile, node: tree_sitter.Node) -> bool:
    if node.parent is None or node.parent.type != "statement_list":
        return False
    text = file.tree.text_of(node)
    if node.type == "expression_statement":
        return text.startswith("close(") or text.endswith(".Done()")
    return node.type == "send_statement"


def _is_endless(started: tree_sitter.Node) -> bool:
    return any(
        node.type == "select_statement"
        or (node.type == "for_statement" and len(node.named_children) == 1)
        for node in walk(started)
    )


def _outermost(node: tree_sitter.Node, function: tree_sitter.Node) -> tree_sitter.Node:
    """Return the outermost loop of the function around a node, or the node."""
    found = current = node
    while current.parent is not None and current.parent != function:
        current = current.parent
        if current.type in LOOPS:
            found = current
        elif current.type in FUNCTIONS:
            break
    return found


def _go_of(literal: tree_sitter.Node | None) -> tree_sitter.Node | None:
    call = literal.parent if literal is not None else None
    if call is None or call.type != "call_expression" or call.parent is None:
        return None
    return call.parent if call.parent.type == "go_statement" else None


def _literal_body(started: tree_sitter.Node) -> tree_sitter.Node | None:
    call = started.named_children[0] if started.named_children else None
    called = call.child_by_field_name("function") if call is not None else None
    if called is None or called.type != "func_literal":
        return None
    return called.child_by_field_name("body")


def _uses(file: GoFile, variable: Variable) -> list[Use]:
    return [use for use in file.uses() if use.variable == variable]


def _within(outer: tree_sitter.Node, inner: tree_sitter.Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte
