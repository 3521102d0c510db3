"""Lines into a run that goes on, and its report lines out of it, as they come.

The one object that the event loop and the thread that watches the run have in common: the loop
asks, the thread carries. Not here: the pipes (``watchdog``) and what the lines say.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One line for the run."""

    data: bytes
    """With its line end."""
    timeout_s: float
    """How long the answer may take before the run is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Awaited:
    ask: Ask
    each: Callable[[bytes], bool]
    done: asyncio.Future[None]


class Dialogue:
    """Asks one thing at a time. Made and asked on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._asks: deque[Ask] = deque()
        self._awaited: _Awaited | None = None
        self._ended: BaseException | None = None
        # A socket and not a pipe: sending after its close is an error and not somebody else's file.
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)  # noqa: FBT003 - positional-only in Python
        self._far.setblocking(False)  # noqa: FBT003 - positional-only in Python

    async def ask(self, line: bytes, *, each: Callable[[bytes], bool], timeout_s: float) -> None:
        """Send a line and wait for the last line of its answer.

        Args:
            line: Without a line end.
            each: Gets every line of the answer as it comes, and tells whether it was the last.
            timeout_s: How long the answer may take before the run is ended.

        Raises:
            SandboxError: The run is over; which one is up to who called :meth:`end`.
        """
        async with self._turn:
            if self._ended is not None:
                raise self._ended
            done: asyncio.Future[None] = self._loop.create_future()
            ask = Ask(data=line + b"\n", timeout_s=timeout_s)
            self._awaited = _Awaited(ask=ask, each=each, done=done)
            self._asks.append(ask)
            self.wake()
            try:
                await done
            finally:
                self._awaited = None

    def end(self, error: BaseException) -> None:
        """Say that no answer will come any more, and why. On the event loop."""
        self._ended = error
        self._near.close()
        if self._awaited is not None and not self._awaited.done.done():
            self._awaited.done.set_exception(error)

    def wake(self) -> None:
        """Make the watching thread look; from any thread."""
        with contextlib.suppress(OSError):
            self._near.send(b".")

    # From here on: for the watching thread.

    @property
    def unanswered(self) -> Ask | None:
        """The question that somebody waits for an answer to."""
        awaited = self._awaited
        return awaited.ask if awaited else None

    @property
    def waker(self) -> socket.socket:
        """What is readable when there is something to do."""
        return self._far

    def take(self) -> list[Ask]:
        """Return what is to be sent."""
        with contextlib.suppress(OSError):
            self._far.recv(4096)
        taken = []
        while self._asks:
            taken.append(self._asks.popleft())
        return taken

    def deliver(self, lines: list[bytes]) -> None:
        """Hand lines over to who waits for them."""
        # The loop may be closed already when a server is torn down in the middle of a run.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._arrived, lines)

    def close(self) -> None:
        """Give back what the thread holds of it."""
        self._far.close()

    def _arrived(self, lines: list[bytes]) -> None:
        for line in lines:
            awaited = self._awaited
            if awaited is None or awaited.done.done():
                # Nobody asked, or what was asked is answered.
                return
            if awaited.each(line):
                awaited.done.set_result(None)
