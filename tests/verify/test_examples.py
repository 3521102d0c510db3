from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed
from ducktypist.errors import SandboxError
from ducktypist.verify.examples import ExampleReport, n_examples, run_examples
from support.sandboxes import LIMITS

pytestmark = pytest.mark.sandbox

DOC = '    """Twice.\n\n    >>> twice(2)\n    4\n    >>> twice(3)\n    6\n    """\n'
HEAD = "def twice(n):\n" + DOC


async def run(bench: Any, text: str, **changes: Any) -> ExampleReport:
    """Run the examples of one function of a file laid over the workspace."""
    return await run_examples(
        sandbox=bench.sandbox,
        interpreter=Path(sys.executable),
        root=bench.workspace,
        path=changes.pop("path", Path("package/module.py")),
        text=text,
        function=changes.pop("function", "twice"),
        limits=replace(LIMITS, **changes),
        hash_seed=0,
    )


async def test_all_pass(bench: Any) -> None:
    """A right body passes all examples."""
    report = await run(bench, HEAD + "    return 2 * n\n")
    assert (report.attempted, report.passed, report.failed) == (2, 2, 0)
    assert not report.tampered
    assert report.level == bench.sandbox.status.level


async def test_one_fails(bench: Any) -> None:
    """A wrong body fails, and the report shows what was expected and what came."""
    report = await run(bench, HEAD + "    return n + 2\n")
    assert (report.attempted, report.passed, report.failed) == (2, 1, 1)
    assert report.first_failure.startswith("twice(3): expected 6, got 5\n")
    assert "Expected:\n    6\nGot:\n    5" in report.first_failure


async def test_only_this_function(best: Any) -> None:
    """Examples of other functions are not run."""
    other = 'def other():\n    """\n    >>> 1\n    2\n    """\n'
    report = await run(best, other + HEAD + "    return 2 * n\n")
    assert (report.attempted, report.failed) == (2, 0)


EXAMPLE = "{i}'''\n{i}>>> {call}\n{i}1\n{i}'''\n{i}return {value}\n"


def example(call: str, *, indent: int = 4, value: str = "1") -> str:
    """Return a body with one example that expects 1."""
    return EXAMPLE.format(i=" " * indent, call=call, value=value)


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("class C:\n    def m(self):\n" + example("C().m()", indent=8), "C.m"),
        ("class C:\n    @staticmethod\n    def m():\n" + example("C.m()", indent=8), "C.m"),
        ("async def f():\n" + example("import asyncio; asyncio.run(f())"), "f"),
        ("from . import VALUE\ndef f():\n" + example("f()", value="VALUE"), "f"),
        ("import functools\n@functools.cache\ndef f():\n" + example("f()"), "f"),
    ],
)
async def test_methods_coroutines_and_relative_imports(best: Any, text: str, function: str) -> None:
    """Methods, coroutines, decorated functions and modules with relative imports work."""
    report = await run(best, text, function=function)
    assert (report.passed, report.failed, report.broken) == (1, 0, False), report.first_failure


async def test_module_layouts(best: Any) -> None:
    """Plain scripts, src layouts and folders without ``__init__.py`` are imported."""
    text = HEAD + "    return 2 * n\n"
    for path in ("twice.py", "src/pack/twice.py", "loose/deeper/twice.py", "package/__init__.py"):
        report = await run(best, text, path=Path(path))
        assert report.passed == 2, (path, report.first_failure)


async def test_absolute_paths(best: Any, tmp_path: Path) -> None:
    """An absolute path is taken relative to the root, and refused outside of it."""
    text = HEAD + "    return 2 * n\n"
    report = await run(best, text, path=best.workspace / "package" / "module.py")
    assert report.passed == 2
    with pytest.raises(SandboxError, match="does not lie in"):
        await run(best, text, path=tmp_path / "elsewhere.py")


@pytest.mark.parametrize(
    "text",
    [
        "def twice(n:\n",
        "import nothing_of_that_name\n" + HEAD + "    return 2 * n\n",
        "import os; os._exit(0)\n" + HEAD + "    return 2 * n\n",
        HEAD + "    import os; os._exit(0)\n",
        "raise SystemExit(0)\n" + HEAD + "    pass\n",
    ],
)
async def test_broken_modules(best: Any, text: str) -> None:
    """A module that does not parse or import, or that leaves, is broken, and says why."""
    report = await run(best, text)
    assert report.broken
    assert report.passed == 0
    assert report.first_failure


async def test_no_examples(best: Any) -> None:
    """A function without examples, or that is not there, attempts nothing and runs nothing."""
    for text in ("def twice(n):\n    return 2 * n\n", "x = 1\n", "def twice(n):\n  '''Doc.'''\n"):
        report = await run(best, text)
        assert (report.attempted, report.broken, report.level) == (0, False, None)
    assert n_examples(HEAD + "    pass\n", "twice") == 2
    assert n_examples("def twice(:", "twice") == 0


async def test_hanging_example(bench: Any) -> None:
    """An example that does not end is killed."""
    report = await run(bench, HEAD + "    while True: pass\n", timeout_s=1.5)
    assert report.killed is Killed.WALL_CLOCK
    assert not report.broken


