"""Does it fit, is it usable, and why: on cards and without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ducktypist.fit.machine import Gpu, Machine
from ducktypist.fit.memory import Wanted
from ducktypist.fit.plan import Fit, Plan, plan
from ducktypist.fit.shape import ModelShape
from ducktypist.fit.speed import PredictedRates, RateSource, rule_of_thumb
from support.model_shapes import dense, mixture

GIB, GB = 1024**3, 10**9
WANTED = Wanted(n_ctx_tokens=4096, n_cells=8192, kv_type="f16", flash_attention="auto")


def _machine(*cards_gb: float, memory_gb: float = 32) -> Machine:
    n_bytes = int(memory_gb * GB)
    return Machine(
        memory_bytes=n_bytes,
        free_memory_bytes=n_bytes,
        gpus=tuple(
            Gpu(name="a card", free_bytes=int(gb * GB), total_bytes=int(gb * GB)) for gb in cards_gb
        ),
        n_threads=4,
    )


def _rates(decode: float, prefill: float) -> PredictedRates:
    return PredictedRates(
        decode_tok_s=decode,
        prefill_tok_s=prefill,
        source=RateSource.MEASURED,
    )


def _plan(
    machine: Machine, shape: ModelShape | None = None, measured: PredictedRates | None = None
) -> Plan:
    return plan(shape or dense(), WANTED, machine, rule_of_thumb(machine), measured=measured)


def test_a_24_gb_card_takes_a_7b_whole() -> None:
    """All layers, room to spare, fast enough, and the sum in words."""
    planned = _plan(_machine(24))
    assert (planned.n_gpu_layers, planned.n_layers) == (29, 29)
    assert planned.verdict is Fit.USABLE
    assert planned.on_gpu is not None
    assert planned.headroom_bytes == 24 * GB - planned.on_gpu.total_bytes
    assert planned.need == planned.on_gpu + planned.on_host
    first = planned.reasons[0]
    assert first.startswith("24.0 GB card: weights 4.4 GB, cache of 8192 tokens 0.5 GB, buffers")
    assert first.endswith(f"{planned.headroom_bytes / GB:.1f} GB left")
    assert "reads 4.4 GB a token" in planned.reasons
    assert any("a rule of thumb" in reason for reason in planned.reasons)


def test_a_24_gb_card_takes_a_30b_mixture() -> None:
    """18 GB of weights and the cache; a token reads a sixteenth of the experts."""
    planned = _plan(_machine(24), mixture())
    assert planned.n_gpu_layers == planned.n_layers == 49
    assert 0 < planned.headroom_bytes < 5 * GB
    assert planned.verdict is Fit.USABLE


def test_on_a_small_card_the_rest_runs_on_the_processor() -> None:
    """How many layers fit is said, and what the processor's part takes."""
    planned = _plan(_machine(12), mixture())
    assert 2 <= planned.n_gpu_layers < 49
    assert planned.on_gpu is not None
    assert planned.on_gpu.total_bytes <= 12 * GB
    assert (
        f"{planned.n_gpu_layers} of 49 layers fit, the rest runs on the processor"
        in planned.reasons
    )
    assert planned.on_host.weights_bytes + planned.on_gpu.weights_bytes >= mixture().n_bytes
    assert planned.headroom_bytes == int(0.95 * 32 * GB) - planned.on_host.least_bytes


def test_a_card_without_room_is_left_alone() -> None:
    """The processor computes all of it, and that is said."""
    planned = _plan(_machine(1))
    assert (planned.n_gpu_layers, planned.on_gpu) == (0, None)
    assert planned.reasons[0].startswith("not even two layers fit a card")
    assert planned.need == planned.on_host


def test_two_cards_share_a_model() -> None:
    """What one cannot hold two can; each has buffers and a driver's part of its own."""
    one, two = _plan(_machine(12), mixture()), _plan(_machine(12, 12), mixture())
    assert one.n_gpu_layers < two.n_gpu_layers == 49
    assert "24.0 GB cards" in two.reasons[0]
    assert two.on_gpu is not None
    assert two.headroom_bytes < 24 * GB - two.on_gpu.total_bytes


def test_what_does_not_fit_is_said_with_what_is_lacking() -> None:
    """And no speed is promised."""
    planned = _plan(_machine(memory_gb=8), mixture())
    assert planned.verdict is Fit.DOES_NOT_FIT
    assert planned.headroom_bytes < -9 * GB
    assert f"{-planned.headroom_bytes / GB:.1f} GB too much" in planned.reasons[0]
    assert not any("tokens a second" in reason for reason in planned.reasons)


def test_weights_that_can_be_dropped_do_not_count_against_it() -> None:
    """A second copy is used; the mapped pages under it are the system's to take back."""
    machine = _machine(memory_gb=7.5)
    planned = _plan(machine)
    assert planned.need.total_bytes > machine.memory_bytes > planned.need.least_bytes
    assert planned.verdict is not Fit.DOES_NOT_FIT
    assert "can be dropped" in planned.reasons[0]


@pytest.mark.parametrize(
    ("decode", "prefill", "verdict"),
    [
        (20.0, 400.0, Fit.USABLE),
        (5.2, 400.0, Fit.TEA),
        # 600 tokens take four seconds.
        (20.0, 150.0, Fit.SLOW),
        # The first token of an answer takes a while, too: 60 tokens in 0.3 s and 0.18 s.
        (5.4, 210.0, Fit.SLOW),
        (5.4, 220.0, Fit.USABLE),
    ],
)
def test_the_verdict_follows_from_the_rates(decode: float, prefill: float, verdict: Fit) -> None:
    """Faster than one reads, and both kinds of answers begin in time."""
    planned = _plan(_machine(), measured=_rates(decode, prefill))
    assert planned.verdict is verdict
    assert any("measured here" in reason for reason in planned.reasons)


def test_more_context_leaves_fewer_layers() -> None:
    """The cache lies beside the weights."""
    machine = _machine(6)
    short = _plan(machine)
    long = plan(
        dense(),
        replace(WANTED, n_ctx_tokens=32_768, n_cells=65_536),
        machine,
        rule_of_thumb(machine),
    )
    assert long.n_gpu_layers < short.n_gpu_layers
