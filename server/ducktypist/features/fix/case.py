"""Reproducing a failure: what is red, what was green, and where the bug may be.

Everything is run in the sandbox on the text that counts now. Nothing here asks a model.
"""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.domain import FailingTest, Killed, TestOutcome, TestReport, TestResult
from ducktypist.features.fix.localise import Suspect, suspects
from ducktypist.features.grounds import Grounds
from ducktypist.syntax.regions import TestFunction, test_functions
from ducktypist.verify.runner import Runner

SUITE_WAIT_S = 4.0
"""How long localisation waits for the other tests, whose coverage makes it sharper."""
MAX_OTHERS = 20


class NothingToFixError(Exception):
    """There is nothing to search for; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixRequest:
    """Which red test."""

    failing: FailingTest
    others: tuple[str, ...] = ()
    """Node ids of other tests that are red; a patch that turns most of them green comes first."""
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a model is told of a failing test."""

    places: tuple[Suspect, ...]
    """The most suspicious function first; never none."""
    test_code: str
    """The failing test, dedented."""
    message: str
    """The failure as the runner shows it."""

    @property
    def language(self) -> str:
        """The language of the code under test."""
        return self.places[0].function.language


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One reproduced failure."""

    target: str
    others: tuple[str, ...]
    """Other red tests of the same runner."""
    runner: Runner
    grounds: Grounds
    failed: TestResult
    """The target's result without a patch."""
    before: TestReport
    """The run that it is from."""
    suite: asyncio.Task[TestReport]
    """All tests without a patch, with the lines that they ran."""
    places: tuple[Suspect, ...]
    """The most suspicious function first; never none."""
    test_code: str
    """The failing test, dedented."""
    texts: dict[Path, str] = field(default_factory=dict)
    """The files that may be changed, as they were when the search began."""

    @property
    def language(self) -> str:
        """The language of the code under test."""
        return self.places[0].function.language

    @property
    def failure(self) -> Failure:
        """What a model is told."""
        return Failure(places=self.places, test_code=self.test_code, message=self.failed.message)

    def suite_if_known(self) -> TestReport | None:
        """Return the run of all tests if it has come to its end."""
        if not self.suite.done() or self.suite.cancelled() or self.suite.exception():
            return None
        return self.suite.result()


@contextlib.asynccontextmanager
async def reproduced(
    request: FixRequest, *, grounds: Grounds, progress: Callable[[str], None]
) -> AsyncIterator[Case]:
    """Run the red test and say where its bug may be; the other tests run beside it.

    Raises:
        NothingToFixError: It does not fail here, or no function outside the tests was run by it.
        RunnerError: No runner owns the test, or its runner did not start.
        SandboxError: The run could not be isolated.
    """
    target = request.failing.node_id
    runner = grounds.runner_of(target)
    progress("running the failing test in the sandbox")
    suite = asyncio.create_task(_suite(runner, grounds))
    try:
        before = await runner.run(replace(grounds.request([target]), trace=True))
        failed = next((item for item in before.results if item.node_id == target), None)
        nothing = _nothing_to_fix(before, failed, target)
        if failed is None or nothing:
            raise NothingToFixError(nothing)
        if before.killed is not None:
            # With a test that does not end, neither do all tests.
            await _ended(suite)
            suite = asyncio.create_task(_beside(request.failing, before, runner, grounds))
        await asyncio.wait([suite], timeout=SUITE_WAIT_S)
        known = None
        if suite.done() and not suite.exception():
            known = suite.result()
        places = await asyncio.to_thread(suspects, failed, grounds, suite=known)
        if not places:
            reason = "no function of the workspace outside the tests was run by it"
            raise NothingToFixError(reason)
        yield Case(
            target=target,
            others=_others(request, runner),
            runner=runner,
            grounds=grounds,
            failed=failed,
            before=before,
            suite=suite,
            places=places,
            test_code=await asyncio.to_thread(_test_code, request.failing, grounds, runner),
            texts={place.path: place.text for place in places},
        )
    finally:
        await _ended(suite)


async def _ended(task: asyncio.Task[TestReport]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _beside(
    failing: FailingTest, before: TestReport, runner: Runner, grounds: Grounds
) -> TestReport:
    """Run the other tests of the failing one's file; its own run stands for them if it has none."""
    own = _suffix(failing, runner)
    file = failing.node_id.partition("::")[0]
    tests = await asyncio.to_thread(_tests_of, failing, grounds, runner)
    others = [f"{file}::{test.suffix}" for test in tests if test.suffix != own]
    if not others:
        return before
    return await runner.run(replace(grounds.request(others, whole_suite=True), trace=True))


async def _suite(runner: Runner, grounds: Grounds) -> TestReport:
    """Run everything without a patch; with what each test runs, if that can be had in time."""
    request = replace(grounds.request([], whole_suite=True), trace=True)
    report = await runner.run(request)
    if report.killed is None:
        return report
    # Tracing takes time, and what passes now matters more than where it went.
    return await runner.run(replace(request, trace=False))


def _nothing_to_fix(report: TestReport, failed: TestResult | None, target: str) -> str:
    """Say why there is nothing to fix; empty when the failure was reproduced."""
    if report.killed and (report.killed is not Killed.WALL_CLOCK or failed is None):
        return f"the failing run was ended: {report.killed.replace('_', ' ')}"
    if failed is None:
        errors = "; ".join(item.message.strip()[-200:] for item in report.collection_errors)
        return f"{target} could not be collected in the sandbox{': ' + errors if errors else ''}"
    if failed.outcome not in {TestOutcome.FAILED, TestOutcome.ERROR}:
        return f"{target} {failed.outcome} in the sandbox; there is nothing to fix"
    return ""


def _others(request: FixRequest, runner: Runner) -> tuple[str, ...]:
    known = [item for item in request.others if item != request.failing.node_id and "::" in item]
    owned = [item for item in known if runner.owns(Path(item.partition("::")[0]))]
    return tuple(dict.fromkeys(owned))[:MAX_OTHERS]


def _test_code(failing: FailingTest, grounds: Grounds, runner: Runner) -> str:
    """Return the text of the failing test."""
    relative = grounds.relative(failing.path)
    if relative is None:
        return ""
    suffix, test_text = _suffix(failing, runner), grounds.text_of(relative)
    for test in test_functions(test_text, runner.language):
        if test.suffix == suffix:
            return textwrap.dedent(test.region.span.of(test_text)).strip("\n")
    return ""


def _tests_of(failing: FailingTest, grounds: Grounds, runner: Runner) -> Sequence[TestFunction]:
    """Return the tests of the file that a failing one is in."""
    relative = grounds.relative(failing.path)
    return test_functions(grounds.text_of(relative), runner.language) if relative else ()


def _suffix(failing: FailingTest, runner: Runner) -> str:
    """Return the name of the function that a failing test is a case of."""
    suffix = failing.node_id.split("::", 1)[-1].split("[", 1)[0]
    return suffix.split("/", 1)[0] if runner.language == "go" else suffix
