"""Which functions of a text in a language with braces a question is about, Go among them.

And where in them a statement stands: under which condition, in which ``try``. What statements mean
is ``go_syntax``' and ``plain``'s business.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_scopes import CodeScope
from ducktypist.facts.code_wording import named, one_line, under
from ducktypist.syntax import braces
from ducktypist.syntax.brace_languages import BRACE_LANGUAGES
from ducktypist.syntax.parse import Node, Tree

_GO_FUNCTIONS = frozenset({"function_declaration", "method_declaration"})
_NESTED = frozenset(
    {"func_literal", "arrow_function", "function_expression", "generator_function"}
    | {"lambda_expression", "closure_expression", "class_body", "class_declaration"}
    | {"function_declaration", "function_item", "function_definition", "method_definition"}
    | {"method_declaration", "generator_function_declaration", "class_specifier"}
)
_IFS = frozenset({"if_statement", "if_expression"})
_CASES = frozenset(
    {"expression_case", "type_case", "communication_case", "switch_case", "case_statement"}
    | {"match_arm", "switch_rule", "switch_block_statement_group"}
)
_CASE_FIELDS = ("value", "pattern", "type", "communication")
_MAX_CONDITION_CHARACTERS = 60
_MAX_SCOPES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class BraceScope(CodeScope):
    """One function, or what stands outside of all functions."""

    @property
    def is_function(self) -> bool:
        """Whether it is a function and not the file."""
        return self.node.parent is not None

    def nodes(self) -> list[Node]:
        """Return the nodes of its body, without those of functions and classes in it."""
        return _own_nodes(self)


def brace_scopes(tree: Tree, span: Span) -> tuple[BraceScope, ...]:
    """Return what a region is about: the named function around it, or else those in it."""
    asked = span.of(tree.text)
    start = span.start + len(asked) - len(asked.lstrip())
    end = max(start, span.start + len(asked.rstrip()))
    inside = []
    around = None
    for node in tree.nodes(_function_types(tree)):
        name = _name(tree, node)
        if not name:
            continue
        scope = BraceScope(tree=tree, node=node, span=span, name=name)
        first, last = tree.offset(node.start_byte), tree.offset(node.end_byte)
        if _begins(tree, node) <= start and end <= last:
            around = scope
        elif first < end and start < last:
            inside.append(scope)
    if around is not None:
        return (around,)
    whole = BraceScope(tree=tree, node=tree.root, span=span, name="")
    return (whole, *inside[:_MAX_SCOPES])


def brace_condition(scope: BraceScope, node: Node) -> str:
    """Return under which conditions a statement is reached, as its own place shows them.

    ``when n < 0``, ``unless ok``, ``in the case 1``; the empty string for none. Earlier statements
    that leave the function are not looked at.
    """
    found = []
    child, parent = node, node.parent
    while parent is not None and child != scope.node:
        said = ""
        if parent.type in _IFS:
            said = _of_if(scope, parent, child)
        elif parent.type in _CASES:
            said = _of_case(scope, parent)
        elif parent.type in {"default_case", "switch_default"}:
            said = "in any other case"
        elif parent.type == "catch_clause":
            said = "when something was caught"
        if said:
            found.append(said)
        child, parent = parent, parent.parent
    return under(found)


def ranked(
    scopes: tuple[BraceScope, ...],
    span: Span,
    collect: Callable[[BraceScope], Iterator[Fact]],
    *,
    n_of_a_kind: int = 3,
) -> Iterator[Fact]:
    """Yield the facts of several scopes: those of the region first, kinds in turn."""
    inside, around = [], []
    is_of_several = sum(scope.is_function for scope in scopes) > 1
    for scope in scopes:
        for found in collect(scope):
            fact = named(found) if is_of_several else found
            own = fact.span
            is_asked = own is not None and own.start < span.end and span.start < own.end
            if is_asked:
                inside.append(fact)
            elif scope.is_function:
                around.append(fact)
    kinds = (FactKind.RAISES, FactKind.RETURNS, FactKind.EFFECT)
    # A mistake elsewhere in the function is not what one asks about.
    orders = ((FactKind.FINDING, *kinds), (*kinds, FactKind.FINDING))
    for facts, order in zip((inside, around), orders, strict=True):
        unique = list({(fact.kind, fact.text): fact for fact in facts}.values())
        by_kind = [[fact for fact in unique if fact.kind is kind] for kind in order]
        for of_kind in by_kind:
            yield from of_kind[:n_of_a_kind]
        for of_kind in by_kind:
            yield from of_kind[n_of_a_kind:]


def _of_if(scope: BraceScope, statement: Node, child: Node) -> str:
    test = statement.child_by_field_name("condition")
    if test is None:
        return ""
    shown = _bare(scope.text(test))
    is_elsewhere = _is_else_if(statement)
    if child == statement.child_by_field_name("consequence"):
        return f"when {shown}{' and nothing above holds' if is_elsewhere else ''}"
    if child == statement.child_by_field_name("alternative") and not _holds_if(child):
        return "when nothing above holds" if is_elsewhere else f"unless {shown}"
    return ""


def _is_else_if(statement: Node) -> bool:
    parent = statement.parent
    if parent is not None and parent.type == "else_clause":
        return True
    return (
        parent is not None
        and parent.type in _IFS
        and parent.child_by_field_name("alternative") == statement
    )


def _holds_if(alternative: Node) -> bool:
    if alternative.type in _IFS:
        return True
    only = alternative.named_children[0] if alternative.named_child_count == 1 else None
    return alternative.type == "else_clause" and only is not None and only.type in _IFS


def _of_case(scope: BraceScope, case: Node) -> str:
    label = next(
        (found for name in _CASE_FIELDS if (found := case.child_by_field_name(name))), None
    )
    label = label or next((one for one in case.children if one.type == "switch_label"), None)
    # Rust's arm has a pattern and a value.
    if case.type == "match_arm":
        label = case.child_by_field_name("pattern")
    shown = scope.text(label).removeprefix("case ") if label is not None else ""
    if shown in {"", "default", "_"}:
        return "in any other case"
    return f"in the case {_bare(shown)}"


def _bare(condition: str) -> str:
    shown = condition.strip()
    if shown.startswith("(") and shown.endswith(")") and _is_one_pair(shown):
        shown = shown[1:-1].strip()
    return one_line(shown, n_at_most=_MAX_CONDITION_CHARACTERS)


def _is_one_pair(text: str) -> bool:
    depth = 0
    for index, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not depth:
            return index == len(text) - 1
    return False


def _function_types(tree: Tree) -> frozenset[str]:
    if tree.language == "go":
        return _GO_FUNCTIONS
    table = BRACE_LANGUAGES.get(tree.language)
    return table.functions | table.unnamed if table is not None else frozenset()


def _name(tree: Tree, node: Node) -> str:
    if tree.language == "go":
        name = node.child_by_field_name("name")
        return tree.text_of(name) if name is not None else ""
    own = braces.own_name(tree, BRACE_LANGUAGES[tree.language], node)
    return own[-1] if own else ""


def _begins(tree: Tree, node: Node) -> int:
    """Return where a function begins, its comment and what binds it included."""
    table = BRACE_LANGUAGES.get(tree.language)
    outer = braces.outermost(table, node) if table is not None else node
    before = outer.prev_sibling
    while before is not None and "comment" in before.type:
        outer, before = before, before.prev_sibling
    return tree.offset(outer.start_byte)


@functools.lru_cache(maxsize=16)
def _own_nodes(scope: BraceScope) -> list[Node]:
    found: list[Node] = []
    stack = list(reversed(scope.body.children))
    while stack:
        node = stack.pop()
        if node.type in _NESTED:
            continue
        found.append(node)
        stack.extend(reversed(node.children))
    return found
