"""Which statements of a Go function to hold a lock over, given what has to be guarded in it.

It answers where; ``locks`` says which lock, ``recipes`` makes edits of both.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter

from ducktypist.syntax.go_declared import FUNCTIONS, enclosing
from ducktypist.syntax.go_scopes import GoFile, Use

LOOPS = frozenset({"for_statement"})
_JUMPS = frozenset({"break_statement", "continue_statement", "goto_statement"})
_JUMPED = frozenset(
    {"for_statement", "expression_switch_statement", "type_switch_statement", "select_statement"}
)
_WAITING_CALLS = ("time.Sleep", "runtime.Gosched")
_AT_ONCE = ("sort.", "slices.", "maps.", "strings.")
_SYNCHRONOUS_METHODS = frozenset({"Do", "Range"})


class Grain(enum.StrEnum):
    """How much to hold a lock over."""

    WIDE = "wide"
    """From the first to the last statement that touches what is guarded: check and act together."""
    NARROW = "narrow"
    """Only the statements that touch it."""
    WHOLE = "whole"
    """The whole function."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Neighbouring statements to hold a lock over."""

    statements: tuple[tree_sitter.Node, ...]
    uses: tuple[Use, ...]
    is_deferred: bool
    """Let go when the function returns, and not after the last statement."""
    exits: tuple[tree_sitter.Node, ...] = ()
    """Statements that leave the region early; the lock is let go before them."""


def thread_function(file: GoFile, node: tree_sitter.Node) -> tree_sitter.Node | None:
    """Return the function whose calls ``node`` belongs to: what runs it at once is looked through.

    A literal that is called on the spot, or handed to something that calls it before it returns,
    belongs to the function around it.
    """
    function = enclosing(node, FUNCTIONS)
    while (
        function is not None and function.type == "func_literal" and _runs_at_once(file, function)
    ):
        function = enclosing(function, FUNCTIONS)
    return function


def regions(file: GoFile, uses: Sequence[Use], grain: Grain) -> tuple[Region, ...] | None:
    """Return what to hold a lock over in one function so that all of ``uses`` are covered.

    None when it cannot be done with this grain: the statements wait for something meanwhile, or
    leave in a way that would keep the lock.

    Args:
        file: The file.
        uses: Uses with one and the same :func:`thread_function`.
        grain: How much.
    """
    function = thread_function(file, uses[0].node)
    body = function.child_by_field_name("body") if function is not None else None
    if function is None or body is None:
        return None
    chains = [chain_of(use.node, function) for use in uses]
    if not all(chains):
        return None
    if grain is Grain.WHOLE:
        return _whole(file, body, uses)
    if grain is Grain.WIDE:
        found = _wide(file, uses, chains, function)
        return (found,) if found is not None else None
    return _narrow(file, uses, chains, function)


