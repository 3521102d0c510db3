"""Code of other people's exercises: what is hovered over, and Python to be written again.

Read from a folder with ``exercism_bash.jsonl``, ``exercism_python.jsonl`` and
``mbpp_sanitized.jsonl``, whichever are there. Nothing is fetched or run.
"""

from __future__ import annotations

import ast
import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.bench.complete.convert import convert
from ducktypist.bench.complete.tasks import BODY
from ducktypist.bench.tasks import TaskError, object_field, objects, read_bytes, text_field
from ducktypist.domain import Json
from ducktypist.syntax.regions import functions

EXERCISM = {
    "exercism_bash.jsonl": ("shellscript", ".sh"),
    "exercism_python.jsonl": ("python", ".py"),
}
MBPP = "mbpp_sanitized.jsonl"
N_STATEMENTS = 2
"""Places inside a file that are hovered over, besides each function's name."""
MIN_STATEMENT_CHARS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFile:
    """One program."""

    id: str
    language: str
    """The LSP's id."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place that is pointed at."""

    id: str
    file: CodeFile
    offset: int
    """In code points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonTask:
    """One module with tests."""

    id: str
    path: str
    """Its file's name, by which the tests import it."""
    code: str
    interface: str
    """What everybody is told who writes it again: names and parameters."""
    purpose: str
    """All that the name-only arm is told."""
    tests: Mapping[str, str]


def code_files(folder: Path) -> tuple[list[CodeFile], str]:
    """Return the programs of all known files of a folder, and a hash of these.

    Raises:
        TaskError: None of them is there, or one cannot be read.
    """
    found: list[CodeFile] = []
    for name, (language, suffix) in EXERCISM.items():
        for where, row in _rows(folder / name):
            slug = text_field(row, "slug", where)
            texts = _texts(row, "example", suffix, where)
            found += [
                CodeFile(id=f"{name.removesuffix('.jsonl')}/{slug}", language=language, text=text)
                for text in texts.values()
            ]
    for task in _mbpp(folder):
        found.append(CodeFile(id=task.id, language="python", text=task.code))
    return found, digest_of(folder)


def python_tasks(folder: Path) -> tuple[list[PythonTask], str]:
    """Return the modules with tests of all known files of a folder, and a hash of these.

    Raises:
        TaskError: None of them is there, or one cannot be read.
    """
    found = _mbpp(folder)
    for where, row in _rows(folder / "exercism_python.jsonl"):
        slug = text_field(row, "slug", where)
        solutions = _texts(row, "example", ".py", where)
        stubs = _texts(row, "solution_stub", ".py", where)
        if len(solutions) == len(stubs) == 1:
            (path, interface), (code,) = next(iter(stubs.items())), solutions.values()
            found.append(
                PythonTask(
                    id=f"exercism_python/{slug}",
                    path=path,
                    code=without_docstrings(code),
                    interface=without_docstrings(interface),
                    purpose=slug.replace("-", " "),
                    tests=_texts(row, "test", ".py", where),
                )
            )
    return found, digest_of(folder)


def sites(files: Sequence[CodeFile], *, seed: int, n_statements: int = N_STATEMENTS) -> list[Site]:
    """Return the places to point at: each function's name, and some statements of each file.

    Args:
        files: The programs.
        seed: Of the draw of statements.
        n_statements: How many of each file, if it has as many.
    """
    found = []
    for file in files:
        dice = random.Random(f"{seed} {file.id}")  # noqa: S311 - the same draw each time
        offsets = {
            file.text.index(item.name, item.span.start)
            for item in functions(file.text, file.language)
            if item.name in file.text[item.span.start :]
        }
        lines = list(_statements(file.text))
        offsets |= set(dice.sample(lines, min(n_statements, len(lines))))
        found += [
            Site(id=f"{file.id}:{offset}", file=file, offset=offset) for offset in sorted(offsets)
        ]
    return found


def digest_of(folder: Path) -> str:
    """Return a hash of the known files of a folder.

    Raises:
        TaskError: None of them is there.
    """
    digest = hashlib.sha256()
    names = [name for name in (*EXERCISM, MBPP) if (folder / name).is_file()]
    if not names:
        raise TaskError(f"{folder} holds none of {', '.join((*EXERCISM, MBPP))}; see --data")
    for name in names:
        content = read_bytes(folder / name)
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def without_docstrings(code: str) -> str:
    """Return Python without what it says of itself, which would explain it in its own words."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree) + "\n"


def _mbpp(folder: Path) -> list[PythonTask]:
    if not (folder / MBPP).is_file():
        return []
    found = []
    for task in convert(folder / MBPP, "mbpp"):
        code = without_docstrings(task.solution())
        if task.kind == BODY and (interface := _signature(code, task.function)):
            found.append(
                PythonTask(
                    id=task.id,
                    path=task.path,
                    code=code,
                    interface=interface,
                    purpose=task.function.replace("_", " "),
                    tests=task.hidden,
                )
            )
    return found


def _signature(code: str, name: str) -> str:
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return f"def {name}({ast.unparse(node.args)}):"
    return ""


def _statements(text: str) -> Iterator[int]:
    """Yield where the code of each longer line begins."""
    start = 0
    for line in text.split("\n"):
        code = line.strip()
        if len(code) >= MIN_STATEMENT_CHARS and not code.startswith(("#", '"""', "'''")):
            yield start + line.index(code)
        start += len(line) + 1


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Json]]]:
    if path.is_file():
        yield from objects(path, read_bytes(path))


def _texts(row: Mapping[str, Json], key: str, suffix: str, where: str) -> dict[str, str]:
    value = object_field(row, key, where)
    return {
        name: text
        for name, text in value.items()
        if name.endswith(suffix) and isinstance(text, str)
    }
