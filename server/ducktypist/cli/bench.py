"""``ducktypist bench``: measure on this machine what the project promises, and print it.

It formats and nothing else; what is measured is in :mod:`ducktypist.bench`. Progress goes to
standard error. A bar that is missed is reported, not an error; a row that could not be measured is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import IO, TYPE_CHECKING, Any

import click

from ducktypist.cli.bench_attribution import attribution
from ducktypist.cli.bench_complete import complete
from ducktypist.cli.bench_explain import explain
from ducktypist.cli.bench_fair import compare, fair
from ducktypist.cli.bench_fix import fix
from ducktypist.cli.bench_ledger import ledger
from ducktypist.cli.bench_planner import planner
from ducktypist.cli.bench_report import fair_report
from ducktypist.cli.bench_tell import tell
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ducktypist.bench.loop import Step
    from ducktypist.bench.measure import Load, Report, Row

GROUPS = ("start", "hover", "keystroke", "sandbox", "memory")
ENGINE_GROUPS = (
    *("decode", "candidates", "infills", "append", "reread", "speculation"),
    *("body", "close", "windows", "memory", "kills"),
)
RECIPES = ("build-stock", "build-lean")
MIN_WIDTH = 160
BYTES_PER_GB = 1_000_000_000
SHA256_SHOWN = 12
RATIO = "x"
WHOLE_FROM = 100
"""From here on decimals say nothing."""

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, all samples in it."
)
backend_option = click.option("--backend", hidden=True, help="For tests.")


@click.group()
def bench() -> None:
    """Measure speed and size on this machine."""


bench.add_command(attribution)
bench.add_command(complete)
bench.add_command(compare)
bench.add_command(explain)
bench.add_command(fair)
bench.add_command(fair_report)
bench.add_command(fix)
bench.add_command(ledger)
bench.add_command(planner)
bench.add_command(tell)


@bench.command()
@as_json_option
@click.option(
    "--runs", default=15, show_default=True, type=click.IntRange(min=1), help="How often."
)
@click.option("--only", multiple=True, type=click.Choice(GROUPS), help="Only these; repeatable.")
@backend_option
def smoke(*, as_json: bool, runs: int, only: tuple[str, ...], backend: str | None) -> None:
    """Measure start, hover, keystrokes, sandbox and memory against what is to be reached."""
    from ducktypist.bench.smoke import smoke as measure  # noqa: PLC0415 - keeps the help fast

    show(_run(measure(runs=runs, only=only, backend=backend, on_start=_say)), as_json=as_json)


@bench.command()
@as_json_option
@click.option("--runs", default=3, show_default=True, type=click.IntRange(min=1), help="How often.")
@backend_option
def loop(*, as_json: bool, runs: int, backend: str | None) -> None:
    """Explain, write a body and fix a test in the example workspace, several times."""
    from ducktypist.bench.loop import loop as measure  # noqa: PLC0415 - keeps the help fast

    show(_run(measure(runs=runs, backend=backend, on_step=_say_step)), as_json=as_json)


@bench.command()
@as_json_option
@click.option("--runs", default=3, show_default=True, type=click.IntRange(min=1), help="How often.")
@backend_option
def contention(*, as_json: bool, runs: int, backend: str | None) -> None:
    """Measure decoding beside a busy process, with and without the limit on OpenMP's spin."""
    from ducktypist.bench.contention import contention as measure  # noqa: PLC0415 - as above

    show(_run(measure(runs=runs, backend=backend)), as_json=as_json)


@bench.command()
@click.option(
    "--json",
    "json_file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write everything measured to a file as one JSON object; - for standard output.",
)
@click.option("--only", multiple=True, type=click.Choice(ENGINE_GROUPS), help="Only these.")
@click.option("--quick", is_flag=True, help="Fewer rounds, for a first look.")
@backend_option
def engine(
    *, json_file: IO[str] | None, only: tuple[str, ...], quick: bool, backend: str | None
) -> None:
    """Measure the engine against llama.cpp's bare loop and its own server; takes long."""
    from ducktypist.bench.engine.table import engine as measure  # noqa: PLC0415 - keeps help fast

    report = _run(measure(only=only, is_quick=quick, backend=backend, on_start=_say))
    if json_file is not None:
        json_file.write(json.dumps(report.as_json(), indent=2, allow_nan=False) + "\n")
        json_file.flush()
    if json_file is None or json_file.name != "-":
        _print(report)
    _leave(report)


