"""What a program in the sandbox tries: one table, each row a piece of Python that runs inside.

A row appends to ``got`` what it got hold of. That it could write proves nothing, since an overlay
swallows it: the stage (``escape_driver``) looks at the real things afterwards. Only what the stage
planted is touched; devices and settings of the machine are opened and never written to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ducktypist.domain import Killed

MIB = 1024**2

PRELUDE: Final = """
import contextlib, ctypes, json, os, resource, signal, socket, stat, sys, time
plan = json.loads(sys.argv[1])
got = []
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
denied = contextlib.suppress(OSError, ValueError)
SECRET = plan['secret_text'].encode()
def holds(path):
    with denied:
        with open(path, 'rb') as file:
            if SECRET in file.read(1 << 20): got.append('read ' + path)
def put(path):
    with denied:
        with open(path, 'ab') as file: file.write(b'harm')
def reach(family, place, kind=socket.SOCK_STREAM):
    with denied:
        with socket.socket(family, kind) as door:
            door.settimeout(1); door.connect(place); got.append(f'connected to {place!r}')
"""
REPORT: Final = "\nos.write(int(os.environ['DUCKTYPIST_REPORT_FD']), json.dumps(got).encode())\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One attempt."""

    name: str
    code: str
    stopped: Killed | None = None
    """The limit that has to end it; without one it has to report that it got nothing."""
    limits: Mapping[str, Any] = field(default_factory=dict)


