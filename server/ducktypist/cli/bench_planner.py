"""``ducktypist bench planner``: what the planner predicts against what models really take.

It formats and nothing else; what is measured is in :mod:`ducktypist.bench.planner`.
"""

from __future__ import annotations

import asyncio
from typing import IO, TYPE_CHECKING

import click

from ducktypist.cli.figures import circumstances, print_figures, wrote_elsewhere
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.bench.planner.run import PlannerReport

PARTS = ("memory", "speed")
MODELS = "qwen2.5-coder-0.5b-instruct-q4_k_m,smollm2-135m-instruct-q4_1,gemma-3-270m-q4_k_m"
KV_TYPES = ("f16", "q8_0", "q4_0")


@click.command()
@click.option("--models", default=MODELS, show_default=True, help="Names, with commas between.")
@click.option(
    "--contexts", default="1024,4096,8192", show_default=True, help="Sizes whose memory is seen."
)
@click.option(
    "--filled", default="128,1024,3000", show_default=True, help="Tokens read before decoding."
)
@click.option(
    "--kv-types", default="f16,q8_0", show_default=True, help="Formats whose memory is seen."
)
@click.option(
    "--rounds", default=3, show_default=True, type=click.IntRange(min=1), help="Of speed."
)
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only these; repeatable.")
@click.option(
    "--json",
    "json_file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write everything measured to a file as one JSON object; - for standard output.",
)
def planner(
    *,
    models: str,
    contexts: str,
    filled: str,
    kv_types: str,
    rounds: int,
    only: tuple[str, ...],
    json_file: IO[str] | None,
) -> None:
    """Load models, and hold their memory and speed against what was predicted.

    The machine is calibrated on the way; it must be idle.
    """
    from ducktypist.bench.planner.run import PlannerPlan, run  # noqa: PLC0415 - keeps the help fast

    formats = _listed(kv_types)
    if unknown := [name for name in formats if name not in KV_TYPES]:
        raise click.BadParameter(f"{unknown[0]} is none of {', '.join(KV_TYPES)}")
    plan = PlannerPlan(
        models=_listed(models),
        contexts=_numbers(contexts),
        filled=_numbers(filled),
        kv_types=formats,
        n_rounds=rounds,
        only=only,
    )
    try:
        found = asyncio.run(run(plan, say=_say))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if wrote_elsewhere(json_file, found.as_json()):
        print_figures(found.figures(), _about(found))


def _about(found: PlannerReport) -> list[str]:
    lines = circumstances(found.machine, None)
    averages = " ".join(f"{item:.2f}" for item in found.before.averages) or "unknown"
    lines.append(f"load before: {averages}, {found.before.busy_percent:.0f} % of all cores busy")
    if found.was_busy:
        lines.append("The machine was busy before we began; an idle one gives better figures")
    return lines


def _listed(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise click.BadParameter("the list is empty; give names with commas between")
    return found


def _numbers(text: str) -> tuple[int, ...]:
    found = _listed(text)
    if wrong := [part for part in found if not part.isdecimal() or int(part) < 1]:
        raise click.BadParameter(f"{wrong[0]!r} is no number of tokens; give such as 1024,4096")
    return tuple(int(part) for part in found)


def _say(line: str) -> None:
    click.echo(line, err=True)
