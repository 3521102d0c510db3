"""What the operators of mutation stand on: one function's nodes, and how a change is proposed.

No operator is here and nothing is checked: a proposal may be nonsense. ``mutations`` sorts it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.syntax.lines import LineTable, indent_of, indent_unit, newline_style
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import Node, Tree, walk

_ATOMS = frozenset(
    {
        "identifier",
        "call",
        "call_expression",
        "attribute",
        "selector_expression",
        "subscript",
        "index_expression",
        "slice_expression",
        "integer",
        "int_literal",
        "float",
        "float_literal",
        "string",
        "interpreted_string_literal",
        "parenthesized_expression",
        "list",
        "tuple",
        "dictionary",
        "set",
        "list_comprehension",
        "true",
        "false",
        "none",
        "nil",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One change that an operator proposes."""

    span: Span
    new_text: str
    operator: str
    weight: float
    """How probable it is that the faulty code is one such change away, 0 to 1. Only the order
    matters; the numbers are a summary of what studies of small bug fixes count (ManySStuBs4J,
    Karampatsis and Sutton, MSR 2020) and of planted bugs."""
    what: str = ""
    """For a person, when old and new text do not say it."""
    at: int | None = None
    """The code point whose line the change is counted on, when that is not the span's start."""


def first_of(node: Node | None) -> Node | None:
    """Return the first named node inside of one, None when there is none."""
    return node.named_child(0) if node is not None and node.named_child_count else None


class Ground:
    """One function of one text, with the nodes of its body in source order."""

    def __init__(self, tree: Tree, table: LineTable, function: FunctionRegion) -> None:
        self.tree = tree
        self.table = table
        self.function = function
        self.text = tree.text
        self.newline = newline_style(tree.text)
        self.unit = indent_unit(tree.text, "\t" if tree.language == "go" else "    ")
        name = tree.at(function.name_span.start)
        self.definition = name.parent if name.parent is not None else tree.root
        start = tree.byte(function.body.start)
        self.nodes = [node for node in walk(self.definition) if start <= node.start_byte]
        self._sources: dict[int, str] = {}

    def source(self, node: Node | None) -> str:
        """Return a node's text, empty for none."""
        if node is None:
            return ""
        found = self._sources.get(node.id)
        if found is None:
            found = self._sources[node.id] = self.tree.text_of(node)
        return found

    def span(self, node: Node) -> Span:
        """Return the code points of a node."""
        return self.tree.span(node)

    def replace(
        self, node: Node, new_text: str, operator: str, weight: float, what: str = ""
    ) -> Proposal:
        """Propose another text for a node."""
        return Proposal(
            span=self.span(node), new_text=new_text, operator=operator, weight=weight, what=what
        )

    def insert(
        self, offset: int, new_text: str, operator: str, weight: float, what: str = ""
    ) -> Proposal:
        """Propose something that is added."""
        span = Span(start=offset, end=offset)
        return Proposal(span=span, new_text=new_text, operator=operator, weight=weight, what=what)

    def enclosed(self, node: Node) -> str:
        """Return a node's text, in parentheses when it may fall apart inside an expression."""
        source = self.source(node)
        return source if node.type in _ATOMS else f"({source})"

    def swapped(self, one: Node, other: Node) -> tuple[Span, str]:
        """Return the span from one node to a later one's end, and its text with both swapped."""
        first, second = self.span(one), self.span(other)
        between = self.text[first.end : second.start]
        new = second.of(self.text) + between + first.of(self.text)
        return Span(start=first.start, end=second.end), new

    def first_line(self, node: Node) -> int:
        """Return the 0-based line on which a node begins."""
        return self.table.line_of(self.tree.offset(node.start_byte))

    def last_line(self, node: Node) -> int:
        """Return the 0-based line on which a node ends."""
        return self.table.line_of(self.tree.offset(node.end_byte))

    def indent(self, node: Node) -> str:
        """Return the indentation of the line on which a node begins."""
        return indent_of(self.table.text(self.first_line(node)))

    def has_own_lines(self, node: Node) -> bool:
        """Tell whether nothing but a comment shares the lines of a node."""
        span = self.span(node)
        begins = self.table.content(self.table.line_of(span.start)).start == span.start
        rest = span.end, self.table.span(self.table.line_of(span.end)).end
        after = self.text[slice(*rest)].strip()
        return begins and (not after or after.startswith(("#", "//")))

    def lines_span(self, node: Node) -> Span:
        """Return the whole lines of a node with indentation and last line break."""
        first, last = self.first_line(node), self.last_line(node)
        return Span(start=self.table.span(first).start, end=self.table.full_span(last).end)

    def ancestors(self, node: Node) -> Iterator[Node]:
        """Yield what a node is inside of, up to the function's definition, the innermost first."""
        current = node.parent
        while current is not None and current != self.definition:
            yield current
            current = current.parent

    def inside(self, node: Node, *types: str) -> Node | None:
        """Return the innermost enclosing node of certain types."""
        return next((one for one in self.ancestors(node) if one.type in types), None)
