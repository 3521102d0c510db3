from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.domain import Outcome, Rung, TestOutcome, TestReport, TestResult
from ducktypist.syntax.race.recipes import RacingLine, racing_variables
from ducktypist.verify.race import Shared, judge_race, race_refusals
from ducktypist.verify.race_goroutines import counter_for
from support.races import BadPatch, RaceTask, bad_patches, race_tasks, task_named

NOTHING = Shared(variables=(), writers=frozenset())
TARGET = "a_test.go::TestTotal"
REPORT = "WARNING: DATA RACE\nRead at 0x1 by goroutine 8:"
GO = "package a\n\nvar n int\n\nfunc Up() {\n\tgo func() { n++ }()\n}\n"


def report(outcome: TestOutcome, message: str = "", *, other: bool = True) -> TestReport:
    """Return a run of the target and of one more test."""
    results = [TestResult(node_id=TARGET, outcome=outcome, duration_ms=1.0, message=message)]
    if other:
        results.append(
            TestResult(node_id="a_test.go::TestB", outcome=TestOutcome.PASSED, duration_ms=1.0)
        )
    return TestReport(
        results=tuple(results),
        collected=tuple(item.node_id for item in results),
        exit_status=1,
        killed=None,
        duration_ms=2.0,
        output_tail="",
        canaries_failed=True,
    )


RED = report(TestOutcome.FAILED, REPORT)
GREEN = report(TestOutcome.PASSED)


def judged(**changes: object) -> tuple[Outcome, str, Rung]:
    """Return what is said of three clean runs, some things changed."""
    arguments: dict[str, object] = {
        "target": TARGET,
        "before": RED,
        "after": [report(TestOutcome.PASSED, other=False)] * 3,
        "suite_before": RED,
        "suite_after": GREEN,
        "repeats": 20,
        "level": 4,
        **changes,
    }
    # A run of the target alone says nothing of the others.
    arguments.setdefault("before", RED)
    if arguments["before"] is RED:
        arguments["before"] = report(TestOutcome.FAILED, REPORT, other=False)
    verdict = judge_race(**arguments)  # type: ignore[arg-type] # keywords gathered by name
    return verdict.outcome, verdict.summary, verdict.rung


@pytest.mark.parametrize(
    "patch", [item for item in bad_patches() if item.by_its_looks], ids=lambda item: item.kind
)
def test_a_trick_is_refused_by_its_looks(patch: BadPatch) -> None:
    """A patch that only gets rid of the report is refused, with a reason in words."""
    task = task_named(patch.case)
    reasons = race_refusals(
        task.text, patch.apply(task.text), path=Path(task.source), shared=task.shared
    )
    assert reasons
    assert all(reason[0] in "`i" and not reason.endswith(".") for reason in reasons)


@pytest.mark.parametrize("task", race_tasks(), ids=lambda task: task.name)
def test_a_real_fix_is_not_refused(task: RaceTask) -> None:
    """Nothing speaks against the patches that are known to be good."""
    assert task.shared.variables
    reasons = race_refusals(task.text, task.fixed, path=Path(task.source), shared=task.shared)
    assert reasons == ()


@pytest.mark.parametrize("path", ["a_test.go", "go.mod", ".github/a.go", "../a.go"])
def test_protected_files_are_refused(path: str) -> None:
    """No patch touches a test, the module file or what lies outside."""
    assert race_refusals(GO, GO.replace("n++", "n--"), path=Path(path), shared=NOTHING)


def test_a_helper_may_write_for_the_function() -> None:
    """A write that moved into a new function is still a write."""
    task = task_named("counter")
    moved = task.text.replace("\th.total++\n\th.byPath[path]++", "\th.note(path)")
    moved += "\nfunc (h *Hits) note(path string) {\n\th.total++\n\th.byPath[path]++\n}\n"
    assert race_refusals(task.text, moved, path=Path("counter.go"), shared=task.shared) == ()


def test_a_field_of_a_struct_in_another_file() -> None:
    """What another file declares is not gone, and still has to be written."""
    text = "package a\n\nfunc (s *S) Up() {\n\ts.n++\n}\n"
    races = [[RacingLine(line=4, is_write=True)] * 2]
    shared = Shared(variables=racing_variables(text, races), writers=frozenset({"S.Up"}))
    locked = text.replace("\ts.n++\n", "\ts.mu.Lock()\n\ts.n++\n\ts.mu.Unlock()\n")
    assert race_refusals(text, locked, path=Path("a.go"), shared=shared) == ()
    copied = text.replace("\ts.n++\n", "\tn := s.n\n\tn++\n\t_ = n\n")
    assert race_refusals(text, copied, path=Path("a.go"), shared=shared)


