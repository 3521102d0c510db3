"""``ducktypist bench explain``: all parts, one after the other, each as far as there are tasks.

The server is driven over stdio as an editor does it; the bare model is asked on the same host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ducktypist.bench.complete.place import circumstances, place_for
from ducktypist.bench.explain.desk import Desk
from ducktypist.bench.explain.parts import (
    identifiers,
    injections,
    options,
    predict,
    recreate,
    speed,
)
from ducktypist.bench.explain.questions import Questions
from ducktypist.bench.explain.report import ExplainReport, report
from ducktypist.bench.explain.session import PARTS, Plan, Session, head_of
from ducktypist.bench.journal import Journal
from ducktypist.bench.measure import load
from ducktypist.bench.tasks import TaskError
from ducktypist.errors import DucktypistError

MEASURES: Mapping[str, Callable[[Session], Awaitable[None]]] = {
    "options": options.measure,
    "identifiers": identifiers.measure,
    "recreate": recreate.measure,
    "predict": predict.measure,
    "hover": speed.measure,
    "injections": injections.measure,
}


async def run(
    plan: Plan, *, backend: str | None = None, say: Callable[[str], None] = lambda _: None
) -> ExplainReport:
    """Run the bench.

    Args:
        plan: What of it, and how.
        backend: As for ``ducktypist serve``.
        say: Told of each task when it has been measured.

    Raises:
        DucktypistError: Nothing can be run here, or the file with rows is of another run. What goes
            wrong in one task is in its row.
    """
    plan = await asyncio.to_thread(_absolute, plan)
    async with (
        place_for(backend, plan.which_host) as place,
        place.workbench() as workbench,
        Desk.opened(place.stage, plan.options) as desk,
    ):
        questions = await asyncio.to_thread(Questions.load)
        head = await asyncio.to_thread(
            lambda: head_of(plan, workbench=workbench, questions=questions)
        )
        session = Session(
            plan=plan,
            place=place,
            desk=desk,
            workbench=workbench,
            questions=questions,
            journal=await asyncio.to_thread(Journal.opened, plan.out, head),
            circumstances=await circumstances(place.stage, seed=plan.seed, tasks_sha256="", ids=[]),
            say=say,
        )
        for part in PARTS:
            if part not in (plan.only or PARTS):
                continue
            try:
                await MEASURES[part](session)
            except TaskError as error:
                # A part without tasks is no reason to lose the others.
                session.unmeasured[part] = str(error)
                say(f"{part}: not measured: {error}")
        if plan.only and set(plan.only) <= set(session.unmeasured):
            raise DucktypistError("; ".join(session.unmeasured.values()))
        after = await asyncio.to_thread(load)
        session.circumstances = replace(session.circumstances, after=after)
        return report(session)


def _absolute(plan: Plan) -> Plan:
    def of(path: Path | None) -> Path | None:
        return None if path is None else path.absolute()

    return replace(plan, tasks=of(plan.tasks), data=of(plan.data), out=of(plan.out))
