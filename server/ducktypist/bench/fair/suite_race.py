"""GoKer, the kernels of GoBench, as tasks: remove the data race. Nothing is run here.

Which of them show a race, and in which file, is known only when they are run: see ``suite_proof``.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from ducktypist.bench.fair.suite_rows import Readings, task_id
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.fix.convert import convert
from ducktypist.bench.fix.tasks import Task
from ducktypist.bench.tasks import TaskError

GOKER: Final = "goker"
BLOCKING: Final = "blocking"


def goker(path: Path) -> Readings[tuple[FairTask, ...]]:
    """Read a checkout of GoKer: each folder with one ``*_test.go``, but those that block.

    A kernel that is a test file and nothing else is taken apart: what is no test goes into a file
    of its own. No right answers come with it, so that no control can be run, and no hidden tests.

    Returns:
        Of each kernel a task for each file that the race may be in.

    Raises:
        TaskError: It is no folder, or holds no kernel.
    """
    if not path.is_dir():
        raise TaskError(f"{path} is no folder; expected a checkout of GoKer")
    read = Readings[tuple[FairTask, ...]]()
    folders = {test.parent.relative_to(path).as_posix() for test in path.rglob("*_test.go")}
    found = {task.id: task for task in convert(path, GOKER)}
    for name in sorted(folders):
        if BLOCKING in PurePosixPath(name).parts:
            read.left_out["it blocks; only data races are asked"] += 1
        elif name not in found:
            read.left_out["it is not one test file with a test"] += 1
        else:
            read.found.append(_tasks(found[name]))
    return read


def _tasks(task: Task) -> tuple[FairTask, ...]:
    sources = [
        name for name in task.files if name.endswith(".go") and not name.endswith("_test.go")
    ]
    return tuple(
        FairTask(
            id=task_id(GOKER, task.id),
            family=GOKER,
            kind=TaskKind.RACE,
            language="go",
            title=task.id,
            source=source,
            target=task.failing,
            files=dict(task.files),
            hidden={},
        )
        for source in sources
    )
