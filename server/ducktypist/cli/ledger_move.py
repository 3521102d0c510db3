"""``ducktypist ledger export``, ``import``, ``merge`` and ``schema``: events on the move.

It converts arguments and prints; what is done is in :mod:`ducktypist.ledger.moving`.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ducktypist.cli.ledger_place import ledger_option, place_of
from ducktypist.domain import Kind
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.ledger.moving.wanted import Wanted

_STANDARD = Path("-")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines can be imported again; the others are for reading.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A file for jsonl and --view, else a folder or a .zip; standard output for jsonl.",
)
@click.option("--view", metavar="NAME", help="Only this view, such as suggestion, as one file.")
@click.option("--since", metavar="DATE|DAYS", help="Only what was requested or run since then.")
@click.option("--before", metavar="DATE|DAYS", help="Only what was requested or run before then.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind.")
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False),
    help="Only what was asked for in this workspace folder.",
)
@click.option("--text", "with_text", is_flag=True, help="Kept source text too.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@ledger_option
def export(
    *,
    form: str,
    out: Path | None,
    view: str | None,
    since: str | None,
    before: str | None,
    kind: str | None,
    project: Path | None,
    ledger: Path | None,
    with_text: bool,
    force: bool,
) -> None:
    """Write the ledger's events out: as JSON lines, CSV or Parquet.

    A suggestion comes with all its events or not at all. Files can be read by their owner only.
    """
    from ducktypist.ledger.moving import export as exporting  # noqa: PLC0415 - keeps the start of other commands fast

    try:
        at = place_of(ledger)
        wanted = wanted_of(at, since=since, before=before, kind=kind, project=project)
        as_parquet = form == "parquet"
        if view is None and form == "jsonl":
            n = _export_lines(at, out, wanted, with_text=with_text, replace=force)
        elif out is None or out == _STANDARD:
            raise click.UsageError("only JSON lines go to standard output; name a place: --out")
        elif view is None:
            n = exporting.export_tables(
                at, out, as_parquet=as_parquet, wanted=wanted, with_text=with_text, replace=force
            )
        elif form == "jsonl":
            raise click.UsageError("a view is written as --format csv or parquet")
        else:
            n = exporting.export_view(
                at, out, view=view, as_parquet=as_parquet, wanted=wanted, replace=force
            )
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{n} rows of {at} written to {out or 'standard output'}", err=True)


def _export_lines(
    at: Path, out: Path | None, wanted: Wanted, *, with_text: bool, replace: bool
) -> int:
    from ducktypist.ledger.moving.export import export_lines  # noqa: PLC0415 - as above
    from ducktypist.ledger.moving.places import whole_file  # noqa: PLC0415 - as above

    if out is None or out == _STANDARD:
        # Lines end in one character, and are UTF-8, on every system.
        with click.open_file("-", "w", encoding="utf-8") as stream:
            return export_lines(at, stream, wanted=wanted, with_text=with_text)
    with (
        whole_file(out, replace=replace) as part,
        part.open("w", encoding="utf-8", newline="") as file,
    ):
        return export_lines(at, file, wanted=wanted, with_text=with_text)


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@ledger_option
def import_(files: tuple[Path, ...], ledger: Path | None) -> None:
    """Put the events of FILES into the ledger: exported lines, or other ledgers.

    What is there already is left out, so that the same file can be imported again. A file comes in
    as a whole or not at all. `-` is standard input.
    """
    _import_all(files, ledger)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@ledger_option
def merge(files: tuple[Path, ...], ledger: Path | None) -> None:
    """Put ledgers together: the same as `import`."""
    _import_all(files, ledger)


@click.command()
def schema() -> None:
    """Print the JSON Schema of exported lines."""
    from ducktypist.ledger.moving.pages import shipped_schema  # noqa: PLC0415 - as above

    click.echo(shipped_schema(), nl=False)


def wanted_of(
    at: Path,
    *,
    since: str | None = None,
    before: str | None = None,
    kind: str | None = None,
    project: Path | None = None,
) -> Wanted:
    """Return what the options choose.

    Raises:
        LedgerError: A time is none.
    """
    from ducktypist.ledger.moving.wanted import Wanted, moment_of, project_hash_of  # noqa: PLC0415 - as above

    now = dt.datetime.now(dt.UTC)
    return Wanted(
        since_utc=None if since is None else moment_of(since, now=now),
        before_utc=None if before is None else moment_of(before, now=now),
        kind=None if kind is None else Kind(kind),
        project_hash=None if project is None else project_hash_of(at, project),
    )


def _import_all(files: tuple[Path, ...], ledger: Path | None) -> None:
    from ducktypist.ledger.moving.incoming import import_ledger, import_lines, is_ledger  # noqa: PLC0415 - as above

    try:
        at = place_of(ledger)
        for file in files:
            if file == _STANDARD:
                done = import_lines(at, sys.stdin.buffer, name="standard input")
            elif is_ledger(file):
                done = import_ledger(at, file)
            else:
                with file.open("rb") as source:
                    done = import_lines(at, source, name=str(file))
            click.echo(f"{file}: {done.n_read} events read, {done.n_new} of them new", err=True)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}: {error.filename}") from error
