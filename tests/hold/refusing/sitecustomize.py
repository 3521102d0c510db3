"""Makes a kernel refuse what it does not offer elsewhere; Python imports this by its name.

``DUCKTYPIST_HOLD_REFUSED`` says what: ``landlock``, ``namespaces``, or both with a comma between.
The filter holds for this process and everything that it starts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

LANDLOCK = 444
UNSHARE, CLONE = {"x86_64": (272, 56), "aarch64": (97, 220)}.get(platform.machine(), (-1, -1))
CLONE3 = 435
NEW_USER = 0x10000000
LOAD, IF_EQUAL, IF_SET, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NUMBER, FIRST_ARGUMENT = 0, 16
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2


def _steps(refused: list[str]) -> list[tuple[int, int, int, int]]:
    steps = [(LOAD, 0, 0, NUMBER)]
    if "landlock" in refused:
        steps += [(IF_EQUAL, 0, 1, LANDLOCK), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    if "namespaces" in refused:
        steps += [(IF_EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
        for number in (UNSHARE, CLONE):
            steps += [
                (IF_EQUAL, 0, 4, number),
                (LOAD, 0, 0, FIRST_ARGUMENT),
                (IF_SET, 0, 1, NEW_USER),
                (RETURN, 0, 0, REFUSE | errno.EPERM),
                (RETURN, 0, 0, ALLOW),
            ]
    return [*steps, (RETURN, 0, 0, ALLOW)]


def _install(steps: list[tuple[int, int, int, int]]) -> None:
    raw = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(raw, len(raw))
    program = struct.pack("=HxxxxxxQ", len(steps), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.prctl(SECCOMP, FILTER, ctypes.create_string_buffer(program, len(program)), 0, 0):
        raise OSError(ctypes.get_errno(), "the filter was refused")


if os.environ.get("DUCKTYPIST_HOLD_REFUSED"):
    _install(_steps(os.environ["DUCKTYPIST_HOLD_REFUSED"].split(",")))
