"""Other sets of repair tasks in their own formats, turned into ours. Nothing is fetched or run.

* ``humanevalfix``: JSONL with ``prompt`` (or ``declaration``), ``buggy_solution``, ``test`` and
  ``entry_point``; the test holds ``check(candidate)`` or plain asserts. Some of its asserts can be
  seen, the others are hidden.
* ``quixbugs``: a folder with ``python_programs/NAME.py`` and ``json_testcases/NAME.json``, whose
  lines are ``[arguments, expected]``. A third of the lines can be seen.
* ``goker``: a folder with a folder for each bug, which holds one ``*_test.go``. There are no hidden
  tests in it: what can be seen is run again at the end.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ducktypist.bench.fix.problems import test_file
from ducktypist.bench.fix.tasks import Task, TaskError
from ducktypist.domain import Json

VISIBLE_SHARE = 3
"""One in so many cases can be seen, at least one."""
_GO_TEST = re.compile(r"^func (Test\w+)\(", re.MULTILINE)
_GO_PACKAGE = re.compile(r"^package (\w+)", re.MULTILINE)


def convert(path: Path, layout: str) -> list[Task]:
    """Return the tasks of a set.

    Args:
        path: A file or a folder, as the format has it.
        layout: ``humanevalfix``, ``quixbugs`` or ``goker``.

    Raises:
        TaskError: It cannot be read, or has another shape; the message says which was expected.
    """
    converters: dict[str, Callable[[Path], Iterator[Task]]] = {
        "humanevalfix": _functions,
        "quixbugs": _programs,
        "goker": _go_folders,
    }
    if layout not in converters:
        raise TaskError(f"no format {layout!r}; expected one of {', '.join(converters)}")
    try:
        tasks = list(converters[layout](path))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, SyntaxError) as error:
        raise TaskError(f"{path} cannot be read as {layout}: {error}") from error
    if not tasks:
        raise TaskError(f"{path} holds no task of the format {layout}")
    return tasks


# --------------------------------------------------------------------------- functions with asserts


def _functions(path: Path) -> Iterator[Task]:
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        row = json.loads(line)
        where = f"{path}:{number}"
        if not isinstance(row, dict):
            raise TaskError(f"{where}: expected an object")
        entry = _word(row, "entry_point", where)
        head = str(row.get("declaration") or row.get("prompt") or "")
        code = joined(head, _word(row, "buggy_solution", where), entry)
        checks = _checks(_word(row, "test", where), where)
        task_id = str(row.get("task_id") or f"task-{number}")
        yield _python_task(
            task_id=task_id,
            module=f"{_module(task_id)}_code",
            code=code,
            head=f"from {{module}} import {entry}\n",
            cases=[f"candidate = {entry}\n    {check}" for check in checks],
            group="humanevalfix",
            function=entry,
            operator=str(row.get("bug_type") or ""),
        )


def joined(head: str, solution: str, entry: str) -> str:
    """Return a program: a solution may be a body that follows the head, or whole."""
    if re.search(rf"^\s*def {re.escape(entry)}\b", solution, re.MULTILINE):
        imports = head[: head.find(f"def {entry}")] if f"def {entry}" in head else ""
        return imports + textwrap.dedent(solution).strip("\n") + "\n"
    return head.rstrip("\n") + "\n" + solution.strip("\n") + "\n"


def _checks(test: str, where: str) -> list[str]:
    """Return the asserts of a test, each as one line."""
    tree = ast.parse(test)
    body: Sequence[ast.stmt] = tree.body
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "check":
            body = node.body
    found = [ast.unparse(node) for node in body if isinstance(node, ast.Assert)]
    if len(found) < 2:  # noqa: PLR2004 - one to hide
        raise TaskError(f"{where}: expected at least two asserts in `test`, found {len(found)}")
    return found


# --------------------------------------------------------------------------- programs with cases


def _programs(path: Path) -> Iterator[Task]:
    for source in sorted((path / "python_programs").glob("*.py")):
        cases = path / "json_testcases" / f"{source.stem}.json"
        if not cases.is_file():
            continue
        checks = []
        for number, line in enumerate(cases.read_text("utf-8").split("\n"), start=1):
            if line.strip():
                checks.append(case_text(json.loads(line), source.stem, f"{cases}:{number}"))
        if len(checks) < 2:  # noqa: PLR2004 - one to hide
            continue
        yield _python_task(
            task_id=source.stem,
            module=source.stem,
            code=source.read_text("utf-8"),
            head=f"from {{module}} import {source.stem}\n{AS_LISTS}",
            cases=checks,
            group="quixbugs",
            function=source.stem,
        )


AS_LISTS = '''

def plain(value):
    """Return a value as JSON would give it back."""
    if isinstance(value, (list, tuple)) or hasattr(value, "__next__"):
        return [plain(item) for item in value]
    return value
'''


def case_text(found: Json, name: str, where: str) -> str:
    """Return the assert of a line of test cases, which needs :data:`AS_LISTS`.

    Raises:
        TaskError: It is no pair of arguments and what is expected.
    """
    if not isinstance(found, list) or len(found) != 2:  # noqa: PLR2004 - a pair
        raise TaskError(f"{where}: expected [arguments, expected], got {found!r:.60}")
    arguments = found[0] if isinstance(found[0], list) else [found[0]]
    call = f"{name}({', '.join(repr(item) for item in arguments)})"
    return f"assert plain({call}) == {found[1]!r}"


# --------------------------------------------------------------------------- Go folders


def _go_folders(path: Path) -> Iterator[Task]:
    for test in sorted(path.rglob("*_test.go")):
        folder = test.parent
        if len(list(folder.glob("*_test.go"))) != 1:
            continue
        text = test.read_text("utf-8")
        name, package = _GO_TEST.search(text), _GO_PACKAGE.search(text)
        if name is None or package is None:
            continue
        others = {
            item.name: item.read_text("utf-8")
            for item in sorted(folder.glob("*.go"))
            if item != test
        }
        task_id = folder.relative_to(path).as_posix()
        if not others:
            others, text = _moved_out(text, package[1])
        yield Task(
            id=task_id,
            language="go",
            files={"go.mod": f"module {package[1]}\n\ngo 1.21\n", **others, test.name: text},
            failing=f"{test.name}::{name[1]}",
            hidden={test.name: text},
            group="goker",
            operator=task_id.rpartition("/")[0],
        )


def _moved_out(text: str, package: str) -> tuple[dict[str, str], str]:
    """Split a test that holds the code too: what is no test goes into a file of its own.

    Both get all imports, since it is not looked at who uses what: the blank assignments at the end
    of each keep the compiler content.
    """
    first = _GO_TEST.search(text)
    start = first.start() if first else len(text)
    imports = re.search(r"^import\s*(\([^)]*\)|\"[^\"]+\")", text, re.MULTILINE)
    head_end = imports.end() if imports else text.index(package) + len(package)
    head, code, tests = text[:head_end], text[head_end:start], text[start:]
    names = imports_by_name(imports[0] if imports else "")
    return (
        {"code.go": f"{head_for(head, code, names)}{code}"},
        f"{head_for(head, tests, names)}\n\n{tests}",
    )


def imports_by_name(block: str) -> dict[str, str]:
    """Return the import specifications of a Go import declaration by the name that code uses."""
    found = {}
    for alias, path in re.findall(r"(?:(\w+)\s+)?\"([^\"]+)\"", block):
        name = alias if alias and alias != "import" else path.rpartition("/")[2]
        found[name] = f'{alias} "{path}"' if alias and alias != "import" else f'"{path}"'
    return found


def head_for(head: str, code: str, names: Mapping[str, str]) -> str:
    """Return a Go file's head that imports what the code uses.

    Args:
        head: A text with the package clause.
        code: What is to stand below it.
        names: Import specifications by the name that code uses.
    """
    package = _GO_PACKAGE.search(head)
    used = [spec for name, spec in names.items() if re.search(rf"\b{name}\.", code)]
    imports = "".join(f"\t{spec}\n" for spec in used)
    clause = f"package {package[1]}\n" if package else ""
    return clause + (f"\nimport (\n{imports})\n" if used else "")


# --------------------------------------------------------------------------- common


def _python_task(
    *,
    task_id: str,
    module: str,
    code: str,
    head: str,
    cases: Sequence[str],
    group: str,
    function: str,
    operator: str = "",
) -> Task:
    """Return a task of which every third case can be seen; the failing one is the first of them.

    Which of them fail is not known without running: the bench runs all, and looks for this one.
    """
    n_visible = max(1, len(cases) // VISIBLE_SHARE)
    head = head.format(module=module)
    return Task(
        id=task_id,
        language="python",
        files={
            f"{module}.py": code,
            f"test_{module}.py": test_file(head, cases[:n_visible], first=1),
        },
        failing=f"test_{module}.py::test_1",
        hidden={f"test_{module}_hidden.py": test_file(head, cases[n_visible:], first=1)},
        function=function,
        group=group,
        operator=operator,
    )


def _module(task_id: str) -> str:
    return "task_" + re.sub(r"\W+", "_", task_id).strip("_").lower()


def _word(row: Mapping[str, Json], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise TaskError(f"{where}: `{key}` must be a text, got {value!r:.40}")
    return value
