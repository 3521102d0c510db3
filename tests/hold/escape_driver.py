"""Plants what must be kept from a run, lets every probe loose at every level, and tells of it.

Run as ``python escape_driver.py FOLDER SIZE SEED LEVELS`` by whoever is to be the user; prints one
JSON object a line. It needs the standard library and Ducktypist only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import json
import os
import pty
import resource
import secrets
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ducktypist.errors import SandboxError
from ducktypist.verify.sandbox import CACHE, RunResult, Sandbox, probe
from hold.escape_probes import PRELUDE, PROBES, REPORT, Probe
from support.processes import n_running
from support.sandboxes import LIMITS, tree_hash

SYSTEM = ("/etc", "/usr", "/usr/local/bin", "/opt", "/", "/dev", "/dev/shm", "/var/tmp", "/run")  # noqa: S108 - places to attack
SLEEPER = "import sys; sys.stdin.read()"
IPC_CREAT, IPC_RMID, O_CREAT = 0o1000, 0, 0o100
N_BYTES = 64
ADD_KEY, KEYCTL, JOIN, SESSION_RING, USER_RING, UNLINK = 248, 250, 1, -3, -4, 9
GONE_S = 2.0
"""How long a process of a run may need to be gone after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that the probes are to fail at."""

    top: Path
    plan: dict[str, Any]
    victim: subprocess.Popen[bytes]
    before: Any

    def harm(self) -> list[str]:
        """Return what is not as it was."""
        found = []
        if self._kept() != self.before:
            changed = {k for k, v in self.before[0].items() if self._kept()[0].get(k) != v}
            found.append(f"changed {sorted(changed) or 'what is around them'}")
        mark = self.plan["mark"]
        places = [*self.plan["system"], *self.plan["homes"]]
        found += [f"made {place}/{mark}" for place in places if Path(place, mark).exists()]
        if self.victim.poll() is not None:
            found.append("a process outside is dead")
        deadline_s = time.monotonic() + GONE_S
        while n_running(mark) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        if n_running(mark):
            found.append("a process of the run is left")
        if left := [path.name for path in (self.top / "scratch").glob("*")]:
            found.append(f"left in the scratch folder: {left}")
        return found

    def _kept(self) -> Any:
        trees = tree_hash(self.top / "kept")
        extra = [os.listxattr(path) for path in self.plan["files"] if Path(path).exists()]
        return trees, extra, _standing(self.victim.pid)


def _standing(pid: int) -> Any:
    """Return what others may do to a process without killing it."""
    try:
        return (
            resource.prlimit(pid, resource.RLIMIT_NOFILE),
            os.getpriority(os.PRIO_PROCESS, pid),
            sorted(os.sched_getaffinity(pid)),
            os.sched_getscheduler(pid),
        )
    except ProcessLookupError:
        return None


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Plant everything, and take all of it away again."""
    top = folder / f"stage-{secrets.token_hex(4)}"
    mark = f"ducktypist-{secrets.token_hex(6)}"
    secret = secrets.token_hex(12)
    kept = top / "kept"
    files = _files(kept, secret)
    outside = kept / "outside"
    with contextlib.ExitStack() as stack:
        environment = {"API_TOKEN": secret, "PATH": os.environ["PATH"]}
        victim = subprocess.Popen([sys.executable, "-c", SLEEPER], stdin=-1, env=environment)
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        os.environ["API_TOKEN"] = secret
        stack.callback(os.environ.pop, "API_TOKEN", None)
        leak = os.open(outside, os.O_RDONLY)
        os.set_inheritable(leak, True)  # noqa: FBT003 - the builtin's signature
        stack.callback(os.close, leak)
        port, named = stack.enter_context(_sockets(top, mark))
        queue, number = stack.enter_context(_shared(mark))
        stack.enter_context(_keys(mark, secret))
        plan: dict[str, Any] = {
            "mark": mark,
            "secret_text": secret,
            "homes": [str(kept / "home"), str(Path.home())],
            "home_file": str(kept / "home" / ".bashrc"),
            "system": [*SYSTEM, "/tmp"],  # noqa: S108 - a place to attack
            "workspace": str(kept / "workspace"),
            "files": [str(path) for path in files],
            "secrets": [str(kept / "home" / ".ssh" / "key"), str(outside / "key")],
            "outside": [str(outside), str(kept / "home" / ".ssh"), str(kept / "readable")],
            "pids": [victim.pid, os.getpid()],
            "port": port,
            "named": named,
            "abstract": mark,
            "terminal": os.environ.get("DUCKTYPIST_HOLD_TTY", "/dev/pts/0"),
            "cache": CACHE,
            "real_cache": str(kept / "cache"),
            "shm_key": number,
            "queue": queue,
        }
        stage = Stage(top=top, plan=plan, victim=victim, before=None)
        yield replace(stage, before=stage._kept())
        for place in [*plan["system"], *plan["homes"]]:
            with contextlib.suppress(OSError):
                Path(place, mark).unlink()


