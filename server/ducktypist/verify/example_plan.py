"""What of a function's docstring is run, read from the text, and how a run is told. No running.

Used by ``examples`` and ``example_trials``; the drivers inside the sandbox get it as JSON.
"""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.domain import Killed
from ducktypist.errors import SandboxError
from ducktypist.syntax.doc_checks import CheckForm, DocCheck, doc_checks
from ducktypist.syntax.own_parser import FAILURES, alone
from ducktypist.syntax.regions import function_named

CHECKS = Path(__file__).with_name("example_checks.py")
DRIVER = Path(__file__).with_name("example_driver.py")
SOURCES = {f"_ducktypist_{source.name}": source for source in (DRIVER, CHECKS)}
"""Files that go along with a run, by the names they get."""
_LAZY = re.compile(r"\byields?\b|\bgenerators?\b|\biterators?\b", re.IGNORECASE)
_ITERATOR = re.compile(r"->\s*[\"']?(?:[\w.]+\.)?(?:Async)?(?:Iterator|Generator|Iterable)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleReport:
    """What one run of a function's examples reported."""

    attempted: int
    """Examples (statements after ``>>>``, and other checks of the docstring) that were run."""
    passed: int
    failed: int
    first_failure: str
    """In the first line what the first failure was, ``f(3): expected 5, got 4``; below it doctest's
    words. Or the import's error, as Python shows it."""
    killed: Killed | None
    broken: bool
    """The module does not parse, compile or import, or ended the process."""
    tampered: bool = False
    """The example that must fail did not, or not all examples were run."""
    level: int | None = None
    """The sandbox level, None when nothing was run."""
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """What a docstring holds that can be run."""

    function: str
    docstring: str
    """Empty when doctest has nothing to do."""
    line: int
    """0-based line of the docstring."""
    n_doctests: int
    checks: tuple[DocCheck, ...]
    """Those that are none of doctest's."""
    is_lazy: bool
    """The function gives its results one by one; a list is what they come to."""

    @property
    def n_examples(self) -> int:
        """How many there are, all together."""
        return self.n_doctests + len(self.checks)

    def plan(self, *, nonce: str, path: Path) -> dict[str, Any]:
        """Return what the driver has to know."""
        return {
            "nonce": nonce,
            "path": path.as_posix(),
            "function": self.function,
            "docstring": self.docstring if self.n_doctests else "",
            "line": self.line,
            "checks": [
                {
                    "call": check.call,
                    "expected": check.expected,
                    "raises": check.raises,
                    "tolerance": check.tolerance,
                    "is_lazy": self.is_lazy,
                }
                for check in self.checks
            ],
        }

    def report(self, said: Mapping[str, Any], *, level: int, duration_ms: float) -> ExampleReport:
        """Return the report of a run that came to its end."""
        attempted, failed = int(said["attempted"]), int(said["failed"])
        # What was run is counted inside. Fewer than the text holds means that somebody meddled.
        is_complete = attempted == self.n_examples or failed > 0
        return ExampleReport(
            attempted=attempted,
            passed=attempted - failed,
            failed=failed,
            first_failure=str(said["first_failure"]),
            killed=None,
            broken=False,
            tampered=said["canary"] != [1, 1] or not is_complete,
            level=level,
            duration_ms=duration_ms,
        )


def examples_of(text: str, function: str) -> Examples | None:
    """Return what can be run for a function; None when it is missing or has no docstring.

    Raises:
        SyntaxError: The text is no Python; other errors of its parser come as this one.
    """
    with alone():
        try:
            scope: ast.AST = ast.parse(text)
        except SyntaxError:
            raise
        except FAILURES as error:
            raise SyntaxError(f"{type(error).__name__}: {error}") from error
    for name in function.split("."):
        named = [
            node
            for node in getattr(scope, "body", [])
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and node.name == name
        ]
        if not named:
            return None
        scope = named[-1]
    if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return None
    docstring = ast.get_docstring(scope, clean=False)
    if not docstring:
        return None
    try:
        n_doctests = len(doctest.DocTestParser().get_examples(docstring, function))
    except ValueError:
        # Inconsistent indentation; doctest itself would refuse the docstring.
        n_doctests = 0
    region = function_named(text, "python", function)
    found = doc_checks(text, "python", region) if region is not None else ()
    signature = region.signature.of(text) if region is not None else ""
    return Examples(
        function=function,
        docstring=docstring,
        line=scope.body[0].lineno - 1,
        n_doctests=n_doctests,
        checks=tuple(check for check in found if check.form is not CheckForm.DOCTEST),
        is_lazy=bool(_LAZY.search(docstring) or _ITERATOR.search(signature)),
    )


def nothing_run(*, broken: bool, why: str) -> ExampleReport:
    """Return the report where there was nothing to run, or nothing that could be."""
    return ExampleReport(
        attempted=0, passed=0, failed=0, first_failure=why, killed=None, broken=broken
    )


def lost(
    *, why: str, killed: Killed | None, level: int | None, duration_ms: float
) -> ExampleReport:
    """Return the report of a run that did not come to its end."""
    return ExampleReport(
        attempted=0,
        passed=0,
        failed=0,
        first_failure=why or "the process ended before the examples did",
        killed=killed,
        broken=killed is None,
        level=level,
        duration_ms=duration_ms,
    )


def relative_to(path: Path, root: Path) -> Path:
    """Return a path below the root. Looks at the file system.

    Raises:
        SandboxError: It lies elsewhere.
    """
    if not path.is_absolute():
        return path
    try:
        return path.resolve().relative_to(root.resolve())
    except ValueError as error:
        raise SandboxError(f"{path} does not lie in {root}; only files in there are run") from error
