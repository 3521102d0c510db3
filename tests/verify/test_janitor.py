"""Who clears up after a server that was killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ducktypist.verify import janitor, scratch
from ducktypist.verify.janitor import Janitor
from support.processes import wait_until

SERVER = """
import sys, time
from pathlib import Path
from ducktypist.verify import scratch
from ducktypist.verify.janitor import Janitor
root = Path(sys.argv[1])
assert Janitor.hire(root)
scratch.create(root, workspace=Path("/nonexistent"))
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_after_a_server_that_was_killed_nothing_is_left(
    tmp_path: Path, end: signal.Signals
) -> None:
    """Its scratch folders are removed without another server being started."""
    root = tmp_path / "scratch"
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(root)), stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    mine = await asyncio.to_thread(scratch.create, root, workspace=Path("/nonexistent"))
    assert len(await asyncio.to_thread(list, root.iterdir())) == 2
    server.send_signal(end)
    await server.wait()
    await wait_until(lambda: [item.name for item in root.iterdir()] == [mine.top.name], wait_s=20)


async def test_one_that_is_dismissed_does_nothing(tmp_path: Path) -> None:
    """A server that ends in order has removed its folders itself."""
    hired = await asyncio.to_thread(Janitor.hire, tmp_path)
    assert hired is not None
    await asyncio.to_thread(hired.dismiss)
    assert hired._process.returncode == -signal.SIGKILL


def test_what_cannot_be_removed_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for ever for a folder that somebody holds."""
    held = tmp_path / "run-999999999-1-abc"
    held.mkdir()
    monkeypatch.setattr(scratch, "remove", lambda _: None)
    janitor.clear(tmp_path, patience_s=0.1)
    assert held.is_dir()


async def test_where_there_is_no_shell_there_is_no_janitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start's sweep is left then."""
    monkeypatch.setattr(janitor, "SHELL", str(tmp_path / "none"))
    assert await asyncio.to_thread(Janitor.hire, tmp_path) is None
