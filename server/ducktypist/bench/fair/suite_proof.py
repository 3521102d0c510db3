"""Runs what public sets call broken: which test is red, which file races. Asks no model.

A task whose red test is not red here, or whose right answer fails its tests here, is none.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from ducktypist.bench.fair.answers import SOURCE, Outcome
from ducktypist.bench.fair.grading import graded
from ducktypist.bench.fair.grading_race import RaceTruth, graded_races
from ducktypist.bench.fair.suite_mend import Mendable
from ducktypist.bench.fair.suite_rows import Readings
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.fair.traces import trace_of
from ducktypist.bench.fix.batch import Case, case_report, grounds_at, run_each, runner_for
from ducktypist.bench.fix.parts import HUNG
from ducktypist.bench.tasks import TaskError
from ducktypist.domain import TestOutcome, TestReport
from ducktypist.features.grounds import Grounds

Say = Callable[[str], None]
T = TypeVar("T")
_RED: Final = {TestOutcome.FAILED, TestOutcome.ERROR}
_ENDING: Final = '''
import signal

import pytest


@pytest.fixture(autouse=True)
def ended():
    """End a test that does not end by itself."""

    def late(*_):
        raise TimeoutError("it does not end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(5)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
'''


def run_here(doing: Callable[[Grounds], Coroutine[Any, Any, T]]) -> T:
    """Do something with grounds of its own, and return what came of it. Not for an event loop.

    Raises:
        DucktypistError: Nothing can be run on this machine.
    """
    with tempfile.TemporaryDirectory(prefix="dtb-suite-") as folder:
        top = Path(folder).resolve() / "w"
        top.mkdir()

        async def done() -> T:
            return await doing(await grounds_at(top))

        return asyncio.run(done())


async def mended(
    programs: Sequence[Mendable], *, n_each: int | None, referee: Grounds, say: Say
) -> Readings[FairTask]:
    """Return the tasks of broken programs: the first red case is shown, the others are hidden.

    Cases that the right answer fails are left out of a task; where nobody knows the right answer,
    all are kept.

    Args:
        programs: In their order.
        n_each: How many tasks of each family are wanted; no more programs are run than it takes.
        referee: Who runs tests.
        say: Told what is being done.

    Raises:
        DucktypistError: A language cannot be run on this machine.
    """
    read = Readings[FairTask]()
    for family in dict.fromkeys(program.family for program in programs):
        mine = [program for program in programs if program.family == family]
        n_found = 0
        for piece in _pieces(mine, n_each):
            say(f"{family}: looking for the red tests of {len(piece)} programs")
            tasks = await _tasks_of(piece, referee, read.left_out)
            reasons = await _unsound(tasks, referee, say)
            read.left_out.update(reasons.values())
            tasks = [task for task in tasks if task.id not in reasons]
            read.found += tasks[: None if n_each is None else n_each - n_found]
            n_found += len(tasks)
            if n_each is not None and n_found >= n_each:
                break
    return read


async def sound(
    tasks: Sequence[FairTask], *, n_each: int | None, referee: Grounds, say: Say
) -> Readings[FairTask]:
    """Return the tasks whose right answer is right here, and that are not right as they stand.

    Those whose right answer nobody knows are kept, and so is what is said and not run.

    Args:
        tasks: Of one or more families.
        n_each: As for :func:`mended`.
        referee: Who runs tests.
        say: Told what is being done.

    Raises:
        DucktypistError: A language cannot be run on this machine.
    """
    read = Readings[FairTask]()
    for family in dict.fromkeys(task.family for task in tasks):
        kept: list[FairTask] = []
        for piece in _pieces([task for task in tasks if task.family == family], n_each):
            reasons = await _unsound(piece, referee, say)
            kept += [task for task in piece if task.id not in reasons]
            read.left_out.update(reasons.values())
            if n_each is not None and len(kept) >= n_each:
                break
        read.found += kept[:n_each]
    return read


async def _unsound(tasks: Sequence[FairTask], referee: Grounds, say: Say) -> dict[str, str]:
    """Return why tasks prove nothing, by the id of those that do not."""
    mine = [
        task for task in tasks if task.oracle and task.kind in {TaskKind.FUNCTION, TaskKind.FIX}
    ]
    answers = [(task, {SOURCE: text}) for task in mine for text in (task.oracle, task.text)]
    grades = await graded(answers, referee=referee, say=say)
    found = {}
    for task, right, echo in zip(mine, grades[::2], grades[1::2], strict=True):
        if right.outcome is not Outcome.RIGHT:
            found[task.id] = f"its right answer is {right.outcome} here"
        elif echo.outcome is Outcome.RIGHT:
            found[task.id] = "it is right as it stands"
    return found


async def raced(
    kernels: Sequence[Sequence[FairTask]], *, n_each: int | None, referee: Grounds, say: Say
) -> Readings[FairTask]:
    """Return the tasks that show a race here, of each kernel the first file that one is in.

    Args:
        kernels: Of each a task for each file that the race may be in.
        n_each: As for :func:`mended`.
        referee: Who runs tests.
        say: Told what is being done.

    Raises:
        DucktypistError: Go cannot be run here, or cannot look for races.
    """
    read = Readings[FairTask]()
    for piece in _pieces(kernels, n_each):
        truths: dict[str, RaceTruth] = {}
        # Nothing is graded: an answer that is not there is not run, but the task is.
        asked = [(task, "") for kernel in piece for task in kernel]
        await graded_races(asked, referee=referee, say=say, truths=truths)
        for kernel in piece:
            task = next((task for task in kernel if task.sha256 in truths), None)
            if task is not None and await _is_red(task, referee):
                read.found.append(task)
            else:
                read.left_out["its test shows no race in its code here"] += 1
        if n_each is not None and len(read.found) >= n_each:
            break
    return Readings(found=read.found[:n_each], left_out=read.left_out)


async def _is_red(task: FairTask, referee: Grounds) -> bool:
    try:
        await trace_of(task, referee=referee)
    except TaskError:
        return False
    return True


def _pieces(items: Sequence[T], size: int | None) -> Iterator[Sequence[T]]:
    step = max(1, len(items) if size is None else size)
    for start in range(0, len(items), step):
        yield items[start : start + step]


async def _tasks_of(
    programs: Sequence[Mendable], referee: Grounds, left_out: Counter[str]
) -> list[FairTask]:
    """Return the tasks of programs of one language."""
    cases = [
        _case(f"{name}{number}", program, text)
        for number, program in enumerate(programs)
        for name, text in (("broken", program.broken), ("right", program.right))
        if text
    ]
    runner = runner_for(referee, programs[0].language)
    reports = await run_each(cases, runner=runner)
    tasks = []
    for number, program in enumerate(programs):
        found = _task(program, reports[f"broken{number}"], reports.get(f"right{number}"))
        if isinstance(found, str):
            left_out[found] += 1
        else:
            tasks.append(found)
    return tasks


def _case(key: str, program: Mendable, text: str) -> Case:
    numbers = range(1, len(program.cases) + 1)
    return Case(
        key=key,
        language=program.language,
        source=program.source,
        files={
            **program.files,
            program.source: text,
            program.test_path(): program.tests(numbers),
        },
    )


def _task(program: Mendable, broken: TestReport, right: TestReport | None) -> FairTask | str:
    """Return the task of a program, or why there is none."""
    numbers = list(range(1, len(program.cases) + 1))
    if right is not None:
        told = case_report(right).outcomes
        passed = TestOutcome.PASSED
        numbers = [at for at in numbers if told.get(_node(program, at)) is passed]
        if not numbers:
            return "its right answer passes none of its tests here"
    red = _red(program, broken, numbers)
    if not red:
        return "none of its tests fails here"
    said = {item.node_id: item.message for item in broken.results}
    shown = next((at for at in red if HUNG not in said[_node(program, at)]), red[0])
    ending = _ENDING if HUNG in said[_node(program, shown)] else ""
    hidden = [at for at in numbers if at != shown]
    return FairTask(
        id=program.id,
        family=program.family,
        kind=TaskKind.FIX,
        language=program.language,
        title=program.id,
        source=program.source,
        function=program.function,
        target=_node(program, shown),
        oracle=program.right,
        files={
            **program.files,
            program.source: program.broken,
            program.test_path(): program.tests([shown], more=ending),
        },
        hidden={program.test_path("_hidden"): program.tests(hidden)} if hidden else {},
    )


def _red(program: Mendable, broken: TestReport, numbers: Sequence[int]) -> list[int]:
    told = case_report(broken).outcomes
    return [at for at in numbers if told.get(_node(program, at)) in _RED]


def _node(program: Mendable, number: int) -> str:
    return f"{program.test_path()}::{program.test_name(number)}"
