"""Whether a model fits a machine, how it lies there, whether it is usable, and why.

Pure arithmetic with reasons in words. What the engine really does when it loads is decided in the
host with the same sums (``engine.llama_offload``).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ducktypist.domain import MAX_HOVER_TTFT_MS, MAX_TTFT_MS, READING_TOK_S, Kind
from ducktypist.fit.layers import layers_of
from ducktypist.fit.machine import Machine
from ducktypist.fit.memory import Need, Wanted, gpu_need, need
from ducktypist.fit.offload import n_fitting
from ducktypist.fit.shape import ModelShape
from ducktypist.fit.speed import Calibration, PredictedRates, RateSource, predict

HOVER_TOKENS: Final = 600
"""A usual hover's prompt, read from its beginning."""
INLINE_TOKENS: Final = 300
"""A usual inline completion's prompt."""
CACHED: Final = 0.8
"""Which part of the latter is in the cache already while one types."""
AIR: Final = 0.05
"""Which part of a machine's memory is left to the system and to what is opened next."""

_MS: Final = 1000
_GB: Final = 10**9


class Fit(enum.StrEnum):
    """What one can expect of a model on a machine."""

    USABLE = "usable"
    SLOW = "slow"
    TEA = "tea"
    """Go and make some."""
    DOES_NOT_FIT = "does not fit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a model would lie on a machine."""

    need: Need
    """All that it takes, on GPUs and beside them."""
    on_gpu: Need | None
    """The part on the GPUs; None when none is used."""
    on_host: Need
    """The part in the machine's own memory."""
    n_gpu_layers: int
    """How many layers go to the GPUs, the output counted as one."""
    n_layers: int
    """All layers, counted the same way."""
    headroom_bytes: int
    """What is left where the model lies; negative: what is lacking. Of the machine's own memory
    when a part lies there, else of the GPUs'."""
    rates: PredictedRates
    verdict: Fit
    reasons: tuple[str, ...]
    """Why, a sentence each."""


