"""Which place each command has in its pipeline (POSIX.1-2024, XCU 2.9.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.syntax.parse import Node
from ducktypist.syntax.shell.tree import ShellTree


@dataclass(frozen=True, slots=True, kw_only=True)
class PipePlace:
    """One part of a pipeline."""

    index: int
    n_parts: int
    pipeline: Span


def pipe_places(shell: ShellTree, nodes: Sequence[Node]) -> Mapping[int, PipePlace]:
    """Return the place of each part that is a pipeline's, by the id of its node.

    Args:
        shell: The tree.
        nodes: Nodes of the tree, parents first.
    """
    places: dict[int, PipePlace] = {}
    seen: set[int] = set()
    for node in nodes:
        if node.id in seen or not _is_pipeline(node):
            continue
        parts = _parts(node, seen)
        for index, part in enumerate(parts):
            places[part.id] = PipePlace(index=index, n_parts=len(parts), pipeline=shell.span(node))
    return places


def _is_pipeline(node: Node) -> bool:
    return node.type == "pipeline" or _piped_document(node) is not None


def _parts(node: Node, seen: set[int]) -> list[Node]:
    """Return the parts in order, those behind redirections and here-documents included."""
    seen.add(node.id)
    if node.type == "pipeline":
        return [part for child in node.named_children for part in _parts(child, seen)]
    if node.type == "redirected_statement":
        body = node.child_by_field_name("body")
        parts = _parts(body, seen) if body is not None else []
        piped = _piped_document(node)
        return parts + (_parts(piped, seen) if piped is not None else [])
    return [] if node.type == "comment" else [node]


def _piped_document(node: Node) -> Node | None:
    """Return the pipeline that goes on after the ``<<`` of a here-document."""
    if node.type != "redirected_statement":
        return None
    for child in node.named_children:
        if child.type == "heredoc_redirect":
            for inner in child.named_children:
                if inner.type == "pipeline":
                    return inner
    return None
