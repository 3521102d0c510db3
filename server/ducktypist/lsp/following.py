"""When one window looks what became of the suggestions that were accepted in it.

The text of an accepted suggestion is located in its document; each change of the document moves it,
and it is looked at when a checkpoint is due, when its file is saved, closed, renamed or changed on
the disk, and when HEAD moves (``following_git``). What is seen there is ``features.following``'s
business. Nothing here is waited for while somebody types.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from lsprotocol import types

from ducktypist import config
from ducktypist.domain import Span
from ducktypist.errors import DucktypistError
from ducktypist.features.afterwards import Suggested
from ducktypist.features.followed_files import text_on_disk
from ducktypist.features.following import Accepted, Trail
from ducktypist.features.locating import is_whole_body, located, taken_text
from ducktypist.lsp.convert import Mapper, uri_to_path
from ducktypist.lsp.following_git import FollowedCommits
from ducktypist.watch.claims import FOLDER, Claims
from ducktypist.watch.files import file_changes

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

PATIENCE_S = 5.0
"""How long to wait for an editor to make the edit that it says was accepted."""
LOOK_AGAIN_S = 0.2
PARTLY_S = 1.0
"""So long after a part of a suggestion was taken, nothing more is taken of it for now."""
SAVED_S = 0.3
"""How long to wait for what an editor does when it saves, closes or reloads a file."""
RESUME_S = 3.0
"""A window that was just opened has other things to do first."""
LEAST_WAIT_S = 0.1
MOST_WAIT_S = 60.0


Key: TypeAlias = tuple[str, str]
"""A workspace folder, and a file's path relative to it."""


