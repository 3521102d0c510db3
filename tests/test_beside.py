"""Commands of ours in processes of their own: how they end, and how far they stand back."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from ducktypist.app.beside import run_beside
from ducktypist.errors import DucktypistError
from support.engines import until_async

SLEEPY = """#!{python}
import os, pathlib, time
place = pathlib.Path({place!r})
place.with_suffix(".new").write_text(str(os.getpid()))
place.with_suffix(".new").replace(place)
time.sleep(600)
"""


@pytest.fixture
def pid_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the process be one that notes its number and sleeps."""
    place, program = tmp_path / "pid", tmp_path / "python"
    program.write_text(SLEEPY.format(python=sys.executable, place=str(place)))
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return place


async def test_it_stands_back_and_ends_with_who_asked(pid_file: Path) -> None:
    """A window that closes leaves nothing computing behind."""
    task = asyncio.create_task(run_beside("calibrate", timeout_s=60, niceness=19))
    await until_async(pid_file.exists)
    pid = int(pid_file.read_text())
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_takes_too_long_is_ended(pid_file: Path) -> None:
    """Whoever asked decides what to say."""
    with pytest.raises(TimeoutError):
        await run_beside("calibrate", timeout_s=1.0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_a_failure_comes_in_the_commands_own_words(tmp_path: Path) -> None:
    """What it wrote to standard error is the message."""
    with pytest.raises(DucktypistError, match="is not a file") as caught:
        await run_beside("calibrate", "--if-due", f"--ledger={tmp_path / 'none'}", timeout_s=60)
    assert not str(caught.value).startswith("Error")
