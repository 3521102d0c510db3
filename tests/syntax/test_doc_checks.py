from __future__ import annotations

import pytest

from ducktypist.syntax.doc_checks import CheckForm, DocCheck, doc_checks
from ducktypist.syntax.regions import function_named, functions


def checks(
    docstring: str, *, signature: str = "def f(n):", before: str = "", name: str = "f"
) -> list[DocCheck]:
    """Return the checks of one function with that docstring."""
    inner = docstring.strip("\n").replace("\n", "\n    ")
    text = f'{before}{signature}\n    """\n    {inner}\n    """\n'
    function = function_named(text, "python", name)
    assert function is not None
    return list(doc_checks(text, "python", function))


def said(docstring: str, **how: str) -> list[tuple[str, str]]:
    """Return each check's call with what is expected, or what is raised."""
    return [(check.call, check.expected or check.raises) for check in checks(docstring, **how)]


@pytest.mark.parametrize(
    ("line", "form", "call", "expected"),
    [
        (">>> f(2)\n4", CheckForm.DOCTEST, "f(2)", "4"),
        ("f(2) == 4", CheckForm.COMPARISON, "f(2)", "4"),
        ("assert f(2) == 4", CheckForm.COMPARISON, "f(2)", "4"),
        ("4 == f(2)", CheckForm.COMPARISON, "f(2)", "4"),
        ("f(2) is None", CheckForm.COMPARISON, "f(2)", "None"),
        ("sorted(f(2)) == [1, 2]", CheckForm.COMPARISON, "sorted(f(2))", "[1, 2]"),
        ("assert not f(3)", CheckForm.COMPARISON, "bool(not f(3))", "True"),
        ("f(2) -> 4", CheckForm.ARROW, "f(2)", "4"),
        ("f(2) => 4", CheckForm.ARROW, "f(2)", "4"),
        ("f(2) → 4", CheckForm.ARROW, "f(2)", "4"),
        ("f(2) returns 4.", CheckForm.ARROW, "f(2)", "4"),
        ("``f(2)`` should return ``4``.", CheckForm.ARROW, "f(2)", "4"),
        ("- f(2)  # 4", CheckForm.ARROW, "f(2)", "4"),
        ("Example: f(2) = 4", CheckForm.ARROW, "f(2)", "4"),
        ("For example, f('a, b') gives ['a', 'b'].", CheckForm.ARROW, "f('a, b')", "['a', 'b']"),
        ("f([1,\n   2]) -> (1, 2)", CheckForm.ARROW, "f([1,    2])", "(1, 2)"),
        ("Input: n = 2\nOutput: 4", CheckForm.ARROW, "f(n=2)", "4"),
        ("f(2) -> 4 (two times two)", CheckForm.ARROW, "f(2)", "4"),
        ("f(lambda x: x + 1) -> 4", CheckForm.ARROW, "f(lambda x: x + 1)", "4"),
    ],
)
def test_forms(line: str, form: CheckForm, call: str, expected: str) -> None:
    """Each way to write an example gives its call and its value."""
    (check,) = checks(f"Do it.\n\n{line}\n")
    assert (check.form, check.call, check.expected) == (form, call, expected)
    assert check.said


@pytest.mark.parametrize(
    "line",
    [
        "f(x) == 4",
        "f(n) -> 2 * f(n - 1)",
        "f(2) -> 4 or 5",
        "f(2) == 4 in most cases",
        "f(2) -> about 4",
        "f(2) -> 4 (approximately)",
        "f(2) -> 3, 4",
        "not f(2) == 4",
        "Unlike f(2) == 4",
        "if f(2) == 4 it works",
        "f(2) != 4",
        "f(2) does not return 4",
        "f(2, 3) -> 4",
        "g(2) -> 4",
        "my.f(2) -> 4",
        "f(2) -> unknown",
        "f(2) -> result",
        "f(2) -> [1, ...more]",
        "f(2) raises a flag",
        "f(2) is not None",
        "assert f(2) < 4",
        "f(2",
    ],
)
def test_doubt_gives_nothing(line: str) -> None:
    """Placeholders, hedges, other functions and what goes on give no check."""
    assert checks(f"Do it.\n\n{line}\n") == []


