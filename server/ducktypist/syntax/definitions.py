"""What a file defines that others can use: functions, classes, types and its own constants.

For looking names up across files. What is local to a function is not among it, and what a name
refers to is not resolved; that takes more than one text.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
from collections.abc import Iterator

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax import braces, python
from ducktypist.syntax.bodies import above, whole_lines
from ducktypist.syntax.brace_languages import BRACE_LANGUAGES, BraceLanguage
from ducktypist.syntax.closing import whole
from ducktypist.syntax.declarators import function_declarator, name_of
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.model import Definition, DefinitionKind, FunctionRegion
from ducktypist.syntax.parse import Tree, parse, walk
from ducktypist.syntax.regions import functions

MAX_HEAD_LINES = 6
"""What has no body is its own head up to this long; else its first line is."""

_GO_DECLARATIONS = {"type_declaration", "const_declaration", "var_declaration"}
_GO_TYPES = {"type_spec", "type_alias"}
_GO_VALUES = {"const_spec", "var_spec"}
_DECLARATORS = {"declaration", "field_declaration", "type_definition"}
_GO_CLASSES = {"struct_type", "interface_type"}


def definitions(text: str, language: str) -> tuple[Definition, ...]:
    """Return what ``text`` defines at its top level and in its classes, in source order.

    Nothing inside of functions. Empty without a grammar; broken code gives fewer.
    """
    return _definitions(text, language)


@functools.lru_cache(maxsize=64)
def _definitions(text: str, language: str) -> tuple[Definition, ...]:
    tree = parse(text, language)
    if tree is None:
        return ()
    lines = LineTable(text)
    found: list[Definition] = []
    end = 0
    for region in functions(text, language):
        if region.signature.start >= end:
            end = region.span.end
            found.append(_of_function(text, region))
    starts, ends = [one.span.start for one in found], [one.span.end for one in found]
    others = {"python": _python, "go": _go, "bash": _bash}.get(tree.language, _braces)
    end = len(text)
    for one in others(tree if tree.language == "python" else whole(tree), lines):
        before = bisect.bisect_left(starts, one.head.end) - 1
        if before < 0 or ends[before] < one.head.end:
            span = Span(start=min(one.span.start, end), end=min(one.span.end, end))
            head = Span(start=min(one.head.start, end), end=min(one.head.end, end))
            found.append(dataclasses.replace(one, span=span, head=head))
    return tuple(sorted(found, key=lambda one: (one.span.start, -one.span.end)))


def _of_function(text: str, function: FunctionRegion) -> Definition:
    start, end = function.span.start, function.signature.end
    if function.language == "python":
        end = function.docstring.end if function.docstring else end
    else:
        end = start + len(text[start:end].rstrip().removesuffix("{").rstrip())
    return Definition(
        kind=DefinitionKind.METHOD if function.class_name else DefinitionKind.FUNCTION,
        name=function.name,
        qualified_name=function.qualified_name,
        span=function.span,
        head=Span(start=start, end=max(start, end)),
    )


def _python(tree: Tree, lines: LineTable) -> Iterator[Definition]:
    for node, qualifier in python.classes(tree):
        colon = next((child for child in node.children if child.type == ":"), None)
        body = node.child_by_field_name("body")
        if colon is None or body is None:
            continue
        first = next((child for child in body.named_children if child.type != "comment"), None)
        documented = first is not None and python.is_docstring(tree, first)
        head_end = tree.offset((first if first and documented else colon).end_byte)
        outer = node.parent if node.parent and node.parent.type == "decorated_definition" else node
        own = tree.span(outer)
        span = whole_lines(tree.text, lines, own.start, own.end)
        yield Definition(
            kind=DefinitionKind.CLASS,
            name=qualifier[-1],
            qualified_name=".".join(qualifier),
            span=span,
            head=Span(start=span.start, end=max(span.start, head_end)),
        )
    for statement, name in python.module_names(tree):
        is_type = statement.type == "type_alias_statement"
        kind = DefinitionKind.TYPE if is_type else DefinitionKind.CONSTANT
        yield declared(tree, lines, statement, kind=kind, name=tree.text_of(name))


def _go(tree: Tree, lines: LineTable) -> Iterator[Definition]:
    for declaration in tree.root.children:
        if declaration.type not in _GO_DECLARATIONS:
            continue
        specs = [node for node in walk(declaration) if node.type in _GO_TYPES | _GO_VALUES]
        is_alone = len(specs) == 1 and declaration.named_children[0] == specs[0]
        for spec in specs:
            shape = spec.child_by_field_name("type")
            kind = DefinitionKind.CONSTANT
            if spec.type in _GO_TYPES:
                is_class = shape is not None and shape.type in _GO_CLASSES
                kind = DefinitionKind.CLASS if is_class else DefinitionKind.TYPE
            outermost = declaration if is_alone else spec
            for name in spec.children_by_field_name("name"):
                if name.is_named:
                    yield declared(tree, lines, outermost, kind=kind, name=tree.text_of(name))


def _bash(tree: Tree, lines: LineTable) -> Iterator[Definition]:
    for statement in tree.root.children:
        for node in (statement, *statement.named_children):
            name = node.child_by_field_name("name")
            if node.type == "variable_assignment" and name is not None:
                kind = DefinitionKind.CONSTANT
                yield declared(tree, lines, statement, kind=kind, name=tree.text_of(name))


def _braces(tree: Tree, lines: LineTable) -> Iterator[Definition]:
    table = BRACE_LANGUAGES[tree.language]
    for scoped in braces.scopes(tree, also=frozenset(table.definitions)):
        node = scoped.node
        if scoped.is_local or node.type not in table.definitions:
            continue
        outermost = braces.outermost(table, node)
        for name, kind in _introduced(tree, table, node):
            is_method = kind is DefinitionKind.FUNCTION and scoped.class_name is not None
            yield declared(
                tree,
                lines,
                outermost,
                kind=DefinitionKind.METHOD if is_method else kind,
                name=name,
                qualified_name=".".join((*scoped.qualifier, name)),
                between=table.above,
            )


def _introduced(
    tree: Tree, table: BraceLanguage, node: tree_sitter.Node
) -> Iterator[tuple[str, DefinitionKind]]:
    """Yield the names that a declaration introduces for others, and what they stand for."""
    kind = table.definitions[node.type]
    if node.type in _DECLARATORS and "function_definition" in table.functions:
        yield from _in_c(tree, node, kind)
    elif node.type in {"field_declaration", "constant_declaration"}:
        words = tree.text_of(node).split("=", 1)[0].split()
        is_constant = node.type == "constant_declaration" or {"static", "final"} <= set(words)
        for declarator in node.children_by_field_name("declarator") if is_constant else []:
            name = declarator.child_by_field_name("name")
            if name is not None:
                yield tree.text_of(name), kind
    else:
        name = node.child_by_field_name("name")
        value, body = node.child_by_field_name("value"), node.child_by_field_name("body")
        if name is None or name.is_missing or name.type.endswith("_pattern"):
            return
        # `struct S x` and `#define GUARD` define nothing.
        if (node.type.endswith("_specifier") and body is None) or (
            node.type == "preproc_def" and value is None
        ):
            return
        if kind is DefinitionKind.CONSTANT and value is not None and value.type in table.unnamed:
            kind = DefinitionKind.FUNCTION
        yield tree.text_of(name), kind


def _in_c(
    tree: Tree, node: tree_sitter.Node, kind: DefinitionKind
) -> Iterator[tuple[str, DefinitionKind]]:
    name = name_of(node)
    is_function = kind is not DefinitionKind.TYPE and function_declarator(node) is not None
    if name is None or (node.type == "field_declaration" and not is_function):
        return
    yield tree.text_of(name).split("::")[-1], DefinitionKind.FUNCTION if is_function else kind


def declared(
    tree: Tree,
    lines: LineTable,
    node: tree_sitter.Node,
    *,
    kind: DefinitionKind,
    name: str,
    qualified_name: str = "",
    between: frozenset[str] = frozenset(),
) -> Definition:
    """Return the definition of one name by a declaration, with what belongs to it above."""
    start, _ = above(tree, lines, node, between=between)
    own = tree.span(node)
    own = Span(start=own.start, end=own.start + len(own.of(tree.text).rstrip()))
    span = whole_lines(tree.text, lines, start, own.end)
    brace = next((child for child in walk(node) if child.type == "{"), None)
    if kind is DefinitionKind.CLASS and brace is not None:
        head_end = own.start + len(tree.text[own.start : tree.offset(brace.start_byte)].rstrip())
    else:
        n_lines = lines.line_of(own.end) - lines.line_of(own.start) + 1
        first_line_end = lines.content(lines.line_of(own.start)).end
        head_end = own.end if n_lines <= MAX_HEAD_LINES else min(own.end, first_line_end)
    return Definition(
        kind=kind,
        name=name,
        qualified_name=qualified_name or name,
        span=span,
        head=Span(start=span.start, end=max(span.start, head_end)),
    )
