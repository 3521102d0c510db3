"""``ducktypist explain``: code explained in the terminal, part by part, as it comes.

What is known is said without a model too. Options in, passages out; how something is explained is
the business of the package ``features.explain``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ducktypist.errors import DucktypistError, EngineLoadingError

if TYPE_CHECKING:
    from ducktypist.app import App
    from ducktypist.cli.explain_place import Place
    from ducktypist.features.explain import Passage
    from ducktypist.features.workbench import Workbench

LOADING_TOLD_AFTER_S = 1.0
ENGINE_WAIT_S = 120.0
DEPTHS = ("line", "short", "thorough")

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters (ECMA-48) but for line feed and tab, and what reverses a line (UAX #9)."""

Say = Callable[["Passage"], None]


@click.command()
@click.argument("what", required=False, metavar="FILE[:LINE[-LINE]]")
@click.option("--facts-only", is_flag=True, help="Only what is known without a model.")
@click.option("--depth", type=click.Choice(DEPTHS), help="How much; otherwise as `explain.depth`.")
@click.option(
    "--language", metavar="ID", help="An LSP language id, such as shellscript; otherwise guessed."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--backend", hidden=True, help="For tests.")
def explain(
    *,
    what: str | None,
    facts_only: bool,
    depth: str | None,
    language: str | None,
    as_json: bool,
    backend: str | None,
) -> None:
    """Explain a file, some of its lines, or what comes through a pipe.

    Without lines the whole file is explained, block by block; with one line the block that stands
    there. `-`, or nothing, reads standard input: history | tail -1 | ducktypist explain
    """
    if what is None and sys.stdin.isatty():
        raise click.UsageError("name a FILE, or pipe something in")
    from ducktypist.cli.explain_place import place_of, wanted_of  # noqa: PLC0415 - keeps the start of other commands fast

    passages: list[Passage] = []
    problem: DucktypistError | None = None
    try:
        place = place_of(wanted_of(what or "-"), language=language or "")
        say = passages.append if as_json else _speaker()
        settings = {"explain": {"depth": depth}} if depth else {}
        problem = asyncio.run(_explain(place, say, settings, backend, facts_only=facts_only))
    except DucktypistError as error:
        if not as_json or not passages:
            raise click.ClickException(str(error)) from error
        problem = error
    if as_json:
        click.echo(json.dumps(_as_json(place, passages, problem), ensure_ascii=False, indent=2))
    if problem is not None:
        raise click.ClickException(str(problem))


async def _explain(
    place: Place,
    say: Say,
    settings: dict[str, Any],
    backend: str | None,
    *,
    facts_only: bool,
) -> DucktypistError | None:
    """Say it part by part; return why the model said nothing, where it should have.

    Raises:
        DucktypistError: There is nothing to explain, or the model failed on the way.
    """
    from ducktypist.app import App  # noqa: PLC0415 - keeps the start of other commands fast

    app = App(settings=settings, roots=_roots(place), backend=backend)
    for text in app.problems:
        click.echo(f"ducktypist explain: {text}", err=True)
    workbench: Workbench | None = None
    problem: DucktypistError | None = None
    n_said = 0
    try:
        if not facts_only:
            try:
                workbench = await _workbench(app)
            except DucktypistError as error:
                problem = error
        async with contextlib.aclosing(await _passages(app, place, workbench)) as passages:
            async for passage in passages:
                say(passage)
                n_said += 1
        await asyncio.to_thread(app.ledger.flush, 2.0)
    finally:
        await app.aclose()
    if not n_said and problem is None:
        raise DucktypistError(
            "nothing is known of this without a model; leave out --facts-only"
            if facts_only
            else "there is nothing to explain here; name a line that holds code"
        )
    return problem


async def _passages(
    app: App, place: Place, workbench: Workbench | None
) -> AsyncGenerator[Passage, None]:
    from ducktypist.app.explained import explanation_store  # noqa: PLC0415 - as above
    from ducktypist.features.explain import (  # noqa: PLC0415 - as above
        Explaining,
        ExplainRequest,
        passages,
    )

    root = app.root_of(place.document.path)
    request = ExplainRequest(
        document=place.document,
        offset=place.offset,
        selection=place.selection,
        root=root,
        trusted=root is not None and app.is_trusted(root),
    )
    parts = passages(
        request,
        explaining=Explaining(store=explanation_store(app.config.explain)),
        workbench=workbench,
        sources=await app.fact_sources(),
        config=app.config.explain,
        grounds=lambda: app.grounds(root, {}),
    )
    # It is one; closing it ends what was begun.
    return cast("AsyncGenerator[Passage, None]", parts)


async def _workbench(app: App) -> Workbench:
    try:
        return await app.workbench(wait_s=LOADING_TOLD_AFTER_S)
    except EngineLoadingError:
        if sys.stderr.isatty():
            click.echo("the model is being loaded …", err=True)
    return await app.workbench(wait_s=ENGINE_WAIT_S)


def _roots(place: Place) -> tuple[Path, ...]:
    """Return the current folder where the file lies in it: settings and trust go by folders."""
    path, here = place.document.path, Path.cwd()
    return (here,) if path is not None and path.is_relative_to(here) else ()


def _speaker() -> Say:
    """Return what prints a passage: rendered in a terminal, else as plain text."""
    if not sys.stdout.isatty():
        from ducktypist.features.explain.showing import plain  # noqa: PLC0415 - as above

        def say(passage: Passage) -> None:
            click.echo(f"{_harmless(plain(passage.markdown))}\n")
            sys.stdout.flush()

        return say
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.markdown import Markdown  # noqa: PLC0415 - as above

    console = Console()

    def show(passage: Passage) -> None:
        console.print(Markdown(_harmless(passage.markdown)))
        console.print()

    return show


def _harmless(text: str) -> str:
    """Return text without what a terminal obeys: facts quote the code, whoever wrote it."""
    return _OBEYED.sub("\ufffd", text)


def _as_json(
    place: Place, passages: list[Passage], problem: DucktypistError | None
) -> dict[str, Any]:
    from ducktypist.syntax.lines import LineTable  # noqa: PLC0415 - as above

    lines = LineTable(place.document.text)
    found: list[dict[str, Any]] = []
    for passage in passages:
        item: dict[str, Any] = {"kind": passage.kind, "markdown": passage.markdown}
        if passage.span is not None:
            last = max(passage.span.start, passage.span.end - 1)
            item["lines"] = [lines.line_of(passage.span.start) + 1, lines.line_of(last) + 1]
        if passage.suggestion_id:
            item["suggestion_id"] = passage.suggestion_id
        found.append(item)
    return {
        "language": place.document.language,
        "passages": found,
        **({"error": str(problem)} if problem is not None else {}),
    }
