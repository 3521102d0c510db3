from __future__ import annotations

import pytest

from ducktypist.engine.retreat import Retreat


@pytest.mark.parametrize(
    ("level", "on_gpu", "n_ctx_tokens", "n_cells", "n_layers"),
    [
        (0, True, 4096, 8192, 33),
        (1, True, 2048, 4096, 33),
        (2, True, 2048, 4096, 16),
        (3, True, 2048, 4096, 0),
        (4, True, 1024, 2048, 0),
        (8, True, 512, 512, 0),
        (0, False, 4096, 8192, 0),
        (1, False, 2048, 4096, 0),
        (2, False, 1024, 2048, 0),
        (3, False, 512, 1024, 0),
        (8, False, 512, 512, 0),
    ],
)
def test_each_step_asks_for_less(
    level: int, n_ctx_tokens: int, n_cells: int, n_layers: int, *, on_gpu: bool
) -> None:
    """Half the context, half the layers, no layers; then, and without a GPU, the context again."""
    retreat = Retreat(level=level, reason="because")
    assert retreat.n_ctx_tokens(4096, on_gpu=on_gpu) == n_ctx_tokens
    assert retreat.n_cells(8192, n_ctx_tokens=n_ctx_tokens, on_gpu=on_gpu) == n_cells
    assert retreat.n_gpu_layers(33 if on_gpu else 0) == n_layers


@pytest.mark.parametrize("level", range(9))
def test_a_small_context_stays_what_it_is(level: int) -> None:
    """What was asked for below the floor is not raised to it, and the cache holds a context."""
    retreat = Retreat(level=level)
    assert retreat.n_ctx_tokens(300, on_gpu=True) == 300
    assert retreat.n_cells(300, n_ctx_tokens=300, on_gpu=True) == 300
