"""``ducktypist report``: the ledger as one HTML file.

Options in, a file out; what is on the page is the business of the package ``report``.
"""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from ducktypist import config
from ducktypist.cli.ledger_place import own_ledger
from ducktypist.domain import Kind
from ducktypist.errors import DucktypistError

FILE_NAME = "report.html"


@click.command()
@click.option(
    "--out",
    metavar="FILE",
    help="Where to write it, - for standard output; otherwise report.html in the state folder.",
)
@click.option(
    "--since",
    "since_days",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Only the last so many days (UTC), today included.",
)
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind.")
@click.option("--language", help="Only this language, such as python.")
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Only suggestions in this workspace folder.",
)
@click.option(
    "--single",
    "n_single",
    type=click.IntRange(min=0, max=1000),
    default=100,
    show_default=True,
    metavar="N",
    help="How many single suggestions to list, the newest.",
)
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@click.option(
    "--ledger", metavar="PLACE", help="A ledger's file or a postgresql:// address, not one's own."
)
@click.option("--unlogged", "n_unnoted", type=click.IntRange(min=0), default=0, hidden=True)
def report(
    *,
    out: str | None,
    since_days: int | None,
    kind: str | None,
    language: str | None,
    project: Path | None,
    n_single: int,
    opens: bool,
    ledger: str | None,
    n_unnoted: int,
) -> None:
    """Write what suggestions turned out to be worth as one HTML file.

    The file needs nothing beside itself: no script, no font, no network. It is readable by you
    alone, because it holds prompts and answers where `ledger.keep_text` is on.
    """
    if out == "-" and opens:
        raise click.UsageError("--open needs a file; leave out `--out -`")
    try:
        document = _document(
            place=ledger,
            since_days=since_days,
            kind=Kind(kind) if kind else None,
            language=language,
            project=project,
            n_single=n_single,
            n_unnoted=n_unnoted,
        )
        if out == "-":
            click.echo(document, nl=False)
            return
        from ducktypist.report.build import save  # noqa: PLC0415 - keeps the start of other commands fast

        place = Path(out).expanduser() if out else config.state_dir() / FILE_NAME
        save(document, place)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    click.echo(str(place))
    if opens and not webbrowser.open(place.resolve().as_uri()):
        raise click.ClickException(f"no browser could be opened; the report is {place}")


def _document(
    *,
    place: str | None,
    since_days: int | None,
    kind: Kind | None,
    language: str | None,
    project: Path | None,
    n_single: int,
    n_unnoted: int,
) -> bytes:
    from ducktypist.ledger.moving.wanted import project_hash_of  # noqa: PLC0415 - as above
    from ducktypist.ledger.query import is_url, rows_at  # noqa: PLC0415 - as above
    from ducktypist.ledger.reading import Filter, since_day  # noqa: PLC0415 - as above
    from ducktypist.report.build import build  # noqa: PLC0415 - as above

    own = own_ledger()
    if place is not None and is_url(place):
        rows = rows_at(place)
    else:
        rows = rows_at(Path(place).expanduser() if place is not None else own)
    wanted = Filter(
        kind=kind,
        language=language,
        since_day_utc=None if since_days is None else since_day(since_days),
        # Under the key of this installation, whichever ledger is read.
        project_hash=project_hash_of(own, project) if project is not None else None,
    )
    return build(rows, wanted, n_details=n_single, n_unnoted=n_unnoted)
