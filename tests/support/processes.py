"""Processes of this machine, as tests look for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path


def n_running(mark: str) -> int:
    """Count processes of this machine whose arguments hold a text."""
    count = 0
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                count += mark.encode() in (path / "cmdline").read_bytes()
            except OSError:
                continue
    return count


def n_started(beginning: str) -> int:
    """Count processes whose arguments begin with a text."""
    count = 0
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                count += (path / "cmdline").read_bytes().startswith(beginning.encode())
            except OSError:
                continue
    return count


async def wait_until(condition: Callable[[], bool], *, wait_s: float) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + wait_s
    # Other processes set no events that could be awaited.
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.02)
    assert condition()
