"""Mutations are small, sound, distinct and undo simple mistakes."""

import ast
import sysconfig
import textwrap
from pathlib import Path

import pytest

from ducktypist.domain import Mutation
from ducktypist.syntax.checks import new_syntax_errors
from ducktypist.syntax.edits import normal_form
from ducktypist.syntax.lines import LineTable
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.mutations import MAX_PER_FUNCTION, MAX_PER_LINE, mutations
from ducktypist.syntax.regions import functions

STDLIB = Path(sysconfig.get_path("stdlib"))
FILES = sorted(p for p in STDLIB.glob("*.py") if 2_000 < p.stat().st_size < 30_000)[::15]

TYPED = """\
total = 0
for i, item in enumerate(a):
    if item > b[i] and not i:
        continue
    total += max(item, -1) if item else len(a[1:i])
    while total: total = total // 2
try:
    return sorted(total, key=lambda x: x)
except ValueError as error:
    raise TypeError("no") from error"""
TYPED_GO = """\
total := 0
for i, x := range xs {
	if x > a && i != 0 {
		continue
	}
	total += x * len(xs[1:i])
}
switch total {
case 1:
	return append(xs, total)[0]
}
return total"""


def region(text: str, language: str = "python", name: str = "f") -> FunctionRegion:
    """Return the function of a text."""
    return next(item for item in functions(text, language) if item.name == name)


def results(text: str, language: str = "python", lines: set[int] | None = None) -> list[str]:
    """Return the texts that the mutations of ``f`` make, the most probable first."""
    return [m.edit.apply(text) for m in mutations(text, region(text, language), lines)]


def python(body: str, parameters: str = "a, b") -> str:
    """Return a function with a body that is written without its indentation."""
    lines = "\n".join(f"    {line}" if line else line for line in body.split("\n"))
    return f"def f({parameters}):\n{lines}\n"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("return a < b", "return a <= b"),
        ("return a >= b", "return a > b"),
        ("return a == b", "return a != b"),
        ("return a in b", "return a not in b"),
        ("return a is b", "return a is not b"),
        ("return a and b", "return a or b"),
        ("return not a", "return a"),
        ("if a:\n    return b", "if not a:\n    return b"),
        ("return a + b", "return a - b"),
        ("return a / b", "return a // b"),
        ("return a * b", "return a ** b"),
        ("return a - b", "return b - a"),
        ("return a + b / 2", "return (a + b) / 2"),
        ("return a + 1", "return a"),
        ("return a[b]", "return a[b - 1]"),
        ("return a[:b]", "return a[:b + 1]"),
        ("return a[:b]", "return a[b:]"),
        ("return a[b][0]", "return a[0][b]"),
        ("return range(b)", "return range(b + 1)"),
        ("return range(1, b + 1)", "return range(1, b)"),
        ("return len(a)", "return len(a) - 1"),
        ("return 0", "return 1"),
        ("return True", "return False"),
        ("x = ''\nreturn x", "x = ' '\nreturn x"),
        ("return max(a, b)", "return min(a, b)"),
        ("return any(a)", "return all(a)"),
        ("return pow(a, b)", "return pow(b, a)"),
        ("return sorted(a)", "return sorted(a, reverse=True)"),
        ("a.append(b)\nreturn a", "a.extend(b)\nreturn a"),
        ("return a.pop()", "return a.pop(0)"),
        ("return a.startswith(b)", "return a.endswith(b)"),
        ("return a if b else 0", "return 0 if b else a"),
        ("for x in a:\n    break", "for x in a:\n    continue"),
        ("x = 0\nfor y in a:\n    x = y\nreturn x", "x = 0\nfor y in a:\n    x += y\nreturn x"),
        ("x = 0\nx += a\nreturn x", "x = 0\nx -= a\nreturn x"),
        ("x, y = 1, 2\nreturn x", "x, y = 1, 2\nreturn y"),
        ("return a", "return b"),
        ("a + b", "return a + b"),
        ("f(a, b)", "return f(a, b)"),
        ("x = 0\nfor y in a:\n    x += y", "x = 0\nfor y in a:\n    x += y\nreturn x"),
        ("return 1 / b", "if not b:\n    return 0\nreturn 1 / b"),
        (
            "for x in a:\n    if x:\n        b(x)\n    return b",
            "for x in a:\n    if x:\n        b(x)\nreturn b",
        ),
        (
            "for x in a:\n    b(x)\nb(a)",
            "for x in a:\n    b(x)\n    b(a)",
        ),
        ("if a:\n    b()\na()", "if a:\n    b()\nelse:\n    a()"),
        ("if a:\n    b(1)\nelse:\n    b(2)", "if a:\n    b(2)\nelse:\n    b(1)"),
        ("if a:\n    b(1)\nif b:\n    b(2)", "if a:\n    b(1)\nelif b:\n    b(2)"),
        ("x = a\nx += 1\nreturn x", "x = a\nreturn x"),
        ("while a:\n    b(a)", "while a:\n    b(a)\n    a -= 1"),
        ("for x, y in a:\n    b(x, y)", "for x, y in enumerate(a):\n    b(x, y)"),
        ("yield f(a, b)", "yield from f(a, b)"),
        ("raise TypeError(a)", "raise ValueError(a)"),
        ("return [x for x in a if x]", "return [x for x in a if not x]"),
        ("b.append(a)", "b.append(a[:])"),
    ],
)
def test_python_mistakes_are_undone(wrong: str, right: str) -> None:
    """Each simple mistake is one mutation away from what was meant."""
    wanted = ast.dump(ast.parse(python(right)))
    assert wanted in [ast.dump(ast.parse(text)) for text in results(python(wrong))]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("count = 1", "self.count = 1"),
        ("self.left = self.count", "self.left = self.right"),
        ("return self.add(1)", "return self.sub(1)"),
    ],
)
def test_members_are_known(wrong: str, right: str) -> None:
    """A missing ``self`` comes back, and members take each other's place."""
    text = (
        "class C:\n    def __init__(self):\n        self.left = self.right = self.count = 0\n"
        "    def add(self, n):\n        pass\n    def sub(self, n):\n        pass\n"
        f"    def f(self):\n        {wrong}\n"
    )
    assert text.replace(wrong + "\n", right + "\n") in results(text)


