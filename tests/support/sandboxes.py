"""Sandboxes for tests: which levels this machine must have, and one of each."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ducktypist.verify import bubblewrap, landlock
from ducktypist.verify.sandbox import RunResult, Sandbox, SandboxStatus, probe
from ducktypist.verify.watchdog import Limits

LIMITS = Limits(
    timeout_s=20.0,
    max_memory_bytes=512 * 1024**2,
    max_processes=64,
    max_output_bytes=4 * 1024**2,
    max_scratch_bytes=64 * 1024**2,
)


def expected_levels() -> list[int]:
    """Return the levels that must work here; ``DUCKTYPIST_TEST_LEVELS=4,2`` overrides the guess."""
    named = os.environ.get("DUCKTYPIST_TEST_LEVELS")
    if named:
        return [int(word) for word in named.split(",")]
    programs = bubblewrap.find()
    levels = [4] if any(program.has_overlay for program in programs) else []
    if programs and shutil.which("unshare"):
        levels.append(3)
    if landlock.abi():
        levels.append(2)
    return levels


async def sandbox_of(level: int, *, scratch_root: Path, home: Path | None = None) -> Sandbox:
    """Return a sandbox of one level; fails loudly when the machine cannot have it."""
    status = await probe(scratch_root=scratch_root, only_level=level, home=home)
    assert status.level == level, f"level {level} is expected here: {status.reason}"
    return Sandbox(status=status, scratch_root=scratch_root, home=home)


def tree_hash(root: Path) -> dict[str, tuple[int, int, int, bytes | str | None]]:
    """Return everything about a tree that a run could change."""
    found = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        content: bytes | str | None = None
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        kept_ns = info.st_mtime_ns if not path.is_dir() else 0
        found[str(path.relative_to(root))] = (info.st_mode, info.st_size, kept_ns, content)
    return found


__all__ = [
    "LIMITS",
    "RunResult",
    "Sandbox",
    "SandboxStatus",
    "expected_levels",
    "sandbox_of",
    "tree_hash",
]
