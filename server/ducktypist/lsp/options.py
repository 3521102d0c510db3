"""The command line of ``ducktypist serve``, and where its log goes.

Separate from ``cli`` because the server must answer before click could be imported.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What ``ducktypist serve`` was started with; None leaves it to the settings."""

    backend: str | None = None
    """``llama_cpp``, or ``scripted:FILE`` for tests."""
    engine_url: str | None = None
    """A remote engine's base address."""
    log_file: Path | None = None
    """Where the log is appended; standard error when None."""
    log_level: str = "warning"
    """``debug``, ``info``, ``warning`` or ``error``."""


def parse(arguments: Sequence[str]) -> ServeOptions:
    """Return the options in ``arguments`` (those after ``serve``).

    Raises:
        SystemExit: ``--help`` was asked for, or an argument is unknown.
    """
    parser = argparse.ArgumentParser(
        prog="ducktypist serve",
        description="Serve one editor window: LSP on standard input and output.",
        allow_abbrev=False,
    )
    parser.add_argument("--backend", metavar="NAME", help="llama_cpp, or scripted:FILE for tests")
    parser.add_argument("--engine-url", metavar="URL", help="a remote engine's base address")
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="default: standard error")
    parser.add_argument("--log-level", choices=_LEVELS, default="warning")
    # Editors' client libraries add these two by themselves. The process id also comes with
    # initialize.
    parser.add_argument("--stdio", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--clientProcessId", type=int, help=argparse.SUPPRESS)
    found = parser.parse_args(arguments)
    return ServeOptions(
        backend=found.backend,
        engine_url=found.engine_url,
        log_file=found.log_file,
        log_level=found.log_level,
    )


def configure_logging(options: ServeOptions) -> None:
    """Send the log where the options say; never to standard output."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    trouble: OSError | None = None
    if options.log_file is not None:
        try:
            options.log_file.parent.mkdir(parents=True, exist_ok=True)
            handler = logging.FileHandler(options.log_file, encoding="utf-8", errors="replace")
        except OSError as error:
            trouble = error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # A full disk or a closed stderr must not fail a request.
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(options.log_level.upper())
    if trouble is not None:
        root.warning("%s cannot be written (%s); logging here", options.log_file, trouble.strerror)
