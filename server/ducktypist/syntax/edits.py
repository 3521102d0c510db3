"""Text surgery: bodies, lines, indentation, and the form in which equal programs are equal.

Pure functions of text; nothing is written anywhere, and nothing here knows a model.
"""

from __future__ import annotations

import re

import tree_sitter

from ducktypist.domain import Span, TextEdit
from ducktypist.syntax.lines import (
    LineTable,
    indent_of,
    indent_unit,
    newline_style,
    split_lines,
    with_newlines,
)
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Tree, grammar_of, parse

__all__ = [
    "LineTable",
    "body_edit",
    "newline_style",
    "normal_form",
    "reindent",
    "replace_lines_edit",
    "statement_lines",
    "with_newlines",
]

_STRING_TYPES = {
    "string",
    "raw_string",
    "raw_string_literal",
    "interpreted_string_literal",
    "heredoc_body",
    "heredoc_end",
    "ansi_c_string",
    "string_literal",
    "template_string",
}
_TYPED = re.compile(r"(?:\r?\n[ \t]+(?=\r?\n|\Z))+")
_DEFAULT_STEP = "    "
_LAYOUT = {"\n", ";", ";;"}
_SEQUENCES = {"block", "module", "program", "source_file", "statement_list"} | {
    "class_body",
    "constructor_body",
    "declaration_list",
    "statement_block",
    "translation_unit",
}


def body_edit(text: str, function: FunctionRegion, new_body: str) -> TextEdit:
    """Return the edit that makes ``new_body`` the body of ``function``.

    The docstring stays. ``new_body`` may have any common indentation and any line breaks; it gets
    those of the file. A body on the signature's line is moved below it. A missing closing brace
    is added. A blank ``new_body`` gives an edit that changes nothing.
    """
    body = function.body
    if not new_body.strip():
        return TextEdit(span=body, old_text=body.of(text), new_text=body.of(text))
    newline = newline_style(text)
    own_indent = indent_of(_line_around(text, function.signature.start))
    step = function.indent.removeprefix(own_indent) or indent_unit(text)
    fitted = reindent(
        _without_blank_edges(new_body), function.indent, language=function.language, step=step
    )
    fitted = with_newlines(fitted.rstrip(), newline)
    if len(body) and _starts_line(text, body.start):
        closer = "" if function.has_closer else f"{newline}{own_indent}}}"
        return TextEdit(span=body, old_text=body.of(text), new_text=fitted + closer)
    if function.language == "python":
        return _below_signature(text, function, newline + fitted)
    return _between_braces(text, function, newline, fitted, own_indent)


def replace_lines_edit(text: str, first_line: int, last_line: int, new_text: str) -> TextEdit:
    """Return the edit that replaces lines ``first_line`` to ``last_line`` by ``new_text``.

    Lines count from 1 and both are included, as in a traceback; numbers outside of the text are
    brought inside. ``new_text`` gets the file's line breaks and needs none at its end. An empty
    ``new_text`` removes the lines with their line break.
    """
    lines = LineTable(text)
    first = max(0, min(first_line - 1, len(lines) - 1))
    last = max(first, min(last_line - 1, len(lines) - 1))
    if not new_text:
        span = Span(start=lines.span(first).start, end=lines.full_span(last).end)
        return TextEdit(span=span, old_text=span.of(text), new_text="")
    span = Span(start=lines.span(first).start, end=lines.span(last).end)
    fitted = with_newlines(new_text, newline_style(text))
    fitted = fitted.removesuffix(newline_style(text))
    return TextEdit(span=span, old_text=span.of(text), new_text=fitted)


