"""What the syntax of Go code shows: results and errors, panics, goroutines, channels, effects.

Pure functions of text. Packages are known by the file's imports; what a function that is called
from here does is not known, so that no fact does not mean no effect. Signatures of the standard
library are ``go_doc``'s business.
"""

from __future__ import annotations

from collections.abc import Iterator

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.brace_scopes import BraceScope, brace_condition, brace_scopes, ranked
from ducktypist.facts.code_calls import calls_of_this_file
from ducktypist.facts.code_wording import one_line, shortlist
from ducktypist.facts.go_effects import go_effects, receiver
from ducktypist.syntax.parse import Node, parse

_MAX_SHOWN = 60
_N_CALLS = 5


def go_facts(text: str, span: Span) -> tuple[Fact, ...]:
    """Return what is known of a region of Go code, and of the function around it.

    Args:
        text: The whole file; broken code gives fewer facts.
        span: The region.
    """
    tree = parse(text, "go")
    if tree is None or not span.of(text).strip():
        return ()
    scopes = brace_scopes(tree, span)
    calls = list(calls_of_this_file(tree, span, methods_of=_receivers(scopes)))
    return shortlist([*calls[:_N_CALLS], *ranked(scopes, span, _of)])


def _of(scope: BraceScope) -> Iterator[Fact]:
    yield from _results(scope)
    yield from go_effects(scope)


def _results(scope: BraceScope) -> Iterator[Fact]:
    if not scope.is_function:
        return
    result = scope.node.child_by_field_name("result")
    name = scope.node.child_by_field_name("name") or scope.node
    returns = [one for one in scope.nodes() if one.type == "return_statement"]
    kind = FactKind.RETURNS
    if result is None:
        said = "returns nothing"
        yield scope.fact(kind, name, subject=scope.name, said=said)
        return
    for statement in returns:
        condition = brace_condition(scope, statement)
        value = statement.named_children[0] if statement.named_child_count else None
        if value is None:
            named = _named_results(scope, result)
            said = f"returns its named results {', '.join(named)}" if named else "returns"
        else:
            said = f"returns {one_line(scope.text(value), n_at_most=_MAX_SHOWN)}"
        yield scope.fact(kind, statement, subject=scope.name, said=f"{said} {condition}".rstrip())
    said = f"its signature says that it returns {scope.text(result)}"
    yield scope.fact(kind, result, subject=scope.name, said=said)


def _named_results(scope: BraceScope, result: Node) -> list[str]:
    return [
        scope.text(name)
        for one in result.named_children
        for name in one.children_by_field_name("name")
    ]


def _receivers(scopes: tuple[BraceScope, ...]) -> frozenset[str]:
    return frozenset(name for scope in scopes if len(scopes) == 1 for name in receiver(scope))
