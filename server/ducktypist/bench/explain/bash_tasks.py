"""Bash scripts with tests and inputs, a folder each; reading and checking them only.

A folder holds ``script.sh`` (what is explained), ``test.bats`` (which runs ``"$SCRIPT"``) and
``task.toml``::

    name = "newest-files"
    purpose = "one line, which is all that the name-only arm is told"
    constructs = ["trap", "here-document"]
    [[inputs]]                 # what its output is to be foretold for
    args = ["-n", "3"]
    stdin = ""
    files = {"a.txt" = "content"}
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ducktypist.bench.tasks import TaskError, read_bytes

SCRIPT, TESTS, ABOUT = "script.sh", "test.bats", "task.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptInput:
    """What a script is run with."""

    args: tuple[str, ...] = ()
    stdin: str = ""
    files: Mapping[str, str]
    """In the folder where it runs, by path below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BashTask:
    """One script."""

    id: str
    """The folder's name."""
    purpose: str
    constructs: tuple[str, ...]
    script: str
    tests: str
    """Of bats."""
    inputs: tuple[ScriptInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BashTasks:
    """All scripts of a folder."""

    tasks: tuple[BashTask, ...]
    sha256: str
    """Of all files, with their names."""


def read_bash_tasks(folder: Path) -> BashTasks:
    """Read all tasks of a folder, by name.

    Raises:
        TaskError: There is none, or one of them cannot be read or is no task.
    """
    places = sorted(path.parent for path in folder.glob(f"*/{ABOUT}"))
    if not places:
        raise TaskError(f"{folder} holds no task; expected folders with a {ABOUT} each")
    digest = hashlib.sha256()
    for place in places:
        for name in (SCRIPT, TESTS, ABOUT):
            content = read_bytes(place / name)
            digest.update(f"{place.name}/{name}\0{len(content)}\0".encode() + content)
    return BashTasks(tasks=tuple(map(_task_of, places)), sha256=digest.hexdigest())


def _task_of(place: Path) -> BashTask:
    where = str(place / ABOUT)
    try:
        script, tests, told = (read_bytes(place / name).decode() for name in (SCRIPT, TESTS, ABOUT))
        found = tomllib.loads(told)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TaskError(f"{place} cannot be read: {error}") from error
    if not script.strip() or "@test" not in tests:
        raise TaskError(f"{place}: {SCRIPT} and {TESTS} must hold a script and tests")
    inputs = found.get("inputs", [])
    if not isinstance(inputs, list):
        raise TaskError(f"{where}: `inputs` must be a list of tables")
    return BashTask(
        id=place.name,
        purpose=_text(found, "purpose", where),
        constructs=texts(found.get("constructs", []), f"{where}: `constructs`"),
        script=script,
        tests=tests,
        inputs=tuple(input_of(item, where) for item in inputs),
    )


def input_of(found: object, where: str) -> ScriptInput:
    """Return what a table says a script is run with.

    Raises:
        TaskError: It is no such table.
    """
    if not isinstance(found, Mapping):
        raise TaskError(f"{where}: an input must be a table")
    unknown = sorted(set(found) - {"args", "stdin", "files"})
    if unknown:
        raise TaskError(f"{where}: unknown keys of an input: {', '.join(unknown)}")
    files = found.get("files", {})
    if not isinstance(files, Mapping) or not all(isinstance(text, str) for text in files.values()):
        raise TaskError(f"{where}: `files` must hold texts by name")
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or name == SCRIPT:
            raise TaskError(f"{where}: {name!r} is no file beside the script")
    stdin = found.get("stdin", "")
    if not isinstance(stdin, str):
        raise TaskError(f"{where}: `stdin` must be a text")
    return ScriptInput(
        args=texts(found.get("args", []), f"{where}: `args`"), stdin=stdin, files=dict(files)
    )


def _text(found: Mapping[str, Any], key: str, where: str) -> str:
    value = found.get(key)
    if not isinstance(value, str) or not value.strip():
        raise TaskError(f"{where}: `{key}` must be a text")
    return value.strip()


def texts(value: object, where: str) -> tuple[str, ...]:
    """Return a list of texts.

    Raises:
        TaskError: It is none.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TaskError(f"{where} must be a list of texts")
    return tuple(value)
