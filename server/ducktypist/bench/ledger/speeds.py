"""A large ledger read and written: how long each takes, from outside and from the caller's side."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.ledger.making import make_ledger, suggestions
from ducktypist.bench.measure import Bar, Row, quantile, since_ms
from ducktypist.errors import LedgerError
from ducktypist.ledger.database import sum_up
from ducktypist.ledger.events import Event
from ducktypist.ledger.rows import DURABLE
from ducktypist.ledger.store import Ledger

BYTES_PER_MB = 1_000_000
N_APPENDED = 5_000
"""Suggestions, each with what became of it at once."""
N_COMMITTED = 300
PACE_S = 0.001
STATS_BAR = Bar(limit=1000.0)
REPORT_BAR = Bar(limit=5000.0)
APPEND_BAR = Bar(limit=5.0, statistic="p99")
READS = {
    "stats": ((), STATS_BAR),
    "stats --json": (("--json",), STATS_BAR),
    "stats --accepted": (("--accepted",), STATS_BAR),
    "stats --sources": (("--sources",), None),
    "stats --tell": (("--tell",), None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """A large ledger that was made."""

    path: Path
    rows: tuple[Row, ...]
    """What making it showed."""


def make(path: Path, *, n_events: int) -> Large:
    """Make a ledger, and sum it up for the first time.

    Raises:
        LedgerError: It cannot be written.
    """
    started = time.perf_counter()
    made = make_ledger(path, n_events=n_events)
    written_s = time.perf_counter() - started
    n_bytes = _n_bytes(path)
    started = time.perf_counter()
    if not sum_up(path):
        raise LedgerError(f"{path} could not be summed up")
    summed_s = time.perf_counter() - started
    note = f"{made.n_events:,} events of {made.n_suggestions:,} suggestions in {written_s:.0f} s"
    rows = (
        Row(
            name="size",
            what="the file, with the tables that make it quick to read",
            unit="MB",
            samples=(_n_bytes(path) / BYTES_PER_MB,),
            note=f"{note}; {n_bytes / BYTES_PER_MB:.0f} MB before those tables",
        ),
        Row(
            name="sum up",
            what="all of it summed up for the first time",
            unit="s",
            samples=(summed_s,),
            note="in steps of a few thousand events; afterwards only what is new is",
        ),
    )
    return Large(path=path, rows=rows)


async def read_rows(path: Path, *, runs: int) -> list[Row]:
    """Run ``ducktypist stats`` and ``ducktypist report`` as a person does."""
    rows = [
        await _command_row(name, ["stats", *options, "--ledger", str(path)], runs, bar)
        for name, (options, bar) in READS.items()
    ]
    out = path.with_suffix(".html")
    report = ["report", "--ledger", str(path), "--out", str(out)]
    rows.append(await _command_row("report", report, max(3, runs // 2), REPORT_BAR))
    return rows


async def _command_row(name: str, arguments: Sequence[str], runs: int, bar: Bar | None) -> Row:
    took: list[float] = []
    problem = ""
    for _ in range(runs):
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ducktypist", *arguments),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode:
            problem = said.decode("utf-8", "replace").strip().splitlines()[-1:][0]
            break
        took.append(since_ms(started))
    samples = () if problem else tuple(took)
    what = f"`ducktypist {name}`, the whole command"
    return Row(name=name, what=what, unit="ms", samples=samples, bar=bar, problem=problem)


def append_rows(path: Path) -> list[Row]:
    """Append to a ledger as a session does, and wait for some of it.

    Raises:
        LedgerError: Not everything arrived.
    """
    made = suggestions(77, span_s=1.0, n=N_APPENDED)
    ledger = Ledger(path)
    called: list[float] = []
    plain: list[float] = []
    durable: list[float] = []
    for _ in range(N_APPENDED):
        for event in _events(next(made)):
            started = time.perf_counter()
            ledger.append(event)
            called.append(since_ms(started))
        time.sleep(PACE_S)
    if not ledger.flush(60):
        raise LedgerError(f"{path} did not take everything: {ledger.last_error}")
    for waited, is_outcome in ((plain, False), (durable, True)):
        while len(waited) < N_COMMITTED:
            events = _events(next(made))
            some = events if is_outcome else events[:1]
            if is_outcome and not any(isinstance(event, DURABLE) for event in events):
                continue
            started = time.perf_counter()
            ledger.append_all(some)
            if not ledger.flush(60):
                raise LedgerError(f"{path} did not take everything: {ledger.last_error}")
            waited.append(since_ms(started))
    ledger.close()
    what = "one suggestion's events with its outcome, until no power cut can lose them"
    return [
        Row(
            name="append",
            what="one event appended, as the caller sees it",
            unit="ms",
            samples=tuple(called),
            bar=APPEND_BAR,
            note=f"median {quantile(called, 0.5) * 1000:.0f} µs",
        ),
        Row(
            name="append, safe",
            what="one event appended, until no crash of the process can lose it",
            unit="ms",
            samples=tuple(plain),
            bar=APPEND_BAR,
        ),
        Row(
            name="append, outcome",
            what=what,
            unit="ms",
            samples=tuple(durable),
            note="that is the disk's own time; only the thread that writes waits for it",
        ),
    ]


def _events(stamped: Sequence[tuple[float, Event]]) -> list[Event]:
    return [event for _, event in stamped]


def _n_bytes(path: Path) -> int:
    return sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*"))
