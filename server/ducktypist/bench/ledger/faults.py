"""A ledger that fails under a real server: what it says, what is lost, and whether one can type on.

Each fault is met by a whole language server with a scripted model. It explains something, which is
three events, and somebody types; then it is asked how things stand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.bench.hovering import explained
from ducktypist.bench.measure import Bar, Row, since_ms
from ducktypist.bench.smoke import line_starting
from ducktypist.bench.stage import ORDERS, SCRIPT, Stage, copy_example, ready
from ducktypist.errors import DucktypistError, LedgerError
from ducktypist.ledger.database import open_writer, reading
from ducktypist.ledger.migrations import SCHEMA_VERSION

N_KEYSTROKES = 120
PACE_S = 0.01
LOCKED_S = 3.0
MAX_FILE_BYTES = 65_536
"""Less than an empty ledger."""
SETTLE_S = 3.0
POLL_S = 0.2
KEYSTROKE_BAR = Bar(limit=10.0, statistic="p99")
MODEL = {"rule": [{"reply": "It prunes old backups.", "delay_ms": 1}]}

Fault = Callable[[Path], contextlib.AbstractAsyncContextManager[Path]]


@contextlib.asynccontextmanager
async def none(folder: Path) -> AsyncIterator[Path]:
    """Nothing is wrong."""
    yield folder / "ledger.sqlite3"


@contextlib.asynccontextmanager
async def full_disk(folder: Path) -> AsyncIterator[Path]:
    """No file can grow beyond the size of half an empty ledger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, hard))
    try:
        yield folder / "ledger.sqlite3"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.asynccontextmanager
async def read_only(folder: Path) -> AsyncIterator[Path]:
    """The folder cannot be written; for root, who may write any, it is one of the kernel's."""
    if os.geteuid() == 0:
        yield Path("/sys/ledger.sqlite3")
        return
    await asyncio.to_thread(folder.chmod, 0o555)
    try:
        yield folder / "ledger.sqlite3"
    finally:
        await asyncio.to_thread(folder.chmod, 0o755)


@contextlib.asynccontextmanager
async def locked(folder: Path) -> AsyncIterator[Path]:
    """Another process holds the file for a while."""
    path = folder / "ledger.sqlite3"

    def hold() -> None:
        writer = open_writer(path)
        writer.connection.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_S)
        writer.connection.execute("COMMIT")
        writer.close()

    task = asyncio.create_task(asyncio.to_thread(hold))
    await asyncio.sleep(0.1)
    try:
        yield path
    finally:
        await task


@contextlib.asynccontextmanager
async def garbage(folder: Path) -> AsyncIterator[Path]:
    """The file is no database."""
    path = folder / "ledger.sqlite3"
    await asyncio.to_thread(path.write_bytes, b"garbage " * 4096)
    yield path


@contextlib.asynccontextmanager
async def future(folder: Path) -> AsyncIterator[Path]:
    """The file is from a later version."""
    path = folder / "ledger.sqlite3"

    def make() -> None:
        writer = open_writer(path)
        sql = "INSERT INTO migration (number, name) VALUES (?, 'later')"
        writer.connection.execute(sql, (SCHEMA_VERSION + 1,))
        writer.close()

    await asyncio.to_thread(make)
    yield path


FAULTS: Mapping[str, Fault] = {
    "none": none,
    "full disk": full_disk,
    "read-only": read_only,
    "locked": locked,
    "garbage": garbage,
    "future schema": future,
}


async def fault_rows(stage: Stage) -> list[Row]:
    """Meet each fault with a server of its own, and type meanwhile."""
    return [await _row(stage, name, fault) for name, fault in FAULTS.items()]


async def _row(stage: Stage, name: str, fault: Fault) -> Row:
    folder = await asyncio.to_thread(stage.folder, "fault")
    what = "a keystroke, and the answer to a request right behind it"
    root = await asyncio.to_thread(lambda: copy_example(stage.folder("typing")))
    try:
        async with fault(folder) as path:
            found = await _session(stage, root, path)
    except DucktypistError as error:
        return Row(name=f"fault: {name}", what=what, unit="ms", problem=str(error))
    aside = await asyncio.to_thread(_set_aside, folder)
    n_logged = await asyncio.to_thread(_n_logged, path)
    told = [f"{n_logged} events in the file, {found.n_unlogged} unlogged"]
    told += [f"kept aside as {item}" for item in aside]
    told += [f"it says: {found.said}"] if found.said else []
    return Row(
        name=f"fault: {name}",
        what=what,
        unit="ms",
        samples=found.typed_ms,
        bar=KEYSTROKE_BAR,
        note="; ".join(told),
        details={
            "logged": n_logged,
            "unlogged": found.n_unlogged,
            "said": found.said,
            "set_aside": len(aside),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """What a session with a ledger came to."""

    typed_ms: tuple[float, ...]
    n_unlogged: int
    said: str


async def _session(stage: Stage, root: Path, path: Path) -> _Session:
    """Explain, type, and ask how things stand.

    Raises:
        EditorFailure: An explanation or a keystroke was not answered.
    """
    script = stage.top / "explain.json"
    await asyncio.to_thread(script.write_text, json.dumps(MODEL), "utf-8")
    typed: list[float] = []
    async with Editor.started(
        root,
        arguments=["--backend", f"scripted:{script}"],
        options={**stage.options, "ledger": {"path": str(path)}},
        environment=stage.environment,
    ) as editor:
        script_uri, edited = editor.open(SCRIPT), editor.open(ORDERS)
        await ready(editor)
        place = line_starting(editor.texts[script_uri], "find ")
        hover = {"textDocument": {"uri": script_uri}, "position": place}
        await explained(editor, script_uri, place)
        for column in range(N_KEYSTROKES):
            started = time.perf_counter()
            editor.type(edited, 0, column, "#")
            await editor.request("textDocument/hover", hover)
            typed.append(since_ms(started))
            await asyncio.sleep(PACE_S)
        n_unlogged = await _settled(editor)
        said = await _said(editor)
    return _Session(typed_ms=tuple(typed), n_unlogged=n_unlogged, said=said)


async def _settled(editor: Editor) -> int:
    """Return how many events are unlogged once that is none, or does not become none."""
    deadline = time.monotonic() + LOCKED_S + SETTLE_S
    while True:
        status = await _command(editor, "ducktypist.status")
        n_unlogged = int(status["ledger"]["unlogged"])
        if time.monotonic() > deadline or not n_unlogged:
            return n_unlogged
        await asyncio.sleep(POLL_S)


async def _said(editor: Editor) -> str:
    """Return what the server says of its figures, or why it has none."""
    try:
        return str((await _command(editor, "ducktypist.stats"))["note"])
    except EditorFailure as error:
        return str(error)


async def _command(editor: Editor, name: str) -> Any:  # noqa: ANN401 - JSON
    return await editor.request("workspace/executeCommand", {"command": name})


def _set_aside(folder: Path) -> list[str]:
    """Return the names of files that were kept under another name; their logs do not count."""
    return [item.name for item in folder.glob("*.broken-*") if item.name.endswith("Z")]


def _n_logged(path: Path) -> int:
    """Return how many events of the first suggestion are in the file."""
    try:
        with reading(path) as connection:
            tables = ("requested", "generated", "lifecycle", "claimed", "verified")
            return sum(
                int(str(connection.execute(f"SELECT count(*) FROM {table}").get))  # noqa: S608 - our own names
                for table in tables
            )
    except LedgerError:
        return 0
