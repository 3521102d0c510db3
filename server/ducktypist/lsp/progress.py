"""Work that takes a while: shown after a second, cancelled when the person says so."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from lsprotocol import types

from ducktypist.errors import EditorError
from ducktypist.lsp.convert import supports_progress

if TYPE_CHECKING:
    from ducktypist.lsp.window import Window

SHOWN_AFTER_S = 0.7
REPORT_EVERY_S = 0.1


class Progress:
    """One display; :meth:`report` may be called from any thread, as often as one likes."""

    def __init__(self, server: Window, title: str, token: types.ProgressToken | None) -> None:
        self._server = server
        self._title = title
        self._is_clients = token is not None
        self._token = f"ducktypist-{uuid.uuid4()}" if token is None else token
        self._message = ""
        self._percentage: int | None = None
        self._shown = False
        self._over = False

    def report(self, message: str, percentage: int | None = None) -> None:
        """Say what is being done now."""
        self._message, self._percentage = message[:200], percentage

    async def show(self, worker: asyncio.Task[object]) -> None:
        """Keep the display up to date; cancel ``worker`` when the person cancels."""
        protocol = self._server.protocol
        if not self._is_clients:
            await asyncio.sleep(SHOWN_AFTER_S)
            try:
                await protocol.ask(
                    types.WINDOW_WORK_DONE_PROGRESS_CREATE,
                    types.WorkDoneProgressCreateParams(token=self._token),
                )
            except EditorError:
                return
        if self._over:
            # Python 3.11's wait_for drops a cancellation that comes together with the answer.
            return
        stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stopped.add_done_callback(lambda future: worker.cancel() if future.cancelled() else None)
        protocol.progress.tokens[self._token] = stopped  # type: ignore[assignment] # pygls only cancels it
        self._shown = True
        protocol.progress.begin(
            self._token,
            types.WorkDoneProgressBegin(
                title=self._title,
                cancellable=True,
                message=self._message or None,
                percentage=self._percentage,
            ),
        )
        last: tuple[str, int | None] = ("", None)
        while not self._over:
            now = (self._message, self._percentage)
            if now != last:
                protocol.progress.report(
                    self._token,
                    types.WorkDoneProgressReport(
                        message=now[0], percentage=now[1], cancellable=True
                    ),
                )
                last = now
            await asyncio.sleep(REPORT_EVERY_S)

    def stop(self) -> None:
        """Say that the work is over: nothing is shown from here on."""
        self._over = True

    def end(self) -> None:
        """Take the display away."""
        if self._shown:
            self._server.protocol.progress.end(
                self._token, types.WorkDoneProgressEnd(message=self._message or None)
            )


@contextlib.asynccontextmanager
async def progress(
    server: Window,
    client: types.ClientCapabilities,
    title: str,
    *,
    token: types.ProgressToken | None = None,
) -> AsyncIterator[Progress]:
    """Show a progress display around a block of work, where the client has one.

    Args:
        server: The window.
        client: What it can do.
        title: What is being done.
        token: The one that came with the request, whose display the client has made itself; its
            end is told however short the work was (LSP 3.17, "Client Initiated Progress").
    """
    display = Progress(server, title, token)
    worker = asyncio.current_task()
    shower: asyncio.Task[None] | None = None
    if (token is not None or supports_progress(client)) and worker is not None:
        shower = asyncio.create_task(display.show(worker))
    try:
        yield display
    finally:
        display.stop()
        if shower is not None:
            shower.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shower
        display.end()
