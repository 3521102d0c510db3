"""How the figures of ``ducktypist bench fair`` look in a terminal; no number is made here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ducktypist.bench.fair.figures import Part

if TYPE_CHECKING:
    from rich.table import Table

    from ducktypist.bench.fair.comparing import Paired
    from ducktypist.bench.fair.figures import Cell, Share
    from ducktypist.bench.fair.results import Result

WIDTH = 200
N_HASH = 12


def print_table(table: Table) -> None:
    """Print a table; nobody's screen is too narrow for a pipe."""
    from rich.console import Console  # noqa: PLC0415 - keeps the help fast

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(table)


def cells_table(result: Result, cells: Sequence[Cell]) -> Table:
    """Return what each model is worth, in each family."""
    table = _table(
        names=("model", "asked", "family", "counted"),
        numbers=(
            *("right", "95 %", "lucky", "wrong", "identical", "reworded", "hidden loss"),
            *("offered", "right of them", "first token", "total", "tok/s"),
        ),
    )
    table.add_column("speed", no_wrap=True)
    for cell in cells:
        told = result.models[cell.model]
        table.add_row(
            f"{told.get('name')}",
            str(cell.column),
            cell.family,
            str(cell.part),
            f"{cell.right.k}/{cell.right.n}",
            interval(cell.right),
            str(cell.n_lucky),
            str(cell.n_wrong),
            share(cell.identical),
            share(cell.worded),
            share(cell.lost),
            share(cell.offered),
            share(cell.right_of_offered),
            _ms(cell.ttft_p50_ms),
            _ms(cell.total_p50_ms),
            "" if math.isnan(cell.decode_tok_s) else f"{cell.decode_tok_s:.0f}",
            str(cell.speed),
        )
    return table


def pairs_table(first: str, second: str, pairs: Sequence[Paired]) -> Table:
    """Return two sides' families beside each other."""
    table = _table(
        names=("family", "counted"),
        numbers=("n", first, second, "only first", "only second", "p", "p (Holm)"),
    )
    for item in pairs:
        table.add_row(
            item.family,
            str(item.part),
            str(item.n),
            str(item.first_right),
            str(item.second_right),
            str(len(item.only_first)),
            str(len(item.only_second)),
            f"{item.p:.3g}",
            f"{item.p_holm:.3g}",
        )
    return table


def about(result: Result, cells: Sequence[Cell]) -> list[str]:
    """Return what the figures were made with, and what they do not say."""
    head = result.head
    machine = head.get("machine")
    facts = machine if isinstance(machine, dict) else {}
    lines = [
        (
            f"{facts.get('cpu')}, {facts.get('n_cores')} cores; {facts.get('system')}; "
            f"llama-cpp-python {facts.get('llama_cpp_python')}"
        ),
        ", ".join(
            f"{name} {str(head.get(f'{name}_sha256'))[:N_HASH]}…"
            for name in ("tasks", "order", "questions", "system", "server_prompts")
        ),
    ]
    for sha256, told in result.models.items():
        lines.append(f"{told.get('name')} {told.get('quantisation')}: sha256 {sha256[:N_HASH]}…")
    held = {name for name, _ in result.controls}
    if held:
        lines.append(f"controls held: {', '.join(sorted(held))}, {len(result.controls)} answers")
    if any(cell.part is Part.WHOLE and cell.n_missing for cell in cells):
        lines.append("some tasks were not asked three times yet; the same command goes on")
    return lines


def interval(share: Share) -> str:
    """Return a share's interval in percent."""
    return "" if not share.n else f"{100 * share.low:.0f}–{100 * share.high:.0f}"


def share(found: Share) -> str:
    """Return a share as so many of so many."""
    return f"{found.k}/{found.n}" if found.n else ""


def _ms(value: float) -> str:
    return "" if math.isnan(value) else f"{value / 1000:.1f} s"


def _table(*, names: Sequence[str], numbers: Sequence[str]) -> Table:
    from rich import box  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table
