"""``ducktypist ingest``: results of a test run elsewhere, shown in the editor.

It runs nothing. What it was given is kept as one record in the user's state folder, which every
window of that folder watches.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from ducktypist import config
from ducktypist.domain import TestOutcome, TestReport
from ducktypist.errors import DucktypistError, RunnerError

MAX_INPUT_BYTES = 128 * 1024**2


@click.command()
@click.argument(
    "results", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True)
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="The folder that the tests belong to; by default the current one, or its Go module's.",
)
@click.option("--tee", is_flag=True, help="Copy standard input to standard output on the way.")
def ingest(results: Path | None, root: Path | None, *, tee: bool) -> None:
    """Show the results of a test run in every editor window of the folder.

    RESULTS is a JUnit XML file, or what `go test -json` printed; without it, either comes on
    standard input: go test -json ./... | ducktypist ingest
    """
    given = None if root is None else root.resolve()
    made_s = time.time()
    try:
        if results is None:
            real, report = parsed(_stdin_lines(copied=tee), given)
        else:
            made_s = results.stat().st_mtime
            with results.open("rb") as file:
                real, report = parsed(bounded(file), given)
        _write(report, real, made_s)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}: {error.filename}") from error
    click.echo(f"ducktypist ingest: {_summary(report)}; shown in windows of {real}", err=True)


def _write(report: TestReport, root: Path, made_s: float) -> None:
    from ducktypist.watch import RECORDS, Record, write_record  # noqa: PLC0415 - keeps the start of other commands fast

    record = Record(root=root, made_s=made_s, report=report)
    write_record(config.state_dir() / RECORDS, record)


def parsed(lines: Iterator[bytes], root: Path | None) -> tuple[Path, TestReport]:
    """Return the folder that the tests belong to and what the results say of them."""
    first = next(lines, b"")
    while first and not first.strip():
        first = next(lines, b"")
    if first.lstrip(b"\xef\xbb\xbf \t").startswith(b"<"):
        from ducktypist.watch import parse_junit  # noqa: PLC0415 - as above

        here = root or Path.cwd().resolve()
        return here, parse_junit(b"".join([first, *lines]), here)
    from ducktypist.watch.go_json import parse_go_test_json  # noqa: PLC0415 - as above

    def all_lines() -> Iterator[bytes]:
        yield first
        yield from lines

    module = root or _go_module(Path.cwd().resolve())
    return module, parse_go_test_json(all_lines(), module)


def _go_module(here: Path) -> Path:
    """Return the folder of the module that a folder belongs to; without one, itself."""
    return next((at for at in (here, *here.parents) if (at / "go.mod").is_file()), here)


def bounded(lines: Iterable[bytes], *, n_bytes: int = MAX_INPUT_BYTES) -> Iterator[bytes]:
    """Yield lines as long as there are no more bytes than that.

    Raises:
        RunnerError: There are more.
    """
    n_left = n_bytes
    for line in lines:
        n_left -= len(line)
        if n_left < 0:
            raise RunnerError(
                f"the results are longer than {n_bytes} bytes; ingest fewer tests at once"
            )
        yield line


def _stdin_lines(*, copied: bool) -> Iterator[bytes]:
    """Yield the lines of standard input; where copied, each is passed on first."""
    source = sys.stdin.buffer
    if not copied:
        yield from bounded(source)
        return
    out = sys.stdout.buffer
    n_left = MAX_INPUT_BYTES
    is_read = True
    for line in source:
        if is_read:
            try:
                out.write(line)
                out.flush()
            except BrokenPipeError:
                is_read = False
                # What is left in the buffer would be tried again when Python ends, and fail.
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, out.fileno())
                os.close(nowhere)
        n_left -= len(line)
        if n_left >= 0:
            yield line
    if n_left < 0:
        raise RunnerError(f"the results are longer than {MAX_INPUT_BYTES} bytes; all were copied")


def _summary(report: TestReport) -> str:
    n_passed = len(report.ids(TestOutcome.PASSED, TestOutcome.XPASSED, TestOutcome.XFAILED))
    n_skipped = len(report.ids(TestOutcome.SKIPPED))
    n_failed = len(report.ids(TestOutcome.FAILED, TestOutcome.ERROR))
    told = [f"{n_passed} passed", f"{n_failed} failed"]
    if n_skipped:
        told.append(f"{n_skipped} skipped")
    if report.collection_errors:
        told.append(f"{len(report.collection_errors)} files could not be read")
    return ", ".join(told)
