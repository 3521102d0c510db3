"""Small changes of a Go file, gathered and made into one edit; imports are added as needed.

Pure text: what to change is decided elsewhere.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import tree_sitter

from ducktypist.domain import Span, TextEdit
from ducktypist.syntax.parse import Tree, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Replace ``[start, end)``, code points, by a text."""

    start: int
    end: int
    new_text: str


def insertion(at: int, text: str) -> Change:
    """Return the change that puts a text in."""
    return Change(start=at, end=at, new_text=text)


def before(tree: Tree, statement: tree_sitter.Node, lines: Sequence[str]) -> Change:
    """Return the change that puts statements right before one."""
    start = tree.offset(statement.start_byte)
    gap = f"\n{indent_at(tree.text, start)}" if _begins_line(tree.text, start) else "; "
    return insertion(start, "".join(f"{line}{gap}" for line in lines))


def after(tree: Tree, statement: tree_sitter.Node, lines: Sequence[str]) -> Change:
    """Return the change that puts statements right after one."""
    start, end = tree.offset(statement.start_byte), tree.offset(statement.end_byte)
    line_end = tree.text.find("\n", end)
    line_end = len(tree.text) if line_end < 0 else line_end
    rest = tree.text[end:line_end].strip()
    if rest and not rest.startswith("//"):
        return insertion(end, "".join(f"; {line}" for line in lines))
    indent = indent_at(tree.text, start)
    at = end + len(tree.text[end:line_end].rstrip())
    return insertion(at, "".join(f"\n{indent}{line}" for line in lines))


def at_top(tree: Tree, block: tree_sitter.Node, lines: Sequence[str]) -> Change:
    """Return the change that puts statements at the beginning of a block."""
    open_end = tree.offset(block.start_byte) + 1
    first = next((item for item in block.named_children if item.type == "statement_list"), None)
    start = tree.offset(first.start_byte) if first is not None else open_end
    if "\n" in tree.text[open_end:start]:
        indent = indent_at(tree.text, start)
        return insertion(open_end, "".join(f"\n{indent}{line}" for line in lines))
    return insertion(open_end, "".join(f" {line};" for line in lines))


def with_imports(tree: Tree, changes: Iterable[Change], paths: Iterable[str]) -> list[Change]:
    """Return changes together with those that import packages which are not imported yet."""
    found = list(changes)
    missing = sorted(set(paths) - imported(tree))
    if not missing:
        return found
    declarations = [item for item in tree.root.children if item.type == "import_declaration"]
    for node in declarations:
        listed = next((item for item in node.children if item.type == "import_spec_list"), None)
        if listed is not None:
            return found + [_import(tree, listed, path) for path in missing]
    lines = "".join(f'import "{path}"\n' for path in missing)
    if declarations:
        return [insertion(tree.offset(declarations[0].start_byte), lines), *found]
    clause = next((item for item in tree.root.children if item.type == "package_clause"), None)
    at = tree.offset(clause.end_byte) if clause is not None else 0
    return [insertion(at, f"\n\n{lines}".rstrip("\n")), *found]


def imported(tree: Tree) -> set[str]:
    """Return the paths that a file imports."""
    return {
        tree.text_of(path).strip('"`')
        for top in tree.root.children
        if top.type == "import_declaration"
        for node in walk(top)
        if node.type == "import_spec" and (path := node.child_by_field_name("path")) is not None
    }


def edit_of(text: str, changes: Iterable[Change]) -> TextEdit | None:
    """Return one edit that makes all changes, over whole lines; None when they overlap."""
    ordered = sorted(changes, key=lambda change: (change.start, change.end))
    for one, other in itertools.pairwise(ordered):
        if other.start < one.end:
            return None
    if not ordered:
        return None
    new, done = "", 0
    for change in ordered:
        new += text[done : change.start] + change.new_text
        done = change.end
    new += text[done:]
    if new == text:
        return None
    start = text.rfind("\n", 0, ordered[0].start) + 1
    last = text.find("\n", max(change.end for change in ordered))
    kept = len(text) - (len(text) if last < 0 else last)
    return TextEdit(
        span=Span(start=start, end=len(text) - kept),
        old_text=text[start : len(text) - kept],
        new_text=new[start : len(new) - kept],
    )


def indent_at(text: str, offset: int) -> str:
    """Return the indentation of the line that holds ``offset``."""
    match = re.compile(r"[ \t]*").match(text, text.rfind("\n", 0, offset) + 1)
    return match[0] if match else ""


def _begins_line(text: str, offset: int) -> bool:
    return not text[text.rfind("\n", 0, offset) + 1 : offset].strip()


def _import(tree: Tree, listed: tree_sitter.Node, path: str) -> Change:
    """Put an import where the alphabet has it among those before the first blank line."""
    for spec in listed.named_children:
        if spec.type == "import_spec":
            named = spec.child_by_field_name("path")
            own = tree.text_of(named).strip('"`') if named is not None else ""
            start = tree.offset(spec.start_byte)
            if path < own and "." not in path:
                return insertion(start, f'"{path}"\n{indent_at(tree.text, start)}')
            nearest = spec
            following = spec.next_named_sibling
            is_last = following is None or following.start_point[0] > spec.end_point[0] + 1
            if is_last:
                end = tree.offset(nearest.end_byte)
                return insertion(end, f'\n{indent_at(tree.text, start)}"{path}"')
    return insertion(tree.offset(listed.start_byte) + 1, f'\n\t"{path}"\n')
