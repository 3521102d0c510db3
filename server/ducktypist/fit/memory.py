"""How much memory a model takes: weights, cache of keys and values, buffers, the process.

Sums over a model's layers. Nothing is measured here; what could only be found by measuring is a
constant, and its docstring says with what.

On a processor all weights are mapped from the file and read once, so that they are resident. Of
some types the processor's kernels keep a second copy in another order (``ggml-cpu/repack.cpp``),
and the mapped pages of these are not looked at again: they count as taken, but the system can have
them back (:attr:`Need.reclaimable_bytes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ducktypist.fit.layers import Layers, layers_of
from ducktypist.fit.shape import ModelShape, Role

MIB: Final = 1024**2

N_SEQUENCES: Final = 48
"""How many sequences the engine keeps: forty short answers at once beside what is kept warm."""
BATCH_TOKENS: Final = 256
"""How much of a prompt the engine reads in one step at most."""
MEASURED_ROWS: Final = 32
"""With so many answers at once the engine measures itself when it meets a model first."""

PROCESS_BYTES: Final = 66 * MIB
"""The host before it has a model: interpreter, web server, llama.cpp's code, threads."""
TOKEN_BYTES: Final = 156
"""What llama.cpp keeps for a token of the vocabulary: its text twice and a place in a table.

Measured with vocabularies of 49,152, 151,936 and 262,144 tokens (llama-cpp-python 0.3.36).
"""
MERGE_BYTES: Final = 150
"""The same for a merge rule of a byte-pair vocabulary."""
DEVICE_BYTES: Final = 512 * MIB
"""What a GPU's driver and its libraries take for a process, and a little air."""

REPACKED_X86: Final = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
"""Types that a processor with AVX2 keeps twice (``ggml_repack_get_optimal_repack_type``)."""
REPACKED_AVX512: Final = REPACKED_X86 | {"Q2_K"}
REPACKED_ARM: Final = frozenset({"Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"})
"""Types that an ARM processor with the dot-product instructions keeps a second time."""

_WINDOW_PADDING: Final = 256
_F16_BYTES: Final = 2
_F32_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KvType:
    """A format of keys and values."""

    ggml_type: int
    """``enum ggml_type`` in ggml.h."""
    bits: float
    """For each value, scales included."""


KV_TYPES: Final[Mapping[str, KvType]] = MappingProxyType(
    {
        "f16": KvType(ggml_type=1, bits=16),
        "q8_0": KvType(ggml_type=8, bits=8.5),
        "q4_0": KvType(ggml_type=2, bits=4.5),
    }
)


def n_cells_of(asked: int, *, n_ctx_tokens: int) -> int:
    """Return how many tokens the cache holds: what was asked for, or twice the context for 0."""
    return asked or 2 * n_ctx_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the engine."""

    n_ctx_tokens: int
    """The longest prompt with its answer."""
    n_cells: int
    """Tokens in the cache, all sequences together; the engine's own choice is twice the context."""
    kv_type: str
    """One of ``KV_TYPES``."""
    flash_attention: str
    """``auto``, ``on`` or ``off``."""
    n_batch_tokens: int = BATCH_TOKENS
    """The most tokens in one step."""
    n_sequences: int = N_SEQUENCES
    n_rows: int = MEASURED_ROWS
    """Of how many answers at once the logits are worked out at most."""
    keeps_whole_windows: bool = True
    """Whether layers with a sliding window keep all tokens, as the engine has it: else a cached
    beginning could not be used again (``swa_full`` in llama.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What is taken, in bytes."""

    weights_bytes: int
    """Second copies included."""
    cache_bytes: int
    buffers_bytes: int
    """What one step computes in."""
    process_bytes: int
    """The interpreter with its libraries, the vocabulary, and what a backend takes besides."""
    reclaimable_bytes: int = 0
    """How much of the weights the system can drop when others need the memory."""

    @property
    def total_bytes(self) -> int:
        """All of it, as the system's tools show it."""
        return self.weights_bytes + self.cache_bytes + self.buffers_bytes + self.process_bytes

    @property
    def least_bytes(self) -> int:
        """What has to be there for it to run without reading the file again and again."""
        return self.total_bytes - self.reclaimable_bytes

    def __add__(self, other: Need) -> Need:
        return Need(
            weights_bytes=self.weights_bytes + other.weights_bytes,
            cache_bytes=self.cache_bytes + other.cache_bytes,
            buffers_bytes=self.buffers_bytes + other.buffers_bytes,
            process_bytes=self.process_bytes + other.process_bytes,
            reclaimable_bytes=self.reclaimable_bytes + other.reclaimable_bytes,
        )


def need(
    shape: ModelShape,
    wanted: Wanted,
    *,
    n_gpu_layers: int = 0,
    repacked: AbstractSet[str] = REPACKED_X86,
) -> Need:
    """Return what the host process takes of the machine's memory.

    That is its resident set after a prompt has been read and answered, mapped weights included.
    Layers on a GPU take nothing here: see :func:`gpu_need`.

    Args:
        shape: The model.
        wanted: What is asked of the engine.
        n_gpu_layers: How many layers lie on GPUs, the output counted as one.
        repacked: The tensor types that the processor keeps a second time.
    """
    layers = layers_of(shape)
    n_kept = _n_on_host(layers, n_gpu_layers)
    mapped = sum(
        part.n_bytes
        for part in shape.weights
        if part.layer < n_kept and (part.role is not Role.OUTPUT or n_gpu_layers <= 0)
    )
    # Beside a GPU the weights stay as they are mapped, so that large batches can be sent there.
    copied = 0 if n_gpu_layers > 0 else _repacked_bytes(shape, repacked)
    return Need(
        weights_bytes=mapped + copied,
        cache_bytes=_cache(layers, wanted, 0, n_kept),
        buffers_bytes=_used_bytes(layers, wanted),
        process_bytes=(PROCESS_BYTES + shape.n_vocab * TOKEN_BYTES + shape.n_merges * MERGE_BYTES),
        reclaimable_bytes=copied,
    )


