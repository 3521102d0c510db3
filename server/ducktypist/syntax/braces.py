"""Functions, classes and imports of languages with braces, walked by ``brace_languages``' table.

No edits and no checks. Go and Bash have walkers of their own. Error nodes are walked like all
others, so that what is being typed does not hide what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax.bodies import above, body_between, body_indent, whole_lines
from ducktypist.syntax.brace_languages import BRACE_LANGUAGES, BraceLanguage
from ducktypist.syntax.closing import Closed, closed
from ducktypist.syntax.declarators import name_of, parameters, plain_name
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Tree
from ducktypist.syntax.stubs import is_stub

_IDENTIFIER = re.compile(r"[#~]?[\w$-]+")
_OPERATOR = re.compile(r"\boperator\b\s*(?:[^\w\s(]+|\(\s*\)|[\w:<>*&\s]+).*", re.DOTALL)
_TYPE_ARGUMENTS = re.compile(r"<[^<>]*>")
_CAST = re.compile(r"(operator [\w:<>*& ]+)\(.*", re.DOTALL)
_LAST_PART = {"impl_item", "variable_declarator"}
_UNHELPFUL = {"exports", "module", "prototype", "this", "self"}
"""Parts of ``module.exports.f = function …`` that say nothing about ``f``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """A node and what it is in."""

    node: tree_sitter.Node
    qualifier: tuple[str, ...]
    """The parts of the dotted name of what is around it."""
    class_name: str | None
    """The class that it is a member of."""
    is_local: bool
    """Whether it is inside of a function."""


def functions(tree: Tree, lines: LineTable) -> list[FunctionRegion]:
    """Return every function that has a name and a block for a body, outer ones first."""
    scan = closed(tree) or Closed.of(tree)
    table = BRACE_LANGUAGES[tree.language]
    found = [
        region
        for scoped in scopes(scan.tree)
        if scoped.node.type in table.functions or scoped.node.type in table.unnamed
        if (region := _region(scan, lines, table, scoped)) is not None
    ]
    return [scan.without(region) for region in found]


def imports(tree: Tree) -> list[Span]:
    """Return the statements that import or include."""
    wanted = BRACE_LANGUAGES[tree.language].imports
    spans = [tree.span(node) for node in tree.nodes(wanted)]
    return [Span(start=s.start, end=s.start + len(s.of(tree.text).rstrip())) for s in spans]


def scopes(tree: Tree, also: frozenset[str] = frozenset()) -> Iterator[Scoped]:
    """Yield functions, what qualifies names, and ``also`` other nodes; with what they are in."""
    table = BRACE_LANGUAGES[tree.language]
    wanted = table.functions | table.unnamed | frozenset(table.scopes) | also
    # What is around a node: where it ends, the qualifier in it, the class, whether a function.
    around: list[tuple[int, tuple[str, ...], str | None, bool]] = []
    for node in tree.nodes(wanted):
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        _, qualifier, class_name, is_local = around[-1] if around else (0, (), None, False)
        yield Scoped(node=node, qualifier=qualifier, class_name=class_name, is_local=is_local)
        is_function = node.type in table.functions or node.type in table.unnamed
        if not is_function and node.type not in table.scopes:
            continue
        parts = own_name(tree, table, node)
        if not is_function and not parts:
            around.append((node.end_byte, qualifier, class_name, is_local))
            continue
        qualifier = (*qualifier, *parts)
        is_class = node.type in table.members
        around.append(
            (
                node.end_byte,
                qualifier,
                ".".join(qualifier) if is_class else None,
                is_local or is_function,
            )
        )


def own_name(tree: Tree, table: BraceLanguage, node: tree_sitter.Node) -> tuple[str, ...]:
    """Return what ``node`` adds to the qualified names of what is in it; empty for no name."""
    if node.type in table.functions:
        named = name_of(node)
        return _parts(tree.text_of(named)) if named is not None else ()
    name: tree_sitter.Node | None = None
    if field := table.scopes.get(node.type):
        name = node.child_by_field_name(field)
    if name is None:
        name = _bound_name(table, node)
    if name is None:
        return ()
    parts = _parts(tree.text_of(name))
    return parts[-1:] if node.type in _LAST_PART else parts


def type_name(tree: Tree, node: tree_sitter.Node) -> tuple[str, ...]:
    """Return the name of a class or type, also of one that qualifies nothing."""
    own = own_name(tree, BRACE_LANGUAGES[tree.language], node)
    name = node.child_by_field_name("name")
    return own or ((tree.text_of(name),) if name is not None else ())


