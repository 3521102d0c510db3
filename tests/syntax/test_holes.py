"""Holes cut whole things out of a function, and what is written into them fits."""

import ast
import re
import sysconfig
from pathlib import Path

import pytest

from ducktypist.domain import Hole, HoleKind
from ducktypist.syntax.checks import new_syntax_errors
from ducktypist.syntax.holes import MAX_SPAN_LINES, hole_edit, holes
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.regions import functions

STDLIB = Path(sysconfig.get_path("stdlib"))
FILES = sorted(p for p in STDLIB.glob("*.py") if 2_000 < p.stat().st_size < 30_000)[::12]

PYTHON = '''\
def f(items, limit):
    """Return a sum."""
    total = 0
    for item in items:
        if item > limit:
            continue
        total += item
    # The end.
    return total
'''
GO = """\
package p

func f(items []int, limit int) int {
\ttotal := 0
\tfor _, item := range items {
\t\tif item > limit {
\t\t\tcontinue
\t\t}
\t\ttotal += item
\t}
\treturn total
}
"""


def region(text: str, language: str = "python", name: str = "f") -> FunctionRegion:
    """Return the function of a text."""
    return next(item for item in functions(text, language) if item.name == name)


def found(text: str, kind: HoleKind, language: str = "python", lines: object = None) -> list[Hole]:
    """Return the holes of one kind."""
    every = holes(text, region(text, language), lines)  # type: ignore[arg-type] # a test's short way
    return [hole for hole in every if hole.kind is kind]


def edited(text: str, hole: Hole, new: str, language: str = "python") -> str | None:
    """Return the text with a hole filled, None when that is no change."""
    edit = hole_edit(text, hole, new, language)
    if edit is None:
        return None
    assert edit.old_text == edit.span.of(text)
    return edit.apply(text)


def test_lines_are_the_statement_lines() -> None:
    """Docstring and comments are no holes; a hole has its line's code and indentation."""
    lines = found(PYTHON, HoleKind.LINE)
    assert [hole.first_line for hole in lines] == [3, 4, 5, 6, 7, 9]
    assert lines[3].span.of(PYTHON) == "continue"
    assert (lines[3].indent, lines[3].n_lines) == (" " * 12, 1)


def test_spans_are_whole_statements_of_one_block() -> None:
    """Two to five lines: neighbours, and a head with its body."""
    spans = [(hole.first_line, hole.n_lines) for hole in found(PYTHON, HoleKind.SPAN)]
    assert spans == [(3, 5), (4, 4), (5, 2), (5, 3)]
    spans = [(hole.first_line, hole.n_lines) for hole in found(GO, HoleKind.SPAN, "go")]
    assert spans == [(6, 3), (6, 4)]


def test_insertions_stand_between_statements() -> None:
    """At a block's start, between its statements and at its end, none behind a jump."""
    places = [(h.first_line, len(h.indent)) for h in found(PYTHON, HoleKind.INSERTION)]
    assert places == [(3, 4), (4, 4), (5, 8), (6, 12), (7, 8), (8, 8), (8, 4)]
    places = [(h.first_line, h.indent) for h in found(GO, HoleKind.INSERTION, "go")]
    assert places == [
        (4, "\t"),
        (5, "\t"),
        (6, "\t\t"),
        (7, "\t\t\t"),
        (9, "\t\t"),
        (10, "\t\t"),
        (11, "\t"),
    ]


def test_only_what_touches_the_lines() -> None:
    """A line number keeps the holes on it and beside it."""
    every = holes(PYTHON, region(PYTHON), {7})
    assert [(h.kind, h.first_line, h.n_lines) for h in every] == [
        (HoleKind.LINE, 7, 1),
        (HoleKind.SPAN, 3, 5),
        (HoleKind.SPAN, 4, 4),
        (HoleKind.SPAN, 5, 3),
        (HoleKind.INSERTION, 7, 0),
        (HoleKind.INSERTION, 8, 0),
        (HoleKind.INSERTION, 8, 0),
    ]


def test_clauses_and_heads() -> None:
    """A clause can be written anew alone, and a head with its body while the others stay."""
    text = "def f(a):\n    if a:\n        b = 1\n    elif 2:\n        b = 2\n"
    text += "    else:\n        b = 3\n"
    spans = [(hole.first_line, hole.n_lines) for hole in found(text, HoleKind.SPAN)]
    assert spans == [(2, 2), (4, 2), (6, 2)]


