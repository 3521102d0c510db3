"""Tries many patches on the same tests in forks of one warm, sandboxed process.

What passes here is run again in a sandbox of its own before anything is said of it, so that the
worst that a patch can do to the process is to waste time. A process that is lost is replaced; when
that goes on, every trial becomes a run of its own.
Not here: what happens inside (``trial_driver``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ducktypist.domain import Killed, TestOutcome, TestReport
from ducktypist.errors import SandboxError
from ducktypist.verify.pipes import clean_text
from ducktypist.verify.pytest_plan import SUPPORT_FILES, Plan, make_plan
from ducktypist.verify.pytest_reports import read_events, read_report
from ducktypist.verify.runner import Runner, RunRequest, Trials
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox, Session
from ducktypist.verify.scratch import real_path
from ducktypist.verify.session import SessionEndedError
from ducktypist.verify.trials import cold_trials

_DRIVER = "_ducktypist_trial_driver.py"
_SOURCES = {
    f"_ducktypist_{name}": Path(__file__).with_name(name)
    for name in ("trial_driver.py", "trial_warm.py", "trial_undoing.py")
}
GRACE_S = 10.0
"""What the process may take beside the tests: to start on a busy machine, and to clean up."""
LIFETIME_S = 1800.0
STARVED = 3.0
"""How many times its limit a trial may take that has hardly had any processor time: the model may
be using all of them."""
CANARIES_S = 1.0
"""What the tests that must fail may take in addition."""
MAX_DEATHS = 1
"""How often a process may be replaced that ended for no reason that is known."""
MAX_KILLS = 3
"""How often, when a patch had used too much."""
MAX_SPOILS = 3
"""How often, when a patch had changed files of the workspace that it was not given for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long one trial may take: a loop without end among the patches must cost little."""

    factor: float = 10.0
    """How many times as long as the tests took without a patch."""
    least_s: float = 2.0
    first_s: float = 5.0
    """The limit of the run without a patch. When it does not end in that time, patches have
    ``least_s``: what loops for ever is probably the error."""


@contextlib.asynccontextmanager
async def pytest_trials(
    *,
    runner: Runner,
    sandbox: Sandbox,
    interpreter: Path,
    request: RunRequest,
    pace: Pace | None = None,
) -> AsyncIterator[Trials]:
    """Start a warm process in the background and give the trials that use it.

    Args:
        runner: Runs what cannot be tried in the process.
        sandbox: Where the process is.
        interpreter: The Python that it is; never executed outside of the sandbox.
        request: What is run in each trial.
        pace: How long one trial may take; never more than the request's limits say.
    """
    async with cold_trials(runner, request) as cold:
        warm = _WarmTrials(
            cold=cold,
            sandbox=sandbox,
            interpreter=interpreter,
            request=request,
            pace=pace or Pace(),
        )
        beginning = asyncio.create_task(warm.begin())
        try:
            yield warm
        finally:
            beginning.cancel()
            await asyncio.gather(beginning, return_exceptions=True)
            await warm.close()


@dataclass(slots=True)
class _Answer:
    """What the process said of one trial, collected as it comes."""

    nonce: str
    events: list[Mapping[str, Any]] = field(default_factory=list)
    modules: list[Any] = field(default_factory=list)
    done: Mapping[str, Any] | None = None

    def add(self, line: bytes) -> bool:
        for event in read_events([line], self.nonce):
            if event.get("event") == "done":
                self.done = event
            elif event.get("event") == "modules":
                self.modules = list(event["modules"])
            else:
                self.events.append(event)
        return self.done is not None


class _WarmTrials:
    """The state of the trials of one request."""

    def __init__(
        self,
        *,
        cold: Trials,
        sandbox: Sandbox,
        interpreter: Path,
        request: RunRequest,
        pace: Pace,
    ) -> None:
        self._cold = cold
        self._sandbox = sandbox
        self._interpreter = interpreter
        self._request = request
        self._pace = pace
        self._turn = asyncio.Lock()
        self._open = contextlib.AsyncExitStack()
        self._session: Session | None = None
        self._opened = 0.0
        self._limit_s = 0.0
        self._is_cold = False
        self._learns = True
        self._modules: list[Any] = []
        self._is_loaded = False
        self._remove: tuple[str, ...] = ()
        self._passed_before: frozenset[str] = frozenset()
        self._n_deaths = self._n_kills = self._n_spoils = 0

    async def begin(self) -> None:
        """Run the tests once without a patch: how long they take, and which libraries they use."""
        async with self._turn:
            await self._first()

    async def run(self, changed: Mapping[Path, str]) -> TestReport:
        """Run the targets with files changed.

        The tests that must fail are run only where another one passes that did not without a
        patch, or where all pass; ``canaries_failed`` is None in other reports.

        Raises:
            RunnerError: pytest is missing or did not start.
            SandboxError: The run could not be isolated.
        """
        async with self._turn:
            await self._first()
            report = None if self._is_cold else await self._warm(changed, limit_s=self._limit_s)
            if report is not None and self._request.canaries and self._has_gained(report):
                # Most patches turn nothing green; tests that must fail would say nothing more.
                limit_s = self._limit_s + CANARIES_S
                report = await self._warm(changed, limit_s=limit_s, canaries=True)
            return await self._cold.run(changed) if report is None else report

    async def close(self) -> None:
        """End the process, if there is one."""
        self._session = None
        stack, self._open = self._open, contextlib.AsyncExitStack()
        await stack.aclose()

    async def _first(self) -> None:
        if self._limit_s or self._is_cold:
            return
        timeout_s = self._request.limits.timeout_s
        report = await self._warm({}, limit_s=min(self._pace.first_s, timeout_s))
        limit_s = self._pace.least_s
        if report is not None:
            self._passed_before = frozenset(report.ids(TestOutcome.PASSED))
        if report is not None and report.killed is None:
            limit_s = max(limit_s, self._pace.factor * report.duration_ms / 1000)
        self._limit_s = min(limit_s, timeout_s)
        if self._n_spoils:
            # It changes the workspace's files without any patch already, so each trial would.
            self._is_cold = True
        elif self._session is not None and self._modules:
            await self._load(self._session)

    async def _warm(
        self, changed: Mapping[Path, str], *, limit_s: float, canaries: bool = False
    ) -> TestReport | None:
        """Try in the process; None when it has to be a run of its own."""
        plan, files = await asyncio.to_thread(self._settle, changed, canaries=canaries)
        answer = _Answer(nonce=plan.nonce)
        begun = time.monotonic()
        try:
            session = await self._ready(plan.root)
            await self._ask(session, plan, files, answer, limit_s=limit_s)
            result = self._result(session, answer)
            if result is None:
                await self.close()
            else:
                await self._tidy(session, files, answer)
        except SessionEndedError as error:
            await self.close()
            taken_ms = (time.monotonic() - begun) * 1000
            result = self._lost(replace(error.result, duration_ms=taken_ms))
        except asyncio.CancelledError:
            # Nobody knows what it is doing now.
            await self.close()
            raise
        except SandboxError:
            # The run of its own says what is wrong, or is better off.
            await self.close()
            self._is_cold = True
            return None
        if result is None or not (answer.events or result.killed):
            # Where pytest itself did not start, the run of its own says why.
            return None
        return read_report(answer.events, result, root=plan.root, bird=plan.bird)

    def _settle(
        self, changed: Mapping[Path, str], *, canaries: bool
    ) -> tuple[Plan, dict[Path, str]]:
        overlay = {**self._request.overlay, **changed}
        request = replace(self._request, overlay=overlay, canaries=canaries)
        plan = make_plan(request, self._interpreter)
        files = {**changed, **plan.canary_files}
        return plan, {real_path(path, workspace=plan.root): text for path, text in files.items()}

    async def _ready(self, root: Path) -> Session:
        if self._session is not None and time.monotonic() - self._opened < LIFETIME_S / 2:
            return self._session
        await self.close()
        request = self._request
        self._session = await self._open.enter_async_context(
            self._sandbox.open(
                argv=[str(self._interpreter), f"{SUPPORT}/{_DRIVER}"],
                workspace=root,
                overlay=request.overlay,
                environment={"PYTHONPATH": SUPPORT, "PYTHONHASHSEED": str(request.hash_seed)},
                limits=replace(request.limits, timeout_s=LIFETIME_S),
                interpreter=self._interpreter,
                support={**SUPPORT_FILES, **_SOURCES},
            )
        )
        self._opened = time.monotonic()
        self._is_loaded = False
        self._remove = ()
        return self._session

    async def _ask(
        self,
        session: Session,
        plan: Plan,
        files: Mapping[Path, str],
        answer: _Answer,
        *,
        limit_s: float,
    ) -> None:
        most_s = max(limit_s, min(STARVED * limit_s, self._request.limits.timeout_s))
        command = {
            **self._beginning(answer),
            "files": {path.as_posix(): text for path, text in files.items()},
            "arguments": plan.arguments,
            "setup": plan.setup,
            "limit_s": limit_s,
            "most_s": most_s,
            "max_output_bytes": self._request.limits.max_output_bytes,
            "learn": self._learns,
        }
        await session.ask(json.dumps(command).encode(), each=answer.add, timeout_s=most_s + GRACE_S)
        if answer.modules:
            self._modules, self._learns = answer.modules, False

    async def _load(self, session: Session) -> None:
        """Have the libraries loaded that the run without a patch used."""
        answer = _Answer(nonce=secrets.token_hex(16))
        command = json.dumps(self._beginning(answer)).encode()
        try:
            await session.ask(command, each=answer.add, timeout_s=GRACE_S)
        except SandboxError:
            # Then it goes on without; a session that can do nothing at all says so again.
            self._modules = []
            await self.close()
        except asyncio.CancelledError:
            await self.close()
            raise

    def _beginning(self, answer: _Answer) -> dict[str, Any]:
        modules = () if self._is_loaded else self._modules
        self._is_loaded = bool(self._modules)
        return {"nonce": answer.nonce, "remove": self._remove, "modules": modules}

    async def _tidy(self, session: Session, files: Mapping[Path, str], answer: _Answer) -> None:
        """Have removed what the trial left in the tree; what it changed there ends the process."""
        leavings = await session.leavings(restored={path.as_posix() for path in files})
        self._remove = leavings.made
        if leavings.changed or not (answer.done or {}).get("restored"):
            self._n_spoils += 1
            self._is_cold = self._is_cold or self._n_spoils >= MAX_SPOILS
            await self.close()

    def _result(self, session: Session, answer: _Answer) -> RunResult | None:
        done = answer.done or {}
        if "killed" not in done:
            # A library has started threads, and a fork of such a process may hang.
            self._modules, self._learns = [], False
            self._died()
            return None
        return RunResult(
            exit_status=done["status"],
            killed=Killed(done["killed"]) if done["killed"] else None,
            output=clean_text(str(done["output"]).encode("utf-8", "replace")),
            reports=b"",
            duration_ms=float(done["duration_ms"]),
            level=self._sandbox.status.level,
            root_inside=session.root_inside,
        )

    def _lost(self, result: RunResult) -> RunResult | None:
        """Take note that the process is gone; return what that says of the trial, if anything."""
        if result.killed in {None, Killed.CANCELLED}:
            self._died()
            return None
        self._n_kills += 1
        self._is_cold = self._is_cold or self._n_kills > MAX_KILLS
        return result

    def _died(self) -> None:
        self._n_deaths += 1
        self._is_cold = self._is_cold or self._n_deaths > MAX_DEATHS

    def _has_gained(self, report: TestReport) -> bool:
        passed = report.ids(TestOutcome.PASSED)
        is_all = len(passed) == len(report.results) and not report.collection_errors
        return bool(passed) and (is_all or not self._passed_before.issuperset(passed))
