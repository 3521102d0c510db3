"""The fair bench's own repairs and scripts: which test is red, what an input comes to."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from ducktypist.bench.explain.bash_runs import (
    Printed,
    run_input,
)
from ducktypist.bench.explain.bash_tasks import SCRIPT, TESTS
from ducktypist.bench.fair.tasks import N_WORDINGS, FairTask, TaskKind, own_tasks
from ducktypist.bench.fix.batch import Case, CaseReport, run_cases, runner_for
from ducktypist.facts.shellcheck import find_shellcheck
from ducktypist.features.grounds import Grounds
from support.refereed import in_sandbox
from support.runners import toolchain

MIN_TASKS = 25
MAX_SOURCE_LINES, MAX_SCRIPT_LINES = 30, 20
MAX_STDOUT_LINES, MAX_STDOUT_CHARACTERS = 6, 120
N_AT_ONCE = 2
TASKS = own_tasks().tasks
FIXES = tuple(task for task in TASKS if task.kind is TaskKind.FIX)
SCRIPTS = tuple(task for task in TASKS if task.kind is TaskKind.EXPLAIN)
T = TypeVar("T")


def worded(task: FairTask) -> tuple[FairTask, ...]:
    """Return a task as it is and in its other wordings."""
    return (task, *(task.worded(number) for number in range(len(task.wordings))))


def cases_of(number: int, task: FairTask) -> dict[str, Case]:
    """Return what is run of a repair: what is shown, with the visible tests and the hidden ones."""

    def case(of: FairTask, name: str, files: Mapping[str, str]) -> Case:
        key = f"t{number}{name}"
        return Case(key=key, language=of.language, source=of.source, files=files)

    return {
        "shown": case(task, "shown", task.files),
        "unseen": case(task, "unseen", {task.source: task.text, **task.hidden}),
    }


def check_fixes(language: str, tmp_path: Path) -> None:
    """Run all repairs of a language, and compare what is red with what is to be."""
    tasks = [task for task in FIXES if task.language == language]
    cases = {task.id: cases_of(number, task) for number, task in enumerate(tasks)}

    async def runs(referee: Grounds) -> dict[str, CaseReport]:
        every = [case for group in cases.values() for case in group.values()]
        return await run_cases(every, runner=runner_for(referee, language))

    reports = in_sandbox(tmp_path, runs)
    wrong = {}
    for task in tasks:
        found = {name: reports[case.key] for name, case in cases[task.id].items()}
        seen, unseen = found["shown"].failing, found["unseen"].failing
        if seen != (task.target,) or not unseen or found["unseen"].is_broken:
            wrong[task.id] = (seen, unseen)
    assert len(tasks) > 0
    assert wrong == {}


def test_there_are_enough_tasks() -> None:
    """At least twenty-five repairs in two languages and as many scripts, each with a title."""
    assert len(FIXES) >= MIN_TASKS
    assert {task.language for task in FIXES} == {"python", "go"}
    assert len(SCRIPTS) >= MIN_TASKS
    assert len({task.title for task in (*FIXES, *SCRIPTS)}) == len(FIXES) + len(SCRIPTS)


@pytest.mark.parametrize("task", FIXES, ids=lambda task: task.id)
def test_a_repair_is_short_and_whole(task: FairTask) -> None:
    """Its source is short, its hidden tests are other tests, three wordings have other names."""
    assert len(task.text.splitlines()) <= MAX_SOURCE_LINES
    assert task.text != task.oracle
    assert task.function in task.text
    assert task.target.partition("::")[0] in task.files
    assert not set(task.hidden) & set(task.files)
    assert len(task.wordings) == N_WORDINGS
    assert all(len(wording.rename) > 1 for wording in task.wordings)
    assert all(of.text not in {task.text, task.oracle} for of in worded(task)[1:])


@pytest.mark.sandbox
@pytest.mark.timeout(120)
def test_one_visible_test_is_red_in_python(tmp_path: Path) -> None:
    """What is shown fails the one red test and no other visible one, and hidden ones too."""
    check_fixes("python", tmp_path)


@pytest.mark.sandbox
@pytest.mark.timeout(600)
@pytest.mark.skipif(toolchain() is None, reason="Go is not here")
def test_one_visible_test_is_red_in_go(
    tmp_path: Path, go_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown fails the one red test and no other visible one, and hidden ones too."""
    monkeypatch.setenv("DUCKTYPIST_CACHE_DIR", str(go_cache))
    check_fixes("go", tmp_path)


@pytest.mark.parametrize("task", SCRIPTS, ids=lambda task: task.id)
def test_a_script_is_short_and_whole(task: FairTask) -> None:
    """It is its own right answer, one line says what for, three wordings have other names."""
    assert task.source == SCRIPT
    assert task.oracle == task.text
    assert len(task.text.splitlines()) <= MAX_SCRIPT_LINES
    assert "\n" not in task.purpose
    assert 3 <= task.hidden[TESTS].count("@test ") <= 5
    assert len(task.wordings) == N_WORDINGS
    assert all(len(wording.rename) > 1 for wording in task.wordings)


def test_shellcheck_finds_no_error_in_scripts(tmp_path: Path) -> None:
    """No finding of the level `error` in any of them."""
    program = find_shellcheck()
    if program is None:
        pytest.skip("shellcheck is not here")
    for task in SCRIPTS:
        (tmp_path / f"{task.id.partition('/')[2]}.sh").write_text(task.text, "utf-8")
    paths = sorted(str(path) for path in tmp_path.glob("*.sh"))
    said = subprocess.run(
        [str(program), "--norc", "--shell=bash", "--severity=error", "--format=json", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(said.stdout) == []


async def some_at_once(runs: list[Awaitable[T]]) -> list[T]:
    """Wait for runs, a few at a time."""
    free = asyncio.Semaphore(N_AT_ONCE)

    async def one(run: Awaitable[T]) -> T:
        async with free:
            return await run

    return await asyncio.gather(*map(one, runs))


@pytest.mark.sandbox
@pytest.mark.timeout(600)
def test_an_input_has_one_outcome(tmp_path: Path) -> None:
    """It is the same again in every wording, short, and unlike that of the other inputs."""

    async def runs(referee: Grounds) -> list[Printed]:
        return await some_at_once(
            [
                run_input(of.oracle, given, referee=referee)
                for task in SCRIPTS
                for of in worded(task)
                for given in of.inputs
            ]
        )

    found = iter(in_sandbox(tmp_path, runs))
    for task in SCRIPTS:
        first, *others = [[next(found) for _ in of.inputs] for of in worded(task)]
        assert others == [first] * N_WORDINGS, task.id
        assert len({(ran.stdout, ran.exit_status) for ran in first}) == len(first), task.id
        assert None not in {ran.exit_status for ran in first}, task.id
        assert {ran.exit_status for ran in first} != {0}, task.id
        assert max(ran.stdout.count("\n") for ran in first) <= MAX_STDOUT_LINES, task.id
        assert max(len(ran.stdout) for ran in first) <= MAX_STDOUT_CHARACTERS, task.id
