"""A result file: read for comparing and reporting. It is written through ``bench.journal``.

The first line is the head: everything that the figures depend on. Each further line is a row of a
part: ``model``, ``answer``, ``grade``, ``control`` or ``trace``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ducktypist.bench.fair.answers import Answer, Column, Grade, Pass
from ducktypist.bench.fair.tasks import TaskKind
from ducktypist.bench.tasks import TaskError, objects, read_bytes
from ducktypist.domain import Json

MODELS: Final = "model"
ANSWERS: Final = "answer"
GRADES: Final = "grade"
CONTROLS: Final = "control"
TRACES: Final = "trace"
CONTROL_NAMES: Final = ("oracle", "echo", "hang")


def row_key(at: Pass, task: str) -> str:
    """Return the key of an answer's and a grade's row."""
    return f"{at.key}/{task}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTask:
    """A task as the head lists it."""

    id: str
    family: str
    kind: TaskKind
    language: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that a result file holds."""

    path: Path
    head: Mapping[str, Json]
    tasks: tuple[ListedTask, ...]
    """In the order in which they were asked."""
    models: Mapping[str, Mapping[str, Json]]
    """By SHA-256: ``name``, ``quantisation``, ``n_bytes``, ``speed`` …, as written by the run."""
    answers: Mapping[tuple[str, Pass, str], Answer]
    """By the model's SHA-256, pass and task."""
    grades: Mapping[tuple[str, Pass, str], Grade]
    controls: Mapping[tuple[str, str], Grade]
    """By the control's name and task."""
    traces: Mapping[str, str]
    """What failing tests said, by the task's SHA-256."""

    @property
    def families(self) -> tuple[str, ...]:
        """The families in their order."""
        return tuple(dict.fromkeys(task.family for task in self.tasks))

    def asked(self) -> list[tuple[str, Column]]:
        """Return who was asked, models by SHA-256."""
        return sorted({(model, at.column) for model, at, _ in self.answers})


def read_result(path: Path) -> Result:
    """Read a result file; a last line that was cut off is left out.

    Raises:
        TaskError: It cannot be read, or is no result of ``bench fair``.
    """
    content, _, _ = read_bytes(path).rpartition(b"\n")
    rows = [row for _, row in objects(path, content)]
    if not rows or rows[0].get("bench") != "fair":
        raise TaskError(f"{path} is no result of `ducktypist bench fair`")
    try:
        return _result(path, rows[0], rows[1:])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TaskError(f"{path}: a row cannot be read: {error}") from error


def _result(path: Path, head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Result:
    models: dict[str, Mapping[str, Json]] = {}
    answers: dict[tuple[str, Pass, str], Answer] = {}
    grades: dict[tuple[str, Pass, str], Grade] = {}
    controls: dict[tuple[str, str], Grade] = {}
    traces: dict[str, str] = {}
    for row in rows:
        part, of, key, kept = row["part"], row["tasks"], row["key"], row["row"]
        if part == MODELS:
            # What else is known of a model, such as its speed, has keys of its own.
            models[of] = {**models.get(of, {}), **kept}
        elif part == CONTROLS:
            name, _, task = key.partition("/")
            controls[name, task] = Grade.from_json(kept)
        elif part == TRACES:
            traces[key] = str(kept["text"])
        elif part == ANSWERS:
            answers[_place(of, key)] = Answer.from_json(kept)
        elif part == GRADES:
            told = {name: item for name, item in kept.items() if name != "task_sha256"}
            grades[_place(of, key)] = Grade.from_json(told)
    return Result(
        path=path,
        head=head,
        tasks=tuple(_listed(item) for item in head["tasks"]),
        models=models,
        answers=answers,
        grades=grades,
        controls=controls,
        traces=traces,
    )


def _place(model: str, key: str) -> tuple[str, Pass, str]:
    column, arm, number, task = key.split("/", 3)
    return model, Pass.parsed(f"{column}/{arm}/{number}"), task


def _listed(item: Mapping[str, Any]) -> ListedTask:
    return ListedTask(**{**item, "kind": TaskKind(item["kind"])})
