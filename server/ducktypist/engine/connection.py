"""The client's end of HTTP: one address, requests with a deadline, errors in our own words.

Used by ``engine.client`` and ``engine.identity``. Only this file and ``unix_transport`` import
httpx. Starts nothing, asks nothing twice, and remembers nothing of the engine but where it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from ducktypist.engine import address, dialect
from ducktypist.engine.pieces import Piece, read_error, read_piece
from ducktypist.errors import (
    EngineCrashedError,
    EngineError,
    EngineLoadingError,
    EngineRequestError,
    EngineUnavailableError,
)

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 2.0
"""Shorter than any server's, so that a reused connection is never one it just closed."""

CONNECTS = frozenset({"connection.connect_tcp.started", "connection.connect_unix_socket.started"})
"""What httpcore and ``unix_transport`` report when a request opens a connection of its own."""

HTTP_OK = 200
HTTP_NOT_FOUND = 404
HTTP_NOT_ALLOWED = 405
HTTP_SERVER_ERROR = 500
HTTP_NOT_IMPLEMENTED = 501
HTTP_UNAVAILABLE = 503

Translated: TypeAlias = Callable[[float], AbstractAsyncContextManager[None]]
"""Takes a deadline by ``time.monotonic``; httpx's exceptions inside the block become ours."""


class Reply:
    """An answer whose body is still to come: read all of it, or iterate and close."""

    def __init__(self, response: httpx.Response, *, translated: Translated) -> None:
        self._response = response
        self._translated = translated

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status_code

    async def body(self, *, deadline: float) -> bytes:
        """Return the whole body and close.

        Raises:
            EngineError: It broke off, or did not end before ``deadline`` (``time.monotonic``).
        """
        try:
            async with self._translated(deadline):
                raw = await self._response.aread()
        finally:
            await self.aclose()
        return raw

    async def pieces(self, *, deadline: float) -> AsyncGenerator[Piece, None]:
        """Yield the events of a stream, read; the caller closes.

        Raises:
            EngineError: It broke off, cannot be read, tells an error, or did not end before
                ``deadline`` (``time.monotonic``).
        """
        chunks = self._response.aiter_bytes()
        rest = b""
        while True:
            async with self._translated(deadline):
                chunk = await anext(chunks, None)
            # Only a line feed ends a line: what else Unicode breaks lines at may stand in a text.
            *lines, rest = (rest + (b"\n" if chunk is None else chunk)).split(b"\n")
            for line in lines:
                try:
                    event = dialect.decode_event(line)
                    if event is None:
                        continue
                    if "error" in event:
                        raise _refusal_in_stream(event)
                    piece = read_piece(event)
                except ValueError as error:
                    raise EngineRequestError(
                        f"the engine's answer cannot be read: {error}", status=500
                    ) from error
                yield piece
            if chunk is None:
                return

    async def aclose(self) -> None:
        """Close the connection, which cancels what the engine has not done yet."""
        await self._response.aclose()


