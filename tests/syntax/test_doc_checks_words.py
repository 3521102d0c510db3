from __future__ import annotations

import pytest

from ducktypist.syntax.doc_checks import CheckForm, doc_checks
from ducktypist.syntax.regions import function_named


def words(docstring: str, signature: str = "def f(n: int):") -> list[tuple[str, str]]:
    """Return what a docstring states in words: the call, and its value or exception."""
    inner = docstring.strip("\n").replace("\n", "\n    ")
    text = f'{signature}\n    """{inner}\n    """\n'
    function = function_named(text, "python", "f")
    assert function is not None
    return [
        (check.call, check.expected or check.raises)
        for check in doc_checks(text, "python", function)
        if check.form is CheckForm.WORDS
    ]


LIST = "def f(items: list[int]):"
TEXT = "def f(text: str):"
NEGATIVE = [("f(-1)", "ValueError")]


@pytest.mark.parametrize(
    "docstring",
    [
        "Raises ValueError if n is negative.",
        "Raise a ValueError when n < 0.",
        "ValueError is raised if n is less than zero.",
        "If n is negative, raises ValueError.",
        "If n is negative, a ValueError is raised.",
        "Do it.\n\nRaises:\n    ValueError: If n is negative.",
        "Do it.\n\nRaises:\n    ValueError: if the number is\n        negative.\n",
        "Do it.\n\nRaises\n------\nValueError\n    If `n` is negative.\n\nNotes\n-----\nNone.",
        "Do it.\n\n:param n: the number\n:raises ValueError: if n is negative",
        "Do it.\n\n:raise ValueError: when n is below 0",
    ],
)
def test_errors(docstring: str) -> None:
    """An error is a check in prose and in the sections of the three conventions."""
    assert words(docstring) == NEGATIVE


@pytest.mark.parametrize(
    ("docstring", "signature", "expected"),
    [
        ("Returns None for an empty list.", LIST, [("f([])", "None")]),
        ("Return the sum, or 0 if the list is empty.", LIST, [("f([])", "0")]),
        ("The mean, or None if items is empty.", LIST, [("f([])", "None")]),
        ("An empty list gives [].", LIST, [("f([])", "[]")]),
        ("If the string is empty, return 0.", TEXT, [('f("")', "0")]),
        ("For an empty string, returns ''.", TEXT, [('f("")', "''")]),
        ("Return True if the text is empty, False otherwise.", TEXT, [('f("")', "True")]),
        ("Return -1 if n is 0, 7 if n is negative.", "def f(n):", [("f(0)", "-1"), ("f(-1)", "7")]),
        ("Return 1 when n <= 1.", "def f(n: int):", [("f(1)", "1"), ("f(0)", "1")]),
        ("0 is returned if n is zero.", "def f(n: int):", [("f(0)", "0")]),
        ("Do it.\n\nReturns:\n    The mean, or None if empty.", LIST, []),
        ("Do it.\n\nReturns:\n    The mean, None if items is empty.", LIST, [("f([])", "None")]),
        ("Raises TypeError if items is not a list.", LIST, [("f(0)", "TypeError")]),
        ("Raises ValueError if n is zero or negative.", "def f(n: int):", [("f(0)", "ValueError")]),
    ],
)
def test_edge_cases(docstring: str, signature: str, expected: list[tuple[str, str]]) -> None:
    """An edge case with a value is a check when parameter, input and value are certain."""
    assert words(docstring, signature) == expected


@pytest.mark.parametrize(
    ("docstring", "signature"),
    [
        ("May raise ValueError if n is negative.", "def f(n: int):"),
        ("Does not raise ValueError if n is negative.", "def f(n: int):"),
        ("When strict, raises ValueError if n is negative.", "def f(n: int, strict=False):"),
        ("Raises ValueError if n is negative unless strict.", "def f(n: int, strict=False):"),
        ("Raises ValueError if n is negative and odd.", "def f(n: int):"),
        ("Raises ValueError if n is negative.", "def f(n: int, m: int):"),
        ("Raises ValueError if n is negative.", "def f(n: str):"),
        ("Raises ValueError if the number is negative.", "def f(n: int, m: int = 2):"),
        ("Raises ValueError if n is not positive or zero.", "def f(n: int):"),
        ("Raises ValueError if n is prime.", "def f(n: int):"),
        ("Raises OddError if n is negative.", "def f(n: int):"),
        ("Returns None for an empty list.", "def f(a: list, b: list):"),
        ("Returns None for an empty list.", "def f(text: str):"),
        ("Returns the input for an empty list.", LIST),
        ("Returns True if x is zero.", "def f(x):"),
        ("Args:\n    n: the number, returns 0 if n is zero.", "def f(n: int):"),
        ("Raises ValueError if n is negative.", "def f(*n):"),
        ("Previously returned 0 if n is negative.", "def f(n: int):"),
        ("It can return 0 if n is negative.", "def f(n: int):"),
        ("Return 0 if n is negative.\nRaises ValueError if n < 0.", "def f(n: int):"),
    ],
)
def test_doubt_gives_nothing(docstring: str, signature: str) -> None:
    """Hedges, further conditions, other types and what is not understood give no check."""
    assert words(docstring, signature) == []


def test_other_arguments_come_from_an_example() -> None:
    """A function of several parameters is called as in an example, one argument replaced."""
    docstring = "f(7, 2) -> 3\nRaises ZeroDivisionError if b is 0."
    assert words(docstring, "def f(a, b):") == [("f(7, 0)", "ZeroDivisionError")]
    docstring = ">>> f([3, 1], 2)\n[1]\n\nReturns [] if xs is empty."
    assert words(docstring, "def f(xs, k):") == [("f([], 2)", "[]")]
    # The example's names are unknown outside of it.
    docstring = ">>> for i in range(3):\n...     f(i, 1)\n\nRaises ValueError if b is negative."
    assert words(docstring, "def f(a, b):") == []


def test_defaults_are_enough() -> None:
    """Parameters with defaults are left out."""
    docstring = "Raises ValueError if n is negative."
    assert words(docstring, "def f(n: int, step: int = 1):") == NEGATIVE
    keyword = words("Raises ValueError if step is zero.", "def f(n=3, *, step: int = 1):")
    assert keyword == [("f(step=0)", "ValueError")]
