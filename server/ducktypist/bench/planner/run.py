"""One run of ``bench planner``: both measurements, the machine and how busy it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ducktypist.bench.figures import Figure
from ducktypist.bench.measure import Load, Report, load, machine
from ducktypist.bench.planner.memory import BAR, MemoryRow, memory_rows
from ducktypist.bench.planner.speed import MAX_ERROR_PERCENT, SpeedRow, speed_rows
from ducktypist.domain import Json

PARTS = ("memory", "speed")
BYTES_PER_MIB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerPlan:
    """What to measure."""

    models: tuple[str, ...]
    """Names as in the catalogue; all must be on this machine."""
    contexts: tuple[int, ...] = (1024, 4096, 8192)
    """Context sizes whose memory is measured, in tokens."""
    filled: tuple[int, ...] = (128, 1024, 3000)
    """How much of the context is read before decoding is timed, in tokens."""
    kv_types: tuple[str, ...] = ("f16", "q8_0")
    n_rounds: int = 3
    only: Collection[str] = ()
    """Of :data:`PARTS`; all of them when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannerReport:
    """What was found."""

    machine: dict[str, Json]
    before: Load
    after: Load
    memory: tuple[MemoryRow, ...]
    speed: tuple[SpeedRow, ...]

    @property
    def was_busy(self) -> bool:
        """Whether something kept the machine busy before the first row, or just had."""
        return Report(machine=self.machine, model=None, before=self.before).was_busy()

    def figures(self) -> list[Figure]:
        """Return a line for each case: how far the prediction was off."""
        return [
            *(_memory_figure(row) for row in self.memory),
            *(_speed_figure(row) for row in self.speed),
        ]

    def as_json(self) -> dict[str, Json]:
        """Return everything."""
        told = Report(machine=self.machine, model=None, before=self.before, after=self.after)
        about = told.as_json()
        return {
            **{name: about[name] for name in ("machine", "load_before", "load_after")},
            "busy_before": self.was_busy,
            "memory": [row.as_json() for row in self.memory],
            "speed": [row.as_json() for row in self.speed],
        }


async def run(plan: PlannerPlan, *, say: Callable[[str], None]) -> PlannerReport:
    """Measure what the plan names.

    Raises:
        DucktypistError: A model is not there, a host did not start, or the machine is too busy to
            be calibrated.
    """
    wanted = plan.only or PARTS
    before = await asyncio.to_thread(load)
    memory: Sequence[MemoryRow] = ()
    speed: Sequence[SpeedRow] = ()
    if "memory" in wanted:
        memory = await memory_rows(plan.models, plan.contexts, plan.kv_types, say)
    if "speed" in wanted:
        speed = await speed_rows(plan.models, plan.filled, n_rounds=plan.n_rounds, say=say)
    return PlannerReport(
        machine=await asyncio.to_thread(machine),
        before=before,
        after=await asyncio.to_thread(load),
        memory=tuple(memory),
        speed=tuple(speed),
    )


def _memory_figure(row: MemoryRow) -> Figure:
    predicted = row.predicted.total_bytes / BYTES_PER_MIB
    return Figure(
        name=f"memory {row.model}",
        what=(
            f"context {row.n_ctx_tokens}, {row.kv_type}: predicted {predicted:.0f} MiB, "
            f"seen {row.seen_bytes / BYTES_PER_MIB:.0f} MiB"
        ),
        value=100 * row.error,
        unit="%",
        n=1,
        bar=f"within {BAR:.0%}",
        is_met=row.is_met,
    )


def _speed_figure(row: SpeedRow) -> Figure:
    return Figure(
        name=f"decode {row.model}",
        what=(
            f"after {row.n_ctx_used_tokens} tokens: predicted {row.predicted_tok_s:.1f} tok/s, "
            f"seen {max(row.seen):.1f} ({min(row.seen):.1f} to {max(row.seen):.1f})"
        ),
        value=row.error_percent,
        unit="%",
        n=len(row.seen),
        bar=f"within {MAX_ERROR_PERCENT:.0f} %",
        is_met=row.is_met,
    )
