"""What a program says of itself with ``--help``, where there is neither a page nor a summary.

Which program may be asked is decided here; asking it, in a sandbox, is done by who passes ``run``.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from ducktypist.facts.manual.help_layout import help_items
from ducktypist.facts.manual.model import Page
from ducktypist.facts.manual.page_text import entry
from ducktypist.facts.manual.roff_text import quoted_as_typed
from ducktypist.facts.manual.sentences import first_sentence

_SYSTEM_FOLDERS = (
    "/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin", "/usr/local/sbin",
    "/opt/homebrew/bin", "/opt/local/bin", "/run/current-system/sw/bin",
)  # fmt: skip
# Where links of those folders may lead.
_SYSTEM_TREES = ("/usr", "/bin", "/sbin", "/opt", "/nix/store", "/etc/alternatives")
_NAME = re.compile(r"\w[\w.+-]{0,99}")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|.\x08|[\x00-\x08\x0b-\x1f\x7f]")
_MAX_TEXT = 512 * 1024
_USAGE = re.compile(r"\s*(?:usage|synopsis)\b", re.IGNORECASE)
_OWN_NAME = re.compile(r"\A\S+\s+(?:-|--|–|—|:)\s+(?=[A-Z])")
_NO_SUMMARY = re.compile(
    r"BusyBox v|.*\bcopyright\b|.*:\Z|.*\bversion \d|\S+ v?\d+\.\d|or:|\[|.*\bfull help\b"
    r"|Options\b",
    re.IGNORECASE,
)
_MIN_WORDS = 2
_MAX_LINE = 1_000
_MAX_LINES_BEFORE_OPTIONS = 40


class HelpTexts:
    """Programs of the system, asked for their help."""

    def __init__(
        self, run: Callable[[Path], str | None], *, workspace_roots: Sequence[Path] = ()
    ) -> None:
        """Prepare; nothing is asked.

        Args:
            run: Runs a program with ``--help`` where it can do no harm, and returns what it
                printed; None where nothing came of it.
            workspace_roots: Nothing from these folders is run.
        """
        self._run = run
        self._roots = tuple(workspace_roots)

    def program(self, name: str) -> Path | None:
        """Return the program that would be asked."""
        return program_of(name, roots=self._roots)

    def page(self, name: str) -> Page | None:
        """Return what a program says of itself, if it may be asked and says anything.

        Args:
            name: The program's name.
        """
        program = self.program(name)
        text = self._run(program) if program else None
        page = parse_help(text, name=name) if text else None
        return page if page and (page.options or page.summary) else None


def program_of(name: str, *, roots: Sequence[Path]) -> Path | None:
    """Return the program of a name, if the system put it there and nobody else may change it.

    Args:
        name: The program's name.
        roots: Folders of the workspace.
    """
    if not _NAME.fullmatch(name):
        return None
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder.rstrip("/") in _SYSTEM_FOLDERS:
            path = Path(folder) / name
            if path.exists():
                return path if _may_run(path, roots) else None
    return None


def parse_help(text: str, *, name: str) -> Page:
    """Return the page of a help text: GNU's, argparse's, click's, clap's, Go's or busybox's.

    Args:
        text: What the program printed.
        name: The program's name.
    """
    shown = _TERMINAL.sub("", text[:_MAX_TEXT].replace("\r\n", "\n"))
    source = f"{name} --help"
    entries = [entry(tag, said, source=source) for tag, said in help_items(shown)]
    known: set[str] = set()
    options = []
    for found in entries:
        if found and known.isdisjoint(found.names):
            known.update(found.names)
            options.append(found)
    return Page(
        name=name, section="", summary=_summary(shown, name), source=source, options=tuple(options)
    )


def _may_run(path: Path, roots: Sequence[Path]) -> bool:
    try:
        real = path.resolve()
        status, folder = real.stat(), real.parent.stat()
    except (OSError, RuntimeError):
        return False
    if any(real.is_relative_to(root.resolve()) for root in roots):
        return False
    if not any(real.is_relative_to(tree) for tree in _SYSTEM_TREES):
        return False
    if not hasattr(os, "getuid"):
        return False
    owners = {0, os.getuid()}
    return (
        stat.S_ISREG(status.st_mode)
        and bool(status.st_mode & stat.S_IXUSR)
        and {status.st_uid, folder.st_uid} <= owners
        and not (status.st_mode | folder.st_mode) & stat.S_IWOTH
    )


def _summary(text: str, name: str) -> str:
    """Return the first sentence that is neither usage nor a heading, before any option."""
    is_usage = False
    said: list[str] = []
    for line in text.split("\n")[:_MAX_LINES_BEFORE_OPTIONS]:
        shown = line[:_MAX_LINE].strip()
        if said:
            # The sentence may go on to the end of its paragraph.
            if not shown or shown.startswith("-"):
                break
            said.append(shown)
        elif _USAGE.match(shown):
            is_usage = True
        elif shown.startswith("-"):
            break
        elif not shown:
            is_usage = False
        # The lines under "Usage:" go on with it while they are indented.
        elif not (is_usage and line[0].isspace()):
            is_usage = False
            shown = _OWN_NAME.sub("", shown, count=1)
            if _is_prose(shown, name):
                said.append(shown)
    return first_sentence(quoted_as_typed(" ".join(" ".join(said).split())))


def _is_prose(line: str, name: str) -> bool:
    if _NO_SUMMARY.match(line) or len(line.split()) < _MIN_WORDS:
        return False
    return line[0].isupper() or line.startswith(f"{name} ")