def chain_of(node: tree_sitter.Node, function: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Return the statements around ``node`` up to the function's body, outermost first."""
    found: list[tree_sitter.Node] = []
    current: tree_sitter.Node | None = node
    while current is not None and current != function:
        if current.parent is not None and current.parent.type == "statement_list":
            found.append(current)
        current = current.parent
    return found[::-1]


def inside(
    file: GoFile, node: tree_sitter.Node, *, literals: bool = False
) -> Iterator[tree_sitter.Node]:
    """Yield ``node`` and what lies below it, by default without function literals run later."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack += [
            child
            for child in reversed(current.children)
            if child.type != "func_literal" or literals or _runs_at_once(file, child)
        ]


def waits(file: GoFile, node: tree_sitter.Node) -> bool:
    """Tell whether running ``node`` may mean waiting for another goroutine."""
    return any(is_wait(file, item) for item in inside(file, node))


def is_wait(file: GoFile, node: tree_sitter.Node) -> bool:
    """Tell whether a node, what lies below it not counted, waits for another goroutine."""
    if node.type == "unary_expression":
        return node.children[0].type == "<-"
    if node.type == "range_clause":
        right = node.child_by_field_name("right")
        return right is not None and "chan" in file.type_of(right).split()[:1]
    if node.type == "call_expression":
        called = node.child_by_field_name("function")
        name = file.tree.text_of(called) if called is not None else ""
        return name.endswith(".Wait") or name in _WAITING_CALLS
    return node.type in {"send_statement", "receive_statement", "select_statement"}


def starts_goroutine(file: GoFile, node: tree_sitter.Node) -> bool:
    """Tell whether a node is a ``go`` statement or the call of a method ``Go``."""
    if node.type == "go_statement":
        return True
    called = node.child_by_field_name("function") if node.type == "call_expression" else None
    return called is not None and file.tree.text_of(called).endswith(".Go")


def in_loop(node: tree_sitter.Node, function: tree_sitter.Node) -> bool:
    """Tell whether a node lies in a loop of the function."""
    current = node.parent
    while current is not None and current != function:
        if current.type in LOOPS:
            return True
        current = current.parent
    return False


def _whole(file: GoFile, body: tree_sitter.Node, uses: Sequence[Use]) -> tuple[Region, ...] | None:
    statements = statements_in(body)
    if not statements or any(waits(file, item) for item in statements):
        return None
    if any(starts_goroutine(file, item) for one in statements for item in inside(file, one)):
        return None
    return (Region(statements=statements, uses=tuple(uses), is_deferred=True),)


def _wide(
    file: GoFile,
    uses: Sequence[Use],
    chains: Sequence[Sequence[tree_sitter.Node]],
    function: tree_sitter.Node,
) -> Region | None:
    depth = _common_depth(chains)
    while depth >= 0:
        firsts = sorted((chain[depth] for chain in chains), key=lambda item: item.start_byte)
        listed = firsts[0].parent
        siblings = statements_in(listed) if listed is not None else ()
        run = siblings[siblings.index(firsts[0]) : siblings.index(firsts[-1]) + 1]
        region = _region(file, run, siblings, uses, function)
        if region is not None:
            return region
        depth -= 1
    return None


def _narrow(
    file: GoFile,
    uses: Sequence[Use],
    chains: Sequence[Sequence[tree_sitter.Node]],
    function: tree_sitter.Node,
) -> tuple[Region, ...] | None:
    held: dict[int, tree_sitter.Node] = {}
    for chain in chains:
        # A statement that is covered by one around it is covered.
        if not any(item.id in held for item in chain):
            held = {key: item for key, item in held.items() if not _contains(chain[-1], item)}
            held[chain[-1].id] = chain[-1]
    found: list[Region] = []
    ordered = sorted(held.values(), key=lambda item: item.start_byte)
    while ordered:
        siblings = statements_in(ordered[0].parent) if ordered[0].parent is not None else ()
        run = [ordered.pop(0)]
        while ordered and run[-1].next_named_sibling == ordered[0]:
            run.append(ordered.pop(0))
        inner = [use for use in uses if any(_contains(item, use.node) for item in run)]
        region = _region(file, tuple(run), siblings, inner, function)
        if region is None:
            return None
        found.append(region)
    return tuple(found)


def _region(
    file: GoFile,
    run: tuple[tree_sitter.Node, ...],
    siblings: tuple[tree_sitter.Node, ...],
    uses: Sequence[Use],
    function: tree_sitter.Node,
) -> Region | None:
    """Return a run of statements as a region, None when a lock cannot be held over it."""
    if any(waits(file, item) for item in run):
        return None
    exits = [leaving for item in run for leaving in _leaving(file, item)]
    only_returns = all(item.type == "return_statement" for item in exits)
    ends = run[-1].type == "return_statement"
    if ends and only_returns and not in_loop(run[0], function):
        return Region(statements=run, uses=tuple(uses), is_deferred=True)
    rest = siblings[siblings.index(run[-1]) + 1 :]
    at_top = enclosing(run[0], FUNCTIONS) == function and len(chain_of(run[0], function)) == 1
    if exits and only_returns and at_top and not any(waits(file, item) for item in rest):
        return Region(statements=run, uses=tuple(uses), is_deferred=True)
    spoken_for = {use.node.id for use in uses}
    for item in exits:
        # Its value is computed before the function is left, and would be without the lock.
        if any(node.id in spoken_for for node in inside(file, item, literals=True)):
            return None
    return Region(statements=run, uses=tuple(uses), is_deferred=False, exits=tuple(exits))


def _leaving(file: GoFile, statement: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the statements inside ``statement`` (itself included) that go out of it."""
    for node in inside(file, statement):
        if node.type == "return_statement" and _own(node, statement):
            yield node
        elif node.type in _JUMPS:
            target = node.parent
            while target is not None and target != statement.parent:
                if target.type in _JUMPED and (
                    node.type == "break_statement" or target.type == "for_statement"
                ):
                    break
                target = target.parent
            if target is None or target == statement.parent:
                yield node


def _own(node: tree_sitter.Node, statement: tree_sitter.Node) -> bool:
    """Tell whether a return ends the function that ``statement`` is a part of."""
    return enclosing(node, FUNCTIONS) == enclosing(statement, FUNCTIONS)


def _common_depth(chains: Sequence[Sequence[tree_sitter.Node]]) -> int:
    """Return the deepest level at which all statements stand in one list."""
    depth = 0
    shortest = min(len(chain) for chain in chains)
    while depth + 1 < shortest and len({chain[depth].id for chain in chains}) == 1:
        parents = {chain[depth + 1].parent for chain in chains}
        if len({parent.id for parent in parents if parent is not None}) != 1:
            break
        depth += 1
    return depth


def _runs_at_once(file: GoFile, literal: tree_sitter.Node) -> bool:
    parent = literal.parent
    if parent is None:
        return False
    if parent.type == "call_expression":
        return parent.parent is None or parent.parent.type not in {
            "go_statement",
            "defer_statement",
        }
    if parent.type == "argument_list" and parent.parent is not None:
        called = parent.parent.child_by_field_name("function")
        name = file.tree.text_of(called) if called is not None else ""
        return name.startswith(_AT_ONCE) or name.rpartition(".")[2] in _SYNCHRONOUS_METHODS
    return False


def _contains(outer: tree_sitter.Node, inner: tree_sitter.Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def statements_in(node: tree_sitter.Node) -> tuple[tree_sitter.Node, ...]:
    """Return the statements of a block or statement list, comments left out."""
    found: list[tree_sitter.Node] = []
    for child in [node] if node.type == "statement_list" else node.named_children:
        if child.type == "statement_list":
            found += [item for item in child.named_children if item.type != "comment"]
    return tuple(found)
