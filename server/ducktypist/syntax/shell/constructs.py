"""What stands in a shell text besides commands: expansions, redirections, tests, keywords.

Which of them are worth a word to a person, and what they mean, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ducktypist.domain import Span
from ducktypist.syntax.parse import Node
from ducktypist.syntax.shell.commands import commands, script_of
from ducktypist.syntax.shell.conditions import bracket_tests, command_tests
from ducktypist.syntax.shell.expansions import read_expansion
from ducktypist.syntax.shell.model import Construct, ConstructKind
from ducktypist.syntax.shell.moving import moved_construct
from ducktypist.syntax.shell.redirections import TYPES, redirection_of
from ducktypist.syntax.shell.tree import ShellTree, lineage, shell_tree
from ducktypist.syntax.shell.words import one_line

_KEYWORDS = {
    "case_statement": "case",
    "c_style_for_statement": "for ((",
    "compound_statement": "{",
    "for_statement": "for",
    "subshell": "(",
    "while_statement": "while",
}
_OPERATORS = frozenset({"&&", "||", "|&", "&", "!"})
_OPERATOR_PARENTS = frozenset(
    {"do_group", "list", "negated_command", "pipeline", "program", "compound_statement", "subshell"}
)
_BRACES = re.compile(
    r"(?P<before>[\w./-]*)\{(?:(?P<first>-?\d+|[A-Za-z])\.\.(?P<last>-?\d+|[A-Za-z])"
    r"(?:\.\.(?P<step>-?\d+))?|(?P<list>[\w./,-]*,[\w./,-]*))\}(?P<after>[\w./-]*)"
)
_ARITHMETIC = re.compile(r"^\$(?:\(\(|\[)|(?:\)\)|\])$")
_MAX_DEPTH = 3


def constructs(text: str, span: Span | None = None) -> tuple[Construct, ...]:
    """Return the constructs of ``text`` that reach into ``span``, in source order.

    Those inside single-quoted shell texts (``sh -c``, ``trap``) are among them. Never raises.

    Args:
        text: A whole shell text.
        span: The part of interest; all of the text by default.
    """
    part = span if span is not None else Span(start=0, end=len(text))
    found = list(_constructs(text, part, depth=0))
    found.sort(key=lambda construct: (construct.span.start, -construct.span.end))
    return tuple(found)


def _constructs(text: str, part: Span, *, depth: int) -> Iterator[Construct]:
    shell = shell_tree(text, part)
    if shell is None:
        return
    line = lineage(shell, part)
    for node in line.nodes:
        parent = line.parent(node)
        yield from _of_node(shell, node, parent_type=parent.type if parent is not None else "")
    for command in commands(text, part):
        if command.via.endswith(" -c") or command.via in {"trap", "eval"}:
            # The recursion below reads these texts as a whole.
            continue
        yield from command_tests(text, command)
        script = script_of(command)
        if script is not None and depth < _MAX_DEPTH:
            inner, offset = script
            whole = Span(start=0, end=len(inner))
            for construct in _constructs(inner, whole, depth=depth + 1):
                yield moved_construct(construct, offset)


def _of_node(shell: ShellTree, node: Node, *, parent_type: str) -> Iterator[Construct]:
    kind = node.type
    if kind in {"expansion", "simple_expansion"}:
        expansion = read_expansion(shell.text_of(node))
        if expansion is not None:
            yield _construct(
                shell,
                node,
                kind=ConstructKind.EXPANSION,
                mark=expansion.mark,
                name=expansion.name,
                arguments=expansion.arguments,
            )
    elif kind in TYPES:
        redirection = redirection_of(shell, node)
        if redirection is not None:
            yield Construct(
                kind=ConstructKind.REDIRECTION,
                mark=redirection.operator,
                subject=one_line(redirection.span.of(shell.text)),
                span=redirection.span,
                name=redirection.fd,
                redirection=redirection,
            )
    elif kind == "test_command":
        yield from bracket_tests(shell, node)
    elif kind in {"command_substitution", "process_substitution"} and node.children:
        mark = shell.text_of(node.children[0])
        inner = shell.text_of(node)[len(mark) : -1].strip()
        yield _construct(
            shell, node, kind=ConstructKind.SUBSTITUTION, mark=mark, arguments=(one_line(inner),)
        )
    elif kind in {"arithmetic_expansion", "variable_assignment", "array"}:
        yield from _value(shell, node)
    elif kind in {"ansi_c_string", "brace_expression", "concatenation"}:
        yield from _quoting(shell, node)
    else:
        yield from _keyword(shell, node, parent_type=parent_type)


def _value(shell: ShellTree, node: Node) -> Iterator[Construct]:
    if node.type == "arithmetic_expansion":
        inner = _ARITHMETIC.sub("", shell.text_of(node)).strip()
        yield _construct(shell, node, kind=ConstructKind.ARITHMETIC, mark="$((", arguments=(inner,))
        return
    if node.type != "variable_assignment":
        return
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None:
        return
    is_appended = any(child.type == "+=" for child in node.children)
    shown = shell.text_of(name)
    arguments = (shell.text_of(value),) if value is not None else ("",)
    if value is not None and value.type == "array":
        mark = "+=(" if is_appended else "=("
    elif name.type == "subscript":
        mark = "[]="
    elif is_appended:
        mark = "+="
    else:
        return
    yield _construct(
        shell, node, kind=ConstructKind.ARRAY, mark=mark, name=shown, arguments=arguments
    )


def _quoting(shell: ShellTree, node: Node) -> Iterator[Construct]:
    text = shell.text_of(node)
    if node.type == "ansi_c_string":
        yield _construct(shell, node, kind=ConstructKind.QUOTING, mark="$'")
        return
    found = _BRACES.fullmatch(text)
    if found is None:
        return
    if found["first"]:
        arguments = tuple(found[group] or "" for group in ("first", "last", "step"))
        yield _construct(shell, node, kind=ConstructKind.QUOTING, mark="{..}", arguments=arguments)
    else:
        words = [found["before"] + word + found["after"] for word in found["list"].split(",")]
        yield _construct(
            shell, node, kind=ConstructKind.QUOTING, mark="{,}", arguments=tuple(words)
        )


def _keyword(shell: ShellTree, node: Node, *, parent_type: str) -> Iterator[Construct]:
    kind = node.type
    if kind in _KEYWORDS:
        first = node.children[0].type if node.children else ""
        if kind == "compound_statement" and first == "((":
            inner = shell.text_of(node)[2:-2].strip()
            yield _construct(
                shell, node, kind=ConstructKind.ARITHMETIC, mark="((", arguments=(inner,)
            )
            return
        if kind == "compound_statement" and parent_type == "function_definition":
            return
        mark = first if kind in {"for_statement", "while_statement"} else _KEYWORDS[kind]
        yield _head(shell, node, mark)
    elif kind == "case_item":
        fallthrough = node.child_by_field_name("fallthrough")
        if fallthrough is not None:
            yield _construct(shell, fallthrough, kind=ConstructKind.KEYWORD, mark=fallthrough.type)
    elif kind in _OPERATORS and parent_type in _OPERATOR_PARENTS:
        yield _construct(shell, node, kind=ConstructKind.OPERATOR, mark=kind)


def _head(shell: ShellTree, node: Node, mark: str) -> Construct:
    """Return a construct that covers the keyword, not all that belongs to it."""
    first = shell.span(node.children[0])
    variable = node.child_by_field_name("variable") or node.child_by_field_name("value")
    values = [
        shell.text_of(child)
        for index, child in enumerate(node.children)
        if node.field_name_for_child(index) == "value"
    ]
    condition = node.child_by_field_name("condition")
    if condition is not None:
        values = [shell.text_of(condition)]
    return Construct(
        kind=ConstructKind.KEYWORD,
        mark=mark,
        subject=mark,
        span=first,
        name=one_line(shell.text_of(variable)) if variable is not None else "",
        arguments=tuple(map(one_line, values)),
    )


def _construct(
    shell: ShellTree,
    node: Node,
    *,
    kind: ConstructKind,
    mark: str,
    name: str = "",
    arguments: tuple[str, ...] = (),
) -> Construct:
    span = shell.span(node)
    return Construct(
        kind=kind,
        mark=mark,
        subject=one_line(span.of(shell.text)),
        span=span,
        name=name,
        arguments=arguments,
    )
