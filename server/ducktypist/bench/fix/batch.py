"""Many small programs tested in one sandboxed run, each in a folder of its own.

Planting a bug takes a dozen attempts; a run for each would take hours. A hanging program ends
itself; one that takes the whole run with it is found by halving.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.app import App
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
HUNG = "took too long"
_CONFTEST = f"""
import signal

import pytest


@pytest.fixture(autouse=True)
def limit():
    def late(*_):
        raise TimeoutError("{HUNG}")

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, 2.0, 0.5)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0.0)
"""
_GO_LIMIT = """
import (
	"os"
	"time"
)

func init() {
	go func() {
		time.Sleep(20 * time.Second)
		os.Exit(3)
	}()
}
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
    found: dict[str, CaseReport] = {}
    size = BATCH_SIZE.get(runner.language, 1)
    for start in range(0, len(cases), size):
        found.update(await _batch(cases[start : start + size], runner, hash_seed))
    return found


async def _batch(cases: Sequence[Case], runner: Runner, hash_seed: int) -> dict[str, CaseReport]:
    top = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="dtb-"))
    root = top / "w"
    try:
        await asyncio.to_thread(_write, root, cases)
        request = RunRequest(root=root, limits=LIMITS, canaries=False, hash_seed=hash_seed)
        try:
            report = await runner.run(request)
        except SandboxError:
            # On a machine that has too much to do, a run can fail to be cleared away in time.
            report = await runner.run(request)
    finally:
        await asyncio.to_thread(shutil.rmtree, top, ignore_errors=True)
    if report.killed is None:
        return {case.key: _report(case, report) for case in cases}
    if len(cases) == 1:
        return {cases[0].key: CaseReport(outcomes={}, hangs=True)}
    middle = len(cases) // 2
    halves = [await _batch(half, runner, hash_seed) for half in (cases[:middle], cases[middle:])]
    return {**halves[0], **halves[1]}


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
    return {**files, "zz_limit_test.go": (package[0] if package else "package x") + _GO_LIMIT}


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


def _report(case: Case, report: TestReport) -> CaseReport:
    prefix = f"{case.key}/"
    mine = [item for item in report.results if item.node_id.startswith(prefix)]
    # A package is named without the slash, and c1 is no part of c15.
    own = re.compile(rf"{re.escape(case.key)}(?!\w)")
    broken = any(own.match(item.node_id) for item in report.collection_errors)
    return CaseReport(
        outcomes={item.node_id.removeprefix(prefix): item.outcome for item in mine},
        is_broken=broken or not mine,
        hangs=any(HUNG in item.message for item in mine),
    )
