from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.domain import FileLines, Frame, TestOutcome, TestReport, TestResult
from ducktypist.verify.spectrum import function_score, impacted, ochiai

CODE, TEST = Path("/w/code.py"), Path("/w/test_code.py")
RED, GREEN = TestOutcome.FAILED, TestOutcome.PASSED


def result(
    name: str, outcome: TestOutcome, *lines: int, ended: tuple[Path, int] | None = None
) -> TestResult:
    """Return one test that ran some lines of the code."""
    covered = (FileLines(path=CODE, lines=tuple(sorted(lines))),) if lines else ()
    frames = (Frame(path=ended[0], line=ended[1], function="f"),) if ended else ()
    return TestResult(
        node_id=name, outcome=outcome, duration_ms=1.0, covered=covered, frames=frames
    )


def by_line(results: list[TestResult], target: str = "t") -> dict[int, float]:
    """Return the suspicion by line."""
    return {line: value for (_, line), value in ochiai(results, target).items()}


def test_the_formula() -> None:
    """Suspicion is ef / sqrt((ef + nf) * (ef + ep))."""
    found = by_line(
        [
            result("t", RED, 1, 2, 3),
            result("a", GREEN, 1),
            result("b", GREEN, 1, 2),
            result("c", GREEN, 4),
        ]
    )
    assert found == {
        1: pytest.approx(1 / math.sqrt(1 * 3)),
        2: pytest.approx(1 / math.sqrt(1 * 2)),
        3: 1.0,
    }


def test_a_red_test_of_the_same_cause_counts() -> None:
    """What both failing tests run is worse than what one of them runs."""
    found = by_line([result("t", RED, 1, 2, 3), result("u", RED, 2, 3, 4), result("a", GREEN, 3)])
    assert found[2] > found[1]
    assert found[2] > found[3]


def test_a_red_test_that_ends_at_the_same_line_of_the_code_counts_fully() -> None:
    """However little else the two have in common."""
    end = (CODE, 2)
    found = by_line(
        [
            result("t", RED, 1, 2, ended=end),
            result("u", RED, 2, *range(10, 30), ended=end),
            result("a", GREEN, 1),
        ]
    )
    assert found[2] == 1.0
    assert found[1] == pytest.approx(1 / math.sqrt(2 * 2))


def test_skipped_tests_and_those_without_lines_count_for_nothing() -> None:
    """Only what is known to have passed or failed speaks."""
    alone = by_line([result("t", RED, 1, 2)])
    assert alone == {1: 1.0, 2: 1.0}
    more = [
        result("t", RED, 1, 2),
        result("a", TestOutcome.SKIPPED, 1),
        result("b", TestOutcome.XFAILED, 1),
        result("c", TestOutcome.XPASSED, 1),
        result("d", RED),
        result("e", GREEN),
    ]
    assert by_line(more) == alone


def test_a_target_without_lines_has_no_suspicion() -> None:
    """Nothing is known of a test that was not traced or is not there."""
    assert by_line([result("t", RED), result("a", GREEN, 1)]) == {}
    assert by_line([result("a", RED, 1)]) == {}


def test_frames_serve_where_a_runner_gives_nothing_else() -> None:
    """A runner may fill ``executed`` alone."""
    frames = tuple(Frame(path=CODE, line=line, function="f") for line in (2, 1))
    target = TestResult(node_id="t", outcome=RED, duration_ms=1.0, executed=frames)
    assert by_line([target, result("a", GREEN, 1)])[2] == 1.0


RUNS = st.lists(
    st.tuples(st.sampled_from(list(TestOutcome)), st.sets(st.integers(1, 12))), max_size=12
)


@given(target=st.sets(st.integers(1, 12), min_size=1), others=RUNS)
def test_every_number_is_one(target: set[int], others: list[tuple[TestOutcome, set[int]]]) -> None:
    """Each line of the target has a suspicion above 0 and up to 1; no other line has one."""
    results = [
        result(str(number), outcome, *lines) for number, (outcome, lines) in enumerate(others)
    ]
    found = by_line([*results, result("t", RED, *target)])
    assert found.keys() == target
    assert all(0 < value <= 1 + 1e-12 for value in found.values())


@given(target=st.sets(st.integers(1, 12), min_size=1), others=RUNS, line=st.integers(1, 12))
def test_one_more_passing_test_never_makes_a_line_worse(
    target: set[int], others: list[tuple[TestOutcome, set[int]]], line: int
) -> None:
    """What passes takes suspicion away from what it ran and leaves the rest as it was."""
    results = [
        *(result(str(number), outcome, *lines) for number, (outcome, lines) in enumerate(others)),
        result("t", RED, *target),
    ]
    before, after = by_line(results), by_line([*results, result("more", GREEN, line)])
    for one, value in before.items():
        assert after[one] < value if one == line else after[one] == value


def test_functions_are_ordered_by_their_worst_line_then_by_three() -> None:
    """A tie is broken by the mean of the worst three."""
    assert function_score([0.2, 0.9]) > function_score([0.8, 0.8, 0.8])
    assert function_score([0.9, 0.5, 0.1, 0.0]) > function_score([0.9, 0.4, 0.1, 0.1])
    assert function_score([]) == (0.0, 0.0)


def test_impacted_tests_are_those_that_ran_a_line_or_may_have() -> None:
    """Skipped ones are not, tests without lines are."""
    report = TestReport(
        results=(
            result("a", GREEN, 1, 2),
            result("b", GREEN, 3),
            result("c", GREEN),
            result("d", TestOutcome.SKIPPED),
            result("e", RED, 2),
        ),
        collected=(),
        exit_status=1,
        killed=None,
        duration_ms=1.0,
        output_tail="",
    )
    assert impacted(report, [CODE], {2, 9}) == ("a", "c", "e")
    assert impacted(report, [TEST], {2}) == ("c",)
    assert impacted(report, [CODE], ()) == ("c",)
