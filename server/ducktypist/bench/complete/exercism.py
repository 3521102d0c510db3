"""Exercises with an example solution, turned into completion tasks. Nothing is fetched or run.

The rows have ``slug``, ``example``, ``solution_stub``, ``test`` and possibly ``editor`` and
``go_mod``, each but the first and last an object of files. Python: single lines of the example are
taken out, and the body of its only documented function. Go: the bodies of documented functions, one
at a time, with the imports that nothing else needs. All tests are hidden.
"""

from __future__ import annotations

import ast
import io
import random
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ducktypist.bench.complete.tasks import BODY, LINE, CompleteTask
from ducktypist.bench.fix.tasks import is_source
from ducktypist.domain import Json
from ducktypist.syntax.lines import indent_of
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.regions import functions

LINES_PER_SOLUTION = 2
_GO_IMPORTS = re.compile(r"^import\s*(\([^)]*\)|(\w+\s+)?\"[^\"]+\")\n?", re.MULTILINE)
_GO_IMPORT = re.compile(r"(?:(\w+|\.)\s+)?\"([^\"]+)\"")

Row = Mapping[str, Json]
Named = tuple[str, CompleteTask]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exercise:
    slug: str
    source: str
    """Path of the solution."""
    code: str
    """The right solution."""
    needed: Mapping[str, str]
    """Further files that it needs."""
    tests: Mapping[str, str]


def python_tasks(row: Row, where: str, seed: int) -> Iterator[Named]:
    """Yield the lines of an exercise, and the body of its function when there is one."""
    del where
    exercise = _exercise(row, "python")
    if exercise is None:
        return
    group = "exercism-python"
    dice = random.Random(f"{seed} {group}/{exercise.slug}")  # noqa: S311 - the same draw each time
    numbers = _line_numbers(exercise.code)
    lines = exercise.code.split("\n")
    for number in sorted(dice.sample(numbers, min(LINES_PER_SOLUTION, len(numbers)))):
        line = lines[number - 1]
        left = [*lines[: number - 1], indent_of(line), *lines[number:]]
        yield (
            exercise.slug,
            CompleteTask(
                id=f"{group}/{exercise.slug}:{number}",
                kind=LINE,
                language="python",
                files={**exercise.needed, exercise.source: "\n".join(left)},
                path=exercise.source,
                line=number,
                hidden=exercise.tests,
                reference=line.rstrip(),
                group=group,
            ),
        )
    documented = [
        item
        for item in functions(exercise.code, "python")
        if item.docstring is not None and not item.is_empty
    ]
    if len(documented) == 1:
        yield from _without_body(exercise, documented[0], "python", group)


def go_bodies(row: Row, where: str, seed: int) -> Iterator[Named]:
    """Yield a task for each documented function of an exercise."""
    del where, seed
    exercise = _exercise(row, "go")
    if exercise is None:
        return
    for item in functions(exercise.code, "go"):
        if item.docstring is not None and not item.is_empty and item.has_closer:
            yield from _without_body(exercise, item, "go", "exercism-go")


def _exercise(row: Row, language: str) -> _Exercise | None:
    """Return what a row says; None when it has several files or none that tests can be left to."""
    examples, stubs, tests, needed = (
        {name: _plain(str(text)) for name, text in _object(row.get(key)).items()}
        for key in ("example", "solution_stub", "test", "editor")
    )
    if not isinstance(row["slug"], str):
        raise TypeError(f"`slug` must be a text, got {row['slug']!r:.40}")
    if len(examples) != 1 or len(stubs) != 1 or not tests:
        return None
    source, code = next(iter(stubs)), next(iter(examples.values()))
    if not is_source(source, language) or source in needed or source in tests:
        return None
    module = {"go.mod": str(row["go_mod"])} if row.get("go_mod") else {}
    return _Exercise(
        slug=row["slug"],
        source=source,
        code=code,
        needed={**needed, **module},
        tests=tests,
    )


def _without_body(
    exercise: _Exercise, item: FunctionRegion, language: str, group: str
) -> Iterator[Named]:
    code, body = exercise.code, item.body.of(exercise.code)
    before, after = code[: item.body.start], code[item.body.end :]
    if language == "go":
        # Between the braces nothing may be left, not even on one line.
        emptied = before.rstrip() + "\n" + after.lstrip()
        text = _without_idle_imports(emptied)
    else:
        text = emptied = before.rstrip() + "\n" + after.lstrip("\n")
    yield (
        exercise.slug,
        CompleteTask(
            id=f"{group}/{exercise.slug}#{item.qualified_name}",
            kind=BODY,
            language=language,
            files={**exercise.needed, exercise.source: text},
            path=exercise.source,
            function=item.qualified_name,
            hidden=exercise.tests,
            reference=body.strip("\n") if text == emptied else code,
            group=group,
        ),
    )


def _line_numbers(code: str) -> list[int]:
    """Return the lines of function bodies that hold a whole statement or the head of one.

    Lines with a comment are left out, since nobody can guess one word for word, and so is what
    says nothing (`pass`, imports, docstrings, nested definitions).
    """
    tree = ast.parse(code)
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    found = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.stmt) and node is not function and _is_told(node):
                found.add(node.lineno)
    lines = code.split("\n")
    starts = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return sorted(
        number
        for number in found - commented
        if starts.count(number) == 1 and not lines[number - 1].rstrip().endswith("\\")
    )


def _is_told(node: ast.stmt) -> bool:
    """Tell whether a statement's first line is all of it, or all of its head."""
    if isinstance(
        node,
        ast.Pass | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        | ast.AsyncFunctionDef | ast.Global | ast.Nonlocal | ast.Try | ast.Match,
    ):  # fmt: skip
        return False
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return False
    heads: list[ast.AST] = []
    if isinstance(node, ast.If | ast.While):
        heads = [node.test]
    elif isinstance(node, ast.For | ast.AsyncFor):
        heads = [node.target, node.iter]
    elif isinstance(node, ast.With | ast.AsyncWith):
        heads = [part.context_expr for part in node.items]
    ends = [getattr(part, "end_lineno", node.lineno) for part in heads or [node]]
    return max(ends) == node.lineno


def _without_idle_imports(text: str) -> str:
    """Return Go code without the imports that it does not use, as goimports leaves it."""
    found = _GO_IMPORTS.search(text)
    if found is None:
        return text
    rest = text[: found.start()] + text[found.end() :]
    used = []
    for alias, path in _GO_IMPORT.findall(found[1]):
        name = alias or path.rpartition("/")[2]
        if name in {"_", "."} or re.search(rf"\b{re.escape(name)}\.", rest):
            used.append(f'{alias} "{path}"'.strip())
    if len(used) == len(_GO_IMPORT.findall(found[1])):
        return text
    block = "".join(f"\t{item}\n" for item in used)
    new = f"import (\n{block})\n" if used else ""
    return text[: found.start()] + new + text[found.end() :].lstrip("\n" if not used else "")


def _object(value: Json) -> Mapping[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object of files, got {value!r:.40}")
    return value


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
