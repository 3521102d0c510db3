"""Rates that follow from hand-made calibrations and shapes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ducktypist.fit.machine import Gpu, Machine
from ducktypist.fit.shape import ModelShape, Role, Weights
from ducktypist.fit.speed import (
    DECODE_EFFICIENCY,
    Calibration,
    DeviceSpeed,
    RateSource,
    predict,
    rule_of_thumb,
)

GIB = 1024**3
N_LAYERS = 4
LAYER_BYTES, LAYER_VALUES = 1_000_000, 2_000_000
OUTPUT_BYTES = 500_000
CPU = DeviceSpeed(
    device="cpu",
    read_bytes_s={"Q4_K": 1e9, "Q8_0": 0.5e9},
    cache_bytes_s=1e12,
    attention_macs_s={"f16": 1e9, "q8_0": 0.5e9},
    layer_ms=0.1,
    token_ms=0.3,
    logit_ns=10.0,
    prefill_macs_s={"Q4_K": 10e9, "Q8_0": 20e9},
    prefill_attention_macs_s=1e9,
    prefill_layer_ms=0.01,
)
HERE = Calibration(cpu=CPU, n_threads=2, processor="p", build="b")
GPU = replace(CPU, device="card", read_bytes_s={"Q4_K": 10e9, "Q8_0": 5e9}, layer_ms=0.0)
BOTH = replace(HERE, gpu=GPU)
# Four layers of 1 MB at 1 GB/s and 0.1 ms each, an output of 0.5 MB at 0.5 GB/s, 0.3 ms a token,
# 1,000 logits of 10 ns.
EMPTY_MS = 4 * (1.0 + 0.1) + 1.0 + 0.3 + 0.01


def part(role: Role, layer: int, kind: str, n_bytes: int, n_values: int = 0) -> Weights:
    """Return some weights."""
    return Weights(role=role, layer=layer, kind=kind, n_values=n_values, n_bytes=n_bytes)


def shape_of(**changes: object) -> ModelShape:
    """Return a small dense model."""
    layers = tuple(
        part(Role.LAYER, layer, "Q4_K", LAYER_BYTES, LAYER_VALUES) for layer in range(N_LAYERS)
    )
    found = ModelShape(
        architecture="llama",
        n_layers=N_LAYERS,
        n_embd=64,
        n_ff=128,
        n_head=8,
        n_vocab=1000,
        n_ctx_train_tokens=4096,
        kv_heads=(2,) * N_LAYERS,
        key_length=16,
        value_length=16,
        windows=(0,) * N_LAYERS,
        n_experts=0,
        n_experts_used=0,
        weights=(
            part(Role.EMBEDDING, -1, "Q4_K", 9_000_000),
            *layers,
            part(Role.OUTPUT, -1, "Q8_0", OUTPUT_BYTES),
        ),
        is_tied=False,
    )
    return replace(found, **changes)  # type: ignore[arg-type] # the test names its fields


def decode_ms(shape: ModelShape, calibration: Calibration = HERE, **asked: object) -> float:
    """Return the milliseconds of one token."""
    wanted = {"n_ctx_used_tokens": 0, **asked}
    return 1000 / predict(shape, calibration, **wanted).decode_tok_s  # type: ignore[arg-type] # as above


def test_a_token_reads_every_layer_and_the_output_but_not_the_embedding() -> None:
    """The sum of bytes over each type's rate, layers, the token itself and drawing."""
    assert decode_ms(shape_of()) == pytest.approx(EMPTY_MS)


def test_a_tied_embedding_is_read_as_the_output_head() -> None:
    """Its bytes count once, at its own type's rate."""
    weights = tuple(one for one in shape_of().weights if one.role is not Role.OUTPUT)
    tied = shape_of(is_tied=True, weights=weights)
    assert decode_ms(tied) == pytest.approx(EMPTY_MS - 1.0 + 9.0)


def test_attention_grows_with_the_filled_cache_and_the_heads_that_ask() -> None:
    """1,000 tokens x 32 values x 8 heads x 4 layers at 1e9 a second are 1.024 ms."""
    assert decode_ms(shape_of(), n_ctx_used_tokens=1000) == pytest.approx(EMPTY_MS + 1.024)
    assert decode_ms(shape_of(), n_ctx_used_tokens=1000, kv_type="q8_0") == pytest.approx(
        EMPTY_MS + 2.048
    )


def test_a_slow_memory_bounds_attention_by_the_bytes_that_are_kept() -> None:
    """The roofline: 2 KV heads x 32 values x 2 bytes x 1,000 tokens x 4 layers at 0.1 GB/s."""
    slow = replace(HERE, cpu=replace(CPU, cache_bytes_s=0.1e9))
    assert decode_ms(shape_of(), slow, n_ctx_used_tokens=1000) == pytest.approx(EMPTY_MS + 5.12)


def test_a_sliding_window_and_a_layer_without_cache_bound_what_is_looked_at() -> None:
    """A window of 100 tokens counts 100, a layer without keys none."""
    local = shape_of(windows=(100, 0, 100, 0), kv_heads=(2, 2, 2, 0))
    expected = (100 + 1000 + 100) * 32 * 8 / 1e6
    assert decode_ms(local, n_ctx_used_tokens=1000) == pytest.approx(EMPTY_MS + expected)


