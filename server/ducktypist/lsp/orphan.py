"""Notices that the editor has died although its end of our pipe is still open.

An editor that is killed leaves the pipe to whoever inherited it, such as a terminal it started;
then no end of input ever comes. Knows nothing of LSP but the process id.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from typing import Any


async def wait_until_gone(pid: int, *, poll_s: float = 2.0, use_pidfd: bool = True) -> bool:
    """Return True once the process has ended, False at once if it cannot be watched.

    A process that is not there now is one of another PID namespace (a server in a container), or
    its end of the pipe tells us anyway; so it is not waited for.

    Args:
        pid: The editor's ``processId``.
        poll_s: How often to look where the kernel cannot tell us.
        use_pidfd: Let the kernel tell us (Linux 5.3); immune to a reused pid.
    """
    if pid <= 0 or pid == os.getpid():
        return False
    if use_pidfd and sys.platform == "linux":
        try:
            fd = os.pidfd_open(pid)
        except OSError as error:
            if error.errno in {errno.ESRCH, errno.EINVAL}:
                return False
        else:
            await _readable(fd)
            return True
    import psutil  # noqa: PLC0415 - not before initialize is answered

    try:
        process = await asyncio.to_thread(psutil.Process, pid)
    except psutil.Error:
        return False
    while await asyncio.to_thread(_is_alive, process):  # noqa: ASYNC110 - no event tells us
        await asyncio.sleep(poll_s)
    return True


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
