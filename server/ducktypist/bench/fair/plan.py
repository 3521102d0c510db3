"""What a run of the fair bench is to do, and in which order. Values only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from ducktypist.bench.fair.answers import N_RUNS, Arm, Column, Pass
from ducktypist.bench.fair.tasks import N_WORDINGS, FairTask, FairTasks, TaskKind
from ducktypist.domain import Json

QUICK_N_EACH: Final = 8
BUDGET_S: Final = 20.0
"""Of a search for a body or a patch; longer, and the bench takes a day on a laptop."""
ORDER: Final = (
    (Column.RAW, Arm.PLAIN, N_RUNS),
    (Column.PRODUCT, Arm.PLAIN, N_RUNS),
    (Column.NAME, Arm.PLAIN, 1),
    (Column.RAW, Arm.WORDING, N_WORDINGS),
)
"""The passes, those first that say most. What an explanation adds to is asked once: it is a
yardstick and has no verdict of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run, the same for every model."""

    models: tuple[str, ...]
    """Names as in ``model.name``."""
    columns: tuple[Column, ...] = tuple(Column)
    arms: tuple[Arm, ...] = tuple(Arm)
    families: tuple[str, ...] = ()
    """Empty for all."""
    n_each: int | None = None
    """How many tasks of each family, the first ones; None for all."""
    suites: tuple[str, ...] = ()
    """``NAME:PATH`` of tasks from files, in place of our own."""
    n_ctx_tokens: int = 4096
    n_threads: int = 0
    """0: one per physical core."""
    budget_s: float = BUDGET_S

    @property
    def groups(self) -> tuple[tuple[Pass, ...], ...]:
        """The passes that together give a verdict, those first that say most."""
        return tuple(
            tuple(Pass(column=column, arm=arm, number=number) for number in range(n_passes))
            for column, arm, n_passes in ORDER
            if column in self.columns and arm in self.arms
        )

    @property
    def passes(self) -> tuple[Pass, ...]:
        """Every time through the tasks, in order."""
        return tuple(at for group in self.groups for at in group)

    def settings(self, model: str) -> dict[str, dict[str, Json]]:
        """Return the settings of host and server, sections by name."""
        return {
            "model": {"name": model},
            "engine": {"n_ctx_tokens": self.n_ctx_tokens, "n_threads": self.n_threads},
            "complete": {"budget_s": self.budget_s},
            "fix": {"budget_s": self.budget_s},
        }

    def as_json(self) -> dict[str, Json]:
        """Return what of it decides the figures; models may be added to a file later."""
        told = asdict(self)
        del told["models"], told["columns"], told["arms"]
        return {
            name: list(item) if isinstance(item, tuple) else item for name, item in told.items()
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any], models: Sequence[str], **more: Any) -> Self:  # noqa: ANN401 - fields
        """Return the plan of a result file, to be run again.

        Raises:
            TypeError: It holds something else.
        """
        kept = {
            name: tuple(item) if isinstance(item, list) else item for name, item in told.items()
        }
        return cls(models=tuple(models), **{**kept, **more})


def asked_in(at: Pass, task: FairTask) -> FairTask | None:
    """Return a task as it is asked in a pass, None when it is not.

    A task without other wordings is left out there; a pass for what an explanation adds has
    scripts only; nothing of ours foretells what a call returns.
    """
    if at.column is Column.NAME and task.kind is not TaskKind.EXPLAIN:
        return None
    if at.column is Column.PRODUCT and task.kind is TaskKind.PREDICT:
        return None
    if at.arm is Arm.PLAIN:
        return task
    return task.worded(at.number) if at.number < len(task.wordings) else None


def listed(tasks: FairTasks) -> list[Json]:
    """Return the tasks as the head of a result file lists them."""
    return [
        {
            "id": task.id,
            "family": task.family,
            "kind": str(task.kind),
            "language": task.language,
            "sha256": task.sha256,
        }
        for task in tasks.tasks
    ]


def order_sha256(tasks: FairTasks) -> str:
    """Return the hash of the order in which the tasks are asked."""
    return hashlib.sha256("\n".join(task.id for task in tasks.tasks).encode()).hexdigest()
