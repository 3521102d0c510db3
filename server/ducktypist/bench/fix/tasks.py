"""Repair tasks: code with a bug, tests that are seen and tests that are not; a line of JSON each.

Reading and checking them only; nothing is run here, and no task ships with the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ducktypist.bench.tasks import (
    TaskError,
    digest,
    line_field,
    object_field,
    read_all,
    text_field,
    texts_field,
    write_objects,
)
from ducktypist.domain import Json

__all__ = ["Task", "TaskError", "TaskFile", "digest", "is_source", "read_tasks", "write_tasks"]

LANGUAGES = {"python": (".py",), "go": (".go",)}
_TEST_FILE = re.compile(r"test_[^/]*\.py|[^/]*_test\.(py|go)|conftest\.py")
_TEST_FOLDERS = frozenset({"test", "tests", "testdata"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One bug to be fixed."""

    id: str
    language: str
    files: Mapping[str, str]
    """What the workspace holds, by path below it: the code with its bug and the tests seen."""
    failing: str
    """Node id of a test among ``files`` that fails because of the bug."""
    hidden: Mapping[str, str]
    """Tests that nobody sees before the end; laid over ``files``, where they may take a file's
    place."""
    function: str = ""
    """Qualified name of the function with the bug; empty when it is unknown."""
    line: int = 0
    """1-based line of the bug in its file; 0 when it is unknown."""
    operator: str = ""
    """What was planted."""
    group: str = ""
    """Where the task comes from."""
    meta: Mapping[str, Json] = field(default_factory=dict)
    """More about it, for people."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the files that a fix may change: code of the task's language, no tests."""
        return tuple(name for name in self.files if is_source(name, self.language))

    def as_json(self) -> dict[str, Json]:
        """Return the task as its line has it."""
        return {
            "id": self.id,
            "language": self.language,
            "files": dict(self.files),
            "failing": self.failing,
            "hidden": dict(self.hidden),
            "function": self.function,
            "line": self.line,
            "operator": self.operator,
            "group": self.group,
            "meta": dict(self.meta),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFile:
    """All tasks of a file."""

    tasks: tuple[Task, ...]
    sha256: str
    """Of the file."""


def is_source(name: str, language: str) -> bool:
    """Tell by its path whether a file is code that a fix may change."""
    path = PurePosixPath(name)
    return (
        path.suffix in LANGUAGES.get(language, ())
        and not _TEST_FILE.fullmatch(path.name)
        and not _TEST_FOLDERS.intersection(path.parts[:-1])
    )


def read_tasks(path: Path) -> TaskFile:
    """Read a task file.

    Raises:
        TaskError: It cannot be read, or a line of it is no task.
    """
    tasks, sha256 = read_all(path, task_of)
    return TaskFile(tasks=tasks, sha256=sha256)


def write_tasks(path: Path, tasks: Iterable[Task]) -> None:
    """Write a task file.

    Raises:
        TaskError: It cannot be written.
    """
    write_objects(path, (task.as_json() for task in tasks))


def task_of(found: Mapping[str, Json], where: str) -> Task:
    """Return what a JSON object says.

    Raises:
        TaskError: It is no task; ``where`` begins the message.
    """
    task = Task(
        id=text_field(found, "id", where),
        language=text_field(found, "language", where),
        files=texts_field(found, "files", where),
        failing=text_field(found, "failing", where),
        hidden=texts_field(found, "hidden", where),
        function=text_field(found, "function", where, needed=False),
        line=line_field(found, where),
        operator=text_field(found, "operator", where, needed=False),
        group=text_field(found, "group", where, needed=False),
        meta=object_field(found, "meta", where, needed=False),
    )
    unknown = sorted(set(found) - set(task.as_json()))
    if unknown:
        raise TaskError(f"{where}: unknown keys {', '.join(unknown)}")
    if task.language not in LANGUAGES:
        known = " or ".join(LANGUAGES)
        raise TaskError(f"{where}: language {task.language!r}, expected {known}")
    test_file = task.failing.partition("::")[0]
    if "::" not in task.failing or test_file not in task.files:
        raise TaskError(
            f"{where}: the failing test {task.failing!r} must read FILE::NAME with FILE in `files`"
        )
    if not task.sources:
        raise TaskError(f"{where}: `files` holds no {task.language} code besides tests")
    for name in task.hidden:
        if is_source(name, task.language) and name in task.files:
            raise TaskError(f"{where}: hidden tests would take the place of the code in {name}")
    return task
