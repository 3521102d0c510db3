"""Grades what an explanation of a script is good for: its output foretold, itself written again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from ducktypist.bench.explain.bash_runs import (
    TEST_LIMITS,
    Printed,
    ScriptTests,
    run_input,
    run_tests,
)
from ducktypist.bench.explain.parts.predict import foretold_of
from ducktypist.bench.fair.answers import RECREATED, Grade, Outcome, predicted
from ducktypist.bench.fair.tasks import FairTask
from ducktypist.bench.tasks import TaskError
from ducktypist.features.grounds import Grounds

LIMITS: Final = replace(TEST_LIMITS, timeout_s=10.0)
N_AT_ONCE: Final = 2
_TESTS: Final = ".bats"
_Key = TypeVar("_Key")
_Thing = TypeVar("_Thing")
_Found = TypeVar("_Found")

Explained = tuple[FairTask, Mapping[str, str]]


async def graded_scripts(
    answers: Sequence[Explained],
    *,
    referee: Grounds,
    say: Callable[[str], None],
    truths: dict[str, tuple[Printed, ...]],
) -> list[Grade]:
    """Grade what was read from explanations.

    Args:
        answers: What to grade.
        referee: Who runs scripts.
        say: Told what is being done.
        truths: What the tasks' own scripts print, by the task's hash; added to.

    Raises:
        DucktypistError: Nothing can be run on this machine, or there is no bats.
        TaskError: A task has no tests of bats.
    """
    gate = asyncio.Semaphore(N_AT_ONCE)
    tasks = {task.sha256: task for task, _ in answers}
    unknown = {sha256: task for sha256, task in tasks.items() if sha256 not in truths}
    say(f"running {len(unknown)} scripts with their inputs")
    truths.update(await _each(unknown, lambda task: _printed(task, referee, gate)))
    scripts = {
        (task.sha256, texts[RECREATED]): task
        for task, texts in answers
        if texts.get(RECREATED, "").strip()
    }
    say(f"testing {len(scripts)} scripts that were written again")
    tested = await _each(
        {key: (task, key[1]) for key, task in scripts.items()},
        lambda item: _tested(*item, referee, gate),
    )
    return [
        _grade(truths[task.sha256], texts, tested.get((task.sha256, texts.get(RECREATED, ""))))
        for task, texts in answers
    ]


async def _each(
    things: Mapping[_Key, _Thing], doing: Callable[[_Thing], Awaitable[_Found]]
) -> dict[_Key, _Found]:
    found = await asyncio.gather(*(doing(thing) for thing in things.values()))
    return dict(zip(things, found, strict=True))


async def _printed(
    task: FairTask, referee: Grounds, gate: asyncio.Semaphore
) -> tuple[Printed, ...]:
    found = []
    for given in task.inputs:
        async with gate:
            found.append(await run_input(task.text, given, referee=referee))
    return tuple(found)


async def _tested(
    task: FairTask, script: str, referee: Grounds, gate: asyncio.Semaphore
) -> ScriptTests:
    tests = [text for name, text in task.hidden.items() if name.endswith(_TESTS)]
    if len(tests) != 1:
        raise TaskError(f"{task.id} has {len(tests)} files of tests; expected one of bats")
    async with gate:
        return await run_tests(script, tests[0], referee=referee, limits=LIMITS)


def _grade(truth: Sequence[Printed], texts: Mapping[str, str], tested: ScriptTests | None) -> Grade:
    items: dict[str, bool] = {}
    note = ""
    for number, printed in enumerate(truth, start=1):
        name = predicted(number)
        items[name] = bool(texts.get(name)) and foretold_of(texts[name]).is_right(printed)
        if not items[name] and not note:
            note = f"{name} is not what it prints"
    items[RECREATED] = tested is not None and tested.passes
    if tested is not None and not tested.passes:
        passed = f"{tested.n_passed} of {tested.n_tests} tests pass"
        note = note or f"written again, {'it took too long' if tested.is_late else passed}"
    return Grade(outcome=_outcome(items, texts, tested), items=items, note=note or _missing(tested))


def _missing(tested: ScriptTests | None) -> str:
    return "it was not written again" if tested is None else ""


def _outcome(
    items: Mapping[str, bool], texts: Mapping[str, str], tested: ScriptTests | None
) -> Outcome:
    if all(items.values()):
        return Outcome.RIGHT
    if tested is not None and tested.is_late:
        return Outcome.TIMEOUT
    is_empty = not any(texts.get(name, "").strip() for name in items)
    return Outcome.EMPTY if is_empty else Outcome.WRONG