def _files(kept: Path, secret: str) -> list[Path]:
    texts = {
        "workspace/.git/config": "[core]\n",
        "workspace/module.py": "VALUE = 1\n",
        "home/.bashrc": "# mine\n",
        "home/.ssh/key": secret,
        "outside/key": secret,
        "readable/tool.py": "# a tool\n",
        "cache/entry": "built\n",
    }
    for name, text in texts.items():
        path = kept / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o640)
    (kept / "workspace" / "out").symlink_to(kept / "outside")
    return [kept / name for name in texts]


@contextlib.contextmanager
def _sockets(top: Path, mark: str) -> Iterator[tuple[int, str]]:
    named = str(top / "s")
    with contextlib.ExitStack() as stack:
        for family, place in (
            (socket.AF_UNIX, named),
            (socket.AF_UNIX, f"\0{mark}"),
            (socket.AF_INET, ("127.0.0.1", 0)),
        ):
            door = stack.enter_context(socket.socket(family))
            door.bind(place)
            door.listen(8)
        yield door.getsockname()[1], named


@contextlib.contextmanager
def _shared(mark: str) -> Iterator[tuple[str, int]]:
    libc = ctypes.CDLL(None, use_errno=True)
    key = secrets.randbelow(2**30) + 1
    memory = libc.shmget(key, N_BYTES, IPC_CREAT | 0o600)
    messages = libc.msgget(key, IPC_CREAT | 0o600)
    queue = f"/{mark}"
    door = libc.mq_open(queue.encode(), O_CREAT | os.O_RDWR, 0o600, None)
    try:
        yield queue, key
    finally:
        libc.shmctl(memory, IPC_RMID, None)
        libc.msgctl(messages, IPC_RMID, None)
        if door >= 0:
            os.close(door)
            libc.mq_unlink(queue.encode())


@contextlib.contextmanager
def _keys(mark: str, secret: str) -> Iterator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(KEYCTL, JOIN, None)
    text = secret.encode()
    rings = [
        (ring, libc.syscall(ADD_KEY, b"user", mark.encode(), text, len(text), ring))
        for ring in (SESSION_RING, USER_RING)
    ]
    try:
        yield
    finally:
        for ring, key in rings:
            libc.syscall(KEYCTL, UNLINK, key, ring)


async def attempt(sandbox: Sandbox, stage: Stage, tried: Probe) -> list[str]:
    """Let one probe loose and return what it got or harmed."""
    kept = stage.top / "kept"
    code = PRELUDE + tried.code + REPORT
    try:
        result = await sandbox.run(
            argv=[sys.executable, "-I", "-S", "-c", code, json.dumps(stage.plan)],
            workspace=kept / "workspace",
            overlay={},
            environment={},
            interpreter=Path(sys.executable),
            readable=[kept / "readable"],
            cache=kept / "cache",
            limits=replace(LIMITS, **tried.limits),
        )
    except SandboxError as error:
        return [f"the sandbox broke down: {error}"]
    return [*_told(tried, result), *await asyncio.to_thread(stage.harm)]


def _told(tried: Probe, result: RunResult) -> list[str]:
    if tried.stopped is not None:
        is_right = result.killed is tried.stopped
        return [] if is_right else [f"ended by {result.killed}, status {result.exit_status}"]
    try:
        return [str(one) for one in json.loads(result.reports)]
    except ValueError:
        return [f"no report: status {result.exit_status}, {result.killed}, {result.output[-300:]}"]


async def attempt_all(folder: Path, probes: Sequence[Probe], levels: Sequence[int]) -> None:
    """Try every probe at every level, and print a line for each."""
    for level in levels:
        root = folder / f"scratch-{level}"
        status = await probe(scratch_root=root, only_level=level)
        _say({"level": level, "found": status.level, "tool": status.tool, "why": status.reason})
        if status.level != level:
            continue
        for number, tried in enumerate(probes):
            with staged(folder) as stage:
                home = stage.top / "kept" / "home"
                sandbox = Sandbox(status=status, scratch_root=stage.top / "scratch", home=home)
                got = await attempt(sandbox, stage, tried)
            _say({"level": level, "number": number, "probe": tried.name, "got": got})


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _take_terminal() -> None:
    """Get a controlling terminal, so that a run could get hold of one."""
    with contextlib.suppress(OSError):
        os.setsid()
        _, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        os.environ["DUCKTYPIST_HOLD_TTY"] = os.ttyname(terminal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def chosen(size: int, seed: int) -> list[Probe]:
    """Return so many probes, all of them before any comes again."""
    n = len(PROBES)
    return [PROBES[(number + seed - 1) % n] for number in range(size)]


def main() -> None:
    """Do it."""
    folder, size, seed, levels = sys.argv[1:5]
    _take_terminal()
    probes = chosen(int(size), int(seed))
    asyncio.run(attempt_all(Path(folder), probes, [int(level) for level in levels.split(",")]))


if __name__ == "__main__":
    main()
