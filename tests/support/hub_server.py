"""A stand-in for the hub on the loopback interface, which can be told to misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class HubServer:
    """What the stand-in holds, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    """By ``OWNER/REPO/FILE``."""
    endpoint: str = ""
    api_status: int = 200
    file_status: int = 200
    drop_after_bytes: int | None = None
    n_drops: int = 10**9
    """How many answers are cut short."""
    served: dict[str, bytes] = field(default_factory=dict)
    """Bodies that differ from what the listing promises."""
    ignore_range: bool = False
    ranges: list[str | None] = field(default_factory=list)
    """The Range header of every file request."""

    def may_drop(self) -> bool:
        """Tell whether the next file answer is to be cut short."""
        return self.drop_after_bytes is not None and self.n_drops > 0

    def listing(self, repository: str) -> list[dict[str, Any]]:
        """Return the siblings of a repository as the hub's API states them."""
        found = []
        for path, body in self.files.items():
            owner, repo, name = path.split("/", 2)
            if f"{owner}/{repo}" == repository:
                sha256 = hashlib.sha256(body).hexdigest()
                lfs = {"sha256": sha256, "size": len(body), "pointerSize": 134}
                found.append({"rfilename": name, "size": len(body), "blobId": "b", "lfs": lfs})
        return found


@contextmanager
def hub_server(files: dict[str, bytes]) -> Iterator[HubServer]:
    """Serve ``files`` on a free port until the block ends."""
    state = HubServer(files=files)

    server = _Server(("127.0.0.1", 0), state)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], state: HubServer) -> None:
        super().__init__(address, _Handler)
        self.state = state

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client that was told to stop hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        if path.startswith("api/models/"):
            self._api(path.removeprefix("api/models/"))
        else:
            self._file(path)

    def _api(self, repository: str) -> None:
        siblings = self.server.state.listing(repository)
        if self.server.state.api_status != 200:
            self._answer(self.server.state.api_status, b"{}")
        elif not siblings:
            self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        else:
            body = {"id": repository, "sha": COMMIT, "siblings": siblings}
            self._answer(200, json.dumps(body).encode())

    def _file(self, path: str) -> None:
        asked = self.headers.get("Range")
        self.server.state.ranges.append(asked)
        key = path.replace(f"/resolve/{COMMIT}", "")
        body = self.server.state.served.get(key, self.server.state.files.get(key))
        if self.server.state.file_status != 200 or body is None:
            self._answer(
                self.server.state.file_status if self.server.state.file_status != 200 else 404, b""
            )
            return
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if begin and not self.server.state.ignore_range:
            place = f"bytes {begin}-{len(body) - 1}/{len(body)}"
            self._answer(206, body[begin:], {"Content-Range": place})
        else:
            self._answer(200, body)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, item in (headers or {}).items():
            self.send_header(name, item)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        state = self.server.state
        if status in {200, 206} and "/resolve/" in self.path and state.may_drop():
            state.n_drops -= 1
            body = body[: state.drop_after_bytes]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass
