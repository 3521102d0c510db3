"""One function of a text, or what stands outside of all: what scopes of every language share.

Which functions a question is about, and what counts as theirs, each language's own module says.
"""

from __future__ import annotations

from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import one_line
from ducktypist.syntax.parse import Node, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScope:
    """One function, or what stands outside of all functions."""

    tree: Tree
    node: Node
    """A function, or the root."""
    span: Span
    """The part that is asked about."""
    name: str
    """The function's own name; empty for the file."""

    @property
    def body(self) -> Node:
        """What it consists of."""
        return self.node.child_by_field_name("body") or self.node

    def text(self, node: Node) -> str:
        """Return a node's source as one line."""
        return " ".join(self.tree.text_of(node).split())

    def field(self, node: Node, name: str) -> str:
        """Return the source of one of a node's fields as one line, empty when it has none."""
        found = node.child_by_field_name(name)
        return self.text(found) if found is not None else ""

    def fact(
        self, kind: FactKind, node: Node, *, subject: str, said: str, names: tuple[str, ...] = ()
    ) -> Fact:
        """Return a fact of which this very code is the source."""
        return Fact(
            kind=kind,
            subject=subject,
            text=one_line(said),
            source="the code",
            of=self.name,
            names=names,
            detail=one_line(self.text(node), n_at_most=300),
            span=self.tree.span(node),
        )
