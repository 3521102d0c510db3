from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import Killed
from ducktypist.verify.example_trials import screen_examples
from ducktypist.verify.examples import ExampleReport
from support.sandboxes import LIMITS

pytestmark = pytest.mark.sandbox

HEAD = '''import re
from package import VALUE


def twice(n: int) -> int:
    """Twice.

    twice(2) == 4
    Raises ValueError if n is negative.

    >>> twice(5)
    10
    """
'''
RIGHT = "    if n < 0:\n        raise ValueError\n    return n * 2 * VALUE\n"


async def screen(bench: Any, *bodies: str, **changes: Any) -> list[ExampleReport]:
    """Screen versions of one file."""
    reports = await screen_examples(
        sandbox=bench.sandbox,
        interpreter=Path(sys.executable),
        root=bench.workspace,
        path=Path("package/module.py"),
        texts=[HEAD + body for body in bodies],
        function="twice",
        limits=replace(LIMITS, **changes),
    )
    return list(reports)


async def test_each_version_by_itself(bench: Any) -> None:
    """Every version has its own report, in order, whatever the others do."""
    bodies = (
        RIGHT,
        "    return n * 2\n",
        "    return (\n",
        "    import os; os._exit(0)\n",
        "    while True: pass\n",
        "    raise SystemExit\n",
        "    import sys; sys.modules.clear(); return 4\n",
        RIGHT,
    )
    reports = await screen(bench, *bodies, timeout_s=10.0)
    counts = [(report.passed, report.failed) for report in reports]
    assert counts[0] == counts[-1] == (3, 0), reports[0].first_failure
    assert counts[1] == (2, 1)
    assert reports[1].first_failure.startswith("twice(-1): expected to raise ValueError, got -2")
    assert [reports[2].broken, reports[3].broken] == [True, True]
    assert reports[4].killed is Killed.WALL_CLOCK
    assert counts[5] == (0, 3)
    assert all(report.level == bench.sandbox.status.level for report in reports if report.attempted)


async def test_modules_are_fresh(best: Any) -> None:
    """What one version changes in a module of the workspace, the next does not see."""
    spoil = "    import package\n    package.VALUE = 7\n    return 4\n"
    reports = await screen(best, spoil, RIGHT)
    assert reports[1].passed == 3


async def test_forged_reports(best: Any) -> None:
    """A body that equals everything, or tampers with the comparison, does not pass."""
    equal = "    class E:\n        def __eq__(self, other): return True\n    return E()\n"
    patched = (
        "    import sys\n    sys.modules['_ducktypist_example_checks'].same = lambda *a: True\n"
        "    return 0\n"
    )
    reports = await screen(best, equal, patched)
    assert reports[0].failed == 3
    assert reports[1].failed or reports[1].tampered


async def test_nothing_to_run(best: Any) -> None:
    """Without examples nothing is started; without versions nothing comes back."""
    reports = await screen_examples(
        sandbox=best.sandbox,
        interpreter=Path("/nowhere/python"),
        root=best.workspace,
        path=Path("package/module.py"),
        texts=["def f():\n    return 1\n", "def f(:\n"],
        function="f",
        limits=LIMITS,
    )
    assert [(report.attempted, report.broken) for report in reports] == [(0, False), (0, True)]
    assert await screen(best) == []
