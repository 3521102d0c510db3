"""Trying patches against a data race: by their looks, quickly, and then properly.

Every run is made under the race detector. What is screened makes no verdict.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.config import FixConfig
from ducktypist.domain import Candidate, Outcome, Rung, TestOutcome, TestReport, Verdict
from ducktypist.errors import RunnerError
from ducktypist.features.check_body import failed
from ducktypist.features.derace.case import RaceCase, racing_files, reports_of
from ducktypist.features.fix.validation import Screened
from ducktypist.syntax.checks import new_syntax_errors, static_rung
from ducktypist.syntax.go_scopes import Variable
from ducktypist.verify.guard import refusals
from ducktypist.verify.race import Shared, judge_race, race_refusals, shows_race
from ducktypist.verify.race_goroutines import Counter, counter_for
from ducktypist.verify.runner import Trials

SCREEN_COUNT = 5
COUNT = 20
"""How often the test is repeated in each run that decides."""
COUNTED = 3
"""How often goroutines are counted, because their number may vary."""


@dataclass(slots=True)
class RaceValidator:
    """Tries the candidates of one case."""

    case: RaceCase
    trials: Trials
    """Of the target, under the race detector."""
    config: FixConfig
    also_raced: dict[Path, dict[tuple[str, str, str], Variable]] = field(default_factory=dict)
    """Variables that raced with a patch and not without."""
    _started: asyncio.Task[tuple[int, ...]] | None = None
    """How many goroutines the test starts without a patch."""

    async def screen(self, candidate: Candidate) -> Screened:
        """Look at a candidate and run the test with it a few times."""
        static = await asyncio.to_thread(self._static, candidate)
        if static.outcome is not Outcome.NOT_RUN:
            return Screened(
                outcome=static.outcome, stage="static", rung=static.rung, message=static.summary
            )
        patched = self._patched(candidate)
        try:
            report = await self.trials.run({candidate.path: patched})
        except RunnerError as error:
            return Screened(
                outcome=Outcome.BROKEN, stage="screen", rung=static.rung, message=str(error)
            )
        await asyncio.to_thread(self._remember, report, candidate.path, patched)
        target = self.case.case.target
        result = next((item for item in report.results if item.node_id == target), None)
        return Screened(
            outcome=_quick(report, target),
            stage="screen",
            rung=static.rung,
            n_green=int(result is not None and result.outcome is TestOutcome.PASSED),
            message=result.message if result is not None else "",
        )

    async def validate(self, candidate: Candidate) -> tuple[Verdict, str]:
        """Run a candidate properly; return the verdict and the stage that it came to."""
        case, changed = self.case.case, {candidate.path: self._patched(candidate)}
        after: list[TestReport] = []
        for repeat in range(self.config.repeats):
            request = self.case.race_request(
                [case.target], changed=changed, repeats=COUNT, hash_seed=repeat + 1
            )
            after.append(await case.runner.run(request))
            if shows_race(after[-1]) or (
                after[-1].outcome_of(case.target) is not TestOutcome.PASSED
            ):
                break
        verdict = self._judged(after, repeats=COUNT)
        if verdict.outcome is not Outcome.PLAUSIBLE:
            return verdict, "repeats"
        request = self.case.race_request(
            [case.target], changed=changed, repeats=COUNT, hash_seed=1, canaries=False
        )
        alone = _quick(await case.runner.run(request), case.target)
        if alone is not Outcome.PLAUSIBLE:
            # A goroutine that outlives its test races while another one runs.
            why = f"{alone.replace('_', ' ')}: after the test has ended"
            return failed(Rung.RESOLVES, alone, why), "repeats"
        fewest, most = await self._goroutines(changed)
        verdict = self._judged(after, repeats=COUNT, goroutines=(fewest, most))
        if verdict.outcome is not Outcome.PLAUSIBLE:
            return verdict, "repeats"
        before = await asyncio.shield(case.suite)
        targets = sorted({item.partition("::")[0] for item in before.collected})
        request = self.case.race_request(targets, changed=changed, repeats=1, hash_seed=1)
        suite = await case.runner.run(request)
        verdict = self._judged(
            after, repeats=COUNT, goroutines=(fewest, most), before=before, suite=suite
        )
        return verdict, "suite"

    def count_started(self) -> None:
        """Begin to count the goroutines that the test starts without a patch."""
        if self._started is None:
            self._started = asyncio.create_task(self._counted({}))

    async def aclose(self) -> None:
        """End what still runs."""
        if self._started is not None:
            self._started.cancel()
            await asyncio.wait([self._started])

    def _patched(self, candidate: Candidate) -> str:
        return candidate.edit.apply(self.case.case.texts[candidate.path])

    def _static(self, candidate: Candidate) -> Verdict:
        text = self.case.case.texts[candidate.path]
        patched = candidate.edit.apply(text)
        rung = static_rung(text, patched, "go")
        if new_syntax_errors(text, patched, "go"):
            return failed(Rung.UNVERIFIED, Outcome.BROKEN, "adds a syntax error")
        file = next((item for item in self.case.files if item.path == candidate.path), None)
        shared = Shared(
            variables=file.variables if file is not None else (),
            writers=file.writers if file is not None else frozenset(),
        )
        reasons = (
            *refusals(text, patched, "go"),
            *race_refusals(text, patched, path=candidate.path, shared=shared),
        )
        if reasons:
            return failed(rung, Outcome.TAMPERED, f"refused: {', '.join(reasons)}")
        return failed(rung, Outcome.NOT_RUN, "not run yet")

    def _remember(self, report: TestReport, path: Path, patched: str) -> None:
        """Note which variables race with a patch, so that the next ones guard them, too."""
        grounds = self.case.case.grounds
        reports = reports_of(report, grounds, target=self.case.case.target)
        for file in racing_files(reports, grounds, texts={path: patched}):
            known = self.also_raced.setdefault(file.path, {})
            for one in file.variables:
                known.setdefault((one.kind.value, one.name, one.owner), one)

    async def _goroutines(self, changed: dict[Path, str]) -> tuple[int | None, int | None]:
        """Return the fewest that the test starts without the patch and the most with it."""
        self.count_started()
        if self._started is None:
            return None, None
        before, after = await asyncio.shield(self._started), await self._counted(changed)
        return min(before, default=None), max(after, default=None)

    async def _counted(self, changed: dict[Path, str]) -> tuple[int, ...]:
        case = self.case.case
        file = Path(case.target.partition("::")[0])
        text = await asyncio.to_thread(case.grounds.text_of, file)
        counter: Counter | None = counter_for(case.target, text)
        if counter is None:
            return ()
        request = self.case.race_request(
            [counter.node_id],
            changed={**changed, Path(counter.path): counter.text},
            repeats=COUNTED,
            canaries=False,
        )
        report = await case.runner.run(request)
        messages = [item.message for item in report.results if item.node_id == counter.node_id]
        return counter.counts("\n".join(messages))

    def _judged(
        self,
        after: list[TestReport],
        *,
        repeats: int,
        goroutines: tuple[int | None, int | None] = (None, None),
        before: TestReport | None = None,
        suite: TestReport | None = None,
    ) -> Verdict:
        case = self.case.case
        return judge_race(
            target=case.target,
            before=case.before,
            after=after,
            suite_before=before,
            suite_after=suite,
            repeats=repeats,
            level=case.grounds.level,
            goroutines=goroutines,
        )


def _quick(report: TestReport, target: str) -> Outcome:
    """Return what a run of the target alone says, in which nothing else may fail."""
    if report.killed is not None:
        return Outcome.TIMEOUT
    outcome = report.outcome_of(target)
    if outcome is None:
        return Outcome.BROKEN if report.collection_errors else Outcome.TAMPERED
    if outcome is TestOutcome.SKIPPED:
        return Outcome.TAMPERED
    is_clean = outcome is TestOutcome.PASSED and not shows_race(report)
    return Outcome.PLAUSIBLE if is_clean and not report.exit_status else Outcome.STILL_FAILING
