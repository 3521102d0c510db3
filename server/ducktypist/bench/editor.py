"""An editor in miniature: starts the real server over stdio, opens files, asks, applies edits.

The demo and the bench use it. It knows the protocol's messages as JSON and nothing of the server's
insides; positions are UTF-16, as the protocol's default has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ducktypist.errors import DucktypistError

REQUEST_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 10.0
READ_LIMIT_BYTES = 64 * 1024**2
LANGUAGES = {".py": "python", ".sh": "shellscript", ".go": "go"}
LINE_BREAK = re.compile(r"\r\n|\n|\r")

CAPABILITIES: Mapping[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "inlineCompletion": {},
        "codeAction": {
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}},
        },
        "publishDiagnostics": {"relatedInformation": True},
    },
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {
            "documentChanges": True,
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
    },
    "window": {"workDoneProgress": True},
}


class EditorFailure(DucktypistError):  # noqa: N818 - what failed is a request of the editor
    """The server answered with an error, went away or did not answer in time."""


@dataclass(slots=True)
class Editor:
    """One window of the miniature editor."""

    root: Path
    process: asyncio.subprocess.Process
    on_message: Callable[[Mapping[str, Any]], None] = lambda _: None
    """Called with every notification of the server."""
    texts: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    diagnostics: dict[str, list[Any]] = field(default_factory=dict)
    initialize_ms: float = 0.0
    """From before the server's process was started to the answer to ``initialize``."""
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _n_sent: int = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def started(
        cls,
        root: Path,
        *,
        arguments: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        on_message: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> AsyncIterator[Editor]:
        """Start a server for a folder, and end it at the end of the block."""
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ducktypist",
            "serve",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=READ_LIMIT_BYTES,
            env={**os.environ, **(environment or {})},
        )
        editor = cls(root=root, process=process, on_message=on_message)
        reader = asyncio.create_task(editor._read())
        try:
            await editor.request(
                "initialize",
                {
                    "processId": os.getpid(),
                    "clientInfo": {"name": "ducktypist-bench"},
                    "rootUri": root.as_uri(),
                    "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                    "capabilities": CAPABILITIES,
                    "initializationOptions": dict(options or {}),
                },
            )
            editor.initialize_ms = (time.perf_counter() - started) * 1000
            editor.notify("initialized", {})
            yield editor
            await editor._stop()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader

    # ------------------------------------------------------------------ talking

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(
        self,
        method: str,
        params: Any = None,  # noqa: ANN401 - JSON
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> Any:  # noqa: ANN401 - JSON
        """Send a request and return its result.

        Raises:
            EditorFailure: The server answered with an error, or not at all.
        """
        return await self.answer(self.start(method, params), method=method, timeout_s=timeout_s)

    def start(self, method: str, params: Any = None) -> int:  # noqa: ANN401 - JSON
        """Send a request and return its id without waiting."""
        self._n_sent += 1
        self._waiting[self._n_sent] = asyncio.get_running_loop().create_future()
        message = {"jsonrpc": "2.0", "id": self._n_sent, "method": method}
        self._send(message if params is None else {**message, "params": params})
        return self._n_sent

    async def answer(
        self, request_id: int, *, method: str = "", timeout_s: float = REQUEST_TIMEOUT_S
    ) -> Any:  # noqa: ANN401 - JSON
        """Wait for the answer to a request that was started before.

        Raises:
            EditorFailure: The server answered with an error, or not at all.
        """
        try:
            return await asyncio.wait_for(self._waiting[request_id], timeout_s)
        except TimeoutError as error:
            message = f"{method or 'a request'} was not answered within {timeout_s:.0f} s"
            raise EditorFailure(message) from error
        finally:
            self._waiting.pop(request_id, None)

    # ------------------------------------------------------------------ documents

    def uri(self, relative: str) -> str:
        """Return the URI of a file of the folder."""
        return (self.root / relative).as_uri()

    def open(self, relative: str) -> str:
        """Open a file of the folder and return its URI."""
        path, uri = self.root / relative, self.uri(relative)
        self.texts[uri] = path.read_text(encoding="utf-8")
        self.versions[uri] = 1
        self.notify(
            "textDocument/didOpen",
            {
                "textDocument": {
                    "uri": uri,
                    "languageId": LANGUAGES.get(path.suffix, "plaintext"),
                    "version": 1,
                    "text": self.texts[uri],
                }
            },
        )
        return uri

    def type(self, uri: str, line: int, character: int, text: str) -> None:
        """Insert text, as a keystroke does."""
        at = {"line": line, "character": character}
        self._change(uri, [{"range": {"start": at, "end": at}, "newText": text}])

    def replace(self, uri: str, start: int, end: int, text: str) -> None:
        """Put a text in the place of another, between offsets in code points."""
        known = self.texts[uri]
        at = {"start": position_of(known, start), "end": position_of(known, end)}
        self._change(uri, [{"range": at, "newText": text}])

    def apply(self, edit: Mapping[str, Any]) -> list[Path]:
        """Apply a workspace edit to the open documents, save them, and return the files changed.

        Raises:
            EditorFailure: It was made for another version, or for a file that is not open.
        """
        changes = [
            (item["textDocument"]["uri"], item["textDocument"].get("version"), item["edits"])
            for item in edit.get("documentChanges") or ()
        ]
        changes += [(uri, None, edits) for uri, edits in (edit.get("changes") or {}).items()]
        for uri, version, edits in changes:
            if uri not in self.texts or version not in {None, self.versions[uri]}:
                raise EditorFailure(f"an edit for another version of {uri}")
            self._change(uri, edits)
        paths = [_path(uri) for uri, _, _ in changes]
        for path, (uri, _, _) in zip(paths, changes, strict=True):
            path.write_text(self.texts[uri], encoding="utf-8")
            self.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        return paths

    def _change(self, uri: str, edits: Sequence[Mapping[str, Any]]) -> None:
        text = edited(self.texts[uri], edits)
        self.texts[uri] = text
        self.versions[uri] += 1
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": self.versions[uri]},
                # From the end, so that each range still means what it meant.
                "contentChanges": [
                    {"range": item["range"], "text": item["newText"]} for item in _backwards(edits)
                ],
            },
        )

    # ------------------------------------------------------------------ the wire

    def _send(self, message: Mapping[str, Any]) -> None:
        if self.process.stdin is None:
            raise EditorFailure("the server has no standard input")
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read(self) -> None:
        stream = self.process.stdout
        try:
            while stream is not None:
                head = await stream.readuntil(b"\r\n\r\n")
                length = re.search(rb"Content-Length: (\d+)", head)
                if length is None:
                    raise EditorFailure(f"a frame without a length: {head!r:.80}")
                self._take(json.loads(await stream.readexactly(int(length[1]))))
        except asyncio.IncompleteReadError:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(EditorFailure("the server went away"))

    def _take(self, message: Mapping[str, Any]) -> None:
        method, request_id = message.get("method"), message.get("id")
        if method is None and isinstance(request_id, int):
            future = self._waiting.get(request_id)
            if future is None or future.done():
                return
            if "error" in message:
                future.set_exception(EditorFailure(str(message["error"].get("message"))))
            else:
                future.set_result(message.get("result"))
            return
        if request_id is not None:
            self._send({"jsonrpc": "2.0", "id": request_id, "result": self._reply(message)})
            return
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        self.on_message(message)

    def _reply(self, message: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        if message["method"] == "workspace/applyEdit":
            self.apply(message["params"]["edit"])
            return {"applied": True}
        return None

    async def _stop(self) -> None:
        await self.request("shutdown", timeout_s=STOP_TIMEOUT_S)
        self._send({"jsonrpc": "2.0", "method": "exit"})
        try:
            await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT_S)
        except TimeoutError as error:
            raise EditorFailure("the server did not leave after exit") from error


