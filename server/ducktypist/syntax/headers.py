"""What a method needs to know of its class: the header, and the fields when they are short.

Text for a prompt, not source to be parsed. Only what the same file says; bases are not followed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

import tree_sitter

from ducktypist.syntax import braces, python
from ducktypist.syntax.brace_languages import BRACE_LANGUAGES, BraceLanguage
from ducktypist.syntax.closing import whole
from ducktypist.syntax.declarators import function_declarator
from ducktypist.syntax.lines import LineTable, split_lines
from ducktypist.syntax.model import DefinitionKind
from ducktypist.syntax.parse import Tree, parse, walk
from ducktypist.syntax.regions import function_at

MAX_FIELDS = 20
MAX_FIELD_CHARACTERS = 160

_FOLLOWS = re.compile(r"\s*[,;]?(?:\s*(?://.*|/\*.*\*/)$)?")
_GO_FIELDS = {"field_declaration", "method_elem", "type_elem"}
_PYTHON_FIELDS = {"assignment", "type_alias_statement"}


def class_header(text: str, language: str, offset: int) -> str:
    """Return the header and the fields of the innermost class around ``offset``; else empty.

    Python: the class's first lines, its docstring's first line and the names bound in it. Go: the
    receiver's type. Rust: the ``impl`` and the type that it is for. C++: also for a method that is
    defined outside of its class. Without methods and without indentation; several lines.
    """
    tree = parse(text, language)
    if tree is None:
        return ""
    if tree.language == "python":
        return _python(tree, offset)
    function = function_at(text, language, offset)
    class_name = function.class_name if function is not None else None
    if tree.language == "go":
        return _go(whole(tree), offset, class_name)
    return _braces(whole(tree), offset, class_name) if tree.language in BRACE_LANGUAGES else ""


def _python(tree: Tree, offset: int) -> str:
    function = function_at(tree.text, "python", offset)
    inside = [
        (node, qualifier)
        for node, qualifier in python.classes(tree)
        if tree.span(node).covers(offset)
        or (function is not None and function.class_name == ".".join(qualifier))
    ]
    if not inside:
        return ""
    node = inside[-1][0]
    body = node.child_by_field_name("body")
    colon = next((child for child in node.children if child.type == ":"), None)
    if colon is None:
        return ""
    outer = node.parent if node.parent and node.parent.type == "decorated_definition" else node
    lines = [_between(tree, outer.start_byte, colon.end_byte)]
    docstring = None
    fields: list[str] = []
    for statement in body.named_children if body is not None else []:
        first = statement.named_children[0] if statement.named_child_count else None
        if docstring is None and not fields and python.is_docstring(tree, statement):
            docstring = tree.text_of(statement)
        elif statement.type in _PYTHON_FIELDS or (first and first.type in _PYTHON_FIELDS):
            fields.append(tree.text_of(statement))
    if docstring is not None:
        lines.append("    " + _first_line(docstring))
    return "\n".join([*lines, *(f"    {line}" for line in _short(fields))])


def _first_line(docstring: str) -> str:
    first, *rest = split_lines(docstring)
    quotes = docstring[-3:] if docstring.endswith(('"""', "'''")) else docstring[-1:]
    return f"{first.rstrip()}{quotes}" if rest else first


def _go(tree: Tree, offset: int, class_name: str | None) -> str:
    lines = LineTable(tree.text)
    for declaration in tree.root.children:
        if declaration.type != "type_declaration":
            continue
        for spec in declaration.named_children:
            name = spec.child_by_field_name("name")
            shape = spec.child_by_field_name("type")
            is_around = class_name is None and tree.span(spec).covers(offset)
            if name is None or shape is None:
                continue
            if not is_around and tree.text_of(name) != class_name:
                continue
            fields = [node for node in walk(shape) if node.type in _GO_FIELDS]
            head = f"type {_until_brace(tree, spec)}"
            if shape.type not in {"struct_type", "interface_type"}:
                return f"type {_cut(tree.text_of(spec))}"
            return _block(head, _lines_of(tree, lines, fields))
    return ""


def _braces(tree: Tree, offset: int, class_name: str | None) -> str:
    table = BRACE_LANGUAGES[tree.language]
    types = frozenset(
        name for name, kind in table.definitions.items() if kind is DefinitionKind.CLASS
    )
    around: tree_sitter.Node | None = None
    named: tree_sitter.Node | None = None
    wanted = class_name
    for scoped in braces.scopes(tree, also=types):
        node = scoped.node
        if node.child_by_field_name("body") is None or node.type not in types | table.members:
            continue
        own = braces.type_name(tree, node)
        name = ".".join((*scoped.qualifier, *own))
        if tree.span(node).covers(offset):
            around, wanted = node, name
        if node.type != "impl_item" and wanted and name.split(".")[-1] == wanted.split(".")[-1]:
            named = node
    found = [node for node in (named, around) if node is not None]
    if around is None or named == around or around.type != "impl_item":
        found = found[-1:]
    lines = LineTable(tree.text)
    return "\n".join(_type(tree, lines, node, table) for node in found)


def _type(tree: Tree, lines: LineTable, node: tree_sitter.Node, table: BraceLanguage) -> str:
    outermost = braces.outermost(table, node)
    body = node.child_by_field_name("body")
    head = _between(tree, outermost.start_byte, body.start_byte if body else node.end_byte)
    fields = []
    for child in body.named_children if body is not None else []:
        inner = child.named_children if child.type == "enum_body_declarations" else [child]
        fields += [field for field in inner if field.type in table.fields]
    return _block(head, _lines_of(tree, lines, [f for f in fields if not _is_function(f, table)]))


def _is_function(field: tree_sitter.Node, table: BraceLanguage) -> bool:
    value = field.child_by_field_name("value")
    if value is not None and value.type in table.unnamed:
        return True
    return field.type == "field_declaration" and function_declarator(field) is not None


def _lines_of(tree: Tree, lines: LineTable, fields: Iterable[tree_sitter.Node]) -> Iterator[str]:
    """Yield the fields with their comma or semicolon and the comment behind them."""
    for node in fields:
        span = tree.span(node)
        rest = tree.text[span.end : lines.content(lines.line_of(span.end)).end]
        follows = _FOLLOWS.match(rest)
        yield span.of(tree.text) + (follows[0].rstrip() if follows else "")


def _block(head: str, fields: Iterable[str]) -> str:
    body = [f"    {line}" for line in _short(fields)]
    return "\n".join([f"{head} {{", *body, "}"]) if body else f"{head} {{}}"


def _short(fields: Iterable[str]) -> list[str]:
    """Return the first fields, each on one line; a longer one is left out."""
    found: list[str] = []
    for one in fields:
        if len(found) == MAX_FIELDS:
            found.append("...")
            break
        if "\n" not in one and "\r" not in one and len(one) <= MAX_FIELD_CHARACTERS:
            found.append(one)
    return found


def _until_brace(tree: Tree, node: tree_sitter.Node) -> str:
    brace = next((child for child in walk(node) if child.type == "{"), None)
    return _between(tree, node.start_byte, brace.start_byte if brace else node.end_byte)


def _between(tree: Tree, start: int, end: int) -> str:
    return _cut(textwrap.dedent(tree.text[tree.offset(start) : tree.offset(end)]).strip())


def _cut(text: str) -> str:
    return text[: MAX_FIELDS * MAX_FIELD_CHARACTERS]
