"""Our own Go tasks: each right answer holds in all wordings, and what is shown does not.

Many packages a run, because Go takes a second to build one. Not here: how an answer is graded.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from ducktypist.bench import fair
from ducktypist.bench.fair.tasks import N_WORDINGS, FairTask, read_tasks
from ducktypist.bench.fix.batch import LIMITS, Case, run_cases
from ducktypist.domain import TestOutcome, TestReport
from ducktypist.features.derace.case import RacingFile, racing_files, reports_of
from ducktypist.features.grounds import Grounds
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.race import Shared, race_refusals, shows_race
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.sandbox import probe
from support.race_runs import go_grounds
from support.workbench import write_tree

# The first run builds Go's standard library, with the race detector and without.
pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]

N_TASKS = 25
"""So many of a family tell a small model from a large one."""
REPEATS = 20
GO_MOD = "module tasks\n\ngo 1.21\n"
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


@pytest.mark.parametrize("family", ["go-function", "de-race"])
async def test_a_right_answer_holds_in_every_wording(
    family: str, families: Families, grounds: Grounds
) -> None:
    """With other names and another order, the right answer passes all tests."""
    worded = {
        f"{name_of(task)}{number}": task.worded(number)
        for task in families[family]
        for number in range(N_WORDINGS)
    }
    assert await not_green(worded, grounds) == []


async def test_a_function_is_right_and_what_is_shown_is_not(
    families: Families, grounds: Grounds
) -> None:
    """A function's right answer passes all tests, and the source as it is shown does not."""
    right = {name_of(task): task for task in families["go-function"]}
    shown = {f"{name}shown": replace(task, oracle=task.text) for name, task in right.items()}
    assert await not_green({**right, **shown}, grounds) == sorted(shown)


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


async def test_right_answers_are_clean(families: Families, grounds: Grounds) -> None:
    """Nothing in a right answer or in a test is what ``go vet`` warns of."""
    tasks = [*families["go-function"], *families["de-race"]]
    laid_out(grounds.root, {name_of(task): answered(task) for task in tasks})
    folders = [PurePosixPath(name_of(task)) for task in tasks]
    assert await runner_of(grounds).vet(grounds.root, folders, limits=LIMITS) == ()


async def test_a_race_shows(families: Families, grounds: Grounds) -> None:
    """The code as shown races in the visible test and in the hidden one, in its own source.

    What races is known from it, and nothing about the right answer looks like a trick.
    """
    tasks = {name_of(task): task for task in families["de-race"]}
    packages = {}
    for name, task in tasks.items():
        packages[name] = dict(task.files)
        packages[f"{name}hidden"] = {task.source: task.text, **task.hidden}
    laid_out(grounds.root, packages)
    report = await raced(grounds, repeats=1)
    targets = [f"{name}/{task.target}" for name, task in tasks.items()]
    assert [target for target in targets if report.outcome_of(target) is not FAILED] == []
    reports = await asyncio.to_thread(reports_of, report, grounds, target=targets[0])
    files = await asyncio.to_thread(racing_files, reports, grounds)
    racing = {file.path.as_posix(): file for file in files}
    for name, task in tasks.items():
        assert f"{name}hidden/{task.source}" in racing, task.id
        file = racing[f"{name}/{task.source}"]
        assert file.variables, task.id
        assert await asyncio.to_thread(refused, task, file) == (), task.id


async def test_a_right_answer_does_not_race(families: Families, grounds: Grounds) -> None:
    """The right answers are clean under the race detector, however often they are run."""
    tasks = {name_of(task): task for task in families["de-race"]}
    laid_out(grounds.root, {name: answered(task) for name, task in tasks.items()})
    report = await raced(grounds, repeats=REPEATS)
    assert [item.node_id for item in report.results if item.outcome is not PASSED] == []
    assert not shows_race(report)
    tested = {item.node_id.partition("::")[0] for item in report.results}
    for name, task in tasks.items():
        assert {f"{name}/{path}" for path in task.hidden} <= tested


FAILED, PASSED = TestOutcome.FAILED, TestOutcome.PASSED


def name_of(task: FairTask) -> str:
    """Return a name that can be a package's."""
    return task.id.partition("/")[2].replace("-", "")


def answered(task: FairTask) -> dict[str, str]:
    """Return a task's files with its right answer and all tests, without a module of its own."""
    files = {**task.files, **task.hidden, task.source: task.oracle}
    return {path: text for path, text in files.items() if path != "go.mod"}


def laid_out(root: Path, packages: Mapping[str, Mapping[str, str]]) -> None:
    """Write packages as folders of one module."""
    files = {
        f"{name}/{path}": text
        for name, package in packages.items()
        for path, text in package.items()
        if path != "go.mod"
    }
    write_tree(root, {"go.mod": GO_MOD, **files})


def refused(task: FairTask, racing: RacingFile) -> tuple[str, ...]:
    """Return what makes a race's right answer look like a trick."""
    shared = Shared(variables=racing.variables, writers=racing.writers)
    return race_refusals(task.text, task.oracle, path=Path(task.source), shared=shared)


def runner_of(grounds: Grounds) -> GoRunner:
    """Return the grounds' only runner."""
    (runner,) = grounds.runners
    assert isinstance(runner, GoRunner)
    return runner


async def raced(grounds: Grounds, *, repeats: int) -> TestReport:
    """Run everything under the race detector."""
    report = await runner_of(grounds).run(
        RunRequest(root=grounds.root, limits=LIMITS, canaries=False, race=True, repeats=repeats)
    )
    assert report.killed is None
    return report


async def not_green(tasks: Mapping[str, FairTask], grounds: Grounds) -> list[str]:
    """Return the names of tasks whose answers do not pass all tests, in order."""
    cases = [
        Case(key=name, language="go", source=task.source, files=answered(task))
        for name, task in tasks.items()
    ]
    reports = await run_cases(cases, runner=runner_of(grounds))
    return sorted(name for name, report in reports.items() if not report.is_green)
