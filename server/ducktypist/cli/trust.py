"""``ducktypist trust``: which folders' code may be run."""

from __future__ import annotations

from pathlib import Path

import click

from ducktypist import trust as trusted
from ducktypist.errors import DucktypistError


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--remove", is_flag=True, help="Take FOLDER off the list.")
def trust(folder: Path | None, *, remove: bool) -> None:
    """Allow Ducktypist to run the tests of FOLDER and below, in its sandbox.

    Without FOLDER, list what is trusted.
    """
    try:
        if folder is None:
            for item in trusted.trusted_folders():
                click.echo(item)
        elif remove:
            known = trusted.distrust(folder)
            click.echo(f"{folder} {'is no longer trusted' if known else 'was not trusted'}")
        else:
            click.echo(f"{trusted.trust(folder)} is trusted: its tests run in the sandbox")
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