def edited(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """Return a text after edits of the protocol, none of which overlap."""
    for item in _backwards(edits):
        start, end = (offset_of(text, item["range"][side]) for side in ("start", "end"))
        text = text[:start] + item["newText"] + text[end:]
    return text


def offset_of(text: str, position: Mapping[str, int]) -> int:
    """Return the code point offset of a UTF-16 position."""
    starts = [0, *(match.end() for match in LINE_BREAK.finditer(text))]
    line = min(position["line"], len(starts) - 1)
    offset = starts[line]
    left = position["character"]
    while left > 0 and offset < len(text) and text[offset] not in "\r\n":
        left -= 2 if ord(text[offset]) > 0xFFFF else 1  # noqa: PLR2004 - the basic plane's end
        offset += 1
    return offset


def position_of(text: str, offset: int) -> dict[str, int]:
    """Return the UTF-16 position of an offset in code points."""
    starts = [0, *(match.end() for match in LINE_BREAK.finditer(text, 0, offset))]
    units = len(text[starts[-1] : offset].encode("utf-16-le", "surrogatepass")) // 2
    return {"line": len(starts) - 1, "character": units}


def _backwards(edits: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(
        edits,
        key=lambda item: (item["range"]["start"]["line"], item["range"]["start"]["character"]),
        reverse=True,
    )


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))
