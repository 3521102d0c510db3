"""CRUXEval as tasks: what does a call return. Nothing is run here."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from ducktypist.bench.fair.suite_rows import Readings, Row, UnfitError, read_rows, task_id
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.tasks import text_field

CRUXEVAL: Final = "cruxeval"
FUNCTION: Final = "f"
"""What every function of the set is called."""


def cruxeval(path: Path) -> Readings[FairTask]:
    """Read CRUXEval's output prediction: ``id``, ``code``, ``input``, ``output``.

    ``input`` is what stands between the brackets of the call.

    Raises:
        TaskError: A row has another shape.
    """
    return read_rows(path, _task)


def _task(row: Row, where: str) -> FairTask:
    name = text_field(row, "id", where)
    code = text_field(row, "code", where).strip("\n") + "\n"
    given = text_field(row, "input", where, needed=False)
    call = f"{FUNCTION}({given})"
    defined = {item.name for item in ast.parse(code).body if isinstance(item, ast.FunctionDef)}
    if FUNCTION not in defined:
        raise UnfitError(f"its code defines no function `{FUNCTION}`")
    if not isinstance(ast.parse(call, mode="eval").body, ast.Call):
        raise UnfitError("its input is no list of arguments")
    return FairTask(
        id=task_id(CRUXEVAL, name),
        family=CRUXEVAL,
        kind=TaskKind.PREDICT,
        language="python",
        title=name,
        source="code.py",
        function=call,
        oracle=text_field(row, "output", where),
        files={"code.py": code},
        hidden={},
    )
