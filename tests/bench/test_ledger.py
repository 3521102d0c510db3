"""The bench of the ledger, with small numbers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ducktypist.bench.ledger import faults, kills, making, speeds
from ducktypist.bench.ledger.table import GROUPS
from ducktypist.bench.measure import Row
from ducktypist.bench.stage import set_stage
from ducktypist.cli import bench_ledger
from ducktypist.domain import Kind
from ducktypist.ledger.database import reading
from ducktypist.ledger.report_rows import stats_table


def test_a_made_up_ledger_is_whole(tmp_path: Path) -> None:
    """It has at least as many events as asked for, of every kind, and each is accepted."""
    path = tmp_path / "l.sqlite3"
    made = making.make_ledger(path, n_events=4_000)
    with reading(path) as connection:
        tables = [row[0] for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%_row' "
            "AND name NOT IN ('model', 'migration', 'derived_mark', 'gap', 'source_text')"
        )]  # fmt: skip
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}").get  # noqa: S608 - a name from the schema
            for name in tables
        }
    assert sum(counts.values()) == made.n_events >= 4_000
    assert all(counts.values()), counts
    assert counts["requested"] == made.n_suggestions
    table = stats_table(path, tell=True)
    assert {cell["kind"] for cell in table["cells"]} == {kind.value for kind in Kind}
    assert table["telling"]


def test_the_same_seed_makes_the_same_ledger(tmp_path: Path) -> None:
    """Two ledgers of one seed say the same; another seed says something else."""
    tables = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        path = tmp_path / f"{name}.sqlite3"
        making.make_ledger(path, n_events=1_000, seed=seed)
        tables.append(stats_table(path)["cells"])
    assert tables[0] == tables[1] != tables[2]


async def test_reading_and_appending_are_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command that is run and each way to append becomes a row with its samples."""
    monkeypatch.setattr(speeds, "N_APPENDED", 20)
    monkeypatch.setattr(speeds, "N_COMMITTED", 5)
    monkeypatch.setattr(speeds, "READS", {"stats": ((), speeds.STATS_BAR)})
    path = tmp_path / "l.sqlite3"
    large = await asyncio.to_thread(speeds.make, path, n_events=1_000)
    rows = [*large.rows, *await speeds.read_rows(path, runs=1)]
    rows += await asyncio.to_thread(speeds.append_rows, path)
    assert [row.name for row in rows if not row.samples] == []
    assert len(rows) == 7


async def test_kills_lose_nothing_acknowledged(tmp_path: Path) -> None:
    """Writers that are killed leave whole files with all that was acknowledged."""
    told: list[int] = []
    row = await kills.kill_row(tmp_path, n_kills=5, on_kill=told.append)
    assert row.samples == (0.0,) * 5
    assert row.details["n_half"] == 0
    assert told[-1] == 5


def test_a_lost_pair_would_be_found(tmp_path: Path) -> None:
    """More acknowledged than there is counts as lost."""
    path = tmp_path / "l.sqlite3"
    making.make_ledger(path, n_events=1_000)
    lost, _ = kills._look(path, {"nobody": 4})
    assert lost == [4.0]


@pytest.mark.parametrize(
    ("name", "n_logged", "n_unlogged", "says"),
    [
        ("none", 5, 0, ""),
        ("full disk", 0, 5, "5 events could not be logged"),
        ("garbage", 5, 0, ""),
        ("future schema", 0, 5, "made by a newer version"),
        ("locked", 5, 0, ""),
        ("read-only", 0, 5, "5 events could not be logged"),
    ],
)
def test_a_server_meets_a_fault(
    monkeypatch: pytest.MonkeyPatch, name: str, n_logged: int, n_unlogged: int, says: str
) -> None:
    """One can type on; what is lost is counted and said, and nothing is lost without need."""
    monkeypatch.setattr(faults, "N_KEYSTROKES", 3)
    monkeypatch.setattr(faults, "LOCKED_S", 1.0)
    monkeypatch.setattr(faults, "SETTLE_S", 1.0 if n_unlogged else 30.0)

    async def meet() -> Row:
        async with set_stage("scripted:none") as stage:
            return await faults._row(stage, name, faults.FAULTS[name])

    row = asyncio.run(meet())
    assert not row.problem
    assert len(row.samples) == 3
    found = row.details
    assert (found["logged"], found["unlogged"]) == (n_logged, n_unlogged)
    assert says in str(found["said"])
    assert found["set_aside"] == (name == "garbage")


def test_the_command_knows_the_groups() -> None:
    """The groups that the command line offers are those that are measured."""
    assert bench_ledger.GROUPS == GROUPS