def test_two_atomic_steps_are_not_one() -> None:
    """A check and a change that are atomic each are not so together; compare-and-swap is."""
    task = task_named("limiter")
    text = task.text.replace("package limiter\n", 'package limiter\n\nimport "sync/atomic"\n')
    text = text.replace("left    int", "left    atomic.Int64")
    apart = text.replace("l.left <= 0", "l.left.Load() <= 0").replace("l.left--", "l.left.Add(-1)")
    reasons = race_refusals(task.text, apart, path=Path("limiter.go"), shared=task.shared)
    assert any("without one lock" in reason for reason in reasons)
    swapped = text.replace("l.left <= 0", "left := l.left.Load(); left <= 0").replace(
        "\tl.left--", "\tleft := l.left.Load()\n\tl.left.CompareAndSwap(left, left-1)"
    )
    reasons = race_refusals(task.text, swapped, path=Path("limiter.go"), shared=task.shared)
    assert reasons == ()


def test_results_may_come_over_a_channel() -> None:
    """Who collects results from a channel shares them in another way."""
    task = task_named("poolresults")
    text = task.text.replace("\tvar results", "\tout := make(chan int, 1000)\n\tvar results")
    text = text.replace("results = append(results, n*n)", "out <- n * n")
    text = text.replace(
        "\treturn results",
        "\tclose(out)\n\tfor r := range out {\n\t\tresults = append(results, r)\n\t}\n"
        "\treturn results",
    )
    assert race_refusals(task.text, text, path=Path("pool.go"), shared=task.shared) == ()


def test_a_broken_text_is_not_refused_with_an_exception() -> None:
    """Text that does not parse gives reasons or none, and nothing else."""
    for text in ("", "package a\n\nfunc (", "\x00", "package a\nvar x = 0b\n"):
        race_refusals(GO, text, path=Path("a.go"), shared=NOTHING)
        race_refusals(text, GO, path=Path("a.go"), shared=NOTHING)


def test_clean_runs_are_plausible() -> None:
    """The summary says what was run."""
    outcome, summary, rung = judged()
    assert outcome is Outcome.PLAUSIBLE
    assert summary == "plausible: -race -count=20 clean in 3 of 3 runs, 1 other test still passes"
    assert rung is Rung.NO_REGRESSIONS


def test_a_race_in_one_run_is_enough() -> None:
    """A patch after which one run still reports a race is still failing, not flaky."""
    clean = report(TestOutcome.PASSED, other=False)
    racing = report(TestOutcome.FAILED, REPORT, other=False)
    outcome, summary, _ = judged(after=[clean, racing])
    assert outcome is Outcome.STILL_FAILING
    assert summary == "still failing: -race still reports a race in 1 of 2 runs"


def test_a_race_outside_of_the_test_counts() -> None:
    """A report in another test's output, or in nobody's, counts as well."""
    silent = report(TestOutcome.PASSED, other=False)
    elsewhere = TestReport(
        results=silent.results, collected=silent.collected, exit_status=1, killed=None,
        duration_ms=1.0, output_tail=REPORT, canaries_failed=True,
    )  # fmt: skip
    assert judged(after=[silent, elsewhere])[0] is Outcome.STILL_FAILING


def test_fewer_goroutines_are_refused() -> None:
    """A test that starts fewer goroutines with the patch is no test of it."""
    assert judged(goroutines=(40, 40))[0] is Outcome.PLAUSIBLE
    assert judged(goroutines=(40, None))[0] is Outcome.PLAUSIBLE
    outcome, summary, _ = judged(goroutines=(40, 2))
    assert outcome is Outcome.TAMPERED
    assert "40" in summary
    assert "2" in summary


def test_a_lost_test_is_a_regression() -> None:
    """What passed before has to pass under the race detector, too."""
    lost = report(TestOutcome.PASSED, other=False)
    assert judged(suite_after=lost)[0] is Outcome.REGRESSED


def test_the_counter_calls_the_test_in_its_own_package() -> None:
    """The counter lies beside the test, under a new name each time, and reads its own words."""
    counter = counter_for("pkg/a_test.go::TestTotal/sub", "// x\n\npackage a_test\n\nimport ()\n")
    assert counter is not None
    assert counter.node_id.startswith("pkg/zz_count")
    assert "package a_test\n" in counter.text
    assert 't.Run("one", TestTotal)' in counter.text
    said = f"a_test.go:3: {counter.mark} started 12 goroutines\n" * 2
    assert counter.counts(said) == (12, 12)
    assert counter.counts(f"{counter.mark} started 0 goroutines") == ()
    other = counter_for("pkg/a_test.go::TestTotal", "package a\n")
    assert other is not None
    assert other.mark != counter.mark
    assert counter_for("pkg/a_test.go::TestTotal", "nothing") is None
