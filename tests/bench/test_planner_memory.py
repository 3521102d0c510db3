"""The planner's memory, held against a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.bench.planner.memory import BAR, MemoryRow, measured
from ducktypist.engine.client import HostSpec
from ducktypist.fit.memory import Need


def _row(predicted: int, seen: int) -> MemoryRow:
    return MemoryRow(
        model="m",
        n_ctx_tokens=1024,
        n_cells=2048,
        kv_type="f16",
        n_prompt_tokens=500,
        predicted=Need(weights_bytes=predicted, cache_bytes=0, buffers_bytes=0, process_bytes=0),
        seen_bytes=seen,
    )


@pytest.mark.parametrize(
    ("predicted", "seen", "is_met"), [(104, 100, True), (106, 100, False), (94, 100, False)]
)
def test_the_bar_holds_in_both_directions(predicted: int, seen: int, *, is_met: bool) -> None:
    """Too much is wrong as well as too little."""
    row = _row(predicted, seen)
    assert row.error == pytest.approx(predicted / seen - 1)
    assert row.is_met is is_met
    told = row.as_json()
    assert (told["is_met"], told["seen_bytes"]) == (is_met, seen)


@pytest.mark.model
async def test_a_real_host_takes_what_was_predicted(model: Path, tmp_path: Path) -> None:
    """Within the bar, for one context size and one format of the cache."""
    row = await measured(
        HostSpec(
            socket_dir=tmp_path / "run",
            log_dir=tmp_path / "log",
            backend="llama_cpp",
            model_path=model,
            model_name=model.stem,
            model_sha256="0" * 64,
            quantisation="Q4_K_M",
            n_ctx_tokens=2048,
            n_gpu_layers=0,
        )
    )
    assert abs(row.error) <= BAR, row.as_json()
    assert row.n_prompt_tokens > 1000
