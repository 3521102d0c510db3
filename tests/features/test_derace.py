from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import FixConfig
from ducktypist.domain import (
    Candidate,
    Kind,
    Outcome,
    Rung,
    Source,
    Span,
    TestOutcome,
    TestReport,
    TestResult,
    TextEdit,
)
from ducktypist.features.derace import _same_here, derace
from ducktypist.features.derace.case import RaceCase, race_reproduced, reports_of
from ducktypist.features.derace.validation import SCREEN_COUNT, RaceValidator
from ducktypist.features.fix.proposals import FixProposal
from ducktypist.features.grounds import Grounds
from ducktypist.ledger.reading import Suggestion
from ducktypist.syntax.race.recipes import racing_variables
from ducktypist.verify.sandbox import SandboxStatus
from support.race_runs import go_grounds, request_for
from support.races import BadPatch, RaceTask, bad_patches, race_tasks, task_named
from support.sandboxes import tree_hash
from support.workbench import bench_of, of_kind, write_tree

# The first run builds Go's standard library for the race detector.
pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]

CONFIG = FixConfig(budget_s=600.0)
ALL = os.environ.get("DUCKTYPIST_TEST_ALL_RACES")
"""Set to anything: every race is removed, and each patch run fifty times more. Half an hour."""
SOME = ("counter", "earlysignal", "limiter")
MANY = 50


@pytest.fixture
def grounds(
    workspace: Path, sandbox_level: SandboxStatus, scratch_root: Path, go_cache: Path
) -> Grounds:
    """Grounds of the workspace on which Go can be run."""
    return go_grounds(workspace, sandbox_level, scratch_root, go_cache)


async def deraced(
    tmp_path: Path,
    task: RaceTask,
    grounds: Grounds,
    rules: Sequence[dict[str, Any]] = (),
    config: FixConfig = CONFIG,
) -> tuple[FixProposal, list[Suggestion], list[str]]:
    """Return what came of it, the ledger's rows and the progress; the tree stays as it was."""
    before, said = tree_hash(grounds.root), list[str]()
    async with bench_of(tmp_path, list(rules), default="") as bench:
        found = await derace(
            request_for(task, grounds.root),
            workbench=bench.workbench,
            grounds=grounds,
            config=config,
            progress=said.append,
        )
        rows = of_kind(await bench.rows(), Kind.DERACE)
    assert tree_hash(grounds.root) == before
    return found, rows, said


@pytest.mark.parametrize(
    "task", [task for task in race_tasks() if ALL or task.name in SOME], ids=lambda task: task.name
)
async def test_the_race_is_removed_without_a_model(
    tmp_path: Path, workspace: Path, grounds: Grounds, task: RaceTask
) -> None:
    """A known way is found, proved, labelled with what was run, and holds when run more often."""
    task.write(workspace)
    found, rows, said = await deraced(tmp_path, task, grounds)
    assert found.edit is not None, found.message
    assert found.path == workspace / task.source
    assert found.text == task.text
    assert found.verdict.outcome is Outcome.PLAUSIBLE
    assert found.verdict.rung is Rung.NO_REGRESSIONS
    assert found.message.startswith("plausible: -race -count=20 clean in 3 of 3 runs, ")
    assert found.search.source is Source.RACE_RECIPE
    assert found.model.name == "rules"
    assert [row.shown for row in rows] == [True]
    assert said[0] == "looking for the race: -race -count=5"
    assert said[-1].endswith(": plausible")
    if ALL:
        patched = {Path(task.source): found.edit.apply(found.text)}
        runner = grounds.runner_of(task.target)
        request = replace(grounds.request([], changed=patched), race=True, repeats=MANY)
        report = await runner.run(request)
        assert task.target in report.collected
        assert {item.outcome.value for item in report.results} == {"passed"}, report


@pytest.mark.skipif(not ALL, reason="takes minutes; set DUCKTYPIST_TEST_ALL_RACES")
@pytest.mark.parametrize("task", race_tasks(), ids=lambda task: task.name)
async def test_the_reference_holds(workspace: Path, grounds: Grounds, task: RaceTask) -> None:
    """The known patch of each race passes everything fifty times under the race detector."""
    task.write(workspace)
    changed = {Path(task.source): task.fixed}
    request = replace(grounds.request([], changed=changed), race=True, repeats=MANY)
    report = await grounds.runner_of(task.target).run(request)
    assert {item.outcome.value for item in report.results} == {"passed"}, report


@contextlib.asynccontextmanager
async def validating(task: RaceTask, grounds: Grounds) -> AsyncIterator[RaceValidator]:
    """Give what tries patches on a race."""
    request = request_for(task, grounds.root)
    async with race_reproduced(request, grounds=grounds, progress=lambda _: None) as case:
        screening = case.race_request(
            [task.target], changed={}, repeats=SCREEN_COUNT, canaries=False
        )
        async with case.case.runner.trials(screening) as trials:
            validator = RaceValidator(case=case, trials=trials, config=CONFIG)
            try:
                yield validator
            finally:
                await validator.aclose()


def whole_file(case: RaceCase, path: Path, new: str) -> Candidate:
    """Return the candidate that makes a file another one."""
    text = case.case.texts[path]
    edit = TextEdit(span=Span(start=0, end=len(text)), old_text=text, new_text=new)
    return Candidate(
        path=path, edit=edit, source=Source.REWRITE, function="", what="", suspicion=1.0
    )


