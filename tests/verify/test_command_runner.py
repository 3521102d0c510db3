from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Outcome, TestOutcome, TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify.command_runner import CommandRunner
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.verdict import judge_fix
from support.runners import GO_LIMITS, NODE, Places, missing
from support.sandboxes import LIMITS

pytestmark = pytest.mark.sandbox

CHECK = """#!/bin/sh
echo "checking $1"
. ./lib.sh
test "$(add 1 2)" = "$(cat "$1")"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A shell library whose checks are files with an expected sum."""
    root = tmp_path / "workspace"
    (root / "checks").mkdir(parents=True)
    (root / "lib.sh").write_text("add() { echo $(($1 - $2)); }\n")
    (root / "check.sh").write_text(CHECK)
    (root / "checks" / "three.check").write_text("3\n")
    (root / "checks" / "minus.check").write_text("-1\n")
    return root


async def run(
    bench: Any, root: Path, *targets: str, command: tuple[str, ...], **changes: Any
) -> TestReport:
    """Run a command for the workspace's checks."""
    runner = CommandRunner(sandbox=bench.sandbox, command=command, patterns=("checks/*.check",))
    return await runner.run(
        RunRequest(root=root, targets=targets, limits=replace(LIMITS, timeout_s=30.0), **changes)
    )


STATUS = ("sh", "check.sh", "{test}")


async def test_without_a_report_the_status_counts(best: Any, workspace: Path) -> None:
    """Each file is run by itself, and its exit status is its outcome."""
    report = await run(best, workspace, command=STATUS)
    assert {result.node_id: result.outcome for result in report.results} == {
        "checks/minus.check": TestOutcome.PASSED,
        "checks/three.check": TestOutcome.FAILED,
    }
    assert not report.canaries_possible
    assert "checking checks/three.check" in report.output_tail


async def test_the_verdict_says_that_nothing_watched(best: Any, workspace: Path) -> None:
    """A fix that only such a command confirms is plausible, and its summary says how."""
    target = "checks/three.check"
    changed = {Path("lib.sh"): "add() { echo $(($1 + $2)); }\n"}
    before = await run(best, workspace, target, command=STATUS)
    after = await run(best, workspace, target, command=STATUS, overlay=changed)
    verdict = judge_fix(
        target=target,
        before=before,
        after=[after, after],
        suite_before=None,
        suite_after=None,
        level=4,
    )
    assert verdict.outcome is Outcome.PLAUSIBLE
    assert verdict.summary == "plausible: 2 of 2 runs without canaries, other tests not run"


async def test_no_shell_reads_the_arguments(best: Any, workspace: Path) -> None:
    """What stands in an argument reaches the program as it is."""
    odd = "checks/$(touch made) ;&.check"
    await asyncio.to_thread((workspace / odd).write_text, "3\n")
    report = await run(best, workspace, odd, command=("test", "-f", "{test}"))
    assert report.outcome_of(odd) is TestOutcome.PASSED
    await asyncio.to_thread((workspace / odd).unlink)


async def test_a_missing_program_is_an_error(best: Any, workspace: Path) -> None:
    """A command that cannot be started says nothing of any test."""
    with pytest.raises(RunnerError, match="no program on PATH"):
        await run(best, workspace, command=("no-such-program", "{test}"))
    with pytest.raises(RunnerError, match="could not be started"):
        await run(best, workspace, command=("./no-such-program", "{test}"))
    with pytest.raises(RunnerError, match="names no program"):
        CommandRunner(sandbox=best.sandbox, command=("{test}",), patterns=())


async def test_a_report_that_is_not_written_is_an_error(best: Any, workspace: Path) -> None:
    """A command that succeeds and writes nothing is misconfigured; one that fails is broken."""
    with pytest.raises(RunnerError, match="wrote no JUnit XML"):
        await run(best, workspace, command=("true", "{junit}", "{test}"))
    report = await run(
        best, workspace, "checks/three.check", command=("false", "{junit}", "{test}")
    )
    assert [error.node_id for error in report.collection_errors] == ["checks/three.check"]


async def test_a_failure_that_no_test_explains(best: Any, workspace: Path) -> None:
    """Where all tests pass and the command fails, the file counts as not collected."""
    text = '<testsuite><testcase name="a" file="checks/three.check"/></testsuite>'
    script = {Path("run.sh"): f"echo '{text}' > $1\nexit 3\n"}
    report = await run(best, workspace, command=("sh", "run.sh", "{junit}"), overlay=script)
    assert report.ids(TestOutcome.PASSED) == ("checks/three.check::a",)
    assert "status 3" in report.collection_errors[0].message


def test_patterns_say_what_is_owned(best: Any) -> None:
    """Without a slash a pattern is a name's; with one it is a path's."""
    runner = CommandRunner(
        sandbox=best.sandbox, command=("x",), patterns=("*.test.ts", "spec/**/*.js", "e2e/*.ts")
    )
    owned = ["a.test.ts", "src/deep/a.test.ts", "spec/a.js", "spec/b/c/a.js", "e2e/a.ts"]
    others = ["a.ts", "spec.js", "e2e/b/a.ts", "x/spec/a.js"]
    assert all(runner.owns(Path(name)) for name in owned)
    assert not any(runner.owns(Path(name)) for name in others)


@pytest.mark.skipif(bool(missing(NODE)), reason=missing(NODE))
async def test_node_groups_and_files(best: Any, tmp_path: Path) -> None:
    """Several files in one run keep their tests apart."""
    root = tmp_path / "node"
    root.mkdir()
    await asyncio.to_thread(NODE.write, root)
    runner = NODE.make(
        Places(sandbox=best.sandbox, user_python=best.user_python, go_cache=tmp_path)
    )
    other = (
        "import { describe, it } from 'node:test';\n"
        "describe('group', () => { it('inner', () => {}); });\n"
    )
    report = await runner.run(
        RunRequest(
            root=root,
            limits=GO_LIMITS,
            targets=("test/other.test.mjs",),
            overlay={Path("test/other.test.mjs"): other},
        )
    )
    assert report.ids(TestOutcome.PASSED) == ("test/other.test.mjs::group > inner",)
    assert shutil.which("node")
