from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ducktypist.domain import Killed, Outcome, Rung, TestOutcome, TestReport, TestResult
from ducktypist.verify.examples import ExampleReport
from ducktypist.verify.verdict import best, judge_body, judge_fix, judge_suite

TARGET = "t.py::test_a"
OTHERS = tuple(f"t.py::test_{n}" for n in range(41))


def report(outcomes: dict[str, str], **changes: Any) -> TestReport:
    """Return a report with these outcomes and canaries that failed."""
    made = TestReport(
        results=tuple(
            TestResult(node_id=node_id, outcome=TestOutcome(word), duration_ms=1.0)
            for node_id, word in outcomes.items()
        ),
        collected=tuple(outcomes),
        exit_status=1,
        killed=None,
        duration_ms=1.0,
        output_tail="",
        canaries_failed=True,
    )
    return replace(made, **changes)


def broken(message: str = "E   SyntaxError: invalid syntax") -> TestReport:
    """Return a report of a run in which the test's file did not import."""
    error = TestResult(node_id="t.py", outcome=TestOutcome.ERROR, duration_ms=0, message=message)
    return report({}, collection_errors=(error,))


GOOD = report({TARGET: "passed"})
BAD = report({TARGET: "failed"})
SUITE = dict.fromkeys(OTHERS, "passed")


def fix(after: list[TestReport], **changes: Any) -> Any:
    """Judge repeats of the target."""
    given = {"before": BAD, "suite_before": None, "suite_after": None, **changes}
    return judge_fix(target=TARGET, after=after, level=4, **given)


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        ([GOOD] * 3, Outcome.PLAUSIBLE),
        ([BAD] * 3, Outcome.STILL_FAILING),
        ([report({TARGET: "error"})] * 3, Outcome.STILL_FAILING),
        ([GOOD, BAD, GOOD], Outcome.FLAKY),
        ([GOOD, report({}, killed=Killed.WALL_CLOCK, exit_status=None)], Outcome.FLAKY),
        ([report({}, killed=Killed.WALL_CLOCK, exit_status=None)], Outcome.TIMEOUT),
        ([report({TARGET: "passed"}, killed=Killed.MEMORY, exit_status=None)], Outcome.TIMEOUT),
        ([report({TARGET: "skipped"})], Outcome.TAMPERED),
        ([report({TARGET: "xfailed"})], Outcome.TAMPERED),
        ([report({TARGET: "xpassed"})], Outcome.TAMPERED),
        ([report({TARGET: "passed"}, canaries_failed=False)], Outcome.TAMPERED),
        ([report({TARGET: "passed"}, canaries_failed=None)], Outcome.TAMPERED),
        ([GOOD, GOOD, report({TARGET: "passed"}, canaries_failed=False)], Outcome.TAMPERED),
        ([report({}, exit_status=0, canaries_failed=False)], Outcome.TAMPERED),
        ([broken()], Outcome.BROKEN),
        ([replace(broken(), canaries_failed=False, exit_status=4)], Outcome.BROKEN),
        ([], Outcome.NOT_RUN),
    ],
)
def test_outcomes_of_a_fix(after: list[TestReport], outcome: Outcome) -> None:
    """Every kind of run has its word, and only a clean pass in all repeats is plausible."""
    verdict = fix(after)
    assert verdict.outcome is outcome
    assert (verdict.rung is Rung.TESTS_PASS) == (outcome is Outcome.PLAUSIBLE)
    assert verdict.sandbox_level == 4
    assert not verdict.summary.endswith(".")


def test_no_failure_no_claim() -> None:
    """A test that does not fail without the patch proves nothing about the patch."""
    verdict = fix([GOOD] * 3, before=GOOD)
    assert (verdict.outcome, verdict.rung) == (Outcome.NOT_RUN, Rung.RESOLVES)


def test_a_test_that_hung_or_did_not_import_before_counts_as_failing() -> None:
    """A fix of a hang or of an import error can be judged."""
    hung = report({}, killed=Killed.WALL_CLOCK, exit_status=None)
    assert fix([GOOD], before=hung).outcome is Outcome.PLAUSIBLE
    assert fix([GOOD], before=broken()).outcome is Outcome.PLAUSIBLE


