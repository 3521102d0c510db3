"""What the sandbox costs: the same run bare and sandboxed, in pairs, on a large workspace."""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.measure import Bar, Row, quantile, since_ms
from ducktypist.bench.stage import N_FILES, TRIVIAL_TEST, Stage, many_files
from ducktypist.errors import RunnerError
from ducktypist.verify.pytest_options import kept_options
from ducktypist.verify.pytest_runner import PytestRunner
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.sandbox import Sandbox, probe
from ducktypist.verify.watchdog import Limits

LIMITS = Limits(
    timeout_s=60.0,
    max_memory_bytes=2 * 1024**3,
    max_processes=128,
    max_output_bytes=10 * 1024**2,
)
PYTEST_ARGUMENTS = (
    *("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:rerunfailures"),
    *("-o", "addopts=", "--rootdir=.", "--tb=long", "-q", "--color=no"),
    "--continue-on-collection-errors",
)
"""What our runner gives pytest as well, besides its plugin and the project's options."""
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONHASHSEED": "0",
}
TRUE = "/bin/true"

SANDBOX_BAR = Bar(limit=50.0)

Timed = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Times of the same work done in two ways, in milliseconds, pair by pair."""

    bare_ms: tuple[float, ...]
    boxed_ms: tuple[float, ...]

    @property
    def extra_ms(self) -> tuple[float, ...]:
        """What the second way took more."""
        return tuple(b - a for a, b in zip(self.bare_ms, self.boxed_ms, strict=True))

    def told(self) -> str:
        """Return both medians in words."""
        bare, boxed = quantile(self.bare_ms, 0.5), quantile(self.boxed_ms, 0.5)
        return f"bare {bare:.1f} ms, sandboxed {boxed:.1f} ms"


async def sandbox_rows(stage: Stage, runs: int) -> list[Row]:
    """Run one trivial test, and ``/bin/true``, bare and in the sandbox.

    Raises:
        SandboxError: There is no sandbox on this machine, or it failed.
        RunnerError: The test did not pass, in one way or the other.
    """
    root = stage.folder("files")
    await asyncio.to_thread(many_files, root)
    scratch_root = stage.top / "cache" / "scratch"
    status = await probe(scratch_root=scratch_root)
    sandbox = Sandbox(status=status, scratch_root=scratch_root)
    tests = await paired(runs, lambda: _bare_tests(root), lambda: _boxed_tests(sandbox, root))
    nothing = await paired(runs, lambda: _bare([TRUE], root), lambda: _boxed_true(sandbox, root))
    where = f"level {status.level} ({status.tool} {status.version})"
    return [
        Row(
            name="sandbox",
            what=f"sandboxed less bare run of one test, workspace of {N_FILES:,} files",
            unit="ms",
            samples=tests.extra_ms,
            bar=SANDBOX_BAR,
            note=f"{where}; {tests.told()}; no plugins but, when sandboxed, the one that reports",
        ),
        Row(
            name="sandbox-true",
            what=f"sandboxed less bare {TRUE}, the same workspace",
            unit="ms",
            samples=nothing.extra_ms,
            note=f"{where}; {nothing.told()}",
        ),
    ]


async def paired(runs: int, bare: Timed, boxed: Timed) -> Pair:
    """Time two ways in turns, the first of a pair being the other one each time."""
    times: dict[bool, list[float]] = {False: [], True: []}
    # One pair beforehand fills the page cache and is not counted.
    await bare()
    await boxed()
    for number in range(runs):
        for is_boxed in (False, True) if number % 2 == 0 else (True, False):
            times[is_boxed].append(await (boxed if is_boxed else bare)())
    return Pair(bare_ms=tuple(times[False]), boxed_ms=tuple(times[True]))


async def _bare_tests(root: Path) -> float:
    options = await asyncio.to_thread(kept_options, root, {})
    return await _bare([sys.executable, *PYTEST_ARGUMENTS, *options, TRIVIAL_TEST], root)


async def _boxed_tests(sandbox: Sandbox, root: Path) -> float:
    runner = PytestRunner(sandbox=sandbox, interpreter=Path(sys.executable))
    started = time.perf_counter()
    report = await runner.run(
        RunRequest(root=root, targets=(TRIVIAL_TEST,), canaries=False, limits=LIMITS)
    )
    took_ms = since_ms(started)
    if report.exit_status != 0 or len(report.results) != 1:
        raise RunnerError(f"the trivial test did not pass: {report.output_tail.strip()[-300:]}")
    return took_ms


async def _boxed_true(sandbox: Sandbox, root: Path) -> float:
    started = time.perf_counter()
    result = await sandbox.run(
        argv=[TRUE], workspace=root, overlay={}, environment={}, limits=LIMITS
    )
    took_ms = since_ms(started)
    if result.exit_status != 0:
        raise RunnerError(f"{TRUE} ended with status {result.exit_status} in the sandbox")
    return took_ms


async def _bare(
    argv: Sequence[str], root: Path, environment: Mapping[str, str] = ENVIRONMENT
) -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=root,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    took_ms = since_ms(started)
    if process.returncode != 0:
        tail = said.decode("utf-8", "replace").strip()[-300:]
        raise RunnerError(f"{argv[0]} ended with status {process.returncode}: {tail}")
    return took_ms
