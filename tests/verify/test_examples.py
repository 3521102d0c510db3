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
