from __future__ import annotations

import pytest

from ducktypist.syntax.doc_checks import CheckForm, doc_checks
from ducktypist.syntax.doc_checks.go_types import as_literal, expression_names, split_arguments
from ducktypist.syntax.regions import function_named

HEAD = 'package calc\n\nimport "errors"\n\nvar ErrBad = errors.New("bad")\n\n'
BINARY = "func F(a, b int) int {"
FALLIBLE = "func F(a, b int) (int, error) {"
SLICE = "func F(xs []int) int {"


def found(comment: str, signature: str = BINARY, name: str = "F") -> list[tuple[str, str, str]]:
    """Return form, call and what is expected or raised of each check of a function."""
    lines = "\n".join(f"// {line}" for line in comment.split("\n"))
    text = f"{HEAD}type Box struct{{ n []int }}\n\n{lines}\n{signature}\n}}\n"
    function = function_named(text, "go", name)
    assert function is not None
    return [
        (check.form.value, check.call, check.expected or check.raises)
        for check in doc_checks(text, "go", function)
    ]


@pytest.mark.parametrize(
    ("comment", "signature", "expected"),
    [
        ("F(1, 2) == 3", BINARY, ("comparison", "F(1, 2)", "3")),
        ("F adds: calc.F(1, 2) returns 3.", BINARY, ("arrow", "F(1, 2)", "3")),
        ("\tF(1, 2) // 3", BINARY, ("arrow", "F(1, 2)", "3")),
        ("\tfmt.Println(F(1, 2)) // 3", BINARY, ("example", "F(1, 2)", "3")),
        ("\tfmt.Println(F(1, 2))\n\t// Output: 3", BINARY, ("example", "F(1, 2)", "3")),
        ("F(4, 2) -> 2", FALLIBLE, ("arrow", "F(4, 2)", "2, nil")),
        ("F(4, 2) -> (2, nil)", FALLIBLE, ("arrow", "F(4, 2)", "2, nil")),
        ("F(4, 0) returns an error.", FALLIBLE, ("arrow", "F(4, 0)", "error")),
        ("F(4, 0) -> 0, ErrBad", FALLIBLE, ("arrow", "F(4, 0)", "error")),
        ("F(4, 0) panics", BINARY, ("arrow", "F(4, 0)", "panic")),
        ("F([1, 2]) => 3", SLICE, ("arrow", "F([]int{1, 2})", "3")),
        ("F([]int{1, 2}) = 3", SLICE, ("arrow", "F([]int{1, 2})", "3")),
        ("F(2) -> [1 2]", "func F(n int) []int {", ("example", "F(2)", "[1 2]")),
        ("F(2) -> [1, 2]", "func F(n int) []int {", ("arrow", "F(2)", "[]int{1, 2}")),
        ("F(2) -> []", "func F(n int) []int {", ("arrow", "F(2)", "[]int{}")),
        ('F("a") -> 2, true', "func F(s string) (int, bool) {", ("arrow", 'F("a")', "2, true")),
    ],
)
def test_forms(comment: str, signature: str, expected: tuple[str, str, str]) -> None:
    """Each way to write an example gives its call and its values."""
    assert found(comment, signature) == [expected]


def test_methods() -> None:
    """A method is called on a literal of its type, and on nothing else."""
    signature = "func (b Box) F(n int) int {"
    comment = "Box{n: []int{1}}.F(1) == 2; b.F(1) == 3; F(1) == 4"
    assert found(comment, signature, "Box.F") == [("comparison", "Box{n: []int{1}}.F(1)", "2")]


@pytest.mark.parametrize(
    ("comment", "signature", "expected"),
    [
        ("F returns 0 for an empty slice.", SLICE, ("F([]int{})", "0")),
        ("F returns 0 if xs is empty.", SLICE, ("F([]int{})", "0")),
        ("If s is empty, F returns an empty string.", "func F(s string) string {", ('F("")', '""')),
        ("F panics if n is negative.", "func F(n int) int {", ("F(-1)", "panic")),
        ("It returns an error if n < 0.", "func F(n int) (int, error) {", ("F(-1)", "error")),
        ("It returns ErrBad when n is 0.", "func F(n int) (int, error) {", ("F(0)", "error")),
        (
            "F sums, or an error if xs is empty.",
            "func F(xs []int) (int, error) {",
            ("F([]int{})", "error"),
        ),
    ],
)
def test_words(comment: str, signature: str, expected: tuple[str, str]) -> None:
    """Edge cases and errors in words are checks when they are certain."""
    assert found(comment, signature) == [("words", *expected)]


@pytest.mark.parametrize(
    ("comment", "signature"),
    [
        ("F(a, b) == a + b", BINARY),
        ("F(1) == 3", BINARY),
        ("F(1, 2) -> 3 or so", BINARY),
        ("Unlike F(1, 2) == 4", BINARY),
        ("F(x, 2) == 4", BINARY),
        ("F(4, 2) -> 2", "func F(a, b int) (int, bool) {"),
        ("F returns 0 if n is negative.", "func F(n uint) int {"),
        ("F returns an error if n is negative.", "func F(n int) int {"),
        ("F may return 0 if n is negative.", "func F(n int) int {"),
        ("F returns 0 if xs is sorted.", SLICE),
        ("F(2) -> [1, 2], in no particular order", "func F(n int) []int {"),
    ],
)
def test_doubt_gives_nothing(comment: str, signature: str) -> None:
    """Placeholders, wrong numbers of arguments, hedges and other types give no check."""
    assert found(comment, signature) == []


def test_other_arguments_come_from_an_example() -> None:
    """A function of several parameters is called as in an example, one argument replaced."""
    checks = found("F(7, 2) == 3. It returns an error if b is 0.", FALLIBLE)
    assert ("words", "F(7, 0)", "error") in checks


def test_block_comments_and_forms() -> None:
    """A block comment is read like lines."""
    text = "package p\n\n/*\nAdd adds.\n\n\tAdd(1, 2) == 3\n*/\nfunc Add(a, b int) int {\n}\n"
    function = function_named(text, "go", "Add")
    assert function is not None
    assert [check.form for check in doc_checks(text, "go", function)] == [CheckForm.COMPARISON]


def test_expressions() -> None:
    """Names of expressions, arguments and literals are read with the grammar."""
    assert expression_names("strings.Repeat(x, 2)") == {"strings", "x"}
    assert expression_names("a) + (b") is None
    assert expression_names("Box{n: 1}") == {"Box"}
    assert split_arguments('1, "a, b", []int{1, 2}, g(1, 2)') == [
        "1",
        '"a, b"',
        "[]int{1, 2}",
        "g(1, 2)",
    ]
    assert as_literal('[["a]"], []]', "[][]string") == '[][]string{{"a]"}, {}}'
    assert as_literal("1 +", "int") == ""
