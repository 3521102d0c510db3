"""An editor that dies: ``python orphan_editor.py STATE SCRIPT ROOT [unnamed]``.

It starts the real server and a sibling that inherits the server's pipe, brings the server into a
state (``idle``, ``half``, ``asking``), prints both process ids and waits to be killed. With
``unnamed`` it does not say its own process id, so that nobody can watch it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

LIFE_S = 300
UNNAMED_ARGUMENTS = 5


def main() -> None:
    """Start both, say who they are, and wait."""
    state, script, root = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    is_named = len(sys.argv) < UNNAMED_ARGUMENTS
    command = [sys.executable, "-m", "ducktypist", "serve", "--backend", f"scripted:{script}"]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert server.stdin is not None
    assert server.stdout is not None
    sibling = subprocess.Popen(
        [sys.executable, "-c", f"import time; time.sleep({LIFE_S})"],
        pass_fds=[server.stdin.fileno()],
    )
    folder = {"uri": root.as_uri(), "name": root.name}
    params = {
        "processId": os.getpid() if is_named else None,
        "rootUri": folder["uri"],
        "workspaceFolders": [folder],
        "capabilities": {},
        "initializationOptions": {"trusted": True},
    }
    _send(server.stdin, {"id": 1, "method": "initialize", "params": params})
    _read(server.stdout)
    _send(server.stdin, {"method": "initialized", "params": {}})
    uri = (root / "jobs.py").as_uri()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": "def job():\n    ...\n"}
    _send(server.stdin, {"method": "textDocument/didOpen", "params": {"textDocument": document}})
    at = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 5}}
    if state == "asking":
        _send(server.stdin, {"id": 2, "method": "textDocument/hover", "params": at})
    elif state == "half":
        server.stdin.write(b'Content-Length: 100\r\n\r\n{"jsonrpc": ')
        server.stdin.flush()
    print(server.pid, sibling.pid, flush=True)  # noqa: T201 - the report
    time.sleep(LIFE_S)


def _send(pipe: IO[bytes], message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    pipe.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    pipe.flush()


def _read(pipe: IO[bytes]) -> None:
    """Read one frame."""
    length = 0
    while line := pipe.readline().strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    pipe.read(length)


if __name__ == "__main__":
    main()
