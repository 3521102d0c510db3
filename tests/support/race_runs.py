"""What is needed to remove a data race for real: Go, a sandbox, a build cache."""

from __future__ import annotations

import os
from pathlib import Path

from ducktypist.domain import FailingTest
from ducktypist.features.derace import DeraceRequest
from ducktypist.features.grounds import Grounds
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_toolchain import find_go
from ducktypist.verify.sandbox import Sandbox, SandboxStatus
from ducktypist.verify.watchdog import Limits
from support.races import RaceTask

LIMITS = Limits(
    timeout_s=120.0,
    max_memory_bytes=2 * 1024**3,
    max_processes=128,
    max_output_bytes=10 * 1024**2,
)
"""Generous: a machine that builds for others as well is slow."""


def request_for(task: RaceTask, root: Path) -> DeraceRequest:
    """Return what an editor asks for when the task's test is red."""
    failing = FailingTest(
        node_id=task.target,
        root=root,
        path=root / task.target.partition("::")[0],
        line=1,
        message="race detected during execution of test",
        frames=(),
    )
    return DeraceRequest(failing=failing, trusted=True)


def go_grounds(
    root: Path, status: SandboxStatus, scratch_root: Path, cache: Path, *, limits: Limits = LIMITS
) -> Grounds:
    """Return grounds on which Go tests are run, with a build cache that others share."""
    sandbox = Sandbox(status=status, scratch_root=scratch_root)
    toolchain = find_go(configured="", workspace=root)
    runner = GoRunner(sandbox=sandbox, toolchain=toolchain, cache_dir=cache)
    return Grounds(
        root=root,
        sandbox=sandbox,
        interpreter=Path(os.devnull),
        runners=(runner,),
        limits=limits,
        suite_limits=limits,
        buffers={},
    )
