"""The threat model names code, tests and trials that there are, for every invariant."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.source_tree import PACKAGE, ROOT, SERVER

TEXT = (SERVER / "SECURITY.md").read_text(encoding="utf-8")
LEAST_INVARIANTS = 30
N_CELLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One line of the tables."""

    name: str
    text: str
    rooms: tuple[str, ...]
    """Files and folders below the package."""
    held_by: tuple[str, ...]
    """Test files, or ``FILE::TEST``."""


def _invariants(markdown: str) -> list[Invariant]:
    found = []
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == N_CELLS and re.fullmatch(r"[A-Z]\d+", cells[0]):
            rooms, held_by = (tuple(re.findall(r"`([^`]+)`", cell)) for cell in cells[2:])
            found.append(Invariant(name=cells[0], text=cells[1], rooms=rooms, held_by=held_by))
    return found


INVARIANTS = _invariants(TEXT)
EACH = pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: one.name)


def test_there_are_invariants() -> None:
    """The tables are found, and no name stands twice."""
    names = [one.name for one in INVARIANTS]
    assert len(names) >= LEAST_INVARIANTS
    assert len(names) == len(set(names))


@EACH
def test_its_code_exists(invariant: Invariant) -> None:
    """Whoever wants to see how it is held finds the place."""
    assert invariant.rooms
    missing = [room for room in invariant.rooms if not (SERVER / PACKAGE / room).exists()]
    assert not missing


@EACH
def test_something_holds_it(invariant: Invariant) -> None:
    """At least one test or trial is named, and all that are named exist."""
    assert invariant.held_by
    for named in invariant.held_by:
        file, _, test = named.partition("::")
        assert re.fullmatch(r"tests/.*/?(test|trial)_\w+\.py", file), named
        assert (ROOT / file).is_file(), file
        assert not test or test in _functions(ROOT / file), named


def test_every_other_path_exists() -> None:
    """What the prose names is there as well."""
    named = set(re.findall(r"`((?:tests|docs|server)/[\w./-]+)`", TEXT))
    assert named
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing


def test_what_was_forced_of_other_systems_is_there() -> None:
    """The page about other systems names the tests that it has, all of them."""
    page = (ROOT / "docs" / "other-systems.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    made = _functions(ROOT / "tests" / "hold" / "test_other_systems.py")
    assert named == {name for name in made if name.startswith("test_")}


def test_the_reader_reads_a_table() -> None:
    """An invariant's line is taken apart, a heading's is not."""
    table = "| # | invariant | where | held by |\n|---|---|---|---|\n"
    line = "| E1 | It holds. | `a.py` `b` | `tests/test_a.py::test_it` 7: `tests/test_b.py` |"
    (found,) = _invariants(f"{table}{line}\n")
    assert found.rooms == ("a.py", "b")
    assert found.held_by == ("tests/test_a.py::test_it", "tests/test_b.py")


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}
