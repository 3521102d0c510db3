"""The loop and the contention bench, against the real server, a scripted model and a sandbox."""

from __future__ import annotations

import asyncio
import os

import pytest

from ducktypist.bench.contention import SPIN, SPIN_LIMIT, contention, host_environment
from ducktypist.bench.loop import Step, loop, rows
from ducktypist.engine.startup import HOST_ENVIRONMENT
from ducktypist.errors import ModelMissingError


@pytest.mark.e2e
@pytest.mark.sandbox
def test_a_run_explains_writes_and_fixes(backend: str) -> None:
    """Each step has a sample for the run, and its verdict is counted."""
    told: list[Step] = []
    report = asyncio.run(loop(runs=1, backend=backend, on_step=told.append))
    assert [row.problem for row in report.rows] == [""] * 4
    found = {row.name: row for row in report.rows}
    assert [len(row.samples) for row in report.rows] == [1, 1, 1, 1]
    assert len(told) == 4
    assert found["write-body"].note.startswith("1 of 1 did it: 1 x plausible")
    assert found["fix"].note.startswith("1 of 1 did it: 1 x plausible")


@pytest.mark.e2e
def test_a_run_that_fails_keeps_what_there_is() -> None:
    """Without a model there is a reason and no figure."""
    report = asyncio.run(loop(runs=2))
    assert [row.name for row in report.rows] == ["loop"]
    assert "run 1: " in report.rows[0].problem
    assert "ducktypist model pull" in report.rows[0].problem


def test_verdicts_are_counted_by_their_words() -> None:
    """A step that did not do its work lowers the count and keeps its milliseconds."""
    steps = [
        Step(name="fix", took_ms=1.0, summary="still failing", is_plausible=False),
        Step(name="fix", took_ms=3.0, summary="plausible", is_plausible=True),
        Step(name="fix", took_ms=2.0, summary="plausible", is_plausible=True),
    ]
    (row,) = rows(steps)
    assert row.samples == (1.0, 3.0, 2.0)
    assert row.note == "2 of 3 did it: 2 x plausible; 1 x still failing"


@pytest.mark.e2e
def test_both_hosts_are_asked_idle_and_beside_a_neighbour(backend: str) -> None:
    """Four combinations, each as often as was asked for."""
    report = asyncio.run(contention(runs=2, backend=backend))
    assert sorted(row.name for row in report.rows) == [
        f"decode-{spin}-{neighbour}"
        for spin in ("limited", "unlimited")
        for neighbour in ("busy", "idle")
    ]
    assert all(len(row.samples) == 2 for row in report.rows)


def test_contention_needs_a_model() -> None:
    """There is nothing to decode with."""
    with pytest.raises(ModelMissingError, match="model pull"):
        asyncio.run(contention(runs=1))


def test_one_host_has_the_limit_and_the_other_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is the one that hosts start with, and our environment's own does not leak in."""
    monkeypatch.setenv(SPIN, "7")
    assert host_environment(SPIN_LIMIT)[SPIN] == HOST_ENVIRONMENT[SPIN]
    assert SPIN not in host_environment(None)
    assert host_environment(None)["PATH"] == os.environ["PATH"]
