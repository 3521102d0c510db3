"""What becomes of a git repository, read from its files: where HEAD is and how it came there.

Git itself is never run, because it runs what a workspace configures (hooks, filters, monitors).
What stands in a commit is ``git_objects``' business; what follows from it is nobody's here.
"""

from __future__ import annotations

import asyncio
import enum
import math
import re
import stat
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ducktypist.watch.files import file_changes
from ducktypist.watch.git_objects import committed_s, parents_of
from ducktypist.watch.git_places import ID, Head, Repository, head_of, repository_of

MAX_LOG_BYTES = 256 * 1024
"""Of HEAD's log only the end is read."""
SLACK_BYTES = 4096
"""It may have grown since it was measured."""
MAX_MOVES = 200
"""Of one repository at one look; the oldest are left out."""
MAX_UNLOGGED = 50
"""So many commits in a row are known as such where git keeps no log."""
MAX_REPOSITORIES = 50

_LOGGED = re.compile(rf"({ID}) ({ID})(?: [^\t]*? (\d{{1,12}}) [+-]\d{{4}})?(?:\t(.*))?")


class Move(enum.StrEnum):
    """How HEAD came where it is."""

    COMMIT = "commit"
    """Somebody committed what lay in the work tree, a resolved merge included."""
    AMEND = "amend"
    MERGE = "merge"
    """Commits came from elsewhere: merged, pulled, picked, reverted."""
    CHECKOUT = "checkout"
    """Another commit was checked out, or the branch was set to it; a step of a rebase, too."""