@bench.command()
@as_json_option
@click.option("--only", multiple=True, type=click.Choice(RECIPES), help="Only these; repeatable.")
def build(*, as_json: bool, only: tuple[str, ...]) -> None:
    """Build llama-cpp-python as it comes and as we do; takes many minutes, needs a checkout."""
    from ducktypist.bench.build import build as measure  # noqa: PLC0415 - keeps the help fast

    show(_run(measure(only=only, on_start=_say)), as_json=as_json)


def show(report: Report, *, as_json: bool) -> None:
    """Print a report, and leave with status 1 when a row could not be measured."""
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2, allow_nan=False))
    else:
        _print(report)
    _leave(report)


def _leave(report: Report) -> None:
    if any(row.problem for row in report.rows):
        raise SystemExit(1)


def _run(work: Coroutine[Any, Any, Report]) -> Report:
    try:
        return asyncio.run(work)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error


def _say(name: str) -> None:
    click.echo(f"measuring {name}", err=True)


def _say_step(step: Step) -> None:
    click.echo(f"{step.name}: {step.took_ms:.0f} ms, {step.summary}", err=True)


def _print(report: Report) -> None:
    from rich.console import Console  # noqa: PLC0415 - keeps the help fast

    console = Console(highlight=False)
    if not console.is_terminal:
        # Nobody's screen is too narrow for a pipe, and wrapped cells cannot be searched.
        console = Console(highlight=False, width=MIN_WIDTH)
    console.print(_table(report.rows))
    for line in _about(report):
        console.print(line, markup=False, soft_wrap=True)
    _print_notes(console, report.rows)


def _table(rows: list[Row]) -> Table:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("row", no_wrap=True)
    table.add_column("what", overflow="fold")
    for name in ("n", "median", "p95", "p99"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("unit", "to reach"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        statistics = row.statistics()
        cells = (
            row.name,
            row.what,
            str(len(row.samples)),
            *(_number(statistics[name], unit=row.unit) for name in ("median", "p95", "p99")),
            row.unit,
            _verdict(row),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _verdict(row: Row) -> str:
    if row.problem:
        return "not measured"
    if row.bar is None:
        return ""
    met = row.is_met()
    said = _unsaid(row) if met is None else "met" if met else "not met"
    what = "" if row.bar.statistic == "max" else f"{row.bar.statistic} "
    sign = "≥" if row.bar.is_floor else "≤"
    return f"{what}{sign} {row.bar.limit:g}: {said}"


def _unsaid(row: Row) -> str:
    """Return why there is no verdict on a row that has a bar."""
    from ducktypist.bench.measure import median_interval  # noqa: PLC0415 - as above

    is_median = row.bar is not None and row.bar.statistic == "median"
    interval = median_interval(row.samples) if is_median else None
    if interval is None:
        return "too few to say"
    low, high = (_number(end, unit=row.unit) for end in interval)
    return f"cannot say, 95 % interval {low} to {high}"


def _number(value: float | None, *, unit: str) -> str:
    if value is None:
        return "-"
    if unit == RATIO:
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.1f}"


def _about(report: Report) -> list[str]:
    facts = report.machine
    memory = facts["memory_bytes"]
    size = f", {memory / BYTES_PER_GB:.0f} GB" if isinstance(memory, int) else ""
    lines = [
        (
            f"{facts['cpu']}, {facts['n_cores']} cores ({facts['n_threads']} threads){size}; "
            f"{facts['system']}; Python {facts['python']}; "
            f"llama-cpp-python {facts['llama_cpp_python'] or 'not installed'}"
        )
    ]
    model = report.model
    if model is not None:
        sha256 = str(model["sha256"])[:SHA256_SHOWN]
        lines.append(f"model {model['name']}, {model['quantisation']}, sha256 {sha256}…")
    lines.append(f"load before: {_load(report.before)}")
    if report.after is not None:
        lines.append(f"load after, our own included: {_load(report.after)}")
    if report.was_busy():
        lines.append("The machine was busy before we began; an idle one gives better figures")
    return lines


def _load(at: Load) -> str:
    averages = " ".join(f"{item:.2f}" for item in at.averages) or "unknown"
    return f"{averages}, {at.busy_percent:.0f} % of all cores busy"


def _print_notes(console: Console, rows: list[Row]) -> None:
    for row in rows:
        if row.problem:
            console.print(f"{row.name}: {row.problem}", style="red", markup=False, soft_wrap=True)
        elif row.note:
            console.print(f"{row.name}: {row.note}", style="dim", markup=False, soft_wrap=True)
