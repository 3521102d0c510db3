"""httpx's way through a Unix socket: one connection for each request, on asyncio's own streams.

For ``connection``, which imports it when it imports httpx. httpx's own way waits on the bare
socket with a future that its cancellation and arriving data both complete, so that a cancelled
request leaves a traceback in the log (anyio's ``_wait_until_readable``); it also builds a TLS
context for a socket that needs none. Starts nothing, keeps nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import h11
import httpx

READ_BYTES = 64 * 1024


class UnixTransport(httpx.AsyncBaseTransport):
    """Carries requests to whoever listens at a path."""

    def __init__(self, path: Path, *, connect_timeout_s: float) -> None:
        self._path = path
        self._connect_timeout_s = connect_timeout_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return once the answer begins.

        Raises:
            httpx.ConnectError: Nobody listens.
            httpx.TransportError: The connection broke.
        """
        body = await request.aread()
        if (trace := request.extensions.get("trace")) is not None:
            await trace("connection.connect_unix_socket.started", {})
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                reader, writer = await _connect(self._path)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("nobody accepted the connection") from error
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        exchange = _Exchange(reader, writer)
        try:
            head = await exchange.ask(request, body)
        except BaseException:
            await exchange.aclose()
            raise
        return httpx.Response(
            status_code=head.status_code, headers=list(head.headers), stream=exchange
        )


class _Reader(asyncio.StreamReader):
    """Gives what had come before the connection broke: it may say why it did."""

    def set_exception(self, exc: Exception) -> None:
        """Take a broken connection for the end."""
        del exc
        self.feed_eof()


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = _Reader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.create_unix_connection(lambda: protocol, str(path))
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class _Exchange(httpx.AsyncByteStream):
    """One request and the body of its answer; closing it closes the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    async def ask(self, request: httpx.Request, body: bytes) -> h11.Response:
        headers = [
            (name, value)
            for name, value in request.headers.raw
            if name.lower() not in {b"connection", b"transfer-encoding"}
        ]
        asked = h11.Request(
            method=request.method,
            target=request.url.raw_path,
            headers=[*headers, (b"connection", b"close")],
        )
        raw = [
            self._http.send(part) or b""
            for part in (asked, h11.Data(data=body), h11.EndOfMessage())
        ]
        self._writer.write(b"".join(raw))
        # Whoever refuses a large body early hangs up on the rest, after saying why.
        with contextlib.suppress(OSError):
            await self._writer.drain()
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return event

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def aclose(self) -> None:
        self._writer.transport.abort()

    async def _next(self) -> h11.Event:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(READ_BYTES))
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except OSError as error:
            raise httpx.ReadError(str(error)) from error
        if not isinstance(event, h11.Event) or isinstance(event, h11.ConnectionClosed):
            raise httpx.RemoteProtocolError("the connection was closed before the answer")
        return event
