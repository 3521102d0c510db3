"""An HTTP server for tests that says exactly what it is told to, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

Handler = Callable[[str, dict[str, Any], asyncio.StreamWriter], Awaitable[None]]
"""Takes the path, the JSON body and where to write the answer; the connection closes after it."""


def head(*, status: int = 200, kind: str = "text/event-stream", length: int | None = None) -> bytes:
    """Return the head of an answer that ends where the connection does, or after ``length``."""
    size = "" if length is None else f"content-length: {length}\r\n"
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{size}\r\n".encode()


def events(*payloads: dict[str, Any]) -> bytes:
    """Return an event stream of these, non-ASCII characters as they are."""
    lines = [json.dumps(payload, ensure_ascii=False) for payload in payloads]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


@contextlib.asynccontextmanager
async def serving(where: Path | int, handler: Handler) -> AsyncIterator[list[str]]:
    """Serve at a Unix socket or at a port of this machine; give the list of paths asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            raw = (await reader.readuntil(b"\r\n\r\n")).decode()
            sizes = [
                int(line.split(":")[1])
                for line in raw.splitlines()
                if line.lower().startswith("content-length:")
            ]
            body = await reader.readexactly(sizes[0]) if sizes else b""
            path = raw.split(" ")[1]
            asked.append(path)
            await handler(path, json.loads(body or b"{}"), writer)
            await writer.drain()
        writer.close()

    if isinstance(where, Path):
        where.parent.mkdir(parents=True, exist_ok=True)
        server = await asyncio.start_unix_server(serve, where)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", where)
    async with server:
        yield asked
