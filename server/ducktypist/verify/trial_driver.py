"""Tries patches on the same tests, each in a fork of this process, which has pytest loaded.

Runs inside the sandbox with the user's Python (3.8 or newer), pytest (6 to 9) and nothing of
Ducktypist; ``pytest_trials`` copies it next to the run and talks to it in lines of JSON. It never
imports a module of the workspace itself, so that every fork has fresh ones. A patch under trial can
kill or deceive it: what passes here is run again, each time in a sandbox of its own.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

import _ducktypist_trial_undoing as undoing  # type: ignore[import-not-found] # its name there
from _ducktypist_trial_warm import Warm  # type: ignore[import-not-found] # its name there

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
OUTPUT_TAIL_BYTES = 16 * 1024
MTIME_AHEAD_S = 2
"""How far in the future a patch is dated, and each a second later than the one before: no ``.pyc``
of another run or another patch names that time."""


def main() -> None:
    """Load what can be shared, then try what is asked until the pipe is closed."""
    commands = os.fdopen(int(os.environ.pop("DUCKTYPIST_COMMAND_FD")), "rb")
    report_fd = int(os.environ.pop("DUCKTYPIST_REPORT_FD"))
    for number in (commands.fileno(), report_fd):
        os.set_inheritable(number, False)  # noqa: FBT003 - positional-only in Python
    libc = ctypes.CDLL(None)
    # Daemons of a patch come here and can be ended; patches cannot look into this process.
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    warm = Warm(str(Path.cwd()))
    warm.load()
    driver = Driver(warm, report_fd=report_fd, private=[commands.fileno()])
    for line in commands:
        driver.answer(json.loads(line))


class Driver:
    """Answers commands, one after the other."""

    def __init__(self, warm: Warm, *, report_fd: int, private: list[int]) -> None:
        self._warm = warm
        self._report_fd = report_fd
        self._private = private
        self._n_trials = 0
        self._ended, wake = os.pipe()
        self._private += [self._ended, wake]
        for number in (self._ended, wake):
            os.set_blocking(number, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        places = {os.environ.get("TMPDIR", ""), os.environ.get("HOME", ""), "/dev/shm"}  # noqa: S108 - private to the sandbox
        self._before = {place: set(undoing.names(place)) for place in places if place}

    def answer(self, command: dict[str, Any]) -> None:
        """Carry one command out and say that it is done."""
        for path in command.get("remove", ()):
            undoing.remove(path)
        if command.get("modules"):
            self._warm.load_more(command["modules"])
        said: dict[str, Any] = {"threads": threading.active_count() - 1}
        if "arguments" in command and not said["threads"]:
            said.update(self._try(command))
        line = json.dumps({"nonce": command["nonce"], "event": "done", **said})
        # A fork that was killed may have left half a line.
        undoing.write_all(self._report_fd, f"\n{line}\n".encode("utf-8", "backslashreplace"))

    def _try(self, command: dict[str, Any]) -> dict[str, Any]:
        self._n_trials += 1
        laid = [self._lay(path, text) for path, text in command["files"].items()]
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        begun = time.monotonic()
        pid = os.fork()
        if pid == 0:
            self._fork(command, reader=reader, writer=writer)
        os.close(writer)
        said = self._stand_over(pid, reader, command, begun)
        said["duration_ms"] = (time.monotonic() - begun) * 1000
        os.close(reader)
        # Every one of them, also where one does not go well.
        undone = [undo.back() for undo in reversed(laid)]
        said["restored"] = all(undone)
        for place, names in self._before.items():
            for name in undoing.names(place):
                if name not in names:
                    undoing.remove(os.path.join(place, name))  # noqa: PTH118 - strings here as in undoing
        return said

    def _lay(self, path: str, text: str) -> undoing.Laid:
        return undoing.Laid(path, text, time.time() + MTIME_AHEAD_S + self._n_trials)

    def _stand_over(
        self, pid: int, reader: int, command: dict[str, Any], begun: float
    ) -> dict[str, Any]:
        """Wait for the end of a fork, and end whatever is left of it."""
        output = bytearray()
        n_bytes = 0
        status: int | None = None
        killed = ""
        limit_s = command["limit_s"]
        sources = [reader, self._ended]
        while status is None:
            left_s = begun + limit_s - time.monotonic()
            if left_s <= 0 and undoing.cpu_s(pid) < command["limit_s"] / 2:
                # It sleeps, or a busy machine has not let it run: then it may take longer.
                limit_s = command["most_s"]
                left_s = begun + limit_s - time.monotonic()
            if left_s <= 0 or n_bytes > command["max_output_bytes"]:
                killed = "wall_clock" if left_s <= 0 else "output"
                break
            for ready in select.select(sources, [], [], left_s)[0]:
                data = undoing.read(ready)
                if ready == reader:
                    n_bytes += len(data)
                    output = (output + data)[-OUTPUT_TAIL_BYTES:]
                    if not data:
                        # Closed by a fork that goes on; its end is told by the other pipe.
                        sources.remove(reader)
            status = undoing.reap(pid)
        undoing.end_all()
        data = undoing.read(reader)
        while data:
            output = (output + data)[-OUTPUT_TAIL_BYTES:]
            data = undoing.read(reader)
        return {
            "status": None if killed else status,
            "killed": killed,
            "output": output.decode("utf-8", "replace"),
        }

    def _fork(self, command: dict[str, Any], *, reader: int, writer: int) -> NoReturn:
        status = 3
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number in (*self._private, reader):
                os.close(number)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for number, source in ((0, nothing), (1, writer), (2, writer)):
                os.dup2(source, number)
            os.close(nothing)
            os.close(writer)
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
            status = self._test(command)
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except BaseException:  # noqa: BLE001 - whatever it is, it is this fork's end and not the driver's
            traceback.print_exc()
        finally:
            os._exit(status)

    def _test(self, command: dict[str, Any]) -> int:
        known = set(sys.modules)
        self._warm.enter()
        sys.argv = [getattr(sys.modules["__main__"], "__file__", "pytest"), *command["arguments"]]
        os.environ["DUCKTYPIST_REPORT_FD"] = str(self._report_fd)
        os.environ["DUCKTYPIST_PROBE"] = command["setup"]
        pytest = importlib.import_module("pytest")
        status = int(pytest.main(command["arguments"]))
        if command.get("learn"):
            event = {"event": "modules", "modules": self._warm.news(known)}
            line = json.dumps({"nonce": command["nonce"], **event}) + "\n"
            undoing.write_all(self._report_fd, line.encode("utf-8", "backslashreplace"))
        # What an interpreter does at its end, short of taking itself apart.
        wait_for_threads: Any = getattr(threading, "_shutdown", None)
        if wait_for_threads is not None:
            wait_for_threads()
        sys.stdout.flush()
        sys.stderr.flush()
        return status


if __name__ == "__main__":
    main()
