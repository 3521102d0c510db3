"""A program written again from its explanation alone, and its own tests run on it.

The same model writes it, asked in the same words in each arm. Three controls: the program itself
passes its tests, an empty one does not, and one that hangs is ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ducktypist.bench.explain.arms import knowledge, told_of, whole_figures
from ducktypist.bench.explain.bash_runs import TEST_LIMITS, run_tests
from ducktypist.bench.explain.bash_tasks import BashTask, read_bash_tasks
from ducktypist.bench.explain.code_files import PythonTask, python_tasks
from ducktypist.bench.explain.session import Session
from ducktypist.bench.explain.stripping import code_block
from ducktypist.bench.figures import Figure
from ducktypist.bench.fix.batch import Case, run_cases, runner_for
from ducktypist.bench.tasks import TaskError
from ducktypist.domain import Json, TestOutcome
from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import Grounds

PART = "recreate"
OF_PYTHON = "recreate-python"
HANGING = "while :; do sleep 1; done\n"
HANGING_S = 3.0
FOLDER = "bash"


async def measure(session: Session) -> None:
    """Have every script written again that was not yet, and Python where there is data.

    Raises:
        DucktypistError: There are no tasks, or a program that hangs is not ended.
    """
    tasks = await asyncio.to_thread(read_bash_tasks, session.plan.folder / FOLDER)
    referee = session.place.referee
    hanging = await run_tests(
        HANGING,
        tasks.tasks[0].tests,
        referee=referee,
        limits=replace(TEST_LIMITS, timeout_s=HANGING_S),
    )
    if hanging.passes:
        raise DucktypistError("a script that hangs passes its tests, so they say nothing")

    async def script(task: BashTask) -> Mapping[str, Json]:
        return await _script(task, tasks.sha256, session)

    async def module(task: PythonTask) -> Mapping[str, Json]:
        return await _module(task, sha256, session)

    await session.each(PART, tasks.sha256, session.drawn(tasks.tasks), script)
    if session.plan.data is not None:
        modules, sha256 = await asyncio.to_thread(python_tasks, session.plan.data)
        await session.each(OF_PYTHON, sha256, session.drawn(modules), module)


def figures(
    rows: Mapping[str, Mapping[str, Json]], *, seed: int, name: str = "recreate bash"
) -> list[Figure]:
    """Return what each arm gets right, and by how much they differ."""
    return whole_figures(rows, name=name, what="passes all of its tests", seed=seed)


async def _script(task: BashTask, tasks_sha256: str, session: Session) -> Mapping[str, Json]:
    referee = session.place.referee
    own = await run_tests(task.script, task.tests, referee=referee)
    empty = await run_tests("", task.tests, referee=referee)
    if not own.passes:
        raise TaskError(f"the script itself fails its tests: {own.output[-300:]}")
    if empty.n_passed:
        raise TaskError(f"an empty script passes {empty.n_passed} of {empty.n_tests} tests")
    known = await knowledge(
        key=task.id,
        code=task.script,
        language="shellscript",
        purpose=task.purpose,
        tasks_sha256=tasks_sha256,
        session=session,
    )
    arms: dict[str, Json] = {}
    for arm, item in known.items():
        answer = await session.questions.ask(
            "rewrite_bash", workbench=session.workbench, explanation=item.text
        )
        run = await run_tests(code_block(answer), task.tests, referee=referee)
        arms[arm] = {"share": run.share if not run.is_late else 0.0, "answer": answer}
    return {"arms": arms, "stripped": told_of(known), "told": _told(arms)}


async def _module(task: PythonTask, tasks_sha256: str, session: Session) -> Mapping[str, Json]:
    referee = session.place.referee
    if await _share(task, task.code, referee) < 1:
        raise TaskError("the module itself fails its tests")
    if await _share(task, "", referee):
        raise TaskError("an empty module passes tests")
    known = await knowledge(
        key=task.id,
        code=task.code,
        language="python",
        purpose=task.purpose,
        tasks_sha256=tasks_sha256,
        session=session,
    )
    arms: dict[str, Json] = {}
    for arm, item in known.items():
        answer = await session.questions.ask(
            "rewrite_python",
            workbench=session.workbench,
            explanation=item.text,
            interface=task.interface,
        )
        share = await _share(task, code_block(answer), referee)
        arms[arm] = {"share": share, "answer": answer}
    return {"arms": arms, "stripped": told_of(known), "told": _told(arms)}


async def _share(task: PythonTask, code: str, referee: Grounds) -> float:
    """Return how much of a module's tests pass; nothing where one took too long."""
    tests = {_test_name(name): text for name, text in task.tests.items()}
    case = Case(key="c0", language="python", source=task.path, files={task.path: code, **tests})
    found = (await run_cases([case], runner=runner_for(referee, "python")))["c0"]
    outcomes = list(found.outcomes.values())
    if found.is_broken or found.hangs or not outcomes:
        return 0.0
    return outcomes.count(TestOutcome.PASSED) / len(outcomes)


def _test_name(name: str) -> str:
    path = Path(name)
    return name if path.name.startswith("test_") else f"test_{path.stem.removesuffix('_test')}.py"


def _told(arms: Mapping[str, Json]) -> str:
    found = [
        f"{arm} {share:.0%}"
        for arm, item in arms.items()
        if isinstance(item, Mapping) and isinstance(share := item["share"], int | float)
    ]
    return ", ".join(found)
