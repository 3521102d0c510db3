"""Tries many patches on the same Go tests in one sandbox, whose build cache stays hot.

Building is what takes the time, most of it linking; without debugging information and vetting it
takes little more than half. What passes here is run again in a sandbox of its own before anything
is said of it. Not here: what happens inside (``go_driver``).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ducktypist.domain import Killed, TestReport
from ducktypist.errors import SandboxError
from ducktypist.verify import go_plan
from ducktypist.verify.go_packages import Tree
from ducktypist.verify.go_report import Ended, GoReader, GoRun
from ducktypist.verify.runner import RunRequest, Trials
from ducktypist.verify.sandbox import Session
from ducktypist.verify.scratch import real_path
from ducktypist.verify.session import SessionEndedError
from ducktypist.verify.watchdog import Limits

GRACE_S = 30.0
"""What building may take on a busy machine, beside the tests."""
LIFETIME_S = 1800.0
MAX_LOSSES = 3
"""How often a sandbox may be replaced before every trial gets one of its own."""
FIRST_S = 5.0
"""The tests' limit in the run without a patch."""
LEAST_S = 2.0
"""The least that tests get with a patch; all they get when they did not end without one."""
FACTOR = 10.0
"""How many times as long as without a patch they may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What all trials of one request have in common."""

    run: GoRun
    how: go_plan.How
    overlay: Mapping[Path, str]
    limits: Limits


class Opener(Protocol):
    """What trials need of their runner."""

    async def settle(self, request: RunRequest) -> Settled:
        """Read the tree, and build what is to be built once."""

    def session(self, settled: Settled) -> contextlib.AbstractAsyncContextManager[Session]:
        """Start the driver in a sandbox."""


@contextlib.asynccontextmanager
async def go_trials(*, opener: Opener, cold: Trials, request: RunRequest) -> AsyncIterator[Trials]:
    """Start a sandbox in the background and give the trials that use it.

    Args:
        opener: The runner.
        cold: Runs what cannot be tried there.
        request: What is run in each trial.
    """
    trials = _GoTrials(opener=opener, cold=cold, request=request)
    beginning = asyncio.create_task(trials.begin())
    try:
        yield trials
    finally:
        beginning.cancel()
        await asyncio.gather(beginning, return_exceptions=True)
        await trials.close()


class _GoTrials:
    """The state of the trials of one request."""

    def __init__(self, *, opener: Opener, cold: Trials, request: RunRequest) -> None:
        self._opener = opener
        self._cold = cold
        self._request = request
        self._turn = asyncio.Lock()
        self._open = contextlib.AsyncExitStack()
        self._session: Session | None = None
        self._opened = 0.0
        self._settled: Settled | None = None
        self._limit_s = 0.0
        self._laid: frozenset[Path] = frozenset()
        self._remove: Sequence[str] = ()
        self._n_losses = 0

    async def begin(self) -> None:
        """Run the tests once without a patch, to learn how long they take."""
        async with self._turn:
            await self._first()

    async def run(self, changed: Mapping[Path, str]) -> TestReport:
        """Run the targets with files changed.

        Raises:
            RunnerError: As for a run.
            SandboxError: As for a run.
        """
        async with self._turn:
            settled = await self._first()
            report = await self._warm(settled, changed, limit_s=self._limit_s)
            return await self._cold.run(changed) if report is None else report

    async def close(self) -> None:
        """End the sandbox, if there is one."""
        self._session = None
        self._laid, self._remove = frozenset(), ()
        stack, self._open = self._open, contextlib.AsyncExitStack()
        await stack.aclose()

    async def _first(self) -> Settled:
        if self._settled is None:
            self._settled = await self._opener.settle(self._request)
        if not self._limit_s:
            timeout_s = self._request.limits.timeout_s
            report = await self._warm(self._settled, {}, limit_s=min(FIRST_S, timeout_s))
            limit_s = LEAST_S
            if report is not None and report.killed is None:
                tests_s = sum(result.duration_ms for result in report.results) / 1000
                limit_s = max(limit_s, FACTOR * tests_s)
            self._limit_s = min(limit_s, timeout_s)
        return self._settled

    async def _warm(
        self, settled: Settled, changed: Mapping[Path, str], *, limit_s: float
    ) -> TestReport | None:
        """Try in the common sandbox; None when it has to be a run of its own."""
        if self._n_losses >= MAX_LOSSES or not settled.run.selections:
            return None
        run = await asyncio.to_thread(self._changed_run, settled, changed)
        reader = GoReader(run)
        begun = time.monotonic()
        timeout_s = self._request.limits.timeout_s + GRACE_S
        killed: Killed | None = None
        output = ""
        try:
            session = await self._ready(settled)
            command = await asyncio.to_thread(self._command, settled, run, changed, limit_s=limit_s)
            await session.ask(command.encode(), each=reader.feed, timeout_s=timeout_s)
            root_inside = session.root_inside
            await self._tidy(session)
        except SessionEndedError as error:
            await self.close()
            self._n_losses += 1
            killed, output = error.result.killed, error.result.output
            root_inside = error.result.root_inside
            if killed in {None, Killed.CANCELLED}:
                return None
        except asyncio.CancelledError:
            # Nobody knows what it is doing now.
            await self.close()
            raise
        except SandboxError:
            # The run of its own says what is wrong, or is better off.
            await self.close()
            self._n_losses = MAX_LOSSES
            return None
        if not reader.has_begun and killed is None:
            return None
        ended = Ended(
            killed=killed,
            duration_ms=(time.monotonic() - begun) * 1000,
            output=output,
            root_inside=root_inside,
        )
        return await asyncio.to_thread(reader.report, ended)

    def _changed_run(self, settled: Settled, changed: Mapping[Path, str]) -> GoRun:
        overlay = {**self._request.overlay, **changed}
        tree = Tree(root=settled.run.root, overlay=overlay)
        return replace(settled.run, tree=tree, nonce=secrets.token_hex(16))

    async def _ready(self, settled: Settled) -> Session:
        if self._session is not None and time.monotonic() - self._opened < LIFETIME_S / 2:
            return self._session
        await self.close()
        self._session = await self._open.enter_async_context(self._opener.session(settled))
        self._opened = time.monotonic()
        return self._session

    def _command(
        self, settled: Settled, run: GoRun, changed: Mapping[Path, str], *, limit_s: float
    ) -> str:
        root = settled.run.root
        files: dict[str, str | None] = {
            real_path(path, workspace=root).as_posix(): text for path, text in changed.items()
        }
        for path in self._laid - changed.keys():
            # What the trial before changed is as it was again.
            before = Tree(root=root, overlay=settled.overlay).text(path)
            files[real_path(path, workspace=root).as_posix()] = before
        self._laid = frozenset(changed)
        how = replace(settled.how, timeout_s=limit_s)
        plan = {
            "jobs": go_plan.jobs(run.selections, how, run.canary),
            "files": files,
            "remove": self._remove,
            "hidden": run.canary.mark if run.canary else "",
        }
        timeout_s = self._request.limits.timeout_s + GRACE_S / 2
        return go_plan.plan_text(run.nonce, plan, timeout_s=timeout_s)

    async def _tidy(self, session: Session) -> None:
        """Have removed what tests left in the tree; what they changed there ends the sandbox."""
        laid = {path.as_posix() for path in self._laid}
        leavings = await session.leavings(restored=laid)
        self._remove = [name for name in leavings.made if name not in laid]
        if leavings.changed:
            self._n_losses += 1
            await self.close()
