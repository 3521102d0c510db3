"""Which tasks a run asks: our own, or public sets from files of the person's. Nothing ships.

What of a set cannot be made a task is left out, counted and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from ducktypist.bench.fair.plan import Plan
from ducktypist.bench.fair.suite_mend import Mendable, humanevalpack, quixbugs
from ducktypist.bench.fair.suite_predict import cruxeval
from ducktypist.bench.fair.suite_proof import mended, raced, run_here, sound
from ducktypist.bench.fair.suite_race import goker
from ducktypist.bench.fair.suite_rows import Readings
from ducktypist.bench.fair.suite_write import humaneval, mbpp, multipl_e
from ducktypist.bench.fair.tasks import (
    FairTask,
    FairTasks,
    TaskKind,
    check_task,
    of_tasks,
    own_tasks,
)
from ducktypist.bench.tasks import TaskError
from ducktypist.features.grounds import Grounds

Say = Callable[[str], None]
T = TypeVar("T")
Item_contra = TypeVar("Item_contra", contravariant=True)
READ: Final = {
    "cruxeval": cruxeval,
    "humaneval": humaneval,
    "mbpp": mbpp,
    "multipl-e": multipl_e,
}
"""What is ready when it is read."""
MENDED: Final = {"humanevalpack": humanevalpack, "quixbugs": quixbugs}
"""What is run first, to know which test is red."""
RACED: Final = {"goker": goker}
"""What is run first, to know whether and where it races."""
NAMES: Final = tuple(sorted({*READ, *MENDED, *RACED}))


def tasks_for(plan: Plan, *, say: Say = lambda _: None) -> FairTasks:
    """Return the tasks of a plan. Not for an event loop: some sets are run to be read.

    Args:
        plan: Which.
        say: Told how many tasks of a set there are, and what was left out and why.

    Raises:
        TaskError: A task or a file cannot be used, or there is no such family or set.
        DucktypistError: A set has to be run to be read, and nothing can be run here.
    """
    if not plan.suites:
        return own_tasks().of(plan.families, plan.n_each)
    tasks: dict[str, FairTask] = {}
    for suite in plan.suites:
        for task in _tasks_of(suite, plan, say):
            if task.id in tasks:
                raise TaskError(f"{suite}: there is a task {task.id} already; ids must differ")
            tasks[task.id] = task
    return of_tasks(tuple(tasks.values())).of(plan.families, plan.n_each)


class Proof(Protocol[Item_contra]):
    """Runs what was read, and returns what of it is a task."""

    def __call__(
        self, items: Sequence[Item_contra], /, *, n_each: int | None, referee: Grounds, say: Say
    ) -> Coroutine[Any, Any, Readings[FairTask]]:
        """Run it."""


def _tasks_of(suite: str, plan: Plan, say: Say) -> Sequence[FairTask]:
    name, _, place = suite.partition(":")
    if name not in NAMES or not place:
        raise TaskError(f"no set {suite!r}; expected NAME:PATH with one of {', '.join(NAMES)}")
    path = Path(place).expanduser()
    read = _read(name, path, plan, say)
    left = "; ".join(f"{n}: {why}" for why, n in sorted(read.left_out.items()))
    if not read.found and not plan.families:
        raise TaskError(f"{path} holds no task of {name} that can be used; left out: {left or 0}")
    for task in read.found:
        check_task(task, f"{path}, {task.id}")
    n_bare = sum(not task.oracle for task in read.found)
    say(f"{name}: {len(read.found)} tasks; {read.left_out.total()} left out" + _behind(left))
    if n_bare:
        say(f"{name}: {n_bare} tasks have no known right answer, so no control is run on them")
    return read.found


def _behind(left: str) -> str:
    return f" ({left})" if left else ""


def _read(name: str, path: Path, plan: Plan, say: Say) -> Readings[FairTask]:
    """Read a set, and run of it what has to be run."""

    def is_wanted(one: FairTask | Mendable) -> bool:
        return not plan.families or one.family in plan.families

    if name in RACED:
        kernels = RACED[name](path)
        return _run(kernels.left_out, kernels.found, raced, plan, say)
    if name in MENDED:
        programs = MENDED[name](path)
        wanted = [one for one in programs.found if is_wanted(one)]
        return _run(programs.left_out, wanted, mended, plan, say)
    tasks = READ[name](path)
    asked = [one for one in tasks.found if is_wanted(one)]
    if all(task.kind is TaskKind.PREDICT or not task.oracle for task in asked):
        return Readings(found=asked, left_out=tasks.left_out)
    return _run(tasks.left_out, asked, sound, plan, say)


def _run(
    left_out: Counter[str], items: Sequence[T], proof: Proof[T], plan: Plan, say: Say
) -> Readings[FairTask]:
    found = run_here(lambda grounds: proof(items, n_each=plan.n_each, referee=grounds, say=say))
    return Readings(found=found.found, left_out=left_out + found.left_out)
