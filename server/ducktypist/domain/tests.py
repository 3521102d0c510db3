"""What a test runner said."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path


class TestOutcome(enum.StrEnum):
    """What a test runner said of one test."""

    __test__ = False

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a traceback."""

    path: Path
    """Absolute path of the source file."""
    line: int
    """1-based, as tracebacks count."""
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLines:
    """Which lines of one file ran."""

    path: Path
    """Absolute."""
    lines: tuple[int, ...]
    """1-based, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test of one run."""

    __test__ = False

    node_id: str
    outcome: TestOutcome
    duration_ms: float
    message: str = ""
    """The failure as the runner shows it: assertion, values and trace; empty when it passed."""
    frames: tuple[Frame, ...] = ()
    """The traceback, outermost first; frames inside the workspace only."""
    executed: tuple[Frame, ...] = ()
    """Lines of workspace files that ran, in the order of their first execution; only when the run
    was asked to trace. A runner that fills ``covered`` may leave it empty for tests that passed."""
    covered: tuple[FileLines, ...] = ()
    """The same lines without their order, which takes far less room; only when the run was asked to
    trace. Empty from a runner that fills ``executed`` for every test."""


class Killed(enum.StrEnum):
    """Why a run was ended from outside."""

    WALL_CLOCK = "wall_clock"
    MEMORY = "memory"
    PROCESSES = "processes"
    OUTPUT = "output"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """What one run of a test runner reported."""

    __test__ = False

    results: tuple[TestResult, ...]
    collected: tuple[str, ...]
    """Node ids in the order in which the runner collected them."""
    exit_status: int | None
    """The runner's own exit status, None when it was killed."""
    killed: Killed | None
    duration_ms: float
    output_tail: str
    """The last few thousand characters of its output, control characters removed."""
    canaries_failed: bool | None = None
    """Whether the tests that must fail did fail; None when the run had none."""
    canaries_possible: bool = True
    """False when the runner has no tests that must fail; a verdict then says so."""
    collection_errors: tuple[TestResult, ...] = ()
    """Files that could not be collected, with ``node_id`` the file's."""

    def outcome_of(self, node_id: str) -> TestOutcome | None:
        """Return what became of one test, or None when the run says nothing of it."""
        for result in self.results:
            if result.node_id == node_id:
                return result.outcome
        return None

    def ids(self, *outcomes: TestOutcome) -> tuple[str, ...]:
        """Return the node ids of the tests with one of these outcomes, in report order."""
        return tuple(result.node_id for result in self.results if result.outcome in outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingTest:
    """A red test: what is known of it, wherever that came from."""

    node_id: str
    root: Path
    """The folder that the node id is relative to."""
    path: Path
    """The test's own file."""
    line: int
    """1-based line of the failing assertion in ``path``, or of the test when that is unknown."""
    message: str
    frames: tuple[Frame, ...]
    first_line: int = 1
    """1-based line where the test itself begins; 1 when that is unknown."""