def reindent(
    text: str,
    to_indent: str,
    from_indent: str | None = None,
    *,
    language: str | None = None,
    step: str | None = None,
) -> str:
    r"""Return ``text`` with its common indentation replaced by ``to_indent``.

    Args:
        text: Lines of code; their line breaks become ``\n``.
        to_indent: What each line that is not blank starts with afterwards.
        from_indent: What to take off instead of the common indentation; a line that has less
            loses what it has.
        language: With a grammar, lines that start inside a string stay as they are, for their
            blanks are content. Without one they are moved like all others.
        step: One step of indentation of the result; deeper lines are converted to it when one
            side uses tabs and the other spaces. By default a tab when ``to_indent`` has one,
            else four spaces.
    """
    numbered = split_lines(text)
    inside = _lines_inside_strings(with_newlines(text, "\n"), language)
    code = [line for number, line in enumerate(numbered) if line.strip() and number not in inside]
    base = _common_indent(code) if from_indent is None else from_indent
    target = step or ("\t" if "\t" in to_indent else _DEFAULT_STEP)
    relative = [indent_of(line)[_shared(indent_of(line), base) :] for line in code]
    source = _source_step(relative)
    done = []
    for number, line in enumerate(numbered):
        if number in inside:
            done.append(line)
            continue
        if not line.strip():
            done.append("")
            continue
        indent = indent_of(line)
        deeper = indent[_shared(indent, base) :]
        done.append(to_indent + _converted(deeper, source, target) + line[len(indent) :])
    return "\n".join(done)


def statement_lines(text: str, language: str, function: FunctionRegion) -> tuple[Span, ...]:
    """Return the lines of a body that a fault could be on, without indentation and line break.

    Left out: docstring, comments, blank lines, lines of brackets alone, and every line that holds
    part of a multi-line string (it cannot be replaced alone).
    """
    tree = parse(text, language)
    if tree is None or not len(function.body):
        return ()
    lines = LineTable(text)
    skipped: set[int] = set()
    start_byte, end_byte = tree.byte(function.body.start), tree.byte(function.body.end)
    stack = [tree.root]
    while stack:
        node = stack.pop()
        if node.end_byte <= start_byte or node.start_byte >= end_byte:
            continue
        stack.extend(node.children)
        if node.type in _STRING_TYPES or "comment" in node.type:
            span = tree.span(node)
            first, last = lines.line_of(span.start), lines.line_of(span.end)
            if "comment" in node.type and not _is_whole_lines(text, lines, span):
                continue
            docstring = tree.language == "python" and _is_whole_statement(tree, lines, span)
            if last > first or docstring:
                skipped.update(range(first, last + 1))
    found = []
    first, last = lines.line_of(function.body.start), lines.line_of(function.body.end)
    for line in range(first, last + 1):
        content = lines.content(line)
        start, end = max(content.start, function.body.start), min(content.end, function.body.end)
        code = text[start:end].strip() if start < end else ""
        is_code = code.strip("()[]{},;") and not _is_comment(code, tree.language)
        if line not in skipped and is_code:
            found.append(Span(start=start, end=end))
    return tuple(found)


def normal_form(text: str, language: str) -> str:
    """Return the tokens of ``text`` without comments and layout, to tell equal programs.

    Blocks keep their borders, so Python that differs only in indentation depth of whole blocks is
    equal and Python that differs in nesting is not. Without a grammar: runs of blanks become one.
    """
    if grammar_of(language) == "python":
        text = reindent(text, "", language="python")
    tree = parse(text, language)
    return " ".join(text.split() if tree is None else filter(None, _tokens(tree)))


def _tokens(tree: Tree) -> list[str]:
    tokens: list[str] = []
    # In Rust a semicolon at the end of a block takes its value away.
    layout = _LAYOUT - {";"} if tree.language == "rust" else _LAYOUT
    stack: list[tree_sitter.Node | str] = [tree.root]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            tokens.append(item)
        elif "comment" in item.type or item.type in layout:
            continue
        elif not item.children or item.type in {"string_content", "heredoc_body"}:
            tokens.append(tree.text_of(item))
        elif item.type in _SEQUENCES:
            stack.append("⟩")
            for child in reversed(item.named_children):
                if "comment" not in child.type:
                    stack.extend((child, "⏎"))
            stack.append("⟨")
        elif item.type == "command":
            stack.extend(("⟩", *reversed(item.children), "⟨"))
        else:
            stack.extend(reversed(item.children))
    return tokens


def _below_signature(text: str, function: FunctionRegion, addition: str) -> TextEdit:
    after = function.docstring.end if function.docstring else function.signature.end
    # In a one-liner, what stands between the colon and the body goes with it.
    start = after if len(function.body) else function.body.start
    span = Span(start=start, end=function.body.end)
    return TextEdit(span=span, old_text=span.of(text), new_text=addition)


