"""Choosing among patches that all pass, and saying what speaks against the chosen one.

Passing the tests is not being right (Qi et al., Kali, ISSTA 2015): the thinner the tests, the more
wrong patches pass. So patches are told apart by what they do on inputs that no test has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from ducktypist.domain import Outcome, Verdict
from ducktypist.errors import DucktypistError
from ducktypist.features.fix.case import Case
from ducktypist.features.fix.credibility import Credible, credible
from ducktypist.features.fix.search import Plausible
from ducktypist.features.fix.validation import Validator
from ducktypist.verify.behaviour import Comparison, compare
from ducktypist.verify.behaviour_clusters import clusters, difference

MAX_SHOWN_CHARS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The patch to propose."""

    plausible: Plausible
    verdict: Verdict
    doubt: str = ""
    """Why it may be wrong although all tests pass; empty when nothing speaks against it."""
    clusters: tuple[tuple[int, ...], ...] = ()
    """Which of the plausible patches behaved alike, by their number; the largest first."""
    tried: dict[int, Verdict] = field(default_factory=dict)
    """Verdicts of those that were run properly, by their number."""


async def choose(found: Sequence[Plausible], case: Case, validator: Validator) -> Choice | None:
    """Return the most credible of the patches that pass, run properly; None when none holds."""
    comparison = await _compared(found, case)
    ranked = await asyncio.to_thread(credible, found, case, comparison)
    groups = _groups(comparison)
    order = _in_order(ranked, groups)
    tried: dict[int, Verdict] = {}
    for one in order:
        verdict = one.plausible.verdict
        if verdict is None:
            rung = one.plausible.screened.rung
            verdict, _ = await validator.validate(one.plausible.candidate, rung)
        tried[one.number] = verdict
        if verdict.outcome is Outcome.PLAUSIBLE:
            return Choice(
                plausible=one.plausible,
                verdict=verdict,
                doubt=_doubt(one, order, groups, comparison),
                clusters=groups,
                tried=tried,
            )
    return None


async def _compared(found: Sequence[Plausible], case: Case) -> Comparison | None:
    """Run the patches on further inputs; None when that cannot be done."""
    places = {(one.candidate.path, one.candidate.function) for one in found}
    if case.language != "python" or len(places) != 1:
        # Patches of different functions have no common inputs.
        return None
    path, function = places.pop()
    texts = [one.candidate.edit.apply(case.texts[path]) for one in found]
    suite = case.suite_if_known()
    beside = [item.node_id for item in suite.results] if suite else []
    targets = [case.target, *[item for item in beside if item != case.target][:60]]
    try:
        return await compare(
            sandbox=case.grounds.sandbox,
            interpreter=case.grounds.interpreter,
            request=case.grounds.request(targets),
            path=path,
            function=function,
            texts=texts,
        )
    except DucktypistError:
        return None


def _groups(comparison: Comparison | None) -> tuple[tuple[int, ...], ...]:
    if comparison is None or comparison.reason:
        return ()
    return clusters(comparison.outputs)


def _in_order(ranked: Sequence[Credible], groups: tuple[tuple[int, ...], ...]) -> list[Credible]:
    """Return the best of the weightiest group first."""
    together = {
        number: sum(ranked[member].weight for member in group)
        for group in groups
        for number in group
    }
    return sorted(
        ranked, key=lambda one: (together.get(one.number, one.weight), one.weight), reverse=True
    )


def _doubt(
    chosen: Credible,
    ranked: Sequence[Credible],
    groups: tuple[tuple[int, ...], ...],
    comparison: Comparison | None,
) -> str:
    parts: list[str] = []
    if chosen.special:
        parts.append(f"it names values of the test ({chosen.special[0]})")
    if chosen.odd:
        parts.append(chosen.odd[0])
    rivals = [one for one in ranked if one.number != chosen.number and not one.special]
    own = next((group for group in groups if chosen.number in group), ())
    others = [one for one in rivals if groups and one.number not in own]
    if others and comparison is not None:
        shown = difference(comparison, chosen.number, others[0].number)
        n = len(others)
        text = (
            f"{n} other {'patch that passes does' if n == 1 else 'patches that pass do'} otherwise"
        )
        if shown is not None:
            here, there = _short(shown.a), _short(shown.b)
            text += f": {_short(shown.call)} gives {here} here, {there} there"
        parts.append(text)
    elif rivals and not groups:
        n = len(rivals)
        parts.append(f"{n} other {'patch passes' if n == 1 else 'patches pass'}, not compared")
    return "; ".join(parts)


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"


def labelled(verdict: Verdict, doubt: str) -> str:
    """Return a verdict's line with what speaks against it."""
    return f"{verdict.summary}; but {doubt}" if doubt else verdict.summary
