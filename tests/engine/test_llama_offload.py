from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ducktypist.engine.llama_offload import (
    FLASH_ATTENTION,
    Asked,
    Offload,
    flash_attention_type,
    plan,
)
from ducktypist.engine.retreat import Retreat
from ducktypist.fit.layers import Layers
from ducktypist.fit.machine import Gpu
from ducktypist.fit.memory import gpu_need

MIB = 1024**2
GIB = 1024**3

SEVEN_B_Q4 = Layers(
    # Qwen2.5-Coder-7B-Instruct Q4_K_M: 28 layers, grouped attention with 4 key-value heads.
    layer_bytes=(133 * MIB,) * 28,
    output_bytes=426 * MIB,
    kv_values=(2 * 4 * 128,) * 28,
    n_embd=3584,
    n_ff=18_944,
    n_head=28,
    n_vocab=152_064,
)
ASKED = Asked(
    n_gpu_layers=-1,
    n_ctx_tokens=4096,
    n_cells=8192,
    kv_type="f16",
    flash_attention="auto",
    n_batch_tokens=256,
)


def _gpu(free_gib: float, total_gib: float, *, used_by: str = "") -> Gpu:
    return Gpu(
        name="card",
        free_bytes=int(free_gib * GIB),
        total_bytes=int(total_gib * GIB),
        used_by=used_by,
    )


def _plan(gpus: list[Gpu], *, level: int = 0, shape: Layers = SEVEN_B_Q4, **asked: Any) -> Offload:
    return plan(
        dataclasses.replace(ASKED, **asked),
        has_gpu_build=True,
        gpus=gpus,
        shape=shape,
        retreat=Retreat(level=level, reason="memory ran out" if level else ""),
    )


@pytest.mark.parametrize(
    ("gpus", "least", "most"),
    [
        pytest.param([_gpu(23.5, 24)], 29, 29, id="24 GB: all"),
        pytest.param([_gpu(7.6, 8)], 29, 29, id="8 GB: all"),
        pytest.param([_gpu(5.2, 8, used_by="game 2400 MiB")], 20, 28, id="8 GB shared: most"),
        pytest.param([_gpu(3.7, 4)], 12, 19, id="4 GB: some"),
        pytest.param([_gpu(1.2, 2)], 0, 0, id="2 GB in use: none"),
        pytest.param([_gpu(0.0, 24)], 0, 0, id="all in use: none"),
        pytest.param([_gpu(3.7, 4), _gpu(3.7, 4)], 29, 29, id="two of 4 GB: all"),
        pytest.param([_gpu(0.1, 4), _gpu(3.7, 4)], 12, 19, id="one of two in use: some"),
    ],
)
def test_as_many_layers_as_fit(gpus: list[Gpu], least: int, most: int) -> None:
    """Not all or nothing: what is free decides how many."""
    planned = _plan(gpus)
    assert least <= planned.n_gpu_layers <= most
    assert (planned.n_ctx_tokens, planned.n_cells) == (4096, 8192)


@pytest.mark.parametrize("free_gib", [x / 4 for x in range(4, 32)])
def test_what_is_planned_fits(free_gib: float) -> None:
    """Weights, cache, buffers and the driver's part stay below what is free; one more would not."""
    planned = _plan([_gpu(free_gib, 32)])
    wanted = ASKED.wanted(n_cells=8192)
    n_layers = planned.n_gpu_layers
    assert gpu_need(SEVEN_B_Q4, wanted, n_gpu_layers=n_layers).total_bytes <= free_gib * GIB
    if 0 < n_layers < 29:
        more = gpu_need(SEVEN_B_Q4, wanted, n_gpu_layers=n_layers + 1)
        assert more.total_bytes > free_gib * GIB


def test_a_larger_cache_takes_layers_and_quantising_it_gives_them_back() -> None:
    """The context that is wanted is part of the plan."""
    small = _plan([_gpu(5.2, 8)]).n_gpu_layers
    large = _plan([_gpu(5.2, 8)], n_ctx_tokens=32_768, n_cells=65_536).n_gpu_layers
    quantised = _plan([_gpu(5.2, 8)], n_ctx_tokens=32_768, n_cells=65_536, kv_type="q4_0")
    assert large < quantised.n_gpu_layers < small


