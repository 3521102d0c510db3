"""What a test leaves behind: processes, sockets, scratch trees. None may be there in the end."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from ducktypist.verify.scratch import sweep

PR_SET_CHILD_SUBREAPER = 36
LEFT_TIMEOUT_S = 6.0


@contextmanager
def nothing_left(*, timeout_s: float = LEFT_TIMEOUT_S) -> Iterator[None]:
    """Fail where a process, a socket or a scratch tree is left.

    Orphans become children of this process, so that none gets away. A host may stay: idling until
    the next request is what it is for. One that no other test shares is ended here.

    Args:
        timeout_s: How long what is ending may take.
    """
    own_runtime = Path(os.environ["DUCKTYPIST_RUNTIME_DIR"])
    cache = Path(os.environ["DUCKTYPIST_CACHE_DIR"])
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
        deadline = time.monotonic() + timeout_s
        while (left := _left(before)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        end_hosts(own_runtime)
    finally:
        _reap(before)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert not left, f"left running: {[_words(process) for process in left]}"
    # A server that leaves in the middle of a run has three seconds to clean up; what it may leave
    # under load is what the next start sweeps, and nothing else may be there.
    sweep(cache / "scratch")
    scratch = sorted((cache / "scratch").glob("*")) if (cache / "scratch").is_dir() else []
    assert not scratch, f"left behind: {scratch}"
    sockets = sorted(own_runtime.glob("*.sock"))
    assert not sockets, f"left behind: {sockets}"


def _left(before: set[int]) -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            is_host = "ducktypist.engine.host" in child.cmdline()
            if child.pid not in before and not is_host and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:300]
    return f"process {process.pid}, gone by now"


def end_hosts(runtime: Path) -> None:
    """End the hosts whose sockets lie in a folder; in order, so that they take them along."""
    hosts = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(word.startswith(f"--socket={runtime}/") for word in process.cmdline()):
                process.terminate()
                hosts.append(process)
    _, late = psutil.wait_procs(hosts, timeout=5)
    for process in late:
        process.kill()


def _reap(before: set[int]) -> None:
    """Take leave of the dead that nobody else waits for."""
    for child in psutil.Process().children():
        with suppress(psutil.Error, ChildProcessError):
            if child.pid not in before and child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
