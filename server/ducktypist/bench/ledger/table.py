"""``ducktypist bench ledger``: all groups of rows, on files of its own that are gone afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from ducktypist.bench.ledger import faults, kills, speeds
from ducktypist.bench.measure import Report, Row, load, machine
from ducktypist.bench.stage import Stage, set_stage
from ducktypist.errors import DucktypistError

GROUPS = ("speed", "kills", "faults")


async def ledger(
    *,
    n_events: int,
    n_kills: int,
    runs: int,
    only: Collection[str] = (),
    on_start: Callable[[str], None] = lambda _: None,
) -> Report:
    """Measure all groups of rows, or some.

    Args:
        n_events: Of the large ledger.
        n_kills: How many writers are killed.
        runs: How often each command is run.
        only: The groups to measure, names of :data:`GROUPS`; all of them when empty.
        on_start: Told what begins.
    """
    async with set_stage(None) as stage:
        report = Report(
            machine=await asyncio.to_thread(machine),
            model=None,
            before=await asyncio.to_thread(load),
            settings={"n_events": n_events, "n_kills": n_kills, "runs": runs},
        )
        for name in GROUPS:
            if only and name not in only:
                continue
            on_start(name)
            try:
                if name == "speed":
                    report.rows += await _speed(stage, n_events=n_events, runs=runs)
                elif name == "kills":
                    report.rows.append(
                        await kills.kill_row(
                            await asyncio.to_thread(stage.folder, "kills"),
                            n_kills=n_kills,
                            on_kill=lambda n: on_start(f"kills, {n} of {n_kills}"),
                        )
                    )
                else:
                    report.rows += await faults.fault_rows(stage)
            except DucktypistError as error:
                what = "could not be measured"
                report.rows.append(Row(name=name, what=what, unit="", problem=str(error)))
        report.after = await asyncio.to_thread(load)
    return report


async def _speed(stage: Stage, *, n_events: int, runs: int) -> list[Row]:
    path = await asyncio.to_thread(stage.folder, "large") / "ledger.sqlite3"
    large = await asyncio.to_thread(speeds.make, path, n_events=n_events)
    read = await speeds.read_rows(path, runs=runs)
    appended = await asyncio.to_thread(speeds.append_rows, path)
    return [*large.rows, *read, *appended]
