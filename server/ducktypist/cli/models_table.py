"""How plans look in a terminal; no number is made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ducktypist.cli.stats_tables import empty_table
from ducktypist.fit.plan import Fit, gigabytes
from ducktypist.fit.speed import RateSource

if TYPE_CHECKING:
    from rich.table import Table

    from ducktypist.app.planning import Ground, PlannedModel
    from ducktypist.fit.memory import Need

_MB: Final = 10**6
_GB: Final = 10**9
_WHOLE_TOK_S: Final = 10
"""From here on tenths of a token do not matter."""
_FROM: Final = {
    RateSource.MEASURED: "measured here with this very file",
    RateSource.PREDICTED: "worked out from this machine's calibration",
    RateSource.RULE_OF_THUMB: "a rule of thumb from published memory bandwidth",
}
_STYLES: Final = {Fit.USABLE: "green", Fit.SLOW: "yellow", Fit.TEA: "yellow"}


def machine_line(ground: Ground) -> str:
    """Return one line that says for which machine and context the plans are."""
    machine, wanted = ground.machine, ground.wanted
    parts = [f"{size(gpu.free_bytes)} free on {gpu.name}" for gpu in machine.gpus]
    parts.append(f"{size(machine.free_memory_bytes)} of {size(machine.memory_bytes)} memory free")
    lead = "as asked, not this machine" if machine.is_asked_for else "this machine"
    return (
        f"{lead}: {', '.join(parts)}, {machine.n_threads} threads; "
        f"context {wanted.n_ctx_tokens} tokens, cache of {wanted.n_cells} in {wanted.kv_type}"
    )


def models_table(found: Sequence[PlannedModel]) -> Table:
    """Return the plans, a row each, in the order given."""
    from rich.text import Text  # noqa: PLC0415 - keeps the start of other commands fast

    table = empty_table(
        "What fits",
        names=("model", "licence"),
        numbers=(
            *("file", "cache", "buffers", "takes", "left", "on GPU"),
            *("writes", "reads"),
        ),
    )
    table.add_column("verdict")
    for one in found:
        plan = one.plan
        cells = (
            _marked(one),
            _licence(one),
            about(size(one.file_bytes), is_about=one.is_about),
            size(plan.need.cache_bytes),
            size(plan.need.buffers_bytes),
            about(size(plan.need.total_bytes), is_about=one.shape.is_estimate),
            size(plan.headroom_bytes),
            f"{plan.n_gpu_layers}/{plan.n_layers}" if plan.on_gpu is not None else "-",
            rate(plan.rates.decode_tok_s, plan.rates.source),
            rate(plan.rates.prefill_tok_s, plan.rates.source),
        )
        # Names come from files; square brackets in them are not markup.
        row = [Text(cell) for cell in cells]
        table.add_row(*row, Text(str(plan.verdict), style=_STYLES.get(plan.verdict, "red")))
    table.caption = (
        "* here, > named by the settings, ~ worked out and not read or measured; "
        "writes and reads in tokens a second; NC: no commercial use"
    )
    return table


def why_lines(found: Sequence[PlannedModel]) -> Iterator[str]:
    """Give the reasons, a paragraph for each model."""
    for one in found:
        yield f"{one.name}: {one.plan.verdict}"
        yield from (f"  {reason}" for reason in one.plan.reasons)


def model_lines(one: PlannedModel) -> Iterator[str]:
    """Give all that is known of one model and its plan."""
    shape, plan = one.shape, one.plan
    yield f"{one.name}, {one.quantisation}: {plan.verdict}"
    if one.licence:
        commercial = "" if one.allows_commercial_use else ", which forbids commercial use"
        yield f"  licence     {one.licence}{commercial}"
    if one.hub:
        whose = "the makers' own" if one.hub_is_official else "not the makers'"
        yield f"  hub         {one.hub} ({whose})"
    yield f"  here        {'yes' if one.is_here else 'no'}"
    yield f"  fill-in     {'yes' if one.has_fim else 'no'}"
    active = f", of which a token uses {shape.n_active_parameters / 1e9:.2f} billion"
    experts = active if shape.n_experts else ""
    yield f"  parameters  {shape.n_parameters / 1e9:.2f} billion{experts}"
    yield f"  file        {about(size(one.file_bytes), is_about=one.is_about)}"
    yield f"  takes       {_need(plan.need)}"
    if plan.on_gpu is not None:
        yield f"  on GPU      {_need(plan.on_gpu)}; {plan.n_gpu_layers} of {plan.n_layers} layers"
        yield f"  beside it   {_need(plan.on_host)}"
    yield f"  left        {size(plan.headroom_bytes)}"
    rates = plan.rates
    yield (
        f"  speed       writes {rates.decode_tok_s:.1f} and reads {rates.prefill_tok_s:.0f} tokens "
        f"a second, {_FROM[rates.source]}"
    )
    for number, reason in enumerate(plan.reasons):
        yield f"  {'why' if not number else '':10}  {reason}"
    if one.shape.is_estimate:
        yield "  ~ is worked out from the catalogue's figures; the file's own header is exact"


def size(n_bytes: int) -> str:
    """Return a size in the unit in which cards are sold and files are listed."""
    if abs(n_bytes) < _GB:
        return f"{n_bytes / _MB:.0f} MB"
    return gigabytes(n_bytes)


def about(text: str, *, is_about: bool) -> str:
    """Mark what was worked out."""
    return f"~{text}" if is_about else text


def rate(tok_s: float, source: RateSource) -> str:
    """Return a rate, marked unless it was measured."""
    digits = 0 if tok_s >= _WHOLE_TOK_S else 1
    return about(f"{tok_s:.{digits}f}", is_about=source is not RateSource.MEASURED)


def _marked(one: PlannedModel) -> str:
    return f"{'>' if one.is_wanted else ' '}{'*' if one.is_here else ' '} {one.name}"


def _licence(one: PlannedModel) -> str:
    return one.licence + (" NC" if one.allows_commercial_use is False else "")


def _need(need: Need) -> str:
    return (
        f"{size(need.total_bytes)}: weights {size(need.weights_bytes)}, "
        f"cache {size(need.cache_bytes)}, buffers {size(need.buffers_bytes)}, "
        f"process {size(need.process_bytes)}"
    )
