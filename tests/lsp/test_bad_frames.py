"""Whatever an editor sends, the next good request is answered."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError, StdioClient, framed

pytestmark = pytest.mark.e2e

SERVER = [sys.executable, Path(__file__).parents[1] / "support" / "floor_server.py"]
URI = "file:///zz.py"
TEXT = "abc\ndef\n"
AT_START = {"line": 0, "character": 0}


def message(**fields: Any) -> bytes:
    """Return one message as a frame."""
    return framed(json.dumps({"jsonrpc": "2.0", **fields}).encode())


def hover(msg_id: Any, uri: str = URI, position: Any = None) -> bytes:
    """Return a hover request as a frame."""
    params = {"textDocument": {"uri": uri}, "position": position or AT_START}
    return message(id=msg_id, method="textDocument/hover", params=params)


def change(uri: str, version: int, *changes: Any) -> bytes:
    """Return a change of a document as a frame."""
    document = {"uri": uri, "version": version}
    params = {"textDocument": document, "contentChanges": list(changes)}
    return message(method="textDocument/didChange", params=params)


def span(start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    """Return a range."""
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }


def opened(uri: str, text: str) -> bytes:
    """Return the opening of a document as a frame."""
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    return message(method="textDocument/didOpen", params={"textDocument": document})


# What is sent, and the codes of the error replies that it gets, with the ids they name.
CASES: dict[str, tuple[bytes, list[tuple[Any, int]]]] = {
    "invalid JSON": (framed(b"{nope"), [(None, -32700)]),
    "empty object": (framed(b"{}"), [(None, -32600)]),
    "batch": (framed(b'[{"jsonrpc":"2.0","id":5,"method":"x"}]'), [(None, -32600)]),
    "number": (framed(b"42"), [(None, -32600)]),
    "null": (framed(b"null"), [(None, -32600)]),
    "no jsonrpc key": (framed(b'{"id":9,"method":"textDocument/hover"}'), [(9, -32600)]),
    "unknown method": (message(id=77, method="nope/x", params={}), [(77, -32601)]),
    "hover with other parameters": (
        message(id=78, method="textDocument/hover", params={"x": 1}),
        [(78, -32602)],
    ),
    "hover with a list": (
        message(id=79, method="textDocument/hover", params=[1, 2]),
        [(79, -32602)],
    ),
    "hover without parameters": (message(id=97, method="textDocument/hover"), [(97, -32602)]),
    "hover at a negative position": (
        hover(80, position={"line": -1, "character": -5}),
        [(80, -32602)],
    ),
    "id null": (message(id=None, method="textDocument/hover", params={}), [(None, -32600)]),
    "id object": (hover({"a": 1}), [(None, -32600)]),
    "id float": (hover(1.5), [(None, -32600)]),
    "id true": (hover(True), [(None, -32600)]),  # noqa: FBT003 - an id
    "method is a number": (message(id=98, method=3), [(98, -32600)]),
    "deep nesting": (
        framed(b'{"jsonrpc":"2.0","id":81,"params":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        [(None, -32700)],
    ),
    "nesting that is allowed": (
        framed(
            b'{"jsonrpc":"2.0","id":82,"method":"floor/custom","params":'
            + b"[" * 200
            + b"]" * 200
            + b"}"
        ),
        [],
    ),
    "lone surrogate": (opened("file:///s.py", "a\ud800b"), []),
    "invalid UTF-8": (framed(b'{"jsonrpc":"2.0","method":"x","p":"\xff"}'), [(None, -32700)]),
    "NUL bytes": (framed(b"\0" * 50), [(None, -32700)]),
    "length 0": (b"Content-Length: 0\r\n\r\n", [(None, -32700)]),
    "lower case header": (b"content-length: 2\r\n\r\n{}", [(None, -32600)]),
    "negative length": (b"Content-Length: -5\r\n\r\n{}", [(None, -32700)]),
    "extra header": (
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n" + framed(b"{}"),
        [(None, -32600)],
    ),
    "garbage before the header": (b"hello world\r\n\r\n", []),
    "length too short": (
        b'Content-Length: 2\r\n\r\n{"jsonrpc":"2.0","id":90,"method":"x"}\r\n',
        [(None, -32700)],
    ),
    "change of an unopened document": (change("file:///never.py", 2, {"text": "x"}), []),
    "change far outside": (change(URI, 2, {"range": span((99, 9), (999, 1)), "text": ""}), []),
    "change without parameters": (message(method="textDocument/didChange"), []),
    "cancel of an unknown id": (message(method="$/cancelRequest", params={"id": 12345}), []),
    "cancel without parameters": (message(method="$/cancelRequest"), []),
    "unknown notification": (message(method="$/whatever", params=[]), []),
    "answer to nothing": (message(id="abc", result={}), []),
    "error to nothing": (message(id="abc", error={"code": 1, "message": "m"}), []),
    "error that is none": (message(id="abc", error="no"), []),
    "second initialize": (
        message(id=95, method="initialize", params={"processId": 1, "capabilities": {}}),
        [(95, -32600)],
    ),
    "URI with NUL": (hover(96, uri="file:///a%00b\u0000"), [(96, -32803)]),
    "URI with a broken host": (opened("file://[/x", "x"), []),
    "length too long by 5": (b"Content-Length: 7\r\n\r\n{}", [(None, -32700)]),
    "100 GB": (b"Content-Length: 99999999999\r\n\r\n{}", [(None, -32700)]),
    "20 MB document": (opened("file:///big.py", "x = 1\n" * 3_500_000), []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_the_next_good_request_is_answered(case: tuple[bytes, list[tuple[Any, int]]]) -> None:
    """A bad message costs its own error reply at most, and never the conversation."""
    data, expected_errors = case
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        client.open(URI, TEXT)
        client.send_bytes(data)
        params = {"textDocument": {"uri": URI}, "position": AT_START}
        assert await client.request("textDocument/hover", params) == {"contents": TEXT}
        errors = [
            (each["id"], each["error"]["code"]) for each in client.messages if "error" in each
        ]
        assert errors == expected_errors
        assert await client.leave() == 0
        assert not client.stray
        assert b"Traceback" not in client.errors


async def test_a_reversed_range_makes_requests_fail_until_the_document_is_reopened() -> None:
    """The server says that it lost track, answers ContentModified, and recovers."""
    params = {"textDocument": {"uri": URI}, "position": AT_START}
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        client.open(URI, TEXT)
        client.send_bytes(change(URI, 3, {"range": span((5, 0), (0, 0)), "text": "x"}))
        shown = await client.notification("window/showMessage")
        assert "lost track" in shown["message"]
        with pytest.raises(RpcError) as refused:
            await client.request("textDocument/hover", params)
        assert refused.value.code == -32801
        client.open(URI, "again", version=4)
        assert await client.request("textDocument/hover", params) == {"contents": "again"}


async def test_a_document_with_a_lone_surrogate_comes_back_whole() -> None:
    """Half a character survives the way in, an edit, and the way out."""
    async with StdioClient.started(SERVER) as client:
        await client.initialize()
        client.open(URI, "a\ud800b")
        client.send_bytes(change(URI, 2, {"range": span((0, 3), (0, 3)), "text": "\udc00"}))
        params = {"textDocument": {"uri": URI}, "position": AT_START}
        found = await client.request("textDocument/hover", params)
        assert found == {"contents": "a\ud800b\udc00"}
