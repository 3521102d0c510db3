"""What ``ducktypist explain`` explains: a file or a pipe, whole or in part, and its language.

It reads and guesses; it explains nothing.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from ducktypist.domain import Document, Span
from ducktypist.errors import DucktypistError
from ducktypist.features.followed_files import language_of
from ducktypist.syntax.lines import LineTable

MAX_BYTES = 4_000_000
STDIN = "-"

_LINES = re.compile(r"(?P<file>.*):(?P<first>\d+)(?:-(?P<last>\d+))?", re.DOTALL)
_SHEBANG = re.compile(r"#!.*?\b(?P<program>[a-z]+)[\d.]*(?:\s+-\S*)*\s*$")
_PROGRAMS = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "ksh", "zsh"), "shellscript"),
    **dict.fromkeys(("python", "pypy"), "python"),
    **dict.fromkeys(("node", "nodejs", "bun"), "javascript"),
    **dict.fromkeys(("deno", "tsx"), "typescript"),
}
_SHELL_NAMES = frozenset(
    {
        *(".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases"),
        *(".profile", "PKGBUILD", "APKBUILD"),
    }
)
_GO = re.compile(r"^package\s+\w+\s*$|^func\s+(?:\([^)]*\)\s*)?\w+\(", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines of which file."""

    file: str
    """A path, or ``-`` for standard input."""
    first_line: int | None = None
    """1-based; None for the whole file."""
    last_line: int | None = None
    """None for the block at the first line alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is to be explained."""

    document: Document
    offset: int
    """In code points."""
    selection: Span | None
    """None for the block at the offset."""


def wanted_of(argument: str) -> Wanted:
    """Return what ``FILE[:LINE[-LINE]]`` names; a file that has such a name goes first.

    Raises:
        DucktypistError: The lines are none.
    """
    found = _LINES.fullmatch(argument)
    if found is None or not found["file"] or os.path.lexists(argument):
        return Wanted(file=argument)
    first = int(found["first"])
    last = int(found["last"]) if found["last"] else None
    if first < 1 or (last is not None and last < first):
        raise DucktypistError(
            f"{argument}: lines count from 1 and go upwards, as in {found['file']}:3-7"
        )
    return Wanted(file=found["file"], first_line=first, last_line=last)


def place_of(wanted: Wanted, *, language: str) -> Place:
    """Read what is wanted.

    Args:
        wanted: The file and the lines.
        language: An LSP language id; empty to guess it.

    Raises:
        DucktypistError: It cannot be read, is no text, or has no such line.
    """
    name = "standard input" if wanted.file == STDIN else wanted.file
    data = _read(wanted.file)
    if len(data) > MAX_BYTES:
        raise DucktypistError(
            f"{name} is longer than {MAX_BYTES} bytes; pipe the part in question into "
            "`ducktypist explain -`"
        )
    if b"\0" in data:
        raise DucktypistError(f"{name} is no text: it holds NUL bytes; name a file of source text")
    text = data.decode("utf-8-sig", errors="replace")
    path = None if wanted.file == STDIN else Path(wanted.file).absolute()
    document = Document(
        uri="stdin:" if path is None else path.as_uri(),
        path=path,
        language=language or language_in(text, "" if path is None else path.name),
        version=None,
        text=text,
    )
    if wanted.first_line is None:
        return Place(document=document, offset=0, selection=Span(start=0, end=len(text)))
    lines = LineTable(text)
    # A text that ends in a line break has an empty line behind it, which nobody counts.
    n_lines = len(lines) - (not lines.text(len(lines) - 1))
    last_line = wanted.last_line or wanted.first_line
    if last_line > n_lines:
        has = "one line" if n_lines == 1 else f"{n_lines} lines"
        raise DucktypistError(f"{name} has {has}; there is no line {last_line}")
    first = lines.content(wanted.first_line - 1)
    return Place(
        document=document,
        offset=first.start,
        selection=None
        if wanted.last_line is None
        else Span(start=first.start, end=lines.content(last_line - 1).end),
    )


def language_in(text: str, name: str) -> str:
    """Return the LSP language id of a text by its file's name, its first line, or what is in it.

    Args:
        text: All of it.
        name: The file's, without folders; empty where there is none, as in a pipe.

    Returns:
        ``plaintext`` where nothing tells.
    """
    known = language_of(name) if name else None
    if known is not None:
        return known
    if name in _SHELL_NAMES:
        return "shellscript"
    found = _SHEBANG.match(text.split("\n", 1)[0])
    if found is not None and found["program"] in _PROGRAMS:
        return _PROGRAMS[found["program"]]
    # A file with another name is something that nobody here knows; what is piped is mostly code.
    if name or not text.strip():
        return "plaintext"
    if _GO.search(text):
        return "go"
    return "python" if _is_python(text) else "shellscript"


def _is_python(text: str) -> bool:
    """Tell whether a text reads as Python and says something that a line of shell does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    # A word or a difference of words, such as `ls -l`, is an expression of both.
    return any(
        not isinstance(item, ast.Expr) or isinstance(item.value, (ast.Call, ast.Await))
        for item in body
    )


def _read(file: str) -> bytes:
    """Return at most one byte more than is allowed.

    Raises:
        DucktypistError: It cannot be read.
    """
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(file).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise DucktypistError(f"there is no file {file}") from error
    except IsADirectoryError as error:
        raise DucktypistError(f"{file} is a folder; name a file in it") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DucktypistError(f"{file} cannot be read: {why}") from error