def test_several_in_one_line() -> None:
    """A sentence may hold several examples; each counts once."""
    found = said("f(1) -> 1, f(2) -> 4 and f(3) -> 9; f(2) == 4")
    assert sorted(found) == [("f(1)", "1"), ("f(2)", "4"), ("f(3)", "9")]


def test_contradictions_are_left_out() -> None:
    """What is said twice in different ways is not believed either way."""
    assert said("f(1) -> 1\nf(1) -> 2\nf(3) -> 3") == [("f(3)", "3")]


def test_doctest_is_not_read_twice() -> None:
    """What stands in a doctest block is doctest's alone; all of it counts as doctest counts."""
    found = checks(">>> x = 2\n>>> f(x) == 4\nTrue\n\nf(3) == 9")
    assert [check.form for check in found] == [
        CheckForm.DOCTEST,
        CheckForm.DOCTEST,
        CheckForm.COMPARISON,
    ]
    (raising,) = checks(">>> f(-1)\nTraceback (most recent call last):\nValueError: no")
    assert raising.raises == "ValueError"


def test_errors_of_calls() -> None:
    """A call that raises is a check when the exception exists."""
    assert said("f(-1) raises ValueError.") == [("f(-1)", "ValueError")]
    assert said("f(-1) -> TypeError") == [("f(-1)", "TypeError")]
    own = "class MyError(Exception): ...\n"
    assert said("f(-1) throws a MyError", before=own) == [("f(-1)", "MyError")]
    assert said("f(-1) raises OtherError") == []


def test_names_of_the_module() -> None:
    """Constants, classes and imports of the module may be used, and nothing else."""
    before = "from enum import Enum\nclass Color(Enum):\n    RED = 1\nLIMIT = 3\n"
    assert said("f(LIMIT) -> Color.RED", before=before) == [("f(LIMIT)", "Color.RED")]
    assert said("f(OTHER) -> 3", before=before) == []


def test_methods() -> None:
    """A method needs its object, or its class when it is static; a nested function has neither."""
    text = '''
class Box:
    def get(self, n):
        """Box(3).get(1) == 4; get(1) == 5; box.get(2) == 6"""

    @staticmethod
    def of(n):
        """Box.of(1) == 1, of(2) == 2"""

def outer():
    def inner(n):
        """inner(1) == 2

        >>> inner(1)
        2
        """
'''
    found = {
        function.qualified_name: [check.call for check in doc_checks(text, "python", function)]
        for function in functions(text, "python")
    }
    assert found == {
        "Box.get": ["Box(3).get(1)"],
        "Box.of": ["Box.of(1)"],
        "outer": [],
        "outer.inner": [],
    }


def test_types_that_do_not_fit() -> None:
    """A value of another type than the declared result's is no example."""
    assert said("f(2) -> 'four'", signature="def f(n: int) -> int:") == []
    assert said("f(2) -> 4", signature="def f(n: int) -> float:") == [("f(2)", "4")]
    assert said("f(2) -> None", signature="def f(n: int) -> int:") == [("f(2)", "None")]


def test_order_and_chance() -> None:
    """Where the order is open no list is compared, and where chance rules nothing is."""
    assert said("In any order. f(2) -> [1, 2]\nf(0) -> 7") == [("f(0)", "7")]
    assert said("Return a random number. f(2) -> 7") == []


@pytest.mark.parametrize(
    ("line", "tolerance"),
    [
        ("f(1) -> 3.14", 0.005),
        ("f(1) -> 0.5", 0.0),
        ("f(1) == 3.14", 0.0),
        ("f(1) == 3.14159", 0.000005),
        ("f(1) -> [1.25, 3.1415]", 0.005),
    ],
)
def test_tolerance(line: str, tolerance: float) -> None:
    """As many digits as the docstring shows have to agree, where it shows enough of them."""
    (check,) = checks(line)
    assert check.tolerance == pytest.approx(tolerance)


def test_odd_texts() -> None:
    """Broken docstrings, signatures and other languages give nothing and raise nothing."""
    assert checks("f(") == []
    assert checks("f(1) -> 'a") == []
    assert checks(">>> f(1)\n  >>> f(2)\n>>>f(3)") == []
    text = "function f() {\n}\n"
    for function in functions(text, "bash"):
        assert doc_checks(text, "bash", function) == ()
