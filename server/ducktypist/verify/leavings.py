"""What a run that goes on has written in its view of the workspace, seen from outside.

An overlay's upper folder, or a copied tree, is compared with what it was at the beginning. Only
read: what is to be undone is undone from inside, because a mounted overlay's folders belong to it.
https://docs.kernel.org/filesystems/overlayfs.html (whiteouts and opaque directories)
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_OPAQUE = frozenset({"user.overlay.opaque", "trusted.overlay.opaque"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Leavings:
    """Paths relative to the workspace."""

    made: tuple[str, ...] = ()
    """What was not there before; of a folder, the folder only."""
    changed: tuple[str, ...] = ()
    """What was there before and is different or gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    mode: int
    size_bytes: int
    modified_ns: int
    is_opaque: bool

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def hides(self) -> bool:
        """Whether something of the layer below is deleted by it."""
        return stat.S_ISCHR(self.mode) or self.is_opaque


class Tree:
    """A folder that a run writes, as it was at the beginning."""

    def __init__(self, top: Path, *, lower: Path | None) -> None:
        """Look at it for the first time.

        Args:
            top: The folder; files in it are looked at, never read.
            lower: The folder that is seen through it, None when there is none.
        """
        self._top = top
        self._lower = lower
        self._before = _scan(top)

    def leavings(self, restored: Collection[str]) -> Leavings:
        """Return what has changed since. Blocks.

        Args:
            restored: Files that are right as they are now, here and in later comparisons.
        """
        now = _scan(self._top)
        for path in restored:
            self._before.pop(path, None)
            if path in now and not now[path].hides:
                self._before[path] = now[path]
        made: list[str] = []
        changed = [path for path in self._before if path not in now]
        for path, entry in now.items():
            if self._before.get(path) == entry:
                continue
            if path in self._before or entry.hides:
                changed.append(path)
            elif self._lower is not None and os.path.lexists(self._lower / path):
                # A folder stands in the upper layer already when one file below it is written.
                if not entry.is_folder or not (self._lower / path).is_dir():
                    changed.append(path)
            else:
                made.append(path)
        tops = set(made)
        return Leavings(
            made=tuple(path for path in made if path.rpartition("/")[0] not in tops),
            changed=tuple(changed),
        )


def _scan(top: Path) -> dict[str, _Entry]:
    """Return everything below a folder; a folder comes before what is in it."""
    found: dict[str, _Entry] = {}
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(top / folder) as entries:
                for item in entries:
                    path = f"{folder}/{item.name}" if folder else item.name
                    found[path] = entry = _entry(item)
                    if entry.is_folder:
                        waiting.append(path)
        except OSError:
            # Made unreadable, or gone meanwhile; the folder itself is in the list.
            continue
    return found


def _entry(item: os.DirEntry[str]) -> _Entry:
    info = item.stat(follow_symlinks=False)
    if not stat.S_ISDIR(info.st_mode):
        return _Entry(
            mode=info.st_mode,
            size_bytes=info.st_size,
            modified_ns=info.st_mtime_ns,
            is_opaque=False,
        )
    # A folder's own time changes with every file in it, which are looked at themselves.
    try:
        attributes = os.listxattr(item.path, follow_symlinks=False)
    except OSError:
        attributes = []
    return _Entry(
        mode=info.st_mode,
        size_bytes=0,
        modified_ns=0,
        is_opaque=not _OPAQUE.isdisjoint(attributes),
    )
