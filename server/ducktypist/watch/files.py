"""Tells when files change on disk, whether or not they or their folders exist yet."""

from __future__ import annotations

import asyncio
import importlib
import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

DEBOUNCE_MS = 200
STEP_MS = 100
POLL_DELAY_MS = 1000
LOOK_EVERY_MS = 5000
"""A look without any event: one may have come before the watch began, or get lost."""
_READING = os.O_RDONLY
# Nothing stands for these on Windows, and for the last nowhere else.
for _flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _READING |= getattr(os, _flag, 0)

Files = Callable[[], Mapping[Path, Path]]
"""Says which files to watch, each with the folder above which nothing is watched."""


async def file_changes(files: Files, *, at_once: bool = False) -> AsyncIterator[tuple[Path, ...]]:
    """Yield the files that appeared, changed or went, until cancelled.

    Args:
        files: Called for every look, in a thread.
        at_once: Yield what exists at the beginning, too.
    """
    watchfiles = await asyncio.to_thread(importlib.import_module, "watchfiles")
    known = {} if at_once else await asyncio.to_thread(_states, files)
    while True:
        places = await asyncio.to_thread(_places, files)
        now = await asyncio.to_thread(_states, files)
        if changed := _changed(known, now):
            known = now
            yield changed
        if not places:
            return
        async for _ in watchfiles.awatch(
            *places,
            # The default filter leaves out everything in .pytest_cache.
            watch_filter=None,
            recursive=False,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            rust_timeout=LOOK_EVERY_MS,
            yield_on_timeout=True,
            poll_delay_ms=POLL_DELAY_MS,
            ignore_permission_denied=True,
        ):
            now = await asyncio.to_thread(_states, files)
            if changed := _changed(known, now):
                known = now
                yield changed
            if places != await asyncio.to_thread(_places, files):
                break


def read_bounded(path: Path, most_bytes: int) -> tuple[bytes, float] | None:
    """Return a regular file's bytes and when it was written (seconds since the epoch, UTC).

    None when there is no such file, it is larger, or it cannot be read. A FIFO is not waited for.
    """
    try:
        fd = os.open(path, _READING)
    except OSError:
        return None
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most_bytes:
            return None
        with os.fdopen(fd, "rb", closefd=False) as file:
            raw = file.read(most_bytes + 1)
    except OSError:
        return None
    finally:
        os.close(fd)
    return (raw, about.st_mtime) if len(raw) <= most_bytes else None


_State = tuple[int, int, int]


def _states(files: Files) -> dict[Path, _State]:
    found = {}
    for path in files():
        try:
            about = path.stat()
        except (OSError, ValueError):
            continue
        found[path] = (about.st_ino, about.st_size, about.st_mtime_ns)
    return found


def _changed(known: Mapping[Path, _State], now: Mapping[Path, _State]) -> tuple[Path, ...]:
    return tuple(path for path in {**known, **now} if known.get(path) != now.get(path))


def _places(files: Files) -> list[Path]:
    """Return the deepest existing folder on the way to each file, from its top folder down."""
    found: dict[Path, None] = {}
    for path, top in files().items():
        for folder in path.parents:
            if folder.is_dir():
                found[folder] = None
                break
            if folder == top:
                break
    return list(found)
