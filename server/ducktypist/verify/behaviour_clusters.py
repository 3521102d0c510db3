"""What follows from a comparison: which patches behave alike, where they differ, what is odd.

Pure functions. None of this says who is right. A group that behaves alike is one opinion held
several times; an oddity is a fact about a patch that a person would want to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.verify.behaviour import Comparison, Ended, Output

N_MIN_NEAR = 5
"""With fewer inputs near those that a patch changed, nothing is said of how it generalises."""
_FAILED = frozenset({Ended.RAISED, Ended.TOO_LONG, Ended.DIED})
_LEARNED = _FAILED | {Ended.RETURNED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An input on which two patches differ."""

    call: str
    a: str
    """What the first one gives."""
    b: str
    is_from_tests: bool
    """Whether a test makes this very call; it then does not look at all of the result."""

    def text(self) -> str:
        """Return it for a person, who can decide by writing the test."""
        return f"{self.call}: {self.a} or {self.b}"


def clusters(outputs: Sequence[Sequence[Output]]) -> tuple[tuple[int, ...], ...]:
    """Return the rows' indices in groups that behave alike, the largest first, then the earliest.

    Left out is an input on which nobody returned anything, which is no input for this function, and
    one on which somebody gave something else the second time. A row of which nothing was learned is
    a group of its own.
    """
    kept = _comparable(outputs)
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(outputs):
        is_known = any(row[i].ended in _LEARNED for i in kept)
        key = tuple(row[i].key for i in kept) if is_known else (f"unknown {index}",)
        groups.setdefault(key, []).append(index)
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0]))
    return tuple(tuple(group) for group in ordered)


def difference(comparison: Comparison, a: int, b: int) -> Difference | None:
    """Return the simplest input on which two patches differ; None when there is none.

    Simplest: both return something there, no test makes the call, its text is short.
    """
    row_a, row_b = comparison.outputs[a], comparison.outputs[b]
    found = [
        index
        for index in range(len(comparison.inputs))
        if row_a[index].key != row_b[index].key
        and row_a[index].ended in _LEARNED
        and row_b[index].ended in _LEARNED
    ]
    if not found:
        return None

    def simplicity(index: int) -> tuple[int, bool, int, int]:
        n_returned = sum(row[index].ended is Ended.RETURNED for row in (row_a, row_b))
        is_own = index < comparison.n_from_tests
        return -n_returned, is_own, len(comparison.inputs[index]), index

    best = min(found, key=simplicity)
    return Difference(
        call=comparison.inputs[best],
        a=row_a[best].shown,
        b=row_b[best].shown,
        is_from_tests=best < comparison.n_from_tests,
    )


def oddities(comparison: Comparison, index: int) -> tuple[str, ...]:
    """Return what is odd about a patch, in sentences without an end, the gravest first.

    Each one is a fact that was observed; a right patch can show one too.
    """
    found = [
        _special_case(comparison, index),
        _besides(comparison, index),
        _raising(comparison, index),
        _other_type(comparison, index),
        _unsteady(comparison, index),
    ]
    return tuple(text for text in found if text)


def _comparable(outputs: Sequence[Sequence[Output]]) -> list[int]:
    n_inputs = len(outputs[0]) if outputs else 0
    columns = [[row[i] for row in outputs] for i in range(n_inputs)]
    return [
        i
        for i, column in enumerate(columns)
        if any(output.ended is Ended.RETURNED for output in column)
        and all(output.ended is not Ended.VARIED for output in column)
    ]


def _special_case(comparison: Comparison, index: int) -> str:
    """Tell of a patch that changes what comes on the tests' own inputs, and nowhere near them."""
    changed = {i for i in range(comparison.n_from_tests) if _differs(comparison, index, i) is True}
    around = [
        differs
        for i in range(comparison.n_from_tests, len(comparison.inputs))
        if comparison.origins[i] in changed
        and (differs := _differs(comparison, index, i)) is not None
    ]
    if len(around) < N_MIN_NEAR or any(around):
        return ""
    n = len(changed)
    return (
        f"it changes what comes on {n} of the tests' own inputs and on none of {len(around)} "
        "inputs near them, as if it knew the tests"
    )


def _differs(comparison: Comparison, index: int, at: int) -> bool | None:
    """Tell whether a patch gives something else than the original; None when nobody knows."""
    one, before = comparison.outputs[index][at], comparison.original[at]
    if one.ended not in _LEARNED or before.ended not in _LEARNED:
        return None
    return one.key != before.key


def _besides(comparison: Comparison, index: int) -> str:
    noticed = comparison.noticed[index]
    if not noticed:
        return ""
    return f"it does more than compute, which the original did not: {', '.join(noticed[:3])}"


def _raising(comparison: Comparison, index: int) -> str:
    row, n_rows = comparison.outputs[index], len(comparison.outputs)
    bad = [
        i
        for i in range(comparison.n_from_tests, len(comparison.inputs))
        if comparison.original[i].ended is Ended.RETURNED
        and row[i].ended in _FAILED
        # What all patches fail on is mostly no input for the function.
        and (n_rows == 1 or any(o[i].ended not in _FAILED for o in comparison.outputs))
    ]
    if not bad:
        return ""
    first = min(bad, key=lambda i: len(comparison.inputs[i]))
    more = f", and on {len(bad) - 1} more inputs alike" if len(bad) > 1 else ""
    return (
        f"{comparison.inputs[first]} {row[first].shown}, where the original gave "
        f"{comparison.original[first].shown}{more}"
    )


def _other_type(comparison: Comparison, index: int) -> str:
    row, n = comparison.outputs[index], comparison.n_from_tests
    usual = {output.type_name for output in row[:n] if output.ended is Ended.RETURNED}
    usual |= {o.type_name for o in comparison.original if o.ended is Ended.RETURNED}
    odd = [
        i
        for i in range(n, len(comparison.inputs))
        if usual and row[i].ended is Ended.RETURNED and row[i].type_name not in usual
    ]
    if not odd:
        return ""
    first = min(odd, key=lambda i: len(comparison.inputs[i]))
    return (
        f"{comparison.inputs[first]} gives {row[first].shown} ({row[first].type_name}), "
        f"elsewhere it gives {' or '.join(sorted(usual))}"
    )


def _unsteady(comparison: Comparison, index: int) -> str:
    row = comparison.outputs[index]
    for i, output in enumerate(row):
        if output.ended is Ended.VARIED and comparison.original[i].ended is not Ended.VARIED:
            return f"{comparison.inputs[i]} gives {output.shown}, called twice"
    return ""
