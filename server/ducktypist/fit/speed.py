"""How fast a model will be on a machine: arithmetic over rates that were measured once.

The model of time is the roofline's (Williams, Waterman and Patterson, Roofline: An Insightful
Visual Performance Model, CACM 52(4), 2009), with one roof for each tensor type: a kernel either
waits for memory or for its own arithmetic, and which of the two is a matter of the type, the
processor and the number of threads, so the rate of each type is measured and not derived. Decoding
one token takes ::

    token + layers x layer + sum over types (bytes read / rate of the type)
          + attention over the filled cache + logits x time to draw from one

and reading one token of a prompt the same with multiply-adds in place of bytes. Where some layers
lie on a GPU the two parts' times are added, since a layer waits for the one before it.

Nothing is measured here: ``engine.llama_kernels`` does, ``models.calibration`` keeps it. Not
modelled: that a prompt's tokens meet different experts, which makes a mixture's prompts slower.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ducktypist.fit.cards import Card, card_for, processor_for
from ducktypist.fit.machine import Machine
from ducktypist.fit.memory import KV_TYPES
from ducktypist.fit.shape import ModelShape, Role, Weights

DECODE_EFFICIENCY: Final = 0.6
"""Which share of the published bandwidth llama.cpp reads weights with on a discrete card.

Its users' tables show 0.57 to 0.71 on a 3090 and a 4090 with 4-bit models of 7B
(github.com/ggml-org/llama.cpp/discussions/15013); the low end, so as not to promise too much.
"""
PREFILL_EFFICIENCY: Final = 0.4
"""Which share of the published half-precision arithmetic a prompt is read with; the same tables."""
GPU_LAYER_MS: Final = 0.03
GPU_TOKEN_MS: Final = 0.5
"""Launching kernels: guessed from small models, which are bound by nothing else."""
CPU_LAYER_MS: Final = 0.05
CPU_TOKEN_MS: Final = 0.5
LOGIT_NS: Final = 1.5
"""Drawing from one logit, as a desktop processor does it."""
ANY: Final = "*"
"""In a rule of thumb: every tensor type at the same rate."""


class RateSource(enum.StrEnum):
    """Where rates come from."""

    MEASURED = "measured"
    """By the engine, with this very model on this machine."""
    PREDICTED = "predicted"
    """From what was measured on this machine without this model."""
    RULE_OF_THUMB = "rule of thumb"
    """From published figures of a machine; nothing was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpeed:
    """What one device was measured to do, or is thought to."""

    device: str
    """``cpu`` or the GPU's name."""
    read_bytes_s: Mapping[str, float]
    """Bytes of weights a second while decoding one token, by tensor type."""
    cache_bytes_s: float
    """Bytes of keys and values a second at most."""
    attention_macs_s: Mapping[str, float]
    """Multiply-adds of attention a second while decoding, by type of the cache (``f16``)."""
    layer_ms: float
    """A layer's time besides its weights and attention: norms, rotations, waiting."""
    token_ms: float
    """A token's time besides its layers."""
    logit_ns: float
    """Drawing from one logit."""
    prefill_macs_s: Mapping[str, float]
    """Multiply-adds a second while reading a prompt, by tensor type."""
    prefill_attention_macs_s: float
    prefill_layer_ms: float
    """As ``layer_ms``, for one token of a prompt."""

    def reading_s(self, kind: str, n_bytes: float) -> float:
        """Return how long so many bytes of weights take while decoding one token."""
        return n_bytes / _rate(self.read_bytes_s, kind)

    def multiplying_s(self, kind: str, n_values: float) -> float:
        """Return how long one token of a prompt takes with so many weights."""
        return n_values / _rate(self.prefill_macs_s, kind)

    def knows(self, kind: str) -> bool:
        """Tell whether a tensor type was measured."""
        return kind in self.read_bytes_s or ANY in self.read_bytes_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a machine does, measured once, or a rule of thumb for one that is not at hand."""

    cpu: DeviceSpeed
    gpu: DeviceSpeed | None = None
    """All GPUs as one; None when there is none, or llama.cpp is built without."""
    n_threads: int
    processor: str
    """The name of the CPU."""
    build: str
    """Which llama.cpp, with its instruction sets."""
    measured_at_utc: str = ""
    """ISO 8601; empty for a rule of thumb."""
    is_rule_of_thumb: bool = False
    basis: str = ""
    """In words, what a rule of thumb rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedRates:
    """How fast a model is, or will be."""

    decode_tok_s: float
    prefill_tok_s: float
    source: RateSource
    unmeasured: tuple[str, ...] = ()
    """Tensor types that were not measured; they count as the slowest one that was."""
    basis: str = ""
    """In words, where the figures come from when that is not this machine."""
    parts_ms: Mapping[str, float] = field(default_factory=dict)
    """What one decoded token's time is made of, for people; empty when measured."""


