"""A process and all below it, read from Linux's ``/proc``: who, how much memory, and ending it.

Not here: when to end it (``watchdog``). Nothing in this file needs a privilege; all of it tolerates
processes that vanish between two reads.
"""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

PAGE_BYTES = mmap.PAGESIZE
_PPID_FIELD = 1
_START_FIELD = 19
"""Indexes into ``/proc/PID/stat`` after the name, see proc(5)."""


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None for none and for a zombie."""
    fields = _stat(pid)
    if fields is None or fields[0] in {"Z", "X"}:
        return None
    return int(fields[_START_FIELD])


def descendants(pid: int, *, at_most: int = 1_000_000) -> dict[int, int]:
    """Return the living processes below ``pid`` with their start ticks, ``pid`` itself left out."""
    found: dict[int, int] = {}
    waiting = _children(pid)
    while waiting and len(found) <= at_most:
        child = waiting.pop()
        if child in found:
            continue
        started = start_ticks(child)
        if started is not None:
            found[child] = started
        # A zombie's children were given to another parent already, but a thread group whose
        # leader has ended looks like one and still has its own.
        waiting += _children(child)
    return found


def resident_bytes(pids: Mapping[int, int]) -> int:
    """Return the sum of resident memory; pages that processes share count once for each."""
    total = 0
    for pid in pids:
        text = _read(f"/proc/{pid}/statm")
        if text:
            total += int(text.split()[1]) * PAGE_BYTES
    return total


def proportional_bytes(pids: Mapping[int, int]) -> int:
    """Return the sum of proportional memory; shared pages count once in all. Slower."""
    total = 0
    for pid in pids:
        text = _read(f"/proc/{pid}/smaps_rollup")
        for line in text.splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
                break
        else:
            total += resident_bytes({pid: 0})
    return total


def kill_tree(pid: int, *, known: Mapping[int, int], wait_s: float = 2.0) -> bool:
    """Kill ``pid`` and all below it, and tell whether nothing is left.

    Everything below goes first and ``pid`` last: it may be the reaper that keeps orphans in reach.

    Args:
        pid: The top of the tree, a child of this process; the caller reaps it.
        known: Processes seen earlier, by start ticks, that may have left the tree since.
        wait_s: How long to go on before giving up.
    """
    deadline = time.monotonic() + wait_s
    seen = dict(known)
    while time.monotonic() < deadline:
        below = descendants(pid)
        seen |= below
        if not below:
            break
        # Stopped first, so that a fork bomb cannot outrun the killing.
        for sent in (signal.SIGSTOP, signal.SIGKILL):
            for child in below:
                _send(child, sent)
        time.sleep(0.002)
    _send(pid, signal.SIGKILL)
    return wait_gone(seen, wait_s=max(0.2, deadline - time.monotonic()))


def wait_gone(pids: Mapping[int, int], *, wait_s: float) -> bool:
    """Wait until none of these processes lives; kill those that still do; tell whether all went."""
    deadline = time.monotonic() + wait_s
    left = {pid for pid, started in pids.items() if start_ticks(pid) == started}
    n_rounds = 0
    while left and time.monotonic() < deadline:
        n_rounds += 1
        if n_rounds > 10:  # noqa: PLR2004 - a namespace that is being torn down needs a moment
            for pid in left:
                _send(pid, signal.SIGKILL)
        time.sleep(0.002)
        left = {pid for pid in left if start_ticks(pid) == pids[pid]}
    return not left


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - read 40 times a second
    except OSError:
        return []
    if not Path("/proc/self/task").joinpath(str(os.getpid()), "children").exists():
        return _children_by_scan(pid)
    found: list[int] = []
    for thread in threads:
        found += [int(word) for word in _read(f"/proc/{pid}/task/{thread}/children").split()]
    return found


def _children_by_scan(pid: int) -> list[int]:
    # Kernels without CONFIG_PROC_CHILDREN have only the parent's id, in every process.
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - read 40 times a second
        if entry.isdigit():
            fields = _stat(int(entry))
            if fields is not None and int(fields[_PPID_FIELD]) == pid:
                found.append(int(entry))
    return found


def _stat(pid: int) -> list[str] | None:
    text = _read(f"/proc/{pid}/stat")
    # The name is in parentheses and may itself hold spaces and parentheses.
    return text[text.rindex(")") + 2 :].split() if ")" in text else None


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - read 40 times a second
            return file.read()
    except (OSError, ValueError):
        return ""


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        # It is gone already, which is what was wanted.
        return
