"""How many layers go to the GPU, with how large a context, and why.

Part of the real backend; pure arithmetic over what ``llama_shape.py`` read from the file and
``llama_devices.py`` found on the machine. A plan is an estimate: where it was too bold, the process
dies or the load fails, and the next one steps back (``retreat.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.engine.retreat import Retreat

OVERHEAD_BYTES = 512 * 1024**2
"""What a device's driver and its libraries take for a process, and a little air."""
MIN_LAYERS = 2
"""llama.cpp counts the output layer as one and puts it there first; alone it gains nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KvType:
    """A format of keys and values."""

    ggml_type: int
    """``enum ggml_type`` in ggml.h."""
    bits: float
    """For each value, scales included."""


KV_TYPES = {
    "f16": KvType(ggml_type=1, bits=16),
    "q8_0": KvType(ggml_type=8, bits=8.5),
    "q4_0": KvType(ggml_type=2, bits=4.5),
}
FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
"""``enum llama_flash_attn_type`` in llama.h."""


def flash_attention_type(setting: str, *, kv_type: str) -> int:
    """Return llama.cpp's number for the setting; quantised values exist with it only."""
    if setting == "auto" and kv_type != "f16":
        return FLASH_ATTENTION["on"]
    return FLASH_ATTENTION[setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a model's memory follows from."""

    layer_bytes: tuple[int, ...]
    """The weights of each repeating layer."""
    output_bytes: int
    """The weights of the output layer."""
    kv_values: tuple[int, ...]
    """How many values each layer keeps for one token, keys and values together."""
    n_embd: int
    n_ff: int
    n_head: int
    n_vocab: int

    @property
    def n_layers(self) -> int:
        """The repeating layers; llama.cpp counts one more."""
        return len(self.layer_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One device that llama.cpp would use."""

    name: str
    free_bytes: int
    total_bytes: int
    used_by: str = ""
    """Which other processes hold memory there, for people; empty when that is not known."""


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
    shape: Shape | None,
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
    n_all = shape.n_layers + 1
    n_fitting = _n_fitting(asked, smaller.n_cells, gpus, shape)
    if asked.n_gpu_layers > 0:
        n_wanted = min(asked.n_gpu_layers, n_all)
        verdict = f"{n_wanted} of {n_all} layers, as asked"
        if n_wanted > n_fitting:
            verdict += f" although only {n_fitting} are expected to fit"
    else:
        n_wanted = n_fitting
        verdict = f"all {n_all} layers" if n_fitting == n_all else f"{n_fitting} of {n_all} layers"
        if not n_fitting:
            verdict = "no layers fit onto the GPU"
    told = _told(asked, smaller.n_cells, gpus, shape)
    return _offload(
        asked, retreat, n_gpu_layers=n_wanted, was_on_gpu=n_wanted > 0, reason=f"{verdict}: {told}"
    )


def need_bytes(asked: Asked, shape: Shape, *, n_cells: int, n_gpu_layers: int) -> int:
    """Return what so many layers take on the GPUs: weights, cache and buffers.

    llama.cpp puts the output layer there first, then the repeating layers from the last to the
    first (``llama_model::load_tensors``).
    """
    if n_gpu_layers <= 0:
        return 0
    first = max(0, shape.n_layers + 1 - n_gpu_layers)
    weights = shape.output_bytes + sum(shape.layer_bytes[first:])
    return weights + _cache_bytes(asked, shape, n_cells, first) + _buffer_bytes(asked, shape)


def _why_no_gpu(
    asked: Asked, *, has_gpu_build: bool, gpus: Sequence[Gpu], shape: Shape | None
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


def _n_fitting(asked: Asked, n_cells: int, gpus: Sequence[Gpu], shape: Shape) -> int:
    """Return how many layers fit, one device's leftovers not used for another's layer."""
    room = [gpu.free_bytes - OVERHEAD_BYTES - _buffer_bytes(asked, shape) for gpu in gpus]
    # The output layer lies on the last device that has layers; where is not worth modelling.
    room[room.index(max(room))] -= shape.output_bytes
    n_fitting = 0
    for layer in reversed(range(shape.n_layers)):
        size = shape.layer_bytes[layer] + _cache_bytes(asked, shape, n_cells, layer, layer + 1)
        fitting = [index for index, left in enumerate(room) if left >= size]
        if not fitting:
            break
        room[fitting[0]] -= size
        n_fitting += 1
    return n_fitting + 1 if n_fitting + 1 >= MIN_LAYERS else 0


def _cache_bytes(
    asked: Asked, shape: Shape, n_cells: int, first: int, end: int | None = None
) -> int:
    values = sum(shape.kv_values[first:end])
    return int(n_cells * values * KV_TYPES[asked.kv_type].bits / 8)


def _buffer_bytes(asked: Asked, shape: Shape) -> int:
    """Return what a device needs while it computes one step, in 32-bit values.

    The logits of every row, the widest activations of a layer a few times over, and, without
    flash attention, every head's scores against the whole cache.
    """
    n_values = asked.n_batch_tokens * (shape.n_vocab + 8 * shape.n_embd + 3 * shape.n_ff)
    if asked.flash_attention == "off":
        n_values += asked.n_batch_tokens * shape.n_head * asked.n_cells
    return 4 * n_values


def _told(asked: Asked, n_cells: int, gpus: Sequence[Gpu], shape: Shape) -> str:
    weights = shape.output_bytes + sum(shape.layer_bytes)
    cache = _cache_bytes(asked, shape, n_cells, 0)
    buffers = _buffer_bytes(asked, shape) + OVERHEAD_BYTES
    free = " and ".join(
        f"{gpu.name} has {_mib(gpu.free_bytes)} of {_mib(gpu.total_bytes)} free"
        + (f" ({gpu.used_by})" if gpu.used_by else "")
        for gpu in gpus
    )
    return (
        f"all of them take {_mib(weights + cache + buffers)} ({_mib(weights)} weights, "
        f"{_mib(cache)} cache of {n_cells} tokens, {_mib(buffers)} buffers), {free}"
    )


def _mib(n_bytes: int) -> str:
    return f"{n_bytes / 1024**2:.0f} MiB"
