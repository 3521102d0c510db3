"""How a pull looks in a terminal: its progress, and what it says when it fails.

Shared by ``ducktypist model`` and ``ducktypist use``. Progress goes to standard error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ducktypist.errors import DucktypistError

if TYPE_CHECKING:
    from ducktypist.models.transfer import PullProgress


@contextmanager
def shown_progress() -> Iterator[Callable[[PullProgress], None]]:
    """Show progress as a bar on a terminal, and as one line per stage elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - costs 0.1 s, only where progress is shown
    from rich.progress import (  # noqa: PLC0415 - see above
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line_per_stage()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def report(at: PullProgress) -> None:
            progress.update(
                task,
                description=at.stage,
                completed=at.done_bytes,
                total=at.total_bytes or None,
            )

        yield report


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Say one of our errors in one line and exit with status 1; with 130 when interrupted."""
    try:
        yield
    except DucktypistError as error:
        click.echo(f"ducktypist: {error}", err=True)
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        click.echo("ducktypist: stopped; what has arrived is kept for the next pull", err=True)
        raise SystemExit(130) from None


def _line_per_stage() -> Callable[[PullProgress], None]:
    shown: list[str] = []

    def report(at: PullProgress) -> None:
        if at.stage not in shown[-1:]:
            shown.append(at.stage)
            click.echo(at.stage, err=True)

    return report
