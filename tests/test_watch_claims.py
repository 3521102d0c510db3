"""Locks that say who follows what."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from ducktypist.watch.claims import MAX_AGE_S, Claims


def test_a_window_is_nobodys_until_it_is_gone(tmp_path: Path) -> None:
    """One holds it, whoever comes second does not, and after the first the next may have it."""
    folder = tmp_path / "locks"
    first, second = Claims(folder), Claims(folder)
    assert first.take("one")
    assert first.take("one")
    assert not second.take("one")
    assert second.take("two")
    first.close()
    assert second.take("one")
    second.close()


def test_whoever_dies_lets_go(tmp_path: Path) -> None:
    """However it ends."""
    code = (
        "import sys, os\nfrom pathlib import Path\nfrom ducktypist.watch.claims import Claims\n"
        "assert Claims(Path(sys.argv[1])).take('one')\nprint('held', flush=True)\n"
        "sys.stdin.read()\nos._exit(9)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    claims = Claims(tmp_path)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert not claims.take("one")
    finally:
        process.kill()
        process.communicate()
    assert claims.take("one")
    claims.close()


def test_what_cannot_be_locked_is_nobodys(tmp_path: Path) -> None:
    """Names that are none, and folders that cannot be made."""
    claims = Claims(tmp_path)
    assert not claims.take("../one")
    assert not claims.take("")
    (tmp_path / "file").write_text("")
    assert not Claims(tmp_path / "file").take("one")
    (tmp_path / "link.lock").symlink_to(tmp_path / "file")
    assert not claims.take("link")


def test_old_locks_are_swept(tmp_path: Path) -> None:
    """Those that nobody holds."""
    names = ("old", "held", "mine", "new")
    for name in names:
        (tmp_path / f"{name}.lock").write_text("")
    other, claims = Claims(tmp_path), Claims(tmp_path)
    assert other.take("held")
    assert claims.take("mine")
    long_ago_s = time.time() - MAX_AGE_S - 10
    for name in names[:3]:
        os.utime(tmp_path / f"{name}.lock", (long_ago_s, long_ago_s))
    claims.sweep()
    assert {path.stem for path in tmp_path.glob("*.lock")} == {"held", "mine", "new"}
    other.close()
    claims.close()
