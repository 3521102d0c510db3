"""Solved problems to plant bugs into: what the data files' lines become, and how tests are split.

Three shapes are known by their keys: a function with a list of asserts, and exercises in Python and
in Go with an example solution and a test file. Half of the tests (one or two of few asserts) can be
seen, the others are hidden. Nothing is run here.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ducktypist.bench.fix.go_tokens import tables
from ducktypist.bench.fix.tasks import TaskError, is_source
from ducktypist.domain import Json

PARTS = ("dev", "held")
MIN_CODE_LINES = 4
"""A function of fewer lines leaves nothing to search in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem with a right solution."""

    id: str
    group: str
    """Which data file it comes from, without its folder."""
    language: str
    source: str
    """Path of the solution."""
    code: str
    """The right solution."""
    fixed: Mapping[str, str]
    """Further files that code and tests need."""
    visible: Mapping[str, str]
    """Test files that can be seen."""
    hidden: Mapping[str, str]
    """Test files that cannot; laid over the others."""
    calls: tuple[str, ...] = ()
    """Calls that the asserts make, from which further inputs can be made."""
    more: MoreAsserts | None = None
    """How asserts of further inputs become a hidden test; None where that cannot be."""
    meta: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreAsserts:
    """A hidden test file to which asserts can be added."""

    path: str
    head: str
    asserts: tuple[str, ...]

    def text(self, asserts: Sequence[str]) -> str:
        """Return the file with these asserts added to its own."""
        return test_file(self.head, [*self.asserts, *asserts], first=1)


def read_problems(path: Path, *, part: str, seed: int) -> list[Problem]:
    """Read one part of a data file; the two parts never share a problem, whatever the seed.

    Raises:
        TaskError: The file cannot be read, or a line has none of the known shapes.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path} cannot be read: {error}") from error
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                problem = problem_of(json.loads(line), group=path.stem, seed=seed)
            except (json.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
                raise TaskError(
                    f"{path}:{number}: no solved problem of a known shape: {error!r:.200}"
                ) from error
            if problem is not None and part_of(problem.id) == part:
                found.append(problem)
    return found


def part_of(problem_id: str) -> str:
    """Return which part a problem belongs to; one exercise in two languages is one problem."""
    name = problem_id.partition("/")[2]
    return PARTS[hashlib.blake2b(name.encode(), digest_size=1).digest()[0] % 2]


def problem_of(row: Mapping[str, Json], *, group: str, seed: int) -> Problem | None:
    """Return a line's problem; None when its tests cannot be split.

    Raises:
        TaskError: The line has none of the known shapes.
    """
    found: Mapping[str, object] = row
    if {"code", "test_list", "prompt", "task_id"} <= found.keys():
        return _function(row, group=group, seed=seed)
    if {"slug", "example", "test", "solution_stub"} <= found.keys():
        return _exercise(row, group=group)
    raise TaskError(f"no solved problem of a known shape; its keys are {', '.join(sorted(row))}")


def test_file(head: str, asserts: Sequence[str], *, first: int) -> str:
    """Return a test file with one test for each assert."""
    tests = [
        f"def test_{number}():\n    {text}\n" for number, text in enumerate(asserts, start=first)
    ]
    return "\n\n".join([head, *tests])


# --------------------------------------------------------------------------- functions


def _function(row: Mapping[str, Json], *, group: str, seed: int) -> Problem | None:
    code = _plain(str(row["code"])).strip("\n") + "\n"
    asserts = [_plain(str(item)).strip() for item in _list(row["test_list"])]
    tree = _tree(code)
    if tree is None or any(_tree(item) is None or "\n" in item for item in asserts):
        return None
    defined = [item.name for item in tree.body if isinstance(item, ast.FunctionDef | ast.ClassDef)]
    entry = next((name for name in defined if re.search(rf"\b{name}\(", asserts[0])), None)
    n_lines = sum(bool(line.strip()) for line in code.splitlines())
    if entry is None or n_lines < MIN_CODE_LINES or len(asserts) < 2:  # noqa: PLR2004 - one to hide
        return None
    # Neither hidden by the standard library nor taken for a test.
    is_free = entry not in sys.stdlib_module_names and is_source(f"{entry}.py", "python")
    module = entry if is_free else f"the_{entry}_code"
    used = [name for name in defined if any(re.search(rf"\b{name}\b", text) for text in asserts)]
    imports = [str(item) for item in _list(row.get("test_imports", []))]
    head = "\n".join([*imports, f"from {module} import {', '.join(used)}"]) + "\n"
    problem_id = f"{group}/{row['task_id']}"
    dice = random.Random(f"{seed} {problem_id}")  # noqa: S311 - the same split each time
    n_visible = min(dice.choice((1, 2)), len(asserts) - 1)
    hidden = MoreAsserts(
        path=f"test_{module}_hidden.py", head=head, asserts=tuple(asserts[n_visible:])
    )
    return Problem(
        id=problem_id,
        group=group,
        language="python",
        source=f"{module}.py",
        code=_with_docstring(code, tree, entry, str(row["prompt"])),
        fixed={},
        visible={f"test_{module}.py": test_file(head, asserts[:n_visible], first=1)},
        hidden={hidden.path: hidden.text([])},
        calls=tuple(_calls(asserts, entry)),
        more=hidden,
        meta={"n_visible": n_visible},
    )


def _calls(asserts: Sequence[str], entry: str) -> Iterator[str]:
    """Yield the calls of asserts of the form ``assert f(…) == value``."""
    for text in asserts:
        statement = ast.parse(text).body[0]
        test = statement.test if isinstance(statement, ast.Assert) else None
        if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
            continue
        call = test.left
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == entry:
            yield ast.unparse(call)


def _with_docstring(code: str, tree: ast.Module, entry: str, prompt: str) -> str:
    """Return the code with what is asked for as the entry's docstring."""
    function = next(
        item
        for item in tree.body
        if isinstance(item, ast.FunctionDef | ast.ClassDef) and item.name == entry
    )
    first = function.body[0]
    lines = code.splitlines(keepends=True)
    is_clear = not lines[first.lineno - 1][: first.col_offset].strip()
    said = re.sub(r"^Write a (python )?function (that |to )?", "", " ".join(prompt.split()))
    if not is_clear or ast.get_docstring(function) or '"' in said or "\\" in said or not said:
        return code
    indent = lines[first.lineno - 1][: first.col_offset]
    said = said[0].upper() + said[1:]
    lines.insert(first.lineno - 1, f'{indent}"""{said}"""\n')
    return "".join(lines)


# --------------------------------------------------------------------------- exercises


def _exercise(row: Mapping[str, Json], *, group: str) -> Problem | None:
    examples, stubs, tests = (_texts(row[key]) for key in ("example", "solution_stub", "test"))
    needed = _texts(row.get("editor") or {})
    if len(examples) != 1 or len(stubs) != 1:
        return None
    source, code = next(iter(stubs)), next(iter(examples.values()))
    language = "go" if source.endswith(".go") else "python"
    if not is_source(source, language):
        return None
    split = _split_go(tests) if language == "go" else _split_python(tests)
    if split is None:
        return None
    visible, hidden = split
    fixed = {**needed, **({"go.mod": str(row["go_mod"])} if row.get("go_mod") else {})}
    return Problem(
        id=f"{group}/{row['slug']}",
        group=group,
        language=language,
        source=source,
        code=code,
        fixed=fixed,
        visible=visible,
        hidden=hidden,
    )


def _split_python(tests: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]] | None:
    """Leave every other test method out of what can be seen; the others become a hidden file."""
    name, text = next(((n, t) for n, t in tests.items() if n.endswith("_test.py")), ("", ""))
    tree = _tree(text) if text else None
    if tree is None or len(tests) != 1:
        return None
    methods = [
        item
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.FunctionDef) and item.name.startswith("test")
    ]
    if len(methods) < 2:  # noqa: PLR2004 - one to hide
        return None
    hidden = name.removesuffix("_test.py") + "_hidden_test.py"
    return {name: _without(text, methods[1::2])}, {hidden: _without(text, methods[::2])}


def _without(text: str, methods: Sequence[ast.FunctionDef]) -> str:
    lines = text.splitlines(keepends=True)
    for method in reversed(methods):
        first = min([method.lineno, *(item.lineno for item in method.decorator_list)])
        del lines[first - 1 : method.end_lineno]
    return re.sub(r"\n{3,}(?=    )", "\n\n", "".join(lines))


def _split_go(tests: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]] | None:
    """Leave every other case out of the tables; the whole files are hidden and take their place."""
    visible = {name: _every_other(text) for name, text in tests.items()}
    hidden = {name: text for name, text in tests.items() if visible[name] != text}
    return (visible, hidden) if hidden else None


def _every_other(text: str) -> str:
    left_out = [item for table in tables(text) for item in table.items[1::2]]
    for start, end in reversed(left_out):
        text = text[:start].rstrip(" \t\n") + text[end:]
    return text


# --------------------------------------------------------------------------- reading


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _list(value: Json) -> Sequence[Json]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {value!r:.40}")
    return value


def _texts(value: Json) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise TypeError(f"expected an object of files, got {value!r:.40}")
    return {name: str(text) for name, text in value.items()}
