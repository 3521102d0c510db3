"""Many small programs tested in one sandboxed run, each in a folder of its own.

Planting a bug takes a dozen attempts; a run for each would take hours. A hanging program ends
itself; one that takes the whole run with it is found by halving.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.app import App
from ducktypist.bench.fix.parts import HUNG, WORK, is_lost, note_of, part_of
from ducktypist.domain import TestOutcome, TestReport
from ducktypist.errors import DucktypistError, SandboxError
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.verify.runner import Runner, RunRequest
from ducktypist.verify.watchdog import Limits

BATCH_SIZE = {"python": 120, "go": 16}
"""Go's compiler takes a second for each; the others a few milliseconds."""
LIMITS = Limits(
    timeout_s=240.0,
    max_memory_bytes=3 * 1024**3,
    max_processes=512,
    max_output_bytes=64 * 1024**2,
)
OLDEST_GO = (1, 21)
HUNG_STATUS = 75
MAX_WALL_S = {"python": 10.0, "go": 20.0}
"""How long a Python test may take, and all tests of a Go program: one that waits takes no time of a
processor."""
MAX_CPU_S = 8
"""Of all tests of a Go program; a machine that has much to do makes no difference to it."""
_CONFTEST = f"""
import os
import signal

import pytest

late_before = 0


def late(*_):
    global late_before
    late_before += 1
    if late_before > 10:
        # It catches what is raised here and goes on.
        os._exit({HUNG_STATUS})
    raise TimeoutError("{HUNG}")


def limited():
    global late_before
    late_before = 0
    signal.signal(signal.SIGPROF, late)
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_PROF, 2.0, 0.5)
    signal.setitimer(signal.ITIMER_REAL, {MAX_WALL_S["python"]}, 0.5)


def unlimited():
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    signal.setitimer(signal.ITIMER_REAL, 0.0)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    limited()
    yield
    unlimited()


@pytest.fixture(autouse=True)
def limit():
    limited()
    yield
    unlimited()
"""
_LIMIT_FILE = "0_limit.go"
"""The first of a package's files, so that an endless ``init`` does not come before it."""
_GO_LIMIT = f"""
import (
	limitOS "os"
	limitSystem "syscall"
	limitTime "time"
)

var _ = limitProgram()

func limitProgram() bool {{
	go func() {{
		var used limitSystem.Rusage
		end := limitTime.Now().Add({MAX_WALL_S["go"]:.0f} * limitTime.Second)
		for limitTime.Now().Before(end) && used.Utime.Sec < {MAX_CPU_S} {{
			limitTime.Sleep(100 * limitTime.Millisecond)
			limitSystem.Getrusage(limitSystem.RUSAGE_SELF, &used)
		}}
		limitOS.Stdout.WriteString("\\n{HUNG}\\n")
		limitOS.Exit(3)
	}}()
	return true
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One program with its tests."""

    key: str
    """A name that can be a folder's and a package's."""
    language: str
    source: str
    """Path of the code that the tests import."""
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """What its tests said."""

    outcomes: Mapping[str, TestOutcome]
    """By node id below the case's own folder."""
    is_broken: bool = False
    """Whether a file could not be loaded or compiled, or nothing was collected."""
    hangs: bool = False
    """Whether it was ended because it took too long."""
    note: str = ""
    """The first thing that went wrong, one line; empty where nothing did."""

    @property
    def failing(self) -> tuple[str, ...]:
        """Return the tests that failed."""
        red = {TestOutcome.FAILED, TestOutcome.ERROR}
        return tuple(name for name, outcome in self.outcomes.items() if outcome in red)

    @property
    def is_green(self) -> bool:
        """Tell whether there were tests and all passed."""
        passed = set(self.outcomes.values()) == {TestOutcome.PASSED}
        return passed and not self.is_broken and not self.hangs


async def grounds_at(root: Path) -> Grounds:
    """Return what the bench itself runs tests with; nothing of the user's is written but scratch.

    Raises:
        DucktypistError: Nothing can be run on this machine.
    """
    # Without a module nobody looks for a Go toolchain.
    await asyncio.to_thread((root / "go.mod").write_text, "module referee\n\ngo 1.21\n")
    app = App(
        settings={"ledger": {"path": str(root.parent / "no-ledger.sqlite3")}},
        roots=[root],
        trusted=True,
    )
    grounds = await app.grounds(root, {})
    if isinstance(grounds, NotRunnable):
        raise DucktypistError(f"the bench cannot run tests here: {grounds.reason}")
    return grounds


def runner_for(grounds: Grounds, language: str) -> Runner:
    """Return who runs a language's tests.

    Raises:
        DucktypistError: Nobody.
    """
    for runner in grounds.runners:
        if runner.language == language:
            return runner
    raise DucktypistError(f"there is no runner for the tests of {language} on this machine")


