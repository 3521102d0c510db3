"""Trees compared, and things left behind found."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ducktypist.bench.fix import watch as fix_watch
from ducktypist.bench.fix.watch import Premises, changes, descendants, left_behind, tree


@pytest.fixture
def premises(tmp_path: Path) -> Premises:
    """Return folders that nothing else uses."""
    found = Premises(
        top=tmp_path, scratch=tmp_path / "cache" / "scratch", temporary=tmp_path / "tmp"
    )
    found.scratch.mkdir(parents=True)
    found.temporary.mkdir()
    return found


def test_every_change_of_a_tree_is_seen(tmp_path: Path) -> None:
    """Content, mode, time, kind, new and gone."""
    for name in ("same", "content", "mode", "time", "gone", "kind"):
        (tmp_path / name).write_text("x")
    before = tree(tmp_path)
    assert changes(before, tree(tmp_path)) == ()
    info = (tmp_path / "content").stat()
    (tmp_path / "content").write_text("y")
    os.utime(tmp_path / "content", ns=(info.st_atime_ns, info.st_mtime_ns))
    (tmp_path / "mode").chmod(0o700)
    os.utime(tmp_path / "time", ns=(0, 0))
    (tmp_path / "gone").unlink()
    (tmp_path / "kind").unlink()
    (tmp_path / "kind").symlink_to("same")
    (tmp_path / "new").mkdir()
    assert changes(before, tree(tmp_path)) == (
        ". was changed",
        "content was changed",
        "gone is gone",
        "kind was changed",
        "mode was changed",
        "new is new",
        "time was changed",
    )


async def test_nothing_is_left_of_nothing(premises: Premises) -> None:
    """Locks and caches beside the scratches are meant to stay."""
    (premises.scratch / "lock").touch()
    assert (await left_behind(premises, server=None)).what == ()


async def test_what_is_left_is_named(premises: Premises, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scratch, a temporary file, and a process that works in the folders."""
    monkeypatch.setattr(fix_watch, "GONE_WITHIN_S", 0.1)
    (premises.scratch / "run-1-2-abc").mkdir()
    (premises.temporary / "forgotten").touch()
    sleeper = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], cwd=premises.top
    )
    try:
        found = await left_behind(premises, server=None)
        below = await asyncio.to_thread(descendants, os.getpid())
        assert sleeper.pid in {item.pid for item in below}
    finally:
        sleeper.kill()
        sleeper.wait()
    assert f"process {sleeper.pid} " in found.what[0]
    assert found.what[1:] == ("folder run-1-2-abc", "folder forgotten")
    assert found.gone_ms >= 100


async def test_a_process_seen_before_must_be_gone_too(
    premises: Premises, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nothing about it tells where it belongs any more."""
    monkeypatch.setattr(fix_watch, "GONE_WITHIN_S", 0.1)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd="/")
    known = [psutil.Process(sleeper.pid)]
    try:
        found = await left_behind(premises, server=None, known=known)
    finally:
        sleeper.kill()
        sleeper.wait()
    assert [item.startswith(f"process {sleeper.pid} ") for item in found.what] == [True]
    assert (await left_behind(premises, server=None, known=known)).what == ()
