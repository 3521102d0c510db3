"""The bench's own HTTP: what arrives, when, and what breaks off."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from ducktypist.bench.engine.wire import Door
from ducktypist.errors import EngineCrashedError, EngineRequestError, EngineUnavailableError
from support.engines import short_folder

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def served(path: Path, answer: Answer) -> AsyncIterator[Door]:
    """Give the door of a server that answers like that."""
    server = await asyncio.start_unix_server(answer, path)
    async with server:
        yield Door(socket_path=path)


def raw(*pieces: bytes) -> Answer:
    """Return an answer of these bytes, each sent on its own, after the request was read."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    return answer


def chunk(data: bytes) -> bytes:
    """Return one chunk (RFC 9112, 7.1)."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_events_are_found_wherever_chunks_begin(socket_path: Path) -> None:
    """An event in two chunks is one, two in one chunk are two, the end mark is none."""
    pieces = (
        CHUNKED,
        chunk(b'data: {"a'),
        chunk(b'": 1}\n\ndata: {"a": 2}\n\n'),
        chunk(b": a remark\n\ndata: [DONE]\n\n"),
        b"0\r\n\r\n",
    )
    async with served(socket_path, raw(*pieces)) as door:
        events = [event async for event in door.events("/x", {})]
    assert [event.body for event in events] == [{"a": 1}, {"a": 2}]
    assert events[0].at_s <= events[1].at_s


async def test_a_body_of_a_stated_length_is_read(socket_path: Path) -> None:
    """Also when the connection stays open behind it."""
    body = json.dumps({"x": "é"}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with served(socket_path, raw(head, body)) as door:
        assert await door.json("/x") == {"x": "é"}
        assert await door.text("/x") == body.decode()


async def test_a_request_says_what_it_must(socket_path: Path) -> None:
    """Method, length and body are sent, and that a stream is wanted."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        seen.append(head.split(b"\r\n")[0] + b"|" + await reader.readexactly(size))
        writer.write(CHUNKED + b"0\r\n\r\n")
        writer.close()

    async with served(socket_path, answer) as door:
        assert [event async for event in door.events("/x", {"n": 1})] == []
    method, _, body = seen[0].partition(b"|")
    assert method == b"POST /x HTTP/1.1"
    assert json.loads(body) == {"n": 1, "stream": True}


async def test_another_status_is_an_error_with_what_was_said(socket_path: Path) -> None:
    """A refusal does not look like an empty answer."""
    told = b"HTTP/1.1 503 no\r\ncontent-length: 4\r\n\r\nbusy"
    async with served(socket_path, raw(told)) as door:
        with pytest.raises(EngineRequestError, match=r"503.*busy"):
            await door.json("/x")
        with pytest.raises(EngineRequestError, match="503"):
            _ = [event async for event in door.events("/x", {})]


async def test_an_answer_that_breaks_off_is_an_error(socket_path: Path) -> None:
    """In the middle of a chunk and before the head."""
    for pieces in ((CHUNKED, b"ff\r\nhalf"), (b"HTTP/1.1 ",)):
        async with served(socket_path, raw(*pieces)) as door:
            with pytest.raises(EngineCrashedError, match="broke off"):
                _ = [event async for event in door.events("/x", {})]
        socket_path.unlink(missing_ok=True)


async def test_nobody_listening_is_said(tmp_path: Path) -> None:
    """It is no crash."""
    with pytest.raises(EngineUnavailableError, match="no engine listens"):
        await Door(socket_path=tmp_path / "none").text("/x")


async def test_leaving_the_block_closes_at_once(socket_path: Path) -> None:
    """The other side sees the end of the connection."""
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while await reader.read(1024):
                pass
        gone.set()
        writer.close()

    async with served(socket_path, answer) as door:
        async with door.posted("/x", {}):
            assert not gone.is_set()
        await asyncio.wait_for(gone.wait(), 10)


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """Give a path that is short enough for a socket."""
    folder = short_folder()
    yield folder / "s"
    shutil.rmtree(folder)