class Following:
    """The accepted suggestions of one window."""

    def __init__(self, session: Session, *, partly_s: float = PARTLY_S) -> None:
        """Follow nothing yet.

        Args:
            session: The window's.
            partly_s: How long after a part was taken to wait for more of it.
        """
        self._session = session
        self._partly_s = partly_s
        self.trail = Trail(lambda: session.app.ledger)
        self._claims = Claims(config.runtime_dir() / FOLDER)
        self._commits = FollowedCommits(
            self.trail,
            look=self.refresh,
            is_wanted=self._is_wanted,
            in_background=session.in_background,
        )
        self._keys: dict[str, Key | None] = {}
        """Of the open documents, by URI; None for one in no folder."""
        self._placing: dict[str, asyncio.Task[None]] = {}
        """By suggestion."""
        self._looks: dict[Key, asyncio.TimerHandle] = {}
        self._changed = asyncio.Event()
        """Set when there is something new to wait for."""
        self._edited = asyncio.Event()
        self._watchers: list[asyncio.Task[None]] = []
        self._is_closed = False

    # ------------------------------------------------------------------ what the editor says

    def accepted(self, suggested: Suggested, *, n_chars: int | None = None) -> None:
        """Follow a suggestion that was accepted, as soon as it stands in its document.

        Args:
            suggested: The suggestion.
            n_chars: How many characters of it were taken so far; None means all.
        """
        if not self._is_wanted() or self._is_closed:
            return
        before = self._placing.pop(suggested.suggestion_id, None)
        if before is not None:
            before.cancel()
        at_s = time.monotonic()
        task = self._session.in_background(self._place(suggested, n_chars, at_s))
        self._placing[suggested.suggestion_id] = task

    def opened(self, uri: str, mapper: Mapper) -> None:
        """Note a document that was opened."""
        key = self._keys[uri] = self._key_of(uri)
        if key is not None:
            self.trail.opened(*key, mapper.text)

    def edited(self, uri: str, before: Mapper, span: Span, after: Mapper) -> None:
        """Note a change of a document; costs next to nothing."""
        key = self._keys.get(uri)
        if key is not None:
            n_behind = len(before.text) - span.end
            self.trail.edited(*key, span, after.text[span.start : len(after.text) - n_behind])
        self._edited.set()

    def saved(self, uri: str) -> None:
        """Look at a document that is on the disk now: test runs will be of this text."""
        key = self._keys.get(uri)
        if key is not None:
            self._look_soon(key)

    def closed(self, uri: str) -> None:
        """Go on with what is on the disk."""
        key = self._keys.pop(uri, None)
        if key is not None:
            self.trail.closed(*key)
            self._look_soon(key)

    def renamed(self, files: Iterable[types.FileRename]) -> None:
        """Follow files and folders to their new names."""
        self._session.in_background(self._rename([(one.old_uri, one.new_uri) for one in files]))

    def deleted(self, files: Iterable[types.FileDelete]) -> None:
        """Look at what is gone."""
        self._session.in_background(self._look_below([one.uri for one in files]))

    # ------------------------------------------------------------------ for others

    async def refresh(self, root: Path) -> None:
        """Look at everything that stands in a folder, because its tests are about to be run."""
        for key in sorted(self.trail.files()):
            if key[0] == str(root):
                await self._look(key)

    async def places(self) -> Mapping[str, tuple[Path, int]]:
        """Return the file and the line (0-based) of each suggestion that still stands somewhere."""
        found: dict[str, tuple[Path, int]] = {}
        opened = {key: text for uri, key in self._keys.items() if key and (text := self._text(uri))}
        for root in sorted({key[0] for key in self.trail.files()}):
            await self.refresh(Path(root))
            for one in await self.trail.standing(root):
                path = Path(root) / one.path
                text = opened.get((root, one.path))
                if text is None:
                    text = await asyncio.to_thread(text_on_disk, path)
                if text is not None and one.span.end <= len(text):
                    found[one.suggestion_id] = path, Mapper(text).line_at(one.span.start)
        return found

    def folders_changed(self) -> None:
        """Find out anew which documents are in which folder."""
        self._keys = {uri: self._key_of(uri) for uri in self._keys}

    def start(self) -> None:
        """Go on with what other windows, which are gone, had to leave."""
        if self._is_wanted():
            self._session.in_background(self._resume())

    def close(self) -> None:
        """Look at nothing from here on; tasks are the session's to cancel."""
        self._is_closed = True
        for look in self._looks.values():
            look.cancel()
        self._looks.clear()
        self._claims.close()

    # ------------------------------------------------------------------ placing

    async def _place(self, suggested: Suggested, n_chars: int | None, at_s: float) -> None:
        if n_chars is not None and n_chars < len(suggested.edit.new_text):
            await asyncio.sleep(self._partly_s)
        until_s = time.monotonic() + PATIENCE_S
        while (accepted := await self._placed(suggested, n_chars)) is None:
            if time.monotonic() > until_s:
                self._session.log(f"{suggested.suggestion_id} was accepted and is not to be found")
                return
            # The editor says that it was accepted before or after it makes the edit.
            self._edited.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._edited.wait(), LOOK_AGAIN_S)
        if self._is_wanted():
            # First, so that no window that opens now takes it for one of a window that is gone.
            await asyncio.to_thread(self._claims.take, self._session.app.session_id)
            await self.trail.took(accepted, at_s=at_s)
            await self._begin([(str(accepted.root), accepted.path)])
        if self._placing.get(suggested.suggestion_id) is asyncio.current_task():
            del self._placing[suggested.suggestion_id]

    async def _placed(self, suggested: Suggested, n_chars: int | None) -> Accepted | None:
        """Return where an accepted suggestion stands, None where it does not (yet)."""
        document = suggested.document
        text = opened = self._text(document.uri)
        if text is None and document.path is not None and document.uri not in self._keys:
            text = await asyncio.to_thread(text_on_disk, document.path)
        if text is None:
            return None

        def find(text: str = text) -> tuple[Key | None, Span | None, bool]:
            span = located(suggested, text, n_chars=n_chars)
            if span is None:
                return None, None, False
            is_whole = n_chars is None or n_chars >= len(suggested.edit.new_text)
            is_body = is_whole and is_whole_body(replace(document, text=text), span)
            return self._key_of(document.uri), span, is_body

        key, span, is_body = await asyncio.to_thread(find)
        if key is None or span is None or self._text(document.uri) != opened:
            return None
        return Accepted(
            suggestion_id=suggested.suggestion_id,
            root=Path(key[0]),
            path=key[1],
            span=span,
            text=taken_text(suggested, n_chars),
            document=text,
            is_body=is_body,
            is_open=opened is not None,
        )

    async def _resume(self) -> None:
        await asyncio.sleep(RESUME_S)
        app = self._session.app
        resumed = await self.trail.resume(
            app.roots,
            is_ours=lambda session: session == app.session_id or self._claims.take(session),
        )
        if not resumed:
            return
        oldest_s = max(one.age_s for one in resumed)
        keys = {(one.root, one.path) for one in resumed}
        for uri, key in list(self._keys.items()):
            text = self._text(uri)
            if key in keys and text is not None:
                self.trail.opened(*key, text)
        for key in sorted(keys):
            await self._look(key)
        await self._begin(keys, since_s=time.time() - oldest_s)
        await asyncio.to_thread(self._claims.sweep)

    async def _begin(self, keys: Iterable[Key], *, since_s: float | None = None) -> None:
        """See to it that what stands in some files is looked at from here on."""
        for root, path in keys:
            await self._commits.follow(Path(root), Path(root) / path, since_s=since_s)
        self._changed.set()
        if not self._watchers and not self._is_closed:
            in_background = self._session.in_background
            self._watchers = [
                in_background(self._keep_time()),
                in_background(self._watch_disk()),
                in_background(self._commits.watch()),
            ]

    # ------------------------------------------------------------------ looking

    async def _keep_time(self) -> None:
        """Look at each file when one of its checkpoints is due."""
        while True:
            self._changed.clear()
            wait_s = await self.trail.wait_s()
            if wait_s is None or not self._is_wanted():
                wait_s = MOST_WAIT_S
            wait_s = min(max(wait_s, LEAST_WAIT_S), MOST_WAIT_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), wait_s)
            for key in await self.trail.due() if self._is_wanted() else ():
                await self._look(key)

    async def _watch_disk(self) -> None:
        """Look at each file that changes; what an editor has open counts as it stands there."""
        followed: dict[Path, Key] = {}

        def files() -> Mapping[Path, Path]:
            found: dict[Path, Path] = {}
            for key in self.trail.files():
                root = Path(key[0])
                followed[root / key[1]] = key
                found[root / key[1]] = root
            return found

        async for changed in file_changes(files):
            for path in changed:
                if path in followed:
                    self._look_soon(followed[path])

    def _look_soon(self, key: Key) -> None:
        before = self._looks.pop(key, None)
        if before is not None:
            before.cancel()
        if self.trail.is_empty or self._is_closed:
            return

        def look() -> None:
            self._looks.pop(key, None)
            self._session.in_background(self._look(key))

        self._looks[key] = asyncio.get_running_loop().call_later(SAVED_S, look)

    async def _look(self, key: Key) -> None:
        if not self._is_wanted():
            return
        root, path = key
        opened: dict[str, str] = {}
        for uri, known in self._keys.items():
            text = self._text(uri) if known is not None and known[0] == root else None
            if known is not None and text is not None:
                opened[known[1]] = text
        await self.trail.look(root, path, opened=opened)
        self._changed.set()

    async def _rename(self, uris: list[tuple[str, str]]) -> None:
        for old_uri, new_uri in uris:
            old, new = await asyncio.to_thread(
                lambda a=old_uri, b=new_uri: (self._key_of(a), self._key_of(b))  # type: ignore[misc] # the defaults bind the loop's variables
            )
            if old is not None and new is not None and old[0] == new[0]:
                await self.trail.renamed(old[0], old[1], new[1])
                await self._begin([new])

    async def _look_below(self, uris: list[str]) -> None:
        for uri in uris:
            gone = await asyncio.to_thread(self._key_of, uri)
            for root, path in self.trail.files() if gone is not None else ():
                if (
                    gone is not None
                    and root == gone[0]
                    and (path == gone[1] or path.startswith(f"{gone[1]}/"))
                ):
                    self._look_soon((root, path))

    # ------------------------------------------------------------------ small things

    def _is_wanted(self) -> bool:
        return self._session.app.config.ledger.follow

    def _key_of(self, uri: str) -> Key | None:
        path = uri_to_path(uri)
        try:
            root = self._session.app.root_of(path)
            if path is None or root is None:
                return None
            return str(root), path.resolve().relative_to(root).as_posix()
        except (OSError, RuntimeError, ValueError):
            return None

    def _text(self, uri: str) -> str | None:
        """Return an open document's text; None where it is not open, or we lost track of it."""
        document = self._session.server.protocol.workspace.open_document(uri)
        if document is None or document.desynchronised:
            return None
        try:
            return document.source
        except DucktypistError:
            return None
