"""Runs what a docstring states, inside the process that has imported the module.

Runs inside the sandbox with the user's Python (3.8 or newer) and the standard library only;
``examples`` copies it next to the run. The checks come from outside, as text, so that the code
under test cannot change them; one more of each kind must fail, or nothing that passes counts.
"""
# ruff: noqa: ANN401, BLE001, S307 - any value and any error of foreign code; checks are evaluated in here

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any

MAX_TEXT = 4000
MAX_SHOWN = 120
MAX_ITEMS = 10000
_PLAIN = (int, float, complex, bool, str, bytes, type(None))


class Checker(doctest.OutputChecker):
    """doctest's comparison, and of two literals their values.

    Who writes ``"ab"`` or a set's items in another order means the value; no body could print it.
    """

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Tell whether an example gave what it should."""
        if super().check_output(want, got, optionflags):
            return True
        try:
            wanted, given = ast.literal_eval(want.strip()), ast.literal_eval(got.strip())
        except Exception:
            return False
        return _has_same_shape(wanted, given) and bool(wanted == given)


class Runner(doctest.DocTestRunner):
    """doctest's runner; keeps in a few words what the first failure was."""

    first = ""

    def report_failure(self, out: Any, test: Any, example: Any, got: str) -> None:
        """Note a wrong result."""
        self._note(example, shortened(got.strip()))
        super().report_failure(out, test, example, got)

    def report_unexpected_exception(self, out: Any, test: Any, example: Any, exc_info: Any) -> None:
        """Note an error."""
        self._note(example, described(exc_info[1]))
        super().report_unexpected_exception(out, test, example, exc_info)

    def _note(self, example: Any, got: str) -> None:
        if not self.first:
            wanted = (example.exc_msg or example.want or "no output").strip()
            self.first = told(example.source.strip(), shortened(wanted), got)


def make(plan: dict[str, Any]) -> Callable[[Any], dict[str, Any]]:
    """Return what runs a plan's checks in a module; made before any of the module's code runs."""
    parse, runner, checker = doctest.DocTestParser().get_doctest, Runner, Checker
    check = check_one

    def run(module: Any) -> dict[str, Any]:
        names = vars(module)
        said: list[str] = []
        attempted = failed = 0
        first = ""
        if plan["docstring"]:
            test = parse(
                plan["docstring"], dict(names), plan["function"], plan["path"], plan["line"]
            )
            one = runner(checker=checker(), verbose=False, optionflags=0)
            outcome = one.run(test, out=said.append, clear_globs=False)
            attempted, failed = outcome.attempted, outcome.failed
            first = one.first and one.first + "\n"
        passed = []
        for item in plan["checks"]:
            why = check(item, dict(names))
            attempted += 1
            failed += bool(why)
            passed.append(not why)
            if why:
                first = first or why + "\n"
                said.append(why + "\n")
        source = ">>> object()\n" + repr(plan["nonce"])
        bird = parse(source, dict(names), "must_fail", plan["path"], 0)
        caught = runner(checker=checker(), verbose=False, optionflags=0)
        told_of = caught.run(bird, out=lambda _: None)
        must_fail = [
            {"call": "object()", "expected": repr(plan["nonce"]), "raises": "", "tolerance": 0.0},
            {"call": "object()", "expected": "", "raises": "ValueError", "tolerance": 0.0},
        ]
        survived = [item for item in must_fail if not check(item, dict(names))]
        return {
            "attempted": attempted,
            "failed": failed,
            "checks": passed,
            "first_failure": (first + "".join(said))[:MAX_TEXT],
            "canary": [told_of.attempted, 0 if survived else told_of.failed],
        }

    return run


