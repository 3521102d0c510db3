"""Finds out with which arguments the tests call a function, by running them in the sandbox.

The plugin ``call_probe`` notes from inside. What it says is only used to choose inputs on which
patches are compared (``behaviour``); it makes no verdict.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ducktypist.errors import RunnerError
from ducktypist.verify.behaviour_purity import Found, find_function, impurity
from ducktypist.verify.calls import MAX_TEXT, Call
from ducktypist.verify.interpreter import require_pytest
from ducktypist.verify.pytest_options import kept_options
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox

N_MAX_CALLS = 40
PLUGIN = "_ducktypist_call_probe"
_SOURCE = Path(__file__).with_name("call_probe.py")
_MAX_RUN_S = 20.0
_ARGUMENTS = (
    *("-p", PLUGIN, "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:rerunfailures"),
    *("-o", "addopts=", "--rootdir=.", "--tb=no", "-q", "--color=no"),
    "--continue-on-collection-errors",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """How the tests call one function, or why that is not known."""

    calls: tuple[Call, ...]
    """Different ones, in the order in which they were made first."""
    module: str
    """The name under which the tests imported the function's module."""
    places: tuple[str, ...]
    """Where Python looked for modules; relative to the root where they lie in it."""
    reason: str
    """Why there are no calls, for a person; empty when there are."""


async def capture(
    *, sandbox: Sandbox, interpreter: Path, request: RunRequest, path: Path, function: str
) -> Captured:
    """Run the request's targets on the text as it is, and return the calls they make.

    Args:
        sandbox: Where they run.
        interpreter: The Python to run with.
        request: Which tests, on which texts; canaries, repeats and tracing do not matter here.
        path: The function's file, relative to the request's root.
        function: Its qualified name.

    Raises:
        RunnerError: pytest is missing, or a target is an option.
        SandboxError: The run could not be isolated.
    """
    if any(target.startswith("-") for target in request.targets):
        raise RunnerError(f"{request.targets!r} holds an option; expected node ids or files")
    text = await asyncio.to_thread(text_of, request, path)
    found = find_function(text, function)
    if found is None:
        return _nothing(f"`{function}` is not defined where it can be called")
    if why := impurity(found):
        return _nothing(f"`{function}` {why}, so calling it again proves little")
    root = await asyncio.to_thread(request.root.resolve)
    await asyncio.to_thread(require_pytest, interpreter)
    options = await asyncio.to_thread(kept_options, root, request.overlay)
    setup = _setup(path, function, found)
    limits = replace(request.limits, timeout_s=min(request.limits.timeout_s, _MAX_RUN_S))
    result = await sandbox.run(
        argv=[*(str(interpreter), "-m", "pytest"), *_ARGUMENTS, *options, *request.targets],
        workspace=root,
        overlay=request.overlay,
        environment={
            "PYTHONPATH": SUPPORT,
            "PYTHONHASHSEED": str(request.hash_seed),
            "DUCKTYPIST_CALLS": json.dumps(setup),
        },
        limits=limits,
        interpreter=interpreter,
        support={f"{PLUGIN}.py": _SOURCE},
    )
    return _captured(result, str(setup["nonce"]), function)


def text_of(request: RunRequest, path: Path) -> str:
    """Return the text that a run of the request sees of a file; empty when it cannot be read."""
    laid_over = request.overlay.get(path)
    if laid_over is not None:
        return laid_over
    try:
        return (request.root / path).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _setup(path: Path, function: str, found: Found) -> dict[str, Any]:
    return {
        "nonce": secrets.token_hex(16),
        "path": path.as_posix(),
        "name": function.rpartition(".")[2],
        "owner": found.owner,
        "kind": found.kind,
        "lines": found.lines,
        "max_calls": N_MAX_CALLS,
        "max_text": MAX_TEXT,
    }


def _captured(result: RunResult, nonce: str, function: str) -> Captured:
    calls: dict[Call, None] = {}
    module = ""
    places: tuple[str, ...] = ()
    refused: dict[str, int] = {}
    for said in _said(result.reports, nonce):
        calls.update(dict.fromkeys(_call(raw) for raw in said["calls"]))
        module = module or str(said["module"])
        refused = {str(name): int(n) for name, n in said["refused"].items()}
        places = tuple(
            str(inside.relative_to(result.root_inside))
            if (inside := Path(place)).is_relative_to(result.root_inside)
            else place
            for place in map(str, said["places"])
            # The folder of this run's own files is not there in another run.
            if place
        )
    if calls:
        return Captured(calls=tuple(calls), module=module, places=places, reason="")
    if refused:
        names = ", ".join(sorted(refused, key=lambda name: -refused[name])[:3])
        return _nothing(f"`{function}` is called with what cannot be written down ({names})")
    if result.killed is not None:
        return _nothing(f"the run to see the calls ended early ({result.killed.value})")
    return _nothing(f"no test was seen to call `{function}`")


def _said(reports: bytes, nonce: str) -> Iterator[Mapping[str, Any]]:
    for line in reports.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("nonce") == nonce:
            yield said


def _call(raw: Mapping[str, Any]) -> Call:
    return Call(
        arguments=tuple(map(str, raw["arguments"])),
        keywords=tuple((str(name), str(text)) for name, text in raw["keywords"]),
        state=None if raw["state"] is None else str(raw["state"]),
    )


def _nothing(reason: str) -> Captured:
    return Captured(calls=(), module="", places=(), reason=reason)
