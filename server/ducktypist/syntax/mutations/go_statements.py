"""Mutation operators on Go statements: guards, jumps, branches, depth, deletion, receivers."""

from __future__ import annotations

from collections.abc import Iterator

from ducktypist.domain import Span
from ducktypist.syntax.edits import reindent
from ducktypist.syntax.lines import split_lines, with_newlines
from ducktypist.syntax.mutations.go_names import NUMBERS, result_kinds
from ducktypist.syntax.mutations.ground import Ground, Proposal, first_of
from ducktypist.syntax.parse import Node, walk

_JUMPS = frozenset({"return_statement", "break_statement", "continue_statement", "goto_statement"})
_MAX_GUARDED = 2
_SIMPLE = frozenset(
    {"assignment_statement", "short_var_declaration", "expression_statement", "inc_statement"}
)


def statements(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of whole statements, and of the receiver."""
    body = ground.definition.child_by_field_name("body")
    if body is None:
        return
    yield from _guards(ground, body)
    yield from _pointer(ground)
    for node in ground.nodes:
        if node.type == "statement_list":
            yield from _of_list(ground, node)
        elif node.type in {"break_statement", "continue_statement"}:
            other = "continue" if node.type == "break_statement" else "break"
            yield ground.replace(node, other, "jump", 0.6)
        elif node.type == "if_statement":
            yield from _branches(ground, node)
        elif node.type == "var_declaration":
            yield from _made(ground, node)
        elif node.type == "expression_statement":
            yield ground.insert(ground.span(node).start, "return ", "missing_return", 0.1)


def _guards(ground: Ground, body: Node) -> Iterator[Proposal]:
    own = first_of(body)
    first = first_of(own) if own is not None and own.type == "statement_list" else None
    if first is None or not ground.has_own_lines(first):
        return
    zeros = _zero_values(ground)
    if zeros is None:
        return
    indent = ground.indent(first)
    start = ground.span(first).start - len(indent)
    # What can be nil or empty goes before numbers.
    ranked = sorted(_parameters(ground), key=lambda pair: pair[1].startswith(NUMBERS))
    for number, (name, kind) in enumerate(ranked[:_MAX_GUARDED]):
        for condition, weight in _conditions(name, kind):
            result = f" {zeros}" if zeros else ""
            lines = (
                f"{indent}if {condition} {{",
                f"{indent}{ground.unit}return{result}",
                f"{indent}}}",
                "",
            )
            yield ground.insert(
                start,
                ground.newline.join(lines),
                "missing_guard",
                weight - 0.05 * number,
                f"`if {condition} {{ return{result} }}` was added",
            )


def _conditions(name: str, kind: str) -> tuple[tuple[str, float], ...]:
    if kind.startswith(("*", "map[", "func")) or kind == "error":
        return ((f"{name} == nil", 0.3),)
    if kind.startswith("[]"):
        return ((f"len({name}) == 0", 0.3),)
    if kind == "string":
        return ((f'{name} == ""', 0.25),)
    if kind.startswith(NUMBERS):
        return ((f"{name} <= 0", 0.12), (f"{name} < 0", 0.12), (f"{name} == 0", 0.12))
    return ()


def _parameters(ground: Ground) -> list[tuple[str, str]]:
    found = []
    for field in ("receiver", "parameters"):
        parameters = ground.definition.child_by_field_name(field)
        for node in parameters.named_children if parameters is not None else ():
            kind = ground.source(node.child_by_field_name("type"))
            if node.type == "variadic_parameter_declaration":
                kind = f"[]{kind}"
            if field == "receiver" and not kind.startswith("*"):
                continue
            found += [(ground.source(name), kind) for name in node.children_by_field_name("name")]
    return found


def _zero_values(ground: Ground) -> str | None:
    """Return what a function gives that gives nothing; None when a type has no simple zero."""
    kinds = result_kinds(ground)
    zeros = [_zero(kind) for kind in kinds]
    return None if None in zeros else ", ".join(zero for zero in zeros if zero)


def _zero(kind: str) -> str | None:
    if kind.startswith(("*", "[]", "map[", "func", "chan", "<-chan", "interface")):
        return "nil"
    if kind in {"error", "any"}:
        return "nil"
    if kind == "string":
        return '""'
    if kind == "bool":
        return "false"
    if kind.startswith(NUMBERS):
        return "0"
    return f"{kind}{{}}" if kind[:1].isupper() and kind.isidentifier() else None


def _pointer(ground: Ground) -> Iterator[Proposal]:
    """Propose a receiver that is changed in place: a method on a copy changes the copy."""
    receiver = ground.definition.child_by_field_name("receiver")
    first = first_of(receiver) if receiver is not None else None
    kind = first.child_by_field_name("type") if first is not None else None
    if kind is not None and kind.type != "pointer_type" and _is_written(ground, first):
        yield ground.replace(kind, f"*{ground.source(kind)}", "pointer_receiver", 0.6)


def _is_written(ground: Ground, receiver: Node | None) -> bool:
    name = ground.source(receiver.child_by_field_name("name")) if receiver is not None else ""
    return any(
        node.type in {"assignment_statement", "inc_statement", "dec_statement"}
        and ground.source(node).startswith(f"{name}.")
        for node in ground.nodes
    )


def _made(ground: Ground, node: Node) -> Iterator[Proposal]:
    """Propose a map that is made: one that is only declared cannot be written to."""
    for spec in node.named_children:
        kind = spec.child_by_field_name("type")
        name = spec.child_by_field_name("name")
        is_map = kind is not None and kind.type == "map_type"
        if spec.type == "var_spec" and is_map and spec.child_by_field_name("value") is None:
            new = f"{ground.source(name)} := make({ground.source(kind)})"
            yield ground.replace(node, new, "nil_map", 0.75)


def _of_list(ground: Ground, block: Node) -> Iterator[Proposal]:
    own = [child for child in block.named_children if child.type != "comment"]
    whole = [child for child in own if ground.has_own_lines(child)]
    for number, node in enumerate(whole):
        before = whole[number - 1] if number else None
        after = whole[number + 1] if number + 1 < len(whole) else None
        yield from _deleted(ground, node)
        if before is not None and before.type in _SIMPLE and node.type in _SIMPLE:
            yield from _reordered(ground, before, node)
        if before is not None and before.type in {"if_statement", "for_statement"}:
            yield from _deeper(ground, before, node)
        if after is None and len(own) > 1:
            yield from _shallower(ground, block, node)
        yield from _unchecked(ground, node, after)
    if whole:
        yield from _missing_jump(ground, block, whole[-1])


def _deleted(ground: Ground, node: Node) -> Iterator[Proposal]:
    block = node.parent.parent if node.parent is not None else None
    is_end = block is not None and block.parent == ground.definition
    source = ground.source(node)
    ends = {"return_statement", "expression_switch_statement", "for_statement"}
    if is_end and (node.type in ends or source.startswith("panic(")):
        # A function that gives something has to end with a return.
        return
    kinds = {"if_statement": 0.18, "inc_statement": 0.2, "assignment_statement": 0.2}
    weight = kinds.get(node.type, 0.12)
    if node.type in {"short_var_declaration", "var_declaration"}:
        return
    if node.type == "return_statement":
        weight = 0.05
    yield Proposal(
        span=ground.lines_span(node),
        new_text="",
        operator="statement_deletion",
        weight=weight,
        what=f"`{split_lines(ground.source(node))[0]}` was taken out",
    )


def _reordered(ground: Ground, before: Node, node: Node) -> Iterator[Proposal]:
    left = before.child_by_field_name("left")
    one = {ground.source(n) for n in walk(before) if n.type == "identifier"}
    other = {ground.source(n) for n in walk(node) if n.type == "identifier"}
    made = {ground.source(n) for n in left.named_children} if left is not None else set()
    if before.type == "short_var_declaration" and made & other:
        # What is used cannot go before what declares it.
        return
    if one & other:
        span, new = ground.swapped(before, node)
        what = f"`{split_lines(ground.source(before))[0]}` was moved down"
        yield Proposal(
            span=span, new_text=new, operator="swapped_statements", weight=0.28, what=what
        )


def _shallower(ground: Ground, block: Node, node: Node) -> Iterator[Proposal]:
    """Propose to move the last statement of a block behind its closing brace."""
    outer = block.parent
    head = outer.parent if outer is not None else None
    if outer is None or head is None or outer.type != "block" or head == ground.definition:
        return
    if head.type not in {"for_statement", "if_statement"} or not ground.has_own_lines(head):
        return
    start = ground.lines_span(node).start
    end = ground.span(outer).end
    indent = ground.indent(head)
    moved = reindent(ground.lines_span(node).of(ground.text).rstrip("\r\n"), indent, language="go")
    new = with_newlines(f"{indent}}}\n{moved}", ground.newline)
    what = f"`{split_lines(ground.source(node))[0]}` was moved out of its block"
    weight = 0.6 if node.type == "return_statement" else 0.3
    span = Span(start=start, end=end)
    yield Proposal(span=span, new_text=new, operator="moved_out", weight=weight, what=what)


def _deeper(ground: Ground, before: Node, node: Node) -> Iterator[Proposal]:
    """Propose to move a statement into the block above it."""
    if node.type in {"return_statement", "short_var_declaration", "var_declaration"}:
        return
    closing = ground.span(before).end - 1
    line = ground.table.line_of(closing)
    if ground.table.text(line).strip() != "}":
        return
    start = ground.table.span(line).start
    end = ground.table.span(ground.last_line(node)).end
    indent = ground.indent(before)
    code = ground.lines_span(node).of(ground.text).rstrip("\r\n")
    moved = reindent(code, indent + ground.unit, language="go")
    new = with_newlines(f"{moved}\n{indent}}}", ground.newline)
    what = f"`{split_lines(ground.source(node))[0]}` was moved into the block above it"
    span = Span(start=start, end=end)
    at = ground.span(node).start
    yield Proposal(span=span, new_text=new, operator="moved_in", weight=0.28, what=what, at=at)
    if before.type == "if_statement" and before.child_by_field_name("alternative") is None:
        other = with_newlines(f"{indent}}} else {{\n{moved}\n{indent}}}", ground.newline)
        yield Proposal(
            span=span,
            new_text=other,
            operator="missing_else",
            weight=0.25,
            what="`else` was added",
            at=at,
        )


def _unchecked(ground: Ground, node: Node, after: Node | None) -> Iterator[Proposal]:
    """Propose to look at an error that nobody looks at."""
    left = node.child_by_field_name("left")
    if node.type not in {"short_var_declaration", "assignment_statement"} or left is None:
        return
    targets = [ground.source(child) for child in left.named_children]
    is_checked = after is not None and "err" in ground.source(after).split("{")[0]
    zeros = _zero_values(ground)
    if "err" not in targets or is_checked or zeros is None or not zeros.endswith("nil"):
        return
    indent = ground.indent(node)
    result = zeros.removesuffix("nil") + "err"
    lines = (
        "",
        f"{indent}if err != nil {{",
        f"{indent}{ground.unit}return {result}",
        f"{indent}}}",
    )
    place = ground.table.content(ground.last_line(node)).end
    what = f"`if err != nil {{ return {result} }}` was added"
    yield ground.insert(place, ground.newline.join(lines), "missing_guard", 0.45, what)


def _missing_jump(ground: Ground, block: Node, last: Node) -> Iterator[Proposal]:
    head = block.parent.parent if block.parent is not None else None
    if head is None or head.type != "if_statement" or last.type in _JUMPS:
        return
    if ground.inside(block, "for_statement") is None:
        return
    place = ground.table.content(ground.last_line(last)).end
    for word, weight in (("break", 0.25), ("continue", 0.15)):
        new = f"{ground.newline}{ground.indent(last)}{word}"
        yield ground.insert(place, new, "missing_jump", weight)


def _branches(ground: Ground, node: Node) -> Iterator[Proposal]:
    body = node.child_by_field_name("consequence")
    other = node.child_by_field_name("alternative")
    if body is None:
        return
    if other is not None and other.type == "block":
        span, new = ground.swapped(body, other)
        what = "the branches were swapped"
        yield Proposal(span=span, new_text=new, operator="swapped_branches", weight=0.4, what=what)
    if other is None and node.child_by_field_name("initializer") is None:
        word = Span(start=ground.span(node).start, end=ground.span(node).start + len("if"))
        yield Proposal(span=word, new_text="for", operator="loop_or_branch", weight=0.15)
