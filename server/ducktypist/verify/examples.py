"""Runs what a Python function's docstring states in the sandbox: doctest's examples and the others.

Which there are is read from the text (``example_plan``), and only then is anything executed.
Not here: what their passing is worth (``verdict``), many versions at once (``example_trials``).
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ducktypist.verify.example_plan import (
    DRIVER,
    SOURCES,
    ExampleReport,
    Examples,
    examples_of,
    lost,
    nothing_run,
    relative_to,
)
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox
from ducktypist.verify.watchdog import Limits

__all__ = ["ExampleReport", "n_examples", "run_examples"]

_PLAN = "plan.json"


def n_examples(text: str, function: str) -> int:
    """Return how many examples a docstring states; 0 also for a function that is missing."""
    try:
        found = examples_of(text, function)
    except SyntaxError:
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
        found = await asyncio.to_thread(examples_of, text, function)
    except SyntaxError as error:
        return nothing_run(broken=True, why=f"SyntaxError: {error}")
    if found is None or not found.n_examples:
        return nothing_run(broken=False, why="")
    relative = await asyncio.to_thread(relative_to, path, root)
    nonce = secrets.token_hex(16)
    result = await sandbox.run(
        argv=[str(interpreter), f"{SUPPORT}/_ducktypist_{DRIVER.name}", f"{SUPPORT}/{_PLAN}"],
        workspace=root,
        overlay={**(overlay or {}), relative: text},
        environment={"PYTHONHASHSEED": str(hash_seed)},
        limits=limits,
        interpreter=interpreter,
        support={**SOURCES, _PLAN: json.dumps(found.plan(nonce=nonce, path=relative))},
    )
    return _report(result, nonce, found)


def _report(result: RunResult, nonce: str, found: Examples) -> ExampleReport:
    said = _said(result.reports, nonce)
    if result.killed is not None or said is None or "broken" in said:
        why = str(said["broken"]) if said and "broken" in said else result.output.strip()[-2000:]
        return lost(
            why=why, killed=result.killed, level=result.level, duration_ms=result.duration_ms
        )
    return found.report(said, level=result.level, duration_ms=result.duration_ms)


def _said(reports: bytes, nonce: str) -> dict[str, Any] | None:
    try:
        said = json.loads(reports)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.get("nonce") == nonce else None
