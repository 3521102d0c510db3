"""``ducktypist bench complete``: completions put to the real server, and how many are right.

It formats and nothing else. The table goes to standard output, how far it is to standard error.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import click

from ducktypist.cli.figures import SHA256_SHOWN, circumstances, print_figures, wrote_elsewhere
from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.bench.complete.place import Circumstances
    from ducktypist.bench.complete.run import Plan
    from ducktypist.bench.figures import Figure
    from ducktypist.domain import Json

FORMATS = ("mbpp", "humaneval", "multipl-e", "exercism-python", "exercism-go")
PARTS = ("all", "dev", "held")
PATH = click.Path(path_type=Path)


class _Found(Protocol):
    """What each of the three measurements comes to."""

    @property
    def figures(self) -> Sequence[Figure]: ...

    @property
    def circumstances(self) -> Circumstances: ...

    def as_json(self) -> dict[str, Json]: ...


@click.command()
@click.argument("tasks", required=False, type=PATH)
@click.option("--limit", type=click.IntRange(min=1), help="How many tasks, drawn with the seed.")
@click.option("--seed", default=0, show_default=True, help="Of every draw.")
@click.option("--only", multiple=True, metavar="ID", help="Only this task; repeatable.")
@click.option(
    "--no-candidates", is_flag=True, help="Do not ask the bare model in every form; faster."
)
@click.option(
    "--first-line-ms",
    type=click.FloatRange(min=1),
    help="How long ghost text may take; the settings' own by default.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Begin no task later than that, and report on those that were asked.",
)
@click.option(
    "--budget-s",
    type=click.FloatRange(min=1),
    help="Of one search for a body; the settings' own by default.",
)
@click.option(
    "--positions",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead: ghost text at N random places of the tasks' solutions.",
)
@click.option("--typing", is_flag=True, help="Instead: replay a typing trace; needs no tasks.")
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(min=0.01), help="Of the trace."
)
@click.option(
    "--json",
    "json_file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write everything, enough to repeat the run; - for standard output.",
)
@click.option(
    "--convert",
    nargs=2,
    type=(click.Choice(FORMATS), PATH),
    metavar="FORMAT FILE",
    help=f"Make tasks of a set in another format: {', '.join(FORMATS)}.",
)
@click.option("--out", type=PATH, help="Where made tasks go.")
@click.option(
    "--part",
    default="all",
    show_default=True,
    type=click.Choice(PARTS),
    help="Which half of a set; the halves share no problem.",
)
@click.option("--backend", hidden=True, help="For tests.")
def complete(
    *,
    tasks: Path | None,
    limit: int | None,
    seed: int,
    only: tuple[str, ...],
    no_candidates: bool,
    first_line_ms: float | None,
    minutes: float | None,
    budget_s: float | None,
    positions: int | None,
    typing: bool,
    speed: float,
    json_file: IO[str] | None,
    convert: tuple[str, Path] | None,
    out: Path | None,
    part: str,
    backend: str | None,
) -> None:
    """Put bodies and lines to be written to the server, and grade what it shows by hidden tests.

    A task file holds one JSON object a line: id, kind ("body" or "line"), language ("python" or
    "go"), files (an object of paths and texts), target (path, and function or line), hidden (an
    object of test files), reference (the right body or line) and group. In a body task the
    function is documented and empty, in a line task the line holds only indentation.
    """
    from ducktypist.bench.complete.run import Plan  # noqa: PLC0415 - keeps the help fast

    try:
        if convert is not None:
            if tasks is not None or out is None:
                raise click.UsageError("--convert takes --out FILE and no task file")
            _convert(*convert, out=out, part=part, seed=seed)
            return
        if typing == (tasks is not None) or (typing and positions is not None):
            raise click.UsageError("which task file? One can be made with --convert")
        plan = Plan(
            limit=limit,
            seed=seed,
            only=only,
            with_candidates=not no_candidates,
            first_line_ms=first_line_ms,
            minutes=minutes,
            budget_s=budget_s,
        )
        found = asyncio.run(_measured(tasks, plan, positions, speed, backend))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    if wrote_elsewhere(json_file, found.as_json()):
        print_figures(found.figures, _about(found.circumstances))


async def _measured(
    tasks: Path | None, plan: Plan, positions: int | None, speed: float, backend: str | None
) -> _Found:
    from ducktypist.bench.complete.positions import run_positions  # noqa: PLC0415 - keeps help fast
    from ducktypist.bench.complete.report import report  # noqa: PLC0415 - as above
    from ducktypist.bench.complete.run import run  # noqa: PLC0415 - as above
    from ducktypist.bench.complete.tasks import read_tasks  # noqa: PLC0415 - as above
    from ducktypist.bench.complete.typing import run_typing  # noqa: PLC0415 - as above

    if tasks is None:
        return await run_typing(plan=plan, speed=speed, backend=backend, say=_say)
    known = await asyncio.to_thread(read_tasks, tasks)
    if positions is not None:
        return await run_positions(known, plan=plan, n=positions, backend=backend, say=_say)
    return report(await run(known, plan=plan, backend=backend, say=_say))


def _convert(layout: str, path: Path, *, out: Path, part: str, seed: int) -> None:
    from ducktypist.bench.complete.convert import convert  # noqa: PLC0415 - keeps the help fast
    from ducktypist.bench.complete.tasks import write_tasks  # noqa: PLC0415 - as above

    tasks = convert(path, layout, part=part, seed=seed)
    if not tasks:
        raise click.ClickException("no task came out of it; nothing was written")
    write_tasks(out, tasks)
    counts = Counter(f"{task.language} {task.kind}" for task in tasks).most_common()
    click.echo(f"{len(tasks)} tasks in {out}: " + ", ".join(f"{n} {name}" for name, n in counts))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _about(found: Circumstances) -> list[str]:
    lines = circumstances(found.machine, found.model)
    before = " ".join(f"{item:.2f}" for item in found.before.averages)
    lines.append(
        f"tasks {found.tasks_sha256[:SHA256_SHOWN]}…, chosen {found.tasks_digest}, "
        f"seed {found.seed}; load before: {before}"
    )
    return lines
