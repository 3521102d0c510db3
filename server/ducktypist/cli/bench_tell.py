"""``ducktypist bench tell``: suggestions collected with their outcomes, for the tell.

It formats and nothing else. What was added goes to standard output, progress to standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ducktypist.cli.sections import sections
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.bench.tell.collect import Collected, Plan

PATH = click.Path(path_type=Path)
FILES = click.Path(path_type=Path, exists=True, dir_okay=False)
AMOUNT = click.FloatRange(min=0, min_open=True)
ENDINGS = (signal.SIGINT, signal.SIGTERM)


@click.command()
@click.argument("tasks", nargs=-1, type=FILES)
@click.option("--ledger", required=True, type=PATH, help="Where all goes; an old one goes on.")
@click.option("--fix", multiple=True, type=FILES, help="Tasks of `bench fix`; repeatable.")
@click.option("--model", default="", help="Which model; the settings' own by default.")
@click.option("--limit", type=click.IntRange(min=1), help="How many tasks of all files together.")
@click.option("--seed", default=0, show_default=True, help="Of the draw and the order.")
@click.option("--minutes", type=AMOUNT, help="Begin no task later than that.")
@click.option("--budget-s", type=AMOUNT, help="Of one search for a body.")
@click.option("--fix-budget-s", type=AMOUNT, help="Of one search for a patch.")
@click.option("--sources", multiple=True, help="Only these kinds of patches; repeatable.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="A setting of the servers, such as complete.max_candidates=4; repeatable.",
)
@click.option("--backend", hidden=True, help="For tests.")
def tell(
    *,
    tasks: tuple[Path, ...],
    ledger: Path,
    fix: tuple[Path, ...],
    model: str,
    limit: int | None,
    seed: int,
    minutes: float | None,
    budget_s: float | None,
    fix_budget_s: float | None,
    sources: tuple[str, ...],
    settings: tuple[str, ...],
    backend: str | None,
) -> None:
    """Put tasks to the server and write into a ledger what hidden tests say of all it made.

    TASKS are files of `bench complete`. A task that this model was asked already is left out, so a
    run that was stopped goes on with the same command. Stop it with Ctrl-C: what is there is graded
    before it ends.
    """
    from ducktypist.bench.tell.collect import Plan  # noqa: PLC0415 - keeps the help fast

    if not tasks and not fix:
        raise click.UsageError("which tasks? Name a file of `bench complete`, or one with --fix")
    plan = Plan(
        ledger=ledger,
        complete=tasks,
        fix=fix,
        limit=limit,
        seed=seed,
        minutes=minutes,
        budget_s=budget_s,
        fix_budget_s=fix_budget_s,
        sources=sources,
        model=model,
        more=sections(settings),
    )
    try:
        found = asyncio.run(_collected(plan, backend))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    _print(found)


async def _collected(plan: Plan, backend: str | None) -> Collected:
    from ducktypist.bench.tell.collect import collect  # noqa: PLC0415 - keeps the help fast

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ENDINGS:
        # Where signals cannot be caught, the run ends at once and the next one goes on.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return await collect(plan, backend=backend, say=_say, stop=stop)


def _print(found: Collected) -> None:
    counts = ", ".join(f"{n} {outcome}" for outcome, n in found.outcomes.most_common())
    click.echo(f"{found.model}: {found.outcomes.total()} suggestions graded: {counts or 'none'}")
    left = "stopped; " if found.stopped else ""
    click.echo(f"{left}{found.n_left} tasks left")
    for problem in found.problems:
        click.echo(f"not measured: {problem}")


def _say(line: str) -> None:
    click.echo(line, err=True)
