"""Mutation operators on Python statements: returns, guards, jumps, branches, depth and order."""

from __future__ import annotations

from collections.abc import Iterator

from ducktypist.domain import Span
from ducktypist.syntax.edits import reindent
from ducktypist.syntax.lines import split_lines, with_newlines
from ducktypist.syntax.mutations.ground import Ground, Proposal, first_of
from ducktypist.syntax.parse import Node, walk

_SIMPLE = frozenset({"expression_statement", "return_statement", "raise_statement"})
_JUMPS = frozenset({"return_statement", "raise_statement", "break_statement", "continue_statement"})
_LOOPS = ("for_statement", "while_statement")
_HEADS = frozenset({"if_statement", "for_statement", "while_statement", "with_statement"})
_PROCEDURES = frozenset(
    {"append", "extend", "add", "sort", "reverse", "insert", "print", "update", "clear", "write"}
)
_ERRORS = ("ValueError", "TypeError", "KeyError", "IndexError")
_MAX_GUARDED = 2
_RECEIVERS = frozenset({"self", "cls"})


def statements(ground: Ground) -> Iterator[Proposal]:
    """Yield the changes of whole statements."""
    body = ground.definition.child_by_field_name("body")
    if body is None:
        return
    yield from _guards(ground, body)
    yield from _end(ground, body)
    for node in ground.nodes:
        if node.type == "block":
            yield from _of_block(ground, node)
        elif node.type in {"break_statement", "continue_statement", "pass_statement"}:
            yield from _jump(ground, node)
        elif node.type in {"if_statement", "elif_clause", "while_statement"}:
            yield from _branches(ground, node)
        elif node.type == "expression_statement":
            yield from _returned(ground, node)
        elif node.type == "raise_statement":
            yield from _raised(ground, node)


def _guards(ground: Ground, body: Node) -> Iterator[Proposal]:
    """Propose an early return at the start of the function for an empty or missing argument."""
    first = next((node for node in _own(ground, body)), None)
    if first is None or not ground.has_own_lines(first):
        return
    parameters = [name for name in ground.function.parameters if name not in _RECEIVERS]
    values = _likely_values(ground)
    for number, name in enumerate(parameters[:_MAX_GUARDED]):
        for rank, value in enumerate(values[:3]):
            yield _guard(ground, first, f"not {name}", value, 0.3 - 0.06 * (rank + number))
    if parameters:
        name = parameters[0]
        yield _guard(ground, first, f"{name} is None", "None", 0.08)
        yield _guard(ground, first, f"len({name}) <= 1", name, 0.12)
        yield _guard(ground, first, f"{name} <= 1", name, 0.08)
        yield _guard(ground, first, f"{name} < 0", values[0], 0.08)


def _guard(ground: Ground, first: Node, condition: str, value: str, weight: float) -> Proposal:
    indent = ground.indent(first)
    lines = (f"{indent}if {condition}:", f"{indent}{ground.unit}return {value}", "")
    return ground.insert(
        ground.span(first).start - len(indent),
        ground.newline.join(lines),
        "missing_guard",
        max(0.02, weight),
        f"`if {condition}: return {value}` was added",
    )


def _likely_values(ground: Ground) -> list[str]:
    """Return what an empty argument may give, by what the function returns otherwise."""
    found: list[str] = []
    kinds = {value.type for value in _returned_values(ground)}
    sources = {ground.source(value) for value in _returned_values(ground)}
    if kinds & {"true", "false", "comparison_operator", "boolean_operator", "not_operator"}:
        found += ["True", "False"]
    if kinds & {"string", "concatenated_string"} or any(".join(" in text for text in sources):
        found.append('""')
    if kinds & {"list", "list_comprehension"} or _is_first_set_to(ground, sources, "list"):
        found.append("[]")
    if kinds & {"dictionary"} or _is_first_set_to(ground, sources, "dictionary"):
        found.append("{}")
    if kinds & {"integer", "binary_operator"} or _is_first_set_to(ground, sources, "integer"):
        found.append("0")
    found += [value for value in ("None", "0", "[]", '""', "False") if value not in found]
    return found


def _is_first_set_to(ground: Ground, names: set[str], kind: str) -> bool:
    for node in ground.nodes:
        if node.type == "assignment" and ground.source(node.child_by_field_name("left")) in names:
            right = node.child_by_field_name("right")
            return right is not None and right.type == kind
    return False


def _end(ground: Ground, body: Node) -> Iterator[Proposal]:
    """Propose a return at the end of a function that has none there."""
    own = list(_own(ground, body))
    if not own or own[-1].type in _JUMPS or not ground.has_own_lines(own[0]):
        return
    last, indent = own[-1], ground.indent(own[0])
    if ground.function.name == "__init__" or any(n.type == "yield" for n in ground.nodes):
        return
    returns = _returned_values(ground)
    values: list[str] = []
    if any(value.type in {"true", "false"} for value in returns):
        values += ["False", "True"]
    names = _assigned(ground)
    values += [name for name in names if name not in values][:3]
    if returns and last.type != "expression_statement":
        values += ["None", "0", "[]"][: 1 if names else 3]
    elif returns:
        values = values[:2]
    weight = 0.35 if returns else 0.55
    place = ground.table.content(ground.last_line(last)).end
    for number, value in enumerate(values):
        new = f"{ground.newline}{indent}return {value}"
        what = f"`return {value}` was added at the end"
        yield ground.insert(place, new, "missing_return", weight - 0.08 * number, what)


