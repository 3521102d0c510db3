"""Ghost text from keystroke to keystroke: what is asked, kept, waited for again, or given up.

One per window. A suggestion that the person is typing is served from memory; a request whose answer
may still be what the person is typing goes on; any other one is cancelled. Each suggestion is
shown, superseded or cancelled once in the ledger, however often an editor asks for it.
"""

from __future__ import annotations

import asyncio

from ducktypist.config import CompleteConfig
from ducktypist.domain import Document
from ducktypist.features.context.ring import Ring
from ducktypist.features.ghost.complete import CompleteRequest, Completion
from ducktypist.features.ghost.memory import Memory
from ducktypist.features.ghost.running import Running
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.events import Shown, Superseded


class Ghost:
    """The suggestions of one window while somebody types."""

    def __init__(self, *, ring: Ring | None = None) -> None:
        """Remember nothing yet.

        Args:
            ring: What was visited recently, as context.
        """
        self.ring = ring
        self._memory = Memory()
        self._running: dict[str, Running] = {}
        self._newest: dict[str, object] = {}
        self._workbench: Workbench | None = None

    def remembered(self, document: Document, offset: int) -> Completion | None:
        """Return the suggestion that still holds at a place; nobody is asked.

        It counts as shown.
        """
        found = self._memory.find(document, offset)
        if found is None:
            return None
        one, left = found
        if not one.is_shown and self._workbench is not None:
            one.is_shown = True
            self._workbench.record([Shown(suggestion_id=left.suggestion_id)])
        return left

    async def suggest(
        self,
        request: CompleteRequest,
        *,
        workbench: Workbench,
        config: CompleteConfig,
        wait_s: float = 0.0,
        patience_s: float | None = None,
    ) -> Completion | None:
        """Suggest what stands at the cursor next, or return None where nothing useful is likely.

        Of two calls for one document only the newer one finds something. Cancelling a call leaves
        the request to the engine running for a moment, for the next call to take it over.

        Args:
            request: Where the person types.
            workbench: Engine, prompts and ledger.
            config: Settings.
            wait_s: How long to wait before the engine is asked, in case more is typed.
            patience_s: When to return with nothing while the engine goes on; None means never.

        Raises:
            EngineError: One of its four kinds.
        """
        loop, document, offset = asyncio.get_running_loop(), request.document, request.offset
        uri, started_s = document.uri, loop.time()
        until_s = None if patience_s is None else started_s + patience_s
        self._workbench = workbench
        me = self._newest[uri] = object()
        found = self.remembered(document, offset)
        if found is not None or self._memory.knows_nothing(document, offset):
            return found
        running = self._running.get(uri)
        if running is not None and await self._answered(running, document, offset, until_s):
            return self.remembered(document, offset)
        if self._newest.get(uri) is me:
            await asyncio.sleep(max(0.0, started_s + wait_s - loop.time()))
        if self._newest.get(uri) is not me:
            return None
        running = self._begin(request, workbench, config)
        await self._answered(running, document, offset, until_s)
        return self.remembered(document, offset) if self._newest.get(uri) is me else None

    def dismissed(self, suggestion_id: str) -> None:
        """Do not offer a suggestion again."""
        self._memory.forget(suggestion_id)

    def closed(self, uri: str) -> None:
        """Give up what runs for a document."""
        running = self._running.pop(uri, None)
        if running is not None:
            running.cancel()
        self._settle(uri)
        self._newest.pop(uri, None)

    async def aclose(self) -> None:
        """Give up whatever still runs."""
        running = list(self._running.values())
        for one in running:
            one.cancel()
        await asyncio.gather(*(one.task for one in running), return_exceptions=True)
        self._settle(None)

    def _begin(
        self, request: CompleteRequest, workbench: Workbench, config: CompleteConfig
    ) -> Running:
        uri = request.document.uri
        before = self._running.get(uri)
        if before is not None:
            before.supersede()
        self._settle(uri)
        running = Running(request, workbench=workbench, config=config, ring=self.ring)
        self._running[uri] = running
        running.task.add_done_callback(lambda _: self._ended(running))
        return running

    def _ended(self, running: Running) -> None:
        request = running.request
        if self._running.get(request.document.uri) is running:
            del self._running[request.document.uri]
        if running.has_answer:
            self._memory.keep(request.document, request.offset, running.answer())

    async def _answered(
        self, running: Running, document: Document, offset: int, until_s: float | None
    ) -> bool:
        """Wait for a request as long as it may be about a place; tell whether it is settled."""
        if not await running.wait(document, offset, until_s=until_s):
            if running.task.done() and not running.task.cancelled():
                running.answer()
            running.supersede()
            return False
        if not running.task.done():
            return True
        is_same = running.place.typed_since(document, offset) == ("", "")
        return is_same or self._memory.find(document, offset) is not None

    def _settle(self, uri: str | None) -> None:
        """Record that what was found and never shown is out of date."""
        late = [Superseded(suggestion_id=one.suggestion_id) for one in self._memory.outdated(uri)]
        if late and self._workbench is not None:
            self._workbench.record(late)
