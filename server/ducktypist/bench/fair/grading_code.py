"""Grades functions and fixes: the answer's file with all tests laid over, and ``go vet``."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from ducktypist.bench.fair.answers import TASK, Grade, Outcome
from ducktypist.bench.fair.tasks import FairTask
from ducktypist.bench.fix.batch import LIMITS, Case, case_report, run_each, runner_for, top_prefix
from ducktypist.bench.tasks import write_files
from ducktypist.domain import TestOutcome, TestReport
from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import TEST_FILES, Grounds
from ducktypist.verify.go_runner import GoRunner
from ducktypist.verify.go_vet import VetFinding
from ducktypist.verify.guard import refusals

Placed = tuple[FairTask, str]
"""A task, and its whole source file with an answer in place; empty where there is none."""
N_VETTED: Final = 64
"""How many packages are vetted in one run."""
_HARMLESS: Final = re.compile(r"the patch adds (the function `main`|a goroutine|`print(ln)?`)")
"""What the guard would ask somebody about, and what cannot touch how a file is graded: people paste
an answer's little program along with it."""
_VET_HEAD: Final = re.compile(r"^# \[", re.MULTILINE)


async def graded_code(
    answers: Sequence[Placed],
    *,
    referee: Grounds,
    say: Callable[[str], None],
) -> list[Grade]:
    """Grade files of functions and fixes.

    Raises:
        DucktypistError: A language cannot be run on this machine.
    """
    found = [looked_at(task, text) for task, text in answers]
    for language in sorted({task.language for task, _ in answers}):
        at = [
            number
            for number, (task, _) in enumerate(answers)
            if found[number] is None and task.language == language
        ]
        say(f"grading {len(at)} answers in {language}")
        cases = [case_of(f"c{number}", *answers[number]) for number in at]
        reports = await run_each(cases, runner=runner_for(referee, language))
        for number in at:
            found[number] = _grade(answers[number][0], reports[f"c{number}"])
    whole = [grade for grade in found if grade is not None]
    return await _vetted(answers, whole, referee)


def looked_at(task: FairTask, text: str) -> Grade | None:
    """Return the grade of an answer that needs no run: there is none, or it may not be run."""
    if not text.strip():
        return not_run(task, Outcome.EMPTY, "no answer")
    reasons = [
        reason
        for reason in refusals(task.text, text, task.language)
        if not _HARMLESS.fullmatch(reason)
    ]
    if reasons:
        return not_run(task, Outcome.REFUSED, reasons[0])
    return None


def not_run(task: FairTask, outcome: Outcome, note: str) -> Grade:
    """Return the grade of an answer that was not run."""
    return Grade(
        outcome=outcome,
        items={TASK: False},
        visible=False if _test_files(task, task.files) else None,
        note=note,
    )


def case_of(key: str, task: FairTask, text: str) -> Case:
    """Return an answer with all tests, which cover what an answer says of their files."""
    return Case(
        key=key,
        language=task.language,
        source=task.source,
        files={**task.files, task.source: text, **task.hidden},
    )


def shown_pass(task: FairTask, report: TestReport) -> bool | None:
    """Tell whether all tests that were shown pass; None where there are none."""
    names = _test_files(task, task.files)
    return _all_pass(report, names) if names else None


def all_pass(task: FairTask, report: TestReport) -> bool:
    """Tell whether all tests pass, and each file of tests has some."""
    names = [*_test_files(task, task.files), *_test_files(task, task.hidden)]
    is_whole = not report.collection_errors and report.killed is None
    return bool(names) and is_whole and _all_pass(report, names)


def _all_pass(report: TestReport, names: Sequence[str]) -> bool:
    outcomes: dict[str, list[TestOutcome]] = {name: [] for name in names}
    for item in report.results:
        outcomes.get(item.node_id.partition("::")[0], []).append(item.outcome)
    return all(set(each) == {TestOutcome.PASSED} for each in outcomes.values())


def _test_files(task: FairTask, files: Mapping[str, str]) -> list[str]:
    named = TEST_FILES[task.language]
    return [name for name in files if named.fullmatch(PurePosixPath(name).name)]


def _grade(task: FairTask, report: TestReport) -> Grade:
    told = case_report(report)
    messages = [item.message for item in report.collection_errors]
    if told.hangs:
        outcome = Outcome.TIMEOUT
    elif messages and all(_VET_HEAD.search(text) for text in messages):
        # `go test` vets a little by itself before it runs anything.
        outcome = Outcome.WRONG
    elif told.is_broken:
        outcome = Outcome.BROKEN
    else:
        outcome = Outcome.RIGHT if all_pass(task, report) else Outcome.WRONG
    is_right = outcome is Outcome.RIGHT
    return Grade(
        outcome=outcome,
        items={TASK: is_right},
        visible=shown_pass(task, report),
        note="" if is_right else told.note or "not all tests were run",
    )


async def _vetted(
    answers: Sequence[Placed], grades: Sequence[Grade], referee: Grounds
) -> list[Grade]:
    """Return the grades, those of right files worse that ``go vet`` finds something new in."""
    right = {
        f"c{number}": answers[number]
        for number, grade in enumerate(grades)
        if grade.outcome is Outcome.RIGHT and answers[number][0].language == "go"
    }
    found = await _findings(right, referee)
    # What it finds in the task as it stands is nobody's doing.
    before = await _findings({key: (right[key][0], right[key][0].text) for key in found}, referee)
    whole = list(grades)
    for key, findings in found.items():
        known = {(item.analyser, item.message) for item in before.get(key, ())}
        new = [item for item in findings if (item.analyser, item.message) not in known]
        for item in new[:1]:
            number = int(key[1:])
            whole[number] = replace(
                grades[number],
                outcome=Outcome.WRONG,
                items={TASK: False},
                note=f"go vet: {item.file}:{item.line}: {item.message}",
            )
    return whole


async def _findings(
    programs: Mapping[str, Placed], referee: Grounds
) -> dict[str, tuple[VetFinding, ...]]:
    """Return what is found in programs, of those only in which something is."""
    found: dict[str, list[VetFinding]] = {}
    for keys in _pieces(list(programs), N_VETTED):
        top = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=top_prefix()))
        try:
            files = _vet_files({key: programs[key] for key in keys})
            await asyncio.to_thread(write_files, files, top)
            runner = runner_for(referee, "go")
            if not isinstance(runner, GoRunner):
                raise DucktypistError(f"{runner.name} cannot vet; expected the runner of `go test`")
            told = await runner.vet(top, [PurePosixPath(key) for key in keys], limits=LIMITS)
        finally:
            await asyncio.to_thread(shutil.rmtree, top, ignore_errors=True)
        for item in told:
            found.setdefault(item.package.rpartition("/")[2], []).append(item)
    return {key: tuple(items) for key, items in found.items()}


def _vet_files(programs: Mapping[str, Placed]) -> dict[str, str]:
    files = {"go.mod": "module vetted\n\ngo 1.21\n"}
    for key, (task, text) in programs.items():
        for name, shown in {**task.files, task.source: text}.items():
            if name.endswith(".go") and not name.endswith("_test.go"):
                files[f"{key}/{name}"] = shown
    return files


def _pieces(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
