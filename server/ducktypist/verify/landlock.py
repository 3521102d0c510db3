"""Confinement by Landlock and seccomp, for machines that refuse user namespaces.

Imported, it says what the kernel offers and builds the arguments. Run as a program it *is* the
launcher, and therefore uses the standard library only and nothing of this package:

    python -I -S landlock.py '{"read": [...], "write": [...], ...}' STATUS_FD COMMAND...

It is started by the process whose id the rules name, and does nothing when that is gone.

The launcher stays outside of the confinement as the reaper of everything that the command starts,
so that no daemon gets away. What this level lacks: no namespace of processes, no sockets at all
(also none of the run's own), and no overlay, so the tree is copied and lies at another place.
Modes and times of files stay as they are: calls that set them say yes and do nothing.
landlock(7), seccomp(2), https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import platform
import signal
import struct
import sys
import time
from typing import Any, NoReturn

SYS_CREATE_RULESET = 444
SYS_ADD_RULE = 445
SYS_RESTRICT_SELF = 446
PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
RULE_PATH_BENEATH = 1
CAPABILITY_VERSION_3 = 0x20080522

FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many kinds of access to files each ABI knows; later ABIs know those of the fifth."""
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
ABI_NETWORK, ABI_SCOPED = 4, 6

CLONE_NEWUSER = 0x10000000
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Numbers from the kernel's unistd tables. Denied: sockets, looking into or steering other
# processes, mounting and namespaces, kernel key rings and modules, io_uring (which would go round
# this very filter), and System V and POSIX memory and queues, which no rule on files reaches.
KEY_RINGS = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}
DENIED = {
    "x86_64": (
        *(41, 101, 155, 161, 165, 166, 175, 246, *KEY_RINGS["x86_64"], 272, 298, 304, 308, 310),
        *(311, 313, 321, 323, 425, 426, 427, 428, 429, 430, 431, 432, 438, 442),
        *(29, 30, 64, 68, 240, 141, 251, 256),
    ),
    "aarch64": (
        *(198, 117, 41, 51, 40, 39, 105, 104, *KEY_RINGS["aarch64"], 97, 241, 265, 268, 270),
        *(271, 273, 280, 282, 425, 426, 427, 428, 429, 430, 431, 432, 438, 442),
        *(194, 196, 190, 186, 180, 140, 30, 238),
    ),
}
# Landlock does not look at modes, owners, times and attributes, and a filter cannot look at paths.
# Refusing would break every program that copies a file; so the call says yes and does nothing.
IGNORED = {
    "x86_64": (
        *(90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 260, 261, 268, 280),
        *(452, 463, 466, 469),
    ),
    "aarch64": (5, 6, 7, 14, 15, 16, 52, 53, 54, 55, 88, 452, 463, 466, 469),
}
# Limits and scheduling of a process: allowed for the caller, whose number is then 0.
OWN_ONLY = {"x86_64": (142, 144, 203, 302, 314), "aarch64": (118, 119, 122, 261, 274)}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
X32_BIT = 0x40000000
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, IF_EQUAL, IF_AT_LEAST, IF_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_FIRST_ARGUMENT = 0, 4, 16


def abi() -> int:
    """Return the kernel's Landlock ABI, 0 when it has none or this processor is not supported."""
    if sys.platform != "linux" or platform.machine() not in AUDIT_ARCH:
        return 0
    try:
        return _call(SYS_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    except OSError:
        return 0


def argv(*, read: list[str], write: list[str], cwd: str, status_fd: str) -> list[str]:
    """Return what to put before a command. The command's environment is the launcher's own."""
    rules = json.dumps({"read": read, "write": write, "cwd": cwd, "parent": os.getpid()})
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), rules, status_fd]  # noqa: PTH100 - see the module's docstring


def main() -> NoReturn:
    """Start the command confined, reap everything, and pass its status on."""
    rules = json.loads(sys.argv[1])
    status_fd = int(sys.argv[2])
    command = sys.argv[3:]
    os.set_inheritable(status_fd, False)  # noqa: FBT003 - positional-only in Python
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != rules["parent"]:
        # It died before the line above, so its death will not be told.
        os._exit(125)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _become(rules, command, libc, writer)
    os.close(writer)
    signal.signal(signal.SIGTERM, lambda *_: _end(143))
    with os.fdopen(reader, "rb") as pipe:
        complaint = pipe.read()
    if complaint:
        sys.stderr.write(complaint.decode("utf-8", errors="replace") + "\n")
        _end(125)
    while True:
        # Orphans are reaped here too, which is why any child is waited for.
        pid, status = os.wait()
        if pid == child:
            break
    code = os.waitstatus_to_exitcode(status)
    code = 128 - code if code < 0 else code
    os.write(status_fd, (json.dumps({"exit-code": code}) + "\n").encode())
    _end(code)


