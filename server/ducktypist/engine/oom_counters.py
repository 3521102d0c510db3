"""How many processes the kernel has killed to free memory, as its own counters tell (Linux).

The group's counter counts what was killed in the host's group only; the machine's counts
everywhere, and decides where there is no other. Elsewhere than on Linux nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

MACHINE = Path("/proc/vmstat")
OWN_GROUPS = Path("/proc/self/cgroup")
UNIFIED = Path("/sys/fs/cgroup")
FIELD = "oom_kill"
"""The same word in ``/proc/vmstat``, in ``memory.events`` (cgroup v2) and in
``memory.oom_control`` (cgroup v1, since Linux 4.13)."""


def readings() -> dict[str, int]:
    """Return the counters of this process's group and of the machine, by the file's path."""
    return read_again([*map(str, _group_files()), str(MACHINE)])


def read_again(paths: Mapping[str, int] | list[str]) -> dict[str, int]:
    """Return the counters in these files; a file that is gone is left out."""
    found = {}
    for path in paths:
        count = _count(Path(path))
        if count is not None:
            found[path] = count
    return found


def have_grown(before: Mapping[str, int], now: Mapping[str, int]) -> bool:
    """Tell whether the kernel has killed for memory; the group's counters are asked first."""
    both = [path for path in before if path in now]
    decisive = [path for path in both if path != str(MACHINE)] or both
    return any(now[path] > before[path] for path in decisive)


def _group_files() -> list[Path]:
    """Return the files of this process's own group (cgroups(7)), those that there are."""
    try:
        lines = OWN_GROUPS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        inner = path.lstrip("/")
        if not controllers:
            found.append(UNIFIED / inner / "memory.events")
        elif "memory" in controllers.split(","):
            found.append(UNIFIED / "memory" / inner / "memory.oom_control")
    return [path for path in found if path.is_file()]


def _count(path: Path) -> int | None:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, number = line.partition(" ")
        if name == FIELD and number.strip().isdigit():
            return int(number)
    return None
