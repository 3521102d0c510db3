"""Sums over a model's weights."""

from __future__ import annotations

from dataclasses import replace

from ducktypist.fit.layers import layers_of
from support.model_shapes import MIB, dense, mixture


def test_a_token_reads_the_layers_and_the_output() -> None:
    """The table of embeddings is not read, only a row of it."""
    assert dense().n_bytes == (292 + 426 + 28 * 133) * MIB
    assert dense().read_per_token() == {"Q4_K": 28 * 100 * MIB, "Q6_K": (28 * 33 + 426) * MIB}


def test_a_tied_embedding_is_read_as_the_output() -> None:
    """It is the head then."""
    tied = replace(dense(), is_tied=True, weights=dense().weights[:1] + dense().weights[2:])
    assert tied.read_per_token()["Q4_K"] == (28 * 100 + 292) * MIB
    assert layers_of(tied).output_bytes == 292 * MIB
    assert layers_of(dense()).output_bytes == 426 * MIB


def test_of_experts_a_token_uses_a_few() -> None:
    """8 of 128 are a sixteenth."""
    shape = mixture()
    assert shape.read_per_token()["Q4_K"] == 48 * (11 + 352 // 16) * MIB
    assert shape.n_parameters == 2 * 544_000_000 + 48 * 624_000_000
    assert shape.n_active_parameters == 2 * 544_000_000 + 48 * (20_000_000 + 604_000_000 // 16)
    assert layers_of(shape).layer_bytes == (363 * MIB,) * 48
