"""Text that lacks closing braces, read as if it had them; for functions that are being typed.

Where a brace lacks follows from indentation: what stands no deeper than the header of an open
block is not in it. The brace takes the place of a line break there, so that offsets stay the same.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import tree_sitter

from ducktypist.domain import Span
from ducktypist.syntax.lines import LineTable, column_of, indent_of
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Tree, parse

MAX_ADDED = 8
_BRACES = frozenset({"{", "}", "${"})
_BRACKETS = frozenset("()[]")
_CLOSING = frozenset({")", "]"})
_PARTNER = {")": "(", "]": "["}
_BRACES_COUNTED = {"{": 1, "${": 1, "}": -1}
_WITH_SEMICOLONS = frozenset({"c", "cpp", "java"})
_HEADS_BLOCK = re.compile(r"(?:\)|\b(?:else|do|try|const|noexcept|override|final))\s*$")
_HEAD_CHARACTERS = 16
_MEMBERS = frozenset({".", "->", "::", "?."})
_NO_NAME = re.compile(r"[ \t]*(?:\r?\n[ \t]*)?(?:[)}\]]|\r?\n|$)")
_NOT_OUTSIDE = re.compile(r"[})\]#*]|/\*|//|\w[\w\s]*:(?!:)|case\b|default\b|[{]")
"""What may stand as far left as a block's header and still be in the block."""
_ABOVE = re.compile(r"//|/?\*|@|#\[|\[\[")
"""What belongs to the definition below it."""
_UNINDENTED = re.compile(r"\b(?:namespace|module|mod)\b|\bextern\s*\"")
_COMMENT = re.compile(r"//|/?\*")
_HEADER_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A tree with the braces that its text lacks."""

    tree: Tree
    added: frozenset[int]
    """Where the braces stand that are not in the text."""
    n_characters: int
    """How long the text is without those at its end."""

    @staticmethod
    def of(tree: Tree) -> Closed:
        """Return a tree whose text lacks nothing."""
        return Closed(tree=tree, added=frozenset(), n_characters=len(tree.text))

    def without(self, region: FunctionRegion) -> FunctionRegion:
        """Return a region as it stands in the text without the added braces."""
        end = self.n_characters

        def cut(span: Span) -> Span:
            return Span(start=min(span.start, end), end=min(span.end, end))

        return dataclasses.replace(
            region, span=cut(region.span), body=cut(region.body), signature=cut(region.signature)
        )


def closed(tree: Tree) -> Closed | None:
    """Return the tree of what the text would be with its functions whole; None when they are.

    Only of a text with errors. Braces are added when it opens more than it closes. What follows
    another bracket that is never closed, and a dot behind which the name is yet to be typed, is
    taken for the end of its statement.
    """
    if not tree.root.has_error:
        return None
    repair = _Repair(tree)
    if not repair.is_needed:
        return None
    repaired = parse(repair.text(), tree.language)
    if repaired is None:
        return None
    return Closed(tree=repaired, added=frozenset(repair.added), n_characters=len(tree.text))


def whole(tree: Tree) -> Tree:
    """Return the tree of what the text would be with its functions whole; often ``tree``.

    Offsets are the same, but its text may end later.
    """
    repaired = closed(tree)
    return tree if repaired is None else repaired.tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A bracket that nothing has closed so far."""

    mark: str
    start: int
    column: int
    """Where the header of its block begins; -1 when that says nothing."""


