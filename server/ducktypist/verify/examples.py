"""Runs the docstring examples of one function in the sandbox (doctest's machinery).

Which examples there are is read here, from the text, and only then is anything executed.
Not here: what their passing is worth (``verdict``).
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.domain import Killed
from ducktypist.errors import SandboxError
from ducktypist.syntax.own_parser import alone
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox
from ducktypist.verify.watchdog import Limits

_SOURCE = Path(__file__).with_name("example_driver.py")
_DRIVER = "_ducktypist_example_driver.py"
_PLAN = "plan.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleReport:
    """What one run of a function's examples reported."""

    attempted: int
    """Examples (statements after ``>>>``) that were run."""
    passed: int
    failed: int
    first_failure: str
    """The first failures, or the import's error, as doctest and Python show them."""
    killed: Killed | None
    broken: bool
    """The module does not parse or import, or ended the process."""
    tampered: bool = False
    """The example that must fail did not, or not all examples were run."""
    level: int | None = None
    """The sandbox level, None when nothing was run."""
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Examples:
    docstring: str
    line: int
    n_examples: int


def n_examples(text: str, function: str) -> int:
    """Return how many doctest examples a function's docstring holds; 0 also when it is missing."""
    try:
        found = _find(text, function)
    except (SyntaxError, ValueError, RecursionError):
        return 0
    return found.n_examples if found else 0


async def run_examples(
    *,
    sandbox: Sandbox,
    interpreter: Path,
    root: Path,
    path: Path,
    text: str,
    function: str,
    limits: Limits,
    hash_seed: int,
    overlay: Mapping[Path, str] | None = None,
) -> ExampleReport:
    """Run the examples once; a function without any gives a report of nothing attempted.

    Args:
        sandbox: Where they run.
        interpreter: The Python to run with.
        root: The workspace folder.
        path: The module's file, absolute or relative to ``root``.
        text: The file's text to run, laid over what is on disk.
        function: Qualified name, such as ``Basket.total``.
        limits: What the run may use.
        hash_seed: The run's ``PYTHONHASHSEED``.
        overlay: Further texts to lay over, such as other unsaved buffers.

    Raises:
        SandboxError: The run could not be isolated.
    """
    try:
        found = _find(text, function)
    except (SyntaxError, ValueError, RecursionError) as error:
        return _nothing_run(broken=True, why=f"{type(error).__name__}: {error}")
    if found is None or not found.n_examples:
        return _nothing_run(broken=False, why="")
    relative = await asyncio.to_thread(_relative, path, root)
    nonce = secrets.token_hex(16)
    plan = {
        "nonce": nonce,
        "path": relative.as_posix(),
        "function": function,
        "docstring": found.docstring,
        "line": found.line,
    }
    result = await sandbox.run(
        argv=[str(interpreter), f"{SUPPORT}/{_DRIVER}", f"{SUPPORT}/{_PLAN}"],
        workspace=root,
        overlay={**(overlay or {}), relative: text},
        environment={"PYTHONHASHSEED": str(hash_seed)},
        limits=limits,
        interpreter=interpreter,
        support={_DRIVER: _SOURCE, _PLAN: json.dumps(plan)},
    )
    return _report(result, nonce, found)


def _report(result: RunResult, nonce: str, found: _Examples) -> ExampleReport:
    said = _said(result.reports, nonce)
    if result.killed is not None or said is None or "broken" in said:
        why = str(said["broken"]) if said and "broken" in said else result.output.strip()[-2000:]
        return ExampleReport(
            attempted=0,
            passed=0,
            failed=0,
            first_failure=why or "the process ended before the examples did",
            killed=result.killed,
            broken=result.killed is None,
            level=result.level,
            duration_ms=result.duration_ms,
        )
    attempted, failed = int(said["attempted"]), int(said["failed"])
    # doctest counts what it ran. Fewer than the text holds means that somebody meddled.
    is_complete = attempted == found.n_examples or failed > 0
    return ExampleReport(
        attempted=attempted,
        passed=attempted - failed,
        failed=failed,
        first_failure=str(said["first_failure"]),
        killed=None,
        broken=False,
        tampered=said["canary"] != [1, 1] or not is_complete,
        level=result.level,
        duration_ms=result.duration_ms,
    )


def _said(reports: bytes, nonce: str) -> dict[str, Any] | None:
    try:
        said = json.loads(reports)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.get("nonce") == nonce else None


def _nothing_run(*, broken: bool, why: str) -> ExampleReport:
    return ExampleReport(
        attempted=0, passed=0, failed=0, first_failure=why, killed=None, broken=broken
    )


def _relative(path: Path, root: Path) -> Path:
    if not path.is_absolute():
        return path
    try:
        return path.resolve().relative_to(root.resolve())
    except ValueError as error:
        raise SandboxError(f"{path} does not lie in {root}; only files in there are run") from error


def _find(text: str, function: str) -> _Examples | None:
    with alone():
        scope: ast.AST = ast.parse(text)
    for name in function.split("."):
        body = getattr(scope, "body", [])
        named = [
            node
            for node in body
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
        count = len(doctest.DocTestParser().get_examples(docstring, function))
    except ValueError:
        # Inconsistent indentation; doctest itself would refuse the docstring.
        return None
    return _Examples(docstring=docstring, line=scope.body[0].lineno - 1, n_examples=count)
