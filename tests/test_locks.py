"""A lock is held by one, is let go with its descriptor or its process, and follows no link."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ducktypist.locks import open_lock, try_lock, wait_for_lock

HOLDER = """
import sys
from pathlib import Path
from ducktypist.locks import open_lock, try_lock
assert try_lock(open_lock(Path(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """While another process has it, it is nobody else's; when that is killed, it is free."""
    path = tmp_path / "a.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        ours = open_lock(path)
        assert not try_lock(ours)
        holder.kill()
        holder.wait()
        assert try_lock(ours)
        os.close(ours)
    assert path.exists()


def test_whoever_waits_gets_it(tmp_path: Path) -> None:
    """Waiting ends when the holder closes its descriptor."""
    first, second = open_lock(tmp_path / "a.lock"), open_lock(tmp_path / "a.lock")
    assert try_lock(first)
    waiter = threading.Thread(target=wait_for_lock, args=(second,), daemon=True)
    waiter.start()
    os.close(first)
    waiter.join(30)
    assert not waiter.is_alive()
    os.close(second)


def test_the_file_is_the_owners_and_no_link(tmp_path: Path) -> None:
    """A link in its place is refused, so that no other file is made or held."""
    path = tmp_path / "a.lock"
    os.close(open_lock(path))
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "b.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"b\.lock"):
        open_lock(tmp_path / "b.lock")
    assert not (tmp_path / "elsewhere").exists()
