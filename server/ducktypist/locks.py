"""Files that one process at a time holds: ``flock(2)``, and what stands in for it on Windows.

A lock is gone with its process, however that ended. The file of a lock is never removed while
somebody may hold it: two processes would hold two files of one name.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

POLL_S = 0.02


def open_lock(path: Path) -> int:
    """Return a descriptor of a lock's file, which is made where it is missing; close it to let go.

    Raises:
        OSError: It cannot be made or opened, or is a link.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    return os.open(path, flags, 0o600)


if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Take a lock if nobody else holds it; tell whether it is ours.

        Raises:
            OSError: There can be no locks here.
        """
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def wait_for_lock(descriptor: int) -> None:
        """Take a lock once nobody else holds it; blocks.

        Raises:
            OSError: There can be no locks here.
        """
        while not try_lock(descriptor):
            time.sleep(POLL_S)

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Take a lock if nobody else holds it; tell whether it is ours.

        Raises:
            OSError: There can be no locks here.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait_for_lock(descriptor: int) -> None:
        """Take a lock once nobody else holds it; blocks.

        Raises:
            OSError: There can be no locks here.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX)
