"""Trial 8: the editor is killed while a sibling holds its pipe, and the server leaves.

No end of input ever comes then. The server is idle, in the middle of a frame, or works on a hover
that its model never answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from hold.host_folders import Left, end_in_order, own_folders, scripted_spec
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.engines import until_async
from support.windows import script_written

EDITOR = Path(__file__).parent / "orphan_editor.py"
STATES = ("idle", "half", "asking")
START_TIMEOUT_S = 90.0
ORPHAN_S = 30.0
"""A server that is there for longer is an orphan, also on a machine that others use."""
SLOW_MS = 5000
LATEST_KILL_S = 0.3


@dataclass(slots=True)
class _Tally:
    """What became of the servers."""

    gone_ms: list[float] = field(default_factory=list)
    orphans: list[Json] = field(default_factory=list)
    broken: list[Json] = field(default_factory=list)
    """Kills that showed nothing, because something was gone before."""


async def _run(run: Run) -> Outcome:
    tally = _Tally()
    root = run.folder / "w"
    root.mkdir()
    with own_folders(run.folder) as left:
        script = script_written(run.folder / "s.json", rule=[{"fail": "hang"}])
        for number in range(run.size):
            await _kill_once(run, number, script, root, tally)
        await end_in_order(scripted_spec(script))
    return _outcome(run.size, tally, left)


async def _kill_once(run: Run, number: int, script: Path, root: Path, tally: _Tally) -> None:
    dice = run.random("editor", number)
    state = STATES[number % len(STATES)]
    # The editor's standard output is its own: the server and the sibling do not hold it.
    editor = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EDITOR), state, str(script), str(root)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert editor.stdout is not None
    pids: list[int] = []
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            pids = [int(word) for word in (await editor.stdout.readline()).split()]
        if not pids:
            tally.broken.append({"kill": number, "state": state, "what": "no server came up"})
            return
        await asyncio.sleep(dice.uniform(0.0, LATEST_KILL_S))
        if not _runs(pids[0]):
            tally.broken.append({"kill": number, "state": state, "what": "the server was gone"})
            return
        editor.kill()
        began_s = time.monotonic()
        server = pids[0]
        try:
            await until_async(lambda: not _runs(server), timeout_s=ORPHAN_S)
        except AssertionError:
            tally.orphans.append({"kill": number, "state": state})
        tally.gone_ms.append((time.monotonic() - began_s) * 1000)
        if not _runs(pids[1]):
            tally.broken.append({"kill": number, "state": state, "what": "the sibling was gone"})
    finally:
        if editor.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                editor.kill()
        for pid in pids:
            if _runs(pid):
                os.kill(pid, signal.SIGKILL)
        await asyncio.wait_for(editor.wait(), START_TIMEOUT_S)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _outcome(tried: int, tally: _Tally, left: Left) -> Outcome:
    return Outcome(
        tried=tried,
        bars=[
            Bar(name="servers without an editor", seen=len(tally.orphans), most=0),
            Bar(name="kills that showed nothing", seen=len(tally.broken), most=0),
            Bar(name="processes or sockets left behind", seen=len(left.problems), most=0),
            Bar(
                name="slowest to leave",
                seen=round(max(tally.gone_ms, default=0.0)),
                most=SLOW_MS,
                unit="ms",
                is_timing=True,
            ),
        ],
        failures=[*tally.orphans, *tally.broken, *left.problems],
    )


TRIALS: Final = (Trial(number=8, name="editor killed", counts="kills", ci=20, run=_run),)