def _assigned(ground: Ground) -> list[str]:
    """Return the names that are set outside of all blocks, where results are added up."""
    found: list[str] = []
    for node in ground.nodes:
        if node.type == "assignment":
            left = node.child_by_field_name("left")
            depth = sum(one.type == "block" for one in ground.ancestors(node))
            if left is not None and left.type == "identifier" and depth <= 1:
                name = ground.source(left)
                if name not in found:
                    found.append(name)
    return found


def _of_block(ground: Ground, block: Node) -> Iterator[Proposal]:
    own = [node for node in _own(ground, block) if ground.has_own_lines(node)]
    is_alone = len(list(_own(ground, block))) == 1
    for number, node in enumerate(own):
        before = own[number - 1] if number else None
        after = own[number + 1] if number + 1 < len(own) else None
        yield from _deleted(ground, node, is_alone=is_alone)
        if before is not None:
            yield from _deeper(ground, before, node)
            yield from _reordered(ground, before, node)
        if after is None and not is_alone:
            yield from _shallower(ground, block, node)
    if own:
        yield from _missing_jump(ground, block, own[-1])


def _deleted(ground: Ground, node: Node, *, is_alone: bool) -> Iterator[Proposal]:
    kinds = {"expression_statement": 0.2, "if_statement": 0.15, "return_statement": 0.1}
    weight = kinds.get(node.type, 0.05)
    if node.type == "function_definition":
        return
    what = f"`{split_lines(ground.source(node))[0]}` was taken out"
    if is_alone:
        yield ground.replace(node, "pass", "statement_deletion", weight * 0.5, what)
        return
    yield Proposal(
        span=ground.lines_span(node),
        new_text="",
        operator="statement_deletion",
        weight=weight,
        what=what,
    )


def _shallower(ground: Ground, block: Node, node: Node) -> Iterator[Proposal]:
    """Propose to move the last statement of a block behind it."""
    head = block.parent
    if head is None or head.type == "function_definition":
        return
    outer = ground.indent(head)
    weight = 0.6 if node.type == "return_statement" else 0.25
    yield _moved(ground, node, outer, weight, "moved_out")


def _deeper(ground: Ground, before: Node, node: Node) -> Iterator[Proposal]:
    """Propose to move a statement into the block that stands above it."""
    if before.type not in _HEADS:
        return
    ends = [c for c in walk(before) if c.type == "block" and c.end_byte == before.end_byte]
    if not ends or ground.first_line(ends[0]) == ground.first_line(before):
        return
    indent = ground.indent(ends[0])
    weight = 0.3 if node.type != "return_statement" else 0.15
    yield _moved(ground, node, indent, weight, "moved_in")
    if before.type == "if_statement" and not any(c.type == "else_clause" for c in before.children):
        own = ground.indent(node)
        span = ground.lines_span(node)
        moved = reindent(span.of(ground.text).rstrip("\r\n"), own + ground.unit, language="python")
        new = with_newlines(f"{own}else:\n{moved}\n", ground.newline)
        yield Proposal(
            span=span,
            new_text=new,
            operator="missing_else",
            weight=0.25,
            what="`else:` was added",
        )
    if before.type == node.type == "if_statement":
        start = ground.span(node).start
        word = Span(start=start, end=start + 2)
        yield Proposal(span=word, new_text="elif", operator="missing_else", weight=0.35)


def _moved(ground: Ground, node: Node, indent: str, weight: float, operator: str) -> Proposal:
    span = ground.lines_span(node)
    lines = span.of(ground.text)
    end = lines[len(lines.rstrip("\r\n")) :]
    new = with_newlines(
        reindent(lines.rstrip("\r\n"), indent, language="python", step=ground.unit), ground.newline
    )
    word = "out of its block" if operator == "moved_out" else "into the block above it"
    what = f"`{split_lines(ground.source(node))[0]}` was moved {word}"
    return Proposal(span=span, new_text=new + end, operator=operator, weight=weight, what=what)


def _reordered(ground: Ground, before: Node, node: Node) -> Iterator[Proposal]:
    """Propose the other order of two neighbours that share a name."""
    if before.type != "expression_statement" or node.type not in _SIMPLE | _HEADS:
        return
    value = first_of(before)
    if value is not None and value.type == "string":
        return
    one = {ground.source(n) for n in walk(before) if n.type == "identifier"}
    other = {ground.source(n) for n in walk(node) if n.type == "identifier"}
    if one & other and ground.indent(before) == ground.indent(node):
        span, new = ground.swapped(before, node)
        yield Proposal(
            span=span,
            new_text=new,
            operator="swapped_statements",
            weight=0.3 if node.type in _SIMPLE else 0.12,
            what=f"`{split_lines(ground.source(before))[0]}` was moved down",
        )


