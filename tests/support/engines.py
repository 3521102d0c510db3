"""Scripted engines for tests: an application in this process, or a host process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx

from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.engine.http_app import HostApp
from ducktypist.engine.scripted import ScriptedBackend
from ducktypist.engine.worker import Worker


def short_folder() -> Path:
    """Return a new folder whose sockets' paths are short enough, wherever tests keep theirs."""
    return Path(tempfile.mkdtemp(prefix="dt-"))


def spec_of(script: Path, folder: Path, *, idle_unload_s: float = 30.0) -> HostSpec:
    """Return a host for a script, with everything it writes below ``folder``."""
    return HostSpec.scripted(
        script, socket_dir=folder / "run", log_dir=folder / "log", idle_unload_s=idle_unload_s
    )


def unstarted(folder: Path, *, name: str = "duck") -> EngineClient:
    """Return the client of a host that nobody has started, for a model that is not there."""
    spec = HostSpec(
        socket_dir=folder,
        log_dir=folder,
        backend="llama_cpp",
        model_path=folder / "duck.gguf",
        model_name=name,
        model_sha256="ab" * 32,
        quantisation="Q4_K_M",
    )
    return EngineClient.embedded(spec)


@contextlib.asynccontextmanager
async def running(spec: HostSpec, **limits: float) -> AsyncIterator[EngineClient]:
    """Give a client of a host, and end both afterwards."""
    client = EngineClient.embedded(spec, **limits)
    try:
        yield client
    finally:
        await client.stop_host()
        await client.aclose()


@contextlib.asynccontextmanager
async def in_process(script: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Worker]]:
    """Give an HTTP client of an application in this process."""
    worker = Worker(ScriptedBackend(script, n_ctx_tokens=64), on_fatal=lambda: None)
    app = HostApp(worker, token="", model_path=str(script))
    worker.start()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        await until_async(lambda: worker.state != "loading")
        yield http, worker
    await asyncio.to_thread(worker.stop, timeout_s=5)


async def until_async(condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
    """Wait until something is so; fail when it never is."""
    deadline = time.monotonic() + timeout_s
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {timeout_s} s")
        await asyncio.sleep(0.01)


def host_pids(spec: HostSpec) -> list[int]:
    """Return the processes that are a host at this socket."""
    import psutil  # noqa: PLC0415 - only a few tests need it

    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        words = process.info["cmdline"] or []
        if f"--socket={spec.socket_path()}" in words and process.info["status"] != "zombie":
            found.append(process.info["pid"])
    return found


def kill(pids: list[int]) -> None:
    """Kill processes as the kernel does when memory runs out."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def listens(path: Path) -> bool:
    """Tell whether anybody accepts connections at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
