"""What the syntax of Python code shows: raises, returns, effects and known mistakes.

Pure functions of text. What is called from there is ``python_names``' business, and nothing is
said of what a called function does in turn.
"""

from __future__ import annotations

import contextlib

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.code_wording import MAX_FACTS, named, shortlist
from ducktypist.facts.python_effects import effects
from ducktypist.facts.python_findings import findings
from ducktypist.facts.python_raises import raised
from ducktypist.facts.python_returns import returned
from ducktypist.facts.python_scopes import Scope, scopes
from ducktypist.syntax.parse import parse

_ORDER = (FactKind.FINDING, FactKind.RAISES, FactKind.RETURNS, FactKind.EFFECT)
_ORDER_AROUND = (FactKind.RAISES, FactKind.RETURNS, FactKind.EFFECT, FactKind.FINDING)
_MAX_OF_A_KIND = 3


def python_facts(text: str, span: Span) -> tuple[Fact, ...]:
    """Return what is known of a region of Python code, and of the function around it.

    What stands in the region comes first; within that known mistakes, then raised exceptions, what
    is returned, and effects. Mistakes elsewhere in the function come last. At most 12, at most 3 of
    one kind while another has more to say. Where the region holds several functions, each fact
    begins with its function's name. Broken code gives fewer. Reads nothing but ``text``.

    Args:
        text: The whole file.
        span: The region: a statement, a function, a selection.
    """
    tree = parse(text, "python")
    if tree is None or not span.of(text).strip():
        return ()
    inside: list[Fact] = []
    around: list[Fact] = []
    asked = scopes(tree, span)
    is_of_several = sum(scope.is_function for scope in asked) > 1
    for scope in asked:
        for found in _of(scope):
            fact = named(found) if is_of_several else found
            is_asked = fact.span is not None and _overlap(fact.span, span)
            if is_asked:
                inside.append(fact)
            elif scope.is_function:
                around.append(fact)
    return shortlist([*_ranked(inside, _ORDER), *_ranked(around, _ORDER_AROUND)])


def _of(scope: Scope) -> list[Fact]:
    facts: list[Fact] = []
    # Statements nested hundreds deep are nothing that anybody wrote.
    with contextlib.suppress(RecursionError):
        for collect in (findings, raised, effects, returned):
            facts += collect(scope)
    return facts


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _ranked(facts: list[Fact], order: tuple[FactKind, ...]) -> list[Fact]:
    """Return facts by kind, those beyond the third of a kind behind all others."""
    unique = shortlist(facts, n_at_most=len(facts))
    by_kind = [[fact for fact in unique if fact.kind is kind] for kind in order]
    if len(unique) <= MAX_FACTS:
        return [fact for facts_of_kind in by_kind for fact in facts_of_kind]
    first = [fact for facts_of_kind in by_kind for fact in facts_of_kind[:_MAX_OF_A_KIND]]
    rest = [fact for facts_of_kind in by_kind for fact in facts_of_kind[_MAX_OF_A_KIND:]]
    return [*first, *rest]