def gpu_need(shape: ModelShape | Layers, wanted: Wanted, *, n_gpu_layers: int) -> Need:
    """Return what so many layers take on the GPUs; nothing for none.

    llama.cpp puts the output layer there first, then the repeating layers from the last to the
    first (``llama_model::load_tensors``).
    """
    layers = shape if isinstance(shape, Layers) else layers_of(shape)
    if n_gpu_layers <= 0:
        return Need(weights_bytes=0, cache_bytes=0, buffers_bytes=0, process_bytes=0)
    first = _n_on_host(layers, n_gpu_layers)
    return Need(
        weights_bytes=layers.output_bytes + sum(layers.layer_bytes[first:]),
        cache_bytes=_cache(layers, wanted, first, layers.n_layers),
        buffers_bytes=device_buffers_bytes(layers, wanted),
        process_bytes=DEVICE_BYTES,
    )


def cache_bytes(
    shape: ModelShape | Layers, wanted: Wanted, *, first: int = 0, end: int | None = None
) -> int:
    """Return the exact size of the cache of keys and values of some layers, all by default.

    As ``llama_kv_cache`` and ``llama_kv_cache_iswa`` allocate it, recurrent states included.
    """
    layers = shape if isinstance(shape, Layers) else layers_of(shape)
    return _cache(layers, wanted, first, layers.n_layers if end is None else end)


def device_buffers_bytes(layers: Layers, wanted: Wanted) -> int:
    """Return what a GPU sets aside for one step.

    The graph's buffer at its largest, and room for the widest matrix in 16 bits, into which some
    kernels unpack it (``ggml_cuda_op_mul_mat_cublas``).
    """
    return reserved_bytes(layers, wanted) + _F16_BYTES * layers.n_embd * layers.n_ff


def reserved_bytes(layers: Layers, wanted: Wanted) -> int:
    """Return about how large llama.cpp's compute buffer is: the larger of two moments.

    While a layer is computed there are its activations and the mask; at the end the logits of
    every sequence. The batch is rounded up to a multiple of the sequences.
    """
    n_tokens = -(-wanted.n_batch_tokens // wanted.n_sequences) * wanted.n_sequences
    during = _step_bytes(layers, wanted, n_tokens=n_tokens, n_seen=wanted.n_cells)
    return max(during, _F32_BYTES * wanted.n_sequences * layers.n_vocab)


def _n_on_host(layers: Layers, n_gpu_layers: int) -> int:
    """Return how many of the first repeating layers stay."""
    return min(layers.n_layers, max(0, layers.n_layers + 1 - max(0, n_gpu_layers)))


def _repacked_bytes(shape: ModelShape, repacked: AbstractSet[str]) -> int:
    # The embedding is looked up row by row and stays as it is; as a tied head it is loaded like
    # any other matrix.
    return sum(
        part.n_bytes
        for part in shape.weights
        if part.kind in repacked and (part.role is not Role.EMBEDDING or shape.is_tied)
    )


def _cache(layers: Layers, wanted: Wanted, first: int, end: int) -> int:
    bits = KV_TYPES[wanted.kv_type].bits
    n_values = 0
    for layer in range(first, end):
        window = layers.windows[layer] if layers.windows else 0
        n_values += layers.kv_values[layer] * _n_cells(wanted, window)
    share = (end - first) / layers.n_layers if layers.n_layers else 0
    return int(n_values * bits / 8) + int(share * layers.state_bytes * wanted.n_sequences)


def _n_cells(wanted: Wanted, window: int) -> int:
    """Return a layer's cells (``llama_kv_cache_iswa``; every cache is padded to 256)."""
    n_cells = _padded(wanted.n_cells)
    if not window or wanted.keeps_whole_windows:
        return n_cells
    return _padded(min(n_cells, window * wanted.n_sequences + wanted.n_batch_tokens))


def _padded(n_cells: int) -> int:
    return -(-n_cells // _WINDOW_PADDING) * _WINDOW_PADDING


def _used_bytes(layers: Layers, wanted: Wanted) -> int:
    """Return what of the buffers becomes resident.

    The logits that are handed out are cleared at the start, those of all sequences. The graph's
    own lie where the layers' activations were; only rows that are computed are ever touched, and of
    the mask as much as is in use.
    """
    handed_out = _F32_BYTES * wanted.n_sequences * layers.n_vocab
    n_seen = min(wanted.n_ctx_tokens, wanted.n_cells)
    step = _step_bytes(layers, wanted, n_tokens=wanted.n_batch_tokens, n_seen=n_seen)
    return handed_out + max(step, _F32_BYTES * wanted.n_rows * layers.n_vocab)


def _step_bytes(layers: Layers, wanted: Wanted, *, n_tokens: int, n_seen: int) -> int:
    """Return what one layer needs while it is computed.

    Activations in 32 bits, the quantised copies that the kernels make of them, and the mask.
    Without flash attention also every head's scores, and the mask is twice as wide.
    """
    n_bytes = _F32_BYTES * n_tokens * (4 * layers.n_ff + 5 * layers.n_attended)
    if wanted.flash_attention == "off":
        return n_bytes + _F32_BYTES * n_tokens * n_seen * (layers.n_head + 1)
    return n_bytes + _F16_BYTES * n_tokens * n_seen
