"""When suggestions that nobody took are run: while the person does nothing and the machine neither.

One at a time; whoever types again goes first. What is run, and whether it is worth it, is
``features.refused``'s business. Nobody is told of the outcome.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from ducktypist.errors import DucktypistError
from ducktypist.features.afterwards import Suggested
from ducktypist.features.refused import Refused, check_refused
from ducktypist.watch.spare import is_spare

if TYPE_CHECKING:
    from ducktypist.lsp.session import Session

IDLE_S = 20.0
"""How long nothing must have been typed before anything is run."""
IGNORED_S = 30.0
"""So long after it was last shown, a suggestion that was not taken is a refused one."""
LOOK_S = 5.0
"""How often to look whether there is time."""
MAX_STARTS = 3
"""So often one check is started anew because the person went on."""


class Refusals:
    """The refused suggestions of one window."""

    def __init__(
        self, session: Session, *, idle_s: float = IDLE_S, ignored_s: float = IGNORED_S
    ) -> None:
        """Start without any.

        Args:
            session: The window's.
            idle_s: How long nothing must have been typed before anything is run.
            ignored_s: How long after it was shown a suggestion counts as refused.
        """
        self._session = session
        self._idle_s, self._ignored_s = idle_s, ignored_s
        self._refused = Refused()
        self._n_starts: dict[str, int] = {}
        self._running: asyncio.Task[None] | None = None
        self._worker: asyncio.Task[None] | None = None
        self._last_edit_s = 0.0

    def shown(self, suggested: Suggested) -> None:
        """Remember a suggestion that may be refused; shown again, its time begins anew."""
        self._put(suggested, from_s=time.monotonic() + self._ignored_s)

    def dismissed(self, suggested: Suggested) -> None:
        """Note that the person said no."""
        self._put(suggested, from_s=time.monotonic())

    def taken(self, suggestion_id: str) -> None:
        """Note that a suggestion was taken after all."""
        self._refused.drop(suggestion_id)

    def edited(self) -> None:
        """Let whoever types go first."""
        self._last_edit_s = time.monotonic()
        if self._running is not None:
            self._running.cancel()

    def _put(self, suggested: Suggested, *, from_s: float) -> None:
        if not self._session.app.config.ledger.verify_refused:
            return
        self._refused.put(suggested, from_s=from_s)
        if self._worker is None or self._worker.done():
            self._worker = self._session.in_background(self._work())

    async def _work(self) -> None:
        """Run what was refused whenever there is time, until nothing is left."""
        while len(self._refused):
            left_s = self._last_edit_s + self._idle_s - time.monotonic()
            await asyncio.sleep(left_s if left_s > 0 else min(LOOK_S, self._idle_s))
            if not self._session.app.config.ledger.verify_refused:
                self._refused.clear()
            elif await self._has_time():
                suggested = self._refused.pop(time.monotonic())
                if suggested is not None:
                    await self._check(suggested)

    async def _has_time(self) -> bool:
        session = self._session
        if session.searches.is_busy or session.acceptances.is_busy:
            return False
        before_s = self._last_edit_s
        is_idle = time.monotonic() >= before_s + self._idle_s
        return is_idle and await asyncio.to_thread(is_spare) and self._last_edit_s == before_s

    async def _check(self, suggested: Suggested) -> None:
        name = suggested.suggestion_id
        self._running = asyncio.ensure_future(self._run(suggested))
        try:
            await self._running
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            n_starts = self._n_starts.pop(name, 0) + 1
            if n_starts < MAX_STARTS:
                self._n_starts[name] = n_starts
                self._refused.put(suggested, from_s=time.monotonic())
        except DucktypistError as error:
            self._session.log(f"a suggestion that nobody took was not checked: {error}")
        else:
            self._n_starts.pop(name, None)
        finally:
            self._running = None

    async def _run(self, suggested: Suggested) -> None:
        session = self._session
        root = await asyncio.to_thread(session.app.root_of, suggested.document.path)
        await check_refused(
            suggested,
            grounds=await session.grounds(root),
            ledger=session.app.ledger,
            repeats=session.app.config.complete.repeats,
        )
