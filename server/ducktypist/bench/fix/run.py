"""``ducktypist bench fix``: every task in every arm, one after the other, on one resident model.

The arms take turns within a task, and who is first alternates, so that a machine that slows down
slows down all of them. A server is new for each attempt; the host and its cache are not.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ducktypist.bench.fix.attempt import Attempt, Window, attempt
from ducktypist.bench.fix.batch import grounds_at
from ducktypist.bench.fix.cancel import Stopped, stop_searches
from ducktypist.bench.fix.tasks import Task, TaskFile, digest
from ducktypist.bench.fix.watch import Premises
from ducktypist.bench.measure import Load, load, machine
from ducktypist.bench.stage import Stage, set_stage
from ducktypist.domain import Json

SEARCH, ONE_SHOT = "search", "one-shot"
ONE_SHOT_SETTINGS: Mapping[str, Json] = {
    "sources": ["rewrite"],
    "max_candidates": 1,
    "repair_rounds": 0,
}
"""The function rewritten once in chat, greedily: what people do without a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run."""

    limit: int | None = None
    """How many tasks, drawn with the seed; None for all."""
    seed: int = 0
    only: tuple[str, ...] = ()
    """Ids of tasks; empty means all."""
    budget_s: float = 60.0
    sources: tuple[str, ...] = ()
    """Of the search; empty for the settings' own."""
    arms: tuple[str, ...] = (SEARCH, ONE_SHOT)
    n_cancels: int = 0
    n_kills: int = 0

    def settings(self, arm: str) -> dict[str, Json]:
        """Return an arm's settings of the section ``fix``."""
        common: dict[str, Json] = {"budget_s": self.budget_s}
        if arm == ONE_SHOT:
            return {**common, **ONE_SHOT_SETTINGS}
        return {**common, **({"sources": list(self.sources)} if self.sources else {})}

    def chosen(self, tasks: Sequence[Task]) -> list[Task]:
        """Return the tasks to run, in the order of the file."""
        found = [task for task in tasks if not self.only or task.id in self.only]
        if self.limit is None or self.limit >= len(found):
            return found
        kept = set(random.Random(self.seed).sample(range(len(found)), self.limit))  # noqa: S311 - repeatable
        return [task for number, task in enumerate(found) if number in kept]


@dataclass(slots=True)
class Outcome:
    """Everything that a run of the bench found out."""

    plan: Plan
    tasks_sha256: str
    tasks_digest: str
    """Of the ids that were run, in their order."""
    machine: dict[str, Json]
    model: dict[str, Json] | None
    before: Load
    after: Load | None = None
    attempts: list[Attempt] = field(default_factory=list)
    stopped: list[Stopped] = field(default_factory=list)


async def run(
    tasks: TaskFile,
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
        say: Told of each attempt when it has ended.

    Raises:
        DucktypistError: Nothing can be run here. What goes wrong in one task is in its attempt.
    """
    chosen = plan.chosen(tasks.tasks)
    async with _set(backend) as (stage, premises, top):
        found = Outcome(
            plan=plan,
            tasks_sha256=tasks.sha256,
            tasks_digest=digest([task.id for task in chosen]),
            machine=await asyncio.to_thread(machine),
            model=stage.model(),
            before=await asyncio.to_thread(load),
        )
        referee = await grounds_at(top)
        for number, task in enumerate(chosen):
            arms = plan.arms if number % 2 == 0 else plan.arms[::-1]
            for arm in arms:
                window = _window(stage, premises, arm, plan.settings(arm))
                done = await attempt(task, arm=arm, window=window, referee=referee)
                found.attempts.append(done)
                say(f"{number + 1}/{len(chosen)} {told(done)}")
        unusable = {item.task for item in found.attempts if item.problem}
        usable = [task for task in chosen if task.id not in unusable]
        if plan.n_cancels + plan.n_kills and usable:
            window = _window(stage, premises, "stopped", plan.settings(SEARCH))
            found.stopped = await stop_searches(
                usable,
                n_cancels=plan.n_cancels,
                n_kills=plan.n_kills,
                seed=plan.seed,
                window=window,
                say=say,
            )
        found.after = await asyncio.to_thread(load)
    return found


def told(done: Attempt) -> str:
    """Return one line about an attempt."""
    if done.problem:
        return f"{done.task} {done.arm}: not measured: {done.problem}"
    grade = done.grade
    hidden = "" if grade is None else ", right" if done.is_right else ", OVERFITTING"
    doubt = f", doubt: {done.doubt}" if done.doubt else ""
    bad = "".join(f", {item}" for item in (*done.outside, *done.tree_changes, *done.left))
    return (
        f"{done.task} {done.arm}: {done.outcome} in {done.resolve_ms / 1000:.1f} s"
        f"{hidden}{doubt}{bad}; {done.summary:.100}"
    )


def _window(stage: Stage, premises: Premises, arm: str, fix: Mapping[str, Any]) -> Window:
    # A ledger for each arm: what one of them learns is nothing to the other.
    ledger = {"path": str(stage.top / f"ledger-{arm}.sqlite3")}
    return Window(stage=stage, premises=premises, options={"ledger": ledger, "fix": dict(fix)})


@asynccontextmanager
async def _set(backend: str | None) -> AsyncIterator[tuple[Stage, Premises, Path]]:
    """Give the servers' folders, and one for our own runs that is not below them."""
    with tempfile.TemporaryDirectory(prefix="dtb-referee-") as folder:
        top = await asyncio.to_thread(lambda: Path(folder).resolve() / "w")
        await asyncio.to_thread(top.mkdir)
        async with set_stage(backend) as stage:
            premises = Premises(
                top=stage.top,
                scratch=stage.top / "cache" / "scratch",
                temporary=stage.top / "tmp",
            )
            await asyncio.to_thread(premises.temporary.mkdir)
            yield stage, premises, top
