"""``ducktypist bench engine``: all of the engine's rows, in one run, beside their yardsticks.

What is measured lies in the ``engine_…`` modules; here is only the order. A row that cannot be
measured says why and the others go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from ducktypist.bench.engine.append import append_rows
from ducktypist.bench.engine.body import body_rows
from ducktypist.bench.engine.closing import close_rows
from ducktypist.bench.engine.decode import candidate_rows, decode_rows, step_curve
from ducktypist.bench.engine.kills import kill_rows
from ducktypist.bench.engine.memory import memory_rows
from ducktypist.bench.engine.repair import infill_rows, speculation_rows
from ducktypist.bench.engine.replay import reread_rows
from ducktypist.bench.engine.sides import Effort, Ring, ring
from ducktypist.bench.engine.windows import window_rows
from ducktypist.bench.measure import Report, Row, load, machine
from ducktypist.bench.stage import set_stage
from ducktypist.errors import DucktypistError

Measurement = Callable[[Ring], Awaitable[list[Row]]]

GROUPS: Mapping[str, Measurement] = {
    "decode": decode_rows,
    "candidates": candidate_rows,
    "infills": infill_rows,
    "append": append_rows,
    "reread": reread_rows,
    "speculation": speculation_rows,
    "body": body_rows,
    "close": close_rows,
    "windows": window_rows,
    "memory": memory_rows,
    # Last, because it leaves none of the others' host alive.
    "kills": kill_rows,
}
"""What ``--only`` takes."""


async def engine(
    *,
    only: Collection[str] = (),
    is_quick: bool = False,
    backend: str | None = None,
    on_start: Callable[[str], None] = lambda _: None,
) -> Report:
    """Measure all groups of rows, or some.

    Args:
        only: Names of :data:`GROUPS`; all of them when empty.
        is_quick: Fewer rounds; several rows then have too few samples for a verdict.
        backend: As for ``ducktypist serve``.
        on_start: Told the name of each group when it begins.

    Raises:
        ModelMissingError: There is no model to measure with.
        EngineError: Our own host does not start.
    """
    async with set_stage(backend) as stage:
        report = Report(
            machine=await asyncio.to_thread(machine),
            model=stage.model(),
            before=await asyncio.to_thread(load),
        )
        async with ring(stage, Effort(is_quick=is_quick), say=on_start) as made:
            if made.bare_ is not None:
                await step_curve(made)
            for name, measurement in GROUPS.items():
                if only and name not in only:
                    continue
                on_start(name)
                try:
                    report.rows += await measurement(made)
                except DucktypistError as error:
                    report.rows.append(
                        Row(name=name, what="could not be measured", unit="", problem=str(error))
                    )
            report.settings |= made.notes
        report.after = await asyncio.to_thread(load)
    return report
