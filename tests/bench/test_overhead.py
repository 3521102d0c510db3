"""Pairs, and what the sandbox costs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ducktypist.bench import overhead
from ducktypist.bench.measure import Row
from ducktypist.bench.overhead import Pair, paired, sandbox_rows
from ducktypist.bench.stage import N_FILES, many_files, set_stage
from ducktypist.errors import RunnerError


async def test_pairs_are_interleaved_and_the_first_one_changes() -> None:
    """After one pair that is not counted, each pair begins with the other way."""
    order: list[str] = []

    async def timed(name: str, value: float) -> float:
        order.append(name)
        return value + len(order)

    pair = await paired(3, lambda: timed("bare", 0.0), lambda: timed("boxed", 100.0))
    assert "".join(name[1] for name in order) == "ao" + "ao" + "oa" + "ao"
    assert pair.bare_ms == (3.0, 6.0, 7.0)
    assert pair.boxed_ms == (104.0, 105.0, 108.0)
    assert pair.extra_ms == (101.0, 99.0, 101.0)


def test_a_pair_tells_both_medians() -> None:
    """Beside the difference stands what it is the difference of."""
    assert Pair(bare_ms=(1.0, 3.0), boxed_ms=(5.0, 7.0)).told() == "bare 2.0 ms, sandboxed 6.0 ms"


def test_the_workspace_has_as_many_files_as_is_said(tmp_path: Path) -> None:
    """Every one is a file of its own, and one of them is the test."""
    many_files(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == N_FILES
    assert [path.name for path in files if path.name.startswith("test_")] == ["test_trivial.py"]


@pytest.mark.sandbox
def test_the_same_test_is_run_in_both_ways() -> None:
    """Two pairs give two differences for the test run and for the empty program."""

    async def measured() -> list[Row]:
        async with set_stage("no-such-backend") as stage:
            return await sandbox_rows(stage, 2)

    rows = asyncio.run(measured())
    assert [row.name for row in rows] == ["sandbox", "sandbox-true"]
    assert [len(row.samples) for row in rows] == [2, 2]
    assert "bare" in rows[0].note
    assert rows[0].bar is not None


async def test_a_test_that_fails_is_not_timed(tmp_path: Path) -> None:
    """A run that did something else than it should gives no figure."""
    test = tmp_path / "tests/test_trivial.py"
    test.parent.mkdir()
    test.write_text("def test_adds():\n    assert 1 + 1 == 3\n")
    with pytest.raises(RunnerError, match="status 1"):
        await overhead._bare_tests(tmp_path)
