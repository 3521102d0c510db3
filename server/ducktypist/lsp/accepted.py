"""What a window remembers of the suggestions it showed, and what it does when one is accepted.

An accepted body is checked in the background, on what stands in the editor by then: one check at a
time, none while the person types, and the outcome is a quiet hint. Nothing here is waited for.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from lsprotocol import types

from ducktypist.errors import DucktypistError
from ducktypist.features.afterwards import (
    Checked,
    Standing,
    Suggested,
    Taken,
    check_accepted,
    standing,
    taken,
)
from ducktypist.ledger.events import Accepted, Dismissed
from ducktypist.lsp.checked_hints import CheckedHints, Hint, name_offset
from ducktypist.lsp.convert import Mapper
from ducktypist.lsp.window import View

if TYPE_CHECKING:
    from ducktypist.domain import Span
    from ducktypist.lsp.session import Session

QUIET_S = 2.0
"""How long nothing must have been typed before anything is run."""
LOOK_S = 0.3
"""How long to wait for further edits before it is looked whether a function is another one."""
MAX_STARTS = 10
"""So often one check is started anew because its function was edited meanwhile."""
MAX_REMEMBERED = 100
MAX_REMEMBERED_CHARS = 8_000_000
"""Of the documents' texts, all remembered suggestions together."""


_Key: TypeAlias = tuple[str, str]
"""Document and function: of each the newest is checked."""


@dataclass(slots=True, kw_only=True)
class _Remembered:
    suggested: Suggested
    n_units: int
    """UTF-16 code units of the suggestion, as editors count."""
    is_run: bool
    """Whether it was run by the search that found it, which then need not be done again."""
    n_units_taken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Due:
    """A check that is still to be made."""

    what: Taken
    order: int
    """Of several acceptances, the later one has the higher number."""
    n_starts: int = 0

    @property
    def key(self) -> _Key:
        return self.what.uri, self.what.function


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Running:
    due: _Due
    hint: Hint
    """Without a message yet; it names the function and the text that is run."""
    task: asyncio.Task[Checked | None]


