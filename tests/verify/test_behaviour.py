from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.errors import RunnerError
from ducktypist.verify.behaviour import Comparison, Ended, compare
from ducktypist.verify.behaviour_calls import Captured, capture
from ducktypist.verify.behaviour_clusters import clusters, difference, oddities
from ducktypist.verify.runner import RunRequest
from support.sandboxes import LIMITS

pytestmark = pytest.mark.sandbox

MODULE = Path("package/module.py")
TESTS = Path("test_module.py")
AVERAGES = """
def averages(values, size):
    found = []
    for i in range(len(values) - size):
        found.append(sum(values[i : i + size]) / size)
    return found
"""
FIXED = AVERAGES.replace("- size)", "- size + 1)")
TEST_AVERAGES = "assert averages([4, 8, 6, 2], 2) == [6.0, 7.0, 4.0]"


def source_of_test(*lines: str, name: str = "averages") -> str:
    """Return a test file that imports one name of the module."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"from package.module import {name}\n\n\ndef test_it():\n{body}"


def request_of(bench: Any, text: str, tests: str, **changes: Any) -> RunRequest:
    """Return a run of one test file on one text of the module, both laid over."""
    values = {
        "root": bench.workspace,
        "limits": LIMITS,
        "targets": (TESTS.as_posix(),),
        "overlay": {MODULE: textwrap.dedent(text), TESTS: tests},
    }
    return RunRequest(**values | changes)


async def seen(bench: Any, text: str, tests: str, function: str) -> Captured:
    """Return the calls that a test file makes."""
    return await capture(
        sandbox=bench.sandbox,
        interpreter=bench.user_python,
        request=request_of(bench, text, tests),
        path=MODULE,
        function=function,
    )


async def compared(
    bench: Any,
    *texts: str,
    original: str = AVERAGES,
    tests: str = "",
    function: str = "averages",
    **more: Any,
) -> Comparison:
    """Compare texts of the module."""
    return await compare(
        sandbox=bench.sandbox,
        interpreter=bench.user_python,
        request=request_of(bench, original, tests or source_of_test(TEST_AVERAGES)),
        path=MODULE,
        function=function,
        texts=[textwrap.dedent(text) for text in texts],
        **more,
    )


def with_line(line: str) -> str:
    """Return the right function with a line of mischief before its loop."""
    return FIXED.replace("    found = []\n", f"    found = []\n    {line}\n")


async def test_the_outermost_calls_are_seen(best: Any) -> None:
    """Each different call is noted once, as it was written, without its defaults."""
    text = """
        def count(items, start=0, *more, step=1, **named):
            return count(items[1:]) if items else start
    """
    tests = source_of_test(
        "count([1, 2])",
        "count([1, 2])",
        "count([3], 7)",
        "count((1.5, None), step=2)",
        "count([], 1, 8, 9, key={'a': {2}})",
        name="count",
    )
    found = await seen(best, text, tests, "count")
    assert [call.text("count") for call in found.calls] == [
        "count([1, 2])",
        "count([3], 7)",
        "count((1.5, None), step=2)",
        "count([], 1, 8, 9, key={'a': {2}})",
    ]
    assert (found.module, found.reason) == ("package.module", "")


async def test_calls_of_a_failing_test_and_of_methods_are_seen(best: Any) -> None:
    """A test that fails tells what it called before; an object is noted by its variables."""
    text = """
        class Basket:
            kinds = 0
            def __init__(self, items):
                self.items = items
            def total(self, factor):
                return sum(self.items) * factor
            @classmethod
            def empty(cls, n):
                return cls([])
            @staticmethod
            def double(n):
                return 2 * n
    """
    tests = source_of_test(
        "b = Basket([1, 2])", "Basket.empty(3)", "Basket.double(4)", "b.items.append(5)",
        "assert b.total(2) == 0", name="Basket",
    )  # fmt: skip
    for function, expected in {
        "Basket.total": "basket.total(2) where vars(basket) == {'items': [1, 2, 5]}",
        "Basket.empty": "Basket.empty(3)",
        "Basket.double": "Basket.double(4)",
        "Basket.__init__": "basket.__init__([1, 2]) where vars(basket) == {}",
    }.items():
        found = await seen(best, text, tests, function)
        assert found.calls[0].text(function) == expected


@pytest.mark.parametrize(
    ("text", "lines", "reason"),
    [
        ("def f(x):\n    return x", ["f(object())"], "cannot be written down (object)"),
        ("def f(x):\n    return x", ["pass"], "no test was seen to call"),
        ("def g(x):\n    def f(): pass", ["g(1)"], "not defined where it can be called"),
        ("import time\ndef f():\n    return time.time()", ["f()"], "reads the clock"),
        ("async def f():\n    pass", ["f()"], "waits for others"),
    ],
)
async def test_why_no_call_is_known(best: Any, text: str, lines: list[str], reason: str) -> None:
    """Where nothing can be compared it is said why, in words."""
    name = "f" if "def g" not in text else "g"
    tests = source_of_test(*lines, name=name)
    comparison = await compared(best, text, original=text, tests=tests, function="f")
    assert reason in comparison.reason
    assert (comparison.inputs, comparison.outputs, comparison.is_pure) == ((), (), False)


async def test_other_languages_and_options_are_refused(best: Any) -> None:
    """Only Python is compared, and a target is never taken for an option."""
    common = {"sandbox": best.sandbox, "interpreter": best.user_python, "function": "f"}
    request = request_of(best, "", "", targets=("--pdb",))
    found = await compare(request=request, path=Path("a.go"), texts=[], **common)
    assert found.reason == "only Python functions can be compared"
    with pytest.raises(RunnerError, match="holds an option"):
        await compare(request=request, path=MODULE, texts=[], **common)


async def test_patches_are_told_apart_by_what_they_do(bench: Any) -> None:
    """Alike patches are one group, the others are shown with an input on which they differ."""
    written_otherwise = FIXED.replace("- size + 1", "+ 1 - size")
    to_the_end = AVERAGES.replace("len(values) - size", "len(values) - 1")
    by_heart = with_line("if values == [4, 8, 6, 2]: return [6.0, 7.0, 4.0]").replace(
        "- size + 1)", "- size)"
    )
    comparison = await compared(bench, FIXED, to_the_end, written_otherwise, by_heart)
    assert comparison.reason == ""
    assert comparison.is_pure
    assert comparison.inputs[0] == "averages([4, 8, 6, 2], 2)"
    assert comparison.n_from_tests == 1
    assert len(comparison.inputs) > 40
    assert comparison.original[0].shown == "[6.0, 7.0]"
    assert [row[0].shown for row in comparison.outputs] == ["[6.0, 7.0, 4.0]"] * 4
    assert clusters(comparison.outputs) == ((0, 2), (1,), (3,))
    assert difference(comparison, 0, 2) is None
    found = difference(comparison, 0, 1)
    assert found is not None
    assert found.call.startswith("averages([")
    assert found.a != found.b
    assert not found.is_from_tests


async def test_a_patch_that_knows_the_tests_is_odd(best: Any) -> None:
    """Who changes what the tests look at and nothing near it is told of; a real repair is not."""
    by_heart = AVERAGES.replace(
        "    found = []\n",
        "    if (values, size) == ([4, 8, 6, 2], 2): return [6.0, 7.0, 4.0]\n    found = []\n",
    )
    comparison = await compared(best, by_heart, FIXED)
    (odd,) = oddities(comparison, 0)
    assert odd.startswith("it changes what comes on 1 of the tests' own inputs and on none of ")
    assert oddities(comparison, 1) == ()


async def test_hostile_patches_only_cost_themselves(best: Any) -> None:
    """Ending the process, never ending, forking, flooding, hoarding: the others are compared."""
    hostile = [
        with_line("if len(values) == 3: __import__('os')._exit(0)"),
        with_line("while len(values) == 3: pass"),
        with_line("while len(values) != 4: __import__('time').sleep(60)"),
        with_line("__import__('os').fork()"),
        with_line("print('x' * 10**8)"),
        with_line("found = [0] * 10**10 if len(values) == 3 else []"),
        "import os\nos._exit(0)\n" + FIXED,
        "while True: pass\n" + FIXED,
        "raise RuntimeError('no')\n" + FIXED,
        with_line("__import__('os').kill(__import__('os').getppid(), 9)"),
        "import os\nos.kill(os.getppid(), 9)\n" + FIXED,
        "import sys, json\njson.dumps = None\nsys.modules.clear()\n" + FIXED,
    ]
    comparison = await compared(best, FIXED, *hostile, FIXED, budget_s=12.0)
    assert comparison.reason == ""
    rows = comparison.outputs
    whole = {Ended.RETURNED, Ended.RAISED}
    assert {output.ended for output in rows[0]} <= whole
    assert [output.key for output in rows[0]] == [output.key for output in rows[-1]]
    kinds = [{output.ended for output in row} for row in rows]
    assert Ended.DIED in kinds[1]
    assert Ended.TOO_LONG in kinds[2]
    assert Ended.TOO_LONG in kinds[3]
    assert all(output.ended is Ended.RAISED for output in rows[4])
    assert any(event.startswith("os.fork") for event in comparison.noticed[4])
    assert len(rows[5][0].shown) < 300
    assert any("MemoryError" in output.shown for output in rows[6])
    for broken in (rows[7], rows[8], rows[9]):
        assert {output.ended for output in broken} == {Ended.NOT_RUN}
    assert "RuntimeError: no" in rows[9][0].shown
    assert {output.ended for output in rows[10]} == {Ended.RAISED}
    group = clusters(rows)[0]
    assert "PermissionError: os.kill" in rows[11][0].shown
    assert {0, len(rows) - 1} <= set(group)
    assert not set(group) & set(range(1, 12))


async def test_what_is_more_than_computing_is_noticed(best: Any) -> None:
    """A file opened in a helper, a counter, and chance each take the purity away."""
    captured = await seen(best, "def f(x): pass", source_of_test("f(3)", name="f"), "f")
    for text in (
        "def helper(): return open(__file__).name\ndef f(x):\n    return len(helper()) * 0 + x",
        "import os\ndef helper(): return os.listdir('.')\ndef f(x):\n    return len(helper()) + x",
        "n = []\ndef f(x):\n    n.append(1)\n    return len(n)",
        "from random import random as draw\ndef f(x):\n    return draw()",
    ):
        comparison = await compared(best, text, original=text, function="f", captured=captured)
        assert comparison.reason == ""
        assert not comparison.is_pure
    assert {output.ended for output in comparison.original} == {Ended.VARIED}
    # Nothing can be said of the two, so they are not called alike.
    assert clusters((comparison.original, comparison.outputs[0])) == ((0,), (1,))


async def test_results_are_compared_as_equality_does(best: Any) -> None:
    """Numbers by value, objects by their variables, generators by what they yield.

    Printed text and changed arguments are part of it.
    """
    head = "class P:\n    def __init__(self, a): self.a = a\n"
    tests = source_of_test("f([3, 1, 2])", name="f")
    captured = await seen(best, "def f(x): pass", tests, "f")

    async def alike(one: str, other: str) -> bool:
        texts = [f"{head}def f(x):\n    {body}\n" for body in (one, other)]
        comparison = await compared(
            best, *texts, original=texts[0], function="f", captured=captured, n_near=3
        )
        assert comparison.reason == ""
        return len(clusters(comparison.outputs)) == 1

    assert await alike("return sum(x)", "return float(sum(x))")
    assert await alike("return 0.1 + 0.2 if x else 0", "return 0.3 if x else 0")
    assert await alike("return {v: 1 for v in x}", "return {v: 1 for v in reversed(x)}")
    assert await alike("return (v for v in x)", "return iter(list(x))")
    assert await alike("return P(x)", "return P(list(x))")
    assert not await alike("return P(x)", "return P(x[:1])")
    assert not await alike("return x", "return tuple(x)")
    assert not await alike("return (v for v in x)", "return list(x)")
    assert not await alike("return len(x)", "print(x)\n    return len(x)")
    assert not await alike("return sorted(x)", "x.sort()\n    return list(x)")


async def test_methods_decorated_functions_and_helpers_are_called(best: Any) -> None:
    """A method gets its object, and a cached function is called past its cache."""
    text = """
        from functools import lru_cache
        class Basket:
            def __init__(self, items):
                self.items = items
            def total(self, factor=1):
                self.items.append(0)
                return sum(self.items[1:]) * factor
        @lru_cache
        def twice(n):
            return n + n if n else None
    """
    tests = source_of_test("Basket([1, 2]).total()", "module.twice(4)", name="Basket").replace(
        "\n", "\nfrom package import module\n", 1
    )
    fixed = text.replace("[1:]", "").replace("n + n", "2 * n")
    methods = await compared(best, fixed, original=text, tests=tests, function="Basket.total")
    assert methods.original[0].shown.startswith("2, changes its arguments to [{'items': [1, 2, 0]}")
    assert methods.outputs[0][0].shown.startswith("3, changes")
    assert methods.inputs[0] == "basket.total() where vars(basket) == {'items': [1, 2]}"
    cached = await compared(best, fixed, original=text, tests=tests, function="twice")
    assert cached.is_pure
    assert cached.inputs[0] == "twice(4)"
    assert clusters((cached.original, *cached.outputs)) == ((0, 1),)


async def test_known_calls_need_no_run_of_the_tests(best: Any) -> None:
    """Calls seen earlier are taken as they are, and fewer inputs may be asked for."""
    captured = await seen(best, AVERAGES, source_of_test(TEST_AVERAGES), "averages")
    request = request_of(best, AVERAGES, "raise SystemExit(3)\n")
    comparison = await compare(
        sandbox=best.sandbox,
        interpreter=best.user_python,
        request=replace(request, targets=("no_such_file.py",)),
        path=MODULE,
        function="averages",
        texts=[FIXED],
        captured=captured,
        n_near=5,
    )
    assert comparison.reason == ""
    assert len(comparison.inputs) == 6


async def test_nothing_is_said_where_the_module_cannot_be_imported(best: Any) -> None:
    """A module that imports only within its tests is told of, and nothing is compared."""
    text = "import os\nassert os.environ['PYTEST_CURRENT_TEST']\n" + AVERAGES
    tests = "import os\nos.environ['PYTEST_CURRENT_TEST'] = 'x'\n" + source_of_test(TEST_AVERAGES)
    comparison = await compared(best, text, original=text, tests=tests)
    assert "`averages` cannot be called by itself: KeyError" in comparison.reason