@pytest.mark.parametrize(
    "body",
    [
        '    print(\'{"attempted": 2, "failed": 0}\'); raise SystemExit\n',
        "    class E:\n        def __repr__(self): return ''\n    return E()\n",
        "    return None\ntwice.__doc__ = ''\n",
        "    import doctest; raise doctest.UnexpectedException(None, None, None)\n",
    ],
)
async def test_forged_passes(best: Any, body: str) -> None:
    """Printing, odd representations and a changed docstring do not make examples pass."""
    report = await run(best, HEAD + body)
    assert report.failed or report.broken


@pytest.mark.parametrize(
    "trick",
    [
        "doctest.OutputChecker.check_output = lambda *a: True\n",
        "doctest.DocTestRunner.run = lambda self, test, **k: doctest.TestResults(0, 2)\n",
    ],
)
async def test_manipulated_doctest(best: Any, trick: str) -> None:
    """A module that manipulates doctest is found out by the example that must fail."""
    report = await run(best, "import doctest\n" + trick + HEAD + "    return 0\n")
    assert report.tampered


STATED = '''from collections import namedtuple

Point = namedtuple("Point", "x y")


def half(n: float, by: int = 2):
    """Divide.

    half(3) == 1.5, half(4) -> 2
    half(1, 3) -> 0.333
    half([1]) raises TypeError.
    half(2, 0) -> ZeroDivisionError
    Raises ArithmeticError if by is zero.

    >>> half(8)
    4.0
    """
'''


async def test_other_forms_are_run(bench: Any) -> None:
    """Comparisons, arrows and errors count together with doctest's examples."""
    assert n_examples(STATED + "    pass\n", "half") == 7
    report = await run(bench, STATED + "    return n / by\n", function="half")
    assert (report.attempted, report.passed, report.failed) == (7, 7, 0), report.first_failure
    assert not report.tampered


async def test_other_forms_fail(best: Any) -> None:
    """A wrong result, too few digits and an error that does not come are failures, told shortly."""
    report = await run(best, STATED + "    return n / by + 0.1\n", function="half")
    assert (report.passed, report.failed) == (3, 4)
    assert report.first_failure.startswith("half(8): expected 4.0, got 4.1\n")
    assert "\nhalf(3): expected 1.5, got 1.6\n" in report.first_failure
    report = await run(best, STATED + "    return 1.5\n", function="half")
    assert "half([1]): expected to raise TypeError, got 1.5" in report.first_failure


VALUES = [
    ("f() == [1, (2, 3)]", "[1, (2, 3)]", True),
    ("f() == [1, 2]", "(1, 2)", False),
    ("f() == {'a': 1.0}", "{'a': 1}", True),
    ("f() == {1, 2}", "frozenset({2, 1})", True),
    ("f() == 'a'", "type('S', (str,), {'__eq__': lambda s, o: True})('b')", False),
    ("f() == 1", "type('E', (), {'__eq__': lambda s, o: True})()", False),
    ("f() == (1, 2)", "Point(1, 2)", True),
    ("f() == Point(1, 2)", "Point(1, 2)", True),
    ("f() is None", "0", False),
    ("f() -> 3.14", "3.14159", True),
    ("f() -> 3.14", "3.15", False),
    ("f() == 0.3", "0.1 + 0.2", True),
    ("f() == True", "1", True),
    ("f() == []", "iter(())", False),
    ("Numbers of a generator: f() -> [1, 2]", "iter((1, 2))", True),
]


@pytest.mark.parametrize(("line", "value", "passes"), VALUES)
async def test_values(best: Any, line: str, value: str, *, passes: bool) -> None:
    """Values are compared as ``==`` has it for built-in types, whatever theirs says."""
    head = "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\n"
    text = f'{head}def f():\n    """Do.\n\n    {line}\n    """\n    return {value}\n'
    report = await run(best, text, function="f")
    assert report.attempted
    assert (report.failed == 0) is passes, report.first_failure


async def test_literals_are_compared_by_value(best: Any) -> None:
    """Doctest's examples also pass in other quotes and with a set in another order."""
    text = (
        'def f():\n    """\n    >>> f()\n    {"b", "a", "c"}\n    """\n    return {"a", "b", "c"}\n'
    )
    assert (await run(best, text, function="f")).passed == 1
    assert (await run(best, text.replace('return {"a", ', "return {1, "), function="f")).failed == 1


async def test_coroutines_and_lazy_errors(best: Any) -> None:
    """What a coroutine comes to is compared; an error of a generator comes when it is asked."""
    text = 'async def f(n):\n    """f(2) -> 4"""\n    return 2 * n\n'
    assert (await run(best, text, function="f")).passed == 1
    text = (
        'def f(n: int):\n    """Raises ValueError if n is negative."""\n'
        "    if n < 0:\n        raise ValueError\n    yield n\n"
    )
    assert (await run(best, text, function="f")).passed == 1


async def test_manipulated_comparison(best: Any) -> None:
    """A module that replaces the comparison is found out."""
    trick = (
        "import sys\nsys.modules['_ducktypist_example_checks'].check_one = lambda *a: ''\n"
        "sys.modules['_ducktypist_example_checks'].same = lambda *a: True\n"
    )
    text = trick + 'def f():\n    """f() == 3"""\n    return 4\n'
    report = await run(best, text, function="f")
    assert report.tampered or report.failed
