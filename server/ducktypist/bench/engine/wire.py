"""Just enough HTTP/1.1 to time an engine: one request a connection, closed when the bench says so.

The program's own client is not used where what is measured is the moment a byte arrives, or where
the same body has to reach another engine without our extensions. It understands what llama-server
and our host send, lengths and chunks, and nothing else of HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.errors import EngineCrashedError, EngineRequestError, EngineUnavailableError

LINE_LIMIT_BYTES = 4 * 1024**2
HTTP_OK = 200
ANSWER_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a stream."""

    at_s: float
    """When it had arrived, by ``time.perf_counter``."""
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where an engine listens."""

    socket_path: Path | None = None
    """A Unix socket; None for TCP."""
    port: int = 0
    """On the loopback address."""

    async def text(self, path: str) -> str:
        """Return the body of a page.

        Raises:
            EngineError: There is none.
        """
        async with self._open("GET", path, None) as (status, reader, headers):
            raw = b"".join([chunk async for chunk in _body(reader, headers)])
        if status != HTTP_OK:
            raise EngineRequestError(f"{path} answered {status}: {raw[:200]!r}", status=status)
        return raw.decode("utf-8", "replace")

    async def json(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON at ``path``, asked for with a body or without.

        Raises:
            EngineError: There is none.
        """
        method = "GET" if body is None else "POST"
        async with self._open(method, path, body) as (status, reader, headers):
            raw = b"".join([chunk async for chunk in _body(reader, headers)])
        if status != HTTP_OK:
            raise EngineRequestError(f"{path} answered {status}: {raw[:200]!r}", status=status)
        return json.loads(raw)

    async def events(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Event, None]:
        """Yield the events of a streamed answer as they arrive; leaving early closes.

        Raises:
            EngineError: The engine refuses, or breaks off.
        """
        async with self._open("POST", path, {**body, "stream": True}) as (status, reader, headers):
            left = b""
            if status != HTTP_OK:
                raw = b"".join([chunk async for chunk in _body(reader, headers)])
                raise EngineRequestError(f"{path} answered {status}: {raw[:200]!r}", status=status)
            async for chunk in _body(reader, headers):
                at_s = time.perf_counter()
                *lines, left = (left + chunk).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:") and not line.endswith(b"[DONE]"):
                        yield Event(at_s=at_s, body=json.loads(line[5:]))

    @contextlib.asynccontextmanager
    async def posted(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[None]:
        """Send a request and read nothing; the connection is closed hard at the block's end.

        Raises:
            EngineUnavailableError: Nobody listens.
        """
        _, writer = await self._connect()
        try:
            writer.write(_request("POST", path, {**body, "stream": True}))
            await writer.drain()
            yield
        finally:
            writer.transport.abort()

    @contextlib.asynccontextmanager
    async def _open(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> AsyncIterator[tuple[int, asyncio.StreamReader, Mapping[str, str]]]:
        reader, writer = await self._connect()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                writer.write(_request(method, path, body))
                await writer.drain()
                status, headers = await _head(reader)
                yield status, reader, headers
        except TimeoutError as error:
            message = f"{path} was not answered within {ANSWER_TIMEOUT_S:.0f} s"
            raise EngineUnavailableError(message) from error
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            raise EngineCrashedError(f"the answer to {path} broke off: {error!r:.200}") from error
        finally:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            if self.socket_path is None:
                return await asyncio.open_connection("127.0.0.1", self.port, limit=LINE_LIMIT_BYTES)
            return await asyncio.open_unix_connection(self.socket_path, limit=LINE_LIMIT_BYTES)
        except OSError as error:
            raise EngineUnavailableError(f"no engine listens: {error}") from error


def _request(method: str, path: str, body: Mapping[str, Any] | None) -> bytes:
    payload = b"" if body is None else json.dumps(body).encode()
    head = [
        f"{method} {path} HTTP/1.1",
        "host: ducktypist",
        "connection: close",
        "content-type: application/json",
        f"content-length: {len(payload)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + payload


async def _head(reader: asyncio.StreamReader) -> tuple[int, Mapping[str, str]]:
    first = (await reader.readuntil(b"\r\n")).split()
    headers: dict[str, str] = {}
    while line := (await reader.readuntil(b"\r\n")).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return int(first[1]), headers


async def _body(
    reader: asyncio.StreamReader, headers: Mapping[str, str]
) -> AsyncGenerator[bytes, None]:
    """Yield the body piece by piece (RFC 9112, sections 6 and 7.1)."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield await reader.readexactly(size)
            await reader.readexactly(2)
    elif "content-length" in headers:
        yield await reader.readexactly(int(headers["content-length"]))
    else:
        while chunk := await reader.read(65_536):
            yield chunk
