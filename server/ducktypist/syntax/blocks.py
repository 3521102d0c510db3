"""The statement, command, class or paragraph at one place; ``regions.block_at`` is the door.

And the text by which the ledger knows a function again (``block_text``), wherever it moves.
"""

from __future__ import annotations

import hashlib

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax import braces, go, python
from ducktypist.syntax.brace_languages import BRACE_LANGUAGES
from ducktypist.syntax.lines import LineTable, indent_of, line_start, split_lines
from ducktypist.syntax.model import DefinitionKind, FunctionRegion, Region, RegionKind
from ducktypist.syntax.parse import Tree

MAX_WHOLE_LINES = 12
"""A compound statement up to this long is taken whole when the cursor is on its header."""

_COMMENT_LINES = {"python": "#", "bash": "#"}
"""What begins a line that is nothing but a comment; ``//`` in the others."""
_CONTAINERS = {
    "python": frozenset({"module", "block"}),
    "go": frozenset({"source_file", "statement_list"}),
    "bash": frozenset(
        {
            "program",
            "compound_statement",
            "subshell",
            "do_group",
            "if_statement",
            "elif_clause",
            "else_clause",
            "case_item",
        }
    ),
} | {name: table.containers for name, table in BRACE_LANGUAGES.items()}
# What must stand before a child of these containers for it to be a statement, not a condition.
_GATES = {"if_statement": "then", "elif_clause": "then", "case_item": ")"} | dict.fromkeys(
    ("switch_case", "case_statement", "switch_block_statement_group"), ":"
)
_CASES = frozenset({"expression_case", "type_case", "default_case", "communication_case"}) | {
    "switch_case",
    "switch_default",
    "case_statement",
    "switch_block_statement_group",
}
_BLOCKS = {
    "python": frozenset({"block"}),
    "go": frozenset({"block"}) | _CASES,
    "bash": frozenset({"do_group", "compound_statement", "then", "in"}),
} | {name: table.blocks for name, table in BRACE_LANGUAGES.items()}
_CLAUSES = frozenset(
    {
        "elif_clause",
        "else_clause",
        "except_clause",
        "catch_clause",
        "finally_clause",
        "case_clause",
        "case_item",
        *_CASES,
    }
)


def block_text(text: str, function: FunctionRegion) -> str:
    """Return a function's text without what moving it or tidying around it changes.

    It goes from the line of the signature (decorators and doc comments are left out) to the end.
    Line ends are stripped, blank lines dropped, comment lines at the end as well, because parsers
    disagree on whose they are; the signature's indentation is taken off every line that has it.
    ``pytest_plugin`` says the same of Python with the standard library's parser.
    """
    start = line_start(text, function.signature.start)
    if text[start : function.signature.start].strip():
        start = function.signature.start
    lines = [line.rstrip() for line in split_lines(text[start : function.span.end])]
    lines = [line for line in lines if line]
    while lines and lines[-1].lstrip().startswith(_COMMENT_LINES.get(function.language, "//")):
        lines.pop()
    indent = indent_of(lines[0]) if lines else ""
    return "\n".join(line.removeprefix(indent) for line in lines)


def block_hash_of(block: str) -> str:
    """Return ``b2:`` and 32 hexadecimal digits: the name of a block in reports of test runs."""
    data = block.encode("utf-8", "surrogatepass")
    return f"b2:{hashlib.blake2b(data, digest_size=16).hexdigest()}"


def nothing_at(offset: int) -> Region:
    """Return the region of a comment or blank line: nothing to explain."""
    return Region(kind=RegionKind.NOTHING, name="", span=Span(start=offset, end=offset))


def paragraph_at(lines: LineTable, offset: int) -> Region:
    """Return the lines around ``offset`` up to the next blank ones."""
    line = lines.line_of(offset)
    if lines.is_blank(line):
        return nothing_at(offset)
    first = last = line
    while first > 0 and not lines.is_blank(first - 1):
        first -= 1
    while last + 1 < len(lines) and not lines.is_blank(last + 1):
        last += 1
    span = Span(start=lines.span(first).start, end=lines.span(last).end)
    return Region(kind=RegionKind.PARAGRAPH, name="", span=span)


def code_place(tree: Tree, lines: LineTable, offset: int) -> int | None:
    """Return the character that a cursor at ``offset`` is about, None on comments and blanks.

    A cursor in the indentation or behind a trailing comment belongs to the code of its line.
    """
    line = lines.line_of(offset)
    content = lines.content(line)
    place = max(content.start, min(offset, content.end - 1)) if len(content) else offset
    if place > content.start and tree.text[place : place + 1].isspace():
        # Right behind a word, which is where a cursor stands after typing it.
        place -= 1
    node = tree.at(place)
    if len(content) == 0:
        return place if "string" in node.type or "heredoc" in node.type else None
    while node.parent is not None and "comment" in node.parent.type:
        node = node.parent
    if "comment" in node.type:
        before = tree.text[content.start : tree.offset(node.start_byte)].rstrip()
        return content.start + len(before) - 1 if before else None
    return place


