"""Runs a result file again: the same tasks, order, words, settings and models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from ducktypist.bench.fair.answers import Arm, Column
from ducktypist.bench.fair.plan import Plan
from ducktypist.bench.fair.results import read_result
from ducktypist.bench.fair.run import run
from ducktypist.bench.fair.suites import tasks_for
from ducktypist.bench.tasks import TaskError


async def repeated(
    path: Path, *, out: Path, backend: str | None, say: Callable[[str], None]
) -> None:
    """Run a result file again into another one.

    What the failing tests said is taken from the file, since every prompt is to be the same.

    Raises:
        TaskError: The file is no result, or its tasks are not those of this version.
        DucktypistError: Nothing can be run here.
    """
    found = read_result(path)
    told = found.head.get("plan")
    if not isinstance(told, dict):
        raise TaskError(f"{path} does not say how it was run")
    asked = {at for _, at, _ in found.answers}
    plan = Plan.from_json(
        told,
        [str(model["asked_as"]) for model in found.models.values()],
        columns=tuple(one for one in Column if any(at.column is one for at in asked)),
        arms=tuple(one for one in Arm if any(at.arm is one for at in asked)),
    )
    # Some public sets are run to be read, in a loop of their own.
    tasks = await asyncio.to_thread(tasks_for, plan)
    if tasks.sha256 != found.head.get("tasks_sha256"):
        raise TaskError(
            f"{path} was made with other tasks ({str(found.head.get('tasks_sha256'))[:12]}…) than "
            f"this version has ({tasks.sha256[:12]}…); run it with the version that made it, "
            f"{found.head.get('ducktypist')}"
        )
    await run(tasks, plan=plan, out=out, backend=backend, traces=dict(found.traces), say=say)
