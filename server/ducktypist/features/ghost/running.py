"""One request for ghost text while it runs, and who waits for it.

It ends by its answer, or by being given up, which the ledger hears once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from ducktypist.config import CompleteConfig
from ducktypist.domain import Document
from ducktypist.features.context.ring import Ring
from ducktypist.features.ghost.answers import Asking
from ducktypist.features.ghost.complete import CompleteRequest, Completion, draft
from ducktypist.features.ghost.memory import Place
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.events import Cancelled, Superseded

LINGER_S = 0.3
"""How long it goes on when nobody waits: editors take a request back before they make the next."""
MAX_AHEAD = 8
"""How many characters a person may be ahead of an answer that is still awaited."""


class Running:
    """One request on its way."""

    def __init__(
        self,
        request: CompleteRequest,
        *,
        workbench: Workbench,
        config: CompleteConfig,
        ring: Ring | None,
    ) -> None:
        """Ask; to be called in a running event loop."""
        self.request = request
        self.asking = Asking()
        self.place = Place.of(request.document, request.offset)
        self._workbench = workbench
        self._n_waiting = 0
        self._news = asyncio.Event()
        self._lingering: asyncio.TimerHandle | None = None
        self.asking.on_news = self._news.set
        self.task = asyncio.ensure_future(
            draft(request, asking=self.asking, workbench=workbench, config=config, ring=ring)
        )
        self.task.add_done_callback(lambda _: self._news.set())

    @property
    def has_answer(self) -> bool:
        """Whether it ended with what the model had to say, be it nothing."""
        ended = self.task.done() and not self.task.cancelled() and self.task.exception() is None
        return ended and not self.asking.is_superseded

    def answer(self) -> Completion | None:
        """Return what was found.

        Raises:
            EngineError: The engine could not say.
        """
        return self.task.result()

    async def wait(self, document: Document, offset: int, *, until_s: float | None) -> bool:
        """Wait until it is over or cannot be the answer for a place; tell whether it may be.

        Args:
            document: The document as it stands now.
            offset: Where in it.
            until_s: The loop's time at which to stop waiting; the request goes on.
        """
        with self._waited_for():
            while not self.task.done():
                if not self.may_become(document, offset):
                    return False
                self._news.clear()
                try:
                    async with asyncio.timeout_at(until_s):
                        await self._news.wait()
                except TimeoutError:
                    # It shall be there when the editor, told that more will come, asks again.
                    self._n_waiting += 1
                    return True
        return self.has_answer

    def may_become(self, document: Document, offset: int) -> bool:
        """Tell whether what was typed since agrees with what was said so far."""
        since = self.place.typed_since(document, offset)
        if since is None:
            return False
        typed, said = since[0].lstrip(), self.asking.said.lstrip()
        if said.startswith(typed):
            return True
        return typed.startswith(said) and len(typed) - len(said) <= MAX_AHEAD

    def supersede(self) -> None:
        """Give it up because something newer is wanted."""
        self._stop(Superseded(suggestion_id=self.asking.suggestion_id))

    def cancel(self) -> None:
        """Give it up because nobody wants it."""
        self._stop(Cancelled(suggestion_id=self.asking.suggestion_id))

    def _stop(self, event: Superseded | Cancelled) -> None:
        if self.task.done():
            return
        self.task.cancel()
        if self.asking.is_requested and not self.asking.is_settled:
            self.asking.is_settled = True
            self._workbench.record([event])

    @contextlib.contextmanager
    def _waited_for(self) -> Iterator[None]:
        self._n_waiting += 1
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        try:
            yield
        finally:
            self._n_waiting -= 1
            if self._n_waiting <= 0 and not self.task.done():
                loop = asyncio.get_running_loop()
                self._lingering = loop.call_later(LINGER_S, self.cancel)