def predict(
    shape: ModelShape,
    calibration: Calibration,
    *,
    n_ctx_used_tokens: int,
    n_gpu_layers: int = 0,
    kv_type: str = "f16",
) -> PredictedRates:
    """Return how fast a model decodes and reads when the cache holds so many tokens.

    Args:
        shape: The model.
        calibration: The machine.
        n_ctx_used_tokens: How much of the context is filled. Reading is told for tokens that
            come after so many.
        n_gpu_layers: How many layers lie on the GPU, the output counted as one and put there
            first, then the last repeating layers (``llama_model::load_tensors``). Without a GPU in
            the calibration all is computed by the CPU.
        kv_type: How keys and values are kept: one of ``fit.memory.KV_TYPES``.
    """
    decode: dict[str, float] = {}
    prefill_s = 0.0
    unmeasured: set[str] = set()
    for part in _parts(shape, calibration, n_gpu_layers):
        for name, ms in _decode_ms(shape, part, n_ctx_used_tokens, kv_type):
            decode[name] = decode.get(name, 0.0) + ms
        prefill_s += _prefill_s(shape, part, n_ctx_used_tokens)
        unmeasured |= {one.kind for one in part.weights if not part.speed.knows(one.kind)}
    return PredictedRates(
        decode_tok_s=1000 / sum(decode.values()),
        prefill_tok_s=1 / prefill_s,
        source=(RateSource.RULE_OF_THUMB if calibration.is_rule_of_thumb else RateSource.PREDICTED),
        unmeasured=tuple(sorted(unmeasured)),
        basis=calibration.basis,
        parts_ms=decode,
    )


