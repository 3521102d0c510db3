"""Choosing among bodies that all pass, and saying what speaks against the chosen one.

A docstring has one or two examples, and many wrong bodies pass them. So bodies are told apart by
what they do on inputs near those of the examples: the largest group that behaves alike is believed
(Li et al., AlphaCode, Science 2022), and that others do otherwise is said.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.domain import Outcome, Rung, Verdict
from ducktypist.errors import DucktypistError
from ducktypist.features.body.case import BodyCase, Standing
from ducktypist.features.body.search import prove
from ducktypist.features.check_body import check_rest
from ducktypist.features.grounds import Grounds
from ducktypist.syntax.doc_checks import CheckForm
from ducktypist.verify.behaviour import Comparison, Ended, compare
from ducktypist.verify.behaviour_calls import Captured
from ducktypist.verify.behaviour_clusters import clusters, difference
from ducktypist.verify.guard import literals_of, special_cases
from ducktypist.verify.written_calls import written_calls

MAX_SHOWN_CHARS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyChoice:
    """The body to propose."""

    standing: Standing
    verdict: Verdict
    """Of running it properly."""
    doubt: str = ""
    """Why it may be wrong although everything passes; empty when nothing speaks against it."""
    n_agreeing: int | None = None
    """How many answers behave as it does; None when they were not compared."""
    is_compared: bool = False
    """Whether they were run to find that out."""


async def choose_body(passing: Sequence[Standing], case: BodyCase) -> BodyChoice | None:
    """Return the most credible of the bodies that pass, run properly; None when none holds.

    Args:
        passing: Those that passed at least a quick look; their clusters are written into them.
        case: What they are for.
    """
    comparison = await _compared(passing, case) if len(passing) > 1 else None
    groups: tuple[tuple[int, ...], ...] = ()
    if comparison is not None and not comparison.reason:
        groups = _by_weight(clusters(comparison.outputs), passing)
    for index, group in enumerate(groups):
        for number in group:
            passing[number].cluster = index
    special = await asyncio.to_thread(_special, passing, case)
    agreement = _agreement(comparison, passing)
    for number in _in_order(passing, agreement, special):
        standing = passing[number]
        await prove(standing, case)
        if standing.verdict.rung.height >= Rung.TESTS_PASS.height:
            # Where no test names the function, none is asked for: its body was empty before.
            standing.verdict = await check_rest(
                standing.verdict, standing.candidate.edit, case.document, grounds=case.grounds
            )
        if standing.verdict.outcome is Outcome.PLAUSIBLE:
            own = next((group for group in groups if number in group), (number,))
            n_own = _n_answers(own, passing)
            return BodyChoice(
                standing=standing,
                verdict=standing.verdict,
                doubt=_doubt(number, passing, groups, special, comparison),
                n_agreeing=n_own if groups or len(passing) == 1 else None,
                is_compared=bool(groups) or len(passing) == 1,
            )
    return None


def choose_unrun(standings: Sequence[Standing]) -> BodyChoice | None:
    """Return the most agreed on of the bodies that nothing was run of; None when there is none."""
    unrun = [one for one in standings if one.is_unrun]
    best = max(unrun, key=Standing.merit, default=None)
    if best is None:
        return None
    return BodyChoice(standing=best, verdict=best.verdict, n_agreeing=best.n_answers)


async def _compared(passing: Sequence[Standing], case: BodyCase) -> Comparison | None:
    """Run the bodies on further inputs; None when that cannot be done."""
    grounds, document = case.grounds, case.document
    if not isinstance(grounds, Grounds) or document.language != "python":
        return None
    texts = [one.candidate.text for one in passing]
    try:
        # The document itself has no body yet, so the first body stands in for the original.
        request = grounds.request(case.tests, changed={case.path: texts[0]})
        captured = await asyncio.to_thread(_written, case, grounds)
        return await compare(
            sandbox=grounds.sandbox,
            interpreter=grounds.interpreter,
            request=request,
            path=case.path,
            function=case.function.qualified_name,
            texts=texts,
            captured=captured,
        )
    except DucktypistError:
        return None


def _written(case: BodyCase, grounds: Grounds) -> Captured | None:
    """Return the documentation's own calls; None where the tests' are to be recorded instead."""
    captured = written_calls(
        [check.call for check in case.checks],
        root=grounds.root,
        path=case.path,
        function=case.function.qualified_name,
    )
    return None if captured.reason and case.tests else captured


def _by_weight(
    groups: Sequence[tuple[int, ...]], passing: Sequence[Standing]
) -> tuple[tuple[int, ...], ...]:
    """Return the groups with the most answers first; then those that hold a greedy one."""

    def weight(group: tuple[int, ...]) -> tuple[int, int]:
        n_greedy = sum(passing[number].candidate.is_greedy for number in group)
        return _n_answers(group, passing), n_greedy

    return tuple(sorted(groups, key=weight, reverse=True))


def _n_answers(group: Sequence[int], passing: Sequence[Standing]) -> int:
    return sum(passing[number].n_answers for number in group)


def _agreement(comparison: Comparison | None, passing: Sequence[Standing]) -> list[float]:
    """Return for each body on how many inputs how many answers give what it gives, 0 to 1.

    Two bodies that differ on a single input still speak for each other on all the others (Shi et
    al., MBR-EXEC, EMNLP 2022). An error is nobody's answer.
    """
    scores = [0.0] * len(passing)
    if comparison is None or comparison.reason:
        return scores
    columns = [
        column
        for column in zip(*comparison.outputs, strict=True)
        if any(output.ended is Ended.RETURNED for output in column)
        and all(output.ended is not Ended.VARIED for output in column)
    ]
    n_all = len(columns) * sum(one.n_answers for one in passing)
    for column in columns:
        votes: Counter[str] = Counter()
        for output, one in zip(column, passing, strict=True):
            votes[output.key] += one.n_answers if output.ended is Ended.RETURNED else 0
        for number, output in enumerate(column):
            scores[number] += votes[output.key] / n_all
    return scores


def _in_order(
    passing: Sequence[Standing],
    agreement: Sequence[float],
    special: Sequence[tuple[str, ...]],
) -> list[int]:
    """Return numbers: no special cases first, then the most agreed with, then the likeliest."""

    def place(number: int) -> tuple[bool, float, tuple[float, ...]]:
        merit = tuple(-part for part in passing[number].merit())
        return bool(special[number]), -agreement[number], merit

    return sorted(range(len(passing)), key=place)


def _special(passing: Sequence[Standing], case: BodyCase) -> list[tuple[str, ...]]:
    """Return for each where it names values of the examples, as if it knew them."""
    text, language = case.document.text, case.document.language
    said = "\n".join(
        f"{check.call} == {check.expected or None}"
        for check in case.checks
        # What the documentation says in words may well be a special case.
        if check.form is not CheckForm.WORDS
    )
    literals = literals_of(said, language)
    return [special_cases(text, one.candidate.text, literals, language) for one in passing]


def _doubt(
    chosen: int,
    passing: Sequence[Standing],
    groups: Sequence[tuple[int, ...]],
    special: Sequence[tuple[str, ...]],
    comparison: Comparison | None,
) -> str:
    parts: list[str] = []
    if special[chosen]:
        parts.append(f"it names values of the examples ({special[chosen][0]})")
    own = next((group for group in groups if chosen in group), ())
    others = [n for n in range(len(passing)) if groups and n not in own and not special[n]]
    if others and comparison is not None:
        n = len(others)
        text = f"{n} other {'body that passes does' if n == 1 else 'bodies that pass do'} otherwise"
        shown = difference(comparison, chosen, others[0])
        if shown is not None:
            here, there = _short(shown.a), _short(shown.b)
            text += f": {_short(shown.call)} gives {here} here, {there} there"
        parts.append(text)
    return "; ".join(parts)


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"
