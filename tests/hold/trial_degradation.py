"""Trial 18: something is missing, and the level, the label and the refusal say so.

Each case is a real server, and a doctor beside it. The tests of the workspace try to write outside:
a fallback that says nothing would show as a file, or as a result where a refusal is due.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ducktypist.verify.bubblewrap import SYSTEM_PROGRAMS
from hold.host_folders import own_folders
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.sandboxes import expected_levels, tree_hash
from support.stdio_client import RpcError
from support.windows import Window, files_written, script_written

HERE = Path(__file__).parent
SLOW_S = 90.0
NO_FOLDER = Path("/sys/ducktypist")
"""Not even root makes a folder there."""
Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Something that is missing, and what is to be said then."""

    name: str
    environment: Callable[[Path], Environment]
    levels: Sequence[int]
    """The best of these that the machine has is the right one; 0 when it has none."""
    reason: str = ""
    """What the doctor's reason holds."""
    has_model: bool = True


def _shims(*names: str, refused: str = "") -> Environment:
    places = [str(HERE / name) for name in names]
    return {"PYTHONPATH": os.pathsep.join(places), "DUCKTYPIST_HOLD_REFUSED": refused}


def _no_programs(folder: Path) -> Environment:
    (folder / "empty").mkdir(exist_ok=True)
    return {"PATH": str(folder / "empty")}


def _no_writing(folder: Path) -> Environment:
    base = NO_FOLDER
    if os.getuid() != 0:
        base = folder / "closed"
        base.mkdir(mode=0o555, exist_ok=True)
    return {
        f"DUCKTYPIST_{kind}_DIR": str(base / kind.lower()) for kind in ("DATA", "STATE", "CACHE")
    }


CASES: Final = (
    _Case(
        name="no bubblewrap",
        environment=lambda _: _shims("without_bubblewrap"),
        levels=(2,),
        reason="bubblewrap not found",
    ),
    _Case(
        name="no user namespaces",
        environment=lambda _: _shims("refusing", refused="namespaces"),
        levels=(2,),
        reason="level 4",
    ),
    _Case(
        name="no Landlock",
        environment=lambda _: _shims("refusing", refused="landlock"),
        levels=(4, 3),
    ),
    _Case(
        name="no Landlock, no namespaces",
        environment=lambda _: _shims("refusing", refused="landlock,namespaces"),
        levels=(),
        reason="no Landlock",
    ),
    _Case(name="no git nor any program on the path", environment=_no_programs, levels=(4, 3, 2)),
    _Case(name="no model", environment=lambda _: {}, levels=(4, 3, 2), has_model=False),
    _Case(
        name="no write permission",
        environment=_no_writing,
        levels=(),
        reason="no scratch folder",
    ),
)


@dataclass(slots=True)
class _Tally:
    wrong: Counter[str] = field(default_factory=Counter)
    failures: list[Json] = field(default_factory=list)

    def note(self, bar: str, case: _Case, seen: object) -> None:
        self.wrong[bar] += 1
        self.failures.append({"bar": bar, "case": case.name, "seen": str(seen)[:600]})


async def _run(run: Run) -> Outcome:
    tally, left_out = _Tally(), {}
    cases = list(CASES)
    if shutil.which("bwrap", path=SYSTEM_PROGRAMS):
        left_out["no bubblewrap"] = "this machine's own cannot be hidden"
        cases.remove(CASES[0])
    with own_folders(run.folder) as left:
        for number in range(run.size):
            folder = run.folder / f"n{number}"
            folder.mkdir()
            try:
                async with asyncio.timeout(SLOW_S):
                    await _try(cases[number % len(cases)], folder, tally)
            except TimeoutError:
                tally.note("hung", cases[number % len(cases)], f"nothing within {SLOW_S} s")

    def none(bar: str, name: str) -> Bar:
        return Bar(name=name, seen=tally.wrong[bar], most=0)

    return Outcome(
        tried=run.size,
        bars=[
            none("level", "wrong levels"),
            none("label", "doctors that said something else"),
            none("silent", "tests run without a sandbox, or refused without saying why"),
            none("model", "requests without a model that were not told so"),
            none("ledger", "ledgers that cannot be written and do not say so"),
            none("changed", "workspaces changed or written outside of"),
            none("hung", "servers that hung"),
            Bar(name="left behind", seen=len(left.problems), most=0),
        ],
        failures=[*tally.failures, *left.problems],
        left_out=left_out,
    )


