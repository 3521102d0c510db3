"""Grades what is to remove a data race: by its looks, and by twenty runs under the race detector.

The judgement is the product's own (``verify.race``), the tests are the task's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ducktypist import domain
from ducktypist.bench.fair.answers import TASK, Grade, Outcome
from ducktypist.bench.fair.grading_code import (
    Placed,
    all_pass,
    case_of,
    looked_at,
    not_run,
    shown_pass,
)
from ducktypist.bench.fair.tasks import FairTask
from ducktypist.bench.fix.batch import Case, case_report, run_each, runner_for
from ducktypist.bench.fix.parts import MAX_NOTE, PROGRAM
from ducktypist.domain import TestReport
from ducktypist.features.derace.case import racing_files, reports_of
from ducktypist.features.derace.validation import COUNT
from ducktypist.features.grounds import Grounds
from ducktypist.features.red import RED
from ducktypist.syntax.checks import new_syntax_errors
from ducktypist.verify.race import Shared, judge_race, race_refusals, shows_race
from ducktypist.verify.race_goroutines import Counter, counter_for

ATTEMPTS: Final = (COUNT, 5 * COUNT)
"""How often the tests are repeated to see a task's race."""
_OUTCOMES: Final = {
    domain.Outcome.PLAUSIBLE: Outcome.RIGHT,
    domain.Outcome.BROKEN: Outcome.BROKEN,
    domain.Outcome.TIMEOUT: Outcome.TIMEOUT,
    domain.Outcome.TAMPERED: Outcome.REFUSED,
}
"""The others are wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceTruth:
    """What running a task as it is shown said."""

    before: TestReport
    shared: Shared
    fewest: int | None
    """Goroutines that the target starts; None where they could not be counted."""


async def graded_races(
    answers: Sequence[Placed],
    *,
    referee: Grounds,
    say: Callable[[str], None],
    truths: dict[str, RaceTruth],
) -> list[Grade]:
    """Grade files in which a race was to be removed.

    Args:
        answers: What to grade.
        referee: Who runs tests.
        say: Told what is being done.
        truths: What is known of the tasks already, by their hash; added to.

    An answer to a task that shows no race here is wrong, which the control with the right answer
    tells.

    Raises:
        DucktypistError: Go cannot be run here, or cannot look for races.
    """
    tasks = {task.sha256: task for task, _ in answers}
    unknown = {sha256: task for sha256, task in tasks.items() if sha256 not in truths}
    if unknown:
        say(f"looking for the races of {len(unknown)} tasks")
        truths.update(await _truths(unknown, referee))
    found = [_looked_at(task, text, truths.get(task.sha256)) for task, text in answers]
    at = [number for number, grade in enumerate(found) if grade is None]
    say(f"grading {len(at)} answers under the race detector")
    tried = [(_hidden_last(answers[number][0]), answers[number][1]) for number in at]
    runs = await _runs(tried, COUNT, referee)
    for number, (task, _), (report, counts) in zip(at, tried, runs, strict=True):
        truth = truths[answers[number][0].sha256]
        found[number] = _judged(task, truth, report, counts, referee.level)
    return [grade for grade in found if grade is not None]


def _hidden_last(task: FairTask) -> FairTask:
    """Return a task whose hidden tests run behind the others, the first of which tells of a race.

    Go runs tests in the order of their files' names.
    """
    return replace(task, hidden={f"zy_{name}": text for name, text in task.hidden.items()})


async def _truths(tasks: dict[str, FairTask], referee: Grounds) -> dict[str, RaceTruth]:
    found: dict[str, RaceTruth] = {}
    for repeats in ATTEMPTS:
        left = {sha256: task for sha256, task in tasks.items() if sha256 not in found}
        # The detector tells of a race once: one in a hidden test would hide that of the target.
        shown = [(replace(task, hidden={}), task.text) for task in left.values()]
        runs = await _runs(shown, repeats, referee)
        for (sha256, task), (report, counts) in zip(left.items(), runs, strict=True):
            shared = _shared(task, report, referee) if shows_race(report) else None
            if shared is not None and report.outcome_of(task.target) in RED:
                fewest = min(counts, default=None)
                found[sha256] = RaceTruth(before=report, shared=shared, fewest=fewest)
    return found


def _shared(task: FairTask, report: TestReport, referee: Grounds) -> Shared | None:
    """Return what races in the task's source, None when nothing does."""
    there = replace(referee, root=PROGRAM, buffers={})
    texts = {Path(name): text for name, text in task.files.items()}
    reports = reports_of(report, there, target=task.target)
    for file in racing_files(reports, there, texts=texts):
        if file.path == Path(task.source):
            return Shared(variables=file.variables, writers=file.writers)
    return None


