"""What a model takes: against sums made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ducktypist.fit.layers import layers_of
from ducktypist.fit.memory import (
    DEVICE_BYTES,
    KV_TYPES,
    MERGE_BYTES,
    PROCESS_BYTES,
    REPACKED_ARM,
    REPACKED_X86,
    TOKEN_BYTES,
    Wanted,
    cache_bytes,
    gpu_need,
    need,
    reserved_bytes,
)
from support.model_shapes import MIB, dense, mixture

WANTED = Wanted(n_ctx_tokens=4096, n_cells=8192, kv_type="f16", flash_attention="auto")


@pytest.mark.parametrize(
    ("kv_type", "n_bytes"),
    [
        # 28 layers, 4 heads of 128 + 128 values, 8,192 cells.
        ("f16", 8192 * 28 * 4 * 256 * 2),
        ("q8_0", 8192 * 28 * 4 * 256 * 34 // 32),
        ("q4_0", 8192 * 28 * 4 * 256 * 18 // 32),
    ],
)
def test_the_cache_is_exact(kv_type: str, n_bytes: int) -> None:
    """Cells times layers times heads times values, in the format's bits."""
    assert cache_bytes(dense(), replace(WANTED, kv_type=kv_type)) == n_bytes


def test_a_cache_is_padded_to_256_cells() -> None:
    """As llama.cpp does it."""
    one, two = replace(WANTED, n_cells=257), replace(WANTED, n_cells=512)
    assert cache_bytes(dense(), one) == cache_bytes(dense(), two)


def test_a_sliding_window_saves_cells_only_where_the_engine_lets_it() -> None:
    """Ours keeps all tokens of all layers, so that beginnings can be used again."""
    shape = dense(windows=(0, *(128,) * 27))
    whole = cache_bytes(dense(), WANTED)
    assert cache_bytes(shape, WANTED) == whole
    short = replace(WANTED, keeps_whole_windows=False, n_sequences=1)
    # 128 tokens and a batch of 256 are padded to 512 cells.
    assert cache_bytes(shape, short) == whole // 28 + 27 * 512 * 4 * 256 * 2
    many = replace(short, n_sequences=48)
    assert cache_bytes(shape, many) == whole // 28 + 27 * (128 * 48 + 256) * 4 * 256 * 2


def test_a_layer_without_keys_costs_nothing_but_its_state() -> None:
    """A hybrid model keeps a state for each sequence, however long it is."""
    shape = dense(kv_heads=(4, *(0,) * 27), state_bytes=1000)
    assert cache_bytes(shape, WANTED) == 8192 * 4 * 256 * 2 + 48 * 1000


def test_compressed_keys_are_kept_alone() -> None:
    """One head of 576 values in a layer, and no values beside it."""
    shape = dense(kv_heads=(1,) * 28, key_length=576, value_length=0)
    assert cache_bytes(shape, WANTED) == 8192 * 28 * 576 * 2


def test_a_processor_keeps_some_types_twice() -> None:
    """The copy counts, and the mapped pages under it can be dropped."""
    plain = need(dense(), WANTED, repacked=frozenset())
    x86 = need(dense(), WANTED, repacked=REPACKED_X86)
    arm = need(dense(), WANTED, repacked=REPACKED_ARM)
    assert plain.weights_bytes == dense().n_bytes
    assert x86.weights_bytes - plain.weights_bytes == 28 * 100 * MIB
    assert arm.weights_bytes - plain.weights_bytes == (28 * 133 + 426) * MIB
    assert x86.least_bytes == plain.least_bytes == plain.total_bytes


def test_the_process_has_the_vocabulary() -> None:
    """A token and a merge rule have their price."""
    told = need(dense(n_merges=1000), WANTED).process_bytes
    assert told == PROCESS_BYTES + 152_064 * TOKEN_BYTES + 1000 * MERGE_BYTES


