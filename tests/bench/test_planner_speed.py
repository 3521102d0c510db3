"""What a row of predicted and seen rates says."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner

from ducktypist.bench.planner.speed import SpeedRow, speed_rows
from ducktypist.cli.bench_planner import planner
from ducktypist.errors import ModelError


def row(predicted: float, *seen: float) -> SpeedRow:
    """Return a row."""
    return SpeedRow(
        model="m",
        n_ctx_used_tokens=128,
        predicted=(predicted,),
        seen=seen,
        predicted_prefill=100.0,
        seen_prefill=(90.0,),
        n_decoded=64,
        parts_ms={"Q4_K": 10.0},
    )


@pytest.mark.parametrize(
    ("predicted", "is_met"),
    [(100.0, True), (125.0, True), (75.0, True), (126.0, False), (74.0, False)],
)
def test_the_bar_is_a_quarter_of_what_was_seen(predicted: float, is_met: bool) -> None:  # noqa: FBT001 - a case
    """Of the fastest round, in either direction."""
    assert row(predicted, 60.0, 100.0, 90.0).is_met is is_met


def test_a_row_tells_everything_it_was_made_of() -> None:
    """All rounds are there, and the error with its sign."""
    told = row(120.0, 80.0, 100.0).as_json()
    assert told["seen_tok_s"] == [80.0, 100.0]
    assert told["error_percent"] == pytest.approx(20.0)
    assert told["met"] is True
    assert json.loads(json.dumps(told)) == told


def test_a_model_that_is_not_here_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are looked for before anything is measured."""

    def measured() -> None:
        raise AssertionError

    monkeypatch.setattr("ducktypist.bench.planner.speed.calibrate", measured)
    with pytest.raises(ModelError, match="no-such-model"):
        asyncio.run(speed_rows(["no-such-model"], [128], n_rounds=1, say=lambda _: None))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--contexts", "1024,x"], "no number of tokens"),
        (["--filled", "0"], "no number of tokens"),
        (["--models", ","], "the list is empty"),
        (["--kv-types", "f16,q9"], "q9 is none of"),
    ],
)
def test_lists_that_make_no_sense_are_refused(option: list[str], message: str) -> None:
    """The message names the part that is wrong."""
    done = CliRunner().invoke(planner, option)
    assert done.exit_code == 2
    assert message in done.output
