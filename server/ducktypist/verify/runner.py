"""What every test runner is asked and how it answers. No runner of its own.

Node ids have one form for all: the test file's path below the root, ``::``, and the test's name as
its runner has it (``tests/test_a.py::TestX::test_y[1]``, ``pkg/a_test.go::TestX/sub``).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ducktypist.domain import TestReport
from ducktypist.verify.watchdog import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run of tests."""

    root: Path
    """The folder that node ids are relative to; the run's workspace."""
    limits: Limits
    """What the run may use."""
    targets: tuple[str, ...] = ()
    """Node ids, or files relative to ``root``; none means every test that the runner owns."""
    overlay: Mapping[Path, str] = field(default_factory=dict)
    """Texts laid over files of the root, by path relative to it."""
    canaries: bool = True
    """Run tests that must fail along with them."""
    hash_seed: int = 0
    """What order of hashing to ask for, where the language has it (``PYTHONHASHSEED``), else the
    order of the tests (``go test -shuffle``)."""
    trace: bool = False
    """Note which lines of the workspace's files each test runs (``TestResult.executed``); slower.
    A runner that cannot leaves it empty."""
    race: bool = False
    """Look for data races; a runner that cannot raises RunnerError."""
    repeats: int = 1
    """How often each test is run within this run (``go test -count``)."""


class Runner(Protocol):
    """Runs the tests of one kind in the sandbox."""

    @property
    def name(self) -> str:
        """What people call it, such as ``pytest``."""

    @property
    def language(self) -> str:
        """The language of the code under test, as ``syntax`` names it; empty when it is unknown."""

    def owns(self, relative: Path) -> bool:
        """Tell by its path below the root whether a test file is this runner's. No I/O."""

    async def run(self, request: RunRequest) -> TestReport:
        """Run tests once.

        Raises:
            RunnerError: The runner is missing or did not start; nothing is known of any test.
            SandboxError: The run could not be isolated.
        """

    def trials(self, request: RunRequest) -> AbstractAsyncContextManager[Trials]:
        """Get ready to try many patches on the same targets, one after the other."""


class Trials(Protocol):
    """A place where patches are tried quickly; what passes here is run again properly.

    Later patches may see what earlier ones left behind, so that nothing here makes a verdict.
    """

    async def run(self, changed: Mapping[Path, str]) -> TestReport:
        """Run the targets with files changed on top of the request's overlay.

        Raises:
            RunnerError: As for a run.
            SandboxError: As for a run.
        """
