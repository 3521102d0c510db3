"""``ducktypist bench explain``: explanations of the real server, graded by words and by running.

It formats and nothing else. The table goes to standard output, how far it is to standard error.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from ducktypist.cli.figures import SHA256_SHOWN, circumstances, print_figures, wrote_elsewhere
from ducktypist.cli.sections import sections
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.bench.explain.report import ExplainReport

PARTS = ("options", "identifiers", "recreate", "predict", "hover", "injections")
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only these; repeatable.")
@click.option("--tasks", type=FOLDER, help="Another folder with options.jsonl and bash/.")
@click.option("--data", type=FOLDER, help="Exercism's and MBPP's files, for code of other people.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep each row here; a run that was stopped goes on with it.",
)
@click.option("--model", default="", help="Which model; the settings' own by default.")
@click.option("--limit", type=click.IntRange(min=1), help="How many tasks of each part.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Begin no task later than that, and report on those that were measured.",
)
@click.option("--seed", default=0, show_default=True, help="Of every draw.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="A setting of the server, such as explain.depth=thorough; repeatable.",
)
@click.option(
    "--json",
    "json_file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write everything, enough to repeat the run; - for standard output.",
)
@click.option("--backend", hidden=True, help="For tests.")
def explain(
    *,
    only: tuple[str, ...],
    tasks: Path | None,
    data: Path | None,
    out: Path | None,
    model: str,
    limit: int | None,
    minutes: float | None,
    seed: int,
    settings: tuple[str, ...],
    json_file: IO[str] | None,
    backend: str | None,
) -> None:
    """Ask the server for explanations, and grade them beside the bare model's.

    Options of commands are graded by words that people chose, names by where else they stand, whole
    scripts by writing them again from the explanation alone and running their tests, and by
    foretelling what they print. Hovers are timed, and comments that address the model are tried.
    """
    from ducktypist.bench.explain.run import run  # noqa: PLC0415 - keeps the help fast
    from ducktypist.bench.explain.session import Plan  # noqa: PLC0415 - as above

    plan = Plan(
        only=only,
        tasks=tasks,
        data=data,
        out=out,
        limit=limit,
        minutes=minutes,
        seed=seed,
        model=model,
        more=sections(settings),
    )
    try:
        found = asyncio.run(run(plan, backend=backend, say=_say))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if wrote_elsewhere(json_file, found.as_json()):
        print_figures(found.figures, _about(found))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _about(found: ExplainReport) -> list[str]:
    lines = circumstances(found.circumstances.machine, found.circumstances.model)
    tasks = found.repeatable["tasks"]
    if isinstance(tasks, dict):
        hashes = ", ".join(f"{part} {str(sha)[:SHA256_SHOWN]}…" for part, sha in tasks.items())
        lines.append(f"tasks {hashes}; seed {found.circumstances.seed}")
    lines.append(
        f"questions {str(found.repeatable['questions_sha256'])[:SHA256_SHOWN]}…, "
        f"explaining {str(found.repeatable['explaining_sha256'])[:SHA256_SHOWN]}…"
    )
    lines += [f"{part}: not measured: {why}" for part, why in found.unmeasured.items()]
    if found.n_left:
        lines.append(f"{found.n_left} tasks left; the same command with --out goes on")
    return lines
