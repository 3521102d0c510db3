"""``ducktypist bench ledger``: the record of a million events read, written, killed and broken.

It formats and nothing else; what is measured is in :mod:`ducktypist.bench.ledger`.
"""

from __future__ import annotations

import asyncio

import click

from ducktypist.errors import DucktypistError

GROUPS = ("speed", "kills", "faults")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, all samples in it.")
@click.option(
    "--events",
    "n_events",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(min=1000),
    help="How many the large ledger has.",
)
@click.option(
    "--kills",
    "n_kills",
    default=400,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many writers are killed.",
)
@click.option(
    "--runs", default=11, show_default=True, type=click.IntRange(min=1), help="Of each command."
)
@click.option("--only", multiple=True, type=click.Choice(GROUPS), help="Only these; repeatable.")
def ledger(*, as_json: bool, n_events: int, n_kills: int, runs: int, only: tuple[str, ...]) -> None:
    """Measure a large ledger, kill its writers, and let its file fail."""
    from ducktypist.bench.ledger.table import ledger as measure  # noqa: PLC0415 - keeps the help fast
    from ducktypist.cli.bench import show  # noqa: PLC0415 - it imports this module

    def say(name: str) -> None:
        click.echo(f"measuring {name}", err=True)

    try:
        report = asyncio.run(
            measure(n_events=n_events, n_kills=n_kills, runs=runs, only=only, on_start=say)
        )
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    show(report, as_json=as_json)
