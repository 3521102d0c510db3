"""Process start to ``initialize`` answered, and what is imported on the way."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio import subprocess
from collections.abc import Collection, Iterable

from ducktypist.bench.editor import CAPABILITIES, Editor, EditorFailure
from ducktypist.bench.measure import Bar, Row, since_ms
from ducktypist.bench.stage import Stage, copy_example

ABSENT = ("llama_cpp", "numpy", "tree_sitter", "httpx", "apsw", "rich", "huggingface_hub")
"""What must not be imported before the first answer; a prefix stands for a family."""
PRESENT = "pygls"
"""What must be among the imports that were seen, or they were not read aright."""
BARE = ("-c", "import pygls.lsp.server")
NOBODY = "http://127.0.0.1:9"
"""An engine where nobody listens: no host that loads a model disturbs the next start."""
IMPORT_TIMEOUT_S = 60.0

START_BAR = Bar(limit=300.0)
ABSENT_BAR = Bar(limit=0, statistic="max")


async def start_rows(stage: Stage, runs: int) -> list[Row]:
    """Start servers, each paired with a bare import of pygls, and list what one imports."""
    root = await asyncio.to_thread(copy_example, stage.folder("start"))
    served: list[float] = []
    bare: list[float] = []
    for number in range(runs + 1):
        async with Editor.started(
            root,
            arguments=["--engine-url", NOBODY],
            options=stage.options,
            environment=stage.environment,
        ) as editor:
            server_ms = editor.initialize_ms
        bare_ms = await _bare_import()
        if number:  # The first one reads the files from the disk.
            served.append(server_ms)
            bare.append(bare_ms)
    names = await imported_before_answer(stage)
    found = unwanted(names)
    return [
        Row(
            name="start",
            what="process start to initialize answered",
            unit="ms",
            samples=tuple(served),
            bar=START_BAR,
            note="warm: files in the page cache, byte code compiled",
        ),
        Row(
            name="start-bare",
            what=f"python {BARE[0]} {BARE[1]!r}, start to end",
            unit="ms",
            samples=tuple(bare),
            note="paired with the row above, one after the other",
        ),
        Row(
            name="start-difference",
            what="the first less the second, pair by pair",
            unit="ms",
            samples=tuple(a - b for a, b in zip(served, bare, strict=True)),
        ),
        Row(
            name="start-imports",
            what=f"modules imported until then of {', '.join(ABSENT)}",
            unit="modules",
            samples=(float(len(found)),),
            bar=ABSENT_BAR,
            note=", ".join(found) or f"none among the {len(names)} that are imported",
        ),
    ]


async def imported_before_answer(stage: Stage) -> list[str]:
    """Return the modules that a server imports that answers ``initialize`` and leaves.

    Raises:
        EditorFailure: The server did not answer, or its imports cannot be told.
    """
    messages = [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {"processId": None, "rootUri": None, "capabilities": CAPABILITIES},
        },
        {"jsonrpc": "2.0", "id": 2, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    ]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "importtime", "-m", "ducktypist", "serve"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **stage.environment},
    )
    try:
        said, told = await asyncio.wait_for(
            process.communicate(b"".join(map(_frame, messages))), IMPORT_TIMEOUT_S
        )
    except TimeoutError as error:
        raise EditorFailure(f"the server did not leave within {IMPORT_TIMEOUT_S:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    names = imported_modules(told.decode("utf-8", "replace").splitlines())
    if b'"capabilities"' not in said or PRESENT not in names:
        raise EditorFailure(f"the server's imports cannot be told; it answered {said!r:.200}")
    return names


def imported_modules(lines: Iterable[str]) -> list[str]:
    """Return the names in the output of ``python -X importtime``."""
    names = [line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")]
    # The first line is the table's head.
    return [name for name in names if name != "imported package"]


def unwanted(names: Collection[str]) -> list[str]:
    """Return those of :data:`ABSENT` that are among the modules."""
    roots = {name.partition(".")[0] for name in names}
    return sorted(root for root in roots if root.startswith(ABSENT))


async def _bare_import() -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, *BARE)
    status = await process.wait()
    took_ms = since_ms(started)
    if status:
        raise EditorFailure(f"python {BARE[0]} {BARE[1]!r} ended with status {status}")
    return took_ms


def _frame(message: object) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body
