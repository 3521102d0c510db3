from __future__ import annotations

import pytest

from ducktypist.domain import StopName
from ducktypist.features.ghost.hole import Hole, HoleKind, hole_at
from support.cursor import at_cursor
from support.workbench import document_of

DOC = '"""Return the sum."""'


def hole(marked: str, *, language: str = "python") -> Hole | None:
    """Return what there is to fill at the marked place."""
    text, offset = at_cursor(marked)
    return hole_at(document_of(text, language=language), offset)


QUIET = {
    "the beginning of a file": "<CURSOR>\nx = 1\n",
    "inside a word": "x = val<CURSOR>ue\n",
    "before a word": "x = <CURSOR>value\n",
    "before more code on the line": "x = f(<CURSOR>, timeout=3)\n",
    "a comment": "x = 1  # the first <CURSOR>\n",
    "a docstring": 'def f():\n    """Return <CURSOR>\n    """\n    return 1\n',
    "after a statement that is closed": "print(x)<CURSOR>\n",
    "after a semicolon": "x = 1;<CURSOR>\n",
}


@pytest.mark.parametrize("name", QUIET)
def test_nothing_is_suggested_where_nothing_useful_is_likely(name: str) -> None:
    """There is no hole there."""
    assert hole(QUIET[name]) is None


@pytest.mark.parametrize(
    ("marked", "language"),
    [
        ("int x = 1;<CURSOR>\n", "c"),
        ("// about <CURSOR>\nint x;\n", "java"),
        ("/* about\n * <CURSOR>\n */\nint x;\n", "rust"),
    ],
)
def test_other_languages_have_such_places_too(marked: str, language: str) -> None:
    """Comments and ends of statements are known without a grammar."""
    assert hole(marked, language=language) is None


def test_a_huge_file_is_left_alone() -> None:
    """Reading it at each keystroke would cost too much."""
    assert hole("x = 1\n" * 400_000 + "y = <CURSOR>\n") is None


KINDS = {
    "rest of a line": ("x = <CURSOR>\n", HoleKind.LINE, "", ""),
    "before a closing bracket": ("x = f(<CURSOR>)\n", HoleKind.LINE, "", ""),
    "a line of its own": ("x = 1\n<CURSOR>\ny = 2\n", HoleKind.LINE, "", ""),
    "an empty body, at the docstring": (
        f"def f():\n    {DOC}<CURSOR>\n", HoleKind.BODY, "\n    ", "    ",
    ),
    "an empty body, on its line": (
        f"def f():\n    {DOC}\n    <CURSOR>\n", HoleKind.BODY, "", "    ",
    ),
    "a body that is there": (
        f"def f():\n    {DOC}\n    <CURSOR>\n    return 1\n", HoleKind.LINE, "", "",
    ),
    "under a line that opens a block": (
        "for i in x:\n    <CURSOR>\n", HoleKind.BLOCK, "", "    ",
    ),
    "at the end of a line that opens a block": (
        "for i in x:<CURSOR>\n", HoleKind.BLOCK, "\n    ", "    ",
    ),
    "deeper in a file with tabs": (
        "if y:\n\tif x:<CURSOR>\n", HoleKind.BLOCK, "\n\t\t", "\t\t",
    ),
    "a block that is there": (
        "for i in x:\n    <CURSOR>\n    print(i)\n", HoleKind.LINE, "", "",
    ),
    "in front of another line": ("x = <CURSOR>    y = 1\n", HoleKind.LINE, "", ""),
    "a dictionary's key": ("x = {'a': <CURSOR>\n", HoleKind.LINE, "", ""),
    "a slice": ("x = y[1:<CURSOR>\n", HoleKind.LINE, "", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_how_much_is_asked_for(name: str) -> None:
    """A line's rest, a block or a body, as the syntax around the cursor calls for."""
    marked, kind, lead, indent = KINDS[name]
    found = hole(marked)
    assert found is not None
    assert (found.kind, found.lead, found.indent) == (kind, lead, indent)
    assert len(found.span) == 0


def test_a_brace_opens_a_block() -> None:
    """With the closing brace below or not, what belongs inside is asked for."""
    go = "package p\n\nfunc f(x int) {\n\tif x > 1 {\n\t\t<CURSOR>\n\t}\n}\n"
    found = hole(go, language="go")
    assert found is not None
    assert (found.kind, found.indent) == (HoleKind.BLOCK, "\t\t")
    rule = found.rule("go")
    assert rule is not None
    assert rule.name is StopName.BRACE


@pytest.mark.parametrize(
    ("marked", "name", "stops"),
    [
        ("x = <CURSOR>\n", StopName.STATEMENT, ()),
        ("x = f(<CURSOR>)\n", None, ("\n",)),
        ("x = f(<CURSOR>\n", None, ()),
        ("x = 1\n<CURSOR>\ny = 2\n", None, ()),
        (f"def f():\n    {DOC}\n    <CURSOR>\n", StopName.DEDENT, ()),
    ],
)
def test_where_the_engine_may_stop(
    marked: str, name: StopName | None, stops: tuple[str, ...]
) -> None:
    """It stops by itself where it can see the end; elsewhere whoever knows the file does."""
    found = hole(marked)
    assert found is not None
    rule = found.rule("python")
    assert (None if rule is None else rule.name) == name
    assert found.stops() == stops
