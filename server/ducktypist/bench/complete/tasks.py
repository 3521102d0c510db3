"""Completion tasks: code with something left out, and tests that decide; a line of JSON each.

A line holds::

    id         a name, unique in the file
    kind       "body" or "line"
    language   "python" or "go"
    files      {path: text}, what the workspace holds
    target     {"path": …, "function": …} or {"path": …, "line": …}
    hidden     {path: text}, tests that nobody sees before the end
    reference  the right body or line with its indentation; or the whole file, where the body
               alone is not enough because it needs an import; empty when nobody knows it
    group      where the task comes from

In a ``body`` task the function (by its qualified name) is documented and empty. In a ``line`` task
the line with that number, from 1, holds nothing but indentation. Reading and checking them only;
nothing is run here, and no task ships with the package.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.tasks import (
    PARTS,
    TaskError,
    line_field,
    object_field,
    read_all,
    text_field,
    texts_field,
    write_objects,
)
from ducktypist.domain import Document, Json, TextEdit
from ducktypist.syntax.edits import body_edit, replace_lines_edit
from ducktypist.syntax.regions import FunctionRegion, function_named

BODY, LINE = "body", "line"
KINDS = (BODY, LINE)
LANGUAGES = ("python", "go")
_DEV_BELOW = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTask:
    """One thing to be typed."""

    id: str
    kind: str
    """``body`` or ``line``."""
    language: str
    files: Mapping[str, str]
    """What the workspace holds, by path below it."""
    path: str
    """Of the file to be completed, one of ``files``."""
    function: str = ""
    """Qualified name of the empty function; empty for a line."""
    line: int = 0
    """From 1; 0 for a body."""
    hidden: Mapping[str, str]
    """Tests that nobody sees before the end, laid over ``files``."""
    reference: str
    """The right body or line, with its indentation, or the whole file; empty when unknown."""
    group: str = ""
    """Where the task comes from."""

    @property
    def text(self) -> str:
        """The file to be completed."""
        return self.files[self.path]

    def region(self) -> FunctionRegion:
        """Return the function to be written.

        Raises:
            TaskError: The text has none of that name.
        """
        found = function_named(self.text, self.language, self.function)
        if found is None:
            raise TaskError(f"{self.id}: there is no function {self.function} in {self.path}")
        return found

    def document(self, root: Path) -> Document:
        """Return the file to be completed as an editor would open it below a folder."""
        path = root / self.path
        return Document(
            uri=path.as_uri(), path=path, language=self.language, version=1, text=self.text
        )

    def with_answer(self, answer: str) -> str:
        """Return the file with a body or a line in its place."""
        edit: TextEdit
        if self.kind == BODY:
            edit = body_edit(self.text, self.region(), answer)
        else:
            edit = replace_lines_edit(self.text, self.line, self.line, answer)
        return edit.apply(self.text)

    def solution(self) -> str:
        """Return the file with the right answer in its place; as it is, where none is known."""
        if self.kind == BODY:
            # What holds the function itself is no body but a file.
            whole = function_named(self.reference, self.language, self.function)
            if whole is not None:
                return self.reference
        return self.with_answer(self.reference)

    def as_json(self) -> dict[str, Json]:
        """Return the task as its line has it."""
        target: dict[str, Json] = {"path": self.path}
        target |= {"function": self.function} if self.kind == BODY else {"line": self.line}
        return {
            "id": self.id,
            "kind": self.kind,
            "language": self.language,
            "files": dict(self.files),
            "target": target,
            "hidden": dict(self.hidden),
            "reference": self.reference,
            "group": self.group,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTaskFile:
    """All tasks of a file."""

    tasks: tuple[CompleteTask, ...]
    sha256: str
    """Of the file."""


def read_tasks(path: Path) -> CompleteTaskFile:
    """Read a task file.

    Raises:
        TaskError: It cannot be read, or a line of it is no task.
    """
    tasks, sha256 = read_all(path, task_of)
    return CompleteTaskFile(tasks=tasks, sha256=sha256)


def write_tasks(path: Path, tasks: Iterable[CompleteTask]) -> None:
    """Write a task file.

    Raises:
        TaskError: It cannot be written.
    """
    write_objects(path, (task.as_json() for task in tasks))


def task_of(found: Mapping[str, Json], where: str) -> CompleteTask:
    """Return what a JSON object says.

    Raises:
        TaskError: It is no task; ``where`` begins the message.
    """
    kind = text_field(found, "kind", where)
    target = object_field(found, "target", where)
    if kind not in KINDS:
        raise TaskError(f"{where}: kind {kind!r}, expected {' or '.join(KINDS)}")
    task = CompleteTask(
        id=text_field(found, "id", where),
        kind=kind,
        language=text_field(found, "language", where),
        files=texts_field(found, "files", where),
        path=text_field(target, "path", where),
        function=text_field(target, "function", where, needed=kind == BODY),
        line=line_field(target, where),
        hidden=texts_field(found, "hidden", where),
        reference=text_field(found, "reference", where, needed=kind == LINE),
        group=text_field(found, "group", where, needed=False),
    )
    unknown = sorted(set(found) - set(task.as_json()))
    if unknown:
        raise TaskError(f"{where}: unknown keys {', '.join(unknown)}")
    if task.language not in LANGUAGES:
        raise TaskError(
            f"{where}: language {task.language!r}, expected {' or '.join(LANGUAGES)}, "
            "for an answer is judged by running it"
        )
    if task.path not in task.files:
        raise TaskError(f"{where}: the target {task.path!r} is none of `files`")
    if task.path in task.hidden:
        raise TaskError(f"{where}: hidden tests would take the place of {task.path}")
    _check_hole(task, where)
    return task


def chosen(
    tasks: Sequence[CompleteTask], *, limit: int | None, seed: int, only: Sequence[str] = ()
) -> list[CompleteTask]:
    """Return the tasks to run, in the order of the file.

    Args:
        tasks: All there are.
        limit: How many at most, drawn with the seed; None for all.
        seed: Of the draw.
        only: Ids to choose from; empty means all.
    """
    found = [task for task in tasks if not only or task.id in only]
    if limit is None or limit >= len(found):
        return found
    kept = set(random.Random(seed).sample(range(len(found)), limit))  # noqa: S311 - repeatable
    return [task for number, task in enumerate(found) if number in kept]


def part_of(name: str) -> str:
    """Return which part of a data set a problem is in, by a hash of its own name there.

    One exercise in two languages is one problem, so its name is what both have in common.
    """
    digit = hashlib.sha256(name.encode()).hexdigest()[0]
    return PARTS[int(digit, 16) >= _DEV_BELOW]


def _check_hole(task: CompleteTask, where: str) -> None:
    """See to it that there is a hole where the task says."""
    if task.kind == LINE:
        lines = task.text.split("\n")
        if not 1 <= task.line <= len(lines) or lines[task.line - 1].strip():
            raise TaskError(
                f"{where}: line {task.line} of {task.path} must be there and hold nothing but "
                "indentation"
            )
        return
    region = function_named(task.text, task.language, task.function)
    if region is None or not region.is_empty or region.docstring is None:
        raise TaskError(
            f"{where}: {task.path} must hold a function {task.function} with documentation and "
            "without a body"
        )
