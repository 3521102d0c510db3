"""Files of public sets: rows of JSON, packed or not, and what could not be made a task of.

Reading only; what a row means, the module of its suite says.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

from ducktypist.bench.complete.tasks import CompleteTask
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.tasks import TaskError, objects, read_bytes
from ducktypist.domain import Json

Row = Mapping[str, Json]
_GZIP: Final = b"\x1f\x8b"
_NO_NAME: Final = re.compile(r"[^\w.-]+")
T = TypeVar("T")


class UnfitError(TaskError):
    """A row is well-formed and no task of ours can be made of it; the message says why."""


@dataclass(slots=True)
class Readings(Generic[T]):
    """What was read of a set."""

    found: list[T] = field(default_factory=list)
    """In the order of the file."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many could not be used, by the reason."""


def rows(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield the objects of a file, each after where it stands: lines of JSON, or one JSON array.

    A file that is packed with gzip is unpacked, whatever it is called.

    Raises:
        TaskError: It cannot be read, or holds something else.
    """
    content = read_bytes(path)
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise TaskError(f"{path} cannot be unpacked: {error}") from error
    if not content.lstrip().startswith(b"["):
        yield from objects(path, content)
        return
    try:
        items = json.loads(content)
    except ValueError as error:
        raise TaskError(f"{path} cannot be read: {error}") from error
    for number, item in enumerate(items, start=1):
        where = f"{path}: item {number}"
        if not isinstance(item, dict):
            raise TaskError(f"{where}: expected an object, got {item!r:.40}")
        yield where, item


def read_rows(path: Path, task_of: Callable[[Row, str], T]) -> Readings[T]:
    """Return what each row of a file is made into.

    Args:
        path: The file.
        task_of: Makes one of a row and where it stands; raises :class:`UnfitError` for those that
            are to be left out.

    Raises:
        TaskError: The file or a row of it has another shape.
    """
    read = Readings[T]()
    for where, row in rows(path):
        try:
            read.found.append(task_of(row, where))
        except UnfitError as error:
            read.left_out[str(error)] += 1
        except SyntaxError as error:
            raise TaskError(f"{where}: its code cannot be parsed: {error.msg}") from error
    return read


def task_id(family: str, name: object) -> str:
    """Return the id of a task: its family and its own name, without what is no part of a name."""
    return f"{family}/{_NO_NAME.sub('_', str(name)).strip('_')}"


def first_of(found: Sequence[tuple[str, CompleteTask]], reason: str) -> CompleteTask:
    """Return the one task of a row.

    Raises:
        UnfitError: There is none; the reason is given.
    """
    if not found:
        raise UnfitError(reason)
    return found[0][1]


def function_task(task: CompleteTask, family: str) -> FairTask:
    """Return a task of ``bench complete`` as the fair bench asks it."""
    return FairTask(
        id=task_id(family, task.id),
        family=family,
        kind=TaskKind.FUNCTION,
        language=task.language,
        title=task.id,
        source=task.path,
        function=task.function,
        oracle=task.solution() if task.reference else "",
        files=dict(task.files),
        hidden=dict(task.hidden),
    )