def outermost(table: BraceLanguage, node: tree_sitter.Node) -> tree_sitter.Node:
    """Return ``node`` with what wraps it alone: an export, a template, its declaration."""
    parent = node.parent
    is_value = node.type in table.unnamed or node.type in {"class", "object"}
    if is_value and parent is not None and parent.type in table.values:
        node, parent = parent, parent.parent
    while parent is not None and parent.type in table.outer:
        n_others = sum(child.type == node.type for child in parent.named_children if child != node)
        if n_others:
            break
        node, parent = parent, parent.parent
    return node


def _region(
    scan: Closed, lines: LineTable, table: BraceLanguage, scoped: Scoped
) -> FunctionRegion | None:
    tree, node = scan.tree, scoped.node
    own = own_name(tree, table, node)
    body_node = node.child_by_field_name("body")
    opener = body_node.children[0] if body_node is not None and body_node.children else None
    if not own or body_node is None or opener is None or opener.type != "{":
        return None
    if body_node.type not in table.bodies or opener.is_missing:
        return None
    name_node = name_of(node) if node.type in table.functions else _bound_name(table, node)
    if name_node is None:
        return None
    whole = outermost(table, node)
    begin, docstring = above(tree, lines, whole, between=table.above)
    start, end = _signature_start(tree, table, whole), tree.offset(whole.end_byte)
    last, open_end = body_node.children[-1], tree.offset(opener.end_byte)
    close = tree.offset(last.start_byte)
    is_closed = last.type == "}" and not last.is_missing
    before = max(open_end, close if is_closed else tree.offset(body_node.end_byte))
    body = body_between(tree.text, lines, after=open_end, before=before)
    class_name = scoped.class_name
    if node.type == "function_definition" and len(own) > 1:
        class_name = ".".join((*scoped.qualifier, *own[:-1]))
    statements = [child for child in body_node.named_children if "comment" not in child.type]
    comments = [child for child in body_node.named_children if "comment" in child.type]
    # A constructor that initialises its fields may well have nothing else to do.
    is_done = not comments and any(c.type == "field_initializer_list" for c in node.children)
    is_empty = is_stub(map(tree.text_of, statements), map(tree.text_of, comments), table.stub)
    return FunctionRegion(
        language=tree.language,
        name=own[-1],
        qualified_name=".".join((*scoped.qualifier, *own)),
        span=whole_lines(tree.text, lines, begin, max(end, body.end)),
        name_span=tree.span(plain_name(name_node)),
        signature=Span(start=start, end=max(start, open_end)),
        docstring=docstring,
        body=body,
        indent=body_indent(tree.text, lines, body, opener=start, default_step=table.step),
        is_empty=is_empty and not is_done,
        class_name=class_name,
        parameters=tuple(tree.text_of(name) for name in parameters(node)),
        has_closer=is_closed and close not in scan.added,
    )


def _signature_start(tree: Tree, table: BraceLanguage, node: tree_sitter.Node) -> int:
    """Return where a declaration begins without its annotations."""
    stack = list(reversed(node.children))
    while stack and stack[-1].type in table.before | {"modifiers"}:
        current = stack.pop()
        if current.type == "modifiers":
            stack.extend(reversed(current.children))
    return tree.offset(stack[-1].start_byte if stack else node.start_byte)


def _bound_name(table: BraceLanguage, node: tree_sitter.Node) -> tree_sitter.Node | None:
    parent = node.parent
    if parent is None or parent.type not in table.values:
        return None
    name = parent.child_by_field_name(table.values[parent.type])
    if name is None or name == node or name.is_missing:
        return None
    if name.type == "member_expression":
        return name
    is_pattern = name.type.endswith("_pattern") or name.type == "computed_property_name"
    return None if is_pattern or name.type == "subscript_expression" else name


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of a name as it stands in source, without type arguments and quotes."""
    operator = ""
    if match := _OPERATOR.search(name):
        name, operator = name[: match.start()], " ".join(match.group().split())
        operator = _CAST.sub(r"\1", operator)
    while (shorter := _TYPE_ARGUMENTS.sub("", name)) != name:
        name = shorter
    parts = [part.strip(" \t\r\n\"'`&*") for part in re.split(r"::|\.", name)]
    if operator:
        parts.append(operator)
    elif not _IDENTIFIER.fullmatch(parts[-1]):
        return ()
    return tuple(
        part
        for part in parts
        if part and (part == operator or _IDENTIFIER.fullmatch(part))
        if part not in _UNHELPFUL
    )