_MOVES = {
    "commit": Move.COMMIT,
    "commit (initial)": Move.COMMIT,
    "commit (merge)": Move.COMMIT,
    "commit (amend)": Move.AMEND,
    "checkout": Move.CHECKOUT,
    "reset": Move.CHECKOUT,
    "clone": Move.CHECKOUT,
    "cherry-pick": Move.MERGE,
    "commit (cherry-pick)": Move.MERGE,
    "revert": Move.MERGE,
    "am": Move.MERGE,
    "merge": Move.MERGE,
    "pull": Move.MERGE,
    "rebase": Move.CHECKOUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """HEAD went somewhere else."""

    repository: Repository
    move: Move
    before: str
    """The commit; empty before the first."""
    after: str
    at_s: float
    """When; seconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """How far a repository was read."""

    head: Head
    n_log_bytes: int
    since_s: float
    """Older moves are nobody's business."""
    unlogged: frozenset[tuple[str, str]] = frozenset()
    """Moves that were told of before the log had them."""


class GitWatch:
    """The repositories of some folders, and where their HEADs were when one last looked."""

    def __init__(self) -> None:
        """Start without any."""
        self._known: dict[Repository, _Known] = {}
        self._folders: dict[Path, Repository | None] = {}
        self._lock = threading.Lock()

    def follow(self, folder: Path, *, since_s: float | None = None) -> Repository | None:
        """Follow the repository that a folder is in, and return it. Touches the disk.

        Args:
            folder: A folder of its work tree, submodules being repositories of their own.
            since_s: Moves of HEAD from then on are told as well, as far as its log has them;
                seconds since the epoch, UTC. None means from now on.
        """
        repository = repository_of(folder)
        if repository is None:
            return None
        with self._lock:
            known = self._known.get(repository)
            if known is None and len(self._known) < MAX_REPOSITORIES:
                self._known[repository] = _known_since(repository, since_s)
        return repository

    def files(self) -> Mapping[Path, Path]:
        """Return what changes on the disk when a HEAD moves, as ``file_changes`` takes it."""
        with self._lock:
            known = dict(self._known)
        found: dict[Path, Path] = {}
        for repository, state in known.items():
            found[repository.control / "HEAD"] = repository.control
            found[repository.control / "logs/HEAD"] = repository.control
            if state.head.branch:
                found[repository.common / state.head.branch] = repository.common
                found[repository.common / "packed-refs"] = repository.common
        return found

    def look(self) -> tuple[Moved, ...]:
        """Return how HEADs moved since the last look, the oldest first. Touches the disk."""
        with self._lock:
            return tuple(
                moved for repository in list(self._known) for moved in self._look_at(repository)
            )

    async def moves(self) -> AsyncIterator[Moved]:
        """Yield how HEADs move, until cancelled; ends when there is nothing to follow."""
        # At once: HEAD may have moved before the first file is watched.
        async for _ in file_changes(self.files, at_once=True):
            for moved in await asyncio.to_thread(self.look):
                yield moved

    def _look_at(self, repository: Repository) -> list[Moved]:
        known = self._known[repository]
        head = head_of(repository)
        if head is None:
            return []
        steps, n_log_bytes = _steps_since(repository, known.n_log_bytes)
        # Some programs write the log after the branch, so that it was seen without it before.
        steps = [one for one in steps if (one.before, one.after) not in known.unlogged]
        unlogged = known.unlogged
        last = steps[-1].after if steps else known.head.commit
        if steps and head.commit == known.head.commit:
            # Others write it before the branch.
            head = replace(head, commit=last)
        elif head.commit and head.commit != last:
            jumps = _steps_between(repository, last, head.commit)
            unlogged = frozenset((one.before, one.after) for one in jumps)
            steps += jumps
        self._known[repository] = replace(
            known, head=head, n_log_bytes=n_log_bytes, unlogged=unlogged
        )
        return [
            Moved(
                repository=repository,
                move=_MOVES.get(one.words) or _inferred(repository, one),
                before=one.before,
                after=one.after,
                at_s=one.at_s,
            )
            for one in steps
            # The log counts whole seconds.
            if one.at_s >= math.floor(known.since_s)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    before: str
    after: str
    at_s: float
    words: str = ""
    """The first of the log's message, which say who did it."""


def _known_since(repository: Repository, since_s: float | None) -> _Known:
    """Return what of a repository is known already: what happened before a time, or until now."""
    head = head_of(repository) or Head(commit="", branch="")
    n_log_bytes = _size(repository.control / "logs/HEAD")
    if since_s is None:
        return _Known(head=head, n_log_bytes=n_log_bytes, since_s=time.time())
    logged, _ = _steps_since(repository, 0)
    if logged and logged[-1].after == head.commit:
        n_log_bytes = 0
    else:
        # Not all of it is in the log, so that the commits themselves must do.
        head = replace(head, commit=_commit_before(repository, head.commit, since_s))
    return _Known(head=head, n_log_bytes=n_log_bytes, since_s=since_s)


def _steps_since(repository: Repository, n_known_bytes: int) -> tuple[list[_Step], int]:
    """Return what HEAD's log says behind its first bytes, and how many there are now."""
    path = repository.control / "logs/HEAD"
    size = _size(path)
    if size <= n_known_bytes:
        # A log that is shorter than it was has been cleaned up: nothing in it is new.
        return [], size
    start = max(n_known_bytes, size - MAX_LOG_BYTES)
    raw = _bytes_from(path, start)
    whole, line_end, _ = raw.rpartition(b"\n")
    lines = whole.decode("utf-8", "replace").split("\n") if line_end else []
    steps = []
    for line in lines[-MAX_MOVES:]:
        found = _LOGGED.fullmatch(line)
        if found is not None:
            before, after = (item if item.strip("0") else "" for item in (found[1], found[2]))
            at_s = float(found[3] or 0)
            words = (found[4] or "").partition(":")[0]
            steps.append(_Step(before=before, after=after, at_s=at_s, words=_known_words(words)))
    return [one for one in steps if one.after], start + len(whole) + len(line_end)


def _steps_between(repository: Repository, before: str, after: str) -> list[_Step]:
    """Return the commits made on top of one, where no log tells of them; else one jump."""
    now_s = time.time()
    steps: list[_Step] = []
    newer = after
    while newer != before and len(steps) < MAX_UNLOGGED:
        parents = parents_of(repository.common, newer)
        older = parents[0] if parents else ""
        steps.append(_Step(before=older, after=newer, at_s=now_s))
        if not older and before:
            break
        newer = older
    if newer == before:
        return steps[::-1]
    return [_Step(before=before, after=after, at_s=now_s)]


def _commit_before(repository: Repository, commit: str, since_s: float) -> str:
    """Return the newest commit on the way back from one that is older than a time."""
    for _ in range(MAX_UNLOGGED):
        made_s = committed_s(repository.common, commit)
        if made_s is None or made_s < math.floor(since_s):
            break
        commit = next(iter(parents_of(repository.common, commit)), "")
    return commit


def _known_words(words: str) -> str:
    """Return the words that tell moves apart: ``merge topic`` is a merge, whatever the topic."""
    first = words.partition(" ")[0]
    return first if first in {"merge", "pull", "rebase"} else words


def _inferred(repository: Repository, step: _Step) -> Move:
    """Return how a commit became another one, as the commits themselves tell."""
    parents = parents_of(repository.common, step.after)
    if step.before in parents[:1] or (not step.before and parents == ()):
        return Move.COMMIT
    if parents and parents == parents_of(repository.common, step.before):
        return Move.AMEND
    return Move.CHECKOUT


def _size(path: Path) -> int:
    try:
        about = path.stat()
    except (OSError, ValueError):
        return 0
    return about.st_size if stat.S_ISREG(about.st_mode) else 0


def _bytes_from(path: Path, start: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(MAX_LOG_BYTES + SLACK_BYTES)
    except OSError:
        return b""