PROBES: Final = (
    Probe(
        name="write to the home folder",
        code="for place in plan['homes']: put(place + '/' + plan['mark'])\nput(plan['home_file'])",
    ),
    Probe(
        name="write to system folders",
        code="for place in plan['system']: put(place + '/' + plan['mark'])",
    ),
    Probe(
        name="write to .git and to the workspace",
        code="for path in plan['files']: put(path)\n"
        "with denied: os.mkdir(plan['workspace'] + '/.git/hooks', 0o755)\n"
        "put(plan['workspace'] + '/.git/hooks/pre-commit')",
    ),
    Probe(
        name="change modes, times, owners, names",
        code="for path in plan['files']:\n"
        "    with denied: os.chmod(path, 0o777)\n"
        "    with denied: os.utime(path, (1, 1))\n"
        "    with denied: os.setxattr(path, 'user.harm', b'1')\n"
        "    with denied: os.chown(path, os.getuid(), 12)\n"
        "    with denied: os.truncate(path, 0)\n"
        "    with denied: os.rename(path, path + '.harm')\n"
        "    with denied: os.unlink(path)\n"
        "    with denied:\n"
        "        fd = os.open(path, os.O_RDONLY); os.fchmod(fd, 0o777); os.utime(fd, (1, 1))",
    ),
    Probe(name="read an SSH key", code="for path in plan['secrets']: holds(path)"),
    Probe(
        name="read the environment of others",
        code="for pid in [*plan['pids'], os.getppid()]: holds(f'/proc/{pid}/environ')\n"
        "if SECRET.decode() in repr(dict(os.environ)): got.append('own environment')",
    ),
    Probe(
        name="host loopback",
        code="reach(socket.AF_INET, ('127.0.0.1', plan['port']))\n"
        "reach(socket.AF_INET6, ('::ffff:127.0.0.1', plan['port']))",
    ),
    Probe(
        # Connecting UDP sends nothing; it succeeds where there is a way out.
        name="Internet",
        code="for place in ('192.0.2.1', '8.8.8.8'):\n"
        "    reach(socket.AF_INET, (place, 53), socket.SOCK_DGRAM)\n"
        "reach(socket.AF_INET, ('192.0.2.1', 80))\n"
        "reach(socket.AF_INET6, ('2001:db8::1', 53), socket.SOCK_DGRAM)",
    ),
    Probe(name="path socket", code="reach(socket.AF_UNIX, plan['named'])"),
    Probe(name="abstract socket", code="reach(socket.AF_UNIX, '\\0' + plan['abstract'])"),
    Probe(
        name="ptrace and foreign memory",
        code="for pid in plan['pids']:\n"
        "    if libc.ptrace(16, pid, 0, 0) == 0: got.append('ptrace')\n"
        "    room = ctypes.create_string_buffer(8)\n"
        "    here = (ctypes.c_uint64 * 2)(ctypes.addressof(room), 8)\n"
        "    there = (ctypes.c_uint64 * 2)(8, 8)\n"
        "    libc.syscall(310, pid, here, 1, there, 1, 0)\n"
        "    # A bad address is told only to who may read.\n"
        "    if ctypes.get_errno() == 14: got.append('process_vm_readv')\n"
        "    fd = libc.syscall(434, pid, 0)\n"
        "    if fd >= 0 and libc.syscall(438, fd, 0, 0) >= 0: got.append('pidfd_getfd')\n"
        "    with denied: open(f'/proc/{pid}/mem', 'rb').close(); got.append('mem')",
    ),
    Probe(
        name="kill and throttle others",
        code="for pid in plan['pids'][:1]:\n"
        "    with denied: resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3))\n"
        "    with denied: os.setpriority(os.PRIO_PROCESS, pid, 19)\n"
        "    with denied: os.sched_setaffinity(pid, {0})\n"
        "    with denied: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))\n"
        "    with denied:\n"
        "        fd = libc.syscall(434, pid, 0)\n"
        "        if fd >= 0: libc.syscall(424, fd, 9, 0, 0)\n"
        "    with denied: os.kill(pid, 9); got.append(f'killed {pid}')\n",
    ),
    Probe(
        name="nested user namespace",
        code="flags = (0x10000000, 0x10020000, 0x00020000, 0x40000000, 0x20000000)\n"
        "for flag in flags:\n"
        "    if libc.unshare(flag) == 0: got.append(f'unshare {flag:x}')\n"
        "    pid = libc.syscall(56, flag | 17, 0, 0, 0, 0)\n"
        "    if pid == 0: os._exit(0)\n"
        "    if pid > 0: got.append(f'clone {flag:x}')\n"
        "    arguments = (ctypes.c_uint64 * 8)(flag, 0, 0, 0, 17, 0, 0, 0)\n"
        "    pid = libc.syscall(435, arguments, 64)\n"
        "    if pid == 0: os._exit(0)\n"
        "    if pid > 0: got.append(f'clone3 {flag:x}')",
    ),
    Probe(
        name="mount, chroot, foreign namespaces",
        code="if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0: got.append('mount')\n"
        "if libc.umount2(b'/tmp', 2) == 0: got.append('umount')\n"
        "with denied: os.chroot('/'); got.append('chroot')\n"
        "for pid in [1, *plan['pids']]:\n"
        "    for kind in ('user', 'mnt', 'net', 'pid'):\n"
        "        with denied:\n"
        "            fd = os.open(f'/proc/{pid}/ns/{kind}', os.O_RDONLY)\n"
        "            if libc.setns(fd, 0) == 0: got.append(f'setns {pid} {kind}')",
    ),
    Probe(
        name="outlive the run",
        code="for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid(); signal.signal(15, signal.SIG_IGN)\n"
        "        if os.fork() == 0:\n"
        "            os.execv(sys.executable, [sys.executable, '-c',"
        " 'import time; time.sleep(120)', plan['mark']])\n"
        "        os._exit(0)\n"
        "time.sleep(0.3)",
    ),
    Probe(
        name="fork bomb",
        code="while True:\n"
        "    with denied:\n"
        "        if os.fork() == 0: time.sleep(60)\n"
        "    time.sleep(0.0005)",
        stopped=Killed.PROCESSES,
        limits={"max_processes": 24},
    ),
    Probe(
        name="memory bomb",
        code="for _ in range(3): os.fork()\n"
        "held = []\n"
        "for _ in range(40): held.append(os.urandom(1 << 20)); time.sleep(0.005)\n"
        "time.sleep(60)",
        stopped=Killed.MEMORY,
        limits={"max_memory_bytes": 160 * MIB},
    ),
    Probe(
        name="fill the disk",
        code="for i in range(40):\n"
        "    open(f'big{i}', 'wb').write(os.urandom(1 << 20)); time.sleep(0.02)\n"
        "time.sleep(60)",
        stopped=Killed.OUTPUT,
        limits={"max_scratch_bytes": 16 * MIB},
    ),
    Probe(
        name="a gigabyte of output",
        code="for _ in range(1 << 14): os.write(1, b'y' * 65536)",
        stopped=Killed.OUTPUT,
    ),
    Probe(
        name="a gigabyte of reports",
        code="fd = int(os.environ['DUCKTYPIST_REPORT_FD'])\n"
        "for _ in range(1 << 14): os.write(fd, b'y' * 65536)",
        stopped=Killed.OUTPUT,
    ),
    Probe(
        name="endless loop",
        code="for n in (1, 2, 3, 15, 24): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        stopped=Killed.WALL_CLOCK,
        limits={"timeout_s": 2.0},
    ),
    Probe(
        # Whoever takes the view away afterwards must not follow them either.
        name="links that lead out",
        code="os.mkdir('deep'); os.mkdir('deep/closed')\n"
        "for number, place in enumerate(plan['outside']):\n"
        "    with denied: os.symlink(place, f'deep/out{number}')\n"
        "    put(f'deep/out{number}/' + plan['mark']); put(f'deep/out{number}')\n"
        "    holds(f'deep/out{number}/key')\n"
        "for path in plan['secrets']:\n"
        "    with denied: os.link(path, 'deep/hard'); holds('deep/hard'); os.unlink('deep/hard')\n"
        "os.chmod('deep/closed', 0)",
    ),
    Probe(
        name="/proc of every process",
        code="for name in os.listdir('/proc'):\n"
        "    if not name.isdigit() or int(name) == os.getpid(): continue\n"
        "    holds(f'/proc/{name}/environ')\n"
        "    for path in plan['secrets']:\n"
        "        for door in ('root', 'cwd'): holds(f'/proc/{name}/{door}{path}')\n"
        "    with denied:\n"
        "        for fd in os.listdir(f'/proc/{name}/fd'): \n"
        "            if not stat.S_ISFIFO(os.stat(f'/proc/{name}/fd/{fd}').st_mode):\n"
        "                holds(f'/proc/{name}/fd/{fd}')",
    ),
    Probe(
        name="the terminal (TIOCSTI)",
        code="import fcntl\n"
        "with denied: os.open('/dev/tty', os.O_RDWR | os.O_NOCTTY); got.append('/dev/tty')\n"
        "with denied: fcntl.ioctl(0, 0x5412, b'x'); got.append('TIOCSTI')\n"
        "with denied: os.open(plan['terminal'], os.O_RDWR | os.O_NOCTTY); got.append('terminal')",
    ),
    Probe(
        name="poison the build cache",
        code="put(plan['cache'] + '/entry'); put(plan['cache'] + '/made')\n"
        "put(plan['real_cache'] + '/entry')\n"
        "with denied: os.unlink(plan['cache'] + '/entry')\n"
        "put(plan['cache'] + '/entry')",
    ),
    Probe(
        name="inherited descriptors",
        code="here = os.listdir('/proc/self/fd')\n"
        "report = os.stat(int(os.environ['DUCKTYPIST_REPORT_FD'])).st_ino\n"
        "for fd in here:\n"
        "    with denied:\n"
        "        found = os.fstat(int(fd))\n"
        "        if int(fd) > 2 and found.st_ino != report: got.append(f'descriptor {fd}')",
    ),
    Probe(
        name="privileges",
        code="for line in open('/proc/self/status'):\n"
        "    name, _, value = line.partition(':')\n"
        "    if name == 'NoNewPrivs' and value.strip() != '1': got.append(line)\n"
        "    if name in ('CapEff', 'CapPrm', 'CapInh', 'CapAmb') and int(value, 16):\n"
        "        got.append(line)",
    ),
    Probe(
        name="devices and kernel settings",
        code="for path in ('/dev/mem', '/dev/kmsg', '/dev/vda', '/dev/sda', '/dev/fuse',"
        " '/dev/net/tun', '/proc/kcore'):\n"
        "    with denied: os.open(path, os.O_RDONLY); got.append(path)\n"
        "for path in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger',"
        " '/proc/sys/kernel/hostname', '/sys/power/state', '/sys/fs/cgroup/cgroup.procs'):\n"
        "    with denied: os.open(path, os.O_WRONLY); got.append(path)\n"
        "with denied:\n"
        "    os.mknod('disk', stat.S_IFBLK | 0o600, os.makedev(254, 0))\n"
        "    os.open('disk', os.O_RDONLY); got.append('mknod')",
    ),
    Probe(
        name="shared memory and message queues",
        code="number = libc.shmget(plan['shm_key'], 0, 0)\n"
        "if number >= 0: got.append('shmget')\n"
        "if libc.msgget(plan['shm_key'], 0) >= 0: got.append('msgget')\n"
        "if libc.mq_open(plan['queue'].encode(), 2) >= 0: got.append('mq_open')",
    ),
    Probe(
        name="key rings",
        code="for ring in (-3, -4, -5):\n"
        "    key = libc.syscall(250, 10, ring, b'user', plan['mark'].encode(), 0)\n"
        "    room = ctypes.create_string_buffer(99)\n"
        "    if key >= 0 and libc.syscall(250, 11, key, room, 99, 0) > 0: got.append('key')\n"
        "    if libc.syscall(248, b'user', b'harm', b'1', 1, ring) >= 0: got.append(f'add {ring}')",
    ),
)
