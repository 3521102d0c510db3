"""Check candidate bodies: everything that can be run, in the order of the ladder.

Reports in, verdicts out. A candidate that fails is not run again. Screening is quicker and says
only how much passed. Python and Go; of other languages nothing is run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import (
    Document,
    Outcome,
    Rung,
    TestOutcome,
    TestReport,
    TextEdit,
    Verdict,
)
from ducktypist.errors import RunnerError, SandboxError
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.syntax.doc_checks import DocCheck, doc_checks
from ducktypist.syntax.parse import grammar_of
from ducktypist.syntax.regions import FunctionRegion
from ducktypist.verify.examples import ExampleReport
from ducktypist.verify.guard import refusals
from ducktypist.verify.verdict import judge_body, judge_suite

RUNNABLE = frozenset({"python", "go"})
NOTHING_TO_RUN = "there are no examples or tests to run"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a candidate is run."""

    path: Path
    """Relative to the root."""
    language: str
    function: str
    """Qualified name; empty when its docstring states nothing and nothing needs compiling."""
    grounds: Grounds


async def check_body(  # noqa: PLR0911 - one way out for each thing that keeps it from being run
    edit: TextEdit,
    document: Document,
    function: FunctionRegion,
    *,
    static: Verdict,
    grounds: Grounds | NotRunnable,
    tests: Sequence[str],
    repeats: int,
) -> Verdict:
    """Return how far a body gets.

    Args:
        edit: What puts the body into the document.
        document: The document without it.
        function: The function, in the document without it.
        static: What is known without running it.
        grounds: What may be run.
        tests: Node ids of the tests that name the function.
        repeats: How often a body that passes is run, each time with another hash seed.
    """
    if static.outcome is Outcome.BROKEN:
        return static
    if isinstance(grounds, NotRunnable):
        return not_run(static.rung, grounds.reason)
    place = await _place(document, function, grounds)
    if place is None or not (place.function or tests):
        return not_run(static.rung, NOTHING_TO_RUN)
    patched = edit.apply(document.text)
    refused = await asyncio.to_thread(refusals, document.text, patched, document.language)
    if refused:
        return failed(static.rung, Outcome.TAMPERED, f"refused: {', '.join(refused)}")
    try:
        examples, reports = await _run(place, patched, tests, repeats=repeats)
    except SandboxError as error:
        return failed(static.rung, Outcome.SANDBOX_ERROR, f"the sandbox failed: {error}")
    except RunnerError as error:
        if place.language == "go":
            return not_run(static.rung, str(error))
        raise
    if not reports and examples and _says_nothing(examples[0]):
        return _compiled(static, examples[0])
    return judge_body(
        static=static.rung,
        examples=examples,
        tests=reports,
        level=grounds.level,
        expected=tests if reports else (),
    )


async def check_rest(
    verdict: Verdict, edit: TextEdit, document: Document, *, grounds: Grounds | NotRunnable
) -> Verdict:
    """Climb the last rung with a plausible body: run all tests without it and with it.

    Any other verdict is returned as it is, and so is a plausible one where there are no tests, or
    where those without the body do not come to their end.
    """
    if verdict.outcome is not Outcome.PLAUSIBLE or isinstance(grounds, NotRunnable):
        return verdict
    language = grammar_of(document.language) or ""
    runner = grounds.runner_for(language)
    if document.path is None or runner is None or language not in RUNNABLE:
        return verdict
    relative = await asyncio.to_thread(grounds.relative, document.path)
    if relative is None:
        return verdict
    texts: tuple[Mapping[Path, str], ...] = (
        {relative: document.text},
        {relative: edit.apply(document.text)},
    )
    reports: list[TestReport] = []
    try:
        for changed in texts:
            request = grounds.request((), changed=changed, whole_suite=True)
            reports.append(await runner.run(request))
            if reports[0].killed is not None or not reports[0].results:
                return verdict
    except (SandboxError, RunnerError):
        # What the body itself was run for stands.
        return verdict
    return judge_suite(verdict, before=reports[0], after=reports[1])