class _Repair:
    """What to change in a text for its brackets to match."""

    def __init__(self, tree: Tree) -> None:
        self.added: list[int] = []
        """Where braces are to stand that the text lacks."""
        self._tree = tree
        self._lines = LineTable(tree.text)
        self._blanked = _dangling(tree)
        self._end = ""
        self._closers: list[int] = []
        self._ends: list[int] = []
        self._open: list[_Open] = []
        self._begin = 0
        """Where the statement or header begins that one is in."""
        marks = _BRACES if tree.language == "bash" else _BRACES | _BRACKETS | {";"}
        tokens = [node for node in tree.tokens(marks) if not node.is_missing]
        n_more = sum(_BRACES_COUNTED.get(node.type, 0) for node in tokens)
        self._n_missing = n_more if 0 < n_more <= MAX_ADDED else 0
        self._read([(tree.offset(node.start_byte), node) for node in tokens])

    @property
    def is_needed(self) -> bool:
        """Whether anything is to be changed."""
        return bool(self._blanked or self.added or self._ends)

    def text(self) -> str:
        """Return the changed text; what was in the old one has the same offset."""
        characters = list(self._tree.text)
        for start, end in self._blanked:
            for place in range(start, end):
                if characters[place] not in "\r\n":
                    characters[place] = " "
            characters[start] = ";"
        for place in self._closers:
            characters[place] = ")"
        for place in self._ends:
            characters[place] = ";"
        for place in self.added:
            if place < len(characters):
                characters[place] = "}"
        return "".join(characters) + self._end

    def _read(self, marks: list[tuple[int, tree_sitter.Node]]) -> None:
        position = 0
        for line in range(len(self._lines)):
            if self._n_missing > len(self.added) and self._open:
                self._look_at(line)
            while position < len(marks) and marks[position][0] <= self._lines.span(line).end:
                self._take(*marks[position])
                position += 1
        self._close_at_end()

    def _look_at(self, line: int) -> None:
        """Close what a line cannot be in, judged by indentation."""
        content = self._lines.content(line)
        block = self._innermost()
        if block is None or not len(content):
            return
        column = column_of(indent_of(self._lines.text(line)))
        if block.column < column or not _begins(self._tree, self._lines, line):
            return
        while block is not None and block.column >= column and len(self.added) < self._n_missing:
            place = _place(self._tree, self._lines, line, [*self.added, *self._closers])
            if place is None:
                break
            while self._open[-1] is not block:
                self._blanked.append((self._open.pop().start, place))
            self._end_statement(self._open.pop(), place)
            self.added.append(place)
            while self._open and self._open[-1].mark in _BRACKETS:
                taken = [*self.added, *self._closers]
                place = _place(self._tree, self._lines, line, taken)
                if place is None:
                    return
                self._closers.append(place)
                self._open.pop()
            block = self._innermost()

    def _take(self, start: int, node: tree_sitter.Node) -> None:
        mark = node.type
        if mark in _BRACKETS - _CLOSING:
            self._open.append(_Open(mark=mark, start=start, column=-1))
        elif mark in {"{", "${"}:
            self._open.append(_Open(mark=mark, start=start, column=self._column(start)))
        elif mark == "}":
            while self._open and self._open[-1].mark in _BRACKETS:
                self._blanked.append((self._open.pop().start, start))
            if self._open:
                self._end_statement(self._open.pop(), start)
        elif self._open and self._open[-1].mark == _PARTNER.get(mark):
            self._open.pop()
        if mark not in _BRACKETS and (not self._open or self._open[-1].mark not in _BRACKETS):
            self._begin = start + 1

    def _column(self, brace: int) -> int:
        """Return the column of the line that a block's header begins on."""
        header = self._tree.text[self._begin : brace]
        if _UNINDENTED.search(header[:_HEADER_CHARACTERS]):
            return -1
        last = self._lines.line_of(brace)
        column = column_of(indent_of(self._lines.text(last)))
        for line in range(self._lines.line_of(self._begin), last):
            content = self._lines.content(line)
            is_code = content.start >= self._begin and len(content)
            if is_code and not _COMMENT.match(content.of(self._tree.text)):
                return min(column, column_of(indent_of(self._lines.text(line))))
        return column

    def _close_at_end(self) -> None:
        text = self._tree.text
        semicolon = ";" if self._tree.language in _WITH_SEMICOLONS else ""
        while self._open and len(self.added) < self._n_missing:
            one = self._open.pop()
            if one.mark in _BRACKETS and not self._end:
                self._blanked.append((one.start, len(text)))
            elif one.mark in _BRACKETS:
                self._end += ")" if one.mark == "(" else "]"
            else:
                # One too many does no harm; a class and a call's statement need theirs.
                self._end += "\n" + semicolon
                self.added.append(len(text) + len(self._end))
                self._end += "}"
        self._end += semicolon if self._end else ""

    def _end_statement(self, block: _Open, end: int) -> None:
        """End the last statement of a block; without that, C's grammar loses the function."""
        text = self._tree.text
        if self._tree.language not in _WITH_SEMICOLONS or not _HEADS_BLOCK.search(
            text, max(0, block.start - _HEAD_CHARACTERS), block.start
        ):
            return
        last = end
        while last > block.start + 1 and text[last - 1].isspace():
            last -= 1
        line = self._lines.span(self._lines.line_of(last))
        is_ended = text[last - 1] in ";{}:,/\\" or "//" in line.of(text) or "#" in line.of(text)
        if last < end and not is_ended:
            self._ends.append(last)

    def _innermost(self) -> _Open | None:
        blocks = (one for one in reversed(self._open) if one.mark not in _BRACKETS)
        return next(blocks, None)


def _dangling(tree: Tree) -> list[tuple[int, int]]:
    """Return the dots and arrows behind which no name stands yet."""
    if tree.language == "bash":
        return []
    spans = [tree.span(node) for node in tree.tokens(_MEMBERS)]
    return [(s.start, s.end) for s in spans if len(s) and _NO_NAME.match(tree.text, s.end)]


def _begins(tree: Tree, lines: LineTable, line: int) -> bool:
    """Tell whether a line begins something, rather than going on with a string or a comment."""
    content = lines.content(line)
    if _NOT_OUTSIDE.match(content.of(tree.text)):
        return False
    node: tree_sitter.Node | None = tree.at(content.start)
    while node is not None and tree.offset(node.start_byte) >= lines.span(line).start:
        node = node.parent
    return node is None or not any(kind in node.type for kind in ("string", "comment", "heredoc"))


def _place(tree: Tree, lines: LineTable, line: int, taken: list[int]) -> int | None:
    """Return a character above ``line``, and above the comments on it, that no code needs."""
    indent = indent_of(lines.text(line))
    while line > 0 and not lines.is_blank(line - 1):
        above = lines.text(line - 1)
        if not _ABOVE.match(above.strip()) or len(indent_of(above)) < len(indent):
            break
        line -= 1
    first = line
    while first > 0 and lines.is_blank(first - 1):
        first -= 1
    # Go and shells want a line break behind the brace, so the last one above is the last choice.
    blank = [lines.span(number) for number in range(line - 1, first - 1, -1)]
    places = [span.start for span in blank if len(span)]
    places += [span.start for span in blank[1:] if not len(span)]
    if tree.language != "bash" and blank and first > 0 and "//" not in lines.text(first - 1):
        places.append(lines.span(first - 1).end)
    if tree.language not in {"bash", "go"}:
        places += [span.start for span in blank[:1] if not len(span)]
    return next((place for place in places if place not in taken), None)
