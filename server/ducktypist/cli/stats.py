"""``ducktypist stats``: the ledger's tables in a terminal, or as JSON.

It formats and nothing else; the numbers come from ``ledger.report_rows``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    type=click.Path(path_type=Path),
    help="The ledger's file, instead of the configured one.",
)
def stats(
    *,
    as_json: bool,
    sources: bool,
    kind: str | None,
    language: str | None,
    since_days: int | None,
    ledger: Path | None,
) -> None:
    """Show what each model turned out to be worth, by kind of task and language.

    A suggestion is verified when something ran it: right is of those only, with its 95 % interval.
    Accepted counts what was taken, which is not the same as right.

    With --sources: what each way of finding a fix came to. Every candidate that was tried counts,
    the shown ones and the others.
    """
    from ducktypist.ledger.report_rows import StatsFilter, sources_table, stats_table  # noqa: PLC0415 - keeps the start of other commands fast

    filters = StatsFilter(
        kind=Kind(kind) if kind else None, language=language, since_days=since_days
    )
    path = _ledger_path() if ledger is None else ledger
    try:
        table = sources_table(path, filters) if sources else stats_table(path, filters)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(table, indent=2, allow_nan=False))
        return
    if sources:
        _print_sources(table)
    else:
        print_table(table)


def _ledger_path() -> Path:
    path = config.user_config_path()
    settings = config.merge(config.Config(), config.read_file(path), source=str(path))
    return config.ledger_path(settings.ledger)


def print_table(table: Mapping[str, Any]) -> None:
    """Print what ``stats_table`` gave."""
    cells = table["cells"]
    has_too_few = any(cell["too_few"] and cell["n_verified"] for cell in cells)
    _print(_rich_table(cells) if cells else None, has_too_few=has_too_few, note=table["note"])


def _print_sources(table: Mapping[str, Any]) -> None:
    """Print what ``sources_table`` gave."""
    rows = table["sources"]
    has_too_few = any(row["too_few"] and row["n_suggestions"] for row in rows)
    _print(_sources_table(rows) if rows else None, has_too_few=has_too_few, note=table["note"])


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


def _rich_table(cells: list[dict[str, Any]]) -> Table:
    from rich.text import Text  # noqa: PLC0415 - as above

    table = _empty_table(
        "What suggestions turned out to be worth",
        names=("model", "quant", "kind", "language"),
        numbers=("n", "verified", "right", "flaky", "accepted", "first token", "total"),
    )
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


def _sources_table(rows: list[dict[str, Any]]) -> Table:
    from rich.text import Text  # noqa: PLC0415 - as above

    table = _empty_table(
        "What each source of candidates came to",
        names=("model", "quant", "kind", "language", "source"),
        numbers=(
            *("searches", "found a plausible one", "candidates", "plausible"),
            *("shown", "accepted", "tokens", "to make", "to check"),
        ),
    )
    for row in rows:
        found = _interval(
            k=row["n_suggestions_plausible"],
            n=row["n_suggestions"],
            low=row["plausible_low"],
            high=row["plausible_high"],
            is_too_few=row["too_few"],
        )
        cells = (
            *(row["model"], row["quantisation"] or "?", row["kind"], row["language"]),
            *(row["source"], str(row["n_suggestions"]), found),
            *(str(row["n_tried"]), str(row["n_plausible"]), str(row["n_chosen"])),
            *(str(row["n_accepted"]), str(row["completion_tokens"])),
            _times(row["generation_p50_ms"], row["generation_p95_ms"]),
            _times(row["verify_p50_ms"], row["verify_p95_ms"]),
        )
        # Names come from files and editors; square brackets in them are not markup.
        table.add_row(*(Text(value) for value in cells))
    table.caption = "to make and to check: of one candidate, p50 / p95"
    return table


def _empty_table(title: str, *, names: Sequence[str], numbers: Sequence[str]) -> Table:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _verified(cell: Mapping[str, Any]) -> str:
    if cell["coverage"] is None:
        return "0"
    return f"{cell['n_verified']} ({cell['coverage']:.0%})"


def _right(cell: Mapping[str, Any]) -> str:
    return _interval(
        k=cell["n_right"],
        n=cell["n_verified"],
        low=cell["right_low"],
        high=cell["right_high"],
        is_too_few=cell["too_few"],
    )


def _interval(*, k: int, n: int, low: float, high: float, is_too_few: bool) -> str:
    if not n:
        return "-"
    interval = f"[{low:.0%}, {high:.0%}]"
    if is_too_few:
        return f"{k}/{n} {interval} too few"
    return f"{k / n:.0%} {interval} {k}/{n}"


def _times(p50_ms: float | None, p95_ms: float | None) -> str:
    return f"{_time(p50_ms)} / {_time(p95_ms)}"


def _time(value_ms: float | None) -> str:
    if value_ms is None:
        return "-"
    if value_ms < _MS_PER_S:
        return f"{value_ms:.0f} ms"
    return f"{value_ms / _MS_PER_S:.1f} s"
