"""Sets of functions to be written, as tasks: ``humaneval``, ``mbpp``, ``multipl-e``.

How their rows are read is in ``bench.complete.convert``; nothing is run here.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from ducktypist.bench.complete.convert import asserted, example, of_row
from ducktypist.bench.fair.suite_rows import (
    Readings,
    Row,
    UnfitError,
    first_of,
    function_task,
    read_rows,
    task_id,
)
from ducktypist.bench.fair.tasks import FairTask, TaskKind
from ducktypist.bench.fix.problems import test_file
from ducktypist.bench.tasks import TaskError, text_field
from ducktypist.syntax.regions import functions

HUMANEVAL: Final = "humaneval"
MBPP: Final = "mbpp"
MULTIPL_E: Final = "multipl-e"
NO_DOCSTRING: Final = "its prompt does not end with an empty function that has a docstring"
_LANGUAGES: Final = {"py": "python", "python": "python", "go": "go", "go_test.go": "go"}
"""What MultiPL-E calls the languages whose functions can be graded here."""


def humaneval(path: Path) -> Readings[FairTask]:
    """Read HumanEval: ``task_id``, ``prompt``, ``entry_point``, ``canonical_solution``, ``test``.

    The docstring's examples are what is shown, all of ``test`` is hidden.

    Raises:
        TaskError: A row has another shape.
    """
    return read_rows(path, _humaneval)


def mbpp(path: Path) -> Readings[FairTask]:
    """Read MBPP: ``prompt`` or ``text``, ``code``, ``test_list``, and what the tests need.

    The signature is that of the right answer, the text its docstring. The first assert is shown, in
    the docstring and as a test; the others are hidden.

    Raises:
        TaskError: A row has another shape.
    """
    return read_rows(path, _mbpp)


def multipl_e(path: Path) -> Readings[FairTask]:
    """Read one language of MultiPL-E: ``name``, ``language``, ``prompt``, ``tests``.

    No right answers come with it, so that no control can be run. ``stop_tokens`` are not used: an
    answer ends where its function does.

    Raises:
        TaskError: A row has another shape.
    """
    return read_rows(path, _multipl_e)


def _humaneval(row: Row, where: str) -> FairTask:
    text_field(row, "task_id", where)
    text_field(row, "canonical_solution", where)
    return function_task(first_of(of_row(row, where, HUMANEVAL), NO_DOCSTRING), HUMANEVAL)


def _mbpp(row: Row, where: str) -> FairTask:
    if not isinstance(row.get("task_id"), int | str):
        raise TaskError(f"{where}: `task_id` must be a number, got {row.get('task_id')!r:.40}")
    found = asserted(row, where)
    if found is None:
        raise UnfitError("its asserts do not call one plain function that stands alone")
    shown, *hidden = found.asserts
    said = example(shown, found.function.name) or shown
    if '"""' in said:
        raise UnfitError("its first assert cannot stand in a docstring")
    setup = text_field(row, "test_setup_code", where, needed=False).strip()
    head = f"{setup}\n{found.head}" if setup else found.head
    return FairTask(
        id=task_id(MBPP, found.name),
        family=MBPP,
        kind=TaskKind.FUNCTION,
        language="python",
        title=f"{MBPP} {found.name}",
        source=f"{found.module}.py",
        function=found.function.name,
        oracle=found.code.rstrip() + "\n",
        files={
            f"{found.module}.py": found.documented([said]),
            f"test_{found.module}.py": test_file(head, [shown], first=1),
        },
        hidden={f"test_{found.module}_hidden.py": test_file(head, hidden, first=2)},
    )


def _multipl_e(row: Row, where: str) -> FairTask:
    called = text_field(row, "language", where)
    language = _LANGUAGES.get(called, "")
    if not language:
        raise UnfitError(f"functions in {called} are not graded here")
    given = row if language == "go" else _python_row(row, where)
    layout = MULTIPL_E if language == "go" else HUMANEVAL
    task = first_of(of_row(given, where, layout), NO_DOCSTRING)
    return function_task(task, f"{MULTIPL_E}-{language}")


def _python_row(row: Row, where: str) -> Row:
    """Return a row of the Python part as HumanEval has it; its tests hold ``check`` as well."""
    prompt = text_field(row, "prompt", where)
    declared = functions(prompt, "python")
    if not declared:
        raise UnfitError(NO_DOCSTRING)
    tree = ast.parse(text_field(row, "tests", where))
    # What is called when the file is loaded is called by a test of ours.
    tree.body = [item for item in tree.body if not isinstance(item, ast.Expr)]
    if not any(isinstance(item, ast.FunctionDef) and item.name == "check" for item in tree.body):
        raise UnfitError("its tests do not define `check`")
    return {
        "task_id": text_field(row, "name", where),
        "prompt": prompt,
        "entry_point": declared[-1].qualified_name,
        "test": ast.unparse(tree),
    }
