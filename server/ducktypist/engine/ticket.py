"""One request on its way through the host, as the event loop sees it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from ducktypist.engine.backend import AnswerEnd, ConnectionDropped, Delta, Finished, Job
from ducktypist.errors import EngineError

Event: TypeAlias = Delta | AnswerEnd | Finished | EngineError | ConnectionDropped
"""What a ticket delivers: pieces and the ends of answers, then exactly one of the others."""


class Ticket:
    """One request's place in the host."""

    def __init__(
        self, job: Job, loop: asyncio.AbstractEventLoop, *, on_cancel: Callable[[Ticket], None]
    ) -> None:
        self.job = job
        self.arrived_s = time.monotonic()
        self._loop = loop
        self._on_cancel = on_cancel
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._cancelled = threading.Event()

    async def next_event(self) -> Event:
        """Return what happened next; the last is a ``Finished`` or an exception as a value."""
        return await self._events.get()

    def cancel(self) -> None:
        """Say that nobody waits any more, wherever the request is."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            self._on_cancel(self)

    def is_cancelled(self) -> bool:
        """Tell whether ``cancel`` was called; from any thread."""
        return self._cancelled.is_set()

    def deliver(self, *events: Event) -> None:
        """Hand events over to the loop; called from the worker's thread."""

        def put() -> None:
            for event in events:
                self._events.put_nowait(event)

        # A loop that is closed belongs to a host that is ending: nobody is left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(put)
