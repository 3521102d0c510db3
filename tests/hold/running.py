"""Trials run one after the other, what they saw written as JSON, one table printed."""

from __future__ import annotations

import asyncio
import platform
import shutil
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hold.trial import Bar, Json, Outcome, Run, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A trial that was run."""

    trial: Trial
    size: int
    seed: int
    took_s: float
    outcome: Outcome

    def as_json(self) -> Json:
        """Return it for the file."""
        return {
            "number": self.trial.number,
            "name": self.trial.name,
            "counts": self.trial.counts,
            "size": self.size,
            "seed": self.seed,
            "took_s": round(self.took_s, 1),
            "tried": self.outcome.tried,
            "bars": [asdict(bar) | {"holds": bar.holds} for bar in self.outcome.bars],
            "failures": list(self.outcome.failures),
            "left_out": dict(self.outcome.left_out),
        }


def run_trial(trial: Trial, *, size: int, seed: int) -> Row:
    """Run one trial in a folder of its own; breaking down counts as not holding."""
    folder = Path(tempfile.mkdtemp(prefix="ducktypist-hold-"))
    began_s = time.monotonic()
    try:
        outcome = asyncio.run(trial.run(Run(size=size, seed=seed, folder=folder)))
    except Exception:  # noqa: BLE001 - the others are run all the same
        told = traceback.format_exc()
        bar = Bar(name="the trial itself broke down", seen=1, most=0)
        outcome = Outcome(tried=0, bars=[bar], failures=[told])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    took_s = time.monotonic() - began_s
    return Row(trial=trial, size=size, seed=seed, took_s=took_s, outcome=outcome)


def report(rows: Sequence[Row]) -> Json:
    """Return everything that was seen, for the file."""
    return {
        "machine": {"system": platform.platform(), "python": platform.python_version()},
        "trials": [row.as_json() for row in rows],
    }


def table(rows: Sequence[Row]) -> str:
    """Return the table, as Markdown."""
    lines = ["| # | trial | tried | must hold | seen | |", "|---|---|---|---|---|---|"]
    for row in rows:
        for index, bar in enumerate(row.outcome.bars):
            first = index == 0
            lines.append(
                f"| {row.trial.number if first else ''} | {row.trial.name if first else ''} "
                f"| {f'{row.outcome.tried:,} {row.trial.counts}' if first else ''} "
                f"| {bar.name}: at most {bar.most:g}{_unit(bar)} | {bar.seen:g}{_unit(bar)} "
                f"| {'held' if bar.holds else 'NOT held'} |"
            )
        lines += [
            f"| | | | not tried: {what} | {why} | |" for what, why in row.outcome.left_out.items()
        ]
    return "\n".join(lines)


def _unit(bar: Bar) -> str:
    return f" {bar.unit}" if bar.unit else ""
