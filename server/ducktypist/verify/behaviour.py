"""Compares patches of one function by what they do on the tests' inputs and on inputs near those.

Where few tests stand, several patches pass them all. What tells those apart is run here: every
version makes the same calls, and each result is written down. None is judged right or wrong, as
nobody knows what a new input should give; ``behaviour_clusters`` says what follows. Python only.
"""

from __future__ import annotations

import asyncio
import enum
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ducktypist.verify.behaviour_calls import Captured, capture, text_of
from ducktypist.verify.behaviour_purity import find_function, impurity
from ducktypist.verify.calls import Call
from ducktypist.verify.nearby import N_MAX, nearby
from ducktypist.verify.runner import RunRequest
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox

N_MAX_RECORDED = 20
"""How many of the tests' own calls are made again."""
BUDGET_S = 3.0
CALL_S = 0.2
"""Of the processor, for one call; what takes longer counts as not ending."""
CALL_WALL_S = 1.5
_MARGIN_S = 8.0
"""For starting Python and for importing what the function's module imports."""
_SOURCES = tuple(
    Path(__file__).with_name(f"behaviour_{part}.py") for part in ("driver", "child", "shapes")
)
_PLAN = "plan.json"


class Ended(enum.StrEnum):
    """How one call ended."""

    RETURNED = "returned"
    RAISED = "raised"
    TOO_LONG = "too_long"
    DIED = "died"
    """It took the process with it."""
    VARIED = "varied"
    """Twice the same call, and something else came."""
    NOT_RUN = "not_run"
    """Its turn did not come, or the version cannot be imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What one call came to in one version."""

    ended: Ended
    shown: str
    """For a person: the result, the exception, what was printed and changed; cut when long."""
    key: str
    """Equal for two outputs that ``==`` would hold equal."""
    type_name: str
    """The result's type; empty when none came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What several versions of a function do on the same inputs."""

    inputs: tuple[str, ...]
    """The calls as a person would write them; the tests' own first."""
    n_from_tests: int
    origins: tuple[int, ...]
    """For each input the index of the tests' input that it is near; its own for the tests'."""
    original: tuple[Output, ...]
    """What the unpatched function gave, one output for each input."""
    outputs: tuple[tuple[Output, ...], ...]
    """One row for each text that was to be compared."""
    noticed: tuple[tuple[str, ...], ...]
    """What each text did besides computing, and the original did not."""
    is_pure: bool
    """Whether the unpatched function was seen to do nothing but compute."""
    reason: str
    """Why nothing was compared, for a person; empty when it was."""
    duration_ms: float = 0.0


async def compare(
    *,
    sandbox: Sandbox,
    interpreter: Path,
    request: RunRequest,
    path: Path,
    function: str,
    texts: Sequence[str],
    captured: Captured | None = None,
    budget_s: float = BUDGET_S,
    n_near: int = N_MAX,
) -> Comparison:
    """Make the same calls in every version of a file and in the original.

    Args:
        sandbox: Where all of it runs.
        interpreter: The Python to run with.
        request: The tests whose calls are taken, on the original text.
        path: The function's file, relative to the request's root.
        function: Its qualified name.
        texts: The file's whole text, once for each patch.
        captured: The tests' calls, where they are known already.
        budget_s: How long the calls may take, all versions together.
        n_near: How many inputs to make besides the tests' own.

    Raises:
        RunnerError: pytest is missing.
        SandboxError: A run could not be isolated.
    """
    begun = time.monotonic()
    if path.suffix != ".py":
        return _nothing("only Python functions can be compared")
    if captured is None:
        captured = await capture(
            sandbox=sandbox, interpreter=interpreter, request=request, path=path, function=function
        )
    if captured.reason:
        return _nothing(captured.reason)
    own = captured.calls[:N_MAX_RECORDED]
    near = await asyncio.to_thread(nearby, own, n_max=n_near)
    calls = (*own, *(one.call for one in near))
    original = await asyncio.to_thread(text_of, request, path)
    result, nonce = await _run(
        sandbox=sandbox,
        interpreter=interpreter,
        request=request,
        plan=_plan(captured, path, function, (original, *texts), calls) | {"budget_s": budget_s},
    )
    said = _said(result.reports, nonce)
    versions = [said.get(index, {}) for index in range(len(texts) + 1)]
    if not versions[0]:
        why = result.killed.value if result.killed else "it said nothing"
        return _nothing(f"the run to compare ended early ({why})")
    if versions[0].get("broken"):
        return _nothing(f"`{function}` cannot be called by itself: {versions[0]['broken']}")
    rows = [_outputs(version, len(calls)) for version in versions]
    if all(output.ended is Ended.NOT_RUN for output in rows[0]):
        return _nothing(f"no call of `{function}` came to its end within {budget_s:g} s")
    noticed = [set(map(str, version.get("noticed", ()))) for version in versions]
    found = find_function(original, function)
    return Comparison(
        inputs=tuple(call.text(function) for call in calls),
        n_from_tests=len(own),
        origins=(*range(len(own)), *(one.origin for one in near)),
        original=rows[0],
        outputs=tuple(rows[1:]),
        noticed=tuple(tuple(sorted(more - noticed[0])) for more in noticed[1:]),
        is_pure=bool(
            found
            and not impurity(found)
            and not noticed[0]
            and all(output.ended is not Ended.VARIED for output in rows[0])
        ),
        reason="",
        duration_ms=(time.monotonic() - begun) * 1000,
    )