def _missing_jump(ground: Ground, block: Node, last: Node) -> Iterator[Proposal]:
    """Propose a jump at the end of a branch inside of a loop, or of the loop's body."""
    head = block.parent
    if head is None or last.type in _JUMPS or head.type not in {"if_statement", "elif_clause"}:
        return
    if ground.inside(block, *_LOOPS) is None:
        return
    place = ground.table.content(ground.last_line(last)).end
    indent = ground.indent(last)
    for word, weight in (("break", 0.25), ("continue", 0.15)):
        new = f"{ground.newline}{indent}{word}"
        yield ground.insert(place, new, "missing_jump", weight)


def _jump(ground: Ground, node: Node) -> Iterator[Proposal]:
    others = {
        "break_statement": (("continue", 0.6), ("pass", 0.2)),
        "continue_statement": (("break", 0.6), ("pass", 0.2)),
        "pass_statement": (("continue", 0.2), ("break", 0.2), ("return", 0.05)),
    }
    for new, weight in others[node.type]:
        yield ground.replace(node, new, "jump", weight)


def _branches(ground: Ground, node: Node) -> Iterator[Proposal]:
    body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
    others = node.children_by_field_name("alternative")
    if node.type == "while_statement":
        word = Span(start=ground.span(node).start, end=ground.span(node).start + len("while"))
        yield Proposal(span=word, new_text="if", operator="loop_or_branch", weight=0.2)
        return
    if node.type == "elif_clause":
        word = Span(start=ground.span(node).start, end=ground.span(node).start + len("elif"))
        yield Proposal(span=word, new_text="if", operator="missing_else", weight=0.3)
        return
    if body is None:
        return
    if not others:
        word = Span(start=ground.span(node).start, end=ground.span(node).start + len("if"))
        yield Proposal(span=word, new_text="while", operator="loop_or_branch", weight=0.2)
        if ground.first_line(body) != ground.first_line(node):
            yield _unwrapped(ground, node, body)
        return
    other = others[0].child_by_field_name("body") or others[0].child_by_field_name("consequence")
    if other is not None and ground.indent(other) == ground.indent(body):
        span, new = ground.swapped(body, other)
        weight = 0.4 if others[0].type == "else_clause" else 0.2
        what = "the branches were swapped"
        yield Proposal(
            span=span, new_text=new, operator="swapped_branches", weight=weight, what=what
        )


def _unwrapped(ground: Ground, node: Node, body: Node) -> Proposal:
    head = ground.table.span(ground.first_line(node)).start
    first = ground.table.span(ground.first_line(body)).start
    end = ground.lines_span(node).end
    lines = ground.text[first:end]
    tail = lines[len(lines.rstrip("\r\n")) :]
    new = reindent(lines.rstrip("\r\n"), ground.indent(node), language="python", step=ground.unit)
    return Proposal(
        span=Span(start=head, end=end),
        new_text=with_newlines(new, ground.newline) + tail,
        operator="dropped_condition",
        weight=0.15,
        what=f"`{split_lines(ground.source(node))[0]}` was taken off",
    )


def _returned(ground: Ground, node: Node) -> Iterator[Proposal]:
    """Propose to return what an expression statement throws away."""
    value = first_of(node)
    if value is None or value.type in {"yield", "await", "augmented_assignment"}:
        return
    if value.type == "string" and ground.source(value)[:1] not in {"f", "F"}:
        return
    if value.type == "assignment":
        right = value.child_by_field_name("right")
        left = value.child_by_field_name("left")
        block = node.parent
        if right is not None and left is not None and left.type == "identifier":
            is_last = block is not None and block.named_children[-1] == node
            weight = 0.2 if is_last else 0.05
            yield ground.replace(node, f"return {ground.source(right)}", "missing_return", weight)
        return
    name = ground.source(value.child_by_field_name("function")).rpartition(".")[2]
    weight = 0.08 if name in _PROCEDURES else 0.75 if name == ground.function.name else 0.5
    start = ground.span(node).start
    yield ground.insert(start, "return ", "missing_return", weight)


def _raised(ground: Ground, node: Node) -> Iterator[Proposal]:
    value = first_of(node)
    named = value.child_by_field_name("function") if value and value.type == "call" else value
    if named is not None and named.type == "identifier":
        for number, other in enumerate(_ERRORS):
            yield ground.replace(named, other, "wrong_error", 0.25 - 0.05 * number)


def _returned_values(ground: Ground) -> list[Node]:
    """Return the values of the function's own returns."""
    return [
        value
        for node in ground.nodes
        if node.type == "return_statement"
        and ground.inside(node, "function_definition", "lambda") is None
        and (value := first_of(node)) is not None
    ]


def _own(ground: Ground, block: Node) -> Iterator[Node]:
    """Yield the statements of a block, without comments and docstring."""
    for node in block.named_children:
        is_inside = ground.span(node).start >= ground.function.body.start
        if node.type != "comment" and is_inside:
            yield node
