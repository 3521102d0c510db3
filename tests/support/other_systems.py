"""Another operating system, as our own modules see it: what Python lacks there is not there.

Only modules of the package see it; libraries and Python's own go on seeing the real system. So it
shows which of our code paths are taken elsewhere and that they work together. It does not show
what the other system does: its files, pipes, processes and signals are still this one's.

``python other_systems.py win32 -m MODULE ARGUMENTS...`` runs a module of ours in such a process.
"""

from __future__ import annotations

import builtins
import fcntl
import importlib
import os
import runpy
import select
import selectors
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

PACKAGE: Final = "ducktypist"
EXECUTABLE: Final = "DUCKTYPIST_TEST_EXECUTABLE"
"""The variable that names what our modules see as ``sys.executable``; see :func:`interpreter`."""
LK_UNLCK, LK_LOCK, LK_NBLCK = 0, 1, 2

_LINUX_ONLY: Final = {
    os: "pidfd_open O_PATH O_TMPFILE sched_getaffinity sched_setaffinity sched_setscheduler "
    "sched_param SCHED_BATCH memfd_create getrandom posix_fadvise copy_file_range",
    signal: "pidfd_send_signal",
    socket: "SO_PEERCRED AF_NETLINK AF_VSOCK",
    select: "epoll",
}
_POSIX_ONLY: Final = {
    os: "getuid geteuid getgid getegid fork forkpty setsid setpgid getpgid killpg nice sysconf "
    "getgroups O_CLOEXEC O_NOFOLLOW O_NONBLOCK O_DIRECTORY O_NOCTTY WNOHANG mkfifo mknod fchmod "
    "fchown chown lchown getloadavg pread pwrite posix_spawn wait wait3 wait4 WIFEXITED "
    "WIFSIGNALED waitid uname statvfs fchdir chroot",
    signal: "SIGKILL SIGSTOP SIGCONT SIGHUP SIGQUIT SIGALRM SIGCHLD SIGPIPE SIGUSR1 SIGUSR2 "
    "SIGXCPU setitimer alarm pthread_sigmask sigwait",
    socket: "AF_UNIX SCM_RIGHTS CMSG_LEN",
    select: "poll",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What Python lacks on a system, and what is different."""

    platform: str
    """``sys.platform``."""
    name: str
    """``os.name``."""
    modules: frozenset[str] = frozenset()
    """Those that are not there."""
    attributes: Mapping[ModuleType, str] = field(default_factory=dict)


WINDOWS: Final = System(
    platform="win32",
    name="nt",
    modules=frozenset({"fcntl", "resource", "pwd", "grp", "termios", "pty", "tty"}),
    attributes={module: f"{_POSIX_ONLY[module]} {_LINUX_ONLY[module]}" for module in _POSIX_ONLY},
)
MACOS: Final = System(platform="darwin", name="posix", attributes=_LINUX_ONLY)
SYSTEMS: Final = {system.platform: system for system in (WINDOWS, MACOS)}


class _View(ModuleType):
    """A module with some of its names taken away and others changed."""

    def __init__(self, real: ModuleType, missing: str, changed: Mapping[str, Any]) -> None:
        super().__init__(real.__name__)
        vars(self).update(changed, _real=real, _missing=frozenset(missing.split()))

    def __getattr__(self, name: str) -> Any:
        if name in vars(self)["_missing"]:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name)
        return getattr(vars(self)["_real"], name)


class _SocketsOnly(selectors.DefaultSelector):
    """Takes no pipes, as select() on Windows."""

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if not isinstance(fileobj, socket.socket):
            raise OSError(10038, "an operation was attempted on something that is not a socket")
        return super().register(fileobj, events, data)


def pretend(system: System) -> None:
    """Let modules of ours that are imported from now on see another system."""
    # These find out by themselves which system they are on, so they come before.
    for library in ("asyncio", "multiprocessing", "psutil"):
        importlib.import_module(library)
    changed = {"name": system.name, "O_BINARY": 0}
    views: dict[str, ModuleType] = {
        module.__name__: _View(module, missing, changed if module is os else {})
        for module, missing in system.attributes.items()
    }
    executable = os.environ.get(EXECUTABLE, sys.executable)
    views["sys"] = _View(sys, "", {"platform": system.platform, "executable": executable})
    if system is WINDOWS:
        views["msvcrt"] = _msvcrt()
        views["selectors"] = _View(selectors, "", {"DefaultSelector": _SocketsOnly})
    real_import = builtins.__import__

    def import_(
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - as builtins has it
        locals: Mapping[str, Any] | None = None,  # noqa: A002 - the same
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        known = globals or {}
        importer = str(known.get("__package__") or known.get("__name__"))
        if level == 0 and importer.partition(".")[0] == PACKAGE:
            if name in system.modules:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            if name in views:
                return views[name]
        return real_import(name, globals, locals, fromlist or (), level)

    builtins.__import__ = import_


def _msvcrt() -> ModuleType:
    """Return the little of Windows' module that we use, on top of what this system has."""
    module = ModuleType("msvcrt")

    def locking(descriptor: int, mode: int, _n_bytes: int) -> None:
        kind = fcntl.LOCK_UN if mode == LK_UNLCK else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind | (fcntl.LOCK_NB if mode == LK_NBLCK else 0))
        except BlockingIOError as error:
            raise PermissionError(13, "Permission denied") from error

    vars(module).update(LK_UNLCK=LK_UNLCK, LK_LOCK=LK_LOCK, LK_NBLCK=LK_NBLCK, locking=locking)
    vars(module).update(setmode=lambda _descriptor, _flags: 0)
    return module


def interpreter(system: System, folder: Path) -> Path:
    """Write a program that stands in for Python and runs ``-m MODULE`` as that system would.

    What our modules start with ``sys.executable`` is started with it as well.
    """
    path = folder / f"python-{system.platform}"
    start = f'exec "{sys.executable}" "{__file__}" {system.platform} "$@"'
    path.write_text(f'#!/bin/sh\n{EXECUTABLE}="$0" {start}\n')
    path.chmod(0o755)
    return path


def _main() -> None:
    """Run the module that the arguments name; Python's own options before it are left aside."""
    platform, *arguments = sys.argv[1:]
    _, module, *rest = arguments[arguments.index("-m") :]
    pretend(SYSTEMS[platform])
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    # Nothing beside this file may be taken for a library.
    sys.path.remove(str(Path(__file__).parent))
    _main()
