"""Python's functions and imports in a tree-sitter tree; no edits and no checks."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax.bodies import body_between, body_indent, deeper_comments_end, whole_lines
from ducktypist.syntax.lines import LineTable, column_of, indent_of, split_lines
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Tree, parse
from ducktypist.syntax.stubs import is_stub

_DEF = re.compile(r"^([ \t\f]*)(?:async[ \t]+)?def[ \t]+(\w+)[ \t]*\(", re.MULTILINE)
_SCOPE = re.compile(r"[ \t\f]*(?:async[ \t]+)?(class|def)[ \t]+(\w+)")
_MAX_LINES_TRIED = 40
_NOT_IMPLEMENTED = re.compile(
    r"raise\s+(?:NotImplementedError\b|\w+\(.*(?:\btodo\b|not (?:yet )?implemented).*\)).*",
    re.IGNORECASE | re.DOTALL,
)
_IMPORTS = {"import_statement", "import_from_statement", "future_import_statement"}
_TRANSPARENT = {"if_statement", "try_statement", "block", "else_clause", "elif_clause"} | {
    "except_clause",
    "finally_clause",
    "with_statement",
}


_HOLDS_STATEMENTS = _TRANSPARENT | {
    "ERROR",
    "case_clause",
    "class_definition",
    "decorated_definition",
    "except_group_clause",
    "for_statement",
    "function_definition",
    "match_statement",
    "module",
    "while_statement",
}


def functions(tree: Tree, lines: LineTable) -> list[FunctionRegion]:
    """Return every function, outer ones first; those that an error elsewhere hides as well."""
    found = [
        region
        for node, qualifier, class_name in _definitions(tree)
        if (region := _region(tree, lines, node, qualifier, class_name)) is not None
    ]
    if tree.root.has_error:
        found += _hidden(tree, lines, {region.name_span.start for region in found})
        found.sort(key=lambda region: region.signature.start)
    return found


def imports(tree: Tree) -> list[Span]:
    """Return the module's import statements, also those inside ``if`` and ``try``."""
    found: list[Span] = []
    stack = list(reversed(tree.root.children))
    while stack:
        node = stack.pop()
        if node.type in _IMPORTS:
            found.append(tree.span(node))
        elif node.type in _TRANSPARENT:
            stack.extend(reversed(node.children))
    return found


def class_bases(tree: Tree) -> dict[str, str]:
    """Return the source of each class's argument list by the class's dotted name."""
    bases: dict[str, str] = {}
    for node, qualifier in classes(tree):
        superclasses = node.child_by_field_name("superclasses")
        bases[".".join(qualifier)] = tree.text_of(superclasses) if superclasses else ""
    return bases


def classes(tree: Tree) -> Iterator[tuple[tree_sitter.Node, tuple[str, ...]]]:
    """Yield every class with the parts of its dotted name, outer ones first."""
    for node, qualifier, _ in _scopes(tree):
        if node.type == "class_definition":
            yield node, qualifier


def module_names(tree: Tree) -> Iterator[tuple[tree_sitter.Node, tree_sitter.Node]]:
    """Yield the statements that bind one plain name in the module, each with that name."""
    stack = list(reversed(tree.root.children))
    while stack:
        node = stack.pop()
        if node.type in _TRANSPARENT:
            stack.extend(reversed(node.children))
            continue
        only = node.named_children[0] if node.named_child_count else None
        if node.type == "type_alias_statement":
            name = node.child_by_field_name("left")
            name = name.named_child(0) if name is not None else None
        elif node.type == "expression_statement" and only and only.type == "assignment":
            name = only.child_by_field_name("left")
        else:
            continue
        if name is not None and name.type == "identifier":
            yield node, name


def is_docstring(tree: Tree, statement: tree_sitter.Node) -> bool:
    """Tell whether a statement is a plain string, neither bytes nor an f-string."""
    if statement.type != "expression_statement" or statement.named_child_count != 1:
        return False
    string = statement.named_children[0]
    if string.type not in {"string", "concatenated_string"}:
        return False
    prefix = tree.text_of(string).split("'", 1)[0].split('"', 1)[0].lower()
    return not set(prefix) & {"b", "f", "t"}


