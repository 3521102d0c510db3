"""What a measurement is: a row of samples, the bar it is held against, and the machine it ran on.

Nothing is measured here, and no bar is asserted: a row says whether it was met.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from ducktypist.domain import Json
from ducktypist.models.calibration import processor_name

MIN_FOR_P95 = 20
MIN_FOR_P99 = 100
"""With fewer samples the quantile would be the largest of them under a finer name."""
BUSY_PERCENT = 10.0
BUSY_LOAD = 0.5
"""Of the one-minute load average, for each hardware thread."""
LOOK_S = 1.0
ENGINE_PACKAGE = "llama-cpp-python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What is to be reached."""

    limit: float
    """In the row's unit; reaching it exactly is enough."""
    statistic: str = "median"
    """The one that is compared: ``median``, ``p95``, ``p99`` or ``max``."""
    is_floor: bool = False
    """Whether more is better; of a median only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    name: str
    what: str
    unit: str
    samples: tuple[float, ...] = ()
    bar: Bar | None = None
    note: str = ""
    problem: str = ""
    """Why there are no samples; empty when there are."""
    details: Mapping[str, Json] = field(default_factory=dict)
    """What the samples were made of, for scripts; not in the table."""

    def statistics(self) -> dict[str, float | None]:
        """Return median, p95, p99 and max; None where the samples are too few to say."""
        n = len(self.samples)
        return {
            "median": quantile(self.samples, 0.5) if n else None,
            "p95": quantile(self.samples, 0.95) if n >= MIN_FOR_P95 else None,
            "p99": quantile(self.samples, 0.99) if n >= MIN_FOR_P99 else None,
            "max": max(self.samples) if n else None,
        }

    def is_met(self) -> bool | None:
        """Tell whether the bar was reached; None without a bar, or where one cannot say.

        A median's whole confidence interval has to lie on one side of the bar: the differences of
        pairs on a busy machine scatter more than what they are to show.
        """
        if self.bar is None:
            return None
        if self.bar.statistic == "median":
            interval = median_interval(self.samples)
            if interval is None:
                return None
            low, high = interval
            if self.bar.is_floor:
                return None if low < self.bar.limit <= high else low >= self.bar.limit
            return None if low <= self.bar.limit < high else high <= self.bar.limit
        value = self.statistics()[self.bar.statistic]
        return None if value is None else value <= self.bar.limit

    def as_json(self) -> dict[str, Json]:
        """Return the row with all its samples."""
        bar: dict[str, Json] | None = None
        if self.bar is not None:
            bar = {"limit": self.bar.limit, "statistic": self.bar.statistic}
            if self.bar.is_floor:
                bar["is_floor"] = True
        interval = median_interval(self.samples)
        return {
            "row": self.name,
            "what": self.what,
            "unit": self.unit,
            "n": len(self.samples),
            **self.statistics(),
            "median_interval": None if interval is None else list(interval),
            "bar": bar,
            "met": self.is_met(),
            "note": self.note,
            "problem": self.problem,
            "details": dict(self.details),
            "samples": [round(item, 4) for item in self.samples],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much the machine had to do at a moment."""

    averages: tuple[float, ...]
    """Over 1, 5 and 15 minutes; empty where the system has none."""
    busy_percent: float
    """Of all cores over one second."""


@dataclass(slots=True)
class Report:
    """Rows, the machine they were measured on and how busy it was."""

    machine: dict[str, Json]
    model: dict[str, Json] | None
    before: Load
    after: Load | None = None
    """None until the last row is there."""
    rows: list[Row] = field(default_factory=list)
    settings: dict[str, Json] = field(default_factory=dict)
    """Of those who were compared; empty where nobody was."""

    def as_json(self) -> dict[str, Json]:
        """Return everything."""
        return {
            "machine": self.machine,
            "model": self.model,
            "load_before": _load_json(self.before),
            "load_after": None if self.after is None else _load_json(self.after),
            "busy_before": self.was_busy(),
            "settings": self.settings,
            "rows": [row.as_json() for row in self.rows],
        }

    def was_busy(self) -> bool:
        """Tell whether something kept the machine busy before the first row, or just had."""
        n_threads = psutil.cpu_count() or 1
        recent = self.before.averages[:1]
        return self.before.busy_percent > BUSY_PERCENT or any(
            item > BUSY_LOAD * n_threads for item in recent
        )


def quantile(samples: Sequence[float], share: float) -> float:
    """Return a quantile, interpolated linearly between neighbours (Hyndman and Fan's type 7)."""
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median_interval(samples: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of the median by order statistics; None below six.

    It holds whatever the distribution is: the number of samples below the median is binomial
    (David and Nagaraja, Order Statistics, 7.1).
    """
    n = len(samples)
    below, tail, rank = 0.0, 0.025, 0
    while (below := below + math.comb(n, rank) / 2**n) <= tail:
        rank += 1
    if rank == 0:
        return None
    ordered = sorted(samples)
    return ordered[rank - 1], ordered[n - rank]


def machine() -> dict[str, Json]:
    """Return what the figures depend on: processor, memory, system, versions."""
    try:
        engine: str | None = importlib.metadata.version(ENGINE_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        engine = None
    return {
        "cpu": processor_name(),
        "n_cores": psutil.cpu_count(logical=False),
        "n_threads": psutil.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": _system(),
        "python": platform.python_version(),
        "llama_cpp_python": engine,
    }


def load() -> Load:
    """Return how busy the machine is; takes one second."""
    busy_percent = psutil.cpu_percent(interval=LOOK_S)
    averages = os.getloadavg() if hasattr(os, "getloadavg") else ()
    return Load(averages=averages, busy_percent=busy_percent)


def since_ms(started_s: float) -> float:
    """Return the milliseconds since a reading of ``time.perf_counter``."""
    return (time.perf_counter() - started_s) * 1000


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()
    return f"{name}, {platform.system()} {platform.release()}"


def _load_json(at: Load) -> dict[str, Json]:
    averages: list[Json] = [round(item, 2) for item in at.averages]
    return {"averages": averages, "busy_percent": at.busy_percent}
