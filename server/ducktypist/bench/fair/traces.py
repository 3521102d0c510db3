"""What a task's failing test says, run once and kept: everybody is told the same words.

Addresses, numbers of goroutines and durations differ from run to run, and so would the prompt.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from typing import Final

from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.fix.attempt import GRADE_LIMITS
from ducktypist.bench.tasks import TaskError, write_files
from ducktypist.domain import TestOutcome, TestReport
from ducktypist.features.grounds import Grounds
from ducktypist.verify.runner import RunRequest

MAX_CHARS: Final = 900
RACE_REPEATS: Final = 5
_RACE: Final = re.compile(r"WARNING: DATA RACE.*?={10,}", re.DOTALL)
_NOISE: Final = (
    (re.compile(r"0x[0-9a-f]+"), "0x…"),
    (re.compile(r"(?i)\b(goroutine) \d+"), r"\1"),
    (re.compile(r"\(\d+\.\d+s\)"), ""),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)
_FOREIGN: Final = re.compile(
    r"^ +(?:testing\.|runtime\.|main\.main|_testmain|\S*/go/src/|\S*/src/testing/).*\n?",
    re.MULTILINE,
)


def has_trace(task: FairTask) -> bool:
    """Tell whether a task has a failing test whose words belong to the question."""
    return task.kind in {TaskKind.FIX, TaskKind.RACE}


async def trace_of(task: FairTask, *, referee: Grounds) -> str:
    """Run the failing test and return what it says, cut to what a prompt can hold.

    Raises:
        TaskError: It does not fail.
        DucktypistError: Nothing can be run here.
    """
    folder = referee.root / "traced"
    is_race = task.kind is TaskKind.RACE
    root = await asyncio.to_thread(write_files, task.files, folder)
    try:
        report = await referee.runner_of(task.target).run(
            RunRequest(
                root=root,
                limits=GRADE_LIMITS,
                targets=(task.target,),
                canaries=False,
                race=is_race,
                repeats=RACE_REPEATS if is_race else 1,
            )
        )
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    said = _race_said(report) if is_race else _said(report, task.target)
    if not said:
        raise TaskError(f"{task.id}: {task.target} does not fail, so there is nothing to mend")
    return _cut(_calm(said.replace(f"{root}/", "")))


def _said(report: TestReport, target: str) -> str:
    red = {TestOutcome.FAILED, TestOutcome.ERROR}
    for result in report.results:
        if result.node_id == target and result.outcome in red:
            return result.message or report.output_tail
    return ""


def _race_said(report: TestReport) -> str:
    for text in (*(result.message for result in report.results), report.output_tail):
        if found := _RACE.search(text):
            return _FOREIGN.sub("", found[0])
    return ""


def _calm(text: str) -> str:
    for pattern, instead in _NOISE:
        text = pattern.sub(instead, text)
    return text.strip()


def _cut(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    head = text[:MAX_CHARS]
    # One endless line is cut in its middle; without it nothing would be left.
    return (head.rpartition("\n")[0] or head) + "\n…"