def has_no_code(text: str) -> bool:
    """Tell whether every line is blank or a comment."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in split_lines(text))


def _definitions(tree: Tree) -> Iterator[tuple[tree_sitter.Node, tuple[str, ...], str | None]]:
    for node, qualifier, class_name in _scopes(tree):
        if node.type == "function_definition":
            yield node, qualifier, class_name


def _scopes(tree: Tree) -> Iterator[tuple[tree_sitter.Node, tuple[str, ...], str | None]]:
    """Yield functions and classes with their dotted name and the class they are members of."""
    stack: list[tuple[tree_sitter.Node, tuple[str, ...], str | None]] = [(tree.root, (), None)]
    while stack:
        node, qualifier, class_name = stack.pop()
        inner = (qualifier, class_name)
        if node.type in {"function_definition", "class_definition"}:
            name = node.child_by_field_name("name")
            if name is not None:
                qualifier = (*qualifier, tree.text_of(name))
                yield node, qualifier, class_name
                is_class = node.type == "class_definition"
                inner = (qualifier, ".".join(qualifier) if is_class else None)
        if node.type in _HOLDS_STATEMENTS:
            stack.extend((child, *inner) for child in reversed(node.named_children))


def _region(
    tree: Tree,
    lines: LineTable,
    node: tree_sitter.Node,
    qualifier: tuple[str, ...],
    class_name: str | None,
) -> FunctionRegion | None:
    name = node.child_by_field_name("name")
    body_node = node.child_by_field_name("body")
    colon = next((child for child in node.children if child.type == ":"), None)
    if name is None or colon is None or body_node is None:
        return None
    start = tree.offset(node.start_byte)
    signature = Span(start=start, end=max(start, tree.offset(colon.end_byte)))
    statements = [child for child in body_node.named_children if child.type != "comment"]
    docstring = None
    if statements and is_docstring(tree, statements[0]):
        docstring = tree.span(statements.pop(0))
    after = docstring.end if docstring else signature.end
    end = max(after, tree.offset(node.end_byte))
    inline = _continues(tree, after, statements[0] if statements else None)
    if inline:
        body_start = tree.offset(statements[0].start_byte)
        body = Span(start=body_start, end=max(body_start, lines.content(lines.line_of(end)).end))
    else:
        column = column_of(indent_of(lines.text(lines.line_of(start))))
        last_line = deeper_comments_end(lines, last_line=lines.line_of(end), column=column)
        end = max(end, lines.span(last_line).end)
        body = body_between(tree.text, lines, after=after, before=end)
    outer = node.parent if node.parent and node.parent.type == "decorated_definition" else node
    indent = body_indent(tree.text, lines, body, opener=start)
    if docstring and lines.content(lines.line_of(docstring.start)).start == docstring.start:
        indent = indent_of(lines.text(lines.line_of(docstring.start)))
    return FunctionRegion(
        language="python",
        name=qualifier[-1],
        qualified_name=".".join(qualifier),
        span=whole_lines(tree.text, lines, tree.offset(outer.start_byte), max(end, body.end)),
        name_span=tree.span(name),
        signature=signature,
        docstring=docstring,
        body=body,
        indent=indent,
        is_empty=_is_empty(tree, statements, body),
        class_name=class_name,
        parameters=_parameters(tree, node.child_by_field_name("parameters")),
    )


def _continues(tree: Tree, after: int, statement: tree_sitter.Node | None) -> bool:
    """Tell whether a statement stands on the (possibly continued) line of the colon."""
    if statement is None:
        return False
    between = tree.text[after : tree.offset(statement.start_byte)]
    code = between.split("#", 1)[0]
    return ("\n" not in between and "\r" not in between) or "\\" in code


def _is_empty(tree: Tree, statements: list[tree_sitter.Node], body: Span) -> bool:
    if not statements:
        # Code in an error node is no statement, but it is not nothing either.
        return has_no_code(body.of(tree.text))
    if all(_is_placeholder(tree, statement) for statement in statements):
        return True
    code = [tree.text_of(s) for s in statements if not _is_placeholder(tree, s)]
    comments = (line.partition("#")[2] for line in split_lines(body.of(tree.text)))
    return is_stub(code, comments, _NOT_IMPLEMENTED)


def _is_placeholder(tree: Tree, statement: tree_sitter.Node) -> bool:
    if statement.type == "pass_statement":
        return True
    if statement.type == "expression_statement":
        only = statement.named_child(0) if statement.named_child_count == 1 else None
        return only is not None and (only.type == "ellipsis" or is_docstring(tree, statement))
    if statement.type == "raise_statement":
        return _NOT_IMPLEMENTED.match(tree.text_of(statement)) is not None
    return False


def _parameters(tree: Tree, node: tree_sitter.Node | None) -> tuple[str, ...]:
    names: list[str] = []
    for child in node.named_children if node is not None else []:
        current: tree_sitter.Node | None = child
        while current is not None and current.type != "identifier":
            current = current.child_by_field_name("name") or (
                current.named_child(0) if current.type in _PARAMETER_NODES else None
            )
        if current is not None:
            names.append(tree.text_of(current))
    return tuple(names)


_PARAMETER_NODES = {"typed_parameter", "list_splat_pattern", "dictionary_splat_pattern"}


def _hidden(tree: Tree, lines: LineTable, known: set[int]) -> Iterator[FunctionRegion]:
    """Yield functions inside an error node, each found by parsing its own lines alone."""
    covered = 0
    for match in _DEF.finditer(tree.text):
        offset = match.start(2)
        if offset in known or offset < covered or _in_string_or_comment(tree, offset):
            continue
        first = lines.line_of(offset)
        start, end = lines.span(first).start, _block_end(lines, first)
        qualifier, class_name = _scope_above(lines, first)
        for region in _alone(tree.text[start:end], qualifier, class_name):
            if region.name_span.start + start not in known:
                yield _shifted(region, start)
        covered = end


def _alone(text: str, qualifier: tuple[str, ...], class_name: str | None) -> list[FunctionRegion]:
    """Return the functions of a ``def`` and what stands below it, also when that is broken."""
    lines = LineTable(text)
    whole = _parsed_alone(text, qualifier, class_name)
    if whole:
        return whole
    # The longest beginning that parses says where signature and docstring end.
    for n_lines in range(min(len(lines), _MAX_LINES_TRIED), 0, -1):
        beginning = text[: lines.full_span(n_lines - 1).end]
        found = _parsed_alone(beginning, qualifier, class_name)
        if found:
            region = found[0]
            after = region.docstring.end if region.docstring else region.signature.end
            body = body_between(text, lines, after=after, before=len(text))
            return [
                dataclasses.replace(
                    region,
                    body=body,
                    span=Span(start=region.span.start, end=max(region.span.end, body.end)),
                    is_empty=region.is_empty and has_no_code(body.of(text)),
                )
            ]
    return []


def _parsed_alone(
    text: str, qualifier: tuple[str, ...], class_name: str | None
) -> list[FunctionRegion]:
    tree = parse(text, "python")
    if tree is None:
        return []
    lines = LineTable(text)
    return [
        region
        for node, name, own_class in _definitions(tree)
        if (
            region := _region(
                tree,
                lines,
                node,
                (*qualifier, *name),
                own_class or (class_name if len(name) == 1 else None),
            )
        )
    ]


def _block_end(lines: LineTable, first: int) -> int:
    column = column_of(indent_of(lines.text(first)))
    end = lines.span(first).end
    for line in range(first + 1, len(lines)):
        whole = lines.text(line)
        if not whole.strip():
            continue
        if column_of(indent_of(whole)) <= column and not whole.lstrip().startswith((")", "#")):
            break
        end = lines.full_span(line).end
    return end


def _scope_above(lines: LineTable, line: int) -> tuple[tuple[str, ...], str | None]:
    """Return the classes and functions around a line, judged by indentation alone."""
    column = column_of(indent_of(lines.text(line)))
    scopes: list[tuple[str, str]] = []
    for number in range(line - 1, -1, -1):
        whole = lines.text(number)
        if column == 0:
            break
        if not whole.strip() or column_of(indent_of(whole)) >= column:
            continue
        match = _SCOPE.match(whole)
        if match:
            scopes.insert(0, (match[1], match[2]))
            column = column_of(indent_of(whole))
    names = tuple(name for _, name in scopes)
    return names, ".".join(names) if scopes and scopes[-1][0] == "class" else None


def _in_string_or_comment(tree: Tree, offset: int) -> bool:
    node: tree_sitter.Node | None = tree.at(offset)
    while node is not None:
        if node.type in {"string", "string_content", "comment"}:
            return True
        node = node.parent
    return False


def _shifted(region: FunctionRegion, by: int) -> FunctionRegion:
    def moved(span: Span) -> Span:
        return Span(start=span.start + by, end=span.end + by)

    return dataclasses.replace(
        region,
        span=moved(region.span),
        name_span=moved(region.name_span),
        signature=moved(region.signature),
        docstring=moved(region.docstring) if region.docstring else None,
        body=moved(region.body),
    )
