"""What every test runner does, whatever language it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed, TestOutcome, TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify.runner import Runner, RunRequest
from support.runners import GO, GO_LIMITS, NODE, PYTEST, Places, Project, missing
from support.sandboxes import tree_hash

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]


@pytest.fixture(params=[PYTEST, GO, NODE], ids=lambda project: project.name)
def project(request: pytest.FixtureRequest) -> Project:
    """Each runner's project."""
    found: Project = request.param
    if missing(found):
        pytest.skip(missing(found))
    return found


@pytest.fixture
def workspace(tmp_path: Path, project: Project) -> Path:
    """The project on the disk."""
    root = tmp_path / "workspace"
    root.mkdir()
    project.write(root)
    return root


@pytest.fixture
def runner(best: Any, project: Project, go_cache: Path) -> Runner:
    """The project's runner, in the best sandbox."""
    return project.make(
        Places(sandbox=best.sandbox, user_python=best.user_python, go_cache=go_cache)
    )


async def run(
    runner: Runner,
    root: Path,
    *targets: str,
    overlay: Mapping[Path, str] | None = None,
    timeout_s: float = 60.0,
    **changes: Any,
) -> TestReport:
    """Run some tests."""
    return await runner.run(
        RunRequest(
            root=root,
            limits=replace(GO_LIMITS, timeout_s=timeout_s),
            targets=targets,
            overlay=overlay or {},
            **changes,
        )
    )


async def test_each_test_has_its_outcome(runner: Runner, workspace: Path, project: Project) -> None:
    """Without targets every test runs: one passes, one fails, one is skipped, each by its id."""
    report = await run(runner, workspace)
    assert {result.node_id: result.outcome for result in report.results} == {
        project.id_of(project.failing): TestOutcome.FAILED,
        project.id_of(project.passing): TestOutcome.PASSED,
        project.id_of(project.skipped): TestOutcome.SKIPPED,
    }
    assert set(report.collected) == {result.node_id for result in report.results}
    assert report.exit_status not in {0, None}
    assert report.killed is None
    assert report.collection_errors == ()
    failed = next(result for result in report.results if result.outcome is TestOutcome.FAILED)
    assert "3" in failed.message or "-1" in failed.message
    assert all(
        not result.message for result in report.results if result.outcome is TestOutcome.PASSED
    )


async def test_a_target_runs_alone(runner: Runner, workspace: Path, project: Project) -> None:
    """A node id gives that test and no other."""
    target = project.id_of(project.passing)
    report = await run(runner, workspace, target)
    assert report.ids(*TestOutcome) == (target,)
    assert report.outcome_of(target) is TestOutcome.PASSED


async def test_a_file_is_a_target(runner: Runner, workspace: Path, project: Project) -> None:
    """A test file stands for all of its tests."""
    report = await run(runner, workspace, project.test_file)
    assert len(report.results) == 3


async def test_the_failing_line_is_a_frame(
    runner: Runner, workspace: Path, project: Project
) -> None:
    """The first frame of a failure is the failing line of the test's file."""
    report = await run(runner, workspace, project.id_of(project.failing))
    frame = report.results[0].frames[0]
    assert (frame.path, frame.line) == (workspace / project.test_file, project.failing_line)


async def test_what_is_laid_over_counts(runner: Runner, workspace: Path, project: Project) -> None:
    """A patched text is what is tested."""
    report = await run(runner, workspace, overlay=project.changed(project.right))
    assert report.outcome_of(project.id_of(project.failing)) is TestOutcome.PASSED
    assert report.outcome_of(project.id_of(project.passing)) is TestOutcome.PASSED


async def test_an_unknown_test_is_not_passed(
    runner: Runner, workspace: Path, project: Project
) -> None:
    """A test that does not exist has no outcome, and neither has one of a file that does not."""
    for target in (project.id_of("TestNoSuchThing"), f"no/{Path(project.test_file).name}"):
        report = await run(runner, workspace, target)
        assert report.outcome_of(target) is None
        assert report.ids(TestOutcome.PASSED) == ()


async def test_code_that_does_not_load_is_a_collection_error(
    runner: Runner, workspace: Path, project: Project
) -> None:
    """When the code cannot be imported or built no test has an outcome, and it is said why."""
    report = await run(runner, workspace, project.test_file, overlay=project.changed(project.wrong))
    assert report.results == ()
    (error,) = report.collection_errors
    assert error.node_id == project.test_file
    assert error.outcome is TestOutcome.ERROR
    assert error.message


async def test_a_test_without_an_end_is_killed(
    runner: Runner, workspace: Path, project: Project
) -> None:
    """A run that takes longer than it may is ended, and its test has not passed."""
    target = project.id_of(project.failing)
    report = await run(
        runner, workspace, target, overlay=project.changed(project.endless), timeout_s=15.0
    )
    assert report.killed is Killed.WALL_CLOCK
    assert report.exit_status is None
    assert report.outcome_of(target) in {None, TestOutcome.ERROR}


async def test_tests_that_must_fail_fail(runner: Runner, workspace: Path, project: Project) -> None:
    """Where there are canaries they fail and are not among the results; else it is said."""
    report = await run(runner, workspace, overlay=project.changed(project.right))
    assert report.canaries_failed is (True if project.has_canaries else None)
    assert report.canaries_possible is project.has_canaries
    assert len(report.results) == len(report.collected) == 3
    assert "anary" not in report.output_tail or project is PYTEST
    without = await run(runner, workspace, project.test_file, canaries=False)
    assert without.canaries_failed is None


@pytest.mark.parametrize("target", ["-x", "--help", "-exec=./evil"])
async def test_an_option_is_no_target(runner: Runner, workspace: Path, target: str) -> None:
    """A target that would be taken for an option is refused before anything runs."""
    with pytest.raises(RunnerError, match="option"):
        await run(runner, workspace, target)


async def test_the_tree_stays_as_it_is(runner: Runner, workspace: Path, project: Project) -> None:
    """Neither a run nor a trial changes a file of the workspace."""
    before = tree_hash(workspace)
    overlay = project.changed(project.right)
    await run(runner, workspace, overlay=overlay)
    request = RunRequest(root=workspace, limits=GO_LIMITS, targets=(project.test_file,))
    async with runner.trials(request) as trials:
        await trials.run(overlay)
    assert tree_hash(workspace) == before


async def test_trials_say_what_runs_say(runner: Runner, workspace: Path, project: Project) -> None:
    """One patch after the other has the outcome that a run of its own gives it."""
    target = project.id_of(project.failing)
    request = RunRequest(root=workspace, limits=GO_LIMITS, targets=(target,))
    async with runner.trials(request) as trials:
        seen = []
        for change in (project.right, project.wrong, None, project.right):
            changed = project.changed(change) if change else {}
            report = await trials.run(changed)
            seen.append(report.outcome_of(target))
    assert seen == [TestOutcome.PASSED, None, TestOutcome.FAILED, TestOutcome.PASSED]


async def test_files_are_owned_by_their_names(runner: Runner, project: Project) -> None:
    """A runner owns its own test files and not those of other kinds."""
    assert runner.owns(Path(project.test_file))
    assert runner.name
    others = {item.test_file for item in (PYTEST, GO, NODE) if item is not project}
    assert not any(runner.owns(Path(name)) for name in others)


async def test_a_path_out_of_the_root_is_refused(runner: Runner, workspace: Path) -> None:
    """A target outside of the workspace runs nothing."""
    try:
        report = await run(runner, workspace, "../elsewhere/test_a.py::test_b")
    except RunnerError:
        return
    assert report.results == ()
