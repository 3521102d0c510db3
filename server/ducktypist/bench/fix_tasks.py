"""Repair tasks: code with a bug, tests that are seen and tests that are not; a line of JSON each.

Reading and checking them only; nothing is run here, and no task ships with the package.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ducktypist.domain import Json
from ducktypist.errors import DucktypistError

LANGUAGES = {"python": (".py",), "go": (".go",)}
_TEST_FILE = re.compile(r"test_[^/]*\.py|[^/]*_test\.(py|go)|conftest\.py")
_TEST_FOLDERS = frozenset({"test", "tests", "testdata"})


class TaskError(DucktypistError):
    """A task file cannot be used; the message says which line and why."""


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
    try:
        content = path.read_bytes()
        lines = content.decode().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path} cannot be read: {error}") from error
    tasks: dict[str, Task] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        task = task_of(_parsed(line, where), where)
        if task.id in tasks:
            raise TaskError(f"{where}: there is a task {task.id!r} already; ids must differ")
        tasks[task.id] = task
    if not tasks:
        raise TaskError(f"{path} holds no task; expected one JSON object a line")
    return TaskFile(tasks=tuple(tasks.values()), sha256=hashlib.sha256(content).hexdigest())


def write_tasks(path: Path, tasks: Iterable[Task]) -> None:
    """Write a task file.

    Raises:
        TaskError: It cannot be written.
    """
    text = "".join(json.dumps(task.as_json(), ensure_ascii=False) + "\n" for task in tasks)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TaskError(f"{path} cannot be written: {error.strerror}") from error


def task_of(found: Mapping[str, Json], where: str) -> Task:
    """Return what a JSON object says.

    Raises:
        TaskError: It is no task; ``where`` begins the message.
    """
    task = Task(
        id=_text(found, "id", where),
        language=_text(found, "language", where),
        files=_texts(found, "files", where),
        failing=_text(found, "failing", where),
        hidden=_texts(found, "hidden", where),
        function=_text(found, "function", where, needed=False),
        line=_line(found, where),
        operator=_text(found, "operator", where, needed=False),
        group=_text(found, "group", where, needed=False),
        meta=_object(found, "meta", where, needed=False),
    )
    unknown = sorted(set(found) - set(task.as_json()))
    if unknown:
        raise TaskError(f"{where}: unknown keys {', '.join(unknown)}")
    if task.language not in LANGUAGES:
        known = " or ".join(LANGUAGES)
        raise TaskError(f"{where}: language {task.language!r}, expected {known}")
    for name in (*task.files, *task.hidden):
        _check_path(name, where)
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


def digest(values: Sequence[str]) -> str:
    """Return a hash of texts in their order."""
    return "b2:" + hashlib.blake2b(json.dumps(list(values)).encode(), digest_size=16).hexdigest()


def _parsed(line: str, where: str) -> Mapping[str, Json]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise TaskError(f"{where}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise TaskError(f"{where}: expected an object, got {line.strip()!r:.40}")
    return found


def _text(found: Mapping[str, Json], key: str, where: str, *, needed: bool = True) -> str:
    value = found.get(key, None if needed else "")
    if not isinstance(value, str) or (needed and not value):
        raise TaskError(f"{where}: `{key}` must be a text, got {value!r:.40}")
    return value


def _line(found: Mapping[str, Json], where: str) -> int:
    value = found.get("line", 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TaskError(f"{where}: `line` must be a line number, got {value!r:.40}")
    return value


def _object(
    found: Mapping[str, Json], key: str, where: str, *, needed: bool = True
) -> Mapping[str, Json]:
    value = found.get(key, None if needed else {})
    if not isinstance(value, Mapping):
        raise TaskError(f"{where}: `{key}` must be an object, got {value!r:.40}")
    return value


def _texts(found: Mapping[str, Json], key: str, where: str) -> Mapping[str, str]:
    value = _object(found, key, where)
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if not texts or len(texts) != len(value):
        raise TaskError(f"{where}: `{key}` must hold at least one file, each a path with its text")
    return texts


def _check_path(name: str, where: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name:
        raise TaskError(f"{where}: {name!r} is no path below the workspace")