def test_strings_are_not_cut() -> None:
    """A string over several lines is inside or outside of a hole, never half."""
    text = 'def f(a):\n    x = """\none\ntwo\n"""\n    return x + a\n'
    for hole in holes(text, region(text)):
        last = hole.first_line + hole.n_lines - 1
        assert (
            hole.n_lines == 0
            or hole.first_line == 6
            or (hole.first_line, last) == (2, 5)
            or last == 6
        )
        if hole.kind is HoleKind.INSERTION:
            assert hole.first_line in {2, 6}


def test_a_body_on_the_signatures_line_has_its_line_only() -> None:
    """What shares a line is neither cut nor parted."""
    text = "def f(a): return a\n"
    assert [h.kind for h in holes(text, region(text))] == [HoleKind.LINE]
    text = "def f(a):\n    x = 1; y = 2\n    return x\n"
    assert not found(text, HoleKind.SPAN)


@pytest.mark.parametrize(
    "new", ["if a:\n        b()\n    c()", "    if a:\n        b()\n    c()", "if a:\n    b()\nc()"]
)
def test_any_indentation_fits(new: str) -> None:
    """The answer's first line may lack its indentation, and the others have any that parses."""
    text = "def f(a):\n    x()\n    y()\n    return 1\n"
    hole = found(text, HoleKind.SPAN)[0]
    expected = "def f(a):\n    if a:\n        b()\n    c()\n    return 1\n"
    assert edited(text, hole, new) == expected
    inserted = found(text, HoleKind.INSERTION)[1]
    assert edited(text, inserted, new) == text.replace(
        "    y()\n", "    if a:\n        b()\n    c()\n    y()\n"
    )


def test_nothing_new_is_no_edit() -> None:
    """Blanks, what stood there, and the line that follows anyway are refused."""
    line = found(PYTHON, HoleKind.LINE)[0]
    for new in ("", "  \n", "total = 0", "  total = 0 ", "for item in items:"):
        assert edited(PYTHON, line, new) is None
    insertion = found(PYTHON, HoleKind.INSERTION)[0]
    assert edited(PYTHON, insertion, "total = 0") is None
    span = found(PYTHON, HoleKind.SPAN)[0]
    assert edited(PYTHON, span, span.span.of(PYTHON)) is None


def test_line_breaks_are_the_files() -> None:
    """A file with carriage returns keeps them, and a last line without a break stays so."""
    text = "def f(a):\r\n    x()\r\n    return 1"
    insertion = found(text, HoleKind.INSERTION)[1]
    assert edited(text, insertion, "if a:\n    b()") == (
        "def f(a):\r\n    x()\r\n    if a:\r\n        b()\r\n    return 1"
    )
    text = "def f(a):\n    x()"
    assert edited(text, found(text, HoleKind.INSERTION)[-1], "y()") == f"{text}\n    y()"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_hole_of_the_standard_library_can_be_filled(path: Path) -> None:
    """Spans and insertions take a statement and the file parses as before."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for function in functions(text, "python")[:12]:
        for hole in holes(text, function):
            assert hole.span.of(text) == hole.span.of(text).strip()
            if hole.kind is HoleKind.LINE:
                continue
            assert hole.n_lines == 0 or 2 <= hole.n_lines <= MAX_SPAN_LINES
            middle = hole.span.of(text)
            rest = text[hole.span.end :].lstrip("\n")
            if re.match(rf"{hole.indent}(el|except|finally)", rest):
                # The head of what follows can become another head only.
                continue
            head = middle.split(":")[0] if re.match(r"(elif|else|except|finally)\b", middle) else ""
            edit = hole_edit(text, hole, f"{head}:\n    q = 1" if head else "q = 1", "python")
            assert edit is not None
            ast.parse(edit.apply(text))


def test_go_holes_can_be_filled() -> None:
    """Every Go span and insertion takes a statement."""
    every = holes(GO, region(GO, "go"))
    assert len(every) > 12
    for hole in every:
        if hole.kind is not HoleKind.LINE:
            text = edited(GO, hole, "total = 1", "go")
            assert text is not None
            assert not new_syntax_errors(GO, text, "go")