def _become(rules: dict[str, Any], command: list[str], libc: ctypes.CDLL, writer: int) -> NoReturn:
    try:
        import resource  # noqa: PLC0415 - whoever only asks for the level may be on Windows

        os.setsid()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024**2, 256 * 1024**2))
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
        os.chdir(rules["cwd"])
        _drop_capabilities(libc)
        _restrict_files(rules["read"], rules["write"], libc)
        _restrict_calls(libc)
    except BaseException as error:  # noqa: BLE001 - said to the parent; nothing may run unconfined
        os.write(writer, f"landlock: {type(error).__name__}: {error}".encode())
        os._exit(125)
    try:
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - the command is what we are for
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os.close(writer)
        os._exit(127)


def _end(code: int) -> NoReturn:
    """Kill all that is left below this process, reap it, and leave."""
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        below = _below(os.getpid())
        if not below:
            os._exit(code)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in below:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
        time.sleep(0.002)


def _below(top: int) -> set[int]:
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - no pathlib in the launcher
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no pathlib in the launcher
                    text = file.read()
            except OSError:
                continue
            state, parent = text[text.rindex(")") + 2 :].split()[:2]
            if state not in {"Z", "X"}:
                parents[int(name)] = int(parent)
    found: set[int] = set()
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found or parent == top}
        grown = not more <= found
        found |= more
    return found - {top}


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    # Root could read any process's environment by CAP_PERFMON alone, past Landlock.
    for capability in range(64):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION_3, 0), 8)
    nothing = ctypes.create_string_buffer(24)
    if libc.capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")


def _restrict_files(read: list[str], write: list[str], libc: ctypes.CDLL) -> None:
    version = abi()
    if version < 1:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    handled = (1 << FS_BITS[min(version, 5)]) - 1
    network = 3 if version >= ABI_NETWORK else 0
    scoped = 3 if version >= ABI_SCOPED else 0
    n_bytes = 24 if scoped else 16 if network else 8
    attributes = struct.pack("=QQQ", handled, network, scoped)[:n_bytes]
    ruleset = _call(
        SYS_CREATE_RULESET,
        ctypes.create_string_buffer(attributes, n_bytes),
        ctypes.c_size_t(n_bytes),
        ctypes.c_uint(0),
    )
    for paths, access in ((read, READ), (write, handled), (DEVICES, READ_FILE | WRITE_FILE)):
        for path in paths:
            _allow(ruleset, path, access & handled)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(SYS_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))
    os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):  # noqa: PTH112 - no pathlib in the launcher
        access &= ON_FILES
    rule = ctypes.create_string_buffer(struct.pack("=Qi", access, place), 12)
    _call(
        SYS_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(RULE_PATH_BENEATH), rule, ctypes.c_uint(0)
    )
    os.close(place)


def _restrict_calls(libc: ctypes.CDLL) -> None:
    raw = _packed(_filter(platform.machine()))
    buffer = ctypes.create_string_buffer(raw, len(raw))

    class Program(ctypes.Structure):
        _fields_ = (("n_steps", ctypes.c_ushort), ("steps", ctypes.c_void_p))

    program = Program(len(raw) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp refused the filter")


def _filter(machine: str) -> list[tuple[int, int, int, int]]:
    steps = _beginning(machine)
    steps += _answering(DENIED[machine], errno.EPERM)
    steps += _answering(IGNORED[machine], 0)
    # Its flags are in memory, where a filter cannot look; the C library then uses clone.
    steps += [(IF_EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    steps += [
        (IF_EQUAL, 0, 4, CLONE[machine]),
        (LOAD, 0, 0, OFFSET_FIRST_ARGUMENT),
        (IF_SET, 0, 1, CLONE_NEWUSER),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    for number in OWN_ONLY[machine]:
        steps += [
            (IF_EQUAL, 0, 4, number),
            (LOAD, 0, 0, OFFSET_FIRST_ARGUMENT),
            (IF_EQUAL, 0, 1, 0),
            (RETURN, 0, 0, ALLOW),
            (RETURN, 0, 0, REFUSE | errno.EPERM),
        ]
    return [*steps, (RETURN, 0, 0, ALLOW)]


def key_ring_filter() -> bytes:
    """Return a filter that refuses the kernel's key rings, which no namespace keeps apart.

    Empty where the processor is not supported.
    """
    machine = platform.machine()
    if machine not in AUDIT_ARCH:
        return b""
    refused = _answering(KEY_RINGS[machine], errno.EPERM)
    return _packed([*_beginning(machine), *refused, (RETURN, 0, 0, ALLOW)])


def _beginning(machine: str) -> list[tuple[int, int, int, int]]:
    steps = [
        (LOAD, 0, 0, OFFSET_ARCH),
        (IF_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, OFFSET_NUMBER),
    ]
    if machine == "x86_64":
        # The second calling convention has numbers of its own, none of which is in the table.
        steps += [(IF_AT_LEAST, 0, 1, X32_BIT), (RETURN, 0, 0, REFUSE | errno.EPERM)]
    return steps


def _answering(numbers: tuple[int, ...], code: int) -> list[tuple[int, int, int, int]]:
    return [
        step
        for number in numbers
        for step in ((IF_EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | code))
    ]


def _packed(steps: list[tuple[int, int, int, int]]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


if __name__ == "__main__":
    main()
