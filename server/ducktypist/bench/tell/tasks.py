"""Tasks of both kinds under one roof: bodies and lines to be written, and bugs to be fixed.

How one is put to a server and how an answer becomes files; nothing is graded here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ducktypist.bench.complete.attempt import attempt as complete_attempt
from ducktypist.bench.complete.tasks import CompleteTask
from ducktypist.bench.complete.tasks import read_tasks as read_complete_tasks
from ducktypist.bench.fix.attempt import Window
from ducktypist.bench.fix.attempt import attempt as fix_attempt
from ducktypist.bench.fix.tasks import Task, is_source
from ducktypist.bench.fix.tasks import read_tasks as read_fix_tasks
from ducktypist.bench.tasks import digest
from ducktypist.bench.tell.suggestions import Suggested

AnyTask: TypeAlias = CompleteTask | Task
ARM = "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """One task, by the hash of all that it holds: a task in two files is one."""

    key: str
    task: AnyTask

    @property
    def is_fix(self) -> bool:
        """Whether it is a bug to be fixed."""
        return isinstance(self.task, Task)

    def with_answer(self, suggested: Suggested) -> dict[str, str] | None:
        """Return the workspace's files with an answer in its place; None where it has none."""
        task = self.task
        path = task.path if isinstance(task, CompleteTask) else suggested.path
        text = task.files.get(path)
        if text is None or (isinstance(task, Task) and not is_source(path, task.language)):
            return None
        return {
            **task.files,
            path: text[: suggested.start] + suggested.text + text[suggested.end :],
        }


def posed(
    complete: Iterable[Path], fix: Iterable[Path], *, seed: int, limit: int | None
) -> list[Posed]:
    """Return the tasks of some files in an order drawn with the seed, each once.

    A larger limit gives the same tasks and more.

    Raises:
        TaskError: A file cannot be read, or a line of it is no task.
    """
    tasks: list[AnyTask] = [task for path in complete for task in read_complete_tasks(path).tasks]
    tasks += [task for path in fix for task in read_fix_tasks(path).tasks]
    found = {key: Posed(key=key, task=task) for task in tasks for key in [_key(task)]}
    order = sorted(found)
    random.Random(seed).shuffle(order)  # noqa: S311 - repeatable
    return [found[key] for key in order[:limit]]


async def put(one: Posed, *, window: Window) -> str:
    """Put a task to a new server; return why nothing can be said, empty where something can."""
    if isinstance(one.task, Task):
        return (await fix_attempt(one.task, arm=ARM, window=window, referee=None)).problem
    return (await complete_attempt(one.task, window=window)).problem


def in_words(tasks: Sequence[Posed]) -> str:
    """Return how many of what there are."""
    kinds = ["fix" if isinstance(one.task, Task) else one.task.kind for one in tasks]
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    return ", ".join(f"{n} {kind}" for kind, n in counts.items()) or "none"


def _key(task: AnyTask) -> str:
    return digest([json.dumps(task.as_json(), sort_keys=True)])