async def _try(case: _Case, folder: Path, tally: _Tally) -> None:
    outside = folder / "outside"
    test = (
        "from pathlib import Path\n\n\ndef test_x():\n"
        "    try:\n"
        f"        Path({str(outside)!r}).write_text('harm')\n"
        "    except OSError:\n"
        "        pass\n"
    )
    files = {"words.py": 'def shout(text):\n    """Say it loud."""\n', "tests/test_x.py": test}
    workspace = files_written(folder / "w", files)
    before = tree_hash(workspace)
    script = script_written(folder.parent / "s.json", default="x") if case.has_model else None
    environment = {"HF_HUB_OFFLINE": "1", **case.environment(folder)}
    wanted = next((level for level in case.levels if level in expected_levels()), 0)
    async with Window.opened(workspace, script=script, env=environment) as window:
        if wrong := await _tests(window, wanted):
            tally.note("silent", case, wrong)
        status = await window.command("status", timeout_s=SLOW_S)
        found = status["sandbox"]
        if not found or found["level"] != wanted:
            tally.note("level", case, found)
        if not case.has_model and (wrong := await _body(window, workspace)):
            tally.note("model", case, wrong)
        if case.environment is _no_writing and (wrong := await _uncounted(window, workspace)):
            tally.note("ledger", case, wrong)
    if wrong := await _doctor(case, workspace, environment, wanted):
        tally.note("label", case, wrong)
    if outside.exists() or tree_hash(workspace) != before:
        tally.note("changed", case, sorted(workspace.rglob("*")))


async def _tests(window: Window, wanted: int) -> str:
    """Have the tests run; return what is wrong about what was said."""
    try:
        result = await window.command("runTests", {}, timeout_s=SLOW_S)
    except RpcError as error:
        is_right = not wanted and "no sandbox" in error.message
        return "" if is_right else error.message
    return "" if wanted and result["passed"] == 1 else json.dumps(result)


async def _body(window: Window, workspace: Path) -> str:
    """Ask for what needs a model; return what is wrong about what was said."""
    uri = window.open(workspace / "words.py")
    try:
        await window.resolved(await window.action(uri, "def sh", "write the body"))
    except RpcError as error:
        return "" if "model pull" in error.message else error.message
    return "a body without a model"


async def _uncounted(window: Window, workspace: Path) -> str:
    """Do what is noted in the ledger, which cannot be; return what is wrong about what is said."""
    uri = window.open(workspace / "words.py")
    if "shout" not in (text := await window.hover(uri, "def sh", timeout_s=SLOW_S)):
        return f"hover: {text}"
    # The status is asked for: nobody tells when a row could not be written.
    while True:
        ledger = (await window.command("status"))["ledger"]
        if ledger["unlogged"] and "cannot be opened" in ledger["last_error"]:
            return ""
        await asyncio.sleep(0.1)


async def _doctor(case: _Case, workspace: Path, environment: Environment, wanted: int) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ducktypist", "doctor", "--json", "--quick", str(workspace)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        told, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        checks = json.loads(told)["checks"]
    except (ValueError, KeyError):
        return f"no report: {told[-300:]!r} {errors[-300:]!r}"
    (check,) = [each for each in checks if each["name"] == "sandbox"]
    text = json.dumps(check)
    is_right = f"level {wanted}" in text and case.reason in text
    return "" if is_right else text


TRIALS: Final = (
    Trial(
        number=18,
        name="degradation",
        counts="cases",
        ci=len(CASES),
        needs="sandbox",
        run=_run,
    ),
)
