"""Trial 7: whoever runs code is killed at random moments, and nothing of the run is left.

In turns: a server in the middle of ``runTests``, a bare verifier at each level, and the launcher of
a run whose verifier lives on. A server takes seconds to start, so every fourth kill is of one, and
the size is below the table's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import psutil

from ducktypist.verify.sandbox import SandboxStatus, probe
from hold import verifier
from hold.host_folders import KINDS, own_folders
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.processes import n_running
from support.sandboxes import expected_levels, tree_hash
from support.windows import Window, files_written, script_written

GONE_S = 2.0
SLOW_S = 30.0
"""After this long it is no longer a slow machine: something is left."""
SERVER_EACH = 4
LAUNCHERS = ("bwrap", "unshare", "landlock.py")
DAEMON = "import time; time.sleep(120)"


@dataclass(slots=True)
class _Tally:
    wrong: Counter[str] = field(default_factory=Counter)
    failures: list[Json] = field(default_factory=list)
    slowest_s: float = 0.0

    def note(self, bar: str, **about: Json) -> None:
        self.wrong[bar] += 1
        self.failures.append({"bar": bar, **about})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where the runs take place, and how it looked before."""

    workspace: Path
    scratch: Path
    before: Json
    mark: str
    statuses: tuple[SandboxStatus, ...]

    def left(self) -> list[str]:
        """Return what there is of any run."""
        found = [path.name for path in self.scratch.glob("*")] if self.scratch.is_dir() else []
        if n_running(f"{self.scratch}/run-") or n_running(f"\0{self.mark}"):
            found.append("a process")
        return found


async def _run(run: Run) -> Outcome:
    tally = _Tally()
    missing = {4, 3, 2} - set(expected_levels())
    with own_folders(run.folder) as left:
        ground = await _ground(run)
        for number in range(run.size):
            kind = ("launcher", "verifier", "verifier", "server")[number % SERVER_EACH]
            wait_s = run.random(number).uniform(0.0, 0.7)
            status = ground.statuses[number // SERVER_EACH % len(ground.statuses)]
            about = {"kind": kind, "level": status.level, "after_s": wait_s}
            await {"launcher": _launcher, "verifier": _verifier, "server": _server}[kind](
                ground, status, wait_s, tally
            )
            await _settled(ground, tally, about)
    return Outcome(
        tried=run.size,
        bars=[
            Bar(name="workspaces changed", seen=tally.wrong["changed"], most=0),
            Bar(name="runs of which something was left", seen=tally.wrong["left"], most=0),
            Bar(
                name="verifiers that a dead launcher took along", seen=tally.wrong["along"], most=0
            ),
            Bar(name="left behind in the end", seen=len(left.problems), most=0),
            Bar(
                name="slowest until nothing was left",
                seen=round(tally.slowest_s, 2),
                most=GONE_S,
                unit="s",
                is_timing=True,
            ),
        ],
        failures=[*tally.failures, *left.problems],
        left_out={f"level {level}": "this machine does not have it" for level in missing},
    )


async def _ground(run: Run) -> _Ground:
    mark = f"mark_{run.folder.name}"
    test = (
        "import subprocess, sys, time\n\n\ndef test_x():\n"
        f"    subprocess.Popen([sys.executable, '-c', {DAEMON!r}, {mark!r}])\n"
        "    open('module.py', 'a').write('harm')\n"
        "    time.sleep(100)\n"
    )
    files = {"module.py": "VALUE = 1\n", ".git/config": "[core]\n", "tests/test_x.py": test}
    workspace = files_written(run.folder / "w", files)
    scratch = run.folder / KINDS["cache"] / "scratch"
    found = [await probe(scratch_root=scratch, only_level=level) for level in expected_levels()]
    statuses = tuple(status for status in found if status.level)
    assert statuses, [status.reason for status in found]
    before = tree_hash(workspace)
    return _Ground(
        workspace=workspace, scratch=scratch, before=before, mark=mark, statuses=statuses
    )


async def _settled(ground: _Ground, tally: _Tally, about: Json) -> None:
    """Wait until nothing is left, and say how long it took and what stayed."""
    killed_s = time.monotonic()
    while left := await asyncio.to_thread(ground.left):
        if time.monotonic() - killed_s > SLOW_S:
            tally.note("left", **about, seen=left)
            break
        # Other processes set no events that could be awaited.
        await asyncio.sleep(0.02)
    tally.slowest_s = max(tally.slowest_s, time.monotonic() - killed_s)
    if await asyncio.to_thread(tree_hash, ground.workspace) != ground.before:
        tally.note("changed", **about)


async def _verifier(ground: _Ground, status: SandboxStatus, wait_s: float, _tally: _Tally) -> None:
    """Kill a bare verifier."""
    async with _verifying(ground, status) as process:
        await _said(process, b"begins")
        await asyncio.sleep(wait_s)
        process.send_signal(signal.SIGKILL)


async def _launcher(ground: _Ground, status: SandboxStatus, wait_s: float, tally: _Tally) -> None:
    """Kill what confines a run: the verifier sees the run end and has the next one."""
    async with _verifying(ground, status) as process:
        await _said(process, b"begins")
        await asyncio.sleep(wait_s)
        victims = [
            child
            for child in psutil.Process(process.pid).children()
            if any(word.endswith(LAUNCHERS) for word in child.cmdline()[:5])
        ]
        for child in victims[:1]:
            child.kill()
        try:
            await _said(process, b"ended")
            await _said(process, b"begins")
        except (AssertionError, TimeoutError) as error:
            tally.note("along", level=status.level, after_s=wait_s, seen=str(error))
        process.send_signal(signal.SIGKILL)


async def _server(ground: _Ground, status: SandboxStatus, wait_s: float, tally: _Tally) -> None:
    """Kill a server that has tests run."""
    del status, tally
    script = script_written(ground.workspace.parent / "s.json", default="nothing")
    async with Window.opened(ground.workspace, script=script, leaves=False) as window:
        await window.ready()
        window.client.start_request(
            "workspace/executeCommand", {"command": "ducktypist.runTests", "arguments": [{}]}
        )
        async with asyncio.timeout(SLOW_S):
            # Other processes set no events that could be awaited.
            while not await asyncio.to_thread(ground.left):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.02)
        await asyncio.sleep(wait_s)
        window.client.process.send_signal(signal.SIGKILL)
        await window.client.process.wait()


@contextlib.asynccontextmanager
async def _verifying(
    ground: _Ground, status: SandboxStatus
) -> AsyncIterator[asyncio.subprocess.Process]:
    tests = Path(__file__).parents[1]
    told = {**asdict(status), "path": str(status.path) if status.path else None}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, verifier.__file__, json.dumps(told), str(ground.workspace)),
        *(str(ground.scratch), ground.mark),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent / "server")]),
        },
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _said(process: asyncio.subprocess.Process, word: bytes) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(SLOW_S):
        line = await process.stdout.readline()
    assert line.startswith(word), line


TRIALS: Final = (
    Trial(number=7, name="verifier killed", counts="kills", ci=40, needs="sandbox", run=_run),
)
