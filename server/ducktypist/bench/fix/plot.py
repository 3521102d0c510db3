"""What is planted, where Python's nodes stand in their text, and what may take whose place."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

COMPARISONS: Mapping[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"),
    ast.LtE: ("<", ">="),
    ast.Gt: (">=", "<"),
    ast.GtE: (">", "<="),
    ast.Eq: ("!=", ">="),
    ast.NotEq: ("==",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
}
ARITHMETIC: Mapping[type[ast.operator], tuple[str, ...]] = {
    ast.Add: ("-",),
    ast.Sub: ("+",),
    ast.Mult: ("+", "**"),
    ast.Div: ("*", "//"),
    ast.FloorDiv: ("%", "/"),
    ast.Mod: ("//",),
    ast.Pow: ("*",),
    ast.BitAnd: ("|",),
    ast.BitOr: ("&",),
    ast.BitXor: ("|",),
    ast.LShift: (">>",),
    ast.RShift: ("<<",),
}
WRONG_API: Mapping[str, tuple[str, ...]] = {
    "min": ("max",),
    "max": ("min",),
    "sum": ("len", "max"),
    "any": ("all",),
    "all": ("any",),
    "sorted": ("list",),
    "set": ("list",),
    "ceil": ("floor",),
    "floor": ("ceil",),
    "append": ("extend",),
    "extend": ("append",),
    "strip": ("lstrip", "rstrip"),
    "lstrip": ("rstrip",),
    "rstrip": ("lstrip",),
    "split": ("splitlines",),
    "upper": ("lower", "title"),
    "lower": ("upper",),
    "find": ("rfind",),
    "index": ("count",),
    "count": ("index",),
    "startswith": ("endswith",),
    "endswith": ("startswith",),
    "keys": ("values",),
    "values": ("keys",),
    "items": ("keys",),
    "isdigit": ("isalpha",),
    "isalpha": ("isalnum",),
    "isalnum": ("isalpha",),
    "isupper": ("islower",),
    "islower": ("isupper",),
    "union": ("intersection",),
    "intersection": ("union",),
    "difference": ("intersection",),
    "nlargest": ("nsmallest",),
    "nsmallest": ("nlargest",),
    "add": ("discard",),
    "search": ("match",),
    "match": ("search",),
    "findall": ("split",),
    "combinations": ("permutations",),
    "zip": ("zip_longest",),
    "int": ("float",),
    "round": ("int",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A text with one bug more."""

    text: str
    operator: str
    line: int
    """1-based, where the change begins."""
    function: str
    """Qualified name of the function that holds it."""
    what: str
    """The change in a few words."""


class Plot:
    """A source text and where its nodes stand, in code points."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))

    def at(self, line: int, column_bytes: int) -> int:
        """Return where a place of ``ast`` is: 1-based line, column in bytes of UTF-8."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return self._starts[line - 1] + len(text.encode()[:column_bytes].decode())

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Return where a node begins and ends."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.at(node.lineno, node.col_offset), self.at(end_line, end_column)

    def of(self, node: ast.expr | ast.stmt) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.source[start:end]

    def line_span(self, first: ast.stmt, last: ast.stmt) -> tuple[int, int]:
        """Return whole lines, from the first's indentation to behind the last's break."""
        end = self._starts[min(last.end_lineno or last.lineno, len(self.lines))]
        return self._starts[first.lineno - 1], end

    def stands_alone(self, statement: ast.stmt) -> bool:
        """Tell whether nothing else is on the statement's lines."""
        start, end = self.span(statement)
        line_start, line_end = self.line_span(statement, statement)
        rest = self.source[end:line_end].strip()
        return not self.source[line_start:start].strip() and (not rest or rest[0] == "#")


def short(text: str) -> str:
    """Return a piece of code as a few words of a sentence."""
    shown = " ".join(text.split())
    return f"`{shown[:60]}`" if shown else "nothing"
