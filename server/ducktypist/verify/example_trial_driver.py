"""Runs one function's examples in many versions of a file, each in a fork of this process.

Runs inside the sandbox with the user's Python (3.8 or newer) and the standard library only;
``example_trials`` copies it next to the run. Libraries that the file imports are loaded once;
modules of the workspace are imported anew by every fork. A version may do anything to its own
process, and to the files that later ones see: nothing that is said here makes a verdict.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

import _ducktypist_example_checks as checks  # type: ignore[import-not-found] # its name there
import _ducktypist_example_driver as driver  # type: ignore[import-not-found] # its name there

MAX_TEXT = 4000
MAX_SAID = 10**6


def main() -> None:
    """Read the plan, try version after version, report each as soon as it is done."""
    report_fd = int(os.environ.pop("DUCKTYPIST_REPORT_FD"))
    os.set_inheritable(report_fd, False)  # noqa: FBT003 - positional-only in Python
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    sys.dont_write_bytecode = True
    root = str(Path.cwd())
    for name in plan["modules"]:
        preload(name, root)
    until = time.monotonic() + plan["budget_s"]
    for number, version in enumerate(plan["versions"]):
        begun = time.monotonic()
        if begun >= until:
            break
        target = Path(root, version["path"])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(version.pop("text").encode("utf-8"))
        # Later than any compiled file that lies about, and than the version before.
        os.utime(str(target), (time.time() + 10 + 2 * number,) * 2)
        said = tried({**plan, **version}, report_fd, min(until, begun + plan["limit_s"]))
        said["duration_ms"] = (time.monotonic() - begun) * 1000
        data = (json.dumps({"nonce": plan["nonce"], "version": number, **said}) + "\n").encode()
        while data:
            data = data[os.write(report_fd, data) :]
    os._exit(0)


def preload(name: str, root: str) -> None:
    """Import a library, and forget what is the workspace's own."""
    known = set(sys.modules)
    with contextlib.suppress(BaseException):
        importlib.import_module(name)
    for added in set(sys.modules) - known:
        place = getattr(sys.modules[added], "__file__", None) or ""
        if place.startswith(root + os.sep) and not place.startswith(sys.prefix + os.sep):
            del sys.modules[added]


def tried(plan: dict[str, Any], report_fd: int, until: float) -> dict[str, Any]:
    """Run one version in a process of its own; what it says, or how it ended."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            os.close(report_fd)
            be_version(plan, writer)
        finally:
            os._exit(1)
    os.close(writer)
    data, is_late = b"", False
    while len(data) < MAX_SAID:
        left_s = until - time.monotonic()
        if left_s <= 0 or not select.select([reader], [], [], left_s)[0]:
            is_late = True
            break
        chunk = os.read(reader, 65536)
        if not chunk:
            break
        data += chunk
    os.close(reader)
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    late_signals = {signal.SIGPROF, signal.SIGXCPU}
    if is_late or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in late_signals):
        return {"killed": "wall_clock"}
    try:
        said = json.loads(data)
    except ValueError:
        return {"broken": "the process ended before the examples did"}
    return said if isinstance(said, dict) else {"broken": "it said something else"}


def be_version(plan: dict[str, Any], writer: int) -> NoReturn:
    """Be the process of one version: import it, run the checks, say what came, and leave."""
    write, dumps, leave, own_pid, pid = os.write, json.dumps, os._exit, os.getpid(), os.getpid

    def say(**fields: object) -> None:
        # A copy of this process that the version made has nothing to say.
        if pid() != own_pid:
            leave(1)
        data = dumps(fields).encode("utf-8", "backslashreplace")
        while data:
            data = data[write(writer, data) :]

    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for what, value in ((resource.RLIMIT_DATA, plan["memory_bytes"]),):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (value, value))
    # Nothing handles this signal, so it ends what only computes for ever.
    signal.setitimer(signal.ITIMER_PROF, plan["cpu_s"])
    run = checks.make(plan)
    try:
        module = driver.load(Path.cwd() / plan["path"])
    except BaseException:  # noqa: BLE001 - whatever a module raises, SystemExit too, is told
        say(broken=traceback.format_exc()[-MAX_TEXT:])
        leave(3)
    say(**run(module))
    leave(0)


if __name__ == "__main__":
    main()
