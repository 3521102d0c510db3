"""One request on its way through the host, as the event loop sees it."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from ducktypist.engine.backend import AnswerEnd, ConnectionDropped, Delta, Finished, Job
from ducktypist.errors import EngineError

Event: TypeAlias = Delta | AnswerEnd | Finished | EngineError | ConnectionDropped
"""What a ticket delivers: pieces and the ends of answers, then exactly one of the others."""


class _Awaited(enum.Enum):
    """What the loop wants to be woken for."""

    NOTHING = enum.auto()
    AN_END = enum.auto()
    """Anything but a piece."""
    ANYTHING = enum.auto()


class Ticket:
    """One request's place in the host."""

    def __init__(
        self, job: Job, loop: asyncio.AbstractEventLoop, *, on_cancel: Callable[[Ticket], None]
    ) -> None:
        self.job = job
        self.arrived_s = time.monotonic()
        self._loop = loop
        self._on_cancel = on_cancel
        self._events: deque[Event] = deque()
        self._awaited = _Awaited.NOTHING
        self._woken = asyncio.Event()
        self._cancelled = threading.Event()
        self._timers: list[asyncio.TimerHandle] = []

    async def next_event(self) -> Event:
        """Return what happened next; the last is a ``Finished`` or an exception as a value."""
        while not self._events:
            await self._wait_for(_Awaited.ANYTHING)
        return self._events.popleft()

    async def next_events(self, *, not_before_s: float) -> list[Event]:
        """Return all that happened since, at least one event, oldest first.

        Waking the loop costs several times what sending a token does, so pieces are left to
        gather for a while.

        Args:
            not_before_s: By the loop's clock, until when pieces alone are no reason to return.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(not_before_s):
                while not self._is_there(_Awaited.AN_END):
                    await self._wait_for(_Awaited.AN_END)
        events = [await self.next_event()]
        while self._events:
            events.append(self._events.popleft())
        return events

    def at(self, after_s: float, call: Callable[[], None]) -> None:
        """Have something done on the loop after a time, unless the request has ended by then."""
        timer = self._loop.call_later(after_s, call)
        self._timers.append(timer)

    def cancel(self) -> None:
        """Say that nobody waits any more, wherever the request is."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            for timer in self._timers:
                timer.cancel()
            self._on_cancel(self)

    def is_cancelled(self) -> bool:
        """Tell whether ``cancel`` was called; from any thread."""
        return self._cancelled.is_set()

    def deliver(self, *events: Event) -> None:
        """Hand events over to the loop; called from the worker's thread."""
        self._events.extend(events)
        awaited = self._awaited
        if awaited is _Awaited.NOTHING:
            return
        if awaited is _Awaited.AN_END and all(isinstance(event, Delta) for event in events):
            return
        # A loop that is closed belongs to a host that is ending: nobody is left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._woken.set)

    def _is_there(self, awaited: _Awaited) -> bool:
        if awaited is _Awaited.ANYTHING:
            return bool(self._events)
        # A copy, made in one go: the worker's thread may append meanwhile.
        return not all(isinstance(event, Delta) for event in tuple(self._events))

    async def _wait_for(self, awaited: _Awaited) -> None:
        """Return when it may be there."""
        self._woken.clear()
        self._awaited = awaited
        try:
            # Said before looking: what is delivered after the look wakes the loop.
            if not self._is_there(awaited):
                await self._woken.wait()
        finally:
            self._awaited = _Awaited.NOTHING
