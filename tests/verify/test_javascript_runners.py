"""vitest and jest through the command runner.

Both have to be installed: ``DUCKTYPIST_TEST_NODE_MODULES`` names a ``node_modules`` folder with
``vitest``, ``jest`` and ``jest-junit`` in it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import TestOutcome, TestReport
from ducktypist.verify.command_runner import CommandRunner
from ducktypist.verify.runner import RunRequest
from support.runners import GO_LIMITS

MODULES = os.environ.get("DUCKTYPIST_TEST_NODE_MODULES", "")
pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not MODULES, reason="DUCKTYPIST_TEST_NODE_MODULES names no node_modules"),
]

COMMANDS = {
    "vitest": (
        *("node", "node_modules/vitest/vitest.mjs", "run"),
        *("--reporter=junit", "--outputFile={junit}", "{test}"),
    ),
    "jest": (
        *("env", "JEST_JUNIT_OUTPUT_FILE={junit}", "JEST_JUNIT_ADD_FILE_ATTRIBUTE=true"),
        *("JEST_JUNIT_TITLE={classname} > {title}", "JEST_JUNIT_CLASSNAME={filepath}"),
        *("node", "node_modules/jest/bin/jest.js", "--reporters=jest-junit"),
        *("--runTestsByPath", "{test}"),
    ),
}
TEST = (
    "const { add } = require('./sums.js');\n"
    "describe('sums', () => {\n"
    "  it('adds', () => {\n    expect(add(1, 2)).toBe(3);\n  });\n"
    "  it('takes nothing', () => {\n    expect(add(2, 0)).toBe(2);\n  });\n"
    "  it.skip('later', () => {});\n"
    "});\n"
)
VITEST_HEAD = "import { describe, expect, it } from 'vitest';\nimport { add } from './sums.js';\n"


@pytest.fixture(params=COMMANDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the two."""
    return str(request.param)


@pytest.fixture
def workspace(tmp_path: Path, kind: str) -> Path:
    """A project with a wrong function and three tests."""
    root = tmp_path / "workspace"
    root.mkdir()
    shutil.copytree(MODULES, root / "node_modules", symlinks=True)
    test = TEST if kind == "jest" else VITEST_HEAD + TEST.partition("\n")[2]
    export = "module.exports = { add };" if kind == "jest" else "export { add };"
    module = "commonjs" if kind == "jest" else "module"
    (root / "package.json").write_text(f'{{"name": "shop", "type": "{module}"}}')
    (root / "sums.js").write_text(f"function add(a, b) {{\n  return a - b;\n}}\n{export}\n")
    (root / "sums.test.js").write_text(test)
    return root


async def run(bench: Any, kind: str, root: Path, **changes: Any) -> TestReport:
    """Run the project's only test file."""
    runner = CommandRunner(sandbox=bench.sandbox, command=COMMANDS[kind], patterns=("*.test.js",))
    return await runner.run(
        RunRequest(root=root, limits=GO_LIMITS, targets=("sums.test.js",), **changes)
    )


async def test_outcomes_frames_and_patches(best: Any, workspace: Path, kind: str) -> None:
    """Each test has its outcome and its line, and a patch counts."""
    report = await run(best, kind, workspace)
    outcomes = {result.node_id.rpartition(" ")[2]: result.outcome for result in report.results}
    assert outcomes == {
        "adds": TestOutcome.FAILED,
        "nothing": TestOutcome.PASSED,
        "later": TestOutcome.SKIPPED,
    }
    failed = next(result for result in report.results if result.outcome is TestOutcome.FAILED)
    assert failed.node_id.startswith("sums.test.js::")
    line = 5 if kind == "vitest" else 4
    assert [(frame.path.name, frame.line) for frame in failed.frames] == [("sums.test.js", line)]
    text = await asyncio.to_thread((workspace / "sums.js").read_text)
    patched = {Path("sums.js"): text.replace("a - b", "a + b")}
    report = await run(best, kind, workspace, overlay=patched)
    assert report.ids(TestOutcome.FAILED) == ()
    assert len(report.ids(TestOutcome.PASSED)) == 2


async def test_a_file_that_does_not_load(best: Any, workspace: Path, kind: str) -> None:
    """A syntax error in the code is the test file's error, with its reason."""
    broken = {Path("sums.js"): "function add( {\n"}
    report = await run(best, kind, workspace, overlay=broken)
    assert report.ids(TestOutcome.PASSED) == ()
    assert [error.node_id for error in report.collection_errors] == ["sums.test.js"]
    assert report.collection_errors[0].message
