"""Grades answers of all kinds by running them, many in a run. Nothing here asks a model.

How each kind is graded is in ``grading_code``, ``grading_race`` and ``grading_script``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ducktypist.bench.explain.bash_runs import Printed
from ducktypist.bench.explain.stripping import code_block
from ducktypist.bench.fair.answers import SOURCE, TASK, Grade, Outcome, predicted
from ducktypist.bench.fair.grading_code import graded_code
from ducktypist.bench.fair.grading_race import RaceTruth, graded_races
from ducktypist.bench.fair.grading_script import graded_scripts
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.features.grounds import Grounds

Answered = tuple[FairTask, Mapping[str, str]]
"""A task, and what was said to it: :attr:`~ducktypist.bench.fair.answers.Answer.texts`."""


@dataclass(slots=True)
class Truths:
    """What running a task itself showed, which is the same for all answers; by the task's hash."""

    races: dict[str, RaceTruth] = field(default_factory=dict)
    scripts: dict[str, tuple[Printed, ...]] = field(default_factory=dict)


async def graded(
    answers: Sequence[Answered],
    *,
    referee: Grounds,
    say: Callable[[str], None] = lambda _: None,
    truths: Truths | None = None,
) -> list[Grade]:
    """Grade answers, alike ones once.

    Args:
        answers: What to grade, of any tasks in any order.
        referee: Who runs tests.
        say: Told what is being done.
        truths: What is known of the tasks already; added to. None where nothing is kept.

    Raises:
        DucktypistError: A language cannot be run on this machine.
    """
    known = Truths() if truths is None else truths
    keys = [(task.sha256, tuple(sorted(texts.items()))) for task, texts in answers]
    distinct = dict(zip(keys, answers, strict=True))
    found: dict[object, Grade] = {}
    for kinds in (
        {TaskKind.FUNCTION, TaskKind.FIX},
        {TaskKind.RACE},
        {TaskKind.EXPLAIN},
        {TaskKind.PREDICT},
    ):
        mine = {key: one for key, one in distinct.items() if one[0].kind in kinds}
        if mine:
            grades = await _of_kind(kinds, list(mine.values()), referee, say, known)
            found.update(zip(mine, grades, strict=True))
    return [found[key] for key in keys]


async def _of_kind(
    kinds: set[TaskKind],
    answers: list[Answered],
    referee: Grounds,
    say: Callable[[str], None],
    known: Truths,
) -> list[Grade]:
    if TaskKind.EXPLAIN in kinds:
        return await graded_scripts(answers, referee=referee, say=say, truths=known.scripts)
    if TaskKind.PREDICT in kinds:
        return [_predicted(task, texts) for task, texts in answers]
    sources = [(task, texts.get(SOURCE, "")) for task, texts in answers]
    if TaskKind.RACE in kinds:
        return await graded_races(sources, referee=referee, say=say, truths=known.races)
    return await graded_code(sources, referee=referee, say=say)


def _predicted(task: FairTask, texts: Mapping[str, str]) -> Grade:
    """Grade what a call was said to return: as a value of Python, else by its text."""
    said = code_block(texts.get(predicted(1), "")).strip().strip("`").strip()
    if not said:
        return Grade(outcome=Outcome.EMPTY, items={TASK: False}, note="no answer")
    wanted = task.oracle.strip()
    if _value(said) == _value(wanted):
        return Grade(outcome=Outcome.RIGHT, items={TASK: True})
    return Grade(outcome=Outcome.WRONG, items={TASK: False}, note=f"{said:.80} is not {wanted:.80}")


def _value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text
