"""Which rows of the plan are shown, what is taken instead, and for which machine one may ask."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ducktypist.app.planning import (
    PlannedModel,
    asked_machine,
    in_order,
    next_best,
    wanted_of,
    what_matters,
)
from ducktypist.config import Config, EngineConfig
from ducktypist.fit.machine import Gpu, Machine
from ducktypist.fit.memory import Need
from ducktypist.fit.plan import Fit, Plan
from ducktypist.fit.speed import PredictedRates, RateSource
from ducktypist.models.catalog import load_catalogue
from ducktypist.models.catalog_shape import shape_of

NEED = Need(weights_bytes=4, cache_bytes=3, buffers_bytes=2, process_bytes=1)
ENTRIES = {entry.name: entry for entry in load_catalogue().entries}
MACHINE = Machine(
    memory_bytes=64,
    free_memory_bytes=32,
    gpus=(Gpu(name="real", free_bytes=8, total_bytes=16),),
    n_threads=2,
)


def planned(name: str, verdict: Fit, *, is_here: bool = False) -> PlannedModel:
    """Return a model of the catalogue with a plan of one's own."""
    entry = ENTRIES[name]
    assert entry.shape is not None
    rates = PredictedRates(decode_tok_s=10.0, prefill_tok_s=100.0, source=RateSource.PREDICTED)
    return PlannedModel(
        name=name,
        model=entry.model,
        family=entry.family,
        quantisation=entry.quantisation,
        licence=entry.licence,
        allows_commercial_use=entry.allows_commercial_use,
        has_fim=entry.has_fim,
        hub=entry.hub or "",
        hub_is_official=entry.hub_is_official,
        file_bytes=entry.about_bytes or 0,
        is_about=entry.n_bytes is None,
        is_here=is_here,
        is_wanted=False,
        shape=shape_of(entry.shape, entry.quantisation),
        plan=Plan(
            need=NEED,
            on_gpu=None,
            on_host=NEED,
            n_gpu_layers=0,
            n_layers=3,
            headroom_bytes=5,
            rates=rates,
            verdict=verdict,
            reasons=("because",),
        ),
    )


def names(models: Sequence[PlannedModel]) -> list[str]:
    """Return the names, in order."""
    return [one.name for one in models]


def coder(
    n_billion: int, quantisation: str, verdict: Fit, *, is_here: bool = False
) -> PlannedModel:
    """Return a Qwen2.5-Coder."""
    return planned(f"qwen2.5-coder-{n_billion}b-instruct-{quantisation}", verdict, is_here=is_here)


def test_better_verdicts_come_first_and_then_larger_models() -> None:
    """A usable small model stands above a large one that is time for tea."""
    models = [
        coder(32, "q4_k_m", Fit.DOES_NOT_FIT),
        coder(14, "q4_k_m", Fit.TEA),
        coder(7, "q4_k_m", Fit.USABLE),
        coder(14, "q3_k_m", Fit.USABLE),
        coder(7, "q8_0", Fit.USABLE),
        coder(3, "q4_k_m", Fit.SLOW),
    ]
    assert [one.removeprefix("qwen2.5-coder-") for one in names(in_order(models))] == [
        *("14b-instruct-q3_k_m", "7b-instruct-q8_0", "7b-instruct-q4_k_m"),
        *("3b-instruct-q4_k_m", "14b-instruct-q4_k_m", "32b-instruct-q4_k_m"),
    ]


def test_each_model_is_shown_once_unless_there_is_a_reason() -> None:
    """The quantisation to take if in doubt, the largest that fits instead, and what is here."""
    seven = [coder(7, q, Fit.USABLE) for q in ("q4_k_m", "q3_k_m", "q5_k_m")]
    seven.append(coder(7, "q8_0", Fit.DOES_NOT_FIT, is_here=True))
    large = [
        coder(32, "q4_k_m", Fit.DOES_NOT_FIT),
        coder(32, "q3_k_m", Fit.SLOW),
        coder(32, "q8_0", Fit.DOES_NOT_FIT),
    ]
    assert sorted(names(what_matters([*seven, *large]))) == [
        "qwen2.5-coder-32b-instruct-q3_k_m",
        "qwen2.5-coder-32b-instruct-q4_k_m",
        "qwen2.5-coder-7b-instruct-q4_k_m",
        "qwen2.5-coder-7b-instruct-q8_0",
    ]


def test_the_next_best_is_of_the_same_model_if_any() -> None:
    """Its largest quantisation that fits; else the best of the family; else the best of all."""
    refused = coder(14, "q8_0", Fit.DOES_NOT_FIT)
    other = planned("devstral-small-2507-q4_k_m", Fit.USABLE)
    models = [refused, other, coder(7, "q4_k_m", Fit.USABLE), coder(3, "q8_0", Fit.USABLE)]
    small = [coder(14, "q3_k_m", Fit.TEA), coder(14, "q4_k_m", Fit.SLOW)]
    assert next_best([*models, *small], refused) is small[1]
    # Tea is named where there is nothing else.
    assert next_best([*models, small[0]], refused) is models[2]
    assert next_best([refused, small[0]], refused) is small[0]
    assert next_best(models, refused) is models[2]
    assert next_best([refused, other], refused) is other
    assert next_best([refused], refused) is None


def test_the_settings_say_what_is_wanted() -> None:
    """Twice the context stays warm, unless the settings name a number for their own context."""
    plain = wanted_of(Config())
    assert (plain.n_ctx_tokens, plain.n_cells, plain.kv_type) == (4096, 8192, "f16")
    settings = Config(engine=EngineConfig(n_ctx_tokens=2048, cache_tokens=5000, kv_type="q8_0"))
    own = wanted_of(settings)
    assert (own.n_ctx_tokens, own.n_cells, own.kv_type) == (2048, 5000, "q8_0")
    other = wanted_of(settings, n_ctx_tokens=16384, kv_type="q4_0")
    assert (other.n_ctx_tokens, other.n_cells, other.kv_type) == (16384, 32768, "q4_0")


@pytest.mark.parametrize(
    ("vram", "ram", "free", "cards"),
    [(24, None, 32, (24,)), (None, 128, 128, (8,)), (24, 128, 128, (24,)), (0, None, 32, ())],
)
def test_one_may_ask_for_a_machine_that_is_not_here(
    vram: int | None, ram: int | None, free: int, cards: tuple[int, ...]
) -> None:
    """What was not asked for is as it is here."""
    machine = asked_machine(MACHINE, vram_bytes=vram, ram_bytes=ram)
    assert machine.is_asked_for
    assert machine.free_memory_bytes == free
    assert tuple(gpu.free_bytes for gpu in machine.gpus) == cards


def test_nothing_asked_is_this_machine() -> None:
    """As it was found."""
    assert asked_machine(MACHINE) is MACHINE


def test_json_says_all_of_a_plan() -> None:
    """The parts of what it takes add up."""
    told = planned("gpt-oss-20b-mxfp4", Fit.USABLE).to_json()
    assert (told["verdict"], told["rates_from"], told["reasons"]) == (
        "usable",
        "predicted",
        ["because"],
    )
    assert told["needs"] == {
        "all": {
            "weights_bytes": 4,
            "cache_bytes": 3,
            "buffers_bytes": 2,
            "process_bytes": 1,
            "total_bytes": 10,
        },
        "gpu": None,
        "host": {
            "weights_bytes": 4,
            "cache_bytes": 3,
            "buffers_bytes": 2,
            "process_bytes": 1,
            "total_bytes": 10,
        },
    }
    assert (told["is_about"], told["commercial_use"], told["hub_is_official"]) == (
        True,
        True,
        False,
    )
