"""``ducktypist bench attribution``: editing histories with known truth, and what is found of it.

It formats and nothing else. The table goes to standard output, how far it is to standard error.
"""

from __future__ import annotations

import json
from typing import IO

import click

from ducktypist.cli.figures import circumstances, print_figures

N_SHOWN = 10


@click.command()
@click.option(
    "--histories", default=200, show_default=True, type=click.IntRange(min=1), help="How many."
)
@click.option("--seed", default=0, show_default=True, help="Of the first; the others follow it.")
@click.option(
    "--json",
    "json_file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write everything, enough to repeat the run; - for standard output.",
)
def attribution(*, histories: int, seed: int, json_file: IO[str] | None) -> None:
    """Replay made-up editing histories and count how much is attributed rightly."""
    from ducktypist.bench.attribution.report import attribution as measure  # noqa: PLC0415 - keeps the help fast

    found = measure(n_histories=histories, seed=seed, say=lambda line: click.echo(line, err=True))
    if json_file is not None:
        json_file.write(json.dumps(found.as_json(), indent=2, allow_nan=False) + "\n")
        json_file.flush()
    if json_file is None or json_file.name != "-":
        lines = circumstances(found.as_json()["machine"], None)  # type: ignore[arg-type] # it is an object
        lines.append(f"seeds {seed} to {seed + histories - 1}, {found.n_steps} observations")
        wrong = [f"not right: {line}" for line in found.wrong[:N_SHOWN]]
        print_figures(found.figures, [*lines, *wrong])
