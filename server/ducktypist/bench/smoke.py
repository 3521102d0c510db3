"""The figures that the project promises: start, hover, keystrokes, sandbox, memory.

Everything is driven from outside, over standard input and output, as an editor does it; so each
time holds the way there and back as well. Bars are data. A row that could not be measured says why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import psutil

from ducktypist.bench import overhead, startup
from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.bench.hovering import explained
from ducktypist.bench.measure import Bar, Report, Row, load, machine, since_ms
from ducktypist.bench.stage import (
    BIG_FILE,
    ORDERS,
    SCRIPT,
    Stage,
    big_file,
    copy_example,
    ready,
    set_stage,
)
from ducktypist.errors import DucktypistError

HOVERS_PER_RUN = 5
KEYSTROKES_PER_RUN = 20
PACE_S = 0.02
"""Between keystrokes; ten times as fast as a good typist."""
TYPED_LINE = 500
BYTES_PER_MB = 1_000_000

HOVER_BAR = Bar(limit=5.0, statistic="p95")
KEYSTROKE_BAR = Bar(limit=10.0, statistic="p99")
MEMORY_BAR = Bar(limit=120.0, statistic="max")

Measurement = Callable[[Stage, int], Awaitable[list[Row]]]


async def smoke(
    *,
    runs: int,
    only: Collection[str] = (),
    backend: str | None = None,
    on_start: Callable[[str], None] = lambda _: None,
) -> Report:
    """Measure all groups of rows, or some.

    Args:
        runs: How often a server is started and a sandboxed run is paired; the other rows are
            multiples of it.
        only: The groups to measure, names of :data:`GROUPS`; all of them when empty.
        backend: As for ``ducktypist serve``.
        on_start: Told the name of each group when it begins.
    """
    async with set_stage(backend) as stage:
        report = Report(
            machine=await asyncio.to_thread(machine),
            model=stage.model(),
            before=await asyncio.to_thread(load),
        )
        for name, measurement in GROUPS.items():
            if only and name not in only:
                continue
            on_start(name)
            try:
                report.rows += await measurement(stage, runs)
            except DucktypistError as error:
                report.rows.append(
                    Row(name=name, what="could not be measured", unit="", problem=str(error))
                )
        report.after = await asyncio.to_thread(load)
    return report


async def hover_rows(stage: Stage, runs: int) -> list[Row]:
    """Hover over the same place of an unchanged text, after the first answer."""
    root = await asyncio.to_thread(copy_example, stage.folder("hover"))
    took: list[float] = []
    async with stage.editor(root) as editor:
        uri = editor.open(SCRIPT)
        await ready(editor)
        place = line_starting(editor.texts[uri], "find ")
        first_ms = await _hover(editor, uri, place)
        for _ in range(runs * HOVERS_PER_RUN):
            took.append(await _hover(editor, uri, place))
            await asyncio.sleep(PACE_S)
    return [
        Row(
            name="hover",
            what="hover repeated on unchanged text, round trip",
            unit="ms",
            samples=tuple(took),
            bar=HOVER_BAR,
            note=f"the way there and back included; the first answer took {first_ms:.0f} ms",
        )
    ]


async def keystroke_rows(stage: Stage, runs: int) -> list[Row]:
    """Type into a large file while the model generates for another.

    A notification has no answer, so a request that costs next to nothing is queued right behind it:
    a hover that the cache answers. The server takes messages in order; the time to that answer is
    an upper bound of the keystroke's. Every other time the hover goes alone, to show its own share.
    """
    root = await asyncio.to_thread(copy_example, stage.folder("typing"))
    await asyncio.to_thread((root / BIG_FILE).write_text, big_file(), "utf-8")
    typed: list[float] = []
    alone: list[float] = []
    async with stage.editor(root) as editor:
        big, script, orders = (editor.open(name) for name in (BIG_FILE, SCRIPT, ORDERS))
        await ready(editor)
        known = line_starting(editor.texts[script], "find ")
        await _hover(editor, script, known)
        generating = _Generating(editor, orders, line_starting(editor.texts[orders], "def "))
        async with generating:
            for column in range(runs * KEYSTROKES_PER_RUN):
                started = time.perf_counter()
                editor.type(big, TYPED_LINE, column, "x")
                await _hover(editor, script, known)
                typed.append(since_ms(started))
                await asyncio.sleep(PACE_S)
                alone.append(await _hover(editor, script, known))
                await asyncio.sleep(PACE_S)
    return [
        Row(
            name="keystroke",
            what="keystroke in a 1,000-line file while the model generates",
            unit="ms",
            samples=tuple(typed),
            bar=KEYSTROKE_BAR,
            note=f"didChange to the answer of a cached hover behind it; {generating.told()}",
        ),
        Row(
            name="keystroke-probe",
            what="that cached hover alone, in between",
            unit="ms",
            samples=tuple(alone),
            note="what of the row above is not the keystroke's",
        ),
    ]


async def memory_rows(stage: Stage, runs: int) -> list[Row]:  # noqa: ARG001 - memory needs one run
    """Look at the server's memory with a large file open, before and after its features ran."""
    root = await asyncio.to_thread(copy_example, stage.folder("memory"))
    await asyncio.to_thread((root / BIG_FILE).write_text, big_file(), "utf-8")
    async with stage.editor(root) as editor:
        uri = editor.open(BIG_FILE)
        status = await ready(editor)
        process = psutil.Process(editor.process.pid)
        before_mb = _memory_mb(process)
        await _use_everything(editor, uri)
        after_mb = _memory_mb(process)
    used = f"sandbox level {status['sandbox']['level']}"
    return [
        Row(
            name=f"memory-{when}-{kind}",
            what=f"memory of serve, 1,000-line file open, {when} its features ran ({kind.upper()})",
            unit="MB",
            samples=(mb[kind],),
            bar=MEMORY_BAR if kind == "rss" else None,
            note=f"hover, completion, write the body; {used}" if when == "after" else "",
        )
        for when, mb in (("before", before_mb), ("after", after_mb))
        for kind in ("rss", "uss")
    ]