def rule_of_thumb(machine: Machine, *, cpu: DeviceSpeed | None = None) -> Calibration:
    """Return what a machine that one does not have can be expected to do.

    Published memory bandwidth and arithmetic of the named card, or of a usual card of that size
    when the name is not known, times the stated efficiencies.

    Args:
        machine: Which one.
        cpu: What is known of the processor, when that is this machine's.
    """
    processor = processor_for(machine.n_threads)
    known_cpu = cpu or _device_of(processor, "cpu", CPU_LAYER_MS, CPU_TOKEN_MS)
    basis = [] if cpu else [f"{processor.name}: {_told(processor)}"]
    gpu = None
    if machine.gpus:
        # The layers are spread over the cards and computed one after the other.
        first = min(
            (card_for(one.name, one.total_bytes) for one in machine.gpus),
            key=lambda card: card.bandwidth_bytes_s,
        )
        gpu = _device_of(first, first.name, GPU_LAYER_MS, GPU_TOKEN_MS)
        basis.insert(0, f"{first.name}: {_told(first)}")
    return Calibration(
        cpu=known_cpu,
        gpu=gpu,
        n_threads=machine.n_threads,
        processor=processor.name,
        build="",
        is_rule_of_thumb=bool(basis),
        basis="; ".join(basis),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one device has of a model."""

    speed: DeviceSpeed
    weights: tuple[Weights, ...]
    layers: range
    has_output: bool


def _parts(shape: ModelShape, calibration: Calibration, n_gpu_layers: int) -> Iterator[_Part]:
    n_layers = shape.n_layers
    on_gpu = n_gpu_layers if calibration.gpu is not None else 0
    # The first repeating layer on the GPU; one of them is the output.
    first = max(0, n_layers + 1 - on_gpu) if on_gpu > 0 else n_layers
    read = [one for one in shape.weights if one.role is not Role.EMBEDDING or shape.is_tied]
    below = tuple(one for one in read if 0 <= one.layer < first)
    above = tuple(one for one in read if one.layer >= first)
    output = tuple(one for one in read if one.layer < 0)
    if calibration.gpu is None or on_gpu <= 0:
        yield _Part(
            speed=calibration.cpu, weights=below + output, layers=range(n_layers), has_output=True
        )
        return
    yield _Part(
        speed=calibration.gpu,
        weights=above + output,
        layers=range(first, n_layers),
        has_output=True,
    )
    if first:
        yield _Part(speed=calibration.cpu, weights=below, layers=range(first), has_output=False)


def _decode_ms(
    shape: ModelShape, part: _Part, n_used: int, kv_type: str
) -> Iterator[tuple[str, float]]:
    speed = part.speed
    for one in part.weights:
        share = _share(shape, one)
        yield one.kind, 1000 * speed.reading_s(one.kind, one.n_bytes * share)
    macs, n_values = _attention(shape, part.layers, n_used)
    n_bytes = n_values * KV_TYPES[kv_type].bits / 8
    rate = _rate(speed.attention_macs_s, kv_type)
    yield "attention", 1000 * max(macs / rate, n_bytes / speed.cache_bytes_s)
    yield "layers", len(part.layers) * speed.layer_ms
    if part.has_output:
        yield "token", speed.token_ms
        yield "drawing", shape.n_vocab * speed.logit_ns / 1e6


def _prefill_s(shape: ModelShape, part: _Part, n_used: int) -> float:
    speed = part.speed
    # Only the last token's logits are wanted, so a prompt pays nothing for the output head.
    weights = (one for one in part.weights if one.layer >= 0)
    took_s = sum(
        speed.multiplying_s(one.kind, one.n_values * _share(shape, one)) for one in weights
    )
    macs, _ = _attention(shape, part.layers, n_used)
    took_s += macs / speed.prefill_attention_macs_s
    return took_s + len(part.layers) * speed.prefill_layer_ms / 1000


def _attention(shape: ModelShape, layers: range, n_used: int) -> tuple[float, float]:
    """Return the multiply-adds of one token's attention, and how many cached values it reads.

    Every head multiplies with every key and every value that its layer looks back to; heads that
    share keys and values read them once.
    """
    macs = n_values = 0
    width = shape.key_length + (shape.value_length or shape.key_length)
    for layer in layers:
        n_kv_heads = shape.kv_heads[layer]
        window = shape.windows[layer]
        n_seen = min(n_used, window) if window else n_used
        macs += n_seen * width * shape.n_head if n_kv_heads else 0
        n_values += n_seen * n_kv_heads * (shape.key_length + shape.value_length)
    return macs, n_values


def _share(shape: ModelShape, one: Weights) -> float:
    if one.role is Role.EXPERTS and shape.n_experts:
        return shape.n_experts_used / shape.n_experts
    return 1.0


def _rate(rates: Mapping[str, float], kind: str) -> float:
    found = rates.get(kind) or rates.get(ANY)
    return found or min(rates.values())


def _device_of(card: Card, device: str, layer_ms: float, token_ms: float) -> DeviceSpeed:
    read = card.bandwidth_bytes_s * DECODE_EFFICIENCY
    # A multiply-add counts as two operations.
    macs = card.flop_s / 2 * PREFILL_EFFICIENCY
    return DeviceSpeed(
        device=device,
        read_bytes_s={ANY: read},
        cache_bytes_s=read,
        attention_macs_s={ANY: macs},
        layer_ms=layer_ms,
        token_ms=token_ms,
        logit_ns=LOGIT_NS,
        prefill_macs_s={ANY: macs},
        prefill_attention_macs_s=macs,
        prefill_layer_ms=0.0,
    )


def _told(card: Card) -> str:
    return (
        f"published {card.bandwidth_bytes_s / 1e9:.0f} GB/s, "
        f"of which {DECODE_EFFICIENCY:.0%} is expected"
    )
