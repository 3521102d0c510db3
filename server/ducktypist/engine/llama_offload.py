"""How many layers go to the GPU, with how large a context, and why: what the host loads with.

Part of the real backend; puts the settings, what ``llama_shape.py`` read from the file and what
``llama_devices.py`` found on the machine together. The sums are :mod:`ducktypist.fit`'s. A plan is
an estimate: where it was too bold, the process dies or the load fails, and the next one steps back
(``retreat.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.engine.retreat import Retreat
from ducktypist.fit.layers import Layers
from ducktypist.fit.machine import Gpu
from ducktypist.fit.memory import (
    DEVICE_BYTES,
    MIB,
    Need,
    Wanted,
    gpu_need,
)
from ducktypist.fit.offload import MIN_LAYERS, n_fitting

FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
"""``enum llama_flash_attn_type`` in llama.h."""


def flash_attention_type(setting: str, *, kv_type: str) -> int:
    """Return llama.cpp's number for the setting; quantised values exist with it only."""
    if setting == "auto" and kv_type != "f16":
        return FLASH_ATTENTION["on"]
    return FLASH_ATTENTION[setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the settings ask for."""

    n_gpu_layers: int
    """-1: as many as fit."""
    n_ctx_tokens: int
    n_cells: int
    """Tokens in the cache, all sequences together."""
    kv_type: str
    flash_attention: str
    n_batch_tokens: int
    """The most tokens in one step."""

    def wanted(self, *, n_cells: int) -> Wanted:
        """Return the same with a cache of that size."""
        return Wanted(
            n_ctx_tokens=self.n_ctx_tokens,
            n_cells=n_cells,
            kv_type=self.kv_type,
            flash_attention=self.flash_attention,
            n_batch_tokens=self.n_batch_tokens,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offload:
    """What to load with."""

    n_gpu_layers: int
    """The output layer counts as one."""
    n_ctx_tokens: int
    n_cells: int
    reason: str


def plan(
    asked: Asked,
    *,
    has_gpu_build: bool,
    gpus: Sequence[Gpu],
    shape: Layers | None,
    retreat: Retreat,
) -> Offload:
    """Decide how to load.

    Args:
        asked: What the settings ask for.
        has_gpu_build: Whether this llama.cpp can compute on a GPU.
        gpus: The devices there are.
        shape: The model's; None when it could not be read.
        retreat: How much less to ask for, because memory ran out before.
    """
    if (no_gpu := _why_no_gpu(asked, has_gpu_build=has_gpu_build, gpus=gpus, shape=shape)) or (
        shape is None
    ):
        return _offload(asked, retreat, n_gpu_layers=0, was_on_gpu=False, reason=no_gpu)
    # The smaller context of a retreat is what has to fit beside the layers.
    smaller = _offload(asked, retreat, n_gpu_layers=0, was_on_gpu=True, reason="")
    wanted = asked.wanted(n_cells=smaller.n_cells)
    n_all = shape.n_layers + 1
    n_most = n_fitting(shape, wanted, gpus)
    if asked.n_gpu_layers > 0:
        n_wanted = min(asked.n_gpu_layers, n_all)
        verdict = f"{n_wanted} of {n_all} layers, as asked"
        if n_wanted > n_most:
            verdict += f" although only {n_most} are expected to fit"
    else:
        n_wanted = n_most
        verdict = f"all {n_all} layers" if n_most == n_all else f"{n_most} of {n_all} layers"
        if not n_most:
            verdict = "no layers fit onto the GPU"
    told = _told(gpu_need(shape, wanted, n_gpu_layers=n_all), smaller.n_cells, gpus)
    return _offload(
        asked, retreat, n_gpu_layers=n_wanted, was_on_gpu=n_wanted > 0, reason=f"{verdict}: {told}"
    )


def _why_no_gpu(
    asked: Asked, *, has_gpu_build: bool, gpus: Sequence[Gpu], shape: Layers | None
) -> str:
    if asked.n_gpu_layers == 0:
        return "no GPU layers were asked for"
    if not has_gpu_build:
        return "this llama.cpp is built for CPUs only"
    if not gpus:
        return "llama.cpp sees no GPU"
    if shape is None:
        return "the sizes of the model's layers could not be read"
    return ""


def _offload(
    asked: Asked, retreat: Retreat, *, n_gpu_layers: int, was_on_gpu: bool, reason: str
) -> Offload:
    n_ctx_tokens = retreat.n_ctx_tokens(asked.n_ctx_tokens, on_gpu=was_on_gpu)
    n_cells = retreat.n_cells(asked.n_cells, n_ctx_tokens=n_ctx_tokens, on_gpu=was_on_gpu)
    n_kept = retreat.n_gpu_layers(n_gpu_layers)
    if n_kept < MIN_LAYERS <= n_gpu_layers:
        n_kept = 0
    if retreat.level:
        less = f"stepped back to {n_ctx_tokens} tokens of context"
        if n_kept < n_gpu_layers:
            less += f" and {n_kept} layers"
        reason = f"{reason}; {less}, since {retreat.reason}"
    return Offload(n_gpu_layers=n_kept, n_ctx_tokens=n_ctx_tokens, n_cells=n_cells, reason=reason)


def _told(everything: Need, n_cells: int, gpus: Sequence[Gpu]) -> str:
    buffers = everything.buffers_bytes + DEVICE_BYTES
    free = " and ".join(
        f"{gpu.name} has {_mib(gpu.free_bytes)} of {_mib(gpu.total_bytes)} free"
        + (f" ({gpu.used_by})" if gpu.used_by else "")
        for gpu in gpus
    )
    return (
        f"all of them take {_mib(everything.total_bytes)} "
        f"({_mib(everything.weights_bytes)} weights, "
        f"{_mib(everything.cache_bytes)} cache of {n_cells} tokens, "
        f"{_mib(buffers)} buffers), {free}"
    )


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / MIB:.0f} MiB"
