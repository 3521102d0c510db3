"""Sets of completion tasks in other formats, turned into ours. Nothing is fetched or run.

* ``mbpp``: JSONL with ``task_id``, ``prompt`` (or ``text``), ``code``, ``test_list`` of plain
  asserts, and possibly ``test_imports``. One or two of the asserts become examples in the
  docstring, the others are hidden.
* ``humaneval``: JSONL with ``prompt`` (imports, signature and docstring), ``test`` (with
  ``check(candidate)``), ``entry_point``, and possibly ``canonical_solution`` and ``task_id``.
* ``multipl-e``: JSONL of the Go part with ``name``, ``prompt`` (up to the function's opening brace)
  and ``tests``. It has no right answers, so nothing is known of the tests until a body passes.
* ``exercism-python`` and ``exercism-go``: see :mod:`ducktypist.bench.complete.exercism`.
"""

from __future__ import annotations

import ast
import json
import random
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.complete.exercism import go_bodies, python_tasks
from ducktypist.bench.complete.tasks import BODY, CompleteTask, part_of
from ducktypist.bench.fix.convert import head_for, imports_by_name
from ducktypist.bench.fix.problems import test_file
from ducktypist.bench.tasks import TaskError, objects, read_bytes, text_field
from ducktypist.domain import Json
from ducktypist.syntax.regions import functions

FORMATS = ("mbpp", "humaneval", "multipl-e", "exercism-python", "exercism-go")
PARTS_OR_ALL = ("dev", "held", "all")
N_EXAMPLES = (1, 2)
INDENT = "    "

Row = Mapping[str, Json]


def convert(path: Path, layout: str, *, part: str = "all", seed: int = 0) -> list[CompleteTask]:
    """Return the tasks of a set.

    Args:
        path: A file of JSON lines.
        layout: One of :data:`FORMATS`.
        part: ``dev`` or ``held``, which never share a problem, or ``all``.
        seed: Of what is drawn: how many asserts are examples, and which lines are taken out.

    Raises:
        TaskError: It cannot be read, or has another shape; the message says which was expected.
    """
    found = []
    for where, row in objects(path, read_bytes(path)):
        tasks = of_row(row, where, layout, seed=seed)
        found += [task for name, task in tasks if part in {"all", part_of(name)}]
    return found


