"""Trying a candidate: by its looks, on the red test, and then properly.

Cheap checks first. What passes the red test in the warm process is run again in fresh sandboxes,
three times with three hash seeds and with tests that must fail, then everything that passed before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.config import FixConfig
from ducktypist.domain import (
    Candidate,
    Outcome,
    Rung,
    TestOutcome,
    TestReport,
    TextEdit,
    Verdict,
)
from ducktypist.errors import RunnerError
from ducktypist.features.check_body import failed
from ducktypist.features.fix.case import Case
from ducktypist.features.fix.localise import impacted
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.regions import function_named
from ducktypist.verify.guard import is_protected, refusals
from ducktypist.verify.runner import RunRequest, Trials
from ducktypist.verify.verdict import judge_fix

SLOW_SUITE_MS = 5000.0
"""Where all tests take longer, those that the patch can touch are run first."""
MAX_SCREEN_TESTS = 40
MAX_SCREEN_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What a quick look at a candidate gave."""

    outcome: Outcome
    stage: str
    rung: Rung
    n_green: int = 0
    """How many of the red tests passed with it, the target included."""
    message: str = ""
    """The target's failure with the patch."""


@dataclass(slots=True)
class Validator:
    """Tries the candidates of one case."""

    case: Case
    trials: Trials
    config: FixConfig
    beside: tuple[str, ...] = ()
    """Tests that passed before and are run with the target."""

    async def screen(self, candidate: Candidate) -> Screened:
        """Look at a candidate and run the red test with it, quickly."""
        text = self.case.texts[candidate.path]
        patched = candidate.edit.apply(text)
        static = await asyncio.to_thread(static_verdict_of, candidate, text, patched, self.case)
        if static.outcome is not Outcome.NOT_RUN:
            return Screened(
                outcome=static.outcome, stage="static", rung=static.rung, message=static.summary
            )
        try:
            report = await self.trials.run({candidate.path: patched})
        except RunnerError as error:
            return Screened(
                outcome=Outcome.BROKEN, stage="screen", rung=static.rung, message=str(error)
            )
        return self._screened(report, static.rung)

    def _screened(self, report: TestReport, rung: Rung) -> Screened:
        case = self.case
        verdict = judge_fix(
            target=case.target,
            before=case.before,
            after=[report],
            suite_before=None,
            suite_after=None,
            level=case.grounds.level,
            static=rung,
        )
        outcome = verdict.outcome
        lost = [item for item in self.beside if report.outcome_of(item) is not TestOutcome.PASSED]
        if outcome is Outcome.PLAUSIBLE and lost:
            outcome = Outcome.REGRESSED
        green = [
            item
            for item in (case.target, *case.others)
            if report.outcome_of(item) is TestOutcome.PASSED
        ]
        message = next((item.message for item in report.results if item.node_id == case.target), "")
        return Screened(
            outcome=outcome, stage="screen", rung=rung, n_green=len(green), message=message
        )

    async def validate(self, candidate: Candidate, rung: Rung) -> tuple[Verdict, str]:
        """Run a candidate properly; return the verdict and the stage that it came to."""
        case = self.case
        changed = {candidate.path: candidate.edit.apply(case.texts[candidate.path])}
        after = await asyncio.gather(
            *(
                case.runner.run(self._request([case.target], changed, hash_seed=repeat + 1))
                for repeat in range(self.config.repeats)
            )
        )
        verdict = self._judged(after, rung)
        if verdict.outcome is not Outcome.PLAUSIBLE:
            return verdict, "repeats"
        before = await asyncio.shield(case.suite)
        touched = await self._touched(candidate, before)
        if touched and before.duration_ms > SLOW_SUITE_MS:
            request = self._request([case.target, *touched], changed, hash_seed=1)
            report = await case.runner.run(request)
            held = [item for item in touched if before.outcome_of(item) is TestOutcome.PASSED]
            lost = [item for item in held if report.outcome_of(item) is not TestOutcome.PASSED]
            if lost:
                why = f"regressed: `{lost[0]}` passed and no longer does"
                return failed(Rung.TESTS_PASS, Outcome.REGRESSED, why), "suite"
        request = replace(self._request([], changed, hash_seed=1), limits=case.grounds.suite_limits)
        suite = await case.runner.run(request)
        return self._judged(after, rung, before=before, suite=suite), "suite"

    async def _touched(self, candidate: Candidate, before: TestReport) -> tuple[str, ...]:
        text = self.case.texts[candidate.path]
        lines = await asyncio.to_thread(_lines_of, text, candidate.edit)
        return await asyncio.to_thread(
            impacted, before, self.case.grounds.root / candidate.path, lines
        )

    def _request(
        self, targets: list[str], changed: Mapping[Path, str], *, hash_seed: int
    ) -> RunRequest:
        request = self.case.grounds.request(targets, changed=changed)
        return replace(request, hash_seed=hash_seed)

    def _judged(
        self,
        after: Sequence[TestReport],
        rung: Rung,
        *,
        before: TestReport | None = None,
        suite: TestReport | None = None,
    ) -> Verdict:
        case = self.case
        return judge_fix(
            target=case.target,
            before=case.before,
            after=after,
            suite_before=before,
            suite_after=suite,
            level=case.grounds.level,
            static=rung,
        )


def screen_tests(case: Case) -> tuple[str, ...]:
    """Return the tests that passed before and are quick enough to be run with each candidate."""
    suite = case.suite_if_known()
    if suite is None:
        return ()
    touched: set[str] = set()
    for place in case.places[:3]:
        touched |= set(impacted(suite, case.grounds.root / place.path, frozenset(place.lines)))
    found: list[str] = []
    spent_ms = 0.0
    for result in suite.results:
        if result.node_id not in touched or result.outcome is not TestOutcome.PASSED:
            continue
        spent_ms += result.duration_ms
        if spent_ms > MAX_SCREEN_MS or len(found) >= MAX_SCREEN_TESTS:
            break
        found.append(result.node_id)
    return tuple(found)


def static_verdict_of(candidate: Candidate, text: str, patched: str, case: Case) -> Verdict:
    """Return what can be said of a patch without running it; ``not_run`` when it may be run."""
    language = case.language
    rung = static_rung(text, patched, language)
    if is_protected(candidate.path, case.grounds.root):
        return failed(rung, Outcome.TAMPERED, f"refused: no patch may touch {candidate.path}")
    if new_syntax_errors(text, patched, language):
        return failed(Rung.UNVERIFIED, Outcome.BROKEN, "adds a syntax error")
    if reasons := refusals(text, patched, language):
        return failed(rung, Outcome.TAMPERED, f"refused: {', '.join(reasons)}")
    if rung is Rung.PARSES and language == "python":
        return failed(rung, Outcome.BROKEN, "uses a name that is not there")
    if function_named(patched, language, candidate.function) is None:
        return failed(rung, Outcome.BROKEN, "the function is gone")
    return failed(rung, Outcome.NOT_RUN, "not run yet")


def _lines_of(text: str, edit: TextEdit) -> frozenset[int]:
    table = LineTable(text)
    first, last = table.line_of(edit.span.start) + 1, table.line_of(edit.span.end) + 1
    return frozenset(range(first, last + 1))
