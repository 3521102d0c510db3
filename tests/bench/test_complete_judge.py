"""The bench's own judges of a suggestion, without running it."""

from __future__ import annotations

import pytest

from ducktypist.bench.complete.judge import (
    adds_syntax_error,
    repeated_below,
    repeated_docstring,
)

OPEN = "def f(x):\n    return (x +\n"


@pytest.mark.parametrize(
    ("before", "after", "language", "expected"),
    [
        ("x = 1\n", "x = 1 +\n", "python", True),
        ("x = 1\n", "x = 1 + 2\n", "python", False),
        ("x = (\n", "x = (1)\n", "python", False),
        ("x = (\n", "x = (1\n", "python", False),
        ("def f():\n    \n", "def f():\n    return\n", "python", False),
        ("x = 1\n", "x = 1\n  y = 2\n", "python", True),
        (OPEN, OPEN + ") ) )\n", "python", True),
        ("package p\n", "package p\n\nfunc f() {\n", "go", True),
        ("package p\n", "package p\n\nfunc f() {\n}\n", "go", False),
    ],
)
def test_a_syntax_error_is_added_or_not(
    before: str, after: str, language: str, *, expected: bool
) -> None:
    """What was broken before is not blamed on the suggestion."""
    assert adds_syntax_error(before, after, language) is expected


TEXT = "def f(x):\n    \n    y = x\n    z = [\n        1,\n    ]\n    return y\n"
AT = TEXT.index("    \n") + 4


@pytest.mark.parametrize(
    ("inserted", "expected"),
    [
        ("y = x", "y = x"),
        ("a = 1\n    y = x", "y = x"),
        ("a = 1\n\n    return y\n", "return y"),
        ("a = [\n        2,\n    ]", ""),
        ("y = x + 1", ""),
        ("", ""),
    ],
)
def test_a_line_said_again_is_found(inserted: str, expected: str) -> None:
    """Whole lines that hold a word; brackets and parts of lines do not count."""
    assert repeated_below(TEXT, AT, inserted) == expected


def test_the_line_is_judged_as_it_becomes() -> None:
    """What stands before and after the cursor on its line belongs to it."""
    text = "a = \nvalue = f(1)\n"
    assert repeated_below("value\n" + text[4:], 5, " = f(1)") == "value = f(1)"
    assert repeated_below("val\nvalue = f(1)\n", 3, "ue = g(1)") == ""
    assert repeated_below("(1)\nvalue = f(1)\n", 0, "value = f") == "value = f(1)"


def test_only_what_is_near_below_counts() -> None:
    """Ten lines, blank ones aside."""
    far = "\n" + "x\n\n" * 10 + "y = 1\n"
    assert repeated_below(far, 0, "y = 1") == ""
    assert repeated_below("\n" + "x\n\n" * 9 + "y = 1\n", 0, "y = 1") == "y = 1"


@pytest.mark.parametrize(
    ("docstring", "inserted", "expected"),
    [
        ('"""Return the sum."""', '"""Return the sum."""\n    return 1', '"""Return the sum."""'),
        ('"""Return the sum.\n\n    Of all.\n    """', "# Of all.\n", "# Of all."),
        ("// Sum adds up.", "// Sum adds up.\n\treturn 1", "// Sum adds up."),
        ('"""Return the sum."""', "return total", ""),
        ('"""Return."""', "return", ""),
        ("", "return total", ""),
    ],
)
def test_a_docstring_said_again_is_found(docstring: str, inserted: str, expected: str) -> None:
    """With or without its quotes; a single word is no sentence."""
    assert repeated_docstring(docstring, inserted) == expected
