"""The three controls: what has to be right, what must not be, and what has to be ended."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.bench.fair.answers import Grade, Outcome
from ducktypist.bench.fair.controls import (
    ECHO,
    HANG,
    ORACLE,
    controls,
    holds,
    left_behind,
)
from ducktypist.bench.fair.grading import Truths
from ducktypist.bench.fix.batch import top_prefix
from ducktypist.features.grounds import Grounds
from ducktypist.verify.process_tree import descendants
from support.fair_tasks import GO_FUNCTION, PREDICT, PYTHON_FIX, RACE, SCRIPT
from support.refereed import Refereed, needs_bats, needs_go, refereed

__all__ = ["refereed"]
Found = dict[tuple[str, str], Grade]


@needs_go
@needs_bats
@pytest.mark.sandbox
@pytest.mark.timeout(900)
def test_the_controls_of_every_kind_hold(refereed: Refereed[Found]) -> None:
    """Right answers are right, what is given back is not, and what hangs is ended and gone."""
    tasks = [GO_FUNCTION, PYTHON_FIX, RACE, SCRIPT, PREDICT]

    async def found(grounds: Grounds) -> Found:
        return await controls(tasks, referee=grounds, hang_each=True, wordings=True)

    told = refereed(found)
    assert holds(told) == []
    names = {task.id for task in tasks}
    worded = {f"{PYTHON_FIX.id}#0", f"{SCRIPT.id}#0"}
    assert {task for name, task in told if name == ORACLE} == names | worded
    assert {task for name, task in told if name == ECHO} == names | worded
    assert {task for name, task in told if name == HANG} == names - {PREDICT.id}


@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_one_of_a_family_and_language_hangs(refereed: Refereed[Found]) -> None:
    """Unless each is wanted; what is known of the tasks is kept."""
    other = replace(PYTHON_FIX, id="fix/other")

    async def found(grounds: Grounds) -> Found:
        return await controls([PYTHON_FIX, other], referee=grounds, truths=Truths())

    told = refereed(found)
    assert [task for name, task in told if name == HANG] == [PYTHON_FIX.id]


@pytest.mark.sandbox
@pytest.mark.timeout(300)
def test_a_task_that_proves_nothing_is_told(refereed: Refereed[Found]) -> None:
    """Its tests pass without an answer, or fail with the right one."""
    easy = replace(
        PYTHON_FIX, id="fix/easy", files={**PYTHON_FIX.files, "shelf.py": PYTHON_FIX.oracle}
    )
    hard = replace(PYTHON_FIX, id="fix/hard", oracle=PYTHON_FIX.text + "\n")

    async def found(grounds: Grounds) -> Found:
        return await controls([easy, hard], referee=grounds)

    lines = holds(refereed(found))
    assert lines[0] == "fix/easy: the question given back is right"
    assert lines[1].startswith("fix/hard: the right answer is wrong (test_")
    assert len(lines) == 2


@pytest.mark.sandbox
def test_what_is_left_behind_is_named(refereed: Refereed[str]) -> None:
    """Processes, folders of runs and folders of programs, also after a while."""

    async def found(grounds: Grounds) -> str:
        before = descendants(os.getpid())
        assert await asyncio.to_thread(left_behind, before, grounds, patience_s=0.1) == ""
        grounds.sandbox.scratch_root.mkdir(parents=True, exist_ok=True)
        run = grounds.sandbox.scratch_root / f"run-{os.getpid()}-1-a"
        run.mkdir()
        programs = Path(tempfile.mkdtemp(prefix=top_prefix()))
        process = await asyncio.create_subprocess_exec("sleep", "60")
        try:
            left = await asyncio.to_thread(left_behind, before, grounds, patience_s=0.1)
        finally:
            process.kill()
            await process.wait()
            run.rmdir()
            programs.rmdir()
        assert f"process {process.pid}" in left
        assert f"folder {programs.name}" in left
        return left

    assert f"folder run-{os.getpid()}-1-a" in refereed(found)


def test_each_violation_is_a_line() -> None:
    """An answer that never ends has to be ended as one, and no task is left out."""

    def grade(outcome: Outcome, note: str = "") -> Grade:
        return Grade(outcome=outcome, note=note)

    found = {
        (ORACLE, "a"): grade(Outcome.RIGHT),
        (ORACLE, "b"): grade(Outcome.BROKEN, "x.go:1: no"),
        (ECHO, "a"): grade(Outcome.RIGHT),
        (ECHO, "b"): grade(Outcome.EMPTY),
        (HANG, "a"): grade(Outcome.TIMEOUT),
        (HANG, "b"): grade(Outcome.WRONG, f"left behind: folder run-{os.getpid()}-1-a"),
    }
    assert holds(found) == [
        "b: the right answer is broken (x.go:1: no)",
        "a: the question given back is right",
        f"b: an answer that never ends is wrong (left behind: folder run-{os.getpid()}-1-a)",
    ]
