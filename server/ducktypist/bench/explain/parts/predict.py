"""What a script prints, foretold from its explanation alone, against what it prints when it is run.

The inputs are hidden from whoever explains. The same model foretells, asked in the same words in
each arm.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ducktypist.bench.explain.arms import knowledge, told_of, whole_figures
from ducktypist.bench.explain.bash_runs import Printed, run_input
from ducktypist.bench.explain.bash_tasks import BashTask, ScriptInput, read_bash_tasks
from ducktypist.bench.explain.parts.recreate import FOLDER
from ducktypist.bench.explain.session import ARMS, Session
from ducktypist.bench.figures import Figure, share_of
from ducktypist.bench.tasks import TaskError
from ducktypist.domain import Json

PART = "predict"
_BLOCK = re.compile(r"^[ \t]*```[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"exit(?:\s*(?:status|code))?\s*[:=]?\s*`?(\d{1,3})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What an answer says that a script does."""

    stdout: str
    exit_status: int | None
    """None where it says none."""

    def is_output_of(self, printed: Printed) -> bool:
        """Tell whether that is what it printed, line ends at the end aside."""
        return self.stdout.rstrip("\n") == printed.stdout.rstrip("\n")

    def is_right(self, printed: Printed) -> bool:
        """Tell whether output and exit status are what came; what never ended is not foretold."""
        is_status = self.exit_status is not None and self.exit_status == printed.exit_status
        return is_status and self.is_output_of(printed)


async def measure(session: Session) -> None:
    """Have the output of every script foretold that was not yet.

    Raises:
        DucktypistError: There are no tasks.
    """
    tasks = await asyncio.to_thread(read_bash_tasks, session.plan.folder / FOLDER)

    async def one(task: BashTask) -> Mapping[str, Json]:
        return await _measured(task, tasks.sha256, session)

    await session.each(PART, tasks.sha256, session.drawn(tasks.tasks), one)


def figures(rows: Mapping[str, Mapping[str, Json]], *, seed: int) -> list[Figure]:
    """Return what each arm foretells, input by input, and by how much the arms differ."""
    found: list[Figure] = []
    for arm in ARMS:
        tries = [item for row in rows.values() for item in _tries(row, arm)]
        for what, meaning in (
            ("both", "output and exit status are right, input by input"),
            ("stdout", "the output is right"),
            ("status", "the exit status is right"),
        ):
            k = sum(bool(item[what]) for item in tries)
            found.append(share_of(f"predict, {arm}: {what}", meaning, k, len(tries)))
    name, what = "predict all of a script", "all of its inputs are foretold"
    return [*found, *whole_figures(rows, name=name, what=what, seed=seed)]


def foretold_of(answer: str) -> Foretold:
    """Return what an answer in the wanted form says: the output in a block, then the status."""
    block = _BLOCK.search(answer)
    below = answer[block.end() :] if block else answer
    status = _EXIT.search(below)
    stdout = block[1] if block else answer[: status.start()] if status else answer
    return Foretold(stdout=stdout, exit_status=int(status[1]) if status else None)


async def _measured(task: BashTask, tasks_sha256: str, session: Session) -> Mapping[str, Json]:
    referee = session.place.referee
    truths: list[tuple[ScriptInput, Printed]] = []
    for given in task.inputs:
        truth = await run_input(task.script, given, referee=referee)
        again = await run_input(task.script, given, referee=referee)
        # What prints the time or its own folder cannot be foretold by anybody.
        if truth.exit_status is not None and truth == again:
            truths.append((given, truth))
    if not truths:
        raise TaskError("the script does not print the same twice for any of its inputs")
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
        tries = [await _tried(item.text, given, truth, session) for given, truth in truths]
        n_right = sum(bool(one["both"]) for one in tries)
        arms[arm] = {"share": n_right / len(tries), "tries": list[Json](tries)}
    told = ", ".join(f"{arm} {_n_right(arms[arm])} of {len(truths)}" for arm in arms)
    return {
        "arms": arms,
        "n_unusable": len(task.inputs) - len(truths),
        "stripped": told_of(known),
        "told": told,
    }


async def _tried(
    explanation: str, given: ScriptInput, truth: Printed, session: Session
) -> dict[str, Json]:
    answer = await session.questions.ask(
        "predict",
        workbench=session.workbench,
        explanation=explanation,
        arguments="\n".join(given.args) or "(none)",
        stdin=given.stdin or "(empty)",
        files="\n\n".join(f"{name}:\n{text}" for name, text in given.files.items()) or "(none)",
    )
    foretold = foretold_of(answer)
    is_output, is_status = foretold.is_output_of(truth), foretold.exit_status == truth.exit_status
    return {
        "answer": answer,
        "stdout": is_output,
        "status": is_status,
        "both": foretold.is_right(truth),
        "truth": {"stdout": truth.stdout, "exit_status": truth.exit_status},
    }


def _tries(row: Mapping[str, Json], arm: str) -> list[Mapping[str, Json]]:
    arms = row["arms"]
    told = arms[arm] if isinstance(arms, Mapping) else None
    tries = told["tries"] if isinstance(told, Mapping) else None
    return [item for item in tries if isinstance(item, Mapping)] if isinstance(tries, list) else []


def _n_right(told: Json) -> int:
    row = {"arms": {"it": told}}
    return sum(bool(item["both"]) for item in _tries(row, "it"))
