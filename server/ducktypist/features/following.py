"""Where accepted suggestions stand: files are looked at, and what is seen is written down.

Around ``ledger.attribution.following``, which decides; here are the files that it is shown, one
question at a time in a thread, and the ledger. When to look is not decided here. Nothing that is
read is executed, so a folder need not be trusted.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ducktypist.domain import Span
from ducktypist.features.followed_files import Others, block_at, text_on_disk, written_s
from ducktypist.ledger.attribution.following import (
    CHECKPOINTS_S,
    N_MAX_FOLLOWED,
    Follower,
    Resumed,
    Standing,
)
from ducktypist.ledger.events import Event, Persisted
from ducktypist.ledger.later import Sighted
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.unfinished import read_unfinished

ON_TIME = 1.5
"""A look that comes no later than so many times a checkpoint's age is a look at that time."""
CLOCK_SLACK_S = 2.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The text of a suggestion that was accepted, found in its document."""

    suggestion_id: str
    root: Path
    path: str
    """Relative to ``root``, with ``/``."""
    span: Span
    text: str
    document: str
    """The document's text, with it."""
    is_body: bool
    """Whether it is the whole body of its function."""
    is_open: bool = True
    """Whether the editor has the document open."""


class Trail:
    """The accepted suggestions of one window, and where they went."""

    def __init__(
        self, ledger: Callable[[], Ledger], *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        """Follow nothing yet.

        Args:
            ledger: Where it is written down; asked for each time, because settings may change it.
            now_s: A clock that only goes forward.
        """
        self._ledger, self._now_s = ledger, now_s
        self._made: Follower | None = None
        """None until something is followed."""
        self._one_at_a_time = threading.Lock()
        self._placed_s: dict[str, float] = {}
        """When each was accepted, by this clock."""
        self._seen_s: dict[tuple[str, str], float] = {}
        """When a file was last looked at in which something stood, by the wall clock."""
        self._keys: dict[str, tuple[str, str]] = {}
        """Folder and file of each suggestion; the last ones of those that are gone."""

    # ------------------------------------------------------------------ at once, on the event loop

    def opened(self, root: str, path: str, text: str) -> None:
        """Note that a file was opened in the editor."""
        if self._made is not None:
            self._made.opened(self._now_s(), root, path, text)

    def closed(self, root: str, path: str) -> None:
        """Note that a file was closed; look at it afterwards."""
        if self._made is not None:
            self._made.closed(self._now_s(), root, path)

    def edited(self, root: str, path: str, span: Span, new_text: str) -> None:
        """Note one edit of an open file."""
        if self._made is not None:
            self._made.edited(root, path, span, new_text)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever followed."""
        return not self._placed_s

    def files(self) -> frozenset[tuple[str, str]]:
        """Return the files (folder, path) that anything is followed in; from any thread."""
        return frozenset(tuple(self._keys.values()))

    # ------------------------------------------------------------------ in a thread

    async def took(self, accepted: Accepted, *, at_s: float) -> None:
        """Follow what was accepted from here on.

        Args:
            accepted: What, and where.
            at_s: When, by this trail's clock.
        """

        def work() -> None:
            self._placed_s.setdefault(accepted.suggestion_id, at_s)
            key = str(accepted.root), accepted.path
            self._keys[accepted.suggestion_id] = key
            self._seen_s[key] = time.time()
            events = self._follower.took(
                at_s,
                suggestion_id=accepted.suggestion_id,
                root=key[0],
                path=accepted.path,
                span=accepted.span,
                text=accepted.text,
                document=accepted.document,
                is_body=accepted.is_body,
            )
            if not accepted.is_open:
                self._follower.closed(at_s, *key)
            self._record(key[0], events)
            self._forget_oldest()

        await self._alone(work)

    async def resume(
        self, roots: Sequence[Path], *, is_ours: Callable[[str], bool]
    ) -> tuple[Resumed, ...]:
        """Go on with what other windows, which are gone, had to leave.

        Args:
            roots: The workspace folders.
            is_ours: Tells by a session's id whether nobody else follows what it began.

        Raises:
            LedgerError: The ledger cannot be read.
        """

        def work() -> tuple[Resumed, ...]:
            ledger = self._ledger()
            found = read_unfinished(
                ledger.path,
                {ledger.keyed_hash(str(root)): str(root) for root in roots},
                now=dt.datetime.now(dt.UTC),
                is_ours=is_ours,
            )
            new = [one for one in found if one.suggestion_id not in self._placed_s]
            now_s = self._now_s()
            for one in new:
                self._placed_s[one.suggestion_id] = now_s - one.age_s
                self._keys[one.suggestion_id] = one.root, one.path
                self._seen_s.setdefault((one.root, one.path), time.time() - one.age_s)
            self._follower.resumed(now_s, new)
            return tuple(new)

        return await self._alone(work)

    async def look(self, root: str, path: str, *, opened: Mapping[str, str]) -> None:
        """Look at one file, and write down what became of what stands in it.

        Args:
            root: The workspace folder.
            path: The file's, relative to it.
            opened: The texts of this folder that the editor has, by their paths relative to it.
        """

        def work() -> None:
            file = Path(root) / path
            text = opened[path] if path in opened else text_on_disk(file)
            since_s = self._seen_s.get((root, path), 0.0)
            others = Others(Path(root), path, opened=opened, since_s=since_s)
            looked_s = time.time()
            events = self._follower.seen(self._now_s(), root, path, text, others=others)
            if self._follower.standing(root, path):
                self._seen_s[root, path] = looked_s
            changed_s = None if path in opened else written_s(file)
            self._record(root, self._timely(events, changed_s))

        await self._alone(work)

    async def due(self) -> tuple[tuple[str, str], ...]:
        """Return the files (folder, path) that must be looked at now."""
        return await self._alone(lambda: self._follower.due(self._now_s()))

    async def wait_s(self) -> float | None:
        """Return how long there is nothing to look at; None for ever, as far as is known."""

        def work() -> float | None:
            due_s = self._follower.next_due_s()
            return None if due_s is None else due_s - self._now_s()

        return await self._alone(work)

    async def committed(self, root: str, commit: str, files: Mapping[str, str | None]) -> None:
        """Look at what a commit holds of the files of a folder that it changed."""
        await self._alone(
            lambda: self._record(root, self._follower.committed(self._now_s(), root, commit, files))
        )

    async def switched(self, root: str) -> None:
        """Note that something else was checked out in a folder."""
        await self._alone(lambda: self._follower.switched(self._now_s(), root))

    async def renamed(self, root: str, old: str, new: str) -> None:
        """Note that a file or folder has another name; both relative to the workspace folder."""

        def work() -> None:
            self._follower.renamed(root, old, new)
            for name, (folder, path) in list(self._keys.items()):
                if folder == root and (path == old or path.startswith(f"{old}/")):
                    self._keys[name] = folder, new + path.removeprefix(old)

        await self._alone(work)

    async def standing(self, root: str, path: str | None = None) -> tuple[Standing, ...]:
        """Return what stands in a folder, or in one file of it, as of the last looks."""
        return await self._alone(lambda: self._follower.standing(root, path))

    # ------------------------------------------------------------------ inside

    @property
    def _follower(self) -> Follower:
        """The machine, made when it is first asked; not on the event loop."""
        if self._made is None:
            ledger = self._ledger
            self._made = Follower(keyed=lambda text: ledger().keyed_hash(text), block_at=block_at)
        return self._made

    async def _alone(self, work: Callable[[], _T]) -> _T:
        """Do something in a thread, one at a time; whoever is cancelled leaves it to its end."""

        def alone() -> _T:
            with self._one_at_a_time:
                return work()

        return await asyncio.to_thread(alone)

    def _record(self, root: str, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Sighted) and event.path and not event.commit_hash:
                self._keys[event.suggestion_id] = root, event.path
        if events:
            self._ledger().append_all(events)

    def _forget_oldest(self) -> None:
        while len(self._placed_s) > N_MAX_FOLLOWED:
            name = next(iter(self._placed_s))
            del self._placed_s[name]
            self._keys.pop(name, None)

    def _timely(self, events: Sequence[Event], changed_s: float | None) -> list[Event]:
        """Leave out the checkpoints at which something else may have stood there.

        Nobody looked when they were due (the editor was closed, the machine slept), and the file
        was written since.
        """
        now_s = self._now_s()

        def is_timely(event: Event) -> bool:
            if not isinstance(event, Persisted) or event.suggestion_id not in self._placed_s:
                return True
            after_s = CHECKPOINTS_S.get(event.checkpoint)
            if after_s is None:
                return True
            age_s = now_s - self._placed_s[event.suggestion_id]
            if age_s <= after_s * ON_TIME + CLOCK_SLACK_S:
                return True
            due_s = time.time() - (age_s - after_s)
            return changed_s is not None and changed_s <= due_s + CLOCK_SLACK_S

        return [event for event in events if is_timely(event)]
