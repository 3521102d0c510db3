"""``ducktypist bench fix``: bugs put to the real server, and how many of them it fixes.

It formats and nothing else. The table goes to standard output, how far it is to standard error.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ducktypist.cli.figures import SHA256_SHOWN, circumstances, print_figures, wrote_elsewhere
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.bench.fix.report import FixReport
    from ducktypist.bench.fix.tasks import Task

FORMATS = ("humanevalfix", "quixbugs", "goker")
PATH = click.Path(path_type=Path)


@click.command()
@click.argument("tasks", required=False, type=PATH)
@click.option("--limit", type=click.IntRange(min=1), help="How many tasks, drawn with the seed.")
@click.option("--seed", default=0, show_default=True, help="Of every draw.")
@click.option("--only", multiple=True, metavar="ID", help="Only this task; repeatable.")
@click.option("--budget-s", default=60.0, show_default=True, help="Of one search.")
@click.option("--sources", multiple=True, help="Only these kinds of candidates; repeatable.")
@click.option("--no-baseline", is_flag=True, help="Leave out the one-shot rewrite.")
@click.option("--cancels", default=0, type=click.IntRange(min=0), help="Cancel so many searches.")
@click.option("--kills", default=0, type=click.IntRange(min=0), help="Kill the server so often.")
@click.option(
    "--json",
    "json_file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write everything, enough to repeat the run; - for standard output.",
)
@click.option("--plant", multiple=True, type=PATH, help="Make tasks: solved problems; repeatable.")
@click.option("--convert", type=PATH, help="Make tasks: a set in another format.")
@click.option("--format", "layout", type=click.Choice(FORMATS), help="Which format.")
@click.option("--out", type=PATH, help="Where made tasks go.")
@click.option("--n", default=240, show_default=True, help="How many tasks to plant.")
@click.option("--part", default="dev", type=click.Choice(("dev", "held")), help="Which problems.")
@click.option("--backend", hidden=True, help="For tests.")
def fix(
    *,
    tasks: Path | None,
    limit: int | None,
    seed: int,
    only: tuple[str, ...],
    budget_s: float,
    sources: tuple[str, ...],
    no_baseline: bool,
    cancels: int,
    kills: int,
    json_file: IO[str] | None,
    plant: tuple[Path, ...],
    convert: Path | None,
    layout: str | None,
    out: Path | None,
    n: int,
    part: str,
    backend: str | None,
) -> None:
    """Put the bugs of a task file to the server, or make such a file with --plant or --convert."""
    try:
        if plant or convert:
            if tasks is not None or out is None or bool(plant) == bool(convert):
                raise click.UsageError("--plant or --convert takes --out FILE and no task file")
            _write(out, _planted(plant, n, seed, part) if plant else _converted(convert, layout))
            return
        if tasks is None:
            raise click.UsageError("which task file? One can be made with --plant or --convert")
        from ducktypist.bench.fix.report import report  # noqa: PLC0415 - keeps the help fast
        from ducktypist.bench.fix.run import ONE_SHOT, SEARCH, Plan, run  # noqa: PLC0415 - as above
        from ducktypist.bench.fix.tasks import read_tasks  # noqa: PLC0415 - as above

        plan = Plan(
            limit=limit,
            seed=seed,
            only=only,
            budget_s=budget_s,
            sources=sources,
            arms=(SEARCH,) if no_baseline else (SEARCH, ONE_SHOT),
            n_cancels=cancels,
            n_kills=kills,
        )
        found = report(asyncio.run(run(read_tasks(tasks), plan=plan, backend=backend, say=_say)))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if wrote_elsewhere(json_file, found.as_json()):
        _print(found)


def _planted(paths: tuple[Path, ...], n: int, seed: int, part: str) -> list[Task]:
    from ducktypist.bench.fix.planting import plant  # noqa: PLC0415 - keeps the help fast

    return asyncio.run(plant(paths, n=n, seed=seed, part=part, say=_say))


def _converted(path: Path | None, layout: str | None) -> list[Task]:
    from ducktypist.bench.fix.convert import convert  # noqa: PLC0415 - keeps the help fast

    if path is None or layout is None:
        raise click.UsageError(f"--convert needs --format {'|'.join(FORMATS)}")
    return convert(path, layout)


def _write(out: Path, tasks: list[Task]) -> None:
    from ducktypist.bench.fix.tasks import write_tasks  # noqa: PLC0415 - keeps the help fast

    if not tasks:
        raise click.ClickException("no task came out of it; nothing was written")
    write_tasks(out, tasks)
    languages = Counter(task.language for task in tasks)
    operators = Counter(task.operator or "unknown" for task in tasks)
    click.echo(f"{len(tasks)} tasks in {out}: " + _counted(languages))
    click.echo(_counted(operators))


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.most_common())


def _say(line: str) -> None:
    click.echo(line, err=True)


def _print(found: FixReport) -> None:
    print_figures(found.figures, _about(found))


def _about(found: FixReport) -> list[str]:
    outcome = found.outcome
    lines = circumstances(outcome.machine, outcome.model)
    before = " ".join(f"{item:.2f}" for item in outcome.before.averages)
    lines.append(
        f"tasks {outcome.tasks_sha256[:SHA256_SHOWN]}…, chosen {outcome.tasks_digest}, "
        f"seed {outcome.plan.seed}, {outcome.plan.budget_s:g} s a search; load before: {before}"
    )
    return lines
