"""``ducktypist ledger purge``: remove for good. It asks first."""

from __future__ import annotations

from pathlib import Path

import click

from ducktypist.cli.ledger_place import ledger_option, place_of
from ducktypist.errors import DucktypistError


@click.command()
@click.option(
    "--before",
    metavar="DATE|DAYS",
    help="What was requested or run before this UTC day, or more than so many days ago.",
)
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False),
    help="What was asked for in this workspace folder.",
)
@click.option("--all", "everything", is_flag=True, help="Everything.")
@click.option("--text", "text_only", is_flag=True, help="Of that, only kept source text.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@ledger_option
def purge(
    before: str | None,
    project: Path | None,
    ledger: Path | None,
    *,
    everything: bool,
    text_only: bool,
    yes: bool,
) -> None:
    """Remove suggestions with all their events, and test runs, from the ledger and its file.

    This cannot be undone. With --before and --project, what meets both goes.
    """
    from ducktypist.cli.ledger_move import wanted_of  # noqa: PLC0415 - keeps the start of other commands fast
    from ducktypist.ledger.moving.purge import purge as remove  # noqa: PLC0415 - as above

    chosen = before is not None or project is not None
    if everything and chosen:
        raise click.UsageError("--all goes without --before and --project")
    if not (everything or chosen or text_only):
        raise click.UsageError("say what: --before, --project, --text or --all")
    try:
        at = place_of(ledger)
        wanted = wanted_of(at, before=before, project=project)
        if not yes:
            what = "kept text" if text_only else "events"
            which = "all" if wanted.is_all else "the chosen"
            click.confirm(f"Remove {which} {what} from {at} for good?", abort=True)
        done = remove(at, wanted, text_only=text_only)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    told = ", ".join(f"{n} of {table}" for table, n in done.removed.items())
    click.echo(f"removed {done.n_removed} rows{f': {told}' if told else ''}")
    if not done.scrubbed:
        click.echo(
            "another process is reading the ledger, so the bytes may still be in its file; run "
            "this again, or close the editors and run: ducktypist ledger purge --text --before "
            "1970-01-01 --yes",
            err=True,
        )
    for path in done.set_aside:
        click.echo(f"not touched: {path} was set aside as damaged; remove it yourself", err=True)
