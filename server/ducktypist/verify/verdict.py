"""Turns the reports of runs into a verdict. Pure; it never sees what the model wrote.

The words: *plausible* is the most that a run can show. It means that the checks there are pass, in
every repeat, with the tests that must fail failing; it does not mean that the code is right.
A sandbox that fails is an exception elsewhere and never a verdict here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ducktypist.domain import Killed, Outcome, Rung, TestOutcome, TestReport, Verdict
from ducktypist.verify.examples import ExampleReport

_KILLED_WORDS = {
    Killed.WALL_CLOCK: "it did not end in time",
    Killed.MEMORY: "it used too much memory",
    Killed.PROCESSES: "it started too many processes",
    Killed.OUTPUT: "it wrote too much",
    Killed.CANCELLED: "it was cancelled",
}
_COMPILER = re.compile(r"\S+:\d+:(?:\d+:)? ")
_RED = frozenset({TestOutcome.FAILED, TestOutcome.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """What one run, or one comparison, says."""

    outcome: Outcome
    why: str = ""
    passed: int = 0
    failed: int = 0


def judge_fix(  # noqa: PLR0911 - one way out for each thing that can be said
    *,
    target: str,
    before: TestReport,
    after: Sequence[TestReport],
    suite_before: TestReport | None,
    suite_after: TestReport | None,
    level: int,
    static: Rung = Rung.RESOLVES,
) -> Verdict:
    """Judge a patch for one failing test.

    Args:
        target: The test's node id.
        before: A run without the patch; the target has to fail in it.
        after: Repeats of the target with the patch, with canaries.
        suite_before: All tests without the patch, None when they were not run.
        suite_after: All tests with the patch.
        level: The sandbox level that the runs had.
        static: The rung that the patch reached without being run.
    """
    if before.outcome_of(target) not in _RED and before.killed is None and not _no_import(before):
        return _not_run(static, "the test does not fail here without the patch", level=level)
    if not after:
        return _not_run(static, "the patch was not run", level=level)
    repeats = _agree([_of_target(target, report) for report in after], runs="runs")
    if repeats.outcome is not Outcome.PLAUSIBLE:
        return _verdict(repeats, rung=static, repeats=len(after), level=level)
    runs = f"{len(after)} of {len(after)} runs{_without_canaries(after)}"
    for report in after:
        # A target can be a file's worth of tests; those that passed before must go on passing.
        beside = _compare(before, report, apart_from=target)
        if beside.outcome is not Outcome.PLAUSIBLE:
            return _verdict(beside, rung=static, repeats=len(after), level=level)
    if suite_before is None or suite_after is None:
        return Verdict(
            rung=Rung.TESTS_PASS,
            outcome=Outcome.PLAUSIBLE,
            repeats=len(after),
            passed=repeats.passed,
            failed=0,
            summary=f"plausible: {runs}, other tests not run",
            sandbox_level=level,
        )
    if suite_before.killed is not None:
        why = _KILLED_WORDS[suite_before.killed]
        return Verdict(
            rung=Rung.TESTS_PASS,
            outcome=Outcome.PLAUSIBLE,
            repeats=len(after),
            passed=repeats.passed,
            failed=0,
            summary=f"plausible: {runs}, other tests not compared (without the patch, {why})",
            sandbox_level=level,
        )
    suite = _of_suite(suite_before, suite_after, target=target)
    if suite.outcome is not Outcome.PLAUSIBLE:
        return _verdict(suite, rung=Rung.TESTS_PASS, repeats=len(after), level=level)
    others = suite.passed - 1
    return Verdict(
        rung=Rung.NO_REGRESSIONS,
        outcome=Outcome.PLAUSIBLE,
        repeats=len(after),
        passed=suite.passed,
        failed=0,
        summary=f"plausible: {runs}, {_others(others)}",
        sandbox_level=level,
    )


def judge_body(
    *,
    static: Rung,
    examples: Sequence[ExampleReport],
    tests: Sequence[TestReport],
    level: int | None,
    expected: Sequence[str] = (),
    suite_before: TestReport | None = None,
    suite_after: TestReport | None = None,
) -> Verdict:
    """Judge a function body written from signature and docstring.

    Args:
        static: The rung that the body reached without being run.
        examples: Repeats of the docstring's examples, empty when there are none.
        tests: Repeats of the tests that call the function, with canaries; may be empty.
        level: The sandbox level, None when nothing was run.
        expected: Node ids that must pass; empty means all that the first repeat collected.
        suite_before: All tests with the old body, None when they were not run.
        suite_after: All tests with the new one.
    """
    if static is Rung.UNVERIFIED:
        finding = _Finding(outcome=Outcome.BROKEN, why="it does not parse")
        return _verdict(finding, rung=static, repeats=0, level=level)
    has_examples = any(report.attempted or report.broken or report.killed for report in examples)
    reached, n_repeats = static, 0
    passed = 0
    parts: list[str] = []
    if has_examples:
        of_examples = _agree([_of_examples(report) for report in examples], runs="runs")
        if of_examples.outcome is not Outcome.PLAUSIBLE:
            return _verdict(of_examples, rung=static, repeats=len(examples), level=level)
        reached, n_repeats, passed = Rung.EXAMPLES_PASS, len(examples), of_examples.passed
        parts.append(f"{_count(passed, 'example')} {_verb(passed)}")
    ids = tuple(expected) or (tests[0].collected if tests else ())
    if tests and (ids or _no_import(tests[0])):
        of_tests = _agree([_of_ids(ids, report) for report in tests], runs="runs")
        if of_tests.outcome is not Outcome.PLAUSIBLE:
            return _verdict(of_tests, rung=reached, repeats=len(tests), level=level)
        reached, n_repeats, passed = Rung.TESTS_PASS, len(tests), of_tests.passed
        parts.append(f"{_count(passed, 'test')} {_verb(passed)}")
    if not parts:
        return _not_run(static, "no example or test to run", level=level)
    if suite_before is not None and suite_after is not None and suite_before.killed is None:
        suite = _of_suite(suite_before, suite_after, target=None)
        if suite.outcome is not Outcome.PLAUSIBLE:
            return _verdict(suite, rung=reached, repeats=n_repeats, level=level)
        reached, passed = Rung.NO_REGRESSIONS, suite.passed
        parts.append(_others(suite.passed))
    return Verdict(
        rung=reached,
        outcome=Outcome.PLAUSIBLE,
        repeats=n_repeats,
        passed=passed,
        failed=0,
        summary=(
            f"plausible: {n_repeats} of {n_repeats} runs{_without_canaries(tests)}, "
            f"{', '.join(parts)}"
        ),
        sandbox_level=level,
    )


def judge_suite(verdict: Verdict, *, before: TestReport, after: TestReport) -> Verdict:
    """Judge a plausible body once more, by all tests without it and with it.

    Args:
        verdict: Plausible, by the examples and tests of the function itself.
        before: All tests with the old body.
        after: All tests with the new one.
    """
    if before.killed is not None:
        return verdict
    suite = _of_suite(before, after, target=None)
    if suite.outcome is not Outcome.PLAUSIBLE:
        return _verdict(
            suite, rung=verdict.rung, repeats=verdict.repeats, level=verdict.sandbox_level
        )
    return replace(
        verdict,
        rung=Rung.NO_REGRESSIONS,
        passed=max(verdict.passed, suite.passed),
        summary=f"{verdict.summary}, {_others(suite.passed)}",
    )


def _of_target(target: str, report: TestReport) -> _Finding:
    outcome = report.outcome_of(target)
    if outcome is None and report.killed is None and _no_import(report):
        return _Finding(outcome=Outcome.BROKEN, why=_broken(report))
    return _of_ids((target,), report)


def _of_ids(  # noqa: PLR0911 - one way out for each thing that can be said
    ids: Sequence[str], report: TestReport
) -> _Finding:
    if report.killed is not None:
        return _Finding(outcome=Outcome.TIMEOUT, why=_KILLED_WORDS[report.killed])
    if not ids:
        # Nothing was collected, which is never a pass.
        return _Finding(outcome=Outcome.BROKEN, why=_broken(report))
    outcomes = {node_id: report.outcome_of(node_id) for node_id in ids}
    passed = sum(outcome is TestOutcome.PASSED for outcome in outcomes.values())
    red = [node_id for node_id, outcome in outcomes.items() if outcome in _RED]
    missing = [node_id for node_id, outcome in outcomes.items() if outcome is None]
    failed = len(ids) - passed
    if red:
        why = f"{passed} of {len(ids)} tests pass; `{red[0]}` does not"
        return _Finding(outcome=Outcome.STILL_FAILING, why=why, passed=passed, failed=failed)
    if missing and _no_import(report):
        why = _broken(report)
        return _Finding(outcome=Outcome.BROKEN, why=why, passed=passed, failed=failed)
    if missing:
        why = f"`{missing[0]}` was not reported, although the run ended"
        return _Finding(outcome=Outcome.TAMPERED, why=why, passed=passed, failed=failed)
    avoided = [
        node_id for node_id, outcome in outcomes.items() if outcome is not TestOutcome.PASSED
    ]
    if avoided:
        word = outcomes[avoided[0]]
        why = f"`{avoided[0]}` {word.value if word else 'missing'} instead of passed"
        return _Finding(outcome=Outcome.TAMPERED, why=why, passed=passed, failed=failed)
    if report.canaries_possible and report.canaries_failed is not True:
        why = "tests that must fail did not fail"
        return _Finding(outcome=Outcome.TAMPERED, why=why, passed=passed, failed=failed)
    return _Finding(outcome=Outcome.PLAUSIBLE, passed=passed)


def _of_examples(report: ExampleReport) -> _Finding:
    if report.killed is not None:
        return _Finding(outcome=Outcome.TIMEOUT, why=_KILLED_WORDS[report.killed])
    if report.broken:
        lines = report.first_failure.strip().splitlines()
        of_go = [line for line in lines if _COMPILER.match(line)]
        line = "".join(of_go[:1] or lines[-1:])[:120] or "no message"
        why = f"it does not {'compile' if of_go else 'import'} ({line})"
        return _Finding(outcome=Outcome.BROKEN, why=why)
    if report.failed:
        why = f"{report.passed} of {_count(report.attempted, 'example')} pass"
        first = report.first_failure.split("\n", 1)[0]
        if ": expected " in first:
            why += f"; {first}"
        return _Finding(
            outcome=Outcome.STILL_FAILING, why=why, passed=report.passed, failed=report.failed
        )
    if report.tampered:
        return _Finding(outcome=Outcome.TAMPERED, why="an example that must fail did not fail")
    return _Finding(outcome=Outcome.PLAUSIBLE, passed=report.passed)


def _of_suite(before: TestReport, after: TestReport, *, target: str | None) -> _Finding:
    if after.killed is not None:
        why = f"with the patch, {_KILLED_WORDS[after.killed]} (all tests)"
        return _Finding(outcome=Outcome.TIMEOUT, why=why)
    finding = _compare(before, after, apart_from=None)
    if finding.outcome is not Outcome.PLAUSIBLE:
        return finding
    if after.canaries_failed is False:
        return _Finding(outcome=Outcome.TAMPERED, why="tests that must fail did not fail")
    if target is None:
        return finding
    if after.outcome_of(target) is not TestOutcome.PASSED:
        # It passes alone and not among the others: it depends on their order.
        why = f"`{target}` passes alone and not among the other tests"
        return _Finding(outcome=Outcome.FLAKY, why=why, passed=finding.passed, failed=1)
    is_counted = before.outcome_of(target) is TestOutcome.PASSED
    return _Finding(outcome=Outcome.PLAUSIBLE, passed=finding.passed + (0 if is_counted else 1))


def _compare(before: TestReport, after: TestReport, *, apart_from: str | None) -> _Finding:
    """Find what passed before and does not any more; a new skip counts, too."""
    held = [node_id for node_id in before.ids(TestOutcome.PASSED) if node_id != apart_from]
    now = {result.node_id: result.outcome for result in after.results}
    lost = [node_id for node_id in held if now.get(node_id) is not TestOutcome.PASSED]
    if not lost:
        return _Finding(outcome=Outcome.PLAUSIBLE, passed=len(held))
    why = f"{_count(len(lost), 'test')} that passed no longer {_verb(len(lost))}: `{lost[0]}`"
    return _Finding(
        outcome=Outcome.REGRESSED, why=why, passed=len(held) - len(lost), failed=len(lost)
    )


def _agree(findings: Sequence[_Finding], *, runs: str) -> _Finding:
    """Return what all repeats say; repeats that disagree are flaky, and one trick spoils all."""
    tricks = [finding for finding in findings if finding.outcome is Outcome.TAMPERED]
    if tricks:
        return tricks[0]
    good = [finding for finding in findings if finding.outcome is Outcome.PLAUSIBLE]
    counts = {(finding.passed, finding.failed) for finding in good}
    if len(good) == len(findings) and len(counts) == 1:
        return findings[0]
    if good:
        why = f"{len(good)} of {len(findings)} {runs} pass"
        return _Finding(
            outcome=Outcome.FLAKY, why=why, passed=len(good), failed=len(findings) - len(good)
        )
    return findings[0]


def _without_canaries(reports: Sequence[TestReport]) -> str:
    """Return what a summary says when nothing was there that would have shown a trick."""
    return "" if all(report.canaries_possible for report in reports) else " without canaries"


def _no_import(report: TestReport) -> bool:
    return bool(report.collection_errors)


def _broken(report: TestReport) -> str:
    of_go = any(error.node_id.endswith(".go") for error in report.collection_errors)
    return f"it does not {'compile' if of_go else 'import'} ({_first_line(report)})"


def _first_line(report: TestReport) -> str:
    for error in report.collection_errors:
        lines = error.message.splitlines()
        errors = [line for line in lines if "Error" in line][-1:]
        # Go says where, then what, and names no kind of error.
        errors = errors or [line for line in lines if _COMPILER.match(line)][:1]
        if errors:
            return errors[0].removeprefix("E").strip()[:120]
    return "collection failed"


def _verdict(finding: _Finding, *, rung: Rung, repeats: int, level: int | None) -> Verdict:
    word = finding.outcome.value.replace("_", " ")
    return Verdict(
        rung=rung,
        outcome=finding.outcome,
        repeats=repeats,
        passed=finding.passed,
        failed=finding.failed,
        summary=f"{word}: {finding.why}",
        sandbox_level=level,
    )


def _not_run(rung: Rung, why: str, *, level: int | None) -> Verdict:
    return Verdict(
        rung=rung,
        outcome=Outcome.NOT_RUN,
        repeats=0,
        passed=0,
        failed=0,
        summary=f"not run: {why}",
        sandbox_level=level,
    )


def _others(count: int) -> str:
    if count == 0:
        return "no other test passed before"
    return f"{count} other {'test' if count == 1 else 'tests'} still {_verb(count)}"


def _count(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _verb(count: int) -> str:
    return "passes" if count == 1 else "pass"


def best(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the verdict that got furthest: plausible first, then by rung, then by passes."""
    return max(
        verdicts,
        key=lambda item: (item.outcome is Outcome.PLAUSIBLE, item.rung.height, item.passed),
        default=None,
    )
