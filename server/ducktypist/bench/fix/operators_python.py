"""Bugs to plant into Python code, one small change each.

Written without a look at what the search mutates, so that the bench does not only turn its own
changes around. Whether a change breaks a test is found out elsewhere (``planting``).
"""

from __future__ import annotations

import ast
import re
from collections import deque
from collections.abc import Iterator

from ducktypist.bench.fix.plot import (
    ARITHMETIC,
    COMPARISONS,
    WRONG_API,
    Planted,
    Plot,
    short,
)

_MAX_DELETED_LINES = 6


def python_bugs(source: str) -> Iterator[Planted]:
    """Yield every bug that can be planted into the functions of a module, in order of its text.

    Raises:
        SyntaxError: The source does not parse.
    """
    plot = Plot(source)
    for name, function in _functions(ast.parse(source)):
        for operator, node, start, end, new in _changes(function, plot):
            text = source[:start] + new + source[end:]
            if text == source or not _parses(text):
                continue
            old = source[start:end]
            yield Planted(
                text=text,
                operator=operator,
                line=node.lineno,
                function=name,
                what=f"{short(old)} became {short(new)}",
            )


_Change = tuple[str, ast.expr | ast.stmt, int, int, str]


def _changes(function: ast.FunctionDef | ast.AsyncFunctionDef, plot: Plot) -> Iterator[_Change]:
    names = _names(function)
    for node in _own_nodes(function):
        if isinstance(node, ast.expr):
            yield from _in_expression(node, plot, names)
        elif isinstance(node, ast.stmt):
            yield from _in_statement(node, plot)
    for block in _blocks(function):
        yield from _in_block(block, plot)


def _in_expression(node: ast.expr, plot: Plot, names: list[str]) -> Iterator[_Change]:
    if isinstance(node, ast.BinOp):
        yield from _in_arithmetic(node, plot)
    elif isinstance(node, ast.Constant):
        yield from _in_constant(node, plot)
    elif isinstance(node, ast.Subscript):
        yield from _in_subscript(node, plot)
    elif isinstance(node, ast.Call):
        yield from _in_call(node, plot)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        at = names.index(node.id)
        for other in sorted({names[(at + 1) % len(names)], names[at - 1]} - {node.id}):
            yield "wrong_name", node, *plot.span(node), other
    else:
        yield from _in_condition(node, plot)


def _in_condition(node: ast.expr, plot: Plot) -> Iterator[_Change]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for new in COMPARISONS.get(type(node.ops[0]), ()):
            yield "comparison", node, *_between(node.left, node.comparators[0], plot), new
    elif isinstance(node, ast.BoolOp):
        new = "or" if isinstance(node.op, ast.And) else "and"
        yield "condition", node, *_between(node.values[0], node.values[1], plot), new
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        operator = "condition" if isinstance(node.op, ast.Not) else "constant"
        yield operator, node, *plot.span(node), plot.of(node.operand)
    elif isinstance(node, ast.IfExp):
        yield from _exchanged("swapped_branches", node, node.body, node.orelse, plot)


def _in_arithmetic(node: ast.BinOp, plot: Plot) -> Iterator[_Change]:
    for new in ARITHMETIC.get(type(node.op), ()):
        yield "arithmetic", node, *_between(node.left, node.right, plot), new
    if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Mod):
        yield from _exchanged("swapped_operands", node, node.left, node.right, plot)
    if isinstance(node.op, ast.Add | ast.Sub) and _is_one(node.right):
        start, end = plot.span(node)
        yield "off_by_one", node, start, end, plot.of(node.left)


def _in_constant(node: ast.Constant, plot: Plot) -> Iterator[_Change]:
    start, end = plot.span(node)
    text = plot.of(node)
    if isinstance(node.value, bool):
        yield "constant", node, start, end, str(not node.value)
    elif isinstance(node.value, int) and text.isdigit():
        for new in (node.value + 1, node.value - 1):
            if new >= 0:
                yield "constant", node, start, end, str(new)
    elif isinstance(node.value, str) and text[:1] in {'"', "'"} and "\n" not in text:
        if not node.value:
            yield "constant", node, start, end, "' '"
        elif text[:3] not in {'"""', "'''"} and len(node.value) == 1:
            yield "constant", node, start, end, "''"


def _in_subscript(node: ast.Subscript, plot: Plot) -> Iterator[_Change]:
    if isinstance(node.slice, ast.Slice):
        for bound in (node.slice.lower, node.slice.upper):
            if bound is not None and not isinstance(bound, ast.Constant):
                _, end = plot.span(bound)
                yield "off_by_one", node, end, end, " + 1"
    elif isinstance(node.slice, ast.Name):
        _, end = plot.span(node.slice)
        yield "off_by_one", node, end, end, " - 1"


