"""Runs one function's examples in many versions of a file, in one sandboxed process.

For a search that has many bodies and wants to know which are worth a proper run. Each version has a
fork to itself, which takes some milliseconds; but a version sees the files that earlier ones left,
so that nothing here makes a verdict. What passes is run again by ``examples``.
"""

from __future__ import annotations

import ast
import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ducktypist.domain import Killed
from ducktypist.syntax.own_parser import module_of
from ducktypist.verify.example_plan import (
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

VERSION_S = 5.0
"""What one version may take; a busy machine is allowed for."""
CPU_S = 1.0
"""Of the processor, for one version."""
START_S = 5.0
"""For starting Python and loading libraries, beside the versions."""
_SOURCE = Path(__file__).with_name("example_trial_driver.py")
_DRIVER = f"_ducktypist_{_SOURCE.name}"
_PLAN = "plan.json"


async def screen_examples(
    *,
    sandbox: Sandbox,
    interpreter: Path,
    root: Path,
    path: Path,
    texts: Sequence[str],
    function: str,
    limits: Limits,
    overlay: Mapping[Path, str] | None = None,
) -> tuple[ExampleReport, ...]:
    """Run the examples of each version once; one report for each text, in order.

    Args:
        sandbox: Where they run.
        interpreter: The Python to run with.
        root: The workspace folder.
        path: The module's file, absolute or relative to ``root``.
        texts: The file's whole text, once for each version.
        function: Qualified name, such as ``Basket.total``.
        limits: What the run may use; ``timeout_s`` is for all versions together.
        overlay: Further texts to lay over, such as other unsaved buffers.

    Raises:
        SandboxError: The run could not be isolated.
    """
    found = await asyncio.to_thread(lambda: [_examples(text, function) for text in texts])
    numbers = [n for n, one in enumerate(found) if isinstance(one, Examples) and one.n_examples]
    reports = [one if isinstance(one, ExampleReport) else _NOTHING for one in found]
    if not numbers:
        return tuple(reports)
    relative = await asyncio.to_thread(relative_to, path, root)
    nonce = secrets.token_hex(16)
    versions = [
        {**one.plan(nonce=nonce, path=relative), "text": texts[number]}
        for number in numbers
        if isinstance(one := found[number], Examples)
    ]
    budget_s = min(limits.timeout_s, VERSION_S * len(versions)) + START_S
    plan = {
        "nonce": nonce,
        "modules": await asyncio.to_thread(_imported, texts[numbers[0]]),
        "versions": versions,
        "limit_s": min(VERSION_S, limits.timeout_s),
        "cpu_s": min(CPU_S, limits.timeout_s),
        "budget_s": budget_s,
        "memory_bytes": limits.max_memory_bytes // 2,
    }
    result = await sandbox.run(
        argv=[str(interpreter), f"{SUPPORT}/{_DRIVER}", f"{SUPPORT}/{_PLAN}"],
        workspace=root,
        overlay={**(overlay or {}), relative: texts[numbers[0]]},
        environment={"PYTHONHASHSEED": "0"},
        limits=replace(limits, timeout_s=budget_s + START_S),
        interpreter=interpreter,
        support={**SOURCES, _DRIVER: _SOURCE, _PLAN: json.dumps(plan)},
    )
    said = _said(result, nonce)
    for index, number in enumerate(numbers):
        one = found[number]
        if isinstance(one, Examples):
            reports[number] = _report(said.get(index), one, result)
    return tuple(reports)


_NOTHING = nothing_run(broken=False, why="")


def _examples(text: str, function: str) -> Examples | ExampleReport | None:
    try:
        return examples_of(text, function)
    except SyntaxError as error:
        return nothing_run(broken=True, why=f"SyntaxError: {error}")


def _report(said: Mapping[str, Any] | None, found: Examples, result: RunResult) -> ExampleReport:
    if said is None:
        # Its turn did not come, or somebody ended the whole process.
        killed = result.killed or Killed.WALL_CLOCK
        return lost(why="", killed=killed, level=result.level, duration_ms=0.0)
    duration_ms = float(said.get("duration_ms", 0.0))
    if "broken" in said or "killed" in said:
        killed_by = Killed.WALL_CLOCK if "killed" in said else None
        why = str(said.get("broken", ""))
        return lost(why=why, killed=killed_by, level=result.level, duration_ms=duration_ms)
    return found.report(said, level=result.level, duration_ms=duration_ms)


def _said(result: RunResult, nonce: str) -> dict[int, Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    for line in result.reports.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            # A run that was killed may have stopped in the middle of a line.
            continue
        if isinstance(said, dict) and said.get("nonce") == nonce and "version" in said:
            found[int(said["version"])] = said
    return found


def _imported(text: str) -> list[str]:
    """Return the modules that a file imports by absolute names, at its top level."""
    tree = module_of(text)
    names: list[str] = []
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.append(node.module)
    return list(dict.fromkeys(names))
