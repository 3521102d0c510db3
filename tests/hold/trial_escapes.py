"""Trial 10: what is run tries to break out, at every level, as root and as an ordinary user.

The attempts are the table of ``escape_probes``; size counts them, for each level and user.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hold import escape_driver
from hold.escape_probes import PROBES
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.sandboxes import expected_levels

LEVELS = (4, 3, 2)
NOBODY = 65534
SYSTEM_PYTHONS = ("/usr/bin/python3.13", "/usr/bin/python3.12", "/usr/bin/python3.11")
SECONDS_EACH = 30.0
"""Far above what one attempt takes on a machine that others use, too."""


@dataclass(slots=True)
class _Tally:
    tried: int = 0
    got: list[Json] = field(default_factory=list)
    limits: list[Json] = field(default_factory=list)
    levels: list[Json] = field(default_factory=list)
    broken: list[Json] = field(default_factory=list)


async def _run(run: Run) -> Outcome:
    tally, left_out = _Tally(), {}
    expected = expected_levels()
    for level in set(LEVELS) - set(expected):
        left_out[f"level {level}"] = "this machine does not have it"
    run.folder.chmod(0o711)
    users: dict[str, tuple[int, str]] = {"as started": (os.getuid(), sys.executable)}
    other = next((path for path in SYSTEM_PYTHONS if Path(path).exists()), None)
    if os.getuid() != 0:
        left_out["as root"] = "not started by root"
    elif other is None:
        left_out["as another user"] = "no Python that every user may run"
    else:
        users = {"root": (0, sys.executable), "ordinary user": (NOBODY, other)}
    for name, user in users.items():
        await _as_user(run, tally, name, user, expected)
    return _outcome(tally, left_out)


async def _as_user(
    run: Run, tally: _Tally, name: str, user: tuple[int, str], levels: Sequence[int]
) -> None:
    uid, python = user
    folder = run.folder / f"user-{uid}"
    folder.mkdir(mode=0o700)
    become: dict[str, Any] = {}
    if uid != os.getuid():
        become = {"user": uid, "group": uid, "extra_groups": []}
        shutil.chown(folder, uid, uid)
    tests = Path(__file__).parents[1]
    places = [tests, tests.parent / "server", sysconfig.get_path("purelib")]
    process = await asyncio.create_subprocess_exec(
        *(python, escape_driver.__file__, str(folder), str(run.size), str(run.seed)),
        ",".join(map(str, levels)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(Path.home()) if uid == os.getuid() else str(folder),
            "PYTHONPATH": os.pathsep.join(map(str, places)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
        },
        **become,
    )
    try:
        async with asyncio.timeout(60 + SECONDS_EACH * run.size * len(levels)):
            told, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
    if process.returncode:
        tally.broken.append({"user": name, "status": process.returncode, "said": errors.decode()})
    for line in told.decode().splitlines():
        _count(tally, {"user": name, **json.loads(line)})


def _count(tally: _Tally, line: Json) -> None:
    if "probe" not in line:
        if line["found"] != line["level"]:
            tally.levels.append(line)
        return
    tally.tried += 1
    if line["got"]:
        stopped = PROBES_BY_NAME[line["probe"]].stopped
        (tally.got if stopped is None else tally.limits).append(line)


PROBES_BY_NAME: Final = {probe.name: probe for probe in PROBES}


def _outcome(tally: _Tally, left_out: dict[str, str]) -> Outcome:
    return Outcome(
        tried=tally.tried,
        bars=[
            Bar(name="attempts that got or harmed something", seen=len(tally.got), most=0),
            Bar(name="attempts that their limit did not end", seen=len(tally.limits), most=0),
            Bar(name="levels that are not had", seen=len(tally.levels), most=0),
            Bar(name="users for whom the trial broke down", seen=len(tally.broken), most=0),
        ],
        failures=[*tally.got, *tally.limits, *tally.levels, *tally.broken],
        left_out=left_out,
    )


TRIALS: Final = (
    Trial(
        number=10,
        name="sandbox escapes",
        counts="attempts",
        ci=len(PROBES),
        needs="sandbox",
        run=_run,
    ),
)
