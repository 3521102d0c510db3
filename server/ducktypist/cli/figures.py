"""The table of shares and quantities that the benches of fixes and completions print.

It formats and nothing else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING

from ducktypist.domain import Json

if TYPE_CHECKING:
    from ducktypist.bench.figures import Figure

MIN_WIDTH = 200
SHA256_SHOWN = 12


def wrote_elsewhere(json_file: IO[str] | None, told: Mapping[str, Json]) -> bool:
    """Write a report where it is wanted; tell whether standard output is free for a table."""
    if json_file is not None:
        json_file.write(json.dumps(told, indent=2, allow_nan=False) + "\n")
        json_file.flush()
    return json_file is None or json_file.name != "-"


def print_figures(figures: Sequence[Figure], about: Sequence[str]) -> None:
    """Print figures, what they depend on, and their notes."""
    from rich import box  # noqa: PLC0415 - keeps the help fast
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(highlight=False)
    if not console.is_terminal:
        # Nobody's screen is too narrow for a pipe, and wrapped cells cannot be searched.
        console = Console(highlight=False, width=MIN_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("row", "what"):
        table.add_column(name, overflow="fold")
    for name in ("value", "k of n", "95 %"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("to reach", no_wrap=True)
    for figure in figures:
        table.add_row(*(Text(cell) for cell in _cells(figure)))
    console.print(table)
    notes = [f"{item.name.strip()}: {item.note}" for item in figures if item.note]
    for line in (*about, *notes):
        console.print(line, markup=False, soft_wrap=True)


def circumstances(machine: Mapping[str, Json], model: Mapping[str, Json] | None) -> list[str]:
    """Return a line about the machine and, where one was asked, a line about the model."""
    lines = [
        (
            f"{machine['cpu']}, {machine['n_cores']} cores ({machine['n_threads']} threads); "
            f"{machine['system']}; Python {machine['python']}"
        )
    ]
    if model is not None:
        sha256 = str(model["sha256"])[:SHA256_SHOWN]
        lines.append(f"model {model['name']}, {model['quantisation']}, sha256 {sha256}…")
    return lines


def _cells(figure: Figure) -> tuple[str, ...]:
    interval = figure.interval
    between = "" if interval is None else f"{interval[0]:.0f} to {interval[1]:.0f} %"
    count = str(figure.n) if figure.k is None else f"{figure.k} of {figure.n}"
    value = "-" if math.isnan(figure.value) else f"{figure.value:.3g} {figure.unit}".strip()
    met = {True: ": met", False: ": not met", None: ": nothing to say" if figure.bar else ""}
    return (
        *(figure.name, figure.what, value, count, between),
        figure.bar + met[figure.is_met],
    )