def _in_call(node: ast.Call, plot: Plot) -> Iterator[_Change]:
    function = node.func
    name = function.id if isinstance(function, ast.Name) else ""
    if name == "range" and node.args:
        last = node.args[min(1, len(node.args) - 1)]
        start, end = plot.span(last)
        yield "off_by_one", node, end, end, " - 1"
        yield "off_by_one", node, end, end, " + 1"
        if len(node.args) > 1:
            start, end = plot.span(node.args[0])
            yield "off_by_one", node, start, end, f"{plot.of(node.args[0])} + 1"
    _, end = plot.span(function)
    word = name or (function.attr if isinstance(function, ast.Attribute) else "")
    for new in WRONG_API.get(word, ()):
        yield "wrong_api", node, end - len(word), end, new
    if word in {"sorted", "sort"}:
        yield from _without_keywords(node, plot)
    simple = [item for item in node.args[:2] if not isinstance(item, ast.Starred)]
    if len(simple) == 2:  # noqa: PLR2004 - a pair
        yield from _exchanged("swapped_arguments", node, simple[0], simple[1], plot)


def _without_keywords(node: ast.Call, plot: Plot) -> Iterator[_Change]:
    _, end = plot.span(node)
    if not node.keywords:
        yield "wrong_api", node, end - 1, end, ", reverse=True)" if node.args else "reverse=True)"
    elif node.args:
        _, start = plot.span(node.args[-1])
        yield "wrong_api", node, start, end, ")"


def _in_statement(node: ast.stmt, plot: Plot) -> Iterator[_Change]:
    if isinstance(node, ast.AugAssign):
        for new in ARITHMETIC.get(type(node.op), ())[:1]:
            _, start = plot.span(node.target)
            end, _ = plot.span(node.value)
            yield "arithmetic", node, start, end, f" {new}= "
        _, start = plot.span(node.target)
        end, _ = plot.span(node.value)
        yield "missing_logic", node, start, end, " = "
    elif isinstance(node, ast.If) and node.orelse and not isinstance(node.orelse[0], ast.If):
        yield from _branches(node, plot)
    elif isinstance(node, ast.Break):
        yield "wrong_api", node, *plot.span(node), "continue"
    elif isinstance(node, ast.Continue):
        yield "wrong_api", node, *plot.span(node), "break"


def _branches(node: ast.If, plot: Plot) -> Iterator[_Change]:
    statements = (node.body[0], node.body[-1], node.orelse[0], node.orelse[-1])
    if statements[0].col_offset != statements[2].col_offset:
        return
    start, _ = plot.span(statements[0])
    _, middle = plot.span(statements[1])
    other, _ = plot.span(statements[2])
    _, end = plot.span(statements[3])
    source = plot.source
    yield (
        *("swapped_branches", node, start, end),
        source[other:end] + source[middle:other] + source[start:middle],
    )


def _in_block(block: list[ast.stmt], plot: Plot) -> Iterator[_Change]:
    body = block[1:] if _is_docstring(block[0]) else block
    for at, statement in enumerate(body):
        if not plot.stands_alone(statement):
            continue
        start, end = plot.line_span(statement, statement)
        n_lines = plot.source[start:end].count("\n")
        operator = "missing_guard" if _is_guard(statement) else "deletion"
        if len(body) > 1 and n_lines <= _MAX_DELETED_LINES:
            yield operator, statement, start, end, ""
        following = body[at + 1] if at + 1 < len(body) else None
        if following is None or not plot.stands_alone(following):
            continue
        _, last = plot.line_span(following, following)
        if plot.source[start:last].endswith("\n"):
            yield (
                "swapped_statements",
                statement,
                start,
                last,
                plot.source[end:last] + plot.source[start:end],
            )
            if len(body) > 2 and plot.source[start:last].count("\n") <= _MAX_DELETED_LINES:  # noqa: PLR2004 - one must stay
                yield "deletion", statement, start, last, ""


def _between(left: ast.expr, right: ast.expr, plot: Plot) -> tuple[int, int]:
    """Return where the operator between two operands stands; parentheses around them stay."""
    _, start = plot.span(left)
    end, _ = plot.span(right)
    found = re.search(r"[^\s()\\]+(?:\s+(?:in|not)\b)?", plot.source[start:end])
    if found is None:
        return start, start
    return start + found.start(), start + found.end()


def _exchanged(
    operator: str, node: ast.expr, one: ast.expr, other: ast.expr, plot: Plot
) -> Iterator[_Change]:
    (start, middle), (later, end) = sorted((plot.span(one), plot.span(other)))
    source = plot.source
    yield (
        *(operator, node, start, end),
        source[later:end] + source[middle:later] + source[start:middle],
    )


def _functions(
    tree: ast.Module,
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield functions with their qualified names; those inside of functions count as part of it."""

    def inside(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
        for node in body:
            if isinstance(node, ast.FunctionDef):
                yield prefix + node.name, node
            elif isinstance(node, ast.ClassDef):
                yield from inside(node.body, f"{prefix}{node.name}.")

    yield from inside(tree.body, "")


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of the body; a signature and its annotations are no place for these bugs."""
    left: deque[ast.AST] = deque(item for item in function.body if not _is_docstring(item))
    while left:
        node = left.popleft()
        yield node
        # Before Python 3.12 places inside of f-strings are not those of the source.
        if not isinstance(node, ast.JoinedStr):
            left.extend(ast.iter_child_nodes(node))


def _blocks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block


def _names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    arguments = function.args
    found = [item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    found += [
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return [name for name in dict.fromkeys(found) if name not in {"self", "cls", "_"}]


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_guard(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and not statement.orelse
        and isinstance(statement.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)
    )


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1 and node.value is not True


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
