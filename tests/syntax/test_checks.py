import sysconfig
import warnings
from pathlib import Path

import pytest

from ducktypist.domain import Rung
from ducktypist.syntax.checks import (
    doctest_examples,
    new_arity_errors,
    new_syntax_errors,
    new_undefined_names,
    static_rung,
    syntax_errors,
)

STDLIB = Path(sysconfig.get_path("stdlib"))
# A fixed sample, so that a failure can be repeated: every n-th module of the standard library.
# Not in it: ssl.py, whose enumerations put their members into the module at run time.
SAMPLE = sorted(p for p in STDLIB.glob("*.py") if p.stat().st_size < 150_000 and p.name != "ssl.py")
SAMPLE += sorted((STDLIB / "asyncio").glob("*.py")) + sorted((STDLIB / "email").glob("*.py"))


def test_the_sample_is_large_enough() -> None:
    """A sample that shrank to nothing would prove nothing."""
    assert len(SAMPLE) >= 150


@pytest.mark.parametrize("path", SAMPLE, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_the_standard_library_is_free_of_findings(path: Path) -> None:
    """Working code raises no false alarm."""
    source = path.read_text(encoding="utf-8", errors="replace")
    assert new_undefined_names("", source, "python") == ()
    assert new_arity_errors("", source, "python") == ()
    assert not new_syntax_errors("", source, "python")


DEFINED = {
    "import": "import os.path as p\nimport a.b\np, a\n",
    "later global": "def f():\n    return LATER\nLATER = 1\n",
    "global statement": "def f():\n    global g\n    g = 1\ndef h():\n    return g\n",
    "comprehension": "[x for x in range(3) if x]\n{k: v for k, v in {}.items()}\n",
    "walrus": "def f(y):\n    if (n := y):\n        return n\n",
    "walrus in comprehension": "def f(y):\n    [last := i for i in y]\n    return last\n",
    "except as": "try:\n    pass\nexcept OSError as error:\n    print(error)\n",
    "match": "def f(x):\n    match x:\n"
    "        case {'a': a, **rest}:\n            return a, rest\n"
    "        case [b, *c]:\n            return b, c\n",
    "class scope": "class A:\n    x = 1\n    y = x\n    def f(self):\n        return __class__\n",
    "class body names": "class A:\n    print(__module__, __qualname__)\n",
    "closure": "def f():\n    def g():\n        return h\n    h = 1\n    return g\n",
    "del": "x = 1\ndel x\nx = 2\nprint(x)\n",
    "star import": "from a import *\nanything\n",
    "guarded": "try:\n    unicode\nexcept NameError:\n    unicode = str\n",
    "builtins": "print(len([]), __file__, __name__)\n",
    "lambda": "f = lambda a, *b, c=1, **d: (a, b, c, d)\n",
    "future annotations": "from __future__ import annotations\ndef f(x: Later) -> Never: ...\n",
    "byte order mark": "\ufeffx = 1\nprint(x)\n",
}


@pytest.mark.parametrize("text", DEFINED.values(), ids=DEFINED)
def test_what_the_text_defines_is_not_reported(text: str) -> None:
    """Every way of binding a name counts."""
    assert new_undefined_names("", text, "python") == ()


UNDEFINED = {
    "plain": ("def f():\n    return math.pi\n", ("math",)),
    "annotation": ("def f(x: List[int]): ...\n", ("List",)),
    "class attribute": ("class A:\n    x = 1\n    def f(self):\n        return x\n", ("x",)),
    "comprehension leak": ("def f(y):\n    [i for i in y]\n    return i\n", ("i",)),
    "two": ("b\na\n", ("a", "b")),
}


@pytest.mark.parametrize(("text", "names"), UNDEFINED.values(), ids=UNDEFINED)
def test_names_that_nothing_defines_are_reported(text: str, names: tuple[str, ...]) -> None:
    """A forgotten import or a misspelling is found."""
    assert new_undefined_names("", text, "python") == names


def test_old_faults_are_not_blamed_on_the_change() -> None:
    """Only what the change adds is reported, also when the text before did not parse."""
    after = "def f(x):\n    return missing(x)\n"
    assert new_undefined_names("missing\ndef f(x):\n", after, "python") == ()
    assert new_undefined_names("def f(x):\n", after, "python") == ("missing",)
    assert new_undefined_names("missing = (\ndef f(x):\n", after, "python") == ()
    assert new_undefined_names("", after, "go") == ()


DEFS = "def f(a, /, b, *, c, d=1): ...\ndef g(*a, **k): ...\ndef h(a, b=1): ...\n"
ARITY = {
    "right": ("f(1, 2, c=3)\nf(1, b=2, c=3, d=4)\ng(1, x=2)\nh(1)\nh(1, 2)\nh(b=1, a=2)\n", 0),
    "starred": ("h(*x)\nh(**x)\nf(*x, c=1)\n", 0),
    "too many": ("h(1, 2, 3)\n", 1),
    "unknown": ("h(1, z=2)\n", 1),
    "missing": ("h()\n", 1),
    "missing keyword": ("f(1, 2)\n", 1),
    "twice": ("h(1, a=2)\n", 1),
    "positional as keyword": ("f(a=1, b=2, c=3)\n", 1),
}


@pytest.mark.parametrize(("calls", "n_errors"), ARITY.values(), ids=ARITY)
def test_calls_are_held_to_the_signature(calls: str, n_errors: int) -> None:
    """Only what would certainly raise TypeError is reported."""
    assert len(new_arity_errors("", DEFS + calls, "python")) == n_errors
    assert new_arity_errors(DEFS + calls, DEFS + calls, "python") == ()


def test_a_name_bound_twice_or_decorated_is_left_alone() -> None:
    """What a call reaches is not certain then."""
    for text in (
        "@d\ndef f(): ...\nf(1)\n",
        "def f(): ...\nf = g\nf(1)\n",
        "def f(): ...\ndef h(f):\n    f(1)\n",
    ):
        assert new_arity_errors("", text, "python") == ()


SYNTAX = {
    "filled": ("def f(x):\n", "def f(x):\n    return 1\n", False),
    "broken fill": ("def f(x):\n", "def f(x):\n    return (\n", True),
    "only Python sees it": ("def f(x):\n", "def f(x):\n    f() = 3\n", True),
    "other empty function stays": (
        "def f():\n\ndef g():\n",
        "def f():\n    return 1\n\ndef g():\n",
        False,
    ),
    "already broken": ("x = = 1\ndef f():\n", "x = = 1\ndef f():\n    return 1\n", False),
    "emptied": ("def f():\n    return 1\n", "def f():\n", True),
    "crlf": ("def f():\r\n", "def f():\r\n    return 1\r\n", False),
}


@pytest.mark.parametrize(("before", "after", "is_new"), SYNTAX.values(), ids=SYNTAX)
def test_a_change_is_blamed_for_the_errors_it_adds(
    before: str, after: str, *, is_new: bool
) -> None:
    """Old errors are not counted, and filling an empty body does not hide a new one."""
    assert new_syntax_errors(before, after, "python") == is_new


def test_syntax_errors_are_counted() -> None:
    """Zero for valid code, more for broken code, and zero where there is no grammar."""
    assert syntax_errors("def f():\n    return 1\n", "python") == 0
    assert syntax_errors("def f():\n", "python") == 1
    assert syntax_errors("x = (\n", "python") > 0
    assert syntax_errors("package p\nfunc f() {\n", "go") > 0
    assert syntax_errors("if x; then\n", "bash") > 0
    assert syntax_errors("fn (", "rust") > 0
    assert syntax_errors("f = (", "haskell") == 0


def test_checks_print_no_warnings() -> None:
    """An invalid escape in someone's code is not ours to warn about."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert syntax_errors("x = '\\d' is 'y'\n", "python") == 0
        assert new_undefined_names("", "x = '\\d'\n", "python") == ()


NASTY = [
    "(" * 5000,
    "-" * 5000 + "1",
    "x = " + "[" * 300 + "]" * 300,
    "'\ud800'",
    "x\0y",
    "a+" * 20000 + "a",
]
NASTY += ["x." * 20000 + "y", "def f(): nonlocal x\n", "\ufeff", "# coding: nonsense\n"]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_nasty_text_never_raises(text: str) -> None:
    """Depth, surrogates and NULs give an answer, not an exception."""
    languages = ("python", "go", "bash", "rust", "java", "c", "cpp", "javascript", "tsx", "haskell")
    for language in languages:
        assert syntax_errors(text, language) >= 0
        assert isinstance(static_rung("", text, language), Rung)
        assert isinstance(static_rung(text, "x = 1\n", language), Rung)


RUNGS = {
    "resolves": ("python", "def f(x):\n    return x\n", Rung.RESOLVES),
    "undefined": ("python", "def f(x):\n    return y\n", Rung.PARSES),
    "arity": ("python", "def f(x):\n    return f()\n", Rung.PARSES),
    "broken": ("python", "def f(x):\n    return (\n", Rung.UNVERIFIED),
    "go": ("go", "package p\n\nfunc f() {}\n", Rung.RESOLVES),
    "go unused": ("go", "package p\n\nfunc f() {\n\tx := 1\n}\n", Rung.PARSES),
    "bash": ("bash", "f() { :; }\n", Rung.PARSES),
    "go broken": ("go", "package p\n\nfunc f( {\n", Rung.UNVERIFIED),
    "rust": ("rust", "fn f() {}\n", Rung.PARSES),
    "rust broken": ("rust", "fn f( {\n", Rung.UNVERIFIED),
    "tsx": ("typescriptreact", "const f = () => <p>a</p>;\n", Rung.PARSES),
    "tsx broken": ("typescriptreact", "const f = () => <p>a</b;\n", Rung.UNVERIFIED),
    "java": ("java", "class A { int f() { return 1; } }\n", Rung.PARSES),
    "java broken": ("java", "class A { int f() { return 1 } }\n", Rung.UNVERIFIED),
    "c": ("c", "int f(void) { return 1; }\n", Rung.PARSES),
    "cpp broken": ("cpp", "int f() { return 1;\n", Rung.UNVERIFIED),
    "no grammar": ("haskell", "f = 1\n", Rung.UNVERIFIED),
}


@pytest.mark.parametrize(("language", "after", "rung"), RUNGS.values(), ids=RUNGS)
def test_the_static_rung_is_how_far_a_change_gets(language: str, after: str, rung: Rung) -> None:
    """Nothing is claimed beyond what was checked."""
    before = "package p\n" if language == "go" else ""
    assert static_rung(before, after, language) == rung


def test_doctest_examples_are_counted() -> None:
    """Well-formed ones by doctest's own parser, malformed ones by their prompts."""
    assert doctest_examples("Say.\n\n    >>> f(1)\n    2\n    >>> f(2)\n    3\n") == 2
    assert doctest_examples("Nothing.") == 0
    assert doctest_examples(">>> f(1)\n>>>f(2)\n") >= 1