GROUPS: Mapping[str, Measurement] = {
    "start": startup.start_rows,
    "hover": hover_rows,
    "keystroke": keystroke_rows,
    "sandbox": overhead.sandbox_rows,
    "memory": memory_rows,
}
"""What ``--only`` takes."""


def line_starting(text: str, word: str) -> dict[str, int]:
    """Return the position just after the beginning of the first line that starts with ``word``.

    Raises:
        EditorFailure: No line does.
    """
    for number, line in enumerate(text.split("\n")):
        if line.startswith(word):
            return {"line": number, "character": len(word)}
    raise EditorFailure(f"no line starts with {word!r}")


class _Generating:
    """Keeps the model at work for the length of a block, and knows how much of it that was."""

    def __init__(self, editor: Editor, uri: str, place: Mapping[str, int]) -> None:
        self._editor = editor
        self._argument = {"uri": uri, "position": dict(place)}
        self._task: asyncio.Task[None] | None = None
        self._generated_ms: list[float] = []
        self._begun_s = 0.0
        self._total_ms = 0.0

    async def __aenter__(self) -> None:
        self._begun_s = time.perf_counter()
        self._task = asyncio.create_task(self._go_on())

    async def __aexit__(self, *_: object) -> None:
        self._total_ms = since_ms(self._begun_s)
        task = self._task
        if task is None:
            return
        if task.done():
            # It never ends by itself: the model failed, and what was measured is worth nothing.
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _go_on(self) -> None:
        while True:
            started = time.perf_counter()
            try:
                await self._editor.request(
                    "workspace/executeCommand",
                    {"command": "ducktypist.regenerate", "arguments": [self._argument]},
                )
            finally:
                self._generated_ms.append(since_ms(started))

    def told(self) -> str:
        """Return how long the model was at work."""
        # The last one goes on after the block; what lies beyond it is not the block's.
        share = min(1.0, sum(self._generated_ms) / self._total_ms)
        return f"the model was generating {share:.0%} of the time ({len(self._generated_ms)} x)"


async def _hover(editor: Editor, uri: str, place: Mapping[str, int]) -> float:
    """Hover and return the milliseconds it took."""
    started = time.perf_counter()
    await explained(editor, uri, place)
    return since_ms(started)


async def _use_everything(editor: Editor, uri: str) -> None:
    """Hover, complete and write a body, so that everything that is imported late is there."""
    lines = editor.texts[uri].split("\n")
    await _hover(editor, uri, line_starting(editor.texts[uri], "def sum_0"))
    end = {"line": len(lines) - 1, "character": 0}
    await editor.request(
        "textDocument/inlineCompletion",
        {"textDocument": {"uri": uri}, "position": end, "context": {"triggerKind": 1}},
    )
    last = line_starting(editor.texts[uri], "def smallest_even")
    actions: list[Mapping[str, Any]] = await editor.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": last, "end": last},
            "context": {"diagnostics": []},
        },
    )
    action = next((item for item in actions or [] if "write the body" in item["title"]), None)
    if action is None:
        raise EditorFailure("no action to write the body was offered")
    await editor.request("codeAction/resolve", action)


def _memory_mb(process: psutil.Process) -> dict[str, float]:
    try:
        memory = process.memory_full_info()
    except psutil.Error as error:
        raise EditorFailure(f"the server's memory cannot be read: {error}") from error
    return {"rss": memory.rss / BYTES_PER_MB, "uss": memory.uss / BYTES_PER_MB}
