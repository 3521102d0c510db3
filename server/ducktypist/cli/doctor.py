"""``ducktypist doctor``: how the installation stands, and what to do about it.

It builds what is examined and prints what was found; what is looked at is ``ducktypist.doctor``'s.
Results go to standard output, what is being waited for to standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from ducktypist.app import App
from ducktypist.doctor.cases import CASES
from ducktypist.doctor.check import Status, as_json, worst
from ducktypist.doctor.examining import Examination, examine
from ducktypist.doctor.report import lines, private_of, report, verdict
from ducktypist.doctor.subject import Subject

FIRST_WORD_S = 1.5
"""A shorter wait needs no explanation."""
CLOSING_S = 5.0


@click.command()
@click.argument(
    "folder",
    required=False,
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object (docs/doctor.md).")
@click.option(
    "--report",
    "as_report",
    is_flag=True,
    help="Print a text for a public issue, without paths, names, addresses and keys.",
)
@click.option("--quick", is_flag=True, help="Do not read the whole model file for its hash.")
@click.option("--backend", help="llama_cpp, or scripted:FILE for tests.")
def doctor(
    folder: Path, *, as_object: bool, as_report: bool, quick: bool, backend: str | None
) -> None:
    """Look over the installation, as it is for the workspace FOLDER (or the current one).

    Each line is ok, warn or fail, with what to do. Nothing of FOLDER is run. The exit status is 1
    where something failed.
    """
    if as_object and as_report:
        raise click.UsageError("--json and --report are two forms of one thing; choose one")
    how = "json" if as_object else "report" if as_report else "text"
    sys.exit(asyncio.run(_examined(folder, how=how, quick=quick, backend=backend)))


async def _examined(folder: Path, *, how: str, quick: bool, backend: str | None) -> int:
    app = App(roots=[folder], backend=backend)
    waiting = _Waiting()
    subject = Subject(
        folder=app.roots[0],
        is_trusted=app.is_trusted(app.roots[0]),
        settings=app.config,
        problems=tuple(app.problems),
        status=app.status,
        client=app.engine,
        sandbox=app.sandbox_status,
        quick=quick,
        say=waiting.say,
    )
    found = await examine(CASES, subject, waiting=waiting.tick)
    waiting.end()
    click.echo(_shown(found, subject, how=how), nl=False)
    status = int(worst(found.checks) is Status.FAIL)
    try:
        async with asyncio.timeout(CLOSING_S):
            await subject.aclose()
            await app.aclose()
    except TimeoutError:
        _leave(status)
    if found.is_stuck:
        _leave(status)
    return status


def _shown(found: Examination, subject: Subject, *, how: str) -> str:
    if how == "json":
        table = as_json(found.checks, folder=str(subject.folder), quick=subject.quick)
        return json.dumps(table, indent=2) + "\n"
    if how == "report":
        return report(found.checks, private_of(subject))
    said = [line for check in found.checks for line in lines(check)]
    return "\n".join([*said, "", verdict(found.checks), ""])


def _leave(status: int) -> None:
    """End at once: a thread that hangs in the system cannot be ended, and would be waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


class _Waiting:
    """Says on standard error what is being waited for: one line that is written over, or few."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}
        self._is_terminal = sys.stderr.isatty()
        self._last: tuple[str, ...] = ()
        self._has_line = False

    def say(self, name: str, how_far: str) -> None:
        """Take in how far a check is; from any thread."""
        self._said[name] = how_far

    def tick(self, waited_s: Mapping[str, float]) -> None:
        """Say what is still missing."""
        names = tuple(waited_s)
        if not names or max(waited_s.values()) < FIRST_WORD_S:
            return
        if self._is_terminal:
            parts = [
                f"{name} ({self._said[name]})" if name in self._said else name for name in names
            ]
            click.echo(f"\r\x1b[Kwaiting for {', '.join(parts)}"[: _width()], err=True, nl=False)
            self._has_line = True
        elif names != self._last:
            click.echo(f"waiting for {', '.join(names)}", err=True)
        self._last = names

    def end(self) -> None:
        """Take the line away."""
        if self._has_line:
            click.echo("\r\x1b[K", err=True, nl=False)


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return 80
