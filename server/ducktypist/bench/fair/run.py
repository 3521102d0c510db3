"""``ducktypist bench fair``: every task, every model, three times in processes of their own.

What was asked is kept as soon as it is there, so that a run can be stopped and goes on; what was
graded as well. A pass asks all tasks in their order and is graded at its end. A model has its three
runs one after the other, so that there is a verdict on it before the next one begins.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.resources
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ducktypist import __version__
from ducktypist.bench.complete.place import Place, place_for
from ducktypist.bench.explain.questions import Questions
from ducktypist.bench.fair.answers import Answer, Column, Pass
from ducktypist.bench.fair.controls import controls, holds
from ducktypist.bench.fair.grading import Truths, graded
from ducktypist.bench.fair.pace import Pace, Work
from ducktypist.bench.fair.plan import Plan, asked_in, listed, order_sha256
from ducktypist.bench.fair.product import product_answer
from ducktypist.bench.fair.raw import name_only, raw_answer, read_answer
from ducktypist.bench.fair.results import ANSWERS, CONTROLS, GRADES, MODELS, TRACES, row_key
from ducktypist.bench.fair.tasks import FairTask, FairTasks, TaskKind
from ducktypist.bench.fair.traces import has_trace, trace_of
from ducktypist.bench.journal import Journal
from ducktypist.bench.measure import machine
from ducktypist.domain import Json
from ducktypist.errors import DucktypistError
from ducktypist.features.workbench import Workbench

Say = Callable[[str], None]
IDENTITY = "identity"


@dataclass(slots=True, kw_only=True)
class Run:
    """A run in progress."""

    plan: Plan
    tasks: FairTasks
    journal: Journal
    questions: Questions
    backend: str | None
    say: Say
    sha256s: dict[str, str] = field(default_factory=dict)
    """Of the models' files, by name."""
    pace: Pace = field(default_factory=Pace)
    truths: Truths = field(default_factory=Truths)
    """What was found out of the tasks while answers were graded."""
    _known: dict[Pass, list[FairTask]] = field(default_factory=dict)
    _hashes: dict[tuple[Pass, str], str] = field(default_factory=dict)
    """Of the tasks as they are asked in a pass: looked at again with every answer."""

    async def controlled(self) -> None:
        """Grade the answers of nobody's model; a bench that grades those wrongly grades nothing.

        Raises:
            DucktypistError: The right answer fails, or echoing the question passes.
        """
        usable = [task for task in self.tasks.tasks if task.oracle]
        known = self.journal.of(CONTROLS, self.tasks.sha256)
        if usable and not known:
            self.say(f"controls: the right answer, an echo and a hang, {len(usable)} tasks")
            async with place_for(self.backend) as place:
                found = await controls(
                    usable,
                    referee=place.referee,
                    say=self.say,
                    hang_each=False,
                    wordings=False,
                    truths=self.truths,
                )
            if bad := holds(found):
                raise DucktypistError(f"the bench's own controls fail: {'; '.join(bad)}")
            for (name, task), grade in found.items():
                self.journal.add(CONTROLS, self.tasks.sha256, f"{name}/{task}", grade.as_json())

    async def all(self) -> None:
        """Ask and grade everything that was not yet."""
        for group in self.plan.groups:
            for model in self.plan.models:
                for at in group:
                    todo = [task for task in self._asked(at) if not self._is_done(at, model, task)]
                    if todo:
                        await self._pass(at, model, todo)

    async def _pass(self, at: Pass, model: str, todo: Sequence[FairTask]) -> None:
        async with place_for(self.backend, self.plan.settings(model)) as place:
            await self._meet(model, place)
            sha256 = self.sha256s[model]
            await self._traced(todo, place)
            started = time.monotonic()
            if at.column is Column.PRODUCT:
                await self._product(at, model, todo, place)
            else:
                async with place.workbench() as workbench:
                    for task in todo:
                        if not self._has_answer(at, sha256, task):
                            await self._ask(at, model, task, workbench)
            asked = [task for task in todo if self._has_answer(at, sha256, task)]
            took_s = time.monotonic() - started
            self.say(f"{model} {at.key}: asked {len(asked)} in {took_s:.0f} s; grading")
            await self._grade(at, sha256, asked, place)

    async def _meet(self, model: str, place: Place) -> None:
        """Find out what answers under a name, and keep it."""
        async with place.workbench() as workbench:
            client = workbench.engine
            status = await client.status()
            rates = await client.rates()
            identity = asdict(workbench.model)
        known = place.stage.model() or {}
        sha256 = str(known.get("sha256") or identity["sha256"] or model)
        self.sha256s[model] = sha256
        if self.journal.has(MODELS, sha256, IDENTITY):
            return
        size = place.stage.spec.model_path.stat().st_size if place.stage.spec else 0
        details = status.get("details")
        row: dict[str, Json] = {
            **{name: item for name, item in identity.items() if isinstance(item, str | int)},
            "asked_as": model,
            "n_bytes": size,
            "details": details if isinstance(details, dict) else {},
            "rates": None if rates is None else rates.to_json(),
        }
        self.journal.add(MODELS, sha256, IDENTITY, row)

    async def _traced(self, todo: Sequence[FairTask], place: Place) -> None:
        for task in todo:
            if has_trace(task) and not self.journal.has(TRACES, self.tasks.sha256, task.sha256):
                said = await trace_of(task, referee=place.referee)
                self.journal.add(TRACES, self.tasks.sha256, task.sha256, {"text": said})

    async def _product(self, at: Pass, model: str, todo: Sequence[FairTask], place: Place) -> None:
        settings = self.plan.settings(model)
        for task in todo:
            if self._has_answer(at, self.sha256s[model], task):
                continue
            started = time.monotonic()
            answer = await product_answer(task, place=place, settings=settings)
            if task.kind is TaskKind.EXPLAIN and not answer.problem:
                async with place.workbench() as workbench:
                    answer = await read_answer(
                        task, answer, workbench=workbench, questions=self.questions
                    )
            self._keep(at, model, task, answer, started)

    async def _ask(self, at: Pass, model: str, task: FairTask, workbench: Workbench) -> None:
        started = time.monotonic()
        try:
            if at.column is Column.NAME:
                answer = await name_only(task, workbench=workbench, questions=self.questions)
            else:
                row = self.journal.of(TRACES, self.tasks.sha256).get(task.sha256, {})
                answer = await raw_answer(
                    task,
                    workbench=workbench,
                    questions=self.questions,
                    trace=str(row.get("text", "")),
                )
        except DucktypistError as error:
            answer = Answer(
                task_sha256=task.sha256, texts={}, problem=f"{type(error).__name__}: {error}"
            )
        self._keep(at, model, task, answer, started)

    def _keep(self, at: Pass, model: str, task: FairTask, answer: Answer, started: float) -> None:
        took_s = time.monotonic() - started
        key = row_key(at, task.id)
        self.journal.add(ANSWERS, self.sha256s[model], key, answer.as_json())
        self.pace.took(Work(model, at.column, task.family), took_s)
        left = self.pace.left(self._left())
        told = answer.problem or answer.said or f"{answer.completion_tokens} tokens"
        self.say(f"{model} {key}: {told:.80} in {took_s:.1f} s; {left.words()}")

    async def _grade(self, at: Pass, sha256: str, asked: Sequence[FairTask], place: Place) -> None:
        known = self.journal.of(ANSWERS, sha256)
        pairs = [(task, Answer.from_json(known[row_key(at, task.id)]).texts) for task in asked]
        grades = await graded(pairs, referee=place.referee, say=self.say, truths=self.truths)
        for (task, _), grade in zip(pairs, grades, strict=True):
            row = {**grade.as_json(), "task_sha256": task.sha256}
            self.journal.add(GRADES, sha256, row_key(at, task.id), row)

    def _asked(self, at: Pass) -> list[FairTask]:
        if at not in self._known:
            found = [asked_in(at, task) for task in self.tasks.tasks]
            self._known[at] = [task for task in found if task is not None]
            self._hashes |= {(at, task.id): task.sha256 for task in self._known[at]}
        return self._known[at]

    def _left(self) -> Iterator[Work]:
        for at in self.plan.passes:
            for model in self.plan.models:
                sha256 = self.sha256s.get(model, "")
                for task in self._asked(at):
                    if not self._has_answer(at, sha256, task):
                        yield Work(model, at.column, task.family)

    def _has_answer(self, at: Pass, sha256: str, task: FairTask) -> bool:
        return self._has(ANSWERS, at, sha256, task)

    def _is_done(self, at: Pass, model: str, task: FairTask) -> bool:
        sha256 = self.sha256s.get(model, "")
        return all(self._has(part, at, sha256, task) for part in (ANSWERS, GRADES))

    def _has(self, part: str, at: Pass, sha256: str, task: FairTask) -> bool:
        key = row_key(at, task.id)
        if not self.journal.has(part, sha256, key):
            return False
        row = self.journal.rows[part, sha256, key]
        return row.get("task_sha256") == self._hashes[at, task.id]


