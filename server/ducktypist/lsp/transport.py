"""Standard input and output as a message channel, and the life of the process around it.

pygls' own reader occupies a pool thread, stops at the first frame it does not like, and its writer
blocks the event loop when the editor does not read. Here one daemon thread reads and one writes;
the event loop only sees whole messages. Threads, because standard input may be a file, a terminal
or closed, and because making a shared pipe non-blocking changes it for every process that has it.

Knows nothing of LSP's methods: it hands each JSON value to a :class:`MessageHandler`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from ducktypist.lsp.frames import FrameParser, Received, Unreadable, UnreadableStreamError

logger = logging.getLogger(__name__)

READ_BYTES = 256 * 1024
MAX_UNHANDLED_MESSAGES = 256
"""Messages that may wait for the event loop before reading pauses."""
MAX_UNSENT_BYTES = 64 * 1024**2
"""An editor that lets this much pile up is taken for dead."""
FLUSH_S = 1.0
"""How long the last replies may take to leave when the server stops."""
STOP_S = 3.0
"""How long running requests and ``on_stop`` may take to wind down."""


class MessageHandler(Protocol):
    """What the transport talks to; ``DucktypistProtocol`` is one."""

    def receive(self, message: Any) -> None:  # noqa: ANN401 - whatever JSON came
        """Take one JSON value."""

    def refuse_unreadable(self, reason: str) -> None:
        """Answer a frame that holds no JSON value."""

    def set_writer(self, writer: Any, include_headers: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 - pygls' signature
        """Take the writer to answer with."""

    def set_leave(self, leave: Callable[[int], None]) -> None:
        """Take the function that ends the process with a status."""


def run_stdio(
    handler: MessageHandler,
    *,
    write_fd: int,
    read_fd: int | None = None,
    on_stop: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Serve until ``exit``, the end of the input, a signal or a dead editor; return the status.

    The caller should leave with ``os._exit``: worker threads that are still busy would otherwise
    be waited for.

    Args:
        handler: Gets the messages, on the event loop.
        write_fd: Where frames go; closed afterwards.
        read_fd: Where frames come from; standard input when None, which is then put out of reach
            of everything else.
        on_stop: Winds down what the server started; has ``STOP_S`` to do so.
    """
    if read_fd is None:
        read_fd = take_stdin()
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(
            _serve(handler, read_fd=read_fd, write_fd=write_fd, on_stop=on_stop)
        )
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def take_stdin() -> int | None:
    """Move standard input to a private descriptor, and leave ``/dev/null`` in its place.

    A child process that inherits descriptor 0 would otherwise eat the editor's messages. Returns
    None when standard input is closed.
    """
    try:
        private = os.dup(0)
    except OSError:
        return None
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return private


async def _serve(
    handler: MessageHandler,
    *,
    read_fd: int | None,
    write_fd: int,
    on_stop: Callable[[], Awaitable[None]] | None,
) -> int:
    loop = asyncio.get_running_loop()
    status: asyncio.Future[int] = loop.create_future()

    def leave(with_status: int) -> None:
        if not status.done():
            status.set_result(with_status)

    def leave_soon(with_status: int) -> None:
        with contextlib.suppress(RuntimeError):  # The loop is closed: we have left already.
            loop.call_soon_threadsafe(leave, with_status)

    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, leave, 128 + number)
    writer = FrameWriter(write_fd, on_broken=lambda: leave_soon(1))
    handler.set_writer(writer)
    handler.set_leave(leave)
    reader = _Reader(read_fd, handler, loop, leave_soon)
    reader.start()
    result = await status
    reader.stop()
    await _wind_down(on_stop)
    give_up_s = time.monotonic() + FLUSH_S
    while writer.has_unsent and time.monotonic() < give_up_s:  # noqa: ASYNC110 - set by a thread
        await asyncio.sleep(0.002)
    writer.close()
    return result


async def _wind_down(on_stop: Callable[[], Awaitable[None]] | None) -> None:
    """Cancel what still runs, and wait for it a little, not for ever."""
    current = asyncio.current_task()
    running: set[asyncio.Future[Any]] = {*asyncio.all_tasks()}
    waited_for = {task for task in running if task is not current}
    for task in waited_for:
        task.cancel()
    if on_stop is not None:
        waited_for.add(asyncio.ensure_future(_awaited(on_stop())))
    if not waited_for:
        return
    done, late = await asyncio.wait(waited_for, timeout=STOP_S)
    for task in done:
        if not task.cancelled() and task.exception() is not None:
            logger.error("while stopping: %r", task.exception())
    if late:
        logger.warning("%d tasks did not end within %s s; leaving anyway", len(late), STOP_S)


