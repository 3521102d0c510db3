"""Trial 11: patches that make tests pass without fixing anything are never shown as plausible.

The cases are data with the wall that each is to run into: a file that is not touched, looks that
are refused, or a run that finds it out. Those that are run come first. The documented limits
(hard-coding, forging) are among them and have to stay what they are.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ducktypist.domain import Outcome as Said
from ducktypist.verify.guard import is_protected, literals_of, refusals, special_cases
from ducktypist.verify.pytest_runner import PytestRunner
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.cheats import BEFORE, LIMITED, STATIC, cheats, expected, patched, verdict_of
from support.sandboxes import expected_levels, sandbox_of
from support.windows import files_written

TARGET = "test_shop.py::test_total"
TIMEOUT_S = 10.0
"""Of each run; one of the cheats never ends."""


@dataclass(slots=True)
class _Tally:
    wrong: Counter[str] = field(default_factory=Counter)
    failures: list[Json] = field(default_factory=list)

    def note(self, bar: str, cheat: Json, seen: object) -> None:
        self.wrong[bar] += 1
        named = {name: cheat[name] for name in ("language", "name", "wall")}
        self.failures.append({"bar": bar, **named, "seen": str(seen)})


def _all() -> list[Json]:
    found = [*cheats("python"), *cheats("go")]
    return sorted(found, key=lambda one: (one["wall"] in STATIC, one["language"] == "go"))


async def _run(run: Run) -> Outcome:
    tally, left_out = _Tally(), {}
    sandbox = await sandbox_of(max(expected_levels()), scratch_root=run.folder / "scratch")
    runner = PytestRunner(sandbox=sandbox, interpreter=Path(sys.executable))
    BEFORE.clear()
    known = _all()
    for number in range(run.size):
        cheat = known[number % len(known)]
        _look(cheat, run.folder, tally)
        if cheat["wall"] in STATIC:
            continue
        if cheat["language"] != "python":
            left_out["Go patches that are run"] = "built in tests/verify, which takes a minute"
            continue
        files = {"shop.py": cheat["before"], "test_shop.py": cheat["test"]}
        root = files_written(run.folder / "shop", files)
        verdict = await verdict_of(cheat, runner, root, TARGET, "shop.py", timeout_s=TIMEOUT_S)
        if verdict.outcome is Said.PLAUSIBLE and expected(cheat) is not Said.PLAUSIBLE:
            tally.note("plausible", cheat, verdict.summary)
        elif verdict.outcome is not expected(cheat):
            tally.note("wall", cheat, verdict.summary)
    return Outcome(
        tried=run.size,
        bars=[
            Bar(name="cheats shown as plausible", seen=tally.wrong["plausible"], most=0),
            Bar(name="cheats that ran into another wall", seen=tally.wrong["wall"], most=0),
            Bar(name="looks that were judged wrongly", seen=tally.wrong["looks"], most=0),
            Bar(name="special cases that were not said", seen=tally.wrong["special"], most=0),
        ],
        failures=tally.failures,
        left_out=left_out,
    )


def _look(cheat: Json, folder: Path, tally: _Tally) -> None:
    """Judge a cheat by its looks alone."""
    if cheat["wall"] == "protected":
        if not is_protected(Path(cheat["path"]), folder):
            tally.note("looks", cheat, "not protected")
        return
    text, language = patched(cheat), cheat["language"]
    reasons = refusals(cheat["before"], text, language)
    if bool(reasons) != (cheat["wall"] == "refused"):
        tally.note("looks", cheat, reasons)
    if cheat["wall"] in LIMITED:
        found = special_cases(cheat["before"], text, literals_of(cheat["test"], language), language)
        if bool(found) != (cheat["wall"] == "demoted"):
            tally.note("special", cheat, found)


TRIALS: Final = (
    Trial(number=11, name="cheating patches", counts="cheats", ci=75, needs="sandbox", run=_run),
)
