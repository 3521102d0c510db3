"""One small project for each test runner, all of the same shape, and the runner for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.errors import RunnerError
from ducktypist.verify.command_runner import CommandRunner
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_toolchain import GoToolchain, find_go
from ducktypist.verify.pytest_runner import PytestRunner
from ducktypist.verify.runner import Runner
from ducktypist.verify.sandbox import Sandbox
from support.sandboxes import LIMITS

GO_LIMITS = replace(LIMITS, timeout_s=60.0, max_memory_bytes=2 * 1024**3, max_processes=128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a runner is to run."""

    sandbox: Sandbox
    user_python: Path
    go_cache: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project whose ``add`` subtracts: one test fails, one passes, one is skipped."""

    name: str
    files: dict[str, str]
    test_file: str
    code_file: str
    failing: str
    """Names of tests, without the file."""
    passing: str
    skipped: str
    failing_line: int
    right: tuple[str, str]
    """What to replace in the code so that all pass."""
    wrong: tuple[str, str]
    """What to replace in the code so that it cannot be loaded or built."""
    endless: tuple[str, str]
    """What to replace in the code so that the failing test never ends."""
    make: Callable[[Places], Runner]
    has_canaries: bool = True

    def write(self, root: Path) -> None:
        """Lay the project down."""
        for name, text in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def changed(self, change: tuple[str, str]) -> dict[Path, str]:
        """Return the code with a replacement made."""
        text = self.files[self.code_file]
        assert change[0] in text
        return {Path(self.code_file): text.replace(*change)}

    def id_of(self, test: str) -> str:
        """Return a test's node id."""
        return f"{self.test_file}::{test}"


def toolchain() -> GoToolchain | None:
    """Return this machine's Go, None when it has none."""
    try:
        return find_go(configured="", workspace=Path("/nonexistent"))
    except RunnerError:
        return None


def go_runner(places: Places) -> GoRunner:
    """Return a runner for Go's tests."""
    found = toolchain()
    assert found is not None
    return GoRunner(sandbox=places.sandbox, toolchain=found, cache_dir=places.go_cache)


PYTEST = Project(
    name="pytest",
    files={
        "shop/__init__.py": "",
        "shop/sums.py": "def add(a, b):\n    return a - b\n",
        "tests/test_sums.py": (
            "import pytest\nfrom shop.sums import add\n\n"
            "def test_wrong():\n    assert add(1, 2) == 3\n\n"
            "def test_right():\n    assert add(2, 0) == 2\n\n"
            "@pytest.mark.skip(reason='later')\ndef test_later():\n    pass\n"
        ),
    },
    test_file="tests/test_sums.py",
    code_file="shop/sums.py",
    failing="test_wrong",
    passing="test_right",
    skipped="test_later",
    failing_line=5,
    right=("a - b", "a + b"),
    wrong=("return", "return return"),
    endless=("return a - b", "while True:\n        pass"),
    make=lambda places: PytestRunner(sandbox=places.sandbox, interpreter=places.user_python),
)
GO = Project(
    name="go",
    files={
        "go.mod": "module example.com/shop\n\ngo 1.20\n",
        "sums/sums.go": (
            "package sums\n\n// Add adds.\nfunc Add(a, b int) int {\n\treturn a - b\n}\n"
        ),
        "sums/sums_test.go": (
            'package sums\n\nimport "testing"\n\n'
            "func TestWrong(t *testing.T) {\n"
            "\tif got := Add(1, 2); got != 3 {\n"
            '\t\tt.Errorf("Add(1, 2) = %d", got)\n\t}\n}\n\n'
            "func TestRight(t *testing.T) {\n"
            "\tif Add(2, 0) != 2 {\n\t\tt.Fail()\n\t}\n}\n\n"
            'func TestLater(t *testing.T) { t.Skip("later") }\n'
        ),
    },
    test_file="sums/sums_test.go",
    code_file="sums/sums.go",
    failing="TestWrong",
    passing="TestRight",
    skipped="TestLater",
    failing_line=7,
    right=("a - b", "a + b"),
    wrong=("return", "return return"),
    endless=("return a - b", "for {\n\t}"),
    make=go_runner,
)
NODE = Project(
    name="node",
    files={
        "src/sums.mjs": "export function add(a, b) {\n  return a - b;\n}\n",
        "test/sums.test.mjs": (
            "import test from 'node:test';\nimport assert from 'node:assert';\n"
            "import { add } from '../src/sums.mjs';\n"
            "test('wrong', () => {\n  assert.strictEqual(add(1, 2), 3);\n});\n"
            "test('right', () => {\n  assert.strictEqual(add(2, 0), 2);\n});\n"
            "test('later', { skip: 'not yet' }, () => {});\n"
        ),
    },
    test_file="test/sums.test.mjs",
    code_file="src/sums.mjs",
    failing="wrong",
    passing="right",
    skipped="later",
    failing_line=5,
    right=("a - b", "a + b"),
    wrong=("return", "return return"),
    endless=("return a - b;", "for (;;) {}"),
    make=lambda places: CommandRunner(
        sandbox=places.sandbox,
        command=(
            *("node", "--test", "--test-reporter=junit"),
            *("--test-reporter-destination={junit}", "{test}"),
        ),
        patterns=("*.test.mjs",),
    ),
    has_canaries=False,
)


def missing(project: Project) -> str:
    """Return what this machine lacks to run a project's tests, empty when nothing."""
    if project is GO and toolchain() is None:
        return "no Go here"
    if project is NODE and shutil.which("node") is None:
        return "no Node here"
    return ""
