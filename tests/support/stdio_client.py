"""A raw JSON-RPC client over a server's standard input and output.

It checks nothing for the test and hides nothing from it: what is not a frame on the server's
standard output is kept in ``stray``, what it prints to standard error in ``errors``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

DEFAULT_TIMEOUT_S = 20.0


class RpcError(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(f"{error.get('code')}: {error.get('message')}")
        self.code: int = error["code"]
        self.message: str = error["message"]


class ServerGoneError(Exception):
    """The server ended while something was waited for."""


class StdioClient:
    """A running server and the conversation with it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.stray = bytearray()
        """Bytes on standard output that belong to no frame."""
        self.errors = bytearray()
        """What came on standard error."""
        self.messages: list[dict[str, Any]] = []
        """Everything that was received, in order."""
        self.answers: dict[str, Callable[[Any], Any]] = {}
        """How to answer the server's own requests, by method; by default with null."""
        self._n_sent = 0
        self._arrived = asyncio.Condition()
        self._ended = False
        self._tasks = [
            asyncio.create_task(self._read_frames()),
            asyncio.create_task(self._read_errors()),
        ]

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> AsyncIterator[StdioClient]:
        """Start a server, and end it whatever happens."""
        process = await asyncio.create_subprocess_exec(
            *(str(part) for part in command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            limit=2**20,
        )
        client = cls(process)
        try:
            yield client
        finally:
            await client._end()

    # ------------------------------------------------------------- sending

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def send(self, message: Any) -> None:
        """Send one JSON value as a frame."""
        self.send_bytes(framed(json.dumps(message).encode()))

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        message = {"jsonrpc": "2.0", "method": method}
        self.send(message if params is None else {**message, "params": params})

    def start_request(self, method: str, params: Any = None) -> int:
        """Send a request and return its id, without waiting."""
        self._n_sent += 1
        message = {"jsonrpc": "2.0", "id": self._n_sent, "method": method}
        self.send(message if params is None else {**message, "params": params})
        return self._n_sent

    async def request(
        self, method: str, params: Any = None, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Any:
        """Send a request and return its result.

        Raises:
            RpcError: The server answered with an error.
            ServerGoneError: It ended.
        """
        return await self.result(self.start_request(method, params), timeout_s=timeout_s)

    async def result(self, msg_id: int | str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Any:
        """Wait for the answer to a request that was sent before."""
        answer = await self.wait_for(
            lambda message: message.get("id") == msg_id and "method" not in message,
            timeout_s=timeout_s,
        )
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer["result"]

    # ------------------------------------------------------------- receiving

    async def wait_for(
        self,
        matches: Callable[[dict[str, Any]], bool],
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        after: int = 0,
    ) -> dict[str, Any]:
        """Return the first received message, from number ``after`` on, that ``matches``."""

        def found() -> dict[str, Any] | None:
            return next((each for each in self.messages[after:] if matches(each)), None)

        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: found() is not None or self._ended)
        message = found()
        if message is None:
            raise ServerGoneError(self.errors.decode(errors="replace")[-2000:])
        return message

    async def notification(
        self, method: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, after: int = 0
    ) -> Any:
        """Wait for a notification (or request) of the server's and return its params."""
        message = await self.wait_for(
            lambda each: each.get("method") == method, timeout_s=timeout_s, after=after
        )
        return message.get("params")

    # ------------------------------------------------------------- sessions

    async def initialize(
        self,
        capabilities: Mapping[str, Any] | None = None,
        *,
        root: Path | None = None,
        options: Any = None,
        process_id: int | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Any:
        """Do the handshake and return the result of ``initialize``."""
        params: dict[str, Any] = {
            "processId": process_id,
            "rootUri": root.as_uri() if root else None,
            "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}] if root else None,
            "capabilities": dict(capabilities or {}),
        }
        if options is not None:
            params["initializationOptions"] = options
        result = await self.request("initialize", params, timeout_s=timeout_s)
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, *, language: str = "python", version: int = 1) -> None:
        """Open a document."""
        document = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    async def leave(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> int:
        """Shut down in order and return the exit status."""
        await self.request("shutdown", timeout_s=timeout_s)
        self.notify("exit")
        return await self.exit_status(timeout_s=timeout_s)

    def hang_up(self) -> None:
        """Close the server's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def exit_status(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> int:
        """Wait until the server has ended."""
        async with asyncio.timeout(timeout_s):
            return await self.process.wait()

    # ------------------------------------------------------------- inside

    async def _read_frames(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        length: int | None = None
        try:
            while line := await stdout.readline():
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length":
                    length = int(value)
                elif name.strip().lower() == b"content-type":
                    continue
                elif line.strip() or length is None:
                    self.stray += line
                else:
                    await self._take(json.loads(await stdout.readexactly(length)))
                    length = None
        except asyncio.IncompleteReadError as error:
            self.stray += error.partial
        finally:
            self._ended = True
            async with self._arrived:
                self._arrived.notify_all()

    async def _take(self, message: dict[str, Any]) -> None:
        async with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()
        if "method" in message and "id" in message:
            answer = self.answers.get(message["method"], lambda _: None)(message.get("params"))
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": answer})

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while chunk := await self.process.stderr.read(65536):
            self.errors += chunk

    async def _end(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def framed(body: bytes) -> bytes:
    """Return ``body`` as one frame."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def serve_command(*arguments: str) -> list[str]:
    """Return the command that starts the real server."""
    return [sys.executable, "-m", "ducktypist", "serve", *arguments]
