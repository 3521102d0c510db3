"""A whole editor window for tests: the real server over stdio, documents, edits, places.

It applies edits by a rule of its own (UTF-16 code units of the raw text), so that an edit which
lands in the wrong place shows. It knows nothing of the server's insides.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from lsprotocol.converters import get_converter
from pytest_lsp import client_capabilities

from support.stdio_client import ServerGoneError, StdioClient, serve_command

READY_TIMEOUT_S = 40.0
LANGUAGES = {".py": "python", ".sh": "shellscript", ".go": "go"}
CALM = {"hover_wait_ms": 20_000, "prefetch": False}
"""How tests of other things explain: a hover waits for its prose, and nobody is asked ahead."""
LINE_END = re.compile(r"\r\n|\n|\r")


def capabilities_of(editor: str) -> dict[str, Any]:
    """Return the captured capabilities of an editor as JSON, with inline completion added."""
    found: dict[str, Any] = get_converter().unstructure(client_capabilities(editor))
    found["textDocument"]["inlineCompletion"] = {"dynamicRegistration": False}
    return found


def files_written(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write a workspace and return its folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def position(text: str, offset: int) -> dict[str, int]:
    """Return the UTF-16 position of an offset in code points."""
    starts = [0, *(found.end() for found in LINE_END.finditer(text, 0, offset))]
    units = len(text[starts[-1] : offset].encode("utf-16-le", "surrogatepass")) // 2
    return {"line": len(starts) - 1, "character": units}


def place(text: str, needle: str) -> dict[str, int]:
    """Return the position of the end of the only (or first) ``needle``."""
    return position(text, text.index(needle) + len(needle))


def edited(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """Return ``text`` after LSP text edits, none of which overlap."""
    starts = [0, *(found.end() for found in LINE_END.finditer(text))]

    def offset(at: Mapping[str, int]) -> int:
        line = text[starts[at["line"]] :]
        units = line.encode("utf-16-le", "surrogatepass")[: 2 * at["character"]]
        return starts[at["line"]] + len(units.decode("utf-16-le", "surrogatepass"))

    spans = [(offset(one["range"]["start"]), offset(one["range"]["end"]), one) for one in edits]
    for start, end, one in sorted(spans, key=lambda span: span[0], reverse=True):
        text = text[:start] + one["newText"] + text[end:]
    return text


class Window:
    """One editor window and its server."""

    def __init__(self, client: StdioClient) -> None:
        self.client = client
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        *roots: Path,
        script: Path | None = None,
        trusted: bool | None = True,
        options: Mapping[str, Any] | None = None,
        capabilities: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        answers: Mapping[str, Any] | None = None,
        leaves: bool = True,
    ) -> AsyncIterator[Window]:
        """Start a server for folders; afterwards it must leave in order and have said nothing odd.

        Args:
            *roots: The workspace folders.
            script: The scripted backend's; None starts the server without ``--backend``.
            trusted: What the editor says; None says nothing.
            options: More initialization options; what they say of ``explain`` goes before ``CALM``.
            capabilities: The client's; VS Code's by default.
            env: More environment.
            answers: What the editor answers to the server's own requests, by method.
            leaves: Whether the server is still there at the end and can be shut down.
        """
        arguments = ["--backend", f"scripted:{script}"] if script else []
        command = serve_command(*arguments)
        async with StdioClient.started(command, env=env) as client:
            for method, answer in (answers or {}).items():
                client.answers[method] = lambda _, answer=answer: answer
            window = cls(client)
            said = {} if trusted is None else {"trusted": trusted}
            given = options or {}
            explain = {**CALM, **given.get("explain", {})}
            folders = [{"uri": root.as_uri(), "name": root.name} for root in roots]
            await client.request(
                "initialize",
                {
                    "processId": None,
                    "rootUri": folders[0]["uri"] if folders else None,
                    "workspaceFolders": folders or None,
                    "capabilities": capabilities or capabilities_of("visual-studio-code"),
                    "initializationOptions": {**said, **given, "explain": explain},
                },
            )
            client.notify("initialized", {})
            yield window
            if leaves:
                assert await client.leave() == 0
            assert not client.stray, "standard output held more than frames"
            assert not _tracebacks(client.errors), client.errors.decode(errors="replace")

    # ------------------------------------------------------------------ documents

    def open(self, path: Path, text: str | None = None) -> str:
        """Open a file, with a text other than the disk's if given, and return its URI."""
        uri = path.as_uri()
        self.texts[uri] = path.read_bytes().decode() if text is None else text
        self.versions[uri] = 1
        language = LANGUAGES.get(path.suffix, "plaintext")
        self.client.open(uri, self.texts[uri], language=language)
        return uri

    def insert(self, uri: str, at: Mapping[str, int], text: str) -> None:
        """Type text at a place."""
        self.change(uri, [{"range": {"start": at, "end": at}, "newText": text}])

    def change(self, uri: str, edits: Sequence[Mapping[str, Any]]) -> None:
        """Change a document by edits that do not overlap."""
        self.texts[uri] = edited(self.texts[uri], edits)
        self.versions[uri] += 1
        ordered = sorted(
            edits,
            key=lambda one: (one["range"]["start"]["line"], one["range"]["start"]["character"]),
            reverse=True,
        )
        self.client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": self.versions[uri]},
                "contentChanges": [
                    {"range": one["range"], "text": one["newText"]} for one in ordered
                ],
            },
        )

    def apply(self, edit: Mapping[str, Any]) -> list[str]:
        """Apply a workspace edit as a strict editor does, and return what it changed."""
        changed = []
        for item in edit["documentChanges"]:
            document = item["textDocument"]
            uri = document["uri"]
            if uri in self.texts:
                assert document["version"] == self.versions[uri], "made for another version"
            self.change(uri, item["edits"])
            changed.append(uri)
        return changed

    def place(self, uri: str, needle: str) -> dict[str, int]:
        """Return the position behind ``needle``."""
        return place(self.texts[uri], needle)

    # ------------------------------------------------------------------ asking

    async def hover(self, uri: str, needle: str, *, timeout_s: float = 20.0) -> str:
        """Return the text of the hover behind ``needle``, empty when there is none."""
        params = {"textDocument": {"uri": uri}, "position": self.place(uri, needle)}
        found = await self.client.request("textDocument/hover", params, timeout_s=timeout_s)
        return "" if found is None else str(found["contents"]["value"])

    async def actions(
        self, uri: str, needle: str, *, only: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Return the code actions behind ``needle``."""
        at = self.place(uri, needle)
        context: dict[str, Any] = {"diagnostics": self.diagnostics(uri)}
        if only is not None:
            context["only"] = list(only)
        found = await self.client.request(
            "textDocument/codeAction",
            {"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": context},
        )
        return list(found or [])

    async def action(self, uri: str, needle: str, title: str) -> dict[str, Any]:
        """Return the one action behind ``needle`` whose title holds ``title``."""
        found = [one for one in await self.actions(uri, needle) if title in one["title"]]
        assert len(found) == 1, found
        return found[0]

    async def resolved(self, action: Mapping[str, Any], *, timeout_s: float = 60.0) -> Any:
        """Resolve an action."""
        return await self.client.request("codeAction/resolve", action, timeout_s=timeout_s)

    async def command(self, name: str, *arguments: Any, timeout_s: float = 60.0) -> Any:
        """Run one of the server's commands."""
        params = {"command": f"ducktypist.{name}", "arguments": list(arguments)}
        return await self.client.request("workspace/executeCommand", params, timeout_s=timeout_s)

    async def ready(self) -> dict[str, Any]:
        """Wait until the model answers and the sandbox is found out; return the status."""
        async with asyncio.timeout(READY_TIMEOUT_S):
            while True:
                status: dict[str, Any] = await self.command("status")
                if status["engine"]["state"] == "ready" and status["sandbox"]:
                    return status
                await asyncio.sleep(0.1)

    def diagnostics(self, uri: str) -> list[Any]:
        """Return what was last published for a document."""
        found: list[Any] = []
        for message in self.client.messages:
            if message.get("method") == "textDocument/publishDiagnostics":
                params = message["params"]
                found = params["diagnostics"] if params["uri"] == uri else found
        return found

    async def published(self, uri: str, *, n: int, timeout_s: float = 30.0) -> list[Any]:
        """Wait until exactly ``n`` diagnostics stand at a document, and return them."""
        async with asyncio.timeout(timeout_s):
            while len(self.diagnostics(uri)) != n:
                if self.client.process.returncode is not None:
                    raise ServerGoneError(self.client.errors.decode(errors="replace")[-2000:])
                await asyncio.sleep(0.05)
        return self.diagnostics(uri)

    def told(self) -> str:
        """Return everything that the server showed the person, one message a line."""
        return "\n".join(
            message["params"]["message"]
            for message in self.client.messages
            if message.get("method") in {"window/showMessage", "window/showMessageRequest"}
        )


def _tracebacks(log: bytes | bytearray) -> int:
    """Return how many tracebacks a server logged.

    One kind is left out: anyio's Unix sockets log it when data and a cancellation arrive together,
    and it changes nothing.
    """
    n_harmless = log.count(b"Exception in callback Future.set_result(None)")
    return log.count(b"Traceback") - n_harmless


def hosts() -> list[int]:
    """Return the model's host processes in the runtime folder that is set now."""
    folder = os.environ["DUCKTYPIST_RUNTIME_DIR"]
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if any(word.startswith(f"--socket={folder}/") for word in process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def script_written(path: Path, **script: Any) -> Path:
    """Write a script of the scripted backend; ``rule`` is a list of its rules."""
    path.write_text(json.dumps(script), encoding="utf-8")
    return path
