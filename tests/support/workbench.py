"""What features work with, for tests: scripted engine, real socket, ledger, prompts and sandbox.

Everything runs in the test's own process except what the sandbox runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from ducktypist import config
from ducktypist.domain import Document, GenerationRequest, Kind
from ducktypist.engine import address
from ducktypist.engine.backend import Finished, Job
from ducktypist.engine.client import EngineClient
from ducktypist.engine.http_app import HostApp
from ducktypist.engine.scripted import ScriptedBackend, ScriptedDrawer, flatten
from ducktypist.engine.worker import Event, Ticket, Worker
from ducktypist.features.grounds import Grounds
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.reading import Suggestion, read_suggestions
from ducktypist.ledger.store import Ledger
from ducktypist.prompting.templates import PromptLibrary
from ducktypist.verify.pytest_runner import PytestRunner
from ducktypist.verify.sandbox import Sandbox, SandboxStatus
from ducktypist.verify.watchdog import Limits
from support.engines import spec_of, until_async

N_CTX_TOKENS = 8192
LIMITS = Limits(
    timeout_s=20.0,
    max_memory_bytes=512 * 1024**2,
    max_processes=64,
    max_output_bytes=4 * 1024**2,
)


class Watched(ScriptedBackend):
    """A scripted backend that remembers what it was asked and how each request ended."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, n_ctx_tokens=N_CTX_TOKENS)
        self.asked: list[GenerationRequest] = []
        self.ended: list[Finished] = []

    def drawer(self, job: Job, index: int) -> ScriptedDrawer:
        """Answer by the script."""
        if index == 0:
            self.asked.append(job.request)
        return super().drawer(job, index)


class Telling(Worker):
    """A worker that tells a watched backend how requests end."""

    def __init__(self, backend: Watched) -> None:
        super().__init__(backend, on_fatal=lambda: None)
        self._watched = backend

    def _ended(self, ticket: Ticket, event: Event) -> None:
        if isinstance(event, Finished):
            self._watched.ended.append(event)
        super()._ended(ticket, event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A workbench and what lies behind it."""

    workbench: Workbench
    backend: Watched
    ledger: Ledger

    @property
    def prompts(self) -> list[tuple[str, str]]:
        """Form and flat text of everything that the engine was asked, in order."""
        return [flatten(request.prompt) for request in self.backend.asked]

    async def rows(self) -> list[Suggestion]:
        """Return the ledger's suggestions, newest first; none when there is no ledger yet."""
        assert await asyncio.to_thread(self.ledger.flush, 5.0)
        if not await asyncio.to_thread(self.ledger.path.exists):
            return []
        return await asyncio.to_thread(read_suggestions, self.ledger.path)


@contextlib.asynccontextmanager
async def bench_of(
    folder: Path, rules: Sequence[Mapping[str, Any]], **script: object
) -> AsyncIterator[Bench]:
    """Give a workbench whose engine answers by ``rules``; see ``engine.scripted``."""
    path = folder / "script.json"
    path.write_text(json.dumps({**script, "rule": list(rules)}))
    backend = Watched(path)
    ledger = Ledger(folder / "ledger.sqlite3", keep_text=False)
    try:
        async with _served(backend, path) as client:
            await client.wait_ready(20.0)
            await asyncio.to_thread(ledger.prepare)
            workbench = Workbench(
                engine=client,
                model=await client.identity(),
                prompts=await asyncio.to_thread(PromptLibrary.load),
                ledger=ledger,
                session_id="0123456789abcdef",
            )
            yield Bench(workbench=workbench, backend=backend, ledger=ledger)
    finally:
        await asyncio.to_thread(ledger.close)


@contextlib.asynccontextmanager
async def _served(backend: Watched, script: Path) -> AsyncIterator[EngineClient]:
    """Give the client of a host that runs in this event loop, at the address it would have."""
    spec = await asyncio.to_thread(spec_of, script, config.runtime_dir())
    await asyncio.to_thread(address.prepare_folder, spec.socket_dir)
    listener, where = await asyncio.to_thread(address.bind, spec.socket_path(), tcp=False)
    listener.listen(16)
    worker = Telling(backend)
    worker.start()
    server = uvicorn.Server(
        uvicorn.Config(
            HostApp(worker, token=where.token, model_path=str(script)),
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    client = EngineClient.embedded(spec)
    try:
        await until_async(lambda: server.started)
        yield client
    finally:
        await client.aclose()
        server.should_exit = True
        await serving
        listener.close()
        await asyncio.to_thread(worker.stop, timeout_s=5)


def grounds_in(
    root: Path, status: SandboxStatus, scratch_root: Path, *, timeout_s: float = 20.0
) -> Grounds:
    """Return grounds for a workspace, with the interpreter of this environment."""
    limits = Limits(
        timeout_s=timeout_s,
        max_memory_bytes=LIMITS.max_memory_bytes,
        max_processes=LIMITS.max_processes,
        max_output_bytes=LIMITS.max_output_bytes,
    )
    sandbox, interpreter = Sandbox(status=status, scratch_root=scratch_root), Path(sys.executable)
    return Grounds(
        root=root,
        sandbox=sandbox,
        interpreter=interpreter,
        runners=(PytestRunner(sandbox=sandbox, interpreter=interpreter),),
        limits=limits,
        suite_limits=LIMITS,
        buffers={},
    )


def document_of(text: str, *, language: str = "python", path: Path | None = None) -> Document:
    """Return a document, in a file when a path is given."""
    uri = path.as_uri() if path else "untitled:one"
    return Document(uri=uri, path=path, language=language, version=1, text=text)


def write_tree(root: Path, files: Mapping[str, str]) -> Path:
    """Write a workspace and return its folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return root


def of_kind(rows: Sequence[Suggestion], kind: Kind) -> list[Suggestion]:
    """Return the suggestions of one kind."""
    return [row for row in rows if row.kind is kind]
