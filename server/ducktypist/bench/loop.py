"""The whole loop, several times: explain a script, write a body, fix a red test.

Each run has a fresh copy of the example workspace and a server of its own; the host stays. Every
suggestion is verified as for a person; what became of each is counted beside the milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.bench.hovering import explained
from ducktypist.bench.measure import Report, Row, load, machine, since_ms
from ducktypist.bench.smoke import line_starting
from ducktypist.bench.stage import (
    ORDERS,
    PRICES,
    SCRIPT,
    TESTS,
    Stage,
    copy_example,
    ready,
    set_stage,
)
from ducktypist.errors import DucktypistError

WHAT = {
    "explain": f"hover over the pipeline in {SCRIPT}",
    "explain-again": "the same hover again",
    "write-body": f"write the body of a documented function in {ORDERS}",
    "fix": f"fix the red test in {TESTS}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One feature, used once."""

    name: str
    """A key of :data:`WHAT`."""
    took_ms: float
    summary: str
    """Its verdict in words."""
    is_plausible: bool
    """Whether it did what it is for; an explanation does when there is one."""


async def loop(
    *,
    runs: int,
    backend: str | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Report:
    """Run the loop several times.

    Args:
        runs: How often.
        backend: As for ``ducktypist serve``.
        on_step: Told of each step when it has ended.
    """
    async with set_stage(backend) as stage:
        report = Report(
            machine=await asyncio.to_thread(machine),
            model=stage.model(),
            before=await asyncio.to_thread(load),
        )
        steps: list[Step] = []

        def keep(step: Step) -> None:
            steps.append(step)
            on_step(step)

        problem = ""
        for number in range(runs):
            try:
                await _once(stage, keep)
            except DucktypistError as error:
                problem = f"run {number + 1}: {error}"
                break
        report.rows += rows(steps)
        if problem:
            report.rows.append(Row(name="loop", what="not finished", unit="ms", problem=problem))
        report.after = await asyncio.to_thread(load)
    return report


def rows(steps: list[Step]) -> list[Row]:
    """Return one row for each kind of step."""
    found = []
    for name, what in WHAT.items():
        mine = [step for step in steps if step.name == name]
        if not mine:
            continue
        n_plausible = sum(step.is_plausible for step in mine)
        verdicts = Counter(step.summary for step in mine).most_common()
        told = "; ".join(f"{n} x {summary}" for summary, n in verdicts)
        found.append(
            Row(
                name=name,
                what=what,
                unit="ms",
                samples=tuple(step.took_ms for step in mine),
                note=f"{n_plausible} of {len(mine)} did it: {told}",
            )
        )
    return found


async def _once(stage: Stage, keep: Callable[[Step], None]) -> None:
    root = await asyncio.to_thread(copy_example, stage.folder("loop"))
    async with stage.editor(root) as editor:
        for name in (SCRIPT, ORDERS, PRICES, TESTS):
            editor.open(name)
        await ready(editor)
        keep(await _explain(editor, "explain"))
        keep(await _explain(editor, "explain-again"))
        orders = editor.uri(ORDERS)
        place = line_starting(editor.texts[orders], "def ")
        keep(await _act(editor, "write-body", orders, place, title="write the body"))
        keep(await _fix(editor))


async def _explain(editor: Editor, name: str) -> Step:
    uri = editor.uri(SCRIPT)
    place = line_starting(editor.texts[uri], "find ")
    started = time.perf_counter()
    try:
        text = await explained(editor, uri, place)
    except EditorFailure as error:
        return Step(name=name, took_ms=since_ms(started), summary=str(error), is_plausible=False)
    took_ms = since_ms(started)
    last = text.rpartition("\n")[2].strip("*")
    return Step(name=name, took_ms=took_ms, summary=last.rpartition(" · ")[2], is_plausible=True)


async def _fix(editor: Editor) -> Step:
    await editor.request(
        "workspace/executeCommand", {"command": "ducktypist.runTests", "arguments": [{}]}
    )
    uri = editor.uri(TESTS)
    found = [item for item in editor.diagnostics.get(uri, []) if item["source"] == "ducktypist"]
    if not found:
        raise EditorFailure("the red test has no diagnostic")
    return await _act(editor, "fix", uri, found[0]["range"]["start"], title="fix failing test")


async def _act(
    editor: Editor, name: str, uri: str, place: Mapping[str, int], *, title: str
) -> Step:
    """Choose a code action, resolve it and apply its edit if it has one."""
    actions: list[dict[str, Any]] | None = await editor.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": place, "end": place},
            "context": {"diagnostics": editor.diagnostics.get(uri, [])},
        },
    )
    action = next((item for item in actions or [] if title in item["title"]), None)
    if action is None:
        raise EditorFailure(f"no action to {title} was offered")
    started = time.perf_counter()
    action = await editor.request("codeAction/resolve", action)
    took_ms = since_ms(started)
    verdict = action["data"]["verdict"]
    if action.get("edit"):
        editor.apply(action["edit"])
    return Step(
        name=name,
        took_ms=took_ms,
        summary=verdict["summary"],
        is_plausible=bool(action.get("edit")) and verdict["outcome"] == "plausible",
    )