async def screen_bodies(
    edits: Sequence[TextEdit],
    document: Document,
    function: FunctionRegion,
    *,
    grounds: Grounds | NotRunnable,
    tests: Sequence[str],
) -> tuple[tuple[int, int], ...]:
    """Return for each body how many checks passed and how many there are; quickly, no verdicts.

    The examples of all are run in one sandboxed process, then the tests of those that pass them.
    A body that is refused, does not compile or does not end passes nothing. Nothing can be said
    (``(0, 0)``) where nothing may be run, or where there is nothing to run.
    """
    nothing = ((0, 0),) * len(edits)
    if isinstance(grounds, NotRunnable) or not edits:
        return nothing
    place = await _place(document, function, grounds)
    if place is None or not (place.function or tests):
        return nothing
    texts = [edit.apply(document.text) for edit in edits]
    sound = await asyncio.to_thread(
        lambda: [not refusals(document.text, text, document.language) for text in texts]
    )
    tried = [index for index, is_sound in enumerate(sound) if is_sound]
    n_checks = len(_checks(document, function))
    counts = [(0, n_checks)] * len(edits)
    try:
        if place.function and tried:
            reports = await grounds.screen(
                place.path, [texts[index] for index in tried], place.function
            )
            for index, report in zip(tried, reports, strict=True):
                n_checks = max(n_checks, report.attempted)
                counts[index] = (0 if report.tampered else report.passed, n_checks)
            tried = [
                index
                for index, report in zip(tried, reports, strict=True)
                if not (report.failed or report.broken or report.killed or report.tampered)
            ]
        if tests:
            passes = await _tests_passed(place, [texts[index] for index in tried], tests)
            gained = dict(zip(tried, passes, strict=True))
            counts = [
                (passed + gained.get(index, 0), attempted + len(tests))
                for index, (passed, attempted) in enumerate(counts)
            ]
    except (SandboxError, RunnerError):
        return nothing
    return tuple(counts)


def not_run(rung: Rung, reason: str) -> Verdict:
    """Return the verdict on something that was read and not run."""
    words = str(rung).replace("_", " ")
    return failed(rung, Outcome.NOT_RUN, f"{words}; {reason}")


def failed(rung: Rung, outcome: Outcome, summary: str) -> Verdict:
    """Return the verdict on something that did not get as far as a repeatable run."""
    return Verdict(rung=rung, outcome=outcome, repeats=0, passed=0, failed=0, summary=summary)


def _compiled(static: Verdict, report: ExampleReport) -> Verdict:
    """Return the verdict on a Go body that had nothing to pass but the compiler."""
    if report.first_failure:
        return not_run(static.rung, report.first_failure)
    rung = max(static.rung, Rung.RESOLVES, key=lambda item: item.height)
    return not_run(rung, f"it compiles; {NOTHING_TO_RUN}")


def _says_nothing(report: ExampleReport) -> bool:
    return not (report.attempted or report.broken or report.killed or report.tampered)


async def _place(document: Document, function: FunctionRegion, grounds: Grounds) -> _Place | None:
    language = grammar_of(document.language)
    if document.path is None or language not in RUNNABLE:
        return None
    relative = await asyncio.to_thread(grounds.relative, document.path)
    if relative is None:
        return None
    # Go tells more than a parser can by compiling, whether or not there is anything to run.
    has_checks = language == "go" or bool(await asyncio.to_thread(_checks, document, function))
    name = function.qualified_name if has_checks else ""
    return _Place(path=relative, language=language, function=name, grounds=grounds)


def _checks(document: Document, function: FunctionRegion) -> tuple[DocCheck, ...]:
    return doc_checks(document.text, document.language, function)


async def _run(
    place: _Place, patched: str, tests: Sequence[str], *, repeats: int
) -> tuple[list[ExampleReport], list[TestReport]]:
    examples: list[ExampleReport] = []
    reports: list[TestReport] = []
    grounds = place.grounds
    for seed in range(repeats):
        is_told = bool(examples) and _says_nothing(examples[0])
        if place.function and not is_told:
            # What compiles once compiles always.
            one = await grounds.examples(place.path, patched, place.function, hash_seed=seed)
            examples.append(one)
            if one.failed or one.broken or one.killed:
                break
            if _says_nothing(one) and (one.first_failure or not tests):
                break
        if tests:
            changed = {place.path: patched}
            reports.append(await grounds.tests(tests, changed=changed, hash_seed=seed))
            if not set(tests) <= set(reports[-1].ids(TestOutcome.PASSED)):
                break
    return examples, reports


async def _tests_passed(place: _Place, texts: Sequence[str], tests: Sequence[str]) -> list[int]:
    """Return how many of the tests pass with each text, in forks or a hot cache."""
    if not texts:
        return []
    runner = place.grounds.runner_of(tests[0])
    found: list[int] = []
    async with runner.trials(place.grounds.request(tests)) as trials:
        for text in texts:
            report = await trials.run({place.path: text})
            passed = set(report.ids(TestOutcome.PASSED)) & set(tests)
            found.append(len(passed) if report.killed is None else 0)
    return found