def test_the_buffers_by_hand() -> None:
    """Logits of 48 sequences, then the activations of 256 tokens and their mask of 4,096."""
    step = 4 * 256 * (4 * 18_944 + 5 * 3584) + 2 * 256 * 4096
    assert need(dense(), WANTED).buffers_bytes == 4 * 48 * 152_064 + step
    # With a small model the logits of 32 answers are more than its activations.
    small = dense(n_embd=64, n_ff=128, n_head=1, key_length=64)
    assert need(small, WANTED).buffers_bytes == 4 * (48 + 32) * 152_064


@pytest.mark.parametrize(
    ("n_embd", "n_ff", "n_head", "key_length", "n_vocab", "n_cells", "reserved_mib"),
    [
        # Read from llama.cpp's own log, flash attention on.
        pytest.param(896, 4864, 14, 64, 151_936, 8192, 30.12, id="qwen2"),
        pytest.param(896, 4864, 14, 64, 151_936, 32_768, 37.98, id="qwen2, long"),
        pytest.param(576, 1536, 9, 64, 49_152, 8192, 12.10, id="llama"),
        pytest.param(576, 1536, 9, 64, 49_152, 32_768, 25.60, id="llama, long"),
        pytest.param(640, 2048, 4, 256, 262_144, 8192, 49.64, id="gemma3"),
    ],
)
def test_the_compute_buffer_is_about_llama_cpps(
    *,
    n_embd: int,
    n_ff: int,
    n_head: int,
    key_length: int,
    n_vocab: int,
    n_cells: int,
    reserved_mib: float,
) -> None:
    """Within a fifth, rather above than below."""
    shape = dense(n_embd=n_embd, n_ff=n_ff, n_head=n_head, key_length=key_length, n_vocab=n_vocab)
    told = reserved_bytes(layers_of(shape), replace(WANTED, n_cells=n_cells)) / MIB
    assert 0.95 * reserved_mib < told < 1.25 * reserved_mib


def test_without_flash_attention_every_head_has_scores() -> None:
    """For each token of a batch against every cell."""
    off = replace(WANTED, flash_attention="off")
    more = reserved_bytes(layers_of(dense()), off) - reserved_bytes(layers_of(dense()), WANTED)
    assert more == 288 * 8192 * (4 * (28 + 1) - 2)


def test_layers_leave_the_host_for_the_card() -> None:
    """Output first, then from the last layer on; the embedding stays."""
    layers = 10
    card = gpu_need(dense(), WANTED, n_gpu_layers=layers)
    host = need(dense(), WANTED, n_gpu_layers=layers)
    assert card.weights_bytes == (426 + 9 * 133) * MIB
    assert host.weights_bytes == (292 + 19 * 133) * MIB
    assert card.cache_bytes + host.cache_bytes == cache_bytes(dense(), WANTED)
    assert card.process_bytes == DEVICE_BYTES
    assert gpu_need(dense(), WANTED, n_gpu_layers=0).total_bytes == 0
    assert gpu_need(dense(), WANTED, n_gpu_layers=99).weights_bytes == (426 + 28 * 133) * MIB
    assert need(dense(), WANTED, n_gpu_layers=29).cache_bytes == 0


@given(
    n_ctx=st.integers(256, 100_000),
    more=st.integers(0, 100_000),
    kv_type=st.sampled_from(sorted(KV_TYPES)),
    flash=st.sampled_from(["auto", "on", "off"]),
    n_gpu_layers=st.integers(0, 60),
    is_mixture=st.booleans(),
)
def test_more_context_never_needs_less(
    *, n_ctx: int, more: int, kv_type: str, flash: str, n_gpu_layers: int, is_mixture: bool
) -> None:
    """On the card and beside it."""
    shape = mixture() if is_mixture else dense()
    small, large = (
        Wanted(n_ctx_tokens=n, n_cells=2 * n, kv_type=kv_type, flash_attention=flash)
        for n in (n_ctx, n_ctx + more)
    )
    for took in (need, gpu_need):
        first = took(shape, small, n_gpu_layers=n_gpu_layers)
        second = took(shape, large, n_gpu_layers=n_gpu_layers)
        assert first.total_bytes <= second.total_bytes