def statement_at(tree: Tree, lines: LineTable, place: int) -> Region:
    """Return the smallest statement around ``place``; a long compound one only by its header."""
    path = _path(tree.at(place))
    index = next(
        (number for number, node in enumerate(path) if _is_statement(node, tree.language)), None
    )
    if index is None:
        return paragraph_at(lines, place)
    statement = path[index]
    class_region = _class_at(tree, statement)
    if class_region is not None:
        return class_region
    span = _from_line_start(tree, lines, tree.span(statement))
    kind = RegionKind.COMMAND if tree.language == "bash" else RegionKind.STATEMENT
    n_lines = lines.line_of(span.end) - lines.line_of(span.start) + 1
    if n_lines <= MAX_WHOLE_LINES:
        return Region(kind=kind, name="", span=span)
    clause = next((node for node in path[:index] if node.type in _CLAUSES), statement)
    header = _header(tree, lines, clause)
    if header is None:
        return Region(kind=kind, name="", span=span)
    return Region(kind=RegionKind.HEADER, name="", span=_from_line_start(tree, lines, header))


def _path(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    path = []
    current: tree_sitter.Node | None = node
    while current is not None:
        path.append(current)
        current = current.parent
    return path


def _is_statement(node: tree_sitter.Node, language: str) -> bool:
    parent = node.parent
    if parent is None or not node.is_named or parent.type not in _CONTAINERS[language]:
        return False
    if "comment" in node.type or node.type in {"elif_clause", "else_clause"}:
        return False
    if parent.type.startswith("preproc_") and node in {
        parent.child_by_field_name("name"),
        parent.child_by_field_name("condition"),
    }:
        return False
    gate = _GATES.get(parent.type) if language not in {"python", "go"} else None
    if gate is None:
        return True
    return any(
        child.type == gate and child.end_byte <= node.start_byte for child in parent.children
    )


def _class_at(tree: Tree, statement: tree_sitter.Node) -> Region | None:
    node: tree_sitter.Node | None = statement
    if tree.language == "go":
        name = go.type_name(tree, statement) if statement.type == "type_declaration" else None
        if name is None:
            return None
        return Region(kind=RegionKind.CLASS, name=name, span=tree.span(statement))
    if tree.language in BRACE_LANGUAGES:
        return _brace_class_at(tree, statement)
    if tree.language != "python":
        return None
    block = statement.parent
    if block is not None and block.parent is not None and python.is_docstring(tree, statement):
        first = next((child for child in block.named_children if child.type != "comment"), None)
        if first == statement and block.parent.type == "class_definition":
            node = block.parent
    if node is not None and node.type == "decorated_definition":
        node = node.child_by_field_name("definition")
    if node is None or node.type != "class_definition":
        return None
    name_node = node.child_by_field_name("name")
    outer = node.parent if node.parent and node.parent.type == "decorated_definition" else node
    name = tree.text_of(name_node) if name_node else ""
    return Region(kind=RegionKind.CLASS, name=name, span=tree.span(outer))


def _brace_class_at(tree: Tree, statement: tree_sitter.Node) -> Region | None:
    table = BRACE_LANGUAGES[tree.language]
    node: tree_sitter.Node | None = statement
    while node is not None and node.type in table.outer:
        node = next(
            (child for child in reversed(node.named_children) if "comment" not in child.type), None
        )
    if node is None or node.child_by_field_name("body") is None:
        return None
    is_class = table.definitions.get(node.type) is DefinitionKind.CLASS
    name = ".".join(braces.type_name(tree, node))
    if not name or not (is_class or node.type in table.members):
        return None
    span = _from_line_start(tree, LineTable(tree.text), tree.span(statement))
    return Region(kind=RegionKind.CLASS, name=name, span=span)


def _header(tree: Tree, lines: LineTable, clause: tree_sitter.Node) -> Span | None:
    """Return a compound statement or clause up to where its first block opens."""
    start = tree.offset(clause.start_byte)
    if clause.type in _CASES:
        return Span(start=start, end=max(start, lines.content(lines.line_of(start)).end))
    stack = list(reversed(clause.children))
    block = None
    while stack and block is None:
        node = stack.pop()
        if node.type in _BLOCKS[tree.language]:
            block = node
        elif node.type not in {"comment", "string"}:
            stack.extend(reversed(node.children))
    if block is None:
        if clause.type not in _CLAUSES:
            return None
        return Span(start=start, end=max(start, lines.content(lines.line_of(start)).end))
    opener = block
    if tree.language == "python":
        while opener.prev_sibling is not None and opener.type != ":":
            opener = opener.prev_sibling
        return Span(start=start, end=max(start, tree.offset(opener.end_byte)))
    line = lines.line_of(tree.offset(block.start_byte))
    if block.type in _CASES:
        line = lines.line_of(start)
    return Span(start=start, end=max(start, lines.content(line).end))


def _from_line_start(tree: Tree, lines: LineTable, span: Span) -> Span:
    first = lines.span(lines.line_of(span.start)).start
    start = span.start if tree.text[first : span.start].strip() else first
    end = span.start + len(span.of(tree.text).rstrip())
    return Span(start=start, end=max(start, end))