def plan(
    shape: ModelShape,
    wanted: Wanted,
    machine: Machine,
    calibration: Calibration,
    *,
    measured: PredictedRates | None = None,
) -> Plan:
    """Decide how a model would lie on a machine and what it would be like.

    Args:
        shape: The model.
        wanted: What is asked of the engine.
        machine: Where.
        calibration: How fast that machine computes.
        measured: What the engine measured with this very model; replaces the prediction.
    """
    layers = layers_of(shape)
    n_gpu_layers = n_fitting(layers, wanted, machine.gpus)
    # llama.cpp keeps no second copies beside a card that it could send large batches to.
    repacked = frozenset[str]() if machine.gpus else machine.repacked
    on_host = need(shape, wanted, n_gpu_layers=n_gpu_layers, repacked=repacked)
    on_gpu = gpu_need(layers, wanted, n_gpu_layers=n_gpu_layers) if n_gpu_layers else None
    rates = measured or predict(
        shape,
        calibration,
        n_ctx_used_tokens=min(HOVER_TOKENS, wanted.n_ctx_tokens),
        n_gpu_layers=n_gpu_layers,
        kv_type=wanted.kv_type,
    )
    lies = _Lies(
        machine=machine,
        wanted=wanted,
        on_gpu=on_gpu,
        on_host=on_host,
        n_gpu_layers=n_gpu_layers,
        n_layers=shape.n_layers + 1,
    )
    verdict = Fit.DOES_NOT_FIT if lies.host_room_bytes < 0 else _pace(rates)
    return Plan(
        need=on_host if on_gpu is None else on_gpu + on_host,
        on_gpu=on_gpu,
        on_host=on_host,
        n_gpu_layers=n_gpu_layers,
        n_layers=lies.n_layers,
        headroom_bytes=lies.headroom_bytes,
        rates=rates,
        verdict=verdict,
        reasons=(*lies.reasons(), *_why(rates, shape, verdict)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lies:
    """Where the parts of a model are, and what that leaves."""

    machine: Machine
    wanted: Wanted
    on_gpu: Need | None
    on_host: Need
    n_gpu_layers: int
    n_layers: int

    @property
    def host_room_bytes(self) -> int:
        """What is left of the machine's memory; weights that can be dropped are not asked for."""
        air = int(AIR * self.machine.memory_bytes)
        return self.machine.free_memory_bytes - air - self.on_host.least_bytes

    @property
    def headroom_bytes(self) -> int:
        if self.on_gpu is None or self.n_gpu_layers < self.n_layers or self.host_room_bytes < 0:
            return self.host_room_bytes
        return sum(gpu.free_bytes for gpu in self.machine.gpus) - self._on_cards

    @property
    def _on_cards(self) -> int:
        """What lies on all cards together; each that is used has buffers and a driver's part."""
        taken = self.on_gpu
        if taken is None:
            return 0
        n_cards = min(len(self.machine.gpus), self.n_gpu_layers)
        # A model that fits the roomiest card lies on it alone as far as is known here.
        roomiest = max(gpu.free_bytes for gpu in self.machine.gpus)
        n_cards = 1 if taken.total_bytes <= roomiest else n_cards
        return taken.total_bytes + (n_cards - 1) * (taken.buffers_bytes + taken.process_bytes)

    def reasons(self) -> Iterator[str]:
        taken, machine = self.on_gpu, self.machine
        if taken is None:
            if machine.gpus:
                yield "not even two layers fit a card, so the processor computes all of it"
            yield self._on_processor()
            return
        cards = sum(gpu.total_bytes for gpu in machine.gpus)
        left = sum(gpu.free_bytes for gpu in machine.gpus) - self._on_cards
        name = "card" if len(machine.gpus) == 1 else "cards"
        yield (f"{gigabytes(cards)} {name}: {_parts(taken, self.wanted)}: {gigabytes(left)} left")
        if self.n_gpu_layers < self.n_layers:
            yield (
                f"{self.n_gpu_layers} of {self.n_layers} layers fit, the rest runs on the processor"
            )
        if self.n_gpu_layers < self.n_layers or self.host_room_bytes < 0:
            yield self._on_processor()

    def _on_processor(self) -> str:
        room = self.host_room_bytes
        told = (
            f"{gigabytes(self.machine.memory_bytes)} memory, "
            f"{gigabytes(self.machine.free_memory_bytes)} of it free: "
            f"{_parts(self.on_host, self.wanted)}: "
        )
        told += f"{gigabytes(room)} left" if room >= 0 else f"{gigabytes(-room)} too much"
        told += " with some air for the system"
        if freed := self.on_host.reclaimable_bytes:
            told += f" ({gigabytes(freed)} of the weights can be dropped, since a copy is used)"
        return told


def _pace(rates: PredictedRates) -> Fit:
    if rates.decode_tok_s < READING_TOK_S:
        return Fit.TEA
    is_quick = (
        _ttft_ms(rates, HOVER_TOKENS) <= MAX_HOVER_TTFT_MS
        and _ttft_ms(rates, _inline_tokens()) <= MAX_TTFT_MS[Kind.INFILL]
    )
    return Fit.USABLE if is_quick else Fit.SLOW


def _inline_tokens() -> float:
    return INLINE_TOKENS * (1 - CACHED)


def _ttft_ms(rates: PredictedRates, n_tokens: float) -> float:
    return _MS * (n_tokens / rates.prefill_tok_s + 1 / rates.decode_tok_s)


def _why(rates: PredictedRates, shape: ModelShape, verdict: Fit) -> Iterator[str]:
    yield f"reads {gigabytes(sum(shape.read_per_token().values()))} a token"
    if verdict is Fit.DOES_NOT_FIT:
        return
    origin = {
        RateSource.MEASURED: "measured here",
        RateSource.PREDICTED: "predicted from this machine's speed",
        RateSource.RULE_OF_THUMB: "a rule of thumb from published figures",
    }[rates.source]
    pace = "faster" if rates.decode_tok_s >= READING_TOK_S else "slower"
    yield (
        f"{rates.decode_tok_s:.1f} tokens a second ({origin}), "
        f"{pace} than a person reads ({READING_TOK_S:g})"
    )
    hover_s = _ttft_ms(rates, HOVER_TOKENS) / _MS
    inline_s = _ttft_ms(rates, _inline_tokens()) / _MS
    yield (
        f"first word of a hover after {hover_s:.1f} s (limit {MAX_HOVER_TTFT_MS / _MS:g} s), "
        f"of an inline completion after {inline_s:.1f} s "
        f"(limit {MAX_TTFT_MS[Kind.INFILL] / _MS:g} s)"
    )


def _parts(taken: Need, wanted: Wanted) -> str:
    parts = [
        f"weights {gigabytes(taken.weights_bytes)}",
        f"cache of {wanted.n_cells} tokens {gigabytes(taken.cache_bytes)}",
        f"buffers {gigabytes(taken.buffers_bytes)}",
        f"program and driver {gigabytes(taken.process_bytes)}",
    ]
    return ", ".join(parts)


def gigabytes(n_bytes: int) -> str:
    """Return a size for people, in the unit in which cards are sold and files are listed."""
    return f"{n_bytes / _GB:.1f} GB"
