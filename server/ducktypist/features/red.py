"""Knowing what is red: run tests in the sandbox and say where they fail.

A failing test is known by its node id; its place is the last line of its own file that the
traceback names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import FailingTest, TestOutcome, TestReport, TestResult
from ducktypist.errors import RunnerError
from ducktypist.features.grounds import Grounds
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import test_functions

RED = (TestOutcome.FAILED, TestOutcome.ERROR)
MAX_MESSAGE_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """A run and the tests that are red after it."""

    __test__ = False

    report: TestReport
    failing: tuple[FailingTest, ...]
    ran: frozenset[str]
    """Node ids that the run says something of; what was red among them and is not now is green."""


async def run_tests(targets: Sequence[str], *, grounds: Grounds) -> TestRun:
    """Run tests (node ids, files; none means all) on the disk's files and the open buffers.

    Raises:
        RunnerError: pytest ended before it looked at any test file, so nothing is known.
    """
    report = await grounds.tests(targets, canaries=False, whole_suite=True)
    for error in report.collection_errors:
        if not error.node_id:
            why = error.message.strip()[-MAX_MESSAGE_CHARS:] or "it said nothing"
            raise RunnerError(f"pytest ended before it collected any test: {why}")
    return TestRun(
        report=report,
        failing=await asyncio.to_thread(_all_failing, report, grounds),
        ran=frozenset(item.node_id for item in report.results),
    )


def locate(node_id: str, text: str) -> int:
    """Return the 1-based line where a test begins, 1 when the text does not have it."""
    suffix = node_id.partition("::")[2].split("[", 1)[0]
    for test in test_functions(text, "python"):
        if test.suffix == suffix:
            return LineTable(text).line_of(test.region.signature.start) + 1
    return 1


def counts(report: TestReport) -> Mapping[str, object]:
    """Return what ``ducktypist.runTests`` answers."""
    return {
        "passed": len(report.ids(TestOutcome.PASSED, TestOutcome.XFAILED, TestOutcome.XPASSED)),
        "failed": list(report.ids(TestOutcome.FAILED)),
        "errors": [
            *report.ids(TestOutcome.ERROR),
            *(item.node_id for item in report.collection_errors),
        ],
        "skipped": len(report.ids(TestOutcome.SKIPPED)),
        "duration_ms": round(report.duration_ms),
        **({"killed": str(report.killed)} if report.killed else {}),
    }


def _all_failing(report: TestReport, grounds: Grounds) -> tuple[FailingTest, ...]:
    texts: dict[Path, str] = {}
    red = [item for item in report.results if item.outcome in RED]
    return tuple(_failing(item, grounds, texts) for item in (*red, *report.collection_errors))


def _failing(result: TestResult, grounds: Grounds, texts: dict[Path, str]) -> FailingTest:
    relative = Path(result.node_id.partition("::")[0])
    path = grounds.root / relative
    lines = [frame.line for frame in result.frames if grounds.relative(frame.path) == relative]
    if relative not in texts:
        try:
            texts[relative] = grounds.text_of(relative)
        except OSError:
            texts[relative] = ""
    text = texts[relative]
    line = lines[-1] if lines else locate(result.node_id, text)
    return FailingTest(
        node_id=result.node_id,
        root=grounds.root,
        path=path,
        line=min(max(1, line), max(1, len(LineTable(text)))),
        message=result.message[-MAX_MESSAGE_CHARS:].strip() or "the test fails",
        frames=result.frames,
    )
