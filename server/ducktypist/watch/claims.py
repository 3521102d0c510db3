"""Who follows what: one lock a window, which whoever goes on with its work takes over.

A lock is free when its window is gone, however it went. Files are left behind, empty.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from pathlib import Path

from ducktypist.locks import open_lock, try_lock

FOLDER = "following"
MAX_AGE_S = 30 * 86_400
"""An older file that nobody holds is taken away."""

_NAME = re.compile(r"\w{1,64}")


class Claims:
    """The locks that this process holds."""

    def __init__(self, folder: Path) -> None:
        """Hold none yet.

        Args:
            folder: Where the locks of all windows are; made when the first one is taken.
        """
        self._folder = folder
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Take the lock of a window; tell whether it is ours now. Touches the disk.

        Where there can be no locks at all it is nobody's, so that nothing is done twice.
        """
        if not _NAME.fullmatch(name):
            return False
        with self._lock:
            if name in self._held:
                return True
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = open_lock(self._folder / f"{name}.lock")
            except OSError:
                return False
            try:
                is_ours = try_lock(descriptor)
            except OSError:
                is_ours = False
            if is_ours:
                self._held[name] = descriptor
            else:
                os.close(descriptor)
            return is_ours

    def sweep(self) -> None:
        """Take away old locks that nobody holds."""
        oldest_s = time.time() - MAX_AGE_S
        with contextlib.suppress(OSError):
            for path in list(self._folder.glob("*.lock")):
                if path.stat().st_mtime < oldest_s and path.stem not in self._held:
                    free = self.take(path.stem)
                    if free:
                        path.unlink(missing_ok=True)
                        self._release(path.stem)

    def close(self) -> None:
        """Let go of all."""
        for name in list(self._held):
            self._release(name)

    def _release(self, name: str) -> None:
        with self._lock:
            descriptor = self._held.pop(name, None)
            if descriptor is not None:
                os.close(descriptor)
