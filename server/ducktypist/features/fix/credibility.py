"""How credible a patch is beside others that pass the same tests.

Rules of thumb, each of them true more often than not: a small change is likelier than a large one,
a repair names no value of the test, drops no argument, and does not make one answer of many.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.features.fix.case import Case
from ducktypist.features.fix.pool import promise
from ducktypist.features.fix.search import Plausible
from ducktypist.syntax.edits import normal_form
from ducktypist.syntax.regions import function_named
from ducktypist.verify.behaviour import Comparison, Output
from ducktypist.verify.behaviour_clusters import oddities
from ducktypist.verify.guard import literals_of, special_cases

SPECIAL_FACTOR = 0.02
"""What a patch that names the test's values is worth beside one that does not."""
KNOWS_THE_TESTS = "as if it knew the tests"
"""How the oddity ends that hard-coded answers show."""
ODD_FACTOR = 0.5
UNUSED_FACTOR = 0.3
"""For a patch after which the function no longer looks at one of its arguments."""
SIZE_TOKENS = 5
"""A patch that changes so many tokens is worth half of one that changes hardly any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credible:
    """One patch that passes, and what it is worth."""

    number: int
    """Its place among the plausible ones."""
    plausible: Plausible
    special: tuple[str, ...]
    """Where it names values of the test."""
    odd: tuple[str, ...]
    """What is odd about its behaviour, the gravest first."""
    weight: float


def credible(
    found: Sequence[Plausible], case: Case, comparison: Comparison | None
) -> list[Credible]:
    """Return the plausible patches with their weights, in the order given.

    Args:
        found: The patches.
        case: What they are for.
        comparison: What they do on further inputs; None when that is not known.
    """
    literals = literals_of(case.test_code, case.language)
    variety = [1] * len(found)
    if comparison is not None and not comparison.reason:
        variety = [_n_different(row) for row in comparison.outputs]
    most = max(variety, default=1)
    ranked = []
    for number, one in enumerate(found):
        candidate = one.candidate
        text = case.texts[candidate.path]
        patched = candidate.edit.apply(text)
        special = special_cases(text, patched, literals, case.language)
        odd: tuple[str, ...] = ()
        if comparison is not None and not comparison.reason:
            odd = oddities(comparison, number)
        weight = promise(candidate) * (0.5 + one.screened.n_green / (1 + len(case.others)))
        weight /= 1 + _n_changed(one, case) / SIZE_TOKENS
        weight *= variety[number] / most
        knows = any(KNOWS_THE_TESTS in oddity for oddity in odd)
        weight *= SPECIAL_FACTOR if special or knows else 1.0
        weight *= ODD_FACTOR if odd else 1.0
        weight *= UNUSED_FACTOR ** _n_unused(one, text, patched, case.language)
        ranked.append(
            Credible(number=number, plausible=one, special=special, odd=odd, weight=weight)
        )
    return ranked


def _n_different(row: Sequence[Output]) -> int:
    """Return how many different results a patch gives."""
    return max(1, len({output.key for output in row if output.type_name}))


def _n_changed(one: Plausible, case: Case) -> int:
    """Return by how many tokens a patch differs from what stood there."""
    edit = one.candidate.edit
    old = normal_form(edit.span.of(case.texts[one.candidate.path]), case.language).split()
    new = normal_form(edit.new_text, case.language).split()
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return max(len(old), len(new))


def _n_unused(one: Plausible, before: str, after: str, language: str) -> int:
    """Return how many parameters were named in the body and are not any more."""
    name = one.candidate.function
    old, new = (function_named(text, language, name) for text in (before, after))
    if old is None or new is None:
        return 0
    return sum(
        _names(old.body.of(before), parameter) and not _names(new.body.of(after), parameter)
        for parameter in old.parameters
    )


def _names(body: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", body) is not None