def go(body: str, signature: str = "f(a, b int, xs []int) int", above: str = "") -> str:
    """Return a Go function with a body that is written without its indentation."""
    lines = "\n".join(f"\t{line}" if line else line for line in body.split("\n"))
    return f"package p\n\n{above}func {signature} {{\n{lines}\n}}\n"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (
            "for i := 0; i <= len(xs); i++ {\n\ta += i\n}",
            "for i := 0; i < len(xs); i++ {\n\ta += i\n}",
        ),
        ("return a - b", "return b - a"),
        ("return a + b / 2", "return (a + b) / 2"),
        ("return xs[len(xs)]", "return xs[len(xs)-1]"),
        ("return xs[a]", "return xs[a+1]"),
        ("xs = xs[:a]", "xs = xs[a:]"),
        ("if a > 0 && b > 0 {\n\treturn 1\n}", "if a > 0 || b > 0 {\n\treturn 1\n}"),
        ("return a", "return b"),
        ("return max(a, b)", "return min(a, b)"),
        ("return g(a, b)", "return g(b, a)"),
        ("x := 0\nif a > b {\n\tx := a\n}\nreturn x", "x := 0\nif a > b {\n\tx = a\n}\nreturn x"),
        ("var m map[int]int\nm[a] = b", "m := make(map[int]int)\nm[a] = b"),
        ("for x := range xs {\n\ta += x\n}", "for _, x := range xs {\n\ta += x\n}"),
        ("y := make([]int, a)", "y := make([]int, 0, a)"),
        ("for {\n\tbreak\n}", "for {\n\tcontinue\n}"),
        ("a++\nreturn a", "a--\nreturn a"),
        ("a += b\nreturn a", "a -= b\nreturn a"),
        (
            "for range xs {\n\ta++\n\treturn a\n}",
            "for range xs {\n\ta++\n}\nreturn a",
        ),
        ("if a > b {\n\ta++\n}\nb++", "if a > b {\n\ta++\n\tb++\n}"),
        (
            "if a > b {\n\treturn a\n} else {\n\treturn b\n}",
            "if a > b {\n\treturn b\n} else {\n\treturn a\n}",
        ),
        ("return xs[0]", "if len(xs) == 0 {\n\treturn 0\n}\nreturn xs[0]"),
        ("return strings.HasPrefix(a, b)", "return strings.HasSuffix(a, b)"),
    ],
)
def test_go_mistakes_are_undone(wrong: str, right: str) -> None:
    """The same for Go."""
    wanted = normal_form(go(right), "go")
    assert wanted in [normal_form(text, "go") for text in results(go(wrong), "go")]


def test_go_errors_and_receivers() -> None:
    """Errors that nobody looks at are looked at; a method on a copy becomes one on the original."""
    text = go("x, err := g()\nreturn x, nil", "f() (int, error)")
    assert text.replace("g()\n", "g()\n\tif err != nil {\n\t\treturn 0, err\n\t}\n") in results(
        text, "go"
    )
    assert text.replace("x, nil", "x, err") in results(text, "go")
    text = go("s.n = 1", "(s S) f()", above="type S struct{ n, m int }\n\n")
    assert text.replace("(s S)", "(s *S)") in results(text, "go")
    assert text.replace("s.n", "s.m") in results(text, "go")


