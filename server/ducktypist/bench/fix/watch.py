"""What a search must not do: change the workspace, or leave processes, mounts or folders behind."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

GONE_WITHIN_S = 2.0
POLL_S = 0.05
_HOST = "ducktypist.engine.host"
_JANITOR = "ducktypist.verify.janitor"
_MOUNTS = Path("/proc/self/mountinfo")

Tree = Mapping[str, tuple[int, int, str]]
"""By path below a folder: mode, time of the last change in nanoseconds, hash of the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """Where a bench's servers may leave something."""

    top: Path
    """Every folder of the bench lies below it."""
    scratch: Path
    """The scratch folder of the servers."""
    temporary: Path
    """Their folder for temporary files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What was still there after the time that it has to go."""

    what: tuple[str, ...]
    """One item each; empty when nothing was left."""
    gone_ms: float
    """When nothing was left any more, or the time waited."""


def tree(root: Path) -> Tree:
    """Return everything about a tree that a run could change; links are not followed."""
    found = {}
    for path in [root, *sorted(root.rglob("*"))]:
        info = path.lstat()
        content = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        found[path.relative_to(root).as_posix()] = (info.st_mode, info.st_mtime_ns, content)
    return found


def changes(before: Tree, after: Tree) -> tuple[str, ...]:
    """Return one line for each path that is not what it was."""
    found = []
    for path in sorted({*before, *after}):
        if path not in after:
            found.append(f"{path} is gone")
        elif path not in before:
            found.append(f"{path} is new")
        elif before[path] != after[path]:
            found.append(f"{path} was changed")
    return tuple(found)


def descendants(pid: int) -> list[psutil.Process]:
    """Return the processes below one that are no part of the server itself.

    The model's host outlives windows, and the janitor is there as long as the window.
    """
    with suppress(psutil.Error):
        found = psutil.Process(pid).children(recursive=True)
        return [item for item in found if not (_is(_HOST, item) or _is(_JANITOR, item))]
    return []


async def left_behind(
    premises: Premises, *, server: int | None, known: Collection[psutil.Process] = ()
) -> Left:
    """Wait until nothing is left of a search, at most :data:`GONE_WITHIN_S`.

    Args:
        premises: Where to look.
        server: The server's process if it is to live on; it is not counted, but its children are.
        known: Processes seen while the search ran; they too must be gone.
    """
    started = time.perf_counter()
    while True:
        what = await asyncio.to_thread(_present, premises, server, known)
        waited_s = time.perf_counter() - started
        if not what or waited_s >= GONE_WITHIN_S:
            return Left(what=tuple(what), gone_ms=waited_s * 1000)
        await asyncio.sleep(POLL_S)


def _present(
    premises: Premises, server: int | None, known: Collection[psutil.Process]
) -> list[str]:
    own = {os.getpid(), server}
    found = {item.pid: item for item in known if _is_alive(item)}
    if server is not None:
        found.update({item.pid: item for item in descendants(server)})
    for item in psutil.process_iter():
        if item.pid in own or item.pid in found or (server is not None and _is(_JANITOR, item)):
            continue
        if _belongs(item, premises.top):
            found[item.pid] = item
    what = [f"process {pid} {_said_of(item)}" for pid, item in found.items() if _is_alive(item)]
    for folder in (premises.scratch, premises.temporary):
        if folder.is_dir():
            what += [f"folder {item.name}" for item in folder.iterdir() if _is_left(item, folder)]
    with suppress(OSError):
        lines = _MOUNTS.read_text("utf-8", "replace").splitlines()
        what += [f"mount {line.split()[4]}" for line in lines if str(premises.top) in line]
    return what


def _is_left(item: Path, folder: Path) -> bool:
    # Beside the scratches there may be locks and build caches, which are meant to stay.
    return item.name.startswith("run-") if folder.name == "scratch" else True


def _belongs(process: psutil.Process, top: Path) -> bool:
    """Tell by its words and its folder whether a process has to do with the bench's folders."""
    with suppress(psutil.Error):
        words = " ".join(process.cmdline())
        if _HOST in words:
            return False
        return str(top) in words or process.cwd().startswith(str(top))
    return False


def _is(name: str, process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return name in " ".join(process.cmdline())
    return False


def _is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _said_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:80] or process.name()
    return "(gone)"