async def _awaited(awaitable: Awaitable[None]) -> None:
    await awaitable


class _Reader:
    """The thread that reads frames and passes them to the event loop in order."""

    def __init__(
        self,
        fd: int | None,
        handler: MessageHandler,
        loop: asyncio.AbstractEventLoop,
        leave_soon: Callable[[int], None],
    ) -> None:
        self._fd = fd
        self._handler = handler
        self._loop = loop
        self._leave_soon = leave_soon
        self._stopped = False
        self._room = threading.Semaphore(MAX_UNHANDLED_MESSAGES)

    def start(self) -> None:
        threading.Thread(target=self._run, name="lsp-reader", daemon=True).start()

    def stop(self) -> None:
        self._stopped = True

    def _run(self) -> None:
        try:
            self._read_all()
        except UnreadableStreamError as error:
            logger.error("%s", error)  # noqa: TRY400 - a trace of our own parser tells nothing
        except Exception:
            logger.exception("the reader failed")
        # LSP knows one orderly end: shutdown, then exit. The input's end is another one.
        self._leave_soon(1)

    def _read_all(self) -> None:
        if self._fd is None:
            logger.error("standard input is closed; start the server from an editor")
            return
        parser = FrameParser()
        n_received = 0
        while not self._stopped:
            try:
                chunk = os.read(self._fd, READ_BYTES)
            except OSError as error:
                logger.error("standard input cannot be read: %s", error)  # noqa: TRY400 - errno says it all
                return
            if not chunk:
                if not n_received:
                    logger.error("the input ended before a message came; start from an editor")
                return
            for item in parser.feed(chunk):
                n_received += 1
                self._room.acquire()
                try:
                    self._loop.call_soon_threadsafe(self._deliver, item)
                except RuntimeError:  # The loop is closed.
                    return

    def _deliver(self, item: Received | Unreadable) -> None:
        self._room.release()
        if self._stopped:
            return
        try:
            if isinstance(item, Received):
                self._handler.receive(item.value)
                return
            logger.warning("%s", item.reason)
            if item.answer:
                self._handler.refuse_unreadable(item.reason)
        except Exception:
            logger.exception("a message could not be handled")


class FrameWriter:
    """Writes whole frames, in order, from a thread of its own.

    ``write`` never blocks and never raises: what an editor does not read waits in memory up to
    ``MAX_UNSENT_BYTES``; beyond that, or when the pipe is closed, everything is dropped and
    ``on_broken`` called once.
    """

    def __init__(self, fd: int, *, on_broken: Callable[[], None]) -> None:
        self._fd = fd
        self._on_broken = on_broken
        self._unsent: deque[bytes] = deque()
        self._n_unsent_bytes = 0
        self._changed = threading.Condition()
        self._broken = False
        self._closed = False
        threading.Thread(target=self._run, name="lsp-writer", daemon=True).start()

    @property
    def has_unsent(self) -> bool:
        """Whether something waits to be written."""
        return self._n_unsent_bytes > 0

    def write(self, data: bytes) -> None:
        """Queue one frame."""
        with self._changed:
            if self._broken or self._closed:
                return
            self._unsent.append(data)
            self._n_unsent_bytes += len(data)
            too_much = self._n_unsent_bytes > MAX_UNSENT_BYTES
            self._changed.notify_all()
        if too_much:
            self._break(f"the editor left {MAX_UNSENT_BYTES} bytes unread")

    def close(self) -> None:
        """Take no more frames and end the thread once its present one is written."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._unsent and not self._closed and not self._broken:
                    self._changed.wait()
                if self._broken or not self._unsent:
                    break
                data = self._unsent.popleft()
            try:
                _write_all(self._fd, data)
            except OSError as error:
                self._break(f"the editor does not listen any more: {error.strerror}")
                break
            with self._changed:
                self._n_unsent_bytes -= len(data)
                self._changed.notify_all()
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _break(self, reason: str) -> None:
        with self._changed:
            if self._broken:
                return
            self._broken = True
            self._unsent.clear()
            self._n_unsent_bytes = 0
            self._changed.notify_all()
        logger.warning("%s; leaving", reason)
        self._on_broken()


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            # Somebody who shares the pipe made it non-blocking.
            import select  # noqa: PLC0415 - hardly ever needed

            select.select([], [fd], [], 1.0)
