"""The smallest server that stands on ``lsp``'s protocol floor; run as a program.

It has one handler of each sort, so that what the floor promises can be tested without features.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ducktypist.__main__ import guard_stdout

if __name__ == "__main__":
    PROTOCOL_FD = guard_stdout()

import ducktypist.lsp  # noqa: F401 - makes lsprotocol's types late, as in the real server

# isort: split
from lsprotocol import types
from pygls.lsp.server import LanguageServer

from ducktypist.errors import EngineUnavailableError, StaleError
from ducktypist.lsp.documents import document_snapshot
from ducktypist.lsp.protocol import DucktypistProtocol
from ducktypist.lsp.transport import run_stdio


def make_server() -> LanguageServer:  # noqa: C901 - a flat list of handlers
    """Return a server with its handlers."""
    server = LanguageServer("floor", "1", protocol_cls=DucktypistProtocol)
    protocol: Any = server.protocol

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover:
        text = document_snapshot(
            protocol.workspace.get_text_document(params.text_document.uri)
        ).text
        return types.Hover(contents=text)

    @server.command("floor.sleep")
    async def sleep(*_: Any) -> str:
        server.window_log_message(types.LogMessageParams(types.MessageType.Log, "started"))
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            server.window_log_message(types.LogMessageParams(types.MessageType.Log, "cancelled"))
            raise
        return "slept"

    @server.command("floor.stale")
    async def stale(*_: Any) -> None:
        raise StaleError("the text moved on; ask again")

    @server.command("floor.down")
    async def down(*_: Any) -> None:
        raise EngineUnavailableError("nobody answers; start one")

    @server.command("floor.bug")
    async def bug(*_: Any) -> None:
        raise ZeroDivisionError("a bug")

    @server.command("floor.nan")
    async def nan(*_: Any) -> dict[str, float]:
        return {"rate": float("nan")}

    @server.command("floor.print")
    async def print_everywhere(*_: Any) -> str:
        print("from python")  # noqa: T201 - the point of the handler
        os.write(1, b"from C\n")
        subprocess.run(["echo", "from a child"], check=True)
        return subprocess.run(["cat"], check=True, capture_output=True, text=True).stdout

    @server.command("floor.stuck")
    async def stuck(*_: Any) -> None:
        await asyncio.to_thread(time.sleep, 60)

    @server.command("floor.state")
    async def state(*_: Any) -> dict[str, Any]:
        return {
            "requests": len(protocol._request_futures),
            "result_types": len(protocol._result_types),
            "tokens": len(protocol.progress.tokens),
            "modules": sorted(sys.modules),
            "resident_bytes": int(Path("/proc/self/statm").read_text().split()[1])
            * os.sysconf("SC_PAGE_SIZE"),
        }

    @server.command("floor.progress")
    async def progress(*_: Any) -> None:
        await protocol.progress.create_async("token-1")
        protocol.progress.begin("token-1", types.WorkDoneProgressBegin(title="work"))
        protocol.progress.end("token-1", types.WorkDoneProgressEnd())

    @server.command("floor.ask")
    async def ask(*_: Any) -> Any:
        params = types.ConfigurationParams(items=[types.ConfigurationItem(section="x")])
        return await protocol.ask("workspace/configuration", params, timeout_s=0.3)

    @server.command("floor.flood")
    async def flood(*_: Any) -> None:
        for _ in range(40):
            server.window_log_message(
                types.LogMessageParams(types.MessageType.Log, "x" * 256 * 1024)
            )

    @server.feature("floor/custom")
    async def custom(params: Any) -> Any:
        return json.loads(json.dumps(params))

    return server


def main() -> None:
    """Serve on standard input and output."""
    protocol: Any = make_server().protocol
    status = run_stdio(protocol, write_fd=PROTOCOL_FD)
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
