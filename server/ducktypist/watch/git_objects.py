"""What stands in the commits of a git repository: parents, what changed, the texts of files.

Reads objects only. Nothing of the repository's configuration is read, so nothing of it is run;
texts are as they were committed. A commit, folder or file that is not there (a shallow or partial
clone) is none, and no error.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore
    from dulwich.objects import Commit, ShaFile

MAX_OBJECT_BYTES = 16 * 1024**2
"""Unpacked; a folder's listing may be large."""
MAX_TEXT_BYTES = 2 * 1024**2
MAX_CHANGES = 20_000
MAX_TREES = 50_000
MAX_WALK_S = 10.0
SHA256_DIGITS = 64

_ID = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file that is another one in a second commit; names are relative to the work tree."""

    old: str
    """Empty for a new file."""
    new: str
    """Empty for one that is gone."""


def parents_of(common: Path, commit: str) -> tuple[str, ...]:
    """Return the parents of a commit; none for one that is not there, too.

    Args:
        common: The repository's folder with the objects.
        commit: Its hash.
    """
    with _opened(common, commit) as store:
        found = _commit(store, commit) if store is not None else None
        return tuple(parent.decode() for parent in found.parents) if found is not None else ()


def committed_s(common: Path, commit: str) -> float | None:
    """Return when a commit was made, as it says itself (seconds since the epoch, UTC).

    Args:
        common: The repository's folder with the objects.
        commit: Its hash.
    """
    with _opened(common, commit) as store:
        found = _commit(store, commit) if store is not None else None
        return float(found.commit_time) if found is not None else None


def texts_in(common: Path, commit: str, paths: Iterable[str]) -> dict[str, str | None]:
    """Return the texts of some files as they were committed.

    Args:
        common: The repository's folder with the objects.
        commit: Which commit.
        paths: Relative to the work tree, with ``/``.

    Returns:
        None for a file that the commit has not, is no text, or is larger than ``MAX_TEXT_BYTES``.
    """
    with _opened(common, commit) as store:
        tree = _tree_of(store, commit) if store is not None else None
        return {
            path: _text(store, tree, path) if store is not None and tree is not None else None
            for path in paths
        }


def changes_between(common: Path, before: str, after: str) -> tuple[Change, ...]:
    """Return the files that differ between two commits, ``MAX_CHANGES`` of them at most.

    Folders that are the same in both are not looked into. A renamed file is one that is gone and a
    new one.

    Args:
        common: The repository's folder with the objects.
        before: A commit's hash; empty for one that has no files.
        after: Another one's.
    """
    with _opened(common, after or before) as store:
        if store is None:
            return ()
        old, new = (_tree_of(store, commit) if commit else None for commit in (before, after))
        if (before and old is None) or (after and new is None):
            return ()
        return tuple(itertools.islice(_changes(store, old, new), MAX_CHANGES))


@contextlib.contextmanager
def _opened(common: Path, commit: str) -> Iterator[DiskObjectStore | None]:
    """Open the objects of a repository; None where there are none that can be read."""
    from dulwich.object_format import SHA1, SHA256  # noqa: PLC0415 - few windows ever need it
    from dulwich.object_store import DiskObjectStore  # noqa: PLC0415 - as above

    folder = common / "objects"
    if not _is_harmless(folder):
        yield None
        return
    store = DiskObjectStore(
        folder,
        object_format=SHA256 if len(commit) == SHA256_DIGITS else SHA1,
        loose_object_size_limit=MAX_OBJECT_BYTES,
    )
    try:
        yield store
    finally:
        store.close()


def _is_harmless(folder: Path) -> bool:
    """Tell whether reading a folder of objects cannot wait for ever, as at a pipe's other end."""
    try:
        with os.scandir(folder / "pack") as entries:
            return all(entry.is_file() or entry.is_dir() for entry in entries)
    except FileNotFoundError:
        return folder.is_dir()
    except OSError:
        return False


def _object(store: DiskObjectStore, name: bytes) -> ShaFile | None:
    from dulwich.objects import ObjectID  # noqa: PLC0415 - few windows ever need it

    loose = Path(os.fsdecode(store.path)) / name[:2].decode() / name[2:].decode()
    try:
        if stat.S_ISFIFO(loose.stat().st_mode):
            return None
    except OSError:
        pass
    try:
        return store[ObjectID(name)]
    except Exception:  # noqa: BLE001 - a damaged or partial repository makes dulwich raise anything
        return None


def _tree(store: DiskObjectStore, name: bytes) -> list[tuple[bytes, int, bytes]]:
    """Return the entries of a folder: name, mode, hash; none of one that is not there."""
    from dulwich.objects import Tree  # noqa: PLC0415 - few windows ever need it

    found = _object(store, name)
    if not isinstance(found, Tree):
        return []
    try:
        return [(item.path, item.mode, item.sha) for item in found.items()]
    except Exception:  # noqa: BLE001 - as above
        return []


def _commit(store: DiskObjectStore, commit: str) -> Commit | None:
    from dulwich.objects import Commit  # noqa: PLC0415 - few windows ever need it

    found = _object(store, commit.encode()) if _ID.fullmatch(commit) else None
    return found if isinstance(found, Commit) else None


def _tree_of(store: DiskObjectStore, commit: str) -> bytes | None:
    found = _commit(store, commit)
    return found.tree if found is not None else None


def _text(store: DiskObjectStore, tree: bytes, path: str) -> str | None:
    name = tree
    *folders, file = os.fsencode(path).split(b"/")
    for folder in folders:
        entry = _entry(store, name, folder)
        if entry is None or not stat.S_ISDIR(entry[0]):
            return None
        name = entry[1]
    entry = _entry(store, name, file)
    if entry is None or not stat.S_ISREG(entry[0]):
        return None
    found = _object(store, entry[1])
    if found is None or found.type_name != b"blob":
        return None
    data = found.as_raw_string()
    if len(data) > MAX_TEXT_BYTES or b"\0" in data:
        return None
    return data.decode("utf-8", "surrogateescape")


def _entry(store: DiskObjectStore, tree: bytes, name: bytes) -> tuple[int, bytes] | None:
    return next((item[1:] for item in _tree(store, tree) if item[0] == name), None)


def _changes(store: DiskObjectStore, old: bytes | None, new: bytes | None) -> Iterator[Change]:
    """Yield what differs between two trees, until there are too many of them or it takes long."""
    waiting = [(b"", old, new)]
    n_trees = 0
    deadline = time.monotonic() + MAX_WALK_S
    while waiting and n_trees < MAX_TREES and time.monotonic() < deadline:
        n_trees += 1
        prefix, one, other = waiting.pop()
        before, after = (
            {name: (mode, item) for name, mode, item in _tree(store, tree)} if tree else {}
            for tree in (one, other)
        )
        for name in sorted(before.keys() | after.keys()):
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            path = prefix + name
            folders = [
                item[1] if item is not None and stat.S_ISDIR(item[0]) else None
                for item in (was, now)
            ]
            if any(folders):
                waiting.append((path + b"/", folders[0], folders[1]))
            files = [
                os.fsdecode(path) if item is not None and stat.S_ISREG(item[0]) else ""
                for item in (was, now)
            ]
            if any(files):
                yield Change(old=files[0], new=files[1])
