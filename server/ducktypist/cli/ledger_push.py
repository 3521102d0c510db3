"""``ducktypist ledger push``: a person's events into a team's PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

import click

from ducktypist.cli.ledger_place import ledger_option, place_of
from ducktypist.errors import DucktypistError


@click.command()
@click.argument("url")
@click.option(
    "--origin",
    metavar="NAME",
    help="What to call this ledger there; by default a hash that says nothing of whose it is.",
)
@click.option("--text", "with_text", is_flag=True, help="Kept source text too.")
@ledger_option
def push(url: str, origin: str | None, ledger: Path | None, *, with_text: bool) -> None:
    """Send the events that the database at URL does not have: postgresql://USER@HOST/DATABASE.

    A password belongs into ~/.pgpass or PGPASSWORD: what stands on the command line can be seen by
    others of this machine. Everything goes into the schema `ducktypist` of the database, which is
    made when missing. Reports read it: ducktypist report --ledger postgresql://...
    """
    from ducktypist.ledger.moving.wanted import origin_of  # noqa: PLC0415 - keeps the start of other commands fast
    from ducktypist.ledger.postgres.connection import redacted  # noqa: PLC0415 - as above
    from ducktypist.ledger.postgres.push import push as send  # noqa: PLC0415 - as above
    from ducktypist.ledger.query import URL_PREFIXES, is_url  # noqa: PLC0415 - as above

    if not is_url(url):
        raise click.UsageError(f"URL begins with {' or '.join(URL_PREFIXES)}")
    try:
        at = place_of(ledger)
        done = send(at, url, origin=origin or origin_of(at), with_text=with_text)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{redacted(url)}: {done.n_read} events sent, {done.n_new} of them new")