def check_one(item: dict[str, Any], names: dict[str, Any]) -> str:
    """Return why one check fails, empty when it passes."""
    call, raises = item["call"], item["raises"]
    wanted = item["expected"] or "to raise " + raises
    try:
        expected = eval(item["expected"], names) if not raises else None
        error = _exception(raises, names) if raises else None
    except Exception as problem:
        return told(call, wanted, "what is expected cannot be evaluated: " + described(problem))
    try:
        is_lazy = bool(item.get("is_lazy")) or error is not None
        got = _settled(eval(call, names), is_lazy=is_lazy)
    except (Exception, SystemExit) as problem:
        if error is not None and isinstance(problem, error):
            return ""
        return told(call, wanted, described(problem))
    try:
        if not raises and same(expected, got, item["tolerance"]):
            return ""
        return told(call, wanted, shortened(repr(got)))
    except Exception as problem:
        return told(call, wanted, "a value that cannot be compared: " + described(problem))


def same(  # noqa: PLR0911 - one way out for each type
    expected: Any, got: Any, tolerance: float
) -> bool:
    """Tell whether a result is what was expected; ``==`` as the built-in types have it.

    The result's own ``__eq__`` is asked only where it is of the expected value's type or a number:
    an object that equals everything is no right result.
    """
    if type(got).__module__ == "numpy" and hasattr(got, "tolist"):
        # As documented values: plain ones.
        got = got.tolist()
    if isinstance(expected, (list, tuple)):
        row: Any = list if isinstance(expected, list) else tuple
        return isinstance(got, row) and _same_items(expected, list(row.__iter__(got)), tolerance)
    if isinstance(expected, dict):
        if not isinstance(got, dict) or dict.__len__(got) != len(expected):
            return False
        own = dict(dict.items(got))
        return all(key in own and same(expected[key], own[key], tolerance) for key in expected)
    if isinstance(expected, (set, frozenset)):
        return isinstance(got, (set, frozenset)) and frozenset(expected) == frozenset(got)
    if isinstance(expected, (str, bytes)):
        text: Any = str if isinstance(expected, str) else bytes
        return isinstance(got, text) and text.__eq__(expected, got) is True
    if expected is None:
        return got is None
    if isinstance(expected, numbers.Number):
        return isinstance(got, numbers.Number) and _same_number(expected, got, tolerance)
    return type(got) is type(expected) and bool(expected == got)


def told(call: str, wanted: str, got: str) -> str:
    """Return the line that says what went wrong."""
    verb = "expected " + wanted
    return shortened(" ".join(call.split())) + ": " + verb + ", got " + got


def described(error: BaseException) -> str:
    """Return an error in a few words."""
    text = " ".join(str(error).split())
    return shortened(type(error).__name__ + (": " + text if text else ""))


def shortened(text: str) -> str:
    """Return a text that fits on a line."""
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 4] + " ..."


def _same_items(expected: Iterable[Any], got: list[Any], tolerance: float) -> bool:
    wanted = list(expected)
    pairs = zip(wanted, got)  # noqa: B905 - Python 3.8 has no `strict`
    return len(wanted) == len(got) and all(same(one, other, tolerance) for one, other in pairs)


def _same_number(expected: Any, got: Any, tolerance: float) -> bool:
    if isinstance(expected, float) and isinstance(got, (int, float)):
        if math.isnan(expected):
            return math.isnan(got)
        # Beside what the digits show, what rounding may do.
        return math.isclose(expected, got, rel_tol=1e-9, abs_tol=max(tolerance, 1e-12))
    return bool(expected == got)


def _has_same_shape(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        pairs: Iterable[tuple[Any, Any]] = zip(one, other)  # noqa: B905 - Python 3.8 has no `strict`
        return len(one) == len(other) and all(_has_same_shape(a, b) for a, b in pairs)
    if isinstance(one, dict):
        return all(key in other and _has_same_shape(one[key], other[key]) for key in one)
    return isinstance(one, (*_PLAIN, set))


def _settled(value: Any, *, is_lazy: bool) -> Any:
    """Return what a coroutine comes to, and the items of what gives them one by one."""
    if inspect.iscoroutine(value):
        value = asyncio.run(value)
    if is_lazy and hasattr(value, "__next__"):
        items = []
        for item in value:
            items.append(item)
            if len(items) >= MAX_ITEMS:
                break
        return items
    return value


def _exception(name: str, names: dict[str, Any]) -> Any:
    found = eval(name, names)
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        message = name + " is no exception"
        raise TypeError(message)
    return found
