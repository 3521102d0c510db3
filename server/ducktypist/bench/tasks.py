"""What all task files of the bench have in common: lines of JSON, checked field by field.

Reading and writing only; what a task is, its own module says. Nothing is run here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

from ducktypist.domain import Json
from ducktypist.errors import DucktypistError

PARTS = ("dev", "held")


class TaskError(DucktypistError):
    """A task file cannot be used; the message says which line and why."""


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        TaskError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error.strerror}") from error


def objects(path: Path, content: bytes) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield the objects of a file with one JSON object a line, each after where it stands.

    Raises:
        TaskError: It is no UTF-8, or a line of it is no JSON object.
    """
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError as error:
        raise TaskError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            where = f"{path}:{number}"
            yield where, parsed(line, where)


class Named(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """Return it."""


_Task = TypeVar("_Task", bound=Named)


def read_all(
    path: Path, task_of: Callable[[Mapping[str, Json], str], _Task]
) -> tuple[tuple[_Task, ...], str]:
    """Return the tasks of a file and its SHA-256.

    Raises:
        TaskError: It cannot be read, holds none, or a line of it is no task of its own.
    """
    content = read_bytes(path)
    tasks: dict[str, _Task] = {}
    for where, found in objects(path, content):
        task = task_of(found, where)
        if task.id in tasks:
            raise TaskError(f"{where}: there is a task {task.id!r} already; ids must differ")
        tasks[task.id] = task
    if not tasks:
        raise TaskError(f"{path} holds no task; expected one JSON object a line")
    return tuple(tasks.values()), hashlib.sha256(content).hexdigest()


def write_objects(path: Path, rows: Iterable[Mapping[str, Json]]) -> None:
    """Write one JSON object a line.

    Raises:
        TaskError: It cannot be written.
    """
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TaskError(f"{path} cannot be written: {error.strerror}") from error


def write_files(files: Mapping[str, str], root: Path) -> Path:
    """Write texts below a folder as they are, line ends included, and return the folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root


def digest(values: Sequence[str]) -> str:
    """Return a hash of texts in their order."""
    return "b2:" + hashlib.blake2b(json.dumps(list(values)).encode(), digest_size=16).hexdigest()


def parsed(line: str, where: str) -> Mapping[str, Json]:
    """Return the object that a line holds.

    Raises:
        TaskError: It holds none; ``where`` begins the message.
    """
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise TaskError(f"{where}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise TaskError(f"{where}: expected an object, got {line.strip()!r:.40}")
    return found


def text_field(found: Mapping[str, Json], key: str, where: str, *, needed: bool = True) -> str:
    """Return a field that holds a text.

    Raises:
        TaskError: It does not, or it is needed and empty.
    """
    value = found.get(key, None if needed else "")
    if not isinstance(value, str) or (needed and not value):
        raise TaskError(f"{where}: `{key}` must be a text, got {value!r:.40}")
    return value


def line_field(found: Mapping[str, Json], where: str, *, key: str = "line") -> int:
    """Return a line number, 0 where there is none.

    Raises:
        TaskError: It is something else.
    """
    value = found.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TaskError(f"{where}: `{key}` must be a line number, got {value!r:.40}")
    return value


def object_field(
    found: Mapping[str, Json], key: str, where: str, *, needed: bool = True
) -> Mapping[str, Json]:
    """Return a field that holds an object.

    Raises:
        TaskError: It does not.
    """
    value = found.get(key, None if needed else {})
    if not isinstance(value, Mapping):
        raise TaskError(f"{where}: `{key}` must be an object, got {value!r:.40}")
    return value


def texts_field(found: Mapping[str, Json], key: str, where: str) -> Mapping[str, str]:
    """Return a field that holds files, each a path below the workspace with its text.

    Raises:
        TaskError: It holds none, or something else.
    """
    value = object_field(found, key, where)
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if not texts or len(texts) != len(value):
        raise TaskError(f"{where}: `{key}` must hold at least one file, each a path with its text")
    for name in texts:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name:
            raise TaskError(f"{where}: {name!r} is no path below the workspace")
    return texts
