"""The kinds of bugs that are planted, in Python and in Go."""

from __future__ import annotations

import ast

import pytest

from ducktypist.bench.fix.go_tokens import tables, tokens
from ducktypist.bench.fix.operators_go import go_bugs
from ducktypist.bench.fix.operators_python import python_bugs

PYTHON = '''\
import math


def largest(values, start=0):
    """Return the largest < of them."""
    if not values:
        return None
    best = values[0]
    for at in range(1, len(values)):
        if values[at] > best and at >= start:
            best = values[at]
        else:
            start += 1
    text = f"{best > 1}"
    print(text.upper(), math.ceil(best - start))
    return best if best not in (1, 2) else max(best, start)


class Box:
    def add(self, item):
        self.items.append(item)
        self.n = self.n + 1
'''
EXPECTED = {
    "comparison": [
        ("values[at] > best and", "values[at] >= best and"),
        ("best not in (1", "best in (1"),
    ],
    "condition": [("best and at", "best or at"), ("if not values", "if values")],
    "arithmetic": [("best - start", "best + start"), ("start += 1", "start -= 1")],
    "off_by_one": [("len(values))", "len(values) - 1)"), ("self.n + 1", "self.n\n")],
    "constant": [("values[0]", "values[1]")],
    "wrong_name": [("values[at] > best", "values[at] > start")],
    "wrong_api": [(".append(", ".extend("), ("max(best", "min(best"), ("ceil(", "floor(")],
    "swapped_arguments": [("max(best, start)", "max(start, best)")],
    "swapped_operands": [("best - start", "start - best")],
    "swapped_branches": [
        ("best = values[at]\n        else:\n            start += 1", "start += 1\n        else:\n"),
    ],
    "missing_guard": [("    if not values:\n        return None\n", "")],
    "missing_logic": [("start += 1", "start = 1")],
    "deletion": [("    best = values[0]\n", "")],
    "swapped_statements": [
        ("self.items.append(item)\n        self.n", "self.n = self.n + 1\n        self.items")
    ],
}


@pytest.mark.parametrize("operator", EXPECTED)
def test_python_has_each_kind(operator: str) -> None:
    """Every kind is found where it can be, and the text around it stays."""
    texts = {bug.text for bug in python_bugs(PYTHON) if bug.operator == operator}
    for old, new in EXPECTED[operator]:
        assert old in PYTHON
        expected = PYTHON.replace(old, new, 1)
        assert any(text == expected or (new and new in text) for text in texts), (old, new)


def test_every_python_bug_parses_and_says_where_it_is() -> None:
    """It is one change, within the function and the line that are named."""
    found = list(python_bugs(PYTHON))
    assert {bug.operator for bug in found} == set(EXPECTED)
    before = PYTHON.splitlines()
    for bug in found:
        ast.parse(bug.text)
        assert bug.text != PYTHON
        assert bug.function in {"largest", "Box.add"}
        first = next(
            number
            for number, (old, new) in enumerate(
                zip(before, [*bug.text.splitlines(), *before], strict=False), start=1
            )
            if old != new
        )
        assert bug.line <= first
        assert (bug.function == "largest") == (first < 19)


def test_docstrings_and_f_strings_are_left_alone() -> None:
    """A bug there would be none, or stand elsewhere than it seems."""
    for bug in python_bugs(PYTHON):
        assert '"""Return the largest < of them."""' in bug.text
        if "text =" in bug.text:
            assert 'text = f"{best > 1}"' in bug.text


def test_text_before_a_bug_may_be_wide() -> None:
    """Columns are counted in characters, whatever ``ast`` counts in."""
    source = "def f(a):\n    return 'ü€😀' if a < 1 else a\n"
    texts = [bug.text for bug in python_bugs(source) if bug.operator == "comparison"]
    assert source.replace("<", "<=") in texts


GO = """\
package box

import "strings"

// Grow grows + more.
func (b *Box) Grow(names []string, limit int) int {
	total := 0
	b.size = limit
	if limit < 0 {
		return -1
	}
	for i := 0; i < len(names); i++ {
		if strings.HasPrefix(names[i], "a") && total != limit {
			total += 1
		} else {
			total--
		}
	}
	return total
}
"""
GO_EXPECTED = {
    "comparison": ("limit < 0", "limit <= 0"),
    "condition": ('"a") &&', '"a") ||'),
    "arithmetic": ("total += 1", "total -= 1"),
    "missing_logic": ("total += 1", "total = 1"),
    "off_by_one": ("len(names);", "len(names) - 1;"),
    "constant": ("i := 0", "i := 1"),
    "wrong_name": ("i < len", "total < len"),
    "wrong_api": ("HasPrefix", "HasSuffix"),
    "swapped_arguments": ('(names[i], "a")', '("a", names[i])'),
    "swapped_branches": (
        "{\n\t\t\ttotal += 1\n\t\t} else {\n\t\t\ttotal--\n\t\t}",
        "{\n\t\t\ttotal--\n\t\t} else {\n\t\t\ttotal += 1\n\t\t}",
    ),
    "missing_guard": ("\tif limit < 0 {\n\t\treturn -1\n\t}\n", ""),
    "deletion": ("\tb.size = limit\n", ""),
    "swapped_statements": (
        "\ttotal := 0\n\tb.size = limit\n",
        "\tb.size = limit\n\ttotal := 0\n",
    ),
}


@pytest.mark.parametrize("operator", GO_EXPECTED)
def test_go_has_each_kind(operator: str) -> None:
    """Every kind is found where it can be, in the method that is named."""
    old, new = GO_EXPECTED[operator]
    assert GO.count(old) == 1
    found = [bug for bug in go_bugs(GO) if bug.operator == operator]
    assert GO.replace(old, new) in {bug.text for bug in found}
    assert {bug.function for bug in found} == {"Box.Grow"}


def test_go_comments_and_signs_of_one_operand_stay() -> None:
    """A minus before a number is no subtraction, a star may be a pointer."""
    for bug in go_bugs(GO):
        assert "// Grow grows + more." in bug.text
        assert "return +1" not in bug.text
        assert "func (b *Box) Grow(names []string, limit int) int {" in bug.text


def test_go_tokens_know_texts() -> None:
    """Brackets inside of texts and comments open nothing."""
    source = 'a := "{" + `}"` + string(\'"\') // {\n/* } */ b'
    assert [token.text for token in tokens(source)] == [
        *("a", ":=", '"{"', "+", '`}"`', "+", "string", "(", "'\"'", ")", "b"),
    ]


def test_tables_of_cases_are_found() -> None:
    """Slices and maps of anything, also of a struct without a name; no plain value."""
    source = """
var cases = []testCase{
	{description: "a, b", want: []int{1, 2}},
	{description: "c"},
}
var named = map[string]struct {
	in  string
	out int
}{
	"x": {"}", 1},
	"y": {"", 2},
	"z": {"", 3},
}
var number = 3
var call = make([]int, 3)
"""
    first, second = tables(source)
    texts = [source[start:end] for start, end in first.items]
    assert texts == ['{description: "a, b", want: []int{1, 2}},', '{description: "c"},']
    assert [source[start:end][:3] for start, end in second.items] == ['"x"', '"y"', '"z"']
