"""Finds where a Go text looks at a variable and changes it later, without one lock over both.

No race detector reports that: each step may be guarded and the two together not.
"""

from __future__ import annotations

import tree_sitter

from ducktypist.syntax.go_declared import FUNCTIONS, enclosing
from ducktypist.syntax.go_scopes import GoFile, Use, Variable
from ducktypist.syntax.race.locks import held_at

_AT_ONCE = (".CompareAndSwap(", ".Swap(", "atomic.CompareAndSwap", "atomic.Swap", ".LoadOrStore(")
_HEADS = ("condition", "initializer", "value")
_CHECKS = frozenset({"if_statement", "expression_switch_statement"})


def torn_apart(before: str, after: str, variable: Variable) -> tuple[str, ...]:
    """Return the functions that check a variable and change it, and now do so in two steps.

    Args:
        before: The text in which the variable raced.
        after: The text with the patch; a lock that covers the change has to cover a check, too.
        variable: The variable, as the text before has it.
    """
    old, new = GoFile.of(before), GoFile.of(after)
    if old is None or new is None:
        return ()
    found = []
    for name in dict.fromkeys(old.name_of(node) for node in old.functions()):
        uses = _uses(old, name, variable)
        writes = [use for use in uses if use.strength and held_at(old, use.node) is None]
        if not any(_is_check(use) and _is_before(use, write) for use in uses for write in writes):
            continue
        later = _uses(new, name, variable)
        if any(_is_lone(new, use, later) for use in later if use.strength):
            found.append(name)
    return tuple(found)


def _is_lone(file: GoFile, write: Use, uses: list[Use]) -> bool:
    """Tell whether a write follows a check and is in no region with one."""
    if _is_at_once(file, write.node):
        return False
    # What was looked at may have a name by now, and the condition ask for that.
    checks = [
        use
        for use in uses
        if not use.strength
        and _is_before(use, write)
        and statement_of(use.node) != statement_of(write.node)
    ]
    if not checks:
        return False
    held = held_at(file, write.node)
    regions = [held_at(file, use.node) for use in checks]
    return held is None or all(one is None or one.call != held.call for one in regions)


def _uses(file: GoFile, function: str, variable: Variable) -> list[Use]:
    key = (variable.kind, variable.name, variable.owner)
    return [
        use
        for use in file.uses()
        if (use.variable.kind, use.variable.name, use.variable.owner) == key
        and file.name_of(use.function) == function
    ]


def _is_check(use: Use) -> bool:
    """Tell whether a use stands where a condition does."""
    node, parent = use.node, use.node.parent
    while parent is not None and parent.type not in FUNCTIONS:
        if parent.type in _CHECKS:
            heads = [parent.child_by_field_name(name) for name in _HEADS]
            return not use.strength and any(node == head for head in heads if head is not None)
        node, parent = parent, parent.parent
    return False


def _is_before(check: Use, write: Use) -> bool:
    is_same = enclosing(check.node, FUNCTIONS) == enclosing(write.node, FUNCTIONS)
    return is_same and check.node.end_byte <= write.node.start_byte


def statement_of(node: tree_sitter.Node) -> tree_sitter.Node:
    """Return the innermost statement that a node lies in."""
    while node.parent is not None and node.parent.type != "statement_list":
        node = node.parent
    return node


def _is_at_once(file: GoFile, node: tree_sitter.Node) -> bool:
    text = file.tree.text_of(statement_of(node))
    return any(word in text for word in _AT_ONCE)
