"""What the kernel offers besides files and sockets is out of a run's reach, too."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

REPORT = (
    "import ctypes, json, os, platform, sys\n"
    "libc = ctypes.CDLL(None, use_errno=True); done = []\n"
    "say = lambda: os.write(int(os.environ['DUCKTYPIST_REPORT_FD']), json.dumps(done).encode())\n"
)


async def test_settings_of_the_kernel_are_read_only(bench: Any) -> None:
    """Started by root, a run could say which program the kernel starts for a core dump."""
    code = REPORT + (
        "for name in ('core_pattern', 'modprobe', 'hostname'):\n"
        "    try: os.open(f'/proc/sys/kernel/{name}', os.O_WRONLY); done.append(name)\n"
        "    except OSError: pass\n"
        "say()"
    )
    assert json.loads((await bench.python(code)).reports) == []


async def test_key_rings_are_out_of_reach(bench: Any) -> None:
    """No key of the user's rings is found, and none is put there."""
    code = REPORT + (
        "add, keyctl = {'x86_64': (248, 250), 'aarch64': (217, 219)}[platform.machine()]\n"
        "for ring in (-3, -4, -5):\n"
        "    if libc.syscall(add, b'user', b'ducktypist', b'1', 1, ring) >= 0: done.append(ring)\n"
        "    if libc.syscall(keyctl, 0, ring, 0) >= 0: done.append(ring)\n"
        "say()"
    )
    assert json.loads((await bench.python(code)).reports) == []


async def test_modes_times_and_attributes_out_here_stay(bench: Any, tmp_path: Path) -> None:
    """Whoever owns a file may change its mode by its path alone; a run may not."""
    file = tmp_path / "mine"
    file.write_text("mine")
    file.chmod(0o640)
    original = bench.workspace / "package" / "module.py"
    before = [(path.stat(), os.listxattr(path)) for path in (file, original)]
    code = (
        "import contextlib, os, sys\n"
        "for path in sys.argv[1:]:\n"
        "    with contextlib.suppress(OSError): os.chmod(path, 0o777)\n"
        "    with contextlib.suppress(OSError): os.utime(path, (1, 1))\n"
        "    with contextlib.suppress(OSError): os.setxattr(path, 'user.x', b'1')\n"
    )
    result = await bench.python(code, file, original)
    assert result.exit_status == 0
    assert [(path.stat(), os.listxattr(path)) for path in (file, original)] == before


async def test_copying_a_file_with_its_mode_works(bench: Any) -> None:
    """Also where modes cannot be set, a program that copies files does not break."""
    code = (
        "import shutil; shutil.copy2('package/module.py', 'copy.py'); print(open('copy.py').read())"
    )
    assert (await bench.python(code)).output == "VALUE = 1\n\n"


async def test_limits_and_priority_of_others_stay(bench: Any) -> None:
    """A run cannot take a process outside its files or its processor; its own limits it may set."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        before = (resource.prlimit(other.pid, resource.RLIMIT_NOFILE), os.getpriority(0, other.pid))
        code = (
            "import contextlib, os, resource, sys\n"
            "pid, files = int(sys.argv[1]), resource.RLIMIT_NOFILE\n"
            "resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))\n"
            "with contextlib.suppress(OSError): resource.prlimit(pid, files, (3, 3))\n"
            "with contextlib.suppress(OSError): os.setpriority(0, pid, 19)\n"
            "print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
        )
        result = await bench.python(code, other.pid)
        after = (resource.prlimit(other.pid, resource.RLIMIT_NOFILE), os.getpriority(0, other.pid))
        other.kill()
    assert result.output == "(99, 99)\n"
    assert after == before


async def test_shared_memory_and_queues_are_not_shared(bench: Any) -> None:
    """A segment of memory and a queue of the user cannot be opened."""
    libc = ctypes.CDLL(None)
    key = secrets.randbelow(2**30) + 1
    memory, queue = libc.shmget(key, 64, 0o1600), libc.msgget(key, 0o1600)
    try:
        code = REPORT + (
            "key = int(sys.argv[1])\ndone += [libc.shmget(key, 0, 0), libc.msgget(key, 0)]\nsay()"
        )
        assert json.loads((await bench.python(code, key)).reports) == [-1, -1]
    finally:
        libc.shmctl(memory, 0, None)
        libc.msgctl(queue, 0, None)
