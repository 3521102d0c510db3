"""Notices that the editor has died although its end of our pipe is still open.

An editor that is killed leaves the pipe to whoever inherited it, such as a terminal it started;
then no end of input ever comes. Knows nothing of LSP but the process id.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from collections.abc import Coroutine
from typing import Any


def end_of(
    pid: int, *, poll_s: float = 2.0, use_pidfd: bool = True
) -> Coroutine[Any, Any, None] | None:
    """Start watching a process: return what to await for its end, or None if it is not there.

    The process is looked up before this returns, so one that ends right afterwards is not missed.
    One that is not there is of another PID namespace (a server in a container), and then nothing
    can be said about it; so None is no reason to leave.

    Args:
        pid: The editor's ``processId``.
        poll_s: How often to look where the kernel cannot tell us.
        use_pidfd: Let the kernel tell us (Linux 5.3); immune to a reused pid.
    """
    if pid <= 0 or pid == os.getpid():
        return None
    if use_pidfd and sys.platform == "linux":
        try:
            return _readable(os.pidfd_open(pid))
        except OSError as error:
            if error.errno in {errno.ESRCH, errno.EINVAL}:
                return None
    try:
        os.kill(pid, 0)  # Signal 0 only asks; POSIX.
    except PermissionError:
        pass
    except (OSError, OverflowError):
        return None
    return _polled(pid, poll_s)


async def _polled(pid: int, poll_s: float) -> None:
    import psutil  # noqa: PLC0415 - a Linux server never needs it, and must start quickly

    try:
        process = await asyncio.to_thread(psutil.Process, pid)
    except psutil.NoSuchProcess:
        return
    while await asyncio.to_thread(_is_alive, process):  # noqa: ASYNC110 - no event tells us
        await asyncio.sleep(poll_s)


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)


def _is_alive(process: Any) -> bool:  # noqa: ANN401 - psutil.Process, imported late
    import psutil  # noqa: PLC0415 - imported already

    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