def test_names_of_other_types_are_left_out() -> None:
    """Where types are declared, a name of another type is not proposed."""
    text = go("return a", "f(a, b int, s string) int")
    assert text.replace("return a", "return b") in results(text, "go")
    assert text.replace("return a", "return s") not in results(text, "go")


def test_the_likeliest_come_first() -> None:
    """On a line with a comparison, its neighbour is tried before a guard or another name."""
    text = python("if a < b:\n    return a\nreturn b")
    first = mutations(text, region(text))[0]
    assert (first.operator, first.line) == ("relational_operator", 2)
    assert first.what == "line 2: `<` became `<=`"


def test_only_the_lines_that_are_asked_for() -> None:
    """A set of lines keeps the changes that begin on them."""
    text = python("x = a + 1\nreturn x * b")
    found = mutations(text, region(text), {3})
    assert found
    assert {mutation.line for mutation in found} == {3}
    assert mutations(text, region(text), set()) == ()


def test_nothing_where_nothing_is_known() -> None:
    """Other languages, empty bodies and broken code give nothing or what can be had."""
    bash = "f() {\n  echo $((1 + 2))\n}\n"
    assert mutations(bash, region(bash, "bash")) == ()
    empty = "def f(a):\n    pass\n"
    assert mutations(empty, region(empty)) == ()
    broken = "def f(a):\n    return a +\n\ndef g(b):\n    return b + 1\n"
    assert mutations(broken, region(broken, name="g"))
    for mutation in mutations(broken, region(broken)):
        assert mutation.edit.apply(broken) != broken


def test_line_breaks_and_other_letters() -> None:
    """Carriage returns, tabs and letters beyond ASCII are kept, and spans count code points."""
    text = "# ä€😀\r\ndef f(a):\r\n\tx = 'ö😀'\r\n\tfor b in a:\r\n\t\tx += b\r\n\treturn x\r\n"
    for changed in results(text):
        assert "\n" not in changed.replace("\r\n", "")
        assert changed.startswith("# ä€😀\r\ndef")
        ast.parse(changed)


def check(text: str, language: str, found: tuple[Mutation, ...]) -> None:
    """Assert what holds for all mutations of a text."""
    table = LineTable(text)
    forms = set()
    n_of_line: dict[int, int] = {}
    for mutation in found:
        edit = mutation.edit
        assert edit.old_text == edit.span.of(text)
        assert edit.new_text != edit.old_text
        changed = edit.apply(text)
        form = normal_form(changed, language)
        assert form not in forms
        forms.add(form)
        assert mutation.what.startswith(f"line {mutation.line}: ")
        assert 1 <= mutation.line <= len(table)
        n_of_line[mutation.line] = n_of_line.get(mutation.line, 0) + 1
    assert normal_form(text, language) not in forms
    assert len(found) <= MAX_PER_FUNCTION
    assert max(n_of_line.values(), default=0) <= MAX_PER_LINE


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_standard_librarys_functions(path: Path) -> None:
    """Every mutation of real functions applies, parses, differs from the others and is bounded."""
    whole = path.read_text(encoding="utf-8", errors="replace")
    sample = [item for item in functions(whole, "python") if 100 < len(item.body) < 1200]
    assert sample
    for function in sample[:: max(1, len(sample) // 4)]:
        text = textwrap.dedent(function.span.of(whole)) + "\n"
        found = mutations(text, functions(text, "python")[0])
        assert found
        check(text, "python", found)
        for mutation in found[::5]:
            ast.parse(mutation.edit.apply(text))


@pytest.mark.parametrize("language", ["python", "go"])
def test_broken_code_is_no_trouble(language: str) -> None:
    """Whatever stands there while somebody types, there is an answer and no exception."""
    text = python(TYPED) if language == "python" else go(TYPED_GO)
    for end in range(20, len(text), 8):
        for cut in (text[:end], text[:end] + "\n\n" + text[end + 7 :]):
            for function in functions(cut, language):
                for mutation in mutations(cut, function):
                    assert mutation.edit.old_text == mutation.edit.span.of(cut)


def test_go_mutations_are_sound() -> None:
    """The same for a Go function with most of the language's statements."""
    text = go(
        "var m map[string]int\ntotal := 0\nfor i, x := range xs {\n\tif x > a && i != 0 {\n"
        "\t\tcontinue\n\t} else if x == b {\n\t\tbreak\n\t}\n"
        '\ttotal += x * i\n\tm["k"] = total\n}\n'
        "switch total {\ncase 1:\n\ttotal++\ndefault:\n\ttotal = -total\n}\n"
        "ys := append(xs[1:a], b)\ncopy(ys, xs)\ndefer g(ys, m)\nreturn total % len(ys)"
    )
    found = mutations(text, region(text, "go"))
    assert len(found) > 60
    check(text, "go", found)
    assert not any(new_syntax_errors(text, m.edit.apply(text), "go") for m in found)