def test_a_mixture_reads_only_the_experts_that_a_token_uses() -> None:
    """Two of eight experts are a quarter of their bytes, and of their multiply-adds."""
    experts = tuple(
        part(Role.EXPERTS, layer, "Q4_K", 8 * LAYER_BYTES, 8 * LAYER_VALUES) for layer in range(4)
    )
    dense = shape_of()
    mixed = shape_of(weights=dense.weights + experts, n_experts=8, n_experts_used=2)
    assert decode_ms(mixed) == pytest.approx(EMPTY_MS + 4 * 2.0)
    told = [predict(shape, HERE, n_ctx_used_tokens=0).prefill_tok_s for shape in (dense, mixed)]
    assert 1 / told[1] - 1 / told[0] == pytest.approx(4 * 2 * LAYER_VALUES / 10e9)


def test_reading_a_prompt_multiplies_all_layers_and_leaves_the_output_out() -> None:
    """8 million values at 1e10 a second and 0.04 ms are 0.84 ms a token."""
    found = predict(shape_of(), HERE, n_ctx_used_tokens=0)
    assert 1000 / found.prefill_tok_s == pytest.approx(0.84)
    filled = predict(shape_of(), HERE, n_ctx_used_tokens=1000)
    assert 1000 / filled.prefill_tok_s == pytest.approx(0.84 + 1.024)


@pytest.mark.parametrize(
    ("n_gpu_layers", "expected_ms"),
    [
        (0, EMPTY_MS),
        # The output goes first, then the last layers; a layer there takes 0.1 ms and no more.
        (1, EMPTY_MS - 0.9),
        (3, EMPTY_MS - 0.9 - 2 * 1.0),
        (5, EMPTY_MS - 0.9 - 4 * 1.0),
        (99, EMPTY_MS - 0.9 - 4 * 1.0),
    ],
)
def test_layers_on_a_card_are_added_to_those_beside_it(
    n_gpu_layers: int, expected_ms: float
) -> None:
    """The time is the sum of both parts."""
    assert decode_ms(shape_of(), BOTH, n_gpu_layers=n_gpu_layers) == pytest.approx(expected_ms)


def test_without_a_card_in_the_calibration_everything_is_the_processors() -> None:
    """Asking for layers on a GPU that was not measured changes nothing."""
    assert decode_ms(shape_of(), HERE, n_gpu_layers=5) == pytest.approx(EMPTY_MS)


def test_a_type_that_was_not_measured_is_named_and_counts_as_the_slowest() -> None:
    """An unknown type is read like the slowest one."""
    weights = (part(Role.LAYER, 0, "Q1_0", LAYER_BYTES, 1000),)
    found = predict(shape_of(weights=weights), HERE, n_ctx_used_tokens=0)
    assert found.unmeasured == ("Q1_0",)
    assert found.parts_ms["Q1_0"] == pytest.approx(2.0)
    assert predict(shape_of(), HERE, n_ctx_used_tokens=0).unmeasured == ()


def test_the_source_of_a_prediction_is_said() -> None:
    """A calibration predicts; a machine that one does not have has a rule of thumb."""
    asked = machine(Gpu(name="", free_bytes=24 * GIB, total_bytes=24 * GIB))
    rule = rule_of_thumb(asked)
    assert predict(shape_of(), HERE, n_ctx_used_tokens=0).source is RateSource.PREDICTED
    found = predict(shape_of(), rule, n_ctx_used_tokens=0, n_gpu_layers=5)
    assert found.source is RateSource.RULE_OF_THUMB
    assert "936 GB/s" in found.basis
    assert found.unmeasured == ()


def machine(*gpus: Gpu) -> Machine:
    """Return a machine that one asks for."""
    return Machine(
        memory_bytes=32 * GIB,
        free_memory_bytes=30 * GIB,
        gpus=gpus,
        n_threads=8,
        is_asked_for=True,
    )


@pytest.mark.parametrize(
    ("name", "gib", "card", "gb_s"),
    [
        ("NVIDIA GeForce RTX 4090", 24, "RTX 4090", 1008),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 16, "RTX 4090 Laptop", 576),
        ("NVIDIA GeForce RTX 4060 Ti", 16, "RTX 4060 Ti", 288),
        ("AMD Radeon RX 7900 XTX", 24, "RX 7900 XTX", 960),
        ("NVIDIA A100-SXM4-80GB", 80, "NVIDIA A100", 1935),
        ("", 24, "RTX 3090", 936),
        ("asked for", 12, "RTX 3060", 360),
        ("", 4, "RTX 4060", 272),
    ],
)
def test_a_card_is_known_by_name_else_by_its_size(
    name: str, gib: int, card: str, gb_s: float
) -> None:
    """The longest name that fits wins; a size gets a usual card of it, never a larger one."""
    found = rule_of_thumb(machine(Gpu(name=name, free_bytes=gib * GIB, total_bytes=gib * GIB)))
    assert found.gpu is not None
    assert found.gpu.device == card
    assert found.gpu.cache_bytes_s == pytest.approx(gb_s * 1e9 * DECODE_EFFICIENCY)


def test_a_measured_processor_is_kept_beside_a_card_by_rule_of_thumb() -> None:
    """Only what is not at hand is guessed, and without a guess it is no rule of thumb."""
    card = Gpu(name="RTX 3090", free_bytes=24 * GIB, total_bytes=24 * GIB)
    found = rule_of_thumb(machine(card), cpu=CPU)
    assert found.cpu == CPU
    assert found.is_rule_of_thumb
    assert not rule_of_thumb(machine(), cpu=CPU).is_rule_of_thumb