def _between_braces(
    text: str, function: FunctionRegion, newline: str, fitted: str, own_indent: str
) -> TextEdit:
    opener = text[function.signature.end - 1 : function.signature.end]
    closer = {"(": ")", "{": "}"}.get(opener, "}")
    lead = newline
    if function.language == "go" and opener != "{":
        lead = f" {{{newline}"
    if not function.has_closer or (function.language == "go" and opener != "{"):
        span = function.body
        end = f"{newline}{own_indent}{closer}"
        if not len(span) and (typed := _TYPED.match(text, span.end)):
            # The empty lines on which one began to type the body.
            span = Span(start=span.start, end=typed.end())
        return TextEdit(span=span, old_text=span.of(text), new_text=lead + fitted + end)
    start, end_of_body = function.signature.end, function.body.end
    until = end_of_body + len(text[end_of_body:]) - len(text[end_of_body:].lstrip())
    line_end = LineTable(text).span(LineTable(text).line_of(start)).end
    if not len(function.body) and until > line_end >= start:
        # The closing brace has a line of its own; a comment behind the opening one stays.
        start = line_end
    span = Span(start=start, end=until)
    return TextEdit(
        span=span, old_text=span.of(text), new_text=f"{newline}{fitted}{newline}{own_indent}"
    )


def _without_blank_edges(text: str) -> str:
    lines = split_lines(text)
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines)


def _line_around(text: str, offset: int) -> str:
    lines = LineTable(text)
    return lines.text(lines.line_of(offset))


def _starts_line(text: str, offset: int) -> bool:
    return offset == 0 or text[offset - 1] in "\r\n"


def _common_indent(code: list[str]) -> str:
    common: str | None = None
    for line in code:
        indent = indent_of(line)
        common = indent if common is None else common[: _shared(indent, common)]
    return common or ""


def _shared(indent: str, base: str) -> int:
    n_shared = 0
    for one, other in zip(indent, base, strict=False):
        if one != other:
            break
        n_shared += 1
    return n_shared


def _source_step(relative: list[str]) -> str:
    """Return the shortest step that the deeper lines take."""
    if any("\t" in indent for indent in relative):
        return "\t"
    widths = [len(indent) for indent in relative if indent]
    return " " * min(widths) if widths else _DEFAULT_STEP


def _converted(deeper: str, source: str, target: str) -> str:
    if ("\t" in source) == ("\t" in target):
        return deeper
    n_steps = 0
    while deeper.startswith(source):
        deeper = deeper.removeprefix(source)
        n_steps += 1
    return target * n_steps + deeper


def _lines_inside_strings(text: str, language: str | None) -> set[int]:
    """Return the 0-based lines that start inside a string."""
    tree = parse(text, language) if language else None
    if tree is None:
        return set()
    inside: set[int] = set()
    for node in tree.walk():
        # By index: a point's attributes give away a reference that they do not own, and after some
        # thousands of them the process dies (py-tree-sitter up to 0.26.1, mended by its #466).
        first_row, (last_row, last_column) = node.start_point[0], node.end_point
        if node.type in _STRING_TYPES and last_row > first_row:
            first = first_row + (node.type not in {"heredoc_body", "heredoc_end"})
            last = last_row - (last_column == 0)
            inside.update(range(first, last + 1))
        elif node.type == "heredoc_end":
            inside.add(first_row)
    return inside


def _is_whole_statement(tree: Tree, lines: LineTable, span: Span) -> bool:
    """Tell whether a string is all that stands on its lines: a docstring of a nested function."""
    first, last = lines.line_of(span.start), lines.line_of(span.end)
    whole = Span(start=lines.content(first).start, end=lines.content(last).end)
    if whole != span:
        return False
    parent = tree.at(span.start).parent
    while parent is not None and tree.span(parent) == span:
        if parent.type == "expression_statement":
            return True
        parent = parent.parent
    return False


def _is_whole_lines(text: str, lines: LineTable, span: Span) -> bool:
    first, last = lines.line_of(span.start), lines.line_of(span.end)
    before, after = lines.span(first).start, lines.span(last).end
    return not (text[before : span.start] + text[span.end : after]).strip()


def _is_comment(code: str, grammar: str) -> bool:
    return code.startswith("#" if grammar in {"python", "bash"} else ("//", "/*", "*/"))