@pytest.mark.parametrize(
    "patch", [item for item in bad_patches() if not item.by_its_looks], ids=lambda item: item.kind
)
async def test_a_patch_that_looks_good_is_refuted_by_running_it(
    workspace: Path, grounds: Grounds, patch: BadPatch
) -> None:
    """Half a fix still races, and what gives wrong results fails the test's assertions."""
    task = task_named(patch.case)
    task.write(workspace)
    async with validating(task, grounds) as validator:
        candidate = whole_file(validator.case, Path(task.source), patch.apply(task.text))
        screened = await validator.screen(candidate)
        outcome = screened.outcome
        assert screened.stage == "screen", screened.message
        if outcome is Outcome.PLAUSIBLE:
            verdict, _ = await validator.validate(candidate)
            outcome = verdict.outcome
        assert outcome in {Outcome.STILL_FAILING, Outcome.FLAKY}


async def test_tricks_are_not_run(workspace: Path, grounds: Grounds) -> None:
    """What is refused by its looks costs no run."""
    patches = [item for item in bad_patches() if item.by_its_looks and item.case == "counter"]
    task = task_named("counter")
    task.write(workspace)
    async with validating(task, grounds) as validator:
        for patch in patches:
            candidate = whole_file(validator.case, Path(task.source), patch.apply(task.text))
            screened = await validator.screen(candidate)
            assert (screened.outcome, screened.stage) == (Outcome.TAMPERED, "static"), patch.kind
            assert screened.message.startswith("refused: ")


async def test_the_fewest_goroutines_count(workspace: Path, grounds: Grounds) -> None:
    """Goroutines are counted while the test runs, so that half of them cannot be left away."""
    task = task_named("missingwait")
    task.write(workspace)
    fixed = task.fixed.replace("\tpartial :=", "\tparts = (parts + 3) / 4\n\tpartial :=")
    async with validating(task, grounds) as validator:
        path = Path(task.source)
        good, _ = await validator.validate(whole_file(validator.case, path, task.fixed))
        fewer, _ = await validator.validate(whole_file(validator.case, path, fixed))
    assert good.outcome is Outcome.PLAUSIBLE
    assert fewer.outcome is Outcome.TAMPERED
    assert "goroutines" in fewer.summary


async def test_the_model_is_asked_when_no_known_way_helps(
    tmp_path: Path, workspace: Path, grounds: Grounds
) -> None:
    """Its answer is tried like any other, and a comment beside the race is worth nothing."""
    task = task_named("earlysignal")
    task.write(workspace)
    comment = "\tj := &Job{done: make(chan struct{})}\n\t// fixed the race\n\tgo func() {\n\t\tvalue := compute()\n\t\tclose(j.done)\n\t\tj.result = value\n\t}()\n\treturn j\n}\n"  # noqa: E501 - one answer
    right = comment.replace(
        "\t\tclose(j.done)\n\t\tj.result = value\n", "\t\tj.result = value\n\t\tclose(j.done)\n"
    )
    rules = [{"kind": "chat", "match": "func Start", "replies": [comment, right, right]}]
    config = replace(CONFIG, sources=(Source.REWRITE.value,))
    found, rows, _ = await deraced(tmp_path, task, grounds, rules, config)
    assert found.edit is not None, found.message
    assert found.search.source is Source.REWRITE
    assert found.model.name != "rules"
    assert found.edit.apply(found.text).count("close(j.done)\n\t}()") == 1
    assert [row.shown for row in rows] == [True]


async def test_a_test_without_a_race_is_left_alone(
    tmp_path: Path, workspace: Path, grounds: Grounds
) -> None:
    """Where no race shows there is nothing to do, and it is said that it was looked for."""
    task = task_named("counter")
    write_tree(workspace, {**task.files, task.source: task.fixed})
    found, rows, said = await deraced(tmp_path, task, grounds)
    assert found.edit is None
    assert found.verdict.outcome is Outcome.NOT_RUN
    assert "reports no race" in found.message
    assert len(said) == 3
    assert rows == []


async def test_cancelling_leaves_nothing_behind(
    tmp_path: Path, workspace: Path, grounds: Grounds
) -> None:
    """A search that nobody wants any more ends with its runs."""
    task = task_named("counter")
    task.write(workspace)
    searching = asyncio.create_task(deraced(tmp_path, task, grounds))
    await asyncio.sleep(1.0)
    searching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await searching
    assert searching.cancelled()


def test_what_raced_with_a_patch_is_known_without_it() -> None:
    """Lines move with a patch; the variables on them are the same, and those known are not new."""
    task = task_named("counter")
    moved = "// one more line\n" + task.text
    races = [[replace(side, line=side.line + 1) for side in sides] for sides in task.races]
    raced = {(one.kind.value, one.name, one.owner): one for one in racing_variables(moved, races)}
    known = [one for one in task.shared.variables if one.name == "total"]
    assert [one.name for one in _same_here(task.text, raced, known)] == ["byPath"]


def test_a_report_of_a_run_on_a_copy_names_the_workspace(workspace: Path, grounds: Grounds) -> None:
    """Where runs work on a copy of the workspace, its paths are those of the workspace."""
    message = (
        "WARNING: DATA RACE\nWrite at 0x1 by goroutine 8:\n  a.f()\n      /copy/pkg/a.go:3 +0x9\n\n"
        "Goroutine 8 (running) created at:\n  a.TestA()\n      /copy/pkg/a_test.go:9 +0x9\n"
    )
    result = TestResult(
        node_id="pkg/a_test.go::TestA", outcome=TestOutcome.FAILED, duration_ms=1.0, message=message
    )
    report = TestReport(
        results=(result,), collected=(), exit_status=1, killed=None, duration_ms=1.0, output_tail=""
    )
    (race,) = reports_of(report, grounds, target="pkg/a_test.go::TestA")
    assert race.accesses[0].place is not None
    assert race.accesses[0].place.path == workspace.resolve() / "pkg" / "a.go"
