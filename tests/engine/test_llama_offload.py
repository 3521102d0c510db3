from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.engine.llama_offload import Marker, Need, plan

MIB = 1024**2
NEED = Need(file_bytes=1000 * MIB, kv_bytes=100 * MIB)


@pytest.mark.parametrize(
    ("given", "n_layers", "n_ctx", "reason"),
    [
        ({"n_asked": 0}, 0, 4096, "no GPU layers were asked for"),
        ({"has_gpu_build": False}, 0, 4096, "built for CPUs only"),
        ({"free_bytes": None}, 0, 4096, "sees no GPU"),
        ({"free_bytes": 1299 * MIB}, 0, 4096, "needs 1300 MiB, the GPU has 1299 MiB free"),
        ({"free_bytes": 1301 * MIB}, -1, 4096, "needs 1300 MiB"),
        ({"n_asked": 7, "free_bytes": 1 * MIB}, 7, 4096, "needs 1300 MiB"),
        ({"n_crashes": 1}, -1, 2048, "half the context"),
        ({"n_crashes": 2}, 0, 4096, "killed the process 2 times"),
        ({"n_crashes": 1, "n_ctx_tokens": 600}, -1, 512, "half the context"),
    ],
)
def test_layers_and_context_follow_the_memory(
    given: dict[str, int | None], n_layers: int, n_ctx: int, reason: str
) -> None:
    """The decision comes with its reason, and asks for less after each fatal load."""
    usual = {
        "n_asked": -1,
        "n_ctx_tokens": 4096,
        "has_gpu_build": True,
        "free_bytes": 8000 * MIB,
        "n_crashes": 0,
    }
    decided = plan(**(usual | given), need=NEED)  # type: ignore[arg-type] # a table of cases
    assert (decided.n_gpu_layers, decided.n_ctx_tokens) == (n_layers, n_ctx)
    assert reason in decided.reason


def test_a_marker_counts_loads_that_never_ended(tmp_path: Path) -> None:
    """Setting counts up, clearing starts again, and rubbish counts as nothing."""
    marker = Marker(tmp_path / "host.loading")
    assert marker.n_crashes() == 0
    marker.set()
    marker.set()
    assert Marker(tmp_path / "host.loading").n_crashes() == 2
    marker.clear()
    assert marker.n_crashes() == 0
    (tmp_path / "host.loading").write_text("rubbish")
    assert marker.n_crashes() == 0
