"""``ducktypist bench fair``: models side by side on tasks of our own, graded by running.

It formats and nothing else. The table goes to standard output, how far it is to standard error.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.bench.fair.plan import Plan
    from ducktypist.bench.fair.tasks import FairTasks

COLUMNS = ("raw", "product", "name")
ARMS = ("plain", "wording")
DEFAULT_OUT = Path("fair.jsonl")
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--models", default="", help="Names with commas between; else the settings' model.")
@click.option("--families", default="", help="Only these families; commas between.")
@click.option(
    "--quick", is_flag=True, help="Eight tasks of each family, as written, the model itself."
)
@click.option("--columns", default="", help="Who is asked: raw, product, name; all by default.")
@click.option("--arms", default="", help="How tasks are put: plain, wording; both by default.")
@click.option(
    "--suite",
    "suites",
    multiple=True,
    metavar="NAME:PATH",
    help="Tasks of a public set from a file, in place of our own; repeatable.",
)
@click.option("--ctx", default=4096, show_default=True, help="Context, in tokens.")
@click.option("--threads", default=0, help="0: one per physical core.")
@click.option("--budget", type=float, help="Seconds for each search of the product.")
@click.option("--out", type=FILE, help="The result file; what is there already is not asked again.")
@click.option("--repeat", type=FILE, help="Run a result file again and compare the verdicts.")
@click.option("--check", is_flag=True, help="Ask nobody; prove every task by all its controls.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@click.option("--backend", hidden=True, help="For tests.")
def fair(
    *,
    models: str,
    families: str,
    quick: bool,
    columns: str,
    arms: str,
    suites: tuple[str, ...],
    ctx: int,
    threads: int,
    budget: float | None,
    out: Path | None,
    repeat: Path | None,
    check: bool,
    as_json: bool,
    backend: str | None,
) -> None:
    """Grade models on tasks with hidden tests, three times each in fresh processes.

    Right is three times of three; once or twice is lucky. The model itself and the model under
    Ducktypist are two columns. A run that was stopped goes on with the same --out.
    """
    from ducktypist.bench.fair.answers import Arm, Column  # noqa: PLC0415 - keeps the help fast
    from ducktypist.bench.fair.plan import BUDGET_S, QUICK_N_EACH, Plan  # noqa: PLC0415 - as above
    from ducktypist.bench.fair.suites import tasks_for  # noqa: PLC0415 - as above

    try:
        if repeat is not None:
            _repeat(repeat, out, as_json=as_json, backend=backend)
            return
        plan = Plan(
            models=_names(models) or (_configured(),),
            columns=tuple(
                map(Column, _chosen(columns or ("raw" if quick else ""), COLUMNS, "--columns"))
            ),
            arms=tuple(map(Arm, _chosen(arms or ("plain" if quick else ""), ARMS, "--arms"))),
            families=_names(families),
            n_each=QUICK_N_EACH if quick else None,
            suites=suites,
            n_ctx_tokens=ctx,
            n_threads=threads,
            budget_s=BUDGET_S if budget is None else budget,
        )
        tasks = tasks_for(plan, say=_say)
        if check:
            _check(tasks)
            return
        _run(tasks, plan, out or DEFAULT_OUT, as_json=as_json, backend=backend)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on where it is", err=True)
        raise SystemExit(130) from None


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def compare(first: str, second: str, *, as_json: bool) -> None:
    """Compare two results task by task: flips both ways and an exact McNemar test.

    Each is FILE, FILE#MODEL, FILE@COLUMN or FILE#MODEL@COLUMN, such as
    `fair.jsonl#smollm2-135m-instruct-q4_1@raw`.
    """
    from ducktypist.bench.fair.comparing import compare as paired  # noqa: PLC0415 - as above
    from ducktypist.bench.fair.comparing import side_of  # noqa: PLC0415 - as above
    from ducktypist.cli.fair_tables import pairs_table, print_table  # noqa: PLC0415 - as above

    try:
        one, two = side_of(first), side_of(second)
        found = paired(one, two)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        told = {"first": one.name, "second": two.name, "families": [x.as_json() for x in found]}
        click.echo(json.dumps(told, indent=2, allow_nan=False))
        return
    print_table(pairs_table(one.name, two.name, found))
    for item in found:
        for name, flips in ((one.name, item.only_first), (two.name, item.only_second)):
            if flips:
                click.echo(f"{item.family} {item.part}: right only with {name}: {', '.join(flips)}")
        if not item.can_tell:
            click.echo(f"{item.family} {item.part}: fewer than six flips cannot tell them apart")


def _run(tasks: FairTasks, plan: Plan, out: Path, *, as_json: bool, backend: str | None) -> None:
    from ducktypist.bench.fair.run import run  # noqa: PLC0415 - as above

    asyncio.run(run(tasks, plan=plan, out=out, backend=backend, say=_say))
    _show(out, as_json=as_json)


def _repeat(path: Path, out: Path | None, *, as_json: bool, backend: str | None) -> None:
    from ducktypist.bench.fair.comparing import Side, agreement  # noqa: PLC0415 - as above
    from ducktypist.bench.fair.comparing import compare as paired  # noqa: PLC0415 - as above
    from ducktypist.bench.fair.repeating import repeated  # noqa: PLC0415 - as above
    from ducktypist.bench.fair.results import read_result  # noqa: PLC0415 - as above

    place = out or path.with_name(f"{path.stem}-again{path.suffix}")
    asyncio.run(repeated(path, out=place, backend=backend, say=_say))
    first, second = read_result(path), read_result(place)
    n_same = n_all = 0
    for model, column in second.asked():
        pairs = paired(
            Side(result=first, model=model, column=column),
            Side(result=second, model=model, column=column),
        )
        same, n = agreement(pairs)
        n_same, n_all = n_same + same, n_all + n
        for item in pairs:
            for name in item.changed:
                _say(f"another verdict: {column} {item.part} {name}")
    click.echo(f"the same verdict on {n_same} of {n_all} tasks")
    _show(place, as_json=as_json)


def _check(tasks: FairTasks) -> None:
    from ducktypist.bench.fair.checking import check_tasks  # noqa: PLC0415 - as above

    bad = asyncio.run(check_tasks(tasks, say=_say))
    for line in bad:
        click.echo(line, err=True)
    if bad:
        raise SystemExit(1)
    click.echo(f"{len(tasks.tasks)} tasks: every control holds, in every wording")


def _show(path: Path, *, as_json: bool) -> None:
    from ducktypist.bench.fair.figures import cells  # noqa: PLC0415 - as above
    from ducktypist.bench.fair.results import read_result  # noqa: PLC0415 - as above
    from ducktypist.cli.fair_tables import about, cells_table, print_table  # noqa: PLC0415 - as above

    result = read_result(path)
    found = cells(result)
    if as_json:
        told = {"head": dict(result.head), "cells": [item.as_json() for item in found]}
        click.echo(json.dumps(told, indent=2, allow_nan=False))
        return
    print_table(cells_table(result, found))
    for line in about(result, found):
        click.echo(line)


def _configured() -> str:
    from ducktypist.app import App  # noqa: PLC0415 - as above

    return App().config.model.name


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _chosen(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    found = _names(text)
    if unknown := sorted({*found} - {*known}):
        raise click.BadParameter(
            f"{', '.join(unknown)}: known are {', '.join(known)}", param_hint=option
        )
    return found or known


def _say(line: str) -> None:
    click.echo(line, err=True)
