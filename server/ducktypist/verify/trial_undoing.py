"""What undoes a trial: files put back, what was made removed, processes ended. No pytest.

Runs inside the sandbox with the user's Python (3.8 or newer) and the standard library only;
``pytest_trials`` copies it next to the run, for ``trial_driver``.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


class Laid:
    """One file with another text, and what was there before."""

    def __init__(self, path: str, text: str, dated: float) -> None:
        self._path = Path(path)
        self._made: list[Path] = []
        self._before: tuple[bytes, os.stat_result] | None = None
        if self._path.is_file():
            self._before = (self._path.read_bytes(), self._path.stat())
        for folder in reversed(self._path.parents):
            if not folder.exists():
                folder.mkdir()
                self._made.append(folder)
        self._write(text.encode("utf-8"))
        os.utime(self._path, (dated, dated))

    def back(self) -> bool:
        """Put back what was there; tell whether that went well."""
        try:
            if self._before is None:
                remove(str(self._path))
            else:
                data, info = self._before
                if self._path.is_symlink() or not self._path.is_file():
                    remove(str(self._path))
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._write(data)
                self._path.chmod(info.st_mode & 0o7777)
                os.utime(self._path, ns=(info.st_atime_ns, info.st_mtime_ns))
        except OSError:
            return False
        for folder in self._made[:1]:
            remove(str(folder))
        return True

    def _write(self, data: bytes) -> None:
        with self._path.open("wb") as file:
            file.write(data)


def reap(pid: int) -> int | None:
    """Reap whatever has ended; return the status of one process if it has."""
    status = None
    while True:
        try:
            ended, raw = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if ended == 0:
            return status
        if ended == pid:
            status = os.WEXITSTATUS(raw) if os.WIFEXITED(raw) else 128 + os.WTERMSIG(raw)


def end_all() -> None:
    """Kill everything below this process until nothing is left."""
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            # Orphans come to this process, so without children there is nothing below it.
            return
        # Stopped first, so that a fork bomb cannot outrun the killing.
        below = _below(os.getpid())
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in below:
                try:
                    os.kill(pid, number)
                except OSError:
                    continue
        time.sleep(0.001)


def _below(top: int) -> set[int]:
    parents = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - as below
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - read often
                    text = file.read()
            except OSError:
                continue
            parents[int(name)] = int(text[text.rindex(")") + 2 :].split()[1])
    found: set[int] = set()
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found or parent == top}
        grown = not more <= found
        found |= more
    return found


def cpu_s(pid: int) -> float:
    """Return the processor time of a process and of its children that it has waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0.0
    # User and system time, its own and the children's; see proc(5).
    ticks = text[text.rindex(")") + 2 :].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def remove(path: str) -> None:
    """Delete a file or a whole folder, also what was made unreadable; never follows a link."""
    try:
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114 - as below
            os.chmod(path, 0o700)  # noqa: PTH101 - many paths, of which Path would make objects
            for name in names(path):
                remove(os.path.join(path, name))  # noqa: PTH118 - as above
            os.rmdir(path)  # noqa: PTH106 - as above
        else:
            os.unlink(path)  # noqa: PTH108 - as above
    except OSError:
        return


def names(folder: str) -> list[str]:
    """Return what a folder holds, nothing when it cannot be read."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - read after each trial
    except OSError:
        return []


def is_below(place: str, top: str) -> bool:
    """Tell whether a path is another one or lies below it."""
    return place == top or place.startswith(top.rstrip(os.sep) + os.sep)


def read(number: int) -> bytes:
    """Read what there is, nothing when there is nothing yet."""
    try:
        return os.read(number, 65536)
    except OSError:
        return b""


def write_all(number: int, data: bytes) -> None:
    """Write all of it, waiting for room."""
    while data:
        data = data[os.write(number, data) :]
