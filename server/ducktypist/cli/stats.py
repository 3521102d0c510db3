"""``ducktypist stats``: the ledger's table in a terminal, or as JSON.

It formats and nothing else; the numbers come from ``ledger.report_rows``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ducktypist import config
from ducktypist.domain import Kind
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from rich.table import Table

_MS_PER_S = 1000
_PIPE_COLUMNS = 200


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
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
    type=click.Path(path_type=Path),
    help="The ledger's file, instead of the configured one.",
)
def stats(
    *,
    as_json: bool,
    kind: str | None,
    language: str | None,
    since_days: int | None,
    ledger: Path | None,
) -> None:
    """Show what each model turned out to be worth, by kind of task and language.

    A suggestion is verified when something ran it: right is of those only, with its 95 % interval.
    Accepted counts what was taken, which is not the same as right.
    """
    from ducktypist.ledger.report_rows import StatsFilter, stats_table  # noqa: PLC0415 - keeps the start of other commands fast

    filters = StatsFilter(
        kind=Kind(kind) if kind else None, language=language, since_days=since_days
    )
    try:
        table = stats_table(_ledger_path() if ledger is None else ledger, filters)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(table, indent=2, allow_nan=False))
        return
    print_table(table)


def _ledger_path() -> Path:
    path = config.user_config_path()
    settings = config.merge(config.Config(), config.read_file(path), source=str(path))
    return config.ledger_path(settings.ledger)


def print_table(table: Mapping[str, Any]) -> None:
    """Print what ``stats_table`` gave."""
    from rich.console import Console  # noqa: PLC0415 - as above

    console = Console()
    if not console.is_terminal:
        # Nobody's screen is too narrow for a pipe, and wrapped cells cannot be searched.
        console = Console(width=_PIPE_COLUMNS)
    cells = table["cells"]
    if cells:
        console.print(_rich_table(cells))
        if any(cell["too_few"] and cell["n_verified"] for cell in cells):
            console.print(
                "too few: the 95 % interval is wider than ±15 points; do not choose by it yet",
                style="dim",
            )
    if table["note"]:
        console.print(table["note"], markup=False, highlight=False)


def _rich_table(cells: list[dict[str, Any]]) -> Table:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(
        title="What suggestions turned out to be worth", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for name in ("model", "quant", "kind", "language"):
        table.add_column(name, overflow="fold")
    for name in ("n", "verified", "right", "flaky", "accepted", "first token", "total"):
        table.add_column(name, justify="right")
    table.add_column("speed")
    for cell in cells:
        row = (
            cell["model"],
            cell["quantisation"] or "?",
            cell["kind"],
            cell["language"],
            str(cell["n_suggestions"]),
            _verified(cell),
            _right(cell),
            str(cell["n_flaky"]),
            str(cell["n_accepted"]),
            _times(cell["ttft_p50_ms"], cell["ttft_p95_ms"]),
            _times(cell["total_p50_ms"], cell["total_p95_ms"]),
            cell["speed"],
        )
        # Names come from files and editors; square brackets in them are not markup.
        table.add_row(*(Text(value) for value in row))
    table.caption = "first token and total: p50 / p95"
    return table


def _verified(cell: Mapping[str, Any]) -> str:
    if cell["coverage"] is None:
        return "0"
    return f"{cell['n_verified']} ({cell['coverage']:.0%})"


def _right(cell: Mapping[str, Any]) -> str:
    if not cell["n_verified"]:
        return "-"
    interval = f"[{cell['right_low']:.0%}, {cell['right_high']:.0%}]"
    fraction = f"{cell['n_right']}/{cell['n_verified']}"
    if cell["too_few"]:
        return f"{fraction} {interval} too few"
    return f"{cell['right']:.0%} {interval} {fraction}"


def _times(p50_ms: float | None, p95_ms: float | None) -> str:
    return f"{_time(p50_ms)} / {_time(p95_ms)}"


def _time(value_ms: float | None) -> str:
    if value_ms is None:
        return "-"
    if value_ms < _MS_PER_S:
        return f"{value_ms:.0f} ms"
    return f"{value_ms / _MS_PER_S:.1f} s"