def test_summary_of_a_full_check() -> None:
    """The line for the person names repeats and the other tests."""
    verdict = fix(
        [GOOD] * 3,
        suite_before=report({**SUITE, TARGET: "failed"}),
        suite_after=report({**SUITE, TARGET: "passed"}),
    )
    assert verdict.summary == "plausible: 3 of 3 runs, 41 other tests still pass"
    assert (verdict.rung, verdict.repeats, verdict.passed, verdict.failed) == (
        Rung.NO_REGRESSIONS,
        3,
        42,
        0,
    )


@pytest.mark.parametrize("word", ["failed", "error", "skipped", "xfailed", None])
def test_regressions(word: str | None) -> None:
    """What passed before and does not pass now is a regression: failing, skipped or gone."""
    after = {**SUITE, TARGET: "passed"}
    if word is None:
        del after[OTHERS[7]]
    else:
        after[OTHERS[7]] = word
    verdict = fix(
        [GOOD], suite_before=report({**SUITE, TARGET: "failed"}), suite_after=report(after)
    )
    assert (verdict.outcome, verdict.rung) == (Outcome.REGRESSED, Rung.TESTS_PASS)
    assert OTHERS[7] in verdict.summary
    assert verdict.failed == 1


def test_tests_that_failed_before_may_fail_on() -> None:
    """Only what passed before is held against a patch; new failures of red tests are not."""
    others = {**SUITE, "t.py::test_red": "failed"}
    verdict = fix(
        [GOOD],
        suite_before=report({**others, TARGET: "failed"}),
        suite_after=report({**others, TARGET: "passed"}),
    )
    assert verdict.outcome is Outcome.PLAUSIBLE


def test_suites_that_cannot_be_compared() -> None:
    """A suite that never ended says nothing; one that the patch made endless counts against it."""
    killed = report({}, killed=Killed.WALL_CLOCK, exit_status=None)
    whole = report({**SUITE, TARGET: "failed"})
    assert fix([GOOD], suite_before=killed, suite_after=killed).rung is Rung.TESTS_PASS
    assert fix([GOOD], suite_before=whole, suite_after=killed).outcome is Outcome.TIMEOUT
    alone = report({**SUITE, TARGET: "failed"})
    assert fix([GOOD], suite_before=whole, suite_after=alone).outcome is Outcome.FLAKY
    forged = report({**SUITE, TARGET: "passed"}, canaries_failed=False)
    assert fix([GOOD], suite_before=whole, suite_after=forged).outcome is Outcome.TAMPERED


def examples(passed: int, failed: int = 0, **changes: Any) -> ExampleReport:
    """Return a report of so many examples."""
    made = ExampleReport(
        attempted=passed + failed,
        passed=passed,
        failed=failed,
        first_failure="",
        killed=None,
        broken=False,
        level=4,
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("runs", "tests", "outcome", "rung", "summary"),
    [
        ([], [], Outcome.NOT_RUN, Rung.RESOLVES, "not run: no example or test to run"),
        ([examples(0)], [], Outcome.NOT_RUN, Rung.RESOLVES, "not run: no example or test to run"),
        (
            [examples(2)] * 3,
            [],
            Outcome.PLAUSIBLE,
            Rung.EXAMPLES_PASS,
            "plausible: 3 of 3 runs, 2 examples pass",
        ),
        (
            [examples(1)] * 2,
            [],
            Outcome.PLAUSIBLE,
            Rung.EXAMPLES_PASS,
            "plausible: 2 of 2 runs, 1 example passes",
        ),
        (
            [examples(1, 1)],
            [],
            Outcome.STILL_FAILING,
            Rung.RESOLVES,
            "still failing: 1 of 2 examples pass",
        ),
        (
            [examples(2), examples(1, 1)],
            [],
            Outcome.FLAKY,
            Rung.RESOLVES,
            "flaky: 1 of 2 runs pass",
        ),
        (
            [examples(0, broken=True, first_failure="x\nNameError: y")],
            [],
            Outcome.BROKEN,
            Rung.RESOLVES,
            "broken: it does not import (NameError: y)",
        ),
        (
            [examples(0, killed=Killed.WALL_CLOCK)],
            [],
            Outcome.TIMEOUT,
            Rung.RESOLVES,
            "timeout: it did not end in time",
        ),
        (
            [examples(2, tampered=True)],
            [],
            Outcome.TAMPERED,
            Rung.RESOLVES,
            "tampered: an example that must fail did not fail",
        ),
        (
            [],
            [GOOD] * 3,
            Outcome.PLAUSIBLE,
            Rung.TESTS_PASS,
            "plausible: 3 of 3 runs, 1 test passes",
        ),
        (
            [examples(2)] * 3,
            [GOOD] * 3,
            Outcome.PLAUSIBLE,
            Rung.TESTS_PASS,
            "plausible: 3 of 3 runs, 2 examples pass, 1 test passes",
        ),
        (
            [examples(2)] * 3,
            [BAD] * 3,
            Outcome.STILL_FAILING,
            Rung.EXAMPLES_PASS,
            "still failing: 0 of 1 tests pass; `t.py::test_a` does not",
        ),
        (
            [],
            [broken()],
            Outcome.BROKEN,
            Rung.RESOLVES,
            "broken: it does not import (SyntaxError: invalid syntax)",
        ),
    ],
)
def test_bodies(
    runs: list[ExampleReport],
    tests: list[TestReport],
    outcome: Outcome,
    rung: Rung,
    summary: str,
) -> None:
    """A body climbs as far as its examples and tests carry it."""
    verdict = judge_body(static=Rung.RESOLVES, examples=runs, tests=tests, level=4)
    assert (verdict.outcome, verdict.rung, verdict.summary) == (outcome, rung, summary)


