"""Runs pytest in the sandbox and says, test by test, what became of them.

The plugin ``pytest_probe`` reports from inside; this file starts it, reads it and does not believe
it more than it has to. What a report is worth is ``verdict``'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from ducktypist.domain import TestReport
from ducktypist.errors import RunnerError
from ducktypist.verify.pytest_plan import SUPPORT_FILES, make_plan
from ducktypist.verify.pytest_reports import read_events, read_report
from ducktypist.verify.pytest_trials import pytest_trials
from ducktypist.verify.runner import RunRequest, Trials
from ducktypist.verify.sandbox import SUPPORT, RunResult, Sandbox


class PytestRunner:
    """Runs pytest (6 to 9) with one interpreter."""

    def __init__(self, *, sandbox: Sandbox, interpreter: Path) -> None:
        """Remember where and with what.

        Args:
            sandbox: Where every run takes place.
            interpreter: The Python to run with; never executed outside of the sandbox.
        """
        self._sandbox = sandbox
        self._interpreter = interpreter

    @property
    def name(self) -> str:
        """Return what people call it."""
        return "pytest"

    @property
    def language(self) -> str:
        """Return the language of what it tests."""
        return "python"

    def owns(self, relative: Path) -> bool:
        """Tell whether a file is one of Python's."""
        return relative.suffix == ".py"

    def trials(self, request: RunRequest) -> AbstractAsyncContextManager[Trials]:
        """Get ready to try many patches in forks of one warm process."""
        return pytest_trials(
            runner=self, sandbox=self._sandbox, interpreter=self._interpreter, request=request
        )

    async def run(self, request: RunRequest) -> TestReport:
        """Run tests once.

        Raises:
            RunnerError: pytest is missing or did not start, or a race was to be looked for.
            SandboxError: The run could not be isolated.
        """
        plan = await asyncio.to_thread(make_plan, request, self._interpreter)
        result = await self._sandbox.run(
            argv=[str(self._interpreter), "-m", "pytest", *plan.arguments],
            workspace=plan.root,
            overlay={**request.overlay, **plan.canary_files},
            environment={
                "PYTHONPATH": SUPPORT,
                "PYTHONHASHSEED": str(request.hash_seed),
                "DUCKTYPIST_PROBE": plan.setup,
            },
            limits=request.limits,
            interpreter=self._interpreter,
            support=SUPPORT_FILES,
        )
        events = list(read_events(result.reports.splitlines(), plan.nonce))
        self._require_started(events, result)
        return read_report(events, result, root=plan.root, bird=plan.bird)

    def _require_started(self, events: Sequence[Mapping[str, Any]], result: RunResult) -> None:
        if events or result.killed is not None:
            return
        tail = result.output.strip()[-800:]
        if "No module named pytest" in tail:
            raise RunnerError(
                f"{self._interpreter} has no pytest; install it with "
                f"`{self._interpreter} -m pip install pytest`"
            )
        raise RunnerError(
            f"pytest did not start with {self._interpreter} (status {result.exit_status}): "
            f"{tail or 'it said nothing'}"
        )