def test_without_flash_attention_the_scores_need_room() -> None:
    """Every head's scores against the whole cache are kept then."""
    with_it = _plan([_gpu(5.2, 8)], n_cells=65_536).n_gpu_layers
    without = _plan([_gpu(5.2, 8)], n_cells=65_536, flash_attention="off").n_gpu_layers
    assert without < with_it


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"asked": dataclasses.replace(ASKED, n_gpu_layers=0)}, "no GPU layers were asked for"),
        ({"has_gpu_build": False}, "this llama.cpp is built for CPUs only"),
        ({"gpus": []}, "llama.cpp sees no GPU"),
        ({"shape": None}, "the sizes of the model's layers could not be read"),
    ],
)
def test_why_there_is_no_gpu(given: dict[str, Any], reason: str) -> None:
    """Each reason has its words, and the context is what was asked for."""
    usual = {
        "asked": ASKED,
        "has_gpu_build": True,
        "gpus": [_gpu(23, 24)],
        "shape": SEVEN_B_Q4,
        "retreat": Retreat(),
    }
    planned = plan(**{**usual, **given})
    assert planned == Offload(n_gpu_layers=0, n_ctx_tokens=4096, n_cells=8192, reason=reason)


def test_the_reason_shows_the_sum() -> None:
    """Who wonders sees what it takes, what is free and who has the rest."""
    reason = _plan([_gpu(5.0, 8, used_by="game 2400 MiB")]).reason
    for word in (
        "of 29 layers",
        "4150 MiB weights",
        "448 MiB cache of 8192 tokens",
        "card has 5120 MiB of 8192 MiB free (game 2400 MiB)",
    ):
        assert word in reason
    assert _plan([_gpu(23, 24)]).reason.startswith("all 29 layers: ")
    assert _plan([_gpu(1, 2)]).reason.startswith("no layers fit onto the GPU: ")


def test_a_number_that_was_asked_for_is_taken() -> None:
    """The person may know better; that it is not expected to fit is said."""
    planned = _plan([_gpu(3.7, 4)], n_gpu_layers=25)
    assert planned.n_gpu_layers == 25
    assert "25 of 29 layers, as asked although only" in planned.reason
    assert _plan([_gpu(23, 24)], n_gpu_layers=99).n_gpu_layers == 29
    assert "although" not in _plan([_gpu(23, 24)], n_gpu_layers=7).reason


@pytest.mark.parametrize(
    ("level", "n_layers", "n_ctx_tokens"),
    [(0, 29, 4096), (1, 29, 2048), (2, 14, 2048), (3, 0, 2048), (4, 0, 1024), (8, 0, 512)],
)
def test_a_retreat_asks_for_less_and_says_so(level: int, n_layers: int, n_ctx_tokens: int) -> None:
    """Context first, then layers; automatic and asked-for numbers alike."""
    for asked in (-1, 29):
        planned = _plan([_gpu(23, 24)], level=level, n_gpu_layers=asked)
        assert (planned.n_gpu_layers, planned.n_ctx_tokens) == (n_layers, n_ctx_tokens)
        assert planned.n_cells == max(n_ctx_tokens, 2 * n_ctx_tokens if level < 8 else 0)
        assert ("stepped back" in planned.reason) == (level > 0)
        assert ("since memory ran out" in planned.reason) == (level > 0)


def test_a_smaller_context_may_make_room_for_layers() -> None:
    """What a retreat saves in the cache is counted when the layers are."""
    first = _plan([_gpu(5.2, 8)], n_ctx_tokens=32_768, n_cells=65_536)
    second = _plan([_gpu(5.2, 8)], n_ctx_tokens=32_768, n_cells=65_536, level=1)
    assert second.n_gpu_layers > first.n_gpu_layers


def test_on_the_cpu_the_context_alone_is_halved() -> None:
    """There are no layers to take off."""
    planned = plan(ASKED, has_gpu_build=False, gpus=[], shape=None, retreat=Retreat(level=2))
    assert (planned.n_gpu_layers, planned.n_ctx_tokens, planned.n_cells) == (0, 1024, 2048)
    assert "1024 tokens of context" in planned.reason


def test_layers_of_different_sizes_are_counted_as_they_are() -> None:
    """llama.cpp takes them from the last to the first."""
    layers = (100 * MIB,) * 4 + (400 * MIB,) * 4
    shape = dataclasses.replace(SEVEN_B_Q4, layer_bytes=layers, kv_values=(0,) * 8)
    room = gpu_need(shape, ASKED.wanted(n_cells=8192), n_gpu_layers=1).total_bytes
    assert _plan([Gpu(name="g", free_bytes=room, total_bytes=room)], shape=shape).n_gpu_layers == 0
    room += 850 * MIB
    assert _plan([Gpu(name="g", free_bytes=room, total_bytes=room)], shape=shape).n_gpu_layers == 3


def test_quantised_values_bring_flash_attention_with_them() -> None:
    """llama.cpp has no other way to read them; what was said outright is passed on."""
    assert flash_attention_type("auto", kv_type="f16") == -1
    assert flash_attention_type("auto", kv_type="q8_0") == 1
    assert [flash_attention_type(word, kv_type="f16") for word in FLASH_ATTENTION] == [-1, 0, 1]
