from __future__ import annotations

import pytest

from ducktypist.domain import Rung
from ducktypist.syntax.checks import static_rung
from ducktypist.syntax.edits import normal_form
from ducktypist.syntax.go_unresolved import new_problems
from ducktypist.syntax.regions import test_functions as find_tests

BEFORE = """package shop

import (
\t"fmt"
\t"math/rand/v2"
)

const limit = 3

type Cart struct{ items []string }

func (c *Cart) Add(item string) (n int, err error) {
\tfor i, known := range c.items {
\t\tif known == item {
\t\t\treturn i, fmt.Errorf("again: %s", known)
\t\t}
\t}
\tc.items = append(c.items, item)
\tn, err = len(c.items), nil
\treturn
}

func total(prices map[string]int) int {
\tsum := 0
\tfor _, price := range prices {
\t\tsum += price
\t}
\treturn sum + rand.IntN(limit)
}
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("return sum + ", "return sum + i + ", ("i",)),
        ("return sum + ", "return price + ", ("price",)),
        ("c.items = append", "strings.ToUpper(item)\n\tc.items = append", ("strings",)),
        ("sum := 0", "sum := 0\n\tother := 1", ("unused other",)),
        ("sum := 0", "sum := 0\n\tvar other int", ("unused other",)),
        ('fmt.Errorf("again: %s", known)', "nil", ("unused fmt",)),
        # Another file of the package may declare it.
        ("return sum + ", "return tax(sum) + ", ()),
        ("return sum + ", "return defaults.base + sum + ", ()),
        ("return sum + ", "for i := range 3 {\n\t\tsum += i\n\t}\n\treturn sum + ", ()),
        (
            "return sum + ",
            "if more := len(prices); more > 1 {\n\t\tsum += more\n\t}\n\treturn ",
            (),
        ),
        ("sum := 0", "sum := func(n int) int { return n }(0)", ()),
        ("\tc.items = append", "\tn, late := 1, 2\n\t_ = late\n\tc.items = append", ()),
        ("return sum + ", "c := Cart{items: nil}\n\t_ = c\n\treturn sum + ", ()),
        ("for i, known", "for i, known", ()),
    ],
)
def test_new_problems(old: str, new: str, expected: tuple[str, ...]) -> None:
    """What the file itself shows to be undefined or unused is reported, and nothing else is."""
    assert old in BEFORE
    after = BEFORE.replace(old, new, 1)
    assert new_problems(BEFORE, after) == expected
    assert static_rung(BEFORE, after, "go") is (Rung.PARSES if expected else Rung.RESOLVES)


def test_old_problems_are_not_blamed_on_a_change() -> None:
    """What was undefined or unused before does not count."""
    broken = BEFORE.replace("return sum + ", "return i + ")
    assert new_problems(broken, broken.replace("limit = 3", "limit = 4")) == ()


def test_a_dot_import_hides_everything() -> None:
    """Where names come from a package that nobody reads, nothing is undefined."""
    dotted = BEFORE.replace('"fmt"', '"fmt"\n\t. "example.com/all"')
    assert new_problems(dotted, dotted.replace("return sum + ", "return i + ")) == ()


def test_a_syntax_error_is_not_resolved() -> None:
    """What does not parse reaches no rung."""
    assert static_rung(BEFORE, BEFORE.replace("return sum", "return return"), "go") is (
        Rung.UNVERIFIED
    )


def test_the_tests_of_a_file() -> None:
    """Tests are the functions that ``go test`` runs as such, not their main or methods."""
    text = (
        'package a\n\nimport "testing"\n\n'
        "func TestMain(m *testing.M) {}\n"
        "func TestA(t *testing.T) {}\n"
        "func Test_b(t *testing.T) {}\n"
        "func Testing() {}\n"
        "func (s *Suite) TestC(t *testing.T) {}\n"
        "func helper(t *testing.T) {}\n"
    )
    assert [test.suffix for test in find_tests(text, "go")] == ["TestA", "Test_b"]


def test_the_normal_form_ignores_layout_and_comments() -> None:
    """Go that differs in layout and comments only is equal; other operators are not."""
    one = "package a\n\nfunc f(a, b int) int {\n\treturn a - b // difference\n}\n"
    same = "package a\nfunc f( a,b int ) int { return a-b }\n"
    assert normal_form(one, "go") == normal_form(same, "go")
    assert normal_form(one, "go") != normal_form(one.replace("-", "+"), "go")
    assert normal_form(one, "go") != normal_form(one.replace("a - b", "b - a"), "go")