class Connection:
    """The way to one engine; connects again when its address has changed."""

    def __init__(
        self,
        *,
        socket_path: Path | None,
        url: str,
        api_key: str,
        on_failure: Callable[[EngineError], Awaitable[EngineError]],
    ) -> None:
        """Describe the way; nothing is opened yet.

        Args:
            socket_path: Where a host of ours listens; None for an engine elsewhere.
            url: The base address of an engine elsewhere.
            api_key: Sent as bearer token when not empty.
            on_failure: Told each time an engine that took a connection crashes, stays silent
                or cannot be asked; returns the error that is raised. That nobody listens is no
                failure.
        """
        self._socket_path = socket_path
        self._url = url
        self._api_key = api_key
        self._on_failure = on_failure
        self._opened: tuple[address.Address, httpx.AsyncClient] | None = None

    async def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float
    ) -> tuple[int, object]:
        """Return a whole answer: its status, and its JSON body or None when it is not JSON.

        Raises:
            EngineError: There is no answer.
        """
        http = await self.http()
        async with self._translated(time.monotonic() + timeout_s):
            response = await _send(http, method, path, body)
            await response.aread()
        return response.status_code, json_or_none(response.content)

    async def get(self, path: str, *, timeout_s: float) -> Mapping[str, Any]:
        """Return the JSON object at ``path``.

        Raises:
            EngineError: There is no answer, or another one.
        """
        status, body = await self.ask("GET", path, timeout_s=timeout_s)
        if status != HTTP_OK or not isinstance(body, Mapping):
            raise refusal(status, read_error(body), path)
        return body

    async def post(self, path: str, body: Mapping[str, Any], *, deadline: float) -> Reply:
        """Post a request and return once the answer begins, whatever its status; close it.

        Raises:
            EngineError: Nothing came before ``deadline`` (``time.monotonic``).
        """
        http = await self.http()
        async with self._translated(deadline):
            response = await _send(http, "POST", path, body)
        return Reply(response, translated=self._translated)

    async def aclose(self) -> None:
        """Close what is open; the next request opens it again."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened[1].aclose()

    async def http(self) -> httpx.AsyncClient:
        """Return the open client of httpx; its exceptions are not translated.

        Raises:
            EngineUnavailableError: No host listens.
        """
        where = await asyncio.to_thread(self._address)
        if self._opened is not None:
            if self._opened[0] == where:
                return self._opened[1]
            await self.aclose()
        # Imported at first use and in a thread: it takes longer than a hover may wait.
        library = await asyncio.to_thread(importlib.import_module, "httpx")
        token = where.token or self._api_key
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if self._socket_path is not None:
            headers[dialect.VERSION_HEADER] = str(dialect.DIALECT_VERSION)
        client: httpx.AsyncClient = library.AsyncClient(
            base_url=where.base_url,
            headers=headers,
            transport=await _transport(where, library),
            # Reading has no limit of its own: each caller sets a deadline for the whole.
            timeout=library.Timeout(None, connect=CONNECT_TIMEOUT_S),
        )
        self._opened = (where, client)
        return client

    def _address(self) -> address.Address:
        if self._socket_path is None:
            return address.Address(base_url=self._url, socket_path=None, token="")
        where = address.find(self._socket_path)
        if where is None:
            raise EngineUnavailableError(
                f"no engine listens at {self._socket_path}; it is started when needed"
            )
        return where

    @contextlib.asynccontextmanager
    async def _translated(self, deadline: float) -> AsyncIterator[None]:
        """Turn httpx's exceptions and the end of the time into ours."""
        import httpx  # noqa: PLC0415 - heavy; loaded by http() before

        try:
            async with asyncio.timeout_at(_loop_time(deadline)):
                yield
        except TimeoutError as error:
            raise await self._on_failure(
                EngineUnavailableError(
                    "the engine did not answer in time; "
                    "ask again, or raise engine.request_timeout_s"
                )
            ) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise EngineUnavailableError(f"no engine answers: {error}") from error
        except (httpx.TransportError, httpx.StreamError) as error:
            raise await self._on_failure(
                EngineCrashedError(
                    f"the engine went away in the middle of a request ({error!r:.200}); "
                    f"it is started again for the next one"
                )
            ) from error
        except (httpx.InvalidURL, httpx.HTTPError) as error:
            raise await self._on_failure(
                EngineUnavailableError(f"the engine cannot be asked: {error}")
            ) from error


async def _transport(where: address.Address, library: ModuleType) -> httpx.AsyncBaseTransport:
    if where.socket_path is not None:
        module = "ducktypist.engine.unix_transport"
        ours = (await asyncio.to_thread(importlib.import_module, module)).UnixTransport
        made: httpx.AsyncBaseTransport = ours(
            where.socket_path, connect_timeout_s=CONNECT_TIMEOUT_S
        )
        return made
    limits = library.Limits(keepalive_expiry=KEEP_ALIVE_S)
    # In a thread, for it reads the certificates of the system.
    elsewhere: httpx.AsyncBaseTransport = await asyncio.to_thread(
        library.AsyncHTTPTransport, limits=limits
    )
    return elsewhere


async def _send(
    http: httpx.AsyncClient, method: str, path: str, body: Mapping[str, Any] | None
) -> httpx.Response:
    """Send a request and return the head of its answer.

    A server may close a connection that it kept in the moment in which it is used again. Nothing
    of the request was answered then, so it is sent once more.
    """
    import httpx  # noqa: PLC0415 - heavy; loaded by http() before

    connected: list[str] = []

    async def trace(event: str, _info: Mapping[str, Any]) -> None:
        if event in CONNECTS:
            connected.append(event)

    def request() -> httpx.Request:
        return http.build_request(method, path, json=body, extensions={"trace": trace})

    try:
        return await http.send(request(), stream=True)
    except (httpx.NetworkError, httpx.RemoteProtocolError):
        if connected:
            raise
    return await http.send(request(), stream=True)


def refusal(status: int, message: str, path: str) -> EngineError:
    """Return the error that stands for an answer of another status than 200.

    Args:
        status: The HTTP status.
        message: What the engine says, may be empty.
        path: What was asked for.
    """
    if status == HTTP_UNAVAILABLE:
        return EngineLoadingError(message or "the engine is still loading its model")
    if status in {HTTP_NOT_FOUND, HTTP_NOT_ALLOWED}:
        return EngineRequestError(
            message or f"this engine has no {path}; it is needed for this kind of request",
            status=HTTP_NOT_IMPLEMENTED,
        )
    return EngineRequestError(message or f"the engine answered {path} with {status}", status=status)


def _refusal_in_stream(event: Mapping[str, Any]) -> EngineError:
    code = event["error"].get("code") if isinstance(event["error"], dict) else None
    status = code if isinstance(code, int) else HTTP_SERVER_ERROR
    return refusal(status, read_error(event), "the stream")


def json_or_none(raw: bytes) -> object:
    """Return parsed JSON, None for what is not JSON."""
    try:
        parsed: object = json.loads(raw)
    except ValueError:
        return None
    return parsed


def _loop_time(deadline: float) -> float:
    # The loop's clock need not be time.monotonic's.
    return asyncio.get_running_loop().time() + (deadline - time.monotonic())
