"""``ducktypist calibrate``: learn from the ledger how likely a suggestion is right.

It formats and nothing else; the arithmetic is ``ledger.tell``'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ducktypist.cli.ledger_place import own_ledger, place_of
from ducktypist.errors import DucktypistError, LedgerError

_PIPE_COLUMNS = 200


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option("--dry-run", is_flag=True, help="Keep what the server predicts with as it is.")
@click.option("--held-out-half", is_flag=True, help="Fit on half of the tasks, score on the other.")
@click.option("--seed", default=0, show_default=True, help="Which halves.")
@click.option(
    "--ledger",
    "ledger",
    help="The ledger's file or postgresql:// address, instead of the configured one.",
)
@click.option("--no-seeds", is_flag=True, help="Leave out what the shipped bench found.")
@click.option(
    "--seeds-to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the ledger's counts as seeds, to be shipped with the program.",
)
@click.option("--if-due", is_flag=True, hidden=True)
@click.option(
    "--made-by", default="", metavar="COMMAND", help="What made the ledger, for the seeds."
)
def calibrate(
    *,
    as_json: bool,
    dry_run: bool,
    held_out_half: bool,
    seed: int,
    ledger: str | None,
    no_seeds: bool,
    seeds_to: Path | None,
    if_due: bool,
    made_by: str,
) -> None:
    """Learn from the ledger how likely a suggestion is right, and say how well that is known.

    Says for each kind of suggestion, before and after running it: how many outcomes are known, the
    base rate, and how well forecasts did that were made before their outcome. Where a suggestion's
    own signals add nothing to the base rate, it says so, and the server shows the base rate.

    With --held-out-half nothing is kept: it fits on half of the tasks and scores on the other.
    """
    try:
        if if_due:
            # What the server asks for: learned where enough is new, and nothing is said.
            from ducktypist.ledger.tell.learning import learn  # noqa: PLC0415 - keeps the start of other commands fast

            learn(place_of(Path(ledger) if ledger else None))
            return
        table = _table(
            ledger,
            is_dry=dry_run or held_out_half or ledger is not None,
            has_seeds=not no_seeds,
            seed=seed if held_out_half else None,
            seeds_to=seeds_to,
            made_by=made_by,
        )
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(table, indent=2, allow_nan=False))
    elif held_out_half:
        _print_held_out(table)
    else:
        _print_tells(table)


def _table(
    ledger: str | None,
    *,
    is_dry: bool,
    has_seeds: bool,
    seed: int | None,
    seeds_to: Path | None,
    made_by: str,
) -> dict[str, Any]:
    from ducktypist.ledger.query import rows_at  # noqa: PLC0415 - keeps the start of other commands fast
    from ducktypist.ledger.tell.files import calibrator_file, write_calibrator  # noqa: PLC0415 - as above
    from ducktypist.ledger.tell.held_out import held_out  # noqa: PLC0415 - as above
    from ducktypist.ledger.tell.making import make_calibrator  # noqa: PLC0415 - as above
    from ducktypist.ledger.tell.rows import past  # noqa: PLC0415 - as above
    from ducktypist.ledger.tell.seeds import as_json, load_seeds, seeds_of  # noqa: PLC0415 - as above
    from ducktypist.ledger.tell.table import calibration_table, held_out_table  # noqa: PLC0415 - as above

    place: str | Path = own_ledger() if ledger is None else ledger
    with rows_at(place) as rows:
        cases = past(rows)
    if seeds_to is not None:
        try:
            seeds_to.write_text(as_json(seeds_of(cases, command=made_by)), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or error
            raise LedgerError(f"{seeds_to} cannot be written: {reason}") from error
    if seed is not None:
        # Seeds may come from the very ledger that is scored, so none are used.
        calibrator, found = held_out(cases, (), seed=seed)
        return held_out_table(calibrator, found, seed=seed, n_known=len(cases))
    calibrator = make_calibrator(cases, load_seeds() if has_seeds else ())
    kept = None
    if not is_dry:
        kept = calibrator_file(own_ledger())
        write_calibrator(kept, calibrator)
    return calibration_table(calibrator, cases) | {"kept": str(kept) if kept else None}


def _print_tells(table: Mapping[str, Any]) -> None:
    rows = [
        (
            item["kind"],
            _moment(item["when"]),
            str(item["n"]),
            _percent(item["base_rate"]),
            *_figures(item["proof"]),
            item["sentence"],
        )
        for item in table["tells"]
    ]
    names = ("kind", "moment", "n", "base rate", "scored", "Brier", "skill", "AUROC", "ECE", "")
    _print("What the signals of a suggestion tell", names, rows)
    for item in table["tells"]:
        if item["weights"]:
            _echo(f"{item['kind']}, {_moment(item['when'])}: {_weights(item['weights'])}")
            if item["calibration"] != "none":
                _echo(f"  then calibrated: {item['calibration']}")
    for item in table["logged"]:
        _echo(
            f"as logged at the time, {_moment(item['when'])}: n {item['n']}, "
            f"skill {_estimate(item['skill'])}, AUROC {_estimate(item['auroc'])}, "
            f"ECE {_number(item['ece'])}"
        )
    if not table["n_known"]:
        _echo("Nothing has been verified yet, so there is nothing to learn from.")
    what = f"kept in {table['kept']}" if table["kept"] else "not kept"
    _echo(f"{table['calibrator']}, {what}")


def _print_held_out(table: Mapping[str, Any]) -> None:
    rows: list[tuple[str, ...]] = []
    for item in table["held_out"]:
        shown = item["shown"]
        what = "shown: the forecast" if item["has_tell"] else "shown: the base rate"
        head = (item["kind"] or "all", _moment(item["when"]), what, str(item["n_fitted"]))
        counts = (str(shown["n"]), _percent(shown["base_rate"]))
        rows.append((*head, *counts, *_scores(shown)))
        rows.append((*("", "", "the signals alone", "", "", ""), *_scores(item["signals"])))
    names = (
        *("kind", "moment", "", "fitted on", "n", "base rate", "Brier", "skill"),
        *("over cell rates", "AUROC", "ECE", "ECE by chance"),
    )
    title = f"Fitted on half of the tasks, scored on the other (seed {table['seed']})"
    _print(title, names, rows)


def _print(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box  # noqa: PLC0415 - keeps the start of other commands fast
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    if not rows:
        return
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        # What comes from a ledger is no markup.
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        # Nobody's screen is too narrow for a pipe, and wrapped cells cannot be searched.
        console = Console(width=_PIPE_COLUMNS)
    console.print(table)


def _echo(line: str) -> None:
    click.echo(line)


def _moment(when: str) -> str:
    return when.replace("_", " ")


def _figures(proof: Mapping[str, Any] | None) -> tuple[str, ...]:
    if proof is None:
        return ("0", "-", "-", "-", "-")
    return (
        str(proof["n"]),
        _number(proof["brier"]),
        _interval(proof["skill"], proof["skill_low"], proof["skill_high"]),
        _interval(proof["auroc"], proof["auroc_low"], proof["auroc_high"]),
        f"{_number(proof['ece'])} (chance {_number(proof['ece_if_calibrated'])})",
    )


def _scores(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        _estimate(found["brier"]),
        _estimate(found["skill"]),
        _estimate(found["skill_over_reference"]),
        _estimate(found["auroc"]),
        f"{_number(found['ece'])} of {found['ece_bins']} bins",
        _number(found["ece_if_calibrated"]),
    )


def _weights(found: Mapping[str, Any]) -> str:
    parts = [f"{name} {weight:+.2f}" for name, weight in found["weights"].items()]
    return f"{', '.join(parts)} (per standard deviation; ridge {found['ridge']:g}, n {found['n']})"


def _estimate(found: Mapping[str, Any]) -> str:
    return _interval(found["value"], found["low"], found["high"])


def _interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f} ({_number(low)} to {_number(high)})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
