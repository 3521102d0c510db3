"""The syntax tree of a shell text, got also where the grammar knows less than bash.

No construct is read here. tree-sitter-bash takes some correct texts for errors, and one error
swallows the commands around it; such places are replaced, for the parser only, by others of the
same length. A part is parsed alone when all of the text has no good tree.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.syntax.parse import Node, Tree, parse, walk

_N_REMEMBERED = 4
"""How many trees are kept: one request asks several questions of one text."""
_READ_WRITE = re.compile(r"<>(?=[^(<>])")
_ORDER_TEST = re.compile(r"(?<=\s)\\[<>](?=\s)")
_EXTENDED_GLOB = re.compile(r"(?<=[?*+@!])\(([^()\s'\"]*)\)")
_HERE_STRING = re.compile(r"<<(?=<)")
_LAST_CASE = re.compile(r";(?:;&|&)(?=\s*(?:#[^\n]*\n\s*)*esac\b)")
_NUMBER_BASE = re.compile(r"(?<=[( =+*/%-])\d\d?#(?=\$)")
_COPROCESS = re.compile(r"\bcoproc(?:[ \t]+[A-Za-z_]\w*)?(?=[ \t]+[{(])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellTree:
    """A tree of a text or of a part of it; its spans are those of the whole text."""

    text: str
    """The whole text."""
    tree: Tree
    offset: int
    """Where what was parsed starts in the whole text."""

    @property
    def root(self) -> Node:
        """The tree's root."""
        return self.tree.root

    def span(self, node: Node) -> Span:
        """Return the code points of ``node`` in the whole text."""
        return self.between(node.start_byte, node.end_byte)

    def between(self, start_byte: int, end_byte: int) -> Span:
        """Return the code points between two bytes of the tree."""
        start = self.offset + self.tree.offset(start_byte)
        return Span(start=start, end=max(start, self.offset + self.tree.offset(end_byte)))

    def text_of(self, node: Node) -> str:
        """Return the source text of ``node``, not what the parser was given."""
        return self.span(node).of(self.text)


def shell_tree(text: str, part: Span) -> ShellTree | None:
    """Return the tree of ``text``, or of ``part`` alone where that is parsed better.

    Args:
        text: A whole shell text.
        part: What the tree is wanted for.
    """
    whole = _best(text)
    if whole is None:
        return None
    if whole.root.has_error and part.start < part.end and len(part) < len(text):
        alone = _best(part.of(text))
        if alone is not None and not alone.root.has_error:
            return ShellTree(text=text, tree=alone, offset=part.start)
    return ShellTree(text=text, tree=whole, offset=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The nodes of a part of a tree with their parents.

    ``Node.parent`` searches from the root each time, which takes long in deeply nested text.
    """

    nodes: tuple[Node, ...]
    """Parents first, in source order."""
    parents: Mapping[int, Node]
    """The parent of each node but the root, by the node's id."""

    def parent(self, node: Node) -> Node | None:
        """Return the parent of one of the nodes."""
        return self.parents.get(node.id)


def lineage(shell: ShellTree, part: Span) -> Lineage:
    """Return the nodes that reach into ``part``; of others neither they nor their children."""
    start = shell.tree.byte(max(0, part.start - shell.offset))
    end = shell.tree.byte(max(0, part.end - shell.offset))
    nodes: list[Node] = []
    parents: dict[int, Node] = {}
    stack = [shell.root]
    while stack:
        node = stack.pop()
        if node.end_byte < start or node.start_byte > end:
            continue
        nodes.append(node)
        if node.child_count:
            children = node.children
            parents.update((child.id, node) for child in children)
            stack.extend(reversed(children))
    return Lineage(nodes=tuple(nodes), parents=parents)


@functools.lru_cache(maxsize=_N_REMEMBERED)
def _best(text: str) -> Tree | None:
    # The grammar takes this keyword for a command, without an error.
    text = _COPROCESS.sub(lambda found: " " * len(found[0]), text)
    tree = parse(text, "bash")
    if tree is None or not tree.root.has_error:
        return tree
    masked = _masked(text)
    other = parse(masked, "bash") if masked != text else None
    if other is None or _n_lost(other) >= _n_lost(tree):
        return tree
    return other


def _masked(text: str) -> str:
    text = _READ_WRITE.sub(">|", text)
    text = _ORDER_TEST.sub("==", text)
    text = _EXTENDED_GLOB.sub(lambda found: f"_{found[1].replace('|', '_')}_", text)
    text = _LAST_CASE.sub(lambda found: ";;".ljust(len(found[0])), text)
    text = _NUMBER_BASE.sub(lambda found: " " * len(found[0]), text)
    return _HERE_STRING.sub("  ", text)


def _n_lost(tree: Tree) -> int:
    """Return how many bytes stand in errors."""
    return sum(
        node.end_byte - node.start_byte + 1
        for node in walk(tree.root)
        if node.type == "ERROR" or node.is_missing
    )