class Acceptances:
    """The suggestions of one window, from being shown to being checked."""

    def __init__(self, session: Session, *, quiet_s: float = QUIET_S) -> None:
        """Start without any.

        Args:
            session: The window's.
            quiet_s: How long nothing must have been typed before anything is run.
        """
        self._session = session
        self._quiet_s = quiet_s
        self._remembered: dict[str, _Remembered] = {}
        self._hints = CheckedHints()
        self._due: dict[_Key, _Due] = {}
        """The newest last."""
        self._running: _Running | None = None
        self._worker: asyncio.Task[None] | None = None
        self._looks: dict[str, asyncio.TimerHandle] = {}
        self._last_edit_s = 0.0
        self._n_taken = 0
        self._latest: dict[_Key, int] = {}
        """The ``order`` of the newest."""

    @property
    def is_busy(self) -> bool:
        """Whether a check is being made or due."""
        return self._running is not None or bool(self._due)

    # ------------------------------------------------------------------ what the person does

    def shown(self, suggested: Suggested, *, is_run: bool = False) -> None:
        """Remember a suggestion that the editor is given.

        One that is shown again while the person types what it says is still the first one.

        Args:
            suggested: The suggestion.
            is_run: Whether tests were run with it that say all that a check later could.
        """
        n_units = len(suggested.edit.new_text.encode("utf-16-le", "surrogatepass")) // 2
        known = self._remembered.pop(suggested.suggestion_id, None)
        self._remembered[suggested.suggestion_id] = known or _Remembered(
            suggested=suggested, n_units=n_units, is_run=is_run
        )
        if not is_run:
            self._session.refusals.shown(suggested)
        while self._is_too_much():
            del self._remembered[next(iter(self._remembered))]

    def accepted(self, suggestion_id: str, *, accepted_length: int | None = None) -> None:
        """Record that the person took a suggestion, and check later what became of it.

        Args:
            suggestion_id: Which one.
            accepted_length: How many UTF-16 code units of it were taken now, where it was not all
                of it; several of them add up.
        """
        known = self._remembered.get(suggestion_id)
        fraction: float | None = None
        n_chars: int | None = None
        if known is not None and accepted_length is not None and known.n_units:
            known.n_units_taken = min(known.n_units, known.n_units_taken + accepted_length)
            fraction = known.n_units_taken / known.n_units
            n_chars = _n_chars(known.suggested.edit.new_text, known.n_units_taken)
        self._session.app.ledger.append(
            Accepted(suggestion_id=suggestion_id, accepted_fraction=fraction)
        )
        self._last_edit_s = time.monotonic()
        if self._hints.clear():
            self._session.desk.publish()
        self._session.refusals.taken(suggestion_id)
        if known is None:
            return
        self._session.following.accepted(known.suggested, n_chars=n_chars)
        if not known.is_run and self._session.app.config.complete.check_accepted:
            self._session.in_background(self._take(known.suggested, n_chars))

    def dismissed(self, suggestion_id: str) -> None:
        """Record that the person saw a suggestion and did not want it."""
        self._session.app.ledger.append(Dismissed(suggestion_id=suggestion_id))
        known = self._remembered.pop(suggestion_id, None)
        if known is not None and not known.is_run:
            self._session.refusals.dismissed(known.suggested)

    def remembered(self, suggestion_id: str) -> Suggested | None:
        """Return a suggestion that was shown in this window; None where it is forgotten."""
        known = self._remembered.get(suggestion_id)
        return None if known is None else known.suggested

    def edited(self, uri: str, before: Mapper, span: Span, after: Mapper) -> None:
        """Follow one change of a document."""
        self._last_edit_s = time.monotonic()
        running = self._running
        # Asked before they follow: one whose line is gone must be taken away, too.
        if self._hints.of(uri) or (running is not None and running.hint.uri == uri):
            self._look_soon(uri)
        self._hints.edited(uri, before, span, after)

    def closed(self, uri: str) -> None:
        """Let go of a document; what stands in its file is nobody's acceptance."""
        for key in [key for key in self._due if key[0] == uri]:
            del self._due[key]
        if self._running is not None and self._running.hint.uri == uri:
            self._running.task.cancel()
        if self._hints.closed(uri):
            self._session.desk.publish()

    def diagnostics(self) -> dict[str, list[types.Diagnostic]]:
        """Return what is shown now, by URI."""
        return self._hints.diagnostics()

    def close(self) -> None:
        """Look at nothing from here on; tasks are the session's to cancel."""
        for look in self._looks.values():
            look.cancel()
        self._looks.clear()

    # ------------------------------------------------------------------ checking

    async def _take(self, suggested: Suggested, n_chars: int | None) -> None:
        self._n_taken += 1
        order = self._n_taken
        what = await asyncio.to_thread(taken, suggested, n_chars=n_chars)
        if what is None:
            return
        due = _Due(what=what, order=order)
        if order < self._latest.get(due.key, 0):
            # Reading its text took longer than that of the newer one.
            return
        self._latest[due.key] = order
        self._due.pop(due.key, None)
        self._due[due.key] = due
        if self._running is not None and self._running.due.key == due.key:
            self._running.task.cancel()
        if self._worker is None or self._worker.done():
            self._worker = self._session.in_background(self._work())

    async def _work(self) -> None:
        """Make the checks that are due, the newest first."""
        while self._due:
            left_s = self._last_edit_s + self._quiet_s - time.monotonic()
            if left_s > 0 or self._session.searches.is_busy:
                await asyncio.sleep(left_s if left_s > 0 else LOOK_S)
                continue
            _, due = self._due.popitem()
            try:
                checked = await self._check(due)
            except DucktypistError as error:
                self._session.log(f"an accepted suggestion was not checked: {error}")
                continue
            if checked is not None:
                await self._tell(checked)

    async def _check(self, due: _Due) -> Checked | None:
        """Make one check, or put it back when its function is edited meanwhile."""
        view = self._view(due.what.uri)
        if view is None:
            return None
        now = await asyncio.to_thread(standing, due.what, view.document)
        if now is None:
            return None
        task = asyncio.ensure_future(self._run(now))
        self._running = _Running(due=due, hint=_hint(now, ""), task=task)
        # It may have been edited since the view was made.
        self._look_soon(now.document.uri)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            is_open = self._view(due.what.uri) is not None
            is_newest = self._latest[due.key] == due.order
            if is_open and is_newest and due.n_starts < MAX_STARTS:
                self._due[due.key] = replace(due, n_starts=due.n_starts + 1)
            return None
        finally:
            self._running = None

    async def _run(self, now: Standing) -> Checked | None:
        session = self._session
        root = await asyncio.to_thread(session.app.root_of, now.document.path)
        return await check_accepted(
            now,
            grounds=await session.grounds(root),
            ledger=session.app.ledger,
            repeats=session.app.config.complete.repeats,
        )

    async def _tell(self, checked: Checked) -> None:
        """Show a hint at the function, if it is still the one that was run."""
        if not checked.message or not self._session.app.config.complete.show_checked:
            return
        hint = _hint(checked.standing, checked.message)
        while (view := self._view(hint.uri)) is not None:
            offset = await asyncio.to_thread(name_offset, hint, view.document)
            if offset is None:
                return
            if self._is_now(view):
                self._hints.show(hint, offset, view.mapper)
                self._session.desk.publish()
                return

    # ------------------------------------------------------------------ is it still the same?

    def _look_soon(self, uri: str) -> None:
        before = self._looks.pop(uri, None)
        if before is not None:
            before.cancel()

        def look() -> None:
            self._looks.pop(uri, None)
            self._session.in_background(self._look(uri))

        self._looks[uri] = asyncio.get_running_loop().call_later(LOOK_S, look)

    async def _look(self, uri: str) -> None:
        """Take away what is no longer true of a document."""
        view, running = self._view(uri), self._running
        if view is None:
            return
        hints = self._hints.of(uri)
        is_run = running is not None and running.hint.uri == uri
        asked = (*hints, *([running.hint] if running is not None and is_run else []))
        found = await asyncio.to_thread(
            lambda: {hint: name_offset(hint, view.document) for hint in asked}
        )
        if not self._is_now(view):
            # The edit that came between asked for another look.
            return
        if running is not None and is_run and found.pop(running.hint) is None:
            running.task.cancel()
        self._hints.settle(found, view.mapper)
        self._session.desk.publish()

    def _view(self, uri: str) -> View | None:
        """Return an open document as it stands now, None when it is not open or not known."""
        server = self._session.server
        if server.protocol.workspace.open_document(uri) is None:
            return None
        try:
            return server.view(uri)
        except DucktypistError:
            return None

    def _is_now(self, view: View) -> bool:
        now = self._view(view.document.uri)
        return now is not None and now.document.text == view.document.text

    def _is_too_much(self) -> bool:
        if len(self._remembered) > MAX_REMEMBERED:
            return True
        n_chars = sum(len(one.suggested.document.text) for one in self._remembered.values())
        return n_chars > MAX_REMEMBERED_CHARS


def _hint(now: Standing, message: str) -> Hint:
    return Hint(
        suggestion_id=now.taken.suggestion_id,
        uri=now.document.uri,
        function=now.taken.function,
        text=now.text,
        message=message,
    )


def _n_chars(text: str, n_units: int) -> int:
    """Return how many code points a number of UTF-16 code units are."""
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * n_units]
    return len(units.decode("utf-16-le", "ignore"))
