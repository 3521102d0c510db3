"""Writers killed over and over at random moments: what a flush acknowledged must be in the file.

Killed as a crash kills: SIGKILL, without a warning, two writers on one file at a time. Some are
killed before their first word, while they open, make or migrate the file; a reader sums the file up
meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from collections.abc import Callable
from pathlib import Path

from ducktypist.bench.measure import Bar, Row
from ducktypist.errors import LedgerError
from ducktypist.ledger.database import reading, sum_up

SEED = 6
N_WRITERS = 2
N_FOREVER = 10_000_000
LATEST_KILL_S = 0.25
EARLY_SHARE = 0.2
"""Of the writers, killed while they start."""
LATEST_EARLY_S = 0.4
N_KILLS_A_FILE = 100
"""Then a new file is begun, so that making it falls into the time of a kill again."""
NONE_BAR = Bar(limit=0.0, statistic="max")


async def kill_row(folder: Path, *, n_kills: int, on_kill: Callable[[int], None]) -> Row:
    """Kill writers, and count acknowledged pairs of events that are not in the file.

    Args:
        folder: Where the files go.
        n_kills: How many writers.
        on_kill: Told how many have been killed so far.
    """
    rng = random.Random(SEED)  # noqa: S311 - moments, not secrets
    acked: dict[str, int] = {}
    path, n_files, n_acked, n_half = folder / "killed-0.sqlite3", 0, 0, 0
    lost: list[float] = []
    while len(lost) + len(acked) < n_kills:
        n_done = len(lost) + len(acked)
        names = [f"k{n_done + i}" for i in range(min(N_WRITERS, n_kills - n_done))]
        found = await asyncio.gather(
            *(_killed(path, name, rng.random() < EARLY_SHARE, rng) for name in names)
        )
        acked |= dict(zip(names, found, strict=True))
        with contextlib.suppress(LedgerError):
            await asyncio.to_thread(sum_up, path, n_steps=1)
        on_kill(len(lost) + len(acked))
        if len(acked) >= N_KILLS_A_FILE or len(lost) + len(acked) >= n_kills:
            missing, half = await asyncio.to_thread(_look, path, acked)
            lost += missing
            n_half += half
            n_acked += sum(acked.values())
            acked, n_files = {}, n_files + 1
            path = folder / f"killed-{n_files}.sqlite3"
    return Row(
        name="kills",
        what="acknowledged suggestions that a killed writer lost",
        unit="",
        samples=tuple(lost),
        bar=NONE_BAR,
        note=(
            f"{len(lost)} kills, {n_acked:,} suggestions acknowledged, {sum(lost):.0f} lost, "
            f"{n_half} half written; every file whole by SQLite's own check"
        ),
        details={"n_acked": n_acked, "n_half": n_half, "n_files": n_files},
    )


async def _killed(path: Path, name: str, early: bool, rng: random.Random) -> int:  # noqa: FBT001 - drawn by the caller
    """Start a writer, kill it, and return how many pairs it had acknowledged."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ducktypist.bench.ledger.writer", str(path), name),
        str(N_FOREVER),
        stdout=asyncio.subprocess.PIPE,
    )
    stream = process.stdout
    first = b""
    wait_s = rng.uniform(0.0, LATEST_EARLY_S if early else LATEST_KILL_S)
    if not early and stream is not None:
        first = await stream.readline()
    await asyncio.sleep(wait_s)
    process.kill()
    rest, _ = await process.communicate()
    # A line without its end was cut off by the kill and says nothing.
    whole = [line for line in (first + rest).splitlines(keepends=True) if line.endswith(b"\n")]
    return max((int(line.split()[1]) for line in whole), default=0)


def _look(path: Path, acked: dict[str, int]) -> tuple[list[float], int]:
    """Return how many acknowledged pairs each writer lost, and how many pairs are half there.

    Raises:
        LedgerError: The file is damaged.
    """
    with reading(path) as connection:
        said = connection.execute("PRAGMA integrity_check").get
        if said != "ok":
            raise LedgerError(f"{path} fails SQLite's own check after the kills: {said}")
        sql = "SELECT session_id, count(*) FROM requested GROUP BY session_id"
        found: dict[str, int] = dict(connection.execute(sql))
        half = """
            SELECT
                (SELECT count(*) FROM requested WHERE suggestion_id NOT IN
                    (SELECT suggestion_id FROM verified))
                + (SELECT count(*) FROM verified WHERE suggestion_id NOT IN
                    (SELECT suggestion_id FROM requested))
        """
        n_half = connection.execute(half).get
    lost = [float(max(0, n - found.get(name, 0))) for name, n in acked.items()]
    return lost, int(str(n_half))