def test_body_that_does_not_parse() -> None:
    """Without parsing nothing else counts."""
    verdict = judge_body(static=Rung.UNVERIFIED, examples=[examples(2)], tests=[], level=None)
    assert (verdict.outcome, verdict.rung) == (Outcome.BROKEN, Rung.UNVERIFIED)


def test_body_with_a_suite() -> None:
    """All tests that passed before have to go on passing for the highest rung."""
    verdict = judge_body(
        static=Rung.RESOLVES,
        examples=[],
        tests=[GOOD],
        level=4,
        suite_before=report({**SUITE, TARGET: "failed"}),
        suite_after=report({**SUITE, TARGET: "passed"}),
    )
    assert (verdict.rung, verdict.passed) == (Rung.NO_REGRESSIONS, 41)
    assert "41 other tests still pass" in verdict.summary


def test_missing_tests_of_a_body() -> None:
    """Tests named as expected have to be reported, each of them."""
    verdict = judge_body(
        static=Rung.RESOLVES, examples=[], tests=[GOOD], level=4, expected=[TARGET, OTHERS[0]]
    )
    assert verdict.outcome is Outcome.TAMPERED


def test_never_says_more_than_plausible() -> None:
    """No summary claims correctness."""
    texts = [
        fix([GOOD] * 3).summary,
        judge_body(static=Rung.RESOLVES, examples=[examples(1)], tests=[], level=4).summary,
    ]
    for text in texts:
        assert not any(word in text for word in ("correct", "verified", "proven", "guarantee"))


def test_best_prefers_plausible_then_the_higher_rung() -> None:
    """Of several verdicts the one that got furthest is taken."""
    plausible, failing = fix([GOOD]), fix([BAD])
    assert best([failing, plausible]) is plausible
    assert best([]) is None


def test_the_last_rung_of_a_body() -> None:
    """All tests before and after climb the last rung, or take a plausible body down."""
    verdict = judge_body(static=Rung.RESOLVES, examples=[examples(2)] * 3, tests=[], level=4)
    whole = judge_suite(verdict, before=report(SUITE), after=report(SUITE))
    assert (whole.rung, whole.passed, whole.repeats) == (Rung.NO_REGRESSIONS, 41, 3)
    assert whole.summary.endswith("2 examples pass, 41 other tests still pass")
    lost = judge_suite(verdict, before=report(SUITE), after=report({**SUITE, OTHERS[0]: "failed"}))
    assert (lost.outcome, lost.rung) == (Outcome.REGRESSED, Rung.EXAMPLES_PASS)
    unknown = report({}, killed=Killed.WALL_CLOCK)
    assert judge_suite(verdict, before=unknown, after=report(SUITE)) is verdict


def test_failures_of_examples_are_told() -> None:
    """A body's verdict shows the first failure, and what a compiler said of it."""
    failed = examples(2, 1, first_failure="f(3): expected 5, got 4\nmore")
    verdict = judge_body(static=Rung.RESOLVES, examples=[failed], tests=[], level=4)
    assert verdict.summary.endswith("2 of 3 examples pass; f(3): expected 5, got 4")
    text = "# calc\n./calc.go:5:2: undefined: x"
    broken_go = examples(0, broken=True, first_failure=text)
    verdict = judge_body(static=Rung.RESOLVES, examples=[broken_go], tests=[], level=4)
    assert "it does not compile (./calc.go:5:2: undefined: x)" in verdict.summary
