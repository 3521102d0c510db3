from __future__ import annotations

import pytest

from ducktypist.prompting.standing import n_left_open, standing, without_closers
from support.cursor import at_cursor


@pytest.mark.parametrize(
    ("marked", "language", "in_prose", "in_string", "n_open"),
    [
        ("x = f(<CURSOR>", "python", False, False, 1),
        ("x = f(<CURSOR>)", "python", False, False, 0),
        ("x = f(g(<CURSOR>)\ny = 1\n", "python", False, False, 1),
        ("x = [\n    1,\n    <CURSOR>\n    3,\n]\n", "python", False, False, 0),
        ("x = 1  # about <CURSOR>\n", "python", True, False, 0),
        ('def f():\n    """Say <CURSOR>\n    """\n', "python", True, False, 0),
        ("x = 'some <CURSOR>'\n", "python", False, True, 0),
        ("func f() {\n\t<CURSOR>\n}\n", "go", False, False, 0),
        ("func f() {\n\t<CURSOR>\n", "go", False, False, 1),
        ("// about <CURSOR>\n", "go", True, False, 0),
        ("/* about\n<CURSOR>\n*/\n", "java", True, False, 0),
        ("echo one # about <CURSOR>\n", "shellscript", True, False, None),
        ("case x in a) <CURSOR>\n", "shellscript", False, False, None),
        ("It's (<CURSOR>", "markdown", False, False, None),
    ],
)
def test_standing(
    marked: str, language: str, *, in_prose: bool, in_string: bool, n_open: int | None
) -> None:  # fmt: skip
    """What is open at the cursor and not closed below it is known without a grammar."""
    text, offset = at_cursor(marked)
    found = standing(text[:offset], text[offset:], language)
    assert (found.in_prose, found.in_string, found.n_open) == (in_prose, in_string, n_open)


@pytest.mark.parametrize(
    ("text", "before", "n_open", "expected"),
    [
        ("a, b)", "x = f(", 0, "a, b"),
        ("a, b)", "x = f(", 1, "a, b)"),
        ("a, g(b))", "x = f(", 0, "a, g(b)"),
        ("a).strip()", "x = f(", 0, "a"),
        ('")")', "x = f(", 0, '")"'),
        ("1\n}", "", 0, "1"),
        ("[1, 2]", "x = ", 0, "[1, 2]"),
    ],
)
def test_closers_that_exist_are_not_typed_again(
    text: str, before: str, n_open: int, expected: str
) -> None:
    """A bracket is closed by the suggestion only if it opened it or nobody else closes it."""
    assert without_closers(text, before=before, n_open=n_open, language="python") == expected


@pytest.mark.parametrize(
    ("text", "n_open", "expected"),
    [("a, b)", 1, 0), ("a,", 1, 1), ("[1,", 0, 1), ("'", 0, 0), ('"""a', 0, 1), ("1 + \\", 0, 1)],
)
def test_what_is_left_open(text: str, n_open: int, expected: int) -> None:
    """Brackets, long strings and continued lines count; a string ends with its line."""
    assert n_left_open(text, before="x = ", n_open=n_open, language="python") == expected
