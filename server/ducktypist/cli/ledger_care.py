"""``ducktypist ledger check``, ``backup`` and ``path``: looking after the file."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click

from ducktypist.cli.ledger_place import ledger_option, place_of
from ducktypist.errors import DucktypistError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--repair", is_flag=True, help="Make the tables of sums anew; events stay.")
@ledger_option
def check(ledger: Path | None, *, as_json: bool, repair: bool) -> None:
    """Look the ledger over: is it whole, guarded, private, and at one with itself.

    The exit status is 1 where something is damaged.
    """
    from ducktypist.ledger.moving import checking  # noqa: PLC0415 - keeps the start of other commands fast

    try:
        at = place_of(ledger)
        if repair:
            checking.rebuild(at)
        found = checking.check(at)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        table = {"ledger": str(at), "sound": found.is_sound, **dataclasses.asdict(found)}
        click.echo(json.dumps(table, indent=2))
    else:
        for item in found.findings:
            click.echo(f"{item.weight}: {item.what}: {item.says}")
        state = "sound" if found.is_sound else "not sound"
        click.echo(f"{at} is {state}: {found.n_events} events, schema {found.schema}")
    if not found.is_sound:
        sys.exit(1)


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@ledger_option
def backup(out: Path, ledger: Path | None, *, force: bool) -> None:
    """Copy the ledger to OUT while others may write, and check the copy.

    The key beside the ledger is not copied: with both at hand, guesses of what was hashed could be
    tested.
    """
    from ducktypist.ledger.moving.backup import backup as copy  # noqa: PLC0415 - as above

    try:
        at = place_of(ledger)
        done = copy(at, out, replace=force)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {done.n_events} events, {done.n_bytes} bytes, checked")


@click.command()
@ledger_option
def path(ledger: Path | None) -> None:
    """Print where the ledger is."""
    try:
        click.echo(place_of(ledger))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