def of_row(row: Row, where: str, layout: str, *, seed: int = 0) -> list[tuple[str, CompleteTask]]:
    """Return the tasks of one row, each after its problem's name; none where it has no such task.

    Args:
        row: Of a set.
        where: File and line, for messages.
        layout: One of :data:`FORMATS`.
        seed: As for :func:`convert`.

    Raises:
        TaskError: It has another shape; the message says which was expected.
    """
    converters: dict[str, Callable[[Row, str, int], Iterator[tuple[str, CompleteTask]]]] = {
        "mbpp": _mbpp,
        "humaneval": _humaneval,
        "multipl-e": _multipl_e,
        "exercism-python": python_tasks,
        "exercism-go": go_bodies,
    }
    if layout not in converters:
        raise TaskError(f"no format {layout!r}; expected one of {', '.join(converters)}")
    try:
        return list(converters[layout](row, where, seed))
    except (SyntaxError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TaskError(f"{where} cannot be read as {layout}: {error!r:.200}") from error


# --------------------------------------------------------------------------- functions with asserts


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """A function that is told in words and held to plain asserts."""

    name: str
    said: str
    """What it is to do, in one line."""
    code: str
    """All of the right answer, helpers and imports included."""
    tree: ast.Module
    """The same."""
    function: ast.FunctionDef
    asserts: tuple[str, ...]
    """Two at least."""
    imports: tuple[str, ...]
    """Lines that the asserts need."""

    @property
    def module(self) -> str:
        """What its file is called, without the suffix."""
        return _module(self.function.name)

    @property
    def head(self) -> str:
        """Return how a file of its tests begins."""
        return "\n".join([*self.imports, f"from {self.module} import {self.function.name}"]) + "\n"

    def documented(self, examples: Sequence[str]) -> str:
        """Return its signature with a docstring and nothing else."""
        return _documented(self.function, self.said, examples)


def asserted(row: Row, where: str) -> Asserted | None:
    """Return the function of a row of MBPP, None where it does not stand alone.

    Raises:
        TaskError: A field is missing or something else.
        SyntaxError: The code is no Python.
    """
    said = " ".join(text_field(row, "prompt" if "prompt" in row else "text", where).split())
    code = _plain(text_field(row, "code", where))
    tree = ast.parse(code)
    asserts = [_plain(item).strip() for item in _texts(row, "test_list", where)]
    function = _entry(tree, asserts)
    if function is None or '"""' in said or not _may_stand_alone(tree, function, asserts):
        return None
    return Asserted(
        name=str(row["task_id"]),
        said=said,
        code=code,
        tree=tree,
        function=function,
        asserts=tuple(asserts),
        imports=tuple(item for item in _texts(row, "test_imports", where) if item.strip()),
    )


def _mbpp(row: Row, where: str, seed: int) -> Iterator[tuple[str, CompleteTask]]:
    found = asserted(row, where)
    if found is None:
        return
    name, asserts, module = found.name, found.asserts, found.module
    function = found.function
    dice = random.Random(f"{seed} mbpp/{name}")  # noqa: S311 - the same draw each time
    k = min(dice.choice(N_EXAMPLES), len(asserts) - 1)
    shown = [number for number, text in enumerate(asserts) if example(text, function.name)][:k]
    if not shown:
        return
    examples = [example(asserts[number], function.name) for number in shown]
    left = [text for number, text in enumerate(asserts) if number not in shown]
    yield (
        name,
        CompleteTask(
            id=f"mbpp/{name}",
            kind=BODY,
            language="python",
            files={f"{module}.py": found.documented(examples)},
            path=f"{module}.py",
            function=function.name,
            hidden={f"test_{module}.py": test_file(found.head, left, first=1)},
            reference=_whole_body(found.tree, function),
            group="mbpp",
        ),
    )


def _entry(tree: ast.Module, asserts: Sequence[str]) -> ast.FunctionDef | None:
    """Return the function that the first assert calls."""
    if len(asserts) < 2:  # noqa: PLR2004 - one to hide
        return None
    for item in tree.body:
        if isinstance(item, ast.FunctionDef) and re.search(rf"\b{item.name}\(", asserts[0]):
            return None if item.decorator_list else item
    return None


def _may_stand_alone(tree: ast.Module, function: ast.FunctionDef, asserts: Sequence[str]) -> bool:
    """Tell whether the asserts need nothing of the code but the one function."""
    others = {
        item.name
        for item in tree.body
        if isinstance(item, ast.FunctionDef | ast.ClassDef) and item is not function
    }
    used = {
        node.id
        for text in asserts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name)
    }
    return not others & used


def example(text: str, name: str) -> str:
    """Return an assert of the form ``assert f(…) == value`` as a doctest, else nothing.

    The value must print as it reads: an interactive session compares what is printed.
    """
    statement = ast.parse(text).body[0]
    test = statement.test if isinstance(statement, ast.Assert) else None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return ""
    call, value = test.left, test.comparators[0]
    is_call = isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    if not is_call or not isinstance(test.ops[0], ast.Eq) or ast.unparse(call).find(name) != 0:
        return ""
    try:
        expected = ast.literal_eval(value)
    except ValueError:
        return ""
    if expected is None or any(
        isinstance(node, ast.Set | ast.Dict) for node in ast.walk(ast.parse(repr(expected)))
    ):
        return ""
    return f">>> {ast.unparse(call)}\n{expected!r}"


def _documented(function: ast.FunctionDef, said: str, examples: Sequence[str]) -> str:
    """Return the function's signature with a docstring and nothing else."""
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    text = "\n".join([said, "", *examples])
    quotes = 'r"""' if "\\" in text else '"""'
    docstring = textwrap.indent(f'{quotes}{text}\n"""', INDENT)
    return f"def {function.name}({ast.unparse(function.args)}){returns}:\n{docstring}\n"


