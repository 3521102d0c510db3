"""``ducktypist bench tell``: tasks put to the server, and the outcome of all that it made of them.

The servers keep their ledger in one file for all runs. What was held back is graded as well, or the
tell would learn from what passed only. Every few tasks are graded and written, so that a run that
is stopped loses little, and another one goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.bench.complete.place import Place, place_for
from ducktypist.bench.complete.run import unusable_of
from ducktypist.bench.complete.tasks import CompleteTask
from ducktypist.bench.fix.attempt import Window
from ducktypist.bench.tell.grading import Graded, graded_thrice
from ducktypist.bench.tell.notes import Notes, Put, alone
from ducktypist.bench.tell.suggestions import Suggested, mark, suggested
from ducktypist.bench.tell.tasks import Posed, in_words, posed, put
from ducktypist.domain import Json, Outcome
from ducktypist.errors import DucktypistError
from ducktypist.ledger.store import Ledger

CHUNK = 10
FLUSH_S = 30.0
FIRST_LINE_MS = 20_000.0
"""On a machine that has other work nothing would come in the time that a person waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be collected."""

    ledger: Path
    complete: tuple[Path, ...] = ()
    """Task files of ``bench complete``."""
    fix: tuple[Path, ...] = ()
    """Task files of ``bench fix``."""
    limit: int | None = None
    """How many tasks of all files together, drawn with the seed; None for all."""
    seed: int = 0
    minutes: float | None = None
    """No task is begun later than that; None: all are asked."""
    budget_s: float | None = None
    """Of one search for a body; None for the settings' own."""
    fix_budget_s: float | None = None
    """Of one search for a patch; None for the settings' own."""
    sources: tuple[str, ...] = ()
    """Of patches; empty for the settings' own."""
    model: str = ""
    """Its name as in ``model.name``; empty for the settings' own."""
    more: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Further settings of the servers, sections by name."""

    @property
    def which_host(self) -> dict[str, Json]:
        """The settings that decide which host it is."""
        return {"model": {"name": self.model}} if self.model else {}

    @property
    def options(self) -> dict[str, Json]:
        """All settings of the servers."""
        complete: dict[str, Json] = {"inline_first_line_ms": FIRST_LINE_MS}
        fix: dict[str, Json] = {}
        if self.budget_s is not None:
            complete["budget_s"] = self.budget_s
        if self.fix_budget_s is not None:
            fix["budget_s"] = self.fix_budget_s
        if self.sources:
            fix["sources"] = list(self.sources)
        # Text is kept because what was held back has to be graded, too.
        ledger: dict[str, Json] = {"path": str(self.ledger), "keep_text": True}
        found: dict[str, dict[str, Json]] = {"complete": complete, "fix": fix, "ledger": ledger}
        for section, values in self.more.items():
            found[section] = {**found.get(section, {}), **values}
        return {**self.which_host, **found}


@dataclass(slots=True)
class Collected:
    """What a run added."""

    model: str
    model_sha256: str
    n_left: int = 0
    """Tasks that were not asked."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    """Of the suggestions that were graded."""
    problems: list[str] = field(default_factory=list)
    stopped: bool = False


async def collect(
    plan: Plan,
    *,
    backend: str | None = None,
    say: Callable[[str], None] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> Collected:
    """Put tasks to the server and write down what became of them.

    Args:
        plan: Which, and how.
        backend: As for ``ducktypist serve``.
        say: Told how far it is.
        stop: When it is set, the task in progress is given up and what is there is graded.

    Raises:
        DucktypistError: Nothing can be run here. What goes wrong in one task is told.
    """
    ledger = await asyncio.to_thread(plan.ledger.absolute)
    plan = replace(plan, ledger=ledger)
    tasks = await asyncio.to_thread(
        lambda: posed(plan.complete, plan.fix, seed=plan.seed, limit=plan.limit)
    )
    notes_path = ledger.with_name(ledger.name + ".tasks.json")
    await asyncio.to_thread(lambda: ledger.parent.mkdir(parents=True, exist_ok=True))
    async with _held(notes_path), place_for(backend, plan.which_host) as place:
        spec = place.stage.spec
        if spec is None:
            raise DucktypistError(f"there is no model to ask: {place.stage.no_spec}")
        run = _Run(
            plan=plan,
            place=place,
            notes=await asyncio.to_thread(Notes.read, notes_path),
            say=say,
            stop=stop or asyncio.Event(),
            found=Collected(model=spec.model_name, model_sha256=spec.model_sha256),
        )
        await run.all(tasks)
        return run.found


@contextlib.asynccontextmanager
async def _held(path: Path) -> AsyncIterator[None]:
    with alone(path):
        yield


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run on one model."""

    plan: Plan
    place: Place
    notes: Notes
    say: Callable[[str], None]
    stop: asyncio.Event
    found: Collected
    started: float = field(default_factory=time.monotonic)

    async def all(self, tasks: Sequence[Posed]) -> None:
        """Ask what was not asked yet, a few tasks at a time."""
        await self._grade_rest(tasks)
        left = [one for one in tasks if self._is_left(one)]
        n_known = len(tasks) - len(left)
        self.say(f"{self.found.model}: {in_words(left)} to be asked, {n_known} known")
        n_all = len(left)
        for start in range(0, n_all, CHUNK):
            if self._is_over():
                break
            some = await self._usable(left[start : start + CHUNK])
            for number, one in enumerate(some, start=start + 1):
                if self._is_over():
                    break
                self.say(f"{number}/{n_all} {await self._ask(one)}")
            await self._grade(some)
        self.found.stopped = self.stop.is_set()
        self.found.n_left = sum(map(self._is_left, tasks))

    def _is_left(self, one: Posed) -> bool:
        """Tell whether a task is still to be asked, also where something went wrong before."""
        known = self.notes.of(self.found.model_sha256).get(one.key)
        return one.key not in self.notes.unusable and (known is None or bool(known.problem))

    def _is_over(self) -> bool:
        minutes = self.plan.minutes
        late = minutes is not None and time.monotonic() - self.started > 60 * minutes
        return late or self.stop.is_set()

    async def _usable(self, some: Sequence[Posed]) -> list[Posed]:
        """Return those that can tell anything; the others are noted.

        A bug was planted only where its hidden tests tell it from the right program.
        """
        new = {
            one.task.id: one
            for one in some
            if isinstance(one.task, CompleteTask) and one.key not in self.notes.usable
        }
        by_task = [one.task for one in new.values() if isinstance(one.task, CompleteTask)]
        bad = await unusable_of(by_task, self.place.referee)
        for name, one in new.items():
            if name in bad:
                self.notes.unusable[one.key] = bad[name]
                self.say(f"{name} says nothing: {bad[name]}")
            else:
                self.notes.usable.add(one.key)
        return [one for one in some if one.key not in self.notes.unusable]

    async def _ask(self, one: Posed) -> str:
        """Put one task to the server, and note what came; return it in words."""
        ledger, began = self.plan.ledger, time.monotonic()
        window = Window(
            stage=self.place.stage, premises=self.place.premises, options=self.plan.options
        )
        before = await asyncio.to_thread(mark, ledger)
        asking = asyncio.create_task(put(one, window=window))
        stopping = asyncio.create_task(self.stop.wait())
        await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not asking.done():
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError, DucktypistError):
                await asking
            return f"{one.task.id}: given up"
        problem = asking.result()
        answers = await asyncio.to_thread(lambda: suggested(ledger, since=before))
        if self.stop.is_set() and not answers:
            # A terminal's Ctrl-C reaches the server as well.
            return f"{one.task.id}: given up"
        known = Put(
            task=one.task.id,
            suggestion_ids=[item.suggestion_id for item in answers],
            problem="" if answers else problem,
        )
        known.is_graded = not answers
        if problem and not answers:
            self.found.problems.append(f"{one.task.id}: {problem}")
        self.notes.of(self.found.model_sha256)[one.key] = known
        await asyncio.to_thread(self.notes.write)
        told = problem or ", ".join(item.kind for item in answers) or "nothing to be graded"
        return f"{one.task.id}: {told} in {time.monotonic() - began:.1f} s"

    async def _grade_rest(self, tasks: Sequence[Posed]) -> None:
        """Grade what an earlier run left ungraded."""
        left = [one for one in tasks if self._is_ungraded(one)]
        for start in range(0, len(left), CHUNK):
            if not self.stop.is_set():
                await self._grade(left[start : start + CHUNK])

    def _is_ungraded(self, one: Posed) -> bool:
        known = self.notes.of(self.found.model_sha256).get(one.key)
        return known is not None and not known.is_graded

    async def _grade(self, some: Sequence[Posed]) -> None:
        """Grade what came of some tasks, and write it into the ledger."""
        done = self.notes.of(self.found.model_sha256)
        asked = {
            name: one
            for one in some
            if self._is_ungraded(one)
            for name in done[one.key].suggestion_ids
        }
        if asked:
            everything = await asyncio.to_thread(suggested, self.plan.ledger)
            answers: list[tuple[Posed, Suggested]] = [
                (asked[item.suggestion_id], item)
                for item in everything
                if item.suggestion_id in asked
            ]
            try:
                grades = await graded_thrice(answers, referee=self.place.referee)
            except DucktypistError as error:
                # They stay ungraded, and the next run tries again.
                self.say(f"{len(answers)} answers could not be graded: {error}")
                self.found.problems.append(f"grading: {error}")
                return
            await asyncio.to_thread(self._write, grades)
            self._note(asked, grades)
        await asyncio.to_thread(self.notes.write)

    def _write(self, grades: Sequence[Graded]) -> None:
        ledger = Ledger(self.plan.ledger, keep_text=True)
        try:
            level = self.place.referee.level
            ledger.append_all([one.event(level=level) for one in grades])
            if not ledger.flush(FLUSH_S):
                raise DucktypistError(f"{self.plan.ledger} cannot be written: {ledger.last_error}")
        finally:
            ledger.close()

    def _note(self, asked: dict[str, Posed], grades: Sequence[Graded]) -> None:
        done = self.notes.of(self.found.model_sha256)
        for one in asked.values():
            done[one.key].is_graded = True
        for grade in grades:
            done[asked[grade.suggestion_id].key].n_right += grade.outcome is Outcome.PLAUSIBLE
            self.found.outcomes[grade.outcome] += 1
        counts = Counter(grade.outcome for grade in grades)
        told = ", ".join(f"{n} {outcome}" for outcome, n in counts.most_common())
        self.say(f"graded {len(grades)}: {told or 'none'}")
