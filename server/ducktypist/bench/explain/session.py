"""One run of ``bench explain``: where it takes place, what is done already, when it is over.

What is measured and how, the parts say. Nothing is graded here.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from ducktypist.bench.complete.place import Circumstances, Place
from ducktypist.bench.editor import EditorFailure
from ducktypist.bench.explain.desk import Desk
from ducktypist.bench.explain.questions import Questions
from ducktypist.bench.journal import Journal
from ducktypist.domain import Json
from ducktypist.errors import DucktypistError
from ducktypist.features.workbench import Workbench

PARTS = ("options", "identifiers", "recreate", "predict", "hover", "injections")
ARMS = ("ours", "raw", "name")
"""The server's explanation, the bare model's, and nothing but what the program is for."""


class Named(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """Return it."""


T = TypeVar("T", bound=Named)
Measure = Callable[[T], Awaitable[Mapping[str, Json]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run."""

    only: tuple[str, ...] = ()
    """Parts; empty means all."""
    tasks: Path | None = None
    """Holds ``options.jsonl`` and ``bash``; None for those that ship with the package."""
    data: Path | None = None
    """Holds other people's exercises; without it some parts have nothing to measure."""
    out: Path | None = None
    """Where rows are kept, so that a run goes on where it stopped."""
    limit: int | None = None
    """How many tasks of each part, drawn with the seed; None for all."""
    minutes: float | None = None
    """No task is begun later than that; None: all are asked."""
    seed: int = 0
    model: str = ""
    """Its name as in ``model.name``; empty for the settings' own."""
    more: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Further settings of the server, sections by name."""

    @property
    def which_host(self) -> dict[str, Json]:
        """The settings that decide which host it is."""
        return {"model": {"name": self.model}} if self.model else {}

    @property
    def options(self) -> dict[str, Mapping[str, Json]]:
        """All settings of the server that are not its own."""
        named: dict[str, Mapping[str, Json]] = {"model": {"name": self.model}} if self.model else {}
        return {**named, **self.more}

    @property
    def folder(self) -> Path:
        """Where the tasks are."""
        return self.tasks or Path(__file__).parent

    def as_json(self) -> dict[str, Json]:
        """Return what of it decides the figures."""
        more: dict[str, Json] = {name: dict(values) for name, values in self.more.items()}
        return {"seed": self.seed, "model": self.model, "settings": more}


@dataclass(slots=True, kw_only=True)
class Session:
    """A run in progress, and what it comes to."""

    plan: Plan
    place: Place
    desk: Desk
    workbench: Workbench
    questions: Questions
    journal: Journal
    circumstances: Circumstances
    say: Callable[[str], None]
    task_hashes: dict[str, str] = field(default_factory=dict)
    """Of the tasks of each part that was run."""
    unmeasured: dict[str, str] = field(default_factory=dict)
    """Why a part could not be measured at all."""
    n_left: int = 0
    """Tasks that were not begun because the time was over."""
    started: float = field(default_factory=time.monotonic)

    def drawn(self, tasks: Sequence[T]) -> list[T]:
        """Return the tasks to run; a larger limit gives the same ones and more."""
        order = sorted(tasks, key=lambda task: task.id)
        random.Random(self.plan.seed).shuffle(order)  # noqa: S311 - repeatable
        return order[: self.plan.limit]

    async def each(
        self, part: str, tasks_sha256: str, tasks: Iterable[T], measure: Measure[T]
    ) -> None:
        """Measure what was not measured yet, and keep each row as soon as it is there.

        Args:
            part: What is measured.
            tasks_sha256: Of all its tasks.
            tasks: Those to be measured, in their order.
            measure: Returns a row; what it raises is why there is none.
        """
        self.task_hashes[part] = tasks_sha256
        left = [task for task in tasks if not self.journal.has(part, tasks_sha256, task.id)]
        for number, task in enumerate(left, start=1):
            if self.is_over():
                self.n_left += len(left) - number + 1
                self.say(f"{part}: the time is over, {len(left) - number + 1} are left")
                return
            began = time.monotonic()
            try:
                row = await measure(task)
            except DucktypistError as error:
                row = {"problem": f"{type(error).__name__}: {error}"}
                if isinstance(error, EditorFailure):
                    await self.desk.close()
            self.journal.add(part, tasks_sha256, task.id, row)
            said = row.get("problem") or row.get("told") or "measured"
            took_s = time.monotonic() - began
            self.say(f"{part} {number}/{len(left)} {task.id}: {said} in {took_s:.1f} s")

    def is_over(self) -> bool:
        """Tell whether no more tasks are to be begun."""
        minutes = self.plan.minutes
        return minutes is not None and time.monotonic() - self.started > 60 * minutes

    def rows(self, part: str) -> dict[str, Mapping[str, Json]]:
        """Return what a part has come to, by task."""
        return self.journal.of(part, self.task_hashes.get(part, ""))

    def problems(self, part: str) -> dict[str, str]:
        """Return why tasks of a part could not be measured."""
        return self.journal.problems(part, self.task_hashes.get(part, ""))

    def repeatable(self) -> dict[str, Json]:
        """Return everything that the figures depend on."""
        hashes: dict[str, Json] = dict(self.task_hashes)
        return {**self.circumstances.as_json(), **dict(self.journal.head), "tasks": hashes}


def head_of(plan: Plan, *, workbench: Workbench, questions: Questions) -> dict[str, Json]:
    """Return what must be the same for a run to go on."""
    identity = asdict(workbench.model)
    return {
        "plan": plan.as_json(),
        "model": {name: identity[name] for name in ("name", "sha256", "quantisation", "backend")},
        "questions_sha256": questions.sha256,
        "prompts": _prompts(),
        "explaining_sha256": explaining_sha256(),
    }


def explaining_sha256() -> str:
    """Return a hash of the code that makes an explanation: other code is another measurement."""
    package = Path(str(importlib.resources.files("ducktypist")))
    digest = hashlib.sha256()
    for room in ("features/explain", "facts", "claims", "syntax/shell", "prompting"):
        places = [*(package / room).rglob("*"), (package / room).with_suffix(".py")]
        for path in sorted(places):
            if path.is_file() and path.suffix in {".py", ".toml"}:
                digest.update(path.relative_to(package).as_posix().encode() + b"\0")
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _prompts() -> dict[str, Json]:
    """Return the hashes of the server's prompts for explanations."""
    folder = Path(str(importlib.resources.files("ducktypist"))) / "prompts"
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("**/explain*"))
        if path.is_file()
    }