def _whole_body(tree: ast.Module, function: ast.FunctionDef) -> str:
    """Return the function's statements after all that the code has besides it."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    around = [item for item in tree.body if item is not function]
    statements = [*around, *(body or [ast.Pass()])]
    return textwrap.indent("\n".join(ast.unparse(item) for item in statements), INDENT)


# --------------------------------------------------------------------------- prompt, test, entry


def _humaneval(row: Row, where: str, seed: int) -> Iterator[tuple[str, CompleteTask]]:
    del seed
    entry = text_field(row, "entry_point", where)
    prompt = _plain(text_field(row, "prompt", where)).rstrip() + "\n"
    test = _plain(text_field(row, "test", where)).strip("\n")
    solution = text_field(row, "canonical_solution", where, needed=False)
    task_id = str(row.get("task_id") or where.rpartition(":")[2])
    module = _module(re.sub(r"\W+", "_", f"task_{task_id}").lower())
    documented = [
        item
        for item in functions(prompt, "python")
        if item.qualified_name == entry and item.is_empty and item.docstring is not None
    ]
    if not documented:
        return
    head = f"from {module} import *\nfrom {module} import {entry}\n"
    yield (
        task_id,
        CompleteTask(
            id=task_id,
            kind=BODY,
            language="python",
            files={f"{module}.py": prompt},
            path=f"{module}.py",
            function=entry,
            hidden={
                f"test_{module}.py": f"{head}\n\n{test}\n\n\ndef test_all():\n    check({entry})\n"
            },
            reference=_plain(solution).strip("\n"),
            group="humaneval",
        ),
    )


# --------------------------------------------------------------------------- Go, prompt and tests


def _multipl_e(row: Row, where: str, seed: int) -> Iterator[tuple[str, CompleteTask]]:
    del seed
    name = text_field(row, "name", where)
    prompt, tests = (_plain(text_field(row, key, where)) for key in ("prompt", "tests"))
    if str(row.get("language", "go")) not in {"go", "go_test.go"}:
        raise TaskError(f"{where}: only the Go part is known, this is {row['language']!r:.40}")
    head = re.search(r"^package (\w+)", prompt, re.MULTILINE)
    # In a file that is no test, a package must not be called one.
    package = (head[1] if head else name).removesuffix("_test") or "answer"
    imports = re.search(r"^import\s*(\([^)]*\)|\"[^\"]+\")", prompt, re.MULTILINE)
    start = imports.end() if imports else head.end() if head else 0
    code = prompt[start:].strip("\n").rstrip().removesuffix("{").rstrip() + " {\n}\n"
    names = imports_by_name(imports[0] if imports else "")
    clause = f"package {package}\n"
    found = functions(clause + code, "go")
    if not found or found[-1].docstring is None:
        return
    yield (
        name,
        CompleteTask(
            id=name,
            kind=BODY,
            language="go",
            files={
                "go.mod": f"module {package}\n\ngo 1.21\n",
                "answer.go": f"{head_for(clause, code, names)}\n{code}",
            },
            path="answer.go",
            function=found[-1].qualified_name,
            hidden={
                "answer_test.go": f"{head_for(clause, tests, names)}\n{tests.strip(chr(10))}\n"
            },
            reference="",
            group="multipl-e",
        ),
    )


# --------------------------------------------------------------------------- common


def _module(name: str) -> str:
    """Return a module's name that neither the standard library nor a test runner takes."""
    is_free = name not in sys.stdlib_module_names and not re.match(r"test_|.*_test$", name)
    return name if is_free else f"the_{name}_code"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _texts(row: Row, key: str, where: str) -> list[str]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TaskError(f"{where}: `{key}` must be a list of texts, got {json.dumps(value):.60}")
    return [str(item) for item in value]
