"""How long a hover takes: until facts are shown where nothing is known yet, and again afterwards.

Each place lies in a document that the server has never seen. What the model is asked for one place
is still being written when the next one is pointed at, as it is when a pointer moves.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ducktypist.bench.explain.bash_tasks import read_bash_tasks
from ducktypist.bench.explain.code_files import CodeFile, Site, sites
from ducktypist.bench.explain.intervals import quantile_interval
from ducktypist.bench.explain.parts.recreate import FOLDER
from ducktypist.bench.explain.session import Session
from ducktypist.bench.explain.shown import shown_of
from ducktypist.bench.figures import Figure
from ducktypist.bench.measure import MIN_FOR_P95, quantile, since_ms
from ducktypist.bench.tasks import TaskError, digest
from ducktypist.domain import Json

PART = "hover"
MAX_COLD_MS, MAX_WARM_MS = 150.0, 5.0
N_PLACES = 30
"""Of each language."""
WARM_EVERY = 4
N_WARM = 12
PACE_S = 0.15
PYTHON = ("ledger/stats.py", "bench/measure.py", "bench/editor.py", "verify/scratch.py")
"""Of this program's own sources, which are wherever it is."""
SHELL, GO = "example/scripts/prune-backups.sh", "bench/explain/speed_sample.go.txt"


async def measure(session: Session) -> None:
    """Point at every place that was not pointed at yet."""
    files = await asyncio.to_thread(own_files, session.plan.folder)
    places = await asyncio.to_thread(lambda: balanced(files, seed=session.plan.seed))
    sha256 = digest([file.text for file in files])
    warm = {place.id for place in places[::WARM_EVERY]}

    async def one(site: Site) -> Mapping[str, Json]:
        return await _measured(site, session, n_warm=N_WARM if site.id in warm else 0)

    await session.each(PART, sha256, places[: session.plan.limit], one)


def own_files(tasks: Path) -> list[CodeFile]:
    """Return shell, Python and Go that are always there, and the bench's own scripts."""
    package = importlib.resources.files("ducktypist")
    wanted = [("shellscript", SHELL), *(("python", name) for name in PYTHON), ("go", GO)]
    found = [
        CodeFile(id=name, language=language, text=(package / name).read_text("utf-8"))
        for language, name in wanted
    ]
    try:
        scripts = read_bash_tasks(tasks / FOLDER).tasks
    except TaskError:
        # Speed can be measured without them.
        return found
    return [
        *found,
        *(CodeFile(id=item.id, language="shellscript", text=item.script) for item in scripts),
    ]


def balanced(files: Sequence[CodeFile], *, seed: int) -> list[Site]:
    """Return the same number of places of each language, taken in turns and spread over files.

    Args:
        files: Where they lie.
        seed: Of the draw of statements.
    """
    by_language: dict[str, list[Site]] = {}
    for place in sites(files, seed=seed, n_statements=N_PLACES):
        by_language.setdefault(place.file.language, []).append(place)
    chosen = []
    for mine in by_language.values():
        step = max(1, len(mine) // N_PLACES)
        chosen.append(mine[::step][:N_PLACES])
    return [
        mine[number]
        for number in range(max(map(len, chosen), default=0))
        for mine in chosen
        if number < len(mine)
    ]


async def _measured(site: Site, session: Session, *, n_warm: int) -> Mapping[str, Json]:
    desk = session.desk
    uri = await desk.open(site.file.text, site.file.language)
    try:
        await asyncio.sleep(PACE_S)
        started = time.perf_counter()
        first = await desk.hover(uri, site.offset)
        cold_ms = since_ms(started)
        took: list[float] = []
        if n_warm:
            await desk.read(uri, site.offset)
            for _ in range(n_warm):
                await asyncio.sleep(PACE_S)
                started = time.perf_counter()
                await desk.hover(uri, site.offset)
                took.append(since_ms(started))
    finally:
        desk.shut(uri)
    shown = shown_of(first)
    return {
        "language": site.file.language,
        "cold_ms": cold_ms,
        "n_facts": len(shown.facts),
        "has_prose": bool(shown.prose),
        "warm_ms": list[Json](took),
        "told": f"{len(shown.facts)} facts in {cold_ms:.0f} ms",
    }


def figures(rows: Mapping[str, Mapping[str, Json]]) -> list[Figure]:
    """Return medians and 95th percentiles, of hovers with facts and of all."""
    with_facts = [row for row in rows.values() if row["n_facts"]]
    cold = [_number(row["cold_ms"]) for row in with_facts]
    warm = [
        _number(item)
        for row in rows.values()
        if isinstance(row["warm_ms"], list)
        for item in row["warm_ms"]
    ]
    found = [
        *_times("hover, cold: facts", "from the request to the facts", cold, MAX_COLD_MS),
        *_times("hover, warm", "again at the same place, there and back", warm, MAX_WARM_MS),
    ]
    for language in sorted({str(row["language"]) for row in rows.values()}):
        mine = [row for row in rows.values() if row["language"] == language]
        times = [_number(row["cold_ms"]) for row in mine if row["n_facts"]]
        found.append(
            Figure(
                name=f"  cold, {language}: p95",
                what=f"facts were shown at {len(times)} of {len(mine)} places",
                value=quantile(times, 0.95) if len(times) >= MIN_FOR_P95 else math.nan,
                unit="ms",
                n=len(times),
            )
        )
    return found


def _times(name: str, what: str, samples: Sequence[float], limit_ms: float) -> list[Figure]:
    is_enough = len(samples) >= MIN_FOR_P95
    p95 = quantile(samples, 0.95) if is_enough else math.nan
    interval = quantile_interval(samples, 0.95)
    note = "too few for an interval" if samples else ""
    if interval is not None:
        note = f"95 % interval {interval[0]:.1f} to {interval[1]:.1f} ms"
    return [
        Figure(
            name=f"{name}: p50",
            what=what,
            value=quantile(samples, 0.5) if samples else math.nan,
            unit="ms",
            n=len(samples),
        ),
        Figure(
            name=f"{name}: p95",
            what=what,
            value=p95,
            unit="ms",
            n=len(samples),
            bar=f"≤ {limit_ms:g} ms",
            is_met=p95 <= limit_ms if is_enough else None,
            note=note,
        ),
    ]


def _number(value: Json) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
