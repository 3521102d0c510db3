"""Trying patches one full run each, for runners that cannot keep a process warm."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

from ducktypist.domain import TestReport
from ducktypist.verify.runner import Runner, RunRequest, Trials


@contextlib.asynccontextmanager
async def cold_trials(runner: Runner, request: RunRequest) -> AsyncIterator[Trials]:
    """Give trials that are runs of their own, each in a sandbox of its own."""
    yield _ColdTrials(runner, request)


class _ColdTrials:
    def __init__(self, runner: Runner, request: RunRequest) -> None:
        self._runner = runner
        self._request = request

    async def run(self, changed: Mapping[Path, str]) -> TestReport:
        """Run the targets with files changed."""
        overlay = {**self._request.overlay, **changed}
        return await self._runner.run(replace(self._request, overlay=overlay))