def _plan(
    captured: Captured, path: Path, function: str, texts: Sequence[str], calls: Sequence[Call]
) -> dict[str, Any]:
    return {
        "path": path.as_posix(),
        "function": function,
        "module": captured.module,
        "places": captured.places,
        "texts": texts,
        "inputs": [
            {"arguments": call.arguments, "keywords": call.keywords, "state": call.state}
            for call in calls
        ],
        "call_s": CALL_S,
        "wall_s": CALL_WALL_S,
    }


async def _run(
    *, sandbox: Sandbox, interpreter: Path, request: RunRequest, plan: dict[str, Any]
) -> tuple[RunResult, str]:
    nonce = secrets.token_hex(16)
    # Half of it for the version, which shares the rest with the process that it came from.
    memory_bytes = request.limits.max_memory_bytes // 2
    whole = {**plan, "nonce": nonce, "memory_bytes": memory_bytes}
    support = {f"_ducktypist_{source.name}": source for source in _SOURCES}
    driver = next(iter(support))
    result = await sandbox.run(
        argv=[str(interpreter), f"{SUPPORT}/{driver}", f"{SUPPORT}/{_PLAN}"],
        workspace=request.root,
        overlay=request.overlay,
        environment={"PYTHONHASHSEED": str(request.hash_seed)},
        limits=replace(request.limits, timeout_s=plan["budget_s"] + _MARGIN_S),
        interpreter=interpreter,
        support={**support, _PLAN: json.dumps(whole)},
    )
    return result, nonce


def _said(reports: bytes, nonce: str) -> dict[int, Mapping[str, Any]]:
    """Return what was said of each version; those that it did not come to are missing."""
    found: dict[int, Mapping[str, Any]] = {}
    for line in reports.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            # A run that was killed may have stopped in the middle of a line.
            continue
        if isinstance(said, dict) and said.get("nonce") == nonce and "version" in said:
            found[int(said["version"])] = said
    return found


def _outputs(version: Mapping[str, Any], n_inputs: int) -> tuple[Output, ...]:
    rows = [
        Output(ended=Ended(ended), shown=shown, key=key, type_name=type_name)
        for ended, shown, key, type_name in version.get("outputs", ())
    ]
    missing = Output(
        ended=Ended.NOT_RUN, shown=str(version.get("broken", "")), key="", type_name=""
    )
    return (*rows, *(missing,) * (n_inputs - len(rows)))


def _nothing(reason: str) -> Comparison:
    return Comparison(
        inputs=(),
        n_from_tests=0,
        origins=(),
        original=(),
        outputs=(),
        noticed=(),
        is_pure=False,
        reason=reason,
    )
