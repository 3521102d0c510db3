"""Clears up after a server that was killed: removes the scratch folders of its runs.

A server that ends in order does that itself. The janitor is a shell that waits for the end of a
pipe, which the kernel closes with the server; only then Python is started.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

from ducktypist.verify import scratch

SHELL = "/bin/sh"
PATIENCE_S = 30.0
"""Runs die with their server, but not before it; what they still hold cannot be removed."""
_STEP_S = 0.05
_WAIT = 'read -r line; exec "$@"'


class Janitor:
    """One per window that runs anything."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    def hire(cls, scratch_root: Path) -> Janitor | None:
        """Start one for the runs of this process; None where that cannot be. Blocks."""
        command = [sys.executable, "-I", "-m", __name__, str(scratch_root)]
        try:
            # A session of its own: what is sent to the server's group is not meant for it.
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [SHELL, "-c", _WAIT, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            return None
        return cls(process)

    def dismiss(self) -> None:
        """End it; the server clears up itself. Blocks for a moment."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()


def clear(scratch_root: Path, *, patience_s: float = PATIENCE_S) -> None:
    """Remove what dead servers left, as soon as their runs let go of it."""
    give_up_s = time.monotonic() + patience_s
    while True:
        scratch.sweep(scratch_root)
        if not any(scratch.abandoned(scratch_root)) or time.monotonic() > give_up_s:
            return
        time.sleep(_STEP_S)


if __name__ == "__main__":
    clear(Path(sys.argv[1]))
