"""``ducktypist models``: what fits this machine, or one that you think of buying.

Options in, a table out; the arithmetic is in ``fit``, what is planned in ``app.planning``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from ducktypist.cli.pulling import one_line_errors

if TYPE_CHECKING:
    from ducktypist.app.planning import Ground, PlannedModel

_PIPE_COLUMNS: Final = 200
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MAX_BYTES: Final = 1 << 50
KV_TYPES: Final = ("f16", "q8_0", "q4_0")


class Size(click.ParamType[int]):
    """A size in bytes: ``24GB`` (powers of ten), ``24GiB`` (powers of two), ``24000MB``."""

    name = "SIZE"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the bytes."""
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(value.strip())
        if match is None or (match[2] == "" and not value.strip().isdigit()):
            self.fail(f"{value!r} is no size; write it as 24GB, 24GiB or 24000MB", param, ctx)
        unit = match[2].lower()
        base = 1024 if unit.endswith("i") else 1000
        n_bytes = int(float(match[1]) * base ** _POWERS[unit.removesuffix("i")])
        if n_bytes > _MAX_BYTES:
            self.fail(f"{value!r} is more than a petabyte; write it as 24GB", param, ctx)
        return n_bytes


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Every model in every quantisation.")
@click.option("--why", is_flag=True, help="Say the reasons below the table.")
@click.option("--ctx", "n_ctx_tokens", type=click.IntRange(256), help="Context in tokens.")
@click.option("--kv-type", type=click.Choice(KV_TYPES), help="How keys and values are kept.")
@click.option("--vram", type=Size(), help="For a card with so much memory, such as 24GB.")
@click.option("--ram", type=Size(), help="For a machine with so much memory, such as 32GB.")
@click.option("--calibrate", is_flag=True, help="Measure this machine first (half a minute).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def models(
    *,
    name: str | None,
    everything: bool,
    why: bool,
    n_ctx_tokens: int | None,
    kv_type: str | None,
    vram: int | None,
    ram: int | None,
    calibrate: bool,
    as_json: bool,
) -> None:
    """Show which models fit this machine, how fast they are there, and why.

    With NAME, one model in full. A size or a rate behind `~` was worked out, not read or measured.

    --vram and --ram ask for a machine that you do not have; 0 leaves the graphics card out.
    """
    with one_line_errors():
        from ducktypist.app.planning import (  # noqa: PLC0415 - keeps the start of other commands fast
            calibrate_machine,
            ground_of,
            in_order,
            plan_all,
            plan_one,
            what_matters,
        )
        from ducktypist.models.catalog import resolve  # noqa: PLC0415 - as above

        if calibrate:
            click.echo("measuring this machine, about a minute", err=True)
            calibrate_machine()
        ground = ground_of(
            n_ctx_tokens=n_ctx_tokens, kv_type=kv_type, vram_bytes=vram, ram_bytes=ram
        )
        if name is not None:
            found: Sequence[PlannedModel] = (plan_one(resolve(name), ground),)
        elif everything:
            found = in_order(plan_all(ground, on_problem=_say_problem))
        else:
            found = what_matters(plan_all(ground, on_problem=_say_problem))
        if as_json:
            click.echo(json.dumps(_as_json(found, ground), indent=2))
        elif name is not None:
            _print_one(found[0], ground)
        else:
            _print_all(found, ground, why=why)


def _say_problem(problem: str) -> None:
    click.echo(f"ducktypist: {problem}", err=True)


def _as_json(found: Sequence[PlannedModel], ground: Ground) -> dict[str, Any]:
    machine, wanted = ground.machine, ground.wanted
    return {
        "machine": {
            "memory_bytes": machine.memory_bytes,
            "free_memory_bytes": machine.free_memory_bytes,
            "n_threads": machine.n_threads,
            "is_asked_for": machine.is_asked_for,
            "gpus": [
                {"name": gpu.name, "free_bytes": gpu.free_bytes, "total_bytes": gpu.total_bytes}
                for gpu in machine.gpus
            ],
        },
        "n_ctx_tokens": wanted.n_ctx_tokens,
        "n_cells": wanted.n_cells,
        "kv_type": wanted.kv_type,
        "models": [one.to_json() for one in found],
    }


def _print_all(found: Sequence[PlannedModel], ground: Ground, *, why: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 - rich takes a while to load

    from ducktypist.cli.models_table import (  # noqa: PLC0415 - as above
        machine_line,
        models_table,
        why_lines,
    )

    console = Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS, highlight=False)
    console.print(machine_line(ground), markup=False, soft_wrap=True)
    console.print(models_table(found))
    if not (ground.calibration.measured_at_utc or ground.machine.is_asked_for):
        console.print(
            "rates are rules of thumb until this machine is measured: "
            "`ducktypist models --calibrate`",
            markup=False,
            soft_wrap=True,
        )
    for line in why_lines(found) if why else ():
        console.print(line, markup=False, soft_wrap=True)


def _print_one(one: PlannedModel, ground: Ground) -> None:
    from ducktypist.cli.models_table import (  # noqa: PLC0415 - rich takes a while to load
        machine_line,
        model_lines,
    )

    click.echo(machine_line(ground))
    for line in model_lines(one):
        click.echo(line)
