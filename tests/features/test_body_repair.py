from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.config import CompleteConfig
from ducktypist.domain import Outcome, Rung
from ducktypist.features.body import BodyProposal, BodyRequest, write_body
from ducktypist.features.grounds import Grounds, NotRunnable
from ducktypist.ledger.sources import read_sources
from ducktypist.verify.sandbox import SandboxStatus
from support.workbench import Bench, bench_of, document_of, grounds_in, write_tree

CONFIG = CompleteConfig(max_candidates=3, repair_s=40.0, more_s=1.0, repeats=1)
NOBODY = NotRunnable(reason="the folder is not trusted, so nothing was run")

SOURCE = '''\
def triangle(n: int) -> int:
    """Return the sum of 1 to ``n``.

    >>> triangle(4)
    10
    >>> triangle(7)
    28
    """
'''
NEARLY = "    total = 0\n    for i in range(1, n):\n        total += i\n    return total\n"
HOPELESS = "    steps = str(n)\n    return len(steps)\n"
MENDS_A_LINE = {"kind": "infill", "match": "# assert triangle", "reply": "return n * (n + 1) // 2"}


async def written(
    bench: Bench,
    root: Path,
    grounds: Grounds | NotRunnable,
    text: str = SOURCE,
    **changes: Any,
) -> BodyProposal:
    """Return what came of asking for the body of ``triangle``."""
    write_tree(root, {"sums.py": text})
    found = await write_body(
        BodyRequest(
            document=document_of(text, path=root / "sums.py"), function="triangle", trusted=True
        ),
        workbench=bench.workbench,
        grounds=grounds,
        config=replace(CONFIG, **changes),
        progress=lambda _: None,
    )
    assert found is not None
    return found


@pytest.mark.sandbox
async def test_a_body_that_is_nearly_right_is_mended_by_rule(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """When none passes, a simple change of the best one that passes everything is offered."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, [{"reply": NEARLY}]) as bench:
        found = await written(bench, workspace, grounds, repeats=3)
        assert found.edit is not None
        text = found.edit.apply(SOURCE)
        assert "for i in range(1, n + 1):" in text or "range(1, n+1)" in text
        assert found.verdict.outcome is Outcome.PLAUSIBLE
        assert found.verdict.rung is Rung.EXAMPLES_PASS
        (row,) = await bench.rows()
        assert (str(row.label), row.shown) == ("right", True)
        sources = await asyncio.to_thread(read_sources, bench.ledger.path)
        by_name = {item.key.source: item for item in sources}
        assert by_name["mutation"].n_chosen == 1
        assert by_name["chat"].n_plausible == 0


@pytest.mark.sandbox
async def test_a_line_is_filled_in_by_the_model(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Where no rule helps, the model fills in one line, and is shown what shall hold."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, [MENDS_A_LINE, {"reply": HOPELESS}]) as bench:
        found = await written(bench, workspace, grounds)
        assert found.edit is not None
        assert "return n * (n + 1) // 2" in found.edit.apply(SOURCE)
        assert found.verdict.outcome is Outcome.PLAUSIBLE
        asked = [flat for form, flat in bench.prompts if form == "infill"]
        assert any("# assert triangle(4) == 10\n# assert triangle(7) == 28" in one for one in asked)


@pytest.mark.sandbox
async def test_nothing_is_mended_on_hardly_any_evidence(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """One example that is true or false lets some change pass by chance, so none is tried."""
    text = SOURCE.replace(
        "triangle(4)\n    10\n    >>> triangle(7)\n    28", "triangle(4) > 6\n    True"
    )
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, [{"reply": NEARLY}]) as bench:
        found = await written(bench, workspace, grounds, text)
        assert found.edit is None
        assert found.verdict.outcome is Outcome.STILL_FAILING
        assert found.n_candidates == 1


@pytest.mark.sandbox
async def test_what_cannot_be_mended_is_not_offered(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """The message says how far the best one came, the answers and the changes counted together."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, [{"reply": HOPELESS}]) as bench:
        found = await written(bench, workspace, grounds, repair_s=3.0)
        assert found.edit is None
        assert found.verdict.outcome is Outcome.STILL_FAILING
        assert " of 2 checks" in found.message
        assert found.n_candidates > 3
        (row,) = await bench.rows()
        assert (str(row.label), row.shown) == ("wrong", False)


@pytest.mark.sandbox
async def test_nothing_is_mended_when_it_is_turned_off(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """No time for mending means that only whole bodies are tried."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    async with bench_of(tmp_path, [{"reply": NEARLY}]) as bench:
        found = await written(bench, workspace, grounds, repair_s=0.0)
        assert found.edit is None
        assert found.n_candidates == 1


async def test_nothing_is_mended_where_nothing_runs(tmp_path: Path, workspace: Path) -> None:
    """Without a run nobody knows what is wrong, so what was written is offered as it is."""
    async with bench_of(tmp_path, [{"reply": NEARLY}]) as bench:
        found = await written(bench, workspace, NOBODY)
        assert found.edit is not None
        assert found.edit.apply(SOURCE) == SOURCE + NEARLY
        assert found.n_candidates == 1


@pytest.mark.sandbox
async def test_a_search_that_is_cancelled_while_mending_ends(
    tmp_path: Path, workspace: Path, scratch_root: Path, sandbox_level: SandboxStatus
) -> None:
    """Whoever cancels gets no half-mended body, and the ledger says that it was cancelled."""
    grounds = grounds_in(workspace, sandbox_level, scratch_root)
    rules = [MENDS_A_LINE | {"reply": "x " * 300, "delay_ms": 30}, {"reply": HOPELESS}]
    async with bench_of(tmp_path, rules) as bench:
        task = asyncio.create_task(written(bench, workspace, grounds))
        while not any("# assert" in flat for _, flat in bench.prompts):
            assert not task.done()
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (row,) = await bench.rows()
        assert (row.answered, row.shown) == (False, False)