def _looked_at(task: FairTask, text: str, truth: RaceTruth | None) -> Grade | None:
    if text.strip() and new_syntax_errors(task.text, text, "go"):
        return not_run(task, Outcome.BROKEN, "it adds a syntax error")
    found = looked_at(task, text)
    if found is not None:
        return found
    if truth is None:
        return not_run(task, Outcome.WRONG, f"{task.target} shows no race as it stands")
    reasons = race_refusals(task.text, text, path=Path(task.source), shared=truth.shared)
    return not_run(task, Outcome.REFUSED, reasons[0]) if reasons else None


async def _runs(
    answers: Sequence[Placed], repeats: int, referee: Grounds
) -> list[tuple[TestReport, tuple[int, ...]]]:
    """Return what all tests say under the race detector, and how many goroutines there were."""
    counters = [_counter(task) for task, _ in answers]
    cases = [
        _counted(case_of(f"c{number}", *answer), counter)
        for number, (answer, counter) in enumerate(zip(answers, counters, strict=True))
    ]
    runner = runner_for(referee, "go")
    reports = await run_each(cases, runner=runner, race=True, repeats=repeats)
    return [
        _apart(reports[case.key], counter) for case, counter in zip(cases, counters, strict=True)
    ]


def _counter(task: FairTask) -> Counter | None:
    return counter_for(task.target, task.files.get(task.target.partition("::")[0], ""))


def _counted(case: Case, counter: Counter | None) -> Case:
    if counter is None:
        return case
    return replace(case, files={**case.files, str(counter.path): counter.text})


def _apart(report: TestReport, counter: Counter | None) -> tuple[TestReport, tuple[int, ...]]:
    """Return a report without the test that counts, and what that counted."""
    if counter is None:
        return report, ()

    own = counter.node_id
    said = [item.message for item in report.results if item.node_id == own]
    alone = replace(
        report,
        results=tuple(item for item in report.results if not item.node_id.startswith(own)),
        collected=tuple(name for name in report.collected if not name.startswith(own)),
        # Nothing of ours has to fail but the test that counts.
        canaries_possible=False,
    )
    return alone, counter.counts("\n".join(said))


def _judged(
    task: FairTask, truth: RaceTruth, report: TestReport, counts: tuple[int, ...], level: int
) -> Grade:
    told = case_report(report)
    verdict = judge_race(
        target=task.target,
        before=truth.before,
        after=[report],
        suite_before=None,
        suite_after=None,
        repeats=COUNT,
        level=level,
        goroutines=(truth.fewest, max(counts, default=None)),
    )
    outcome = _OUTCOMES.get(verdict.outcome, Outcome.WRONG)
    note = verdict.summary
    if told.hangs:
        outcome, note = Outcome.TIMEOUT, told.note
    elif outcome is Outcome.RIGHT and not all_pass(task, report):
        outcome, note = Outcome.WRONG, told.note
    is_right = outcome is Outcome.RIGHT
    return Grade(
        outcome=outcome,
        items={TASK: is_right},
        visible=shown_pass(task, report),
        note="" if is_right else note[:MAX_NOTE],
    )