async def run_cases(
    cases: Sequence[Case], *, runner: Runner, hash_seed: int = 0
) -> dict[str, CaseReport]:
    """Test programs of the runner's language."""
    found = await run_each(cases, runner=runner, hash_seed=hash_seed)
    return {key: case_report(report) for key, report in found.items()}


async def run_each(
    cases: Sequence[Case],
    *,
    runner: Runner,
    hash_seed: int = 0,
    race: bool = False,
    repeats: int = 1,
) -> dict[str, TestReport]:
    """Test programs of the runner's language, and return of each its own part of the report.

    Paths in it are as if the program were alone in ``parts.PROGRAM``, node ids below that.

    Args:
        cases: The programs, by keys of which no two are alike.
        runner: Who runs them.
        hash_seed: See ``RunRequest``.
        race: Look for data races.
        repeats: How often each test is run.
    """
    found: dict[str, TestReport] = {}
    size = BATCH_SIZE.get(runner.language, 1)
    top = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=top_prefix()))
    # All batches have the same places, for which a runner gets ready once.
    request = RunRequest(
        root=top / WORK,
        limits=LIMITS,
        canaries=False,
        hash_seed=hash_seed,
        race=race,
        repeats=repeats,
    )
    try:
        for start in range(0, len(cases), size):
            found.update(await _batch(cases[start : start + size], runner, request))
    finally:
        await asyncio.to_thread(shutil.rmtree, top, ignore_errors=True)
    return found


def top_prefix() -> str:
    """Return how the names of this process's folders of programs begin."""
    return f"dtb-{os.getpid()}-"


async def _batch(
    cases: Sequence[Case], runner: Runner, request: RunRequest
) -> dict[str, TestReport]:
    placed = [replace(case, key=f"c{number}") for number, case in enumerate(cases)]
    await asyncio.to_thread(_write, request.root, placed)
    try:
        report = await runner.run(request)
    except SandboxError:
        # On a machine that has too much to do, a run can fail to be cleared away in time.
        report = await runner.run(request)
    finally:
        await asyncio.to_thread(shutil.rmtree, request.root, ignore_errors=True)
    found = {
        case.key: part_of(place.key, report) for case, place in zip(cases, placed, strict=True)
    }
    if len(cases) == 1:
        return found
    # What ends the whole run takes its neighbours along, of which nothing is said then.
    lost = [case for case in cases if report.killed is not None or is_lost(found[case.key])]
    if lost:
        middle = (len(lost) + 1) // 2
        for half in (lost[:middle], lost[middle:]):
            found.update(await _batch(half, runner, request) if half else {})
    return found


def _write(root: Path, cases: Sequence[Case]) -> None:
    root.mkdir()
    if any(case.language == "python" for case in cases):
        (root / "conftest.py").write_text(_CONFTEST, "utf-8")
        (root / "pytest.ini").write_text("[pytest]\n", "utf-8")
    else:
        (root / "go.mod").write_text(f"module planted\n\ngo {_go_version(cases)}\n", "utf-8")
    for case in cases:
        for name, text in _laid_out(case).items():
            path = root / case.key / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def _laid_out(case: Case) -> dict[str, str]:
    if case.language == "python":
        module = Path(case.source).stem
        files = {name: _own_import(text, module, case.key) for name, text in case.files.items()}
        return {"__init__.py": "", **files}
    package = re.search(r"^package \w+", case.files[case.source], re.MULTILINE)
    files = {name: text for name, text in case.files.items() if name != "go.mod"}
    return {**files, _LIMIT_FILE: (package[0] if package else "package x") + _GO_LIMIT}


def _go_version(cases: Sequence[Case]) -> str:
    """Return the newest language version that a case asks for."""
    found = [
        re.search(r"^go (\d+)\.(\d+)", case.files.get("go.mod", ""), re.MULTILINE) for case in cases
    ]
    versions = [(int(item[1]), int(item[2])) for item in found if item]
    return ".".join(str(part) for part in max(versions, default=OLDEST_GO))


def _own_import(text: str, module: str, package: str) -> str:
    """Return a test's text importing the module from the case's own folder."""
    # Also where it is tried and what is missing is explained.
    text = re.sub(
        rf"^([ \t]*)from {module} import",
        rf"\1from {package}.{module} import",
        text,
        flags=re.MULTILINE,
    )
    return re.sub(
        rf"^([ \t]*)import {module}\b",
        rf"\1from {package} import {module}",
        text,
        flags=re.MULTILINE,
    )


def case_report(report: TestReport) -> CaseReport:
    """Return what a program's part of a report comes down to."""
    said = [item.message for item in (*report.results, *report.collection_errors)]
    is_ended = report.killed is not None or (report.exit_status == HUNG_STATUS and is_lost(report))
    return CaseReport(
        outcomes={item.node_id: item.outcome for item in report.results},
        is_broken=bool(report.collection_errors) or not report.results,
        hangs=is_ended or any(HUNG in text for text in said),
        note=note_of(report),
    )
