"""Answers that no model gave, graded like any other: what has to be right, what must not be.

*oracle* is the right answer, *echo* gives the question back, *hang* never ends. A bench whose
controls fail measures something else.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ducktypist.bench.explain.bash_runs import Printed
from ducktypist.bench.explain.bash_tasks import ScriptInput
from ducktypist.bench.fair.answers import RECREATED, SOURCE, Grade, Outcome, predicted
from ducktypist.bench.fair.grading import Answered, Truths, graded
from ducktypist.bench.fair.results import CONTROL_NAMES
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.fix.batch import top_prefix
from ducktypist.features.grounds import Grounds
from ducktypist.syntax.regions import functions
from ducktypist.verify.process_tree import descendants

ORACLE, ECHO, HANG = CONTROL_NAMES
Controls = Mapping[tuple[str, str], Grade]
"""By the control's name and the task's id; of a wording, ``ID#NUMBER``."""
GONE_S: Final = 10.0
"""How long what was ended may take to go."""
_GO_LOOP: Final = "\n\tfor spin := 0; ; spin++ {\n\t\t_ = spin\n\t}\n"
_PYTHON_LOOP: Final = "\nwhile True:\n    pass\n"
_BASH_LOOP: Final = "while :; do :; done\n"


async def controls(
    tasks: Sequence[FairTask],
    *,
    referee: Grounds,
    say: Callable[[str], None] = lambda _: None,
    hang_each: bool = False,
    wordings: bool = False,
    truths: Truths | None = None,
) -> dict[tuple[str, str], Grade]:
    """Grade the three controls of tasks.

    Args:
        tasks: Which; one without a right answer has no oracle.
        referee: Who runs tests.
        say: Told what is being done.
        hang_each: Let every task hang, else one of each family and language.
        wordings: Grade oracle and echo of every wording as well.
        truths: See :func:`~ducktypist.bench.fair.grading.graded`.

    Raises:
        DucktypistError: As for grading.
    """
    known = Truths() if truths is None else truths
    asked = {task.id: task for task in tasks}
    if wordings:
        asked |= {
            f"{task.id}#{number}": task.worded(number)
            for task in tasks
            for number in range(len(task.wordings))
        }
    echoes = {(ECHO, key): (task, _echo(task)) for key, task in asked.items()}
    say(f"controls: {len(echoes)} echoes")
    found = await _graded(echoes, referee, say, known)
    oracles = {
        (ORACLE, key): (task, _oracle(task, known))
        for key, task in asked.items()
        if task.oracle or task.kind is TaskKind.EXPLAIN
    }
    say(f"controls: {len(oracles)} right answers")
    found |= await _graded(oracles, referee, say, known)
    hanging = _hanging(tasks, known, hang_each=hang_each)
    say(f"controls: {len(hanging)} answers that never end")
    before = descendants(os.getpid())
    hung = await _graded(hanging, referee, say, known)
    left = await asyncio.to_thread(left_behind, before, referee) if hanging else ""
    if left:
        hung = {key: Grade(outcome=Outcome.WRONG, note=f"left behind: {left}") for key in hung}
    return found | hung


def holds(found: Controls) -> list[str]:
    """Return a line for each control that is not as it has to be."""
    lines = []
    for (name, task), grade in found.items():
        is_right = grade.outcome is Outcome.RIGHT
        why = f" ({grade.note})" if grade.note else ""
        if name == ORACLE and not is_right:
            lines.append(f"{task}: the right answer is {grade.outcome}{why}")
        elif name == ECHO and is_right:
            lines.append(f"{task}: the question given back is right")
        elif name == HANG and grade.outcome is not Outcome.TIMEOUT:
            lines.append(f"{task}: an answer that never ends is {grade.outcome}{why}")
    return lines


def left_behind(before: Collection[int], referee: Grounds, *, patience_s: float = GONE_S) -> str:
    """Return what is still there of runs that were ended; empty when nothing is. Blocks.

    Args:
        before: This process's descendants at the beginning.
        referee: Who ran them.
        patience_s: How long what is ending may take.
    """
    until = time.monotonic() + patience_s
    while (found := list(_traces(before, referee))) and time.monotonic() < until:
        time.sleep(0.1)
    return ", ".join(found[:5])


async def _graded(
    answers: Mapping[tuple[str, str], Answered],
    referee: Grounds,
    say: Callable[[str], None],
    known: Truths,
) -> dict[tuple[str, str], Grade]:
    grades = await graded(list(answers.values()), referee=referee, say=say, truths=known)
    return dict(zip(answers, grades, strict=True))


def _oracle(task: FairTask, known: Truths) -> dict[str, str]:
    if task.kind is TaskKind.EXPLAIN:
        return {**_true(known.scripts[task.sha256]), RECREATED: task.oracle or task.text}
    return {predicted(1) if task.kind is TaskKind.PREDICT else SOURCE: task.oracle}


def _echo(task: FairTask) -> dict[str, str]:
    if task.kind is TaskKind.EXPLAIN:
        told = {
            predicted(number): _given(given) for number, given in enumerate(task.inputs, start=1)
        }
        return {**told, RECREATED: task.purpose + "\n"}
    if task.kind is TaskKind.PREDICT:
        return {predicted(1): task.function}
    return {SOURCE: task.text}


def _hanging(
    tasks: Sequence[FairTask], known: Truths, *, hang_each: bool
) -> dict[tuple[str, str], Answered]:
    found: dict[tuple[str, str], Answered] = {}
    seen: set[tuple[str, str]] = set()
    for task in tasks:
        # What a call returns is said, not run: there is nothing to hang.
        if task.kind is TaskKind.PREDICT or (
            not hang_each and (task.family, task.language) in seen
        ):
            continue
        seen.add((task.family, task.language))
        found[HANG, task.id] = (task, _endless(task, known))
    return found


def _endless(task: FairTask, known: Truths) -> dict[str, str]:
    if task.kind is TaskKind.EXPLAIN:
        return {**_true(known.scripts[task.sha256]), RECREATED: _BASH_LOOP}
    text = task.oracle or task.text
    if task.language != "go":
        return {SOURCE: text + _PYTHON_LOOP}
    # From the end, so that places further up stay what they are. A race may have no function.
    for region in reversed(functions(text, "go")):
        if not task.function or region.qualified_name == task.function:
            at = region.signature.end
            text = text[:at] + _GO_LOOP + text[at:]
    return {SOURCE: text}


def _true(printed: Sequence[Printed]) -> dict[str, str]:
    """Return what a script prints in the form in which it is asked to be foretold."""
    return {
        predicted(number): f"```\n{one.stdout}```\nexit status: {one.exit_status}"
        for number, one in enumerate(printed, start=1)
    }


def _given(given: ScriptInput) -> str:
    return "\n".join([*given.args, given.stdin, *given.files.values()]) + "\nexit status: 0"


def _traces(before: Collection[int], referee: Grounds) -> Iterator[str]:
    own = os.getpid()
    yield from (f"process {pid}" for pid in descendants(own) if pid not in before)
    scratch = referee.sandbox.scratch_root
    yield from (f"folder {path.name}" for path in scratch.glob(f"run-{own}-*"))
    temporary = Path(tempfile.gettempdir())
    yield from (f"folder {path.name}" for path in temporary.glob(f"{top_prefix()}*"))
