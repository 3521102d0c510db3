"""``ducktypist stats``: the ledger's tables in a terminal, or as JSON.

It reads and prints; the numbers come from ``ledger.report_rows``, how they look from
``stats_tables``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ducktypist.cli.ledger_place import own_ledger
from ducktypist.domain import Kind
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from rich.table import Table

    from ducktypist.ledger.query import Rows

_PIPE_COLUMNS = 200


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
@click.option("--accepted", is_flag=True, help="Show what became of accepted suggestions.")
@click.option("--claims", is_flag=True, help="Show how what explanations claimed stood.")
@click.option("--tell", is_flag=True, help="Show how well the stated probabilities foretold.")
@click.option("--sources", is_flag=True, help="Show which sources of fixes were worth their time.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only this kind.")
@click.option("--language", help="Only this language, such as python.")
@click.option(
    "--since",
    "since_days",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Only the last so many days (UTC), today included.",
)
@click.option(
    "--ledger",
    "ledger",
    metavar="FILE|URL",
    help="A ledger's file or a team's postgresql:// address, instead of the configured file.",
)
def stats(
    *,
    as_json: bool,
    accepted: bool,
    claims: bool,
    tell: bool,
    sources: bool,
    kind: str | None,
    language: str | None,
    since_days: int | None,
    ledger: str | None,
) -> None:
    """Show what each model turned out to be worth, by kind of task and language.

    A suggestion is verified when something ran it: right is of those only, with its 95 % interval.
    Accepted counts what was taken, which is not the same as right.

    With --accepted: how much of what was taken still stood later, and whether its checks still
    passed.

    With --claims: what explanations claimed, as first said and as shown, and how that stood beside
    what is known. None of it is accuracy.

    With --tell: how well p_right foretold what came, and whether it is a tell at all. In JSON this
    is `telling`, null without --tell.

    With --sources: what each way of finding a fix came to. Every candidate that was tried counts,
    the shown ones and the others.
    """
    from ducktypist.ledger.report_rows import StatsFilter, sources_table, stats_table  # noqa: PLC0415 - keeps the start of other commands fast

    filters = StatsFilter(
        kind=Kind(kind) if kind else None, language=language, since_days=since_days
    )
    try:
        place = _place(ledger)
        read = sources_table if sources else functools.partial(stats_table, tell=tell)
        table = read(place, filters)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(table, indent=2, allow_nan=False))
    elif sources:
        _print_sources(table)
    elif accepted:
        _print_accepted(table)
    elif claims:
        _print_claims(table)
    elif tell:
        _print_tell(table)
    else:
        print_table(table)


def _place(ledger: str | None) -> Path | Rows:
    if ledger is None:
        return own_ledger()
    from ducktypist.ledger.query import is_url, rows_at  # noqa: PLC0415 - as above

    return rows_at(ledger) if is_url(ledger) else Path(ledger)


def print_table(table: Mapping[str, Any]) -> None:
    """Print what ``stats_table`` gave."""
    from ducktypist.cli.stats_tables import cells_table  # noqa: PLC0415 - as above

    cells = table["cells"]
    has_too_few = any(cell["too_few"] and cell["n_verified"] for cell in cells)
    _print(cells_table(cells) if cells else None, has_too_few=has_too_few, note=table["note"])


def _print_sources(table: Mapping[str, Any]) -> None:
    """Print what ``sources_table`` gave."""
    from ducktypist.cli.stats_tables import sources_table  # noqa: PLC0415 - as above

    rows = table["sources"]
    has_too_few = any(row["too_few"] and row["n_suggestions"] for row in rows)
    _print(sources_table(rows) if rows else None, has_too_few=has_too_few, note=table["note"])


def _print_accepted(table: Mapping[str, Any]) -> None:
    from ducktypist.cli.stats_tables import accepted_table  # noqa: PLC0415 - as above

    shown = accepted_table(table["acceptances"], table["persistences"])
    nothing = "" if table["acceptances"] else "No suggestion was accepted yet. "
    _print(shown, has_too_few=False, note=nothing + table["note"])


def _print_claims(table: Mapping[str, Any]) -> None:
    from ducktypist.cli.stats_tables import claims_table  # noqa: PLC0415 - as above

    nothing = "" if table["claims"] else "No explanation's claims were compared yet. "
    _print(claims_table(table["claims"]), has_too_few=False, note=nothing + table["note"])


def _print_tell(table: Mapping[str, Any]) -> None:
    from ducktypist.cli.stats_tables import tell_sentences, tell_table  # noqa: PLC0415 - as above

    rows = table["telling"]
    nothing = [] if rows else ["No stated probability has met its outcome yet."]
    note = "\n".join([*nothing, *tell_sentences(rows), *filter(None, [table["note"]])])
    _print(tell_table(rows) if rows else None, has_too_few=False, note=note)


def _print(table: Table | None, *, has_too_few: bool, note: str) -> None:
    from rich.console import Console  # noqa: PLC0415 - as above

    console = Console()
    if not console.is_terminal:
        # Nobody's screen is too narrow for a pipe, and wrapped cells cannot be searched.
        console = Console(width=_PIPE_COLUMNS)
    if table is not None:
        console.print(table)
    if has_too_few:
        console.print(
            "too few: the 95 % interval is wider than ±15 points; do not choose by it yet",
            style="dim",
        )
    if note:
        console.print(note, markup=False, highlight=False)