async def run(
    tasks: FairTasks,
    *,
    plan: Plan,
    out: Path | None,
    backend: str | None = None,
    traces: dict[str, str] | None = None,
    say: Say = lambda _: None,
) -> Journal:
    """Run the bench, or go on with it.

    Args:
        tasks: What is asked.
        plan: How.
        out: The result file; None keeps the result in memory.
        backend: As for ``ducktypist serve``; for tests.
        traces: What failing tests say, by the task's hash, where a run is repeated.
        say: Told of each answer.

    Raises:
        DucktypistError: Nothing can be run here, the file is of another run, or the controls fail.
    """
    questions = Questions.load("fair")
    head = await asyncio.to_thread(head_of, tasks, plan, questions)
    journal = await asyncio.to_thread(Journal.opened, out, head)
    found = Run(
        plan=plan, tasks=tasks, journal=journal, questions=questions, backend=backend, say=say
    )
    for (part, sha256, key), row in journal.rows.items():
        if part == MODELS and key == IDENTITY:
            found.sha256s[str(row["asked_as"])] = sha256
    for sha256, text in (traces or {}).items():
        if not journal.has(TRACES, tasks.sha256, sha256):
            journal.add(TRACES, tasks.sha256, sha256, {"text": text})
    await found.controlled()
    await found.all()
    return journal


def head_of(tasks: FairTasks, plan: Plan, questions: Questions) -> dict[str, Json]:
    """Return everything that the figures depend on besides the model."""
    systems = {question.system for question in questions.by_name.values()}
    return {
        "bench": "fair",
        "ducktypist": __version__,
        "plan": plan.as_json(),
        "tasks_sha256": tasks.sha256,
        "order_sha256": order_sha256(tasks),
        "questions_sha256": questions.sha256,
        "system_sha256": hashlib.sha256("\n".join(sorted(systems)).encode()).hexdigest(),
        "server_prompts_sha256": _prompts_sha256(),
        "machine": machine(),
        "tasks": listed(tasks),
    }


def _prompts_sha256() -> str:
    folder = Path(str(importlib.resources.files("ducktypist"))) / "prompts"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.prompt")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
