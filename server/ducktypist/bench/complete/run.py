"""``ducktypist bench complete``: every task put to the server and to the bare model, then graded.

The server is asked first, so that the bare model's prompt warms nothing for it. A server is new for
each task; the host is not. What comes is graded at the end, with tests that nobody saw.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ducktypist.bench.complete.attempt import Attempt, attempt
from ducktypist.bench.complete.grade import Grade, graded
from ducktypist.bench.complete.ledger import Life, lives
from ducktypist.bench.complete.place import Circumstances, circumstances, place_for
from ducktypist.bench.complete.raw import Raw, raw_answer
from ducktypist.bench.complete.tasks import BODY, CompleteTask, CompleteTaskFile, chosen
from ducktypist.bench.fix.attempt import Window
from ducktypist.bench.measure import load, since_ms
from ducktypist.domain import Json
from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import Grounds
from ducktypist.features.workbench import Workbench

EXAMPLES = """\
import doctest

import {module}


def test_examples():
    assert doctest.testmod({module}).failed == 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run."""

    limit: int | None = None
    """How many tasks, drawn with the seed; None for all."""
    seed: int = 0
    only: tuple[str, ...] = ()
    """Ids of tasks; empty means all."""
    with_candidates: bool = True
    """Whether to ask the bare model in every form, to know what any candidate would have passed."""
    first_line_ms: float | None = None
    """How long the first line of ghost text may take; None for the settings' own. On a machine
    that has other work, nothing comes in time, and nothing is learned of what would have come."""

    minutes: float | None = None
    """No task is begun later than that; None: all are asked."""
    budget_s: float | None = None
    """How long a search for a body may take; None for the settings' own."""

    def settings(self) -> dict[str, Json]:
        """Return the section ``complete`` of the servers' settings."""
        wanted = {"inline_first_line_ms": self.first_line_ms, "budget_s": self.budget_s}
        return {name: value for name, value in wanted.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One task: what the server showed, what the bare model said, and what the tests say."""

    attempt: Attempt
    raw: Raw | None = None
    """None where it did not answer."""
    raw_ms: float = 0.0
    """Of the bare model's greedy answer and, for a body, of all other forms."""
    shown_grade: Grade | None = None
    """None when nothing was shown."""
    raw_grade: Grade | None = None
    n_candidates_right: int = 0
    """How many of the bare model's different answers pass."""
    shown_is_exact: bool = False
    """Whether the file is the original one, blanks at the ends of lines aside."""
    raw_is_exact: bool = False

    @property
    def task(self) -> str:
        """The task's id."""
        return self.attempt.task

    @property
    def shown_is_right(self) -> bool:
        """Tell whether what was shown passes, or is the original line."""
        grade = self.shown_grade
        return self.shown_is_exact or (grade is not None and grade.passes)

    @property
    def raw_is_right(self) -> bool:
        """Tell the same of the bare model's greedy answer."""
        grade = self.raw_grade
        return self.raw_is_exact or (grade is not None and grade.passes)

    @property
    def any_is_right(self) -> bool:
        """Tell whether anything passes that the model or the server came up with."""
        return self.n_candidates_right > 0 or self.raw_is_right or self.shown_is_right


@dataclass(slots=True)
class Outcome:
    """Everything that a run found out."""

    plan: Plan
    circumstances: Circumstances
    results: list[Result] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    """Why a task says nothing, by its id: its own answer fails, or none is needed."""
    contradictory: tuple[str, ...] = ()
    """Tasks whose right answer fails the examples in the docstring; they are asked all the same,
    for people's docstrings err as well."""


async def run(
    tasks: CompleteTaskFile,
    *,
    plan: Plan,
    backend: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run the bench.

    Args:
        tasks: The task file.
        plan: What of it, and how.
        backend: As for ``ducktypist serve``.
        say: Told of each task when it has been asked.

    Raises:
        DucktypistError: Nothing can be run here. What goes wrong in one task is in its result.
    """
    wanted = chosen(tasks.tasks, limit=plan.limit, seed=plan.seed, only=plan.only)
    async with place_for(backend) as place:
        found = Outcome(
            plan=plan,
            circumstances=await circumstances(
                place.stage,
                seed=plan.seed,
                tasks_sha256=tasks.sha256,
                ids=[task.id for task in wanted],
            ),
        )
        found.unusable = await unusable_of(wanted, place.referee, say)
        usable = [task for task in wanted if task.id not in found.unusable]
        found.contradictory = await _contradictory(usable, place.referee)
        window = place.window(plan.settings())
        started = time.monotonic()
        async with place.workbench() as workbench:
            for number, task in enumerate(usable, start=1):
                if plan.minutes and time.monotonic() - started > 60 * plan.minutes:
                    say(f"{plan.minutes:g} minutes are over, {len(usable) - number + 1} are left")
                    del usable[number - 1 :]
                    break
                result = await _asked(task, window=window, workbench=workbench, plan=plan)
                found.results.append(result)
                say(f"{number}/{len(usable)} {told(result)}")
        known = await asyncio.to_thread(lives, place.ledger)
        found.results = await _judged(usable, found.results, known, place.referee, say)
        after = await asyncio.to_thread(load)
        found.circumstances = replace(found.circumstances, after=after)
    return found


def told(result: Result) -> str:
    """Return one line about a task that was asked and not graded yet."""
    done = result.attempt
    if done.problem:
        return f"{done.task}: not measured: {done.problem}"
    what = f"{done.rung}: {done.summary:.90}" if done.kind == BODY else repr(done.inserted[:60])
    shown = "shown" if done.shown else "nothing shown"
    return f"{done.task}: {shown} in {done.total_ms / 1000:.1f} s; {what}"


async def unusable_of(
    tasks: Sequence[CompleteTask], referee: Grounds, say: Callable[[str], None] = lambda _: None
) -> dict[str, str]:
    """Return the tasks that can tell nothing, with the reason: the two controls of the bench.

    The right answer has to pass, where there is one, and leaving things as they are has to fail.
    """
    known = [task for task in tasks if task.reference]
    right = await graded([(task, task.solution()) for task in known], referee=referee, say=say)
    idle = await graded([(task, task.text) for task in tasks], referee=referee, say=say)
    found = {
        task.id: "its own right answer fails its tests"
        for task, grade in zip(known, right, strict=True)
        if not grade.passes
    }
    found |= {
        task.id: "its tests pass without an answer"
        for task, grade in zip(tasks, idle, strict=True)
        if grade.passes
    }
    return found


async def _contradictory(tasks: Sequence[CompleteTask], referee: Grounds) -> tuple[str, ...]:
    """Return the Python tasks whose right answer does not do what its own docstring shows."""
    with_examples = [
        replace(task, hidden={"test_examples.py": EXAMPLES.format(module=Path(task.path).stem)})
        for task in tasks
        if task.language == "python" and task.kind == BODY and task.reference
        if ">>> " in task.text
    ]
    answers = [(task, task.solution()) for task in with_examples]
    grades = await graded(answers, referee=referee)
    failed = zip(with_examples, grades, strict=True)
    return tuple(task.id for task, grade in failed if not grade.passes)


async def _asked(task: CompleteTask, *, window: Window, workbench: Workbench, plan: Plan) -> Result:
    done = await attempt(task, window=window)
    started = time.perf_counter()
    raw: Raw | None = None
    try:
        raw = await raw_answer(
            task,
            workbench=workbench,
            folder=window.stage.top / "raw",
            with_candidates=plan.with_candidates,
        )
    except DucktypistError as error:
        done = replace(done, problem=done.problem or f"the bare model: {error}")
    return Result(attempt=done, raw=raw, raw_ms=since_ms(started))


async def _judged(
    tasks: Sequence[CompleteTask],
    results: Sequence[Result],
    known: Mapping[str, Life],
    referee: Grounds,
    say: Callable[[str], None],
) -> list[Result]:
    """Return the results with their grades and what the ledger knows."""
    answers = []
    for task, result in zip(tasks, results, strict=True):
        answers += [(task, text) for text in _texts(result)]
    grades = await graded(answers, referee=referee, say=say)
    by_text = {(task.id, text): grade for (task, text), grade in zip(answers, grades, strict=True)}
    found = []
    for task, result in zip(tasks, results, strict=True):
        life = known.get(result.attempt.suggestion_id)
        raw, shown = result.raw, result.attempt.shown
        found.append(
            replace(
                result,
                attempt=replace(
                    result.attempt, first_token_ms=life.first_token_ms if life else None
                ),
                shown_grade=by_text.get((task.id, shown)),
                raw_grade=by_text.get((task.id, raw.greedy)) if raw else None,
                n_candidates_right=sum(
                    by_text[task.id, text].passes for text in (raw.candidates if raw else ())
                ),
                shown_is_exact=_is_original(shown, task),
                raw_is_exact=raw is not None and _is_original(raw.greedy, task),
            )
        )
    return found


def _texts(result: Result) -> list[str]:
    raw = result.raw
    texts = [result.attempt.shown, *((raw.greedy, *raw.candidates) if raw else ())]
    return [text for text in dict.fromkeys(texts) if text]


def _is_original(text: str, task: CompleteTask) -> bool:
    """Tell whether a file is the right one, blanks at the ends of lines aside."""
    if not task.reference:
        return False
    one, other = (
        [line.rstrip() for line in found.rstrip().split("\n")] for found in (text, task.solution())
    )
    return one == other
