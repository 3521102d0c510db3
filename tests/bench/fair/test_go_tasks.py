"""Our own Go tasks: large enough families, and edge cases that only hidden tests look at.

That right answers pass and nothing else does, in every wording, is in ``test_own_tasks.py``.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ducktypist.bench import fair
from ducktypist.bench.fair.tasks import N_WORDINGS, FairTask, read_tasks
from ducktypist.bench.fix.batch import LIMITS, Case, run_cases
from ducktypist.features.grounds import Grounds
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.sandbox import probe
from support.race_runs import go_grounds

# The first run builds Go's standard library, with the race detector and without.
pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]

N_TASKS = 25
"""So many of a family tell a small model from a large one."""
WRONG = {
    "mask-token": ("len(token) <= 8", "len(token) <= 4"),
    "progress-percent": ("return max(1, done*100/total)", "return done * 100 / total"),
    "retryable-codes": (" && code != 501", ""),
}
"""For some tasks, what makes the right answer forget the edge case."""


Families = Mapping[str, tuple[FairTask, ...]]


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Families:
    """The tasks of the families that are looked at here, and of no other."""
    folder = tmp_path_factory.mktemp("tasks")
    for name in ("go-function", "de-race"):
        shutil.copytree(Path(fair.__file__).parent / "tasks" / name, folder / name)
    found = read_tasks(folder)
    return {name: found.of([name], None).tasks for name in found.families}


@pytest.fixture
def grounds(tmp_path: Path, go_cache: Path) -> Grounds:
    """Grounds on which Go can be run."""
    root, scratch_root = tmp_path / "w", tmp_path / "scratch"
    root.mkdir()
    status = asyncio.run(probe(scratch_root=scratch_root))
    return go_grounds(root, status, scratch_root, go_cache, limits=LIMITS)


@pytest.mark.parametrize("family", ["go-function", "de-race"])
def test_a_family_is_large_enough(family: str, families: Families) -> None:
    """There are enough tasks, each with hidden tests and three wordings of several names."""
    tasks = families[family]
    assert len(tasks) >= N_TASKS
    for task in tasks:
        assert task.oracle != task.text, task.id
        assert task.hidden, task.id
        assert not {*task.hidden} & {*task.files}, task.id
        assert len(task.wordings) == N_WORDINGS, task.id
        assert all(len(wording.rename) >= N_WORDINGS for wording in task.wordings), task.id
        assert all(bool(task.examples) == bool(wording.order) for wording in task.wordings)


async def test_only_hidden_tests_look_at_the_edge_case(
    families: Families, grounds: Grounds
) -> None:
    """An answer that forgets the documented edge case passes what is seen and nothing more."""
    forgetful = {}
    for task in families["go-function"]:
        if change := WRONG.get(task.id.partition("/")[2]):
            assert change[0] in task.oracle
            forgetful[name_of(task)] = replace(task, oracle=task.oracle.replace(*change))
    seen = {name: replace(task, hidden={}) for name, task in forgetful.items()}
    assert len(forgetful) == len(WRONG)
    assert await not_green(forgetful, grounds) == sorted(forgetful)
    assert await not_green(seen, grounds) == []


def name_of(task: FairTask) -> str:
    """Return a name that can be a package's."""
    return task.id.partition("/")[2].replace("-", "")


def answered(task: FairTask) -> dict[str, str]:
    """Return a task's files with its right answer and all tests, without a module of its own."""
    files = {**task.files, **task.hidden, task.source: task.oracle}
    return {path: text for path, text in files.items() if path != "go.mod"}


def runner_of(grounds: Grounds) -> GoRunner:
    """Return the grounds' only runner."""
    (runner,) = grounds.runners
    assert isinstance(runner, GoRunner)
    return runner


async def not_green(tasks: Mapping[str, FairTask], grounds: Grounds) -> list[str]:
    """Return the names of tasks whose answers do not pass all tests, in order."""
    cases = [
        Case(key=name, language="go", source=task.source, files=answered(task))
        for name, task in tasks.items()
    ]
    reports = await run_cases(cases, runner=runner_of(grounds))
    return sorted(name for name, report in reports.items() if not report.is_green)
