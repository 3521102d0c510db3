"""Searches stopped in the middle: cancelled by the person, or with the server killed outright.

Afterwards the workspace must be what it was, and nothing of the search may be left.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ducktypist.bench.editor import Editor, EditorFailure
from ducktypist.bench.fix.asking import RESOLVE_TIMEOUT_S
from ducktypist.bench.fix.attempt import Window, laid_out, offered, opened
from ducktypist.bench.fix.tasks import Task
from ducktypist.bench.fix.watch import Premises, changes, descendants, left_behind, tree
from ducktypist.bench.measure import since_ms
from ducktypist.errors import DucktypistError

CANCEL, KILL = "cancel", "kill"
LATEST_S = 8.0
CANCELS_PER_SERVER = 10
ANSWER_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """One search that was stopped."""

    task: str
    how: str
    """``cancel`` or ``kill``."""
    after_ms: float = 0.0
    """From the request to the moment when it was stopped."""
    was_running: bool = False
    """Whether the search had not ended by itself before."""
    answered_ms: float = 0.0
    """From stopping it to the answer, or until the server was gone."""
    tree_changes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    gone_ms: float = 0.0
    """From stopping it until nothing was left, or the time waited."""
    problem: str = ""


async def stop_searches(
    tasks: Sequence[Task],
    *,
    n_cancels: int,
    n_kills: int,
    seed: int,
    window: Window,
    say: Callable[[str], None],
) -> list[Stopped]:
    """Stop searches at random moments, on random tasks."""
    dice = random.Random(seed)  # noqa: S311 - the same moments each time
    found: list[Stopped] = []
    groups = [CANCELS_PER_SERVER] * (n_cancels // CANCELS_PER_SERVER)
    groups += [n_cancels % CANCELS_PER_SERVER] if n_cancels % CANCELS_PER_SERVER else []
    plans = [(CANCEL, n) for n in groups] + [(KILL, 1)] * n_kills
    for how, n in plans:
        task = dice.choice(tasks)
        moments = [dice.uniform(0.0, LATEST_S) for _ in range(n)]
        found += await _session(task, how, moments, window)
        if found:
            say(f"{len(found)}/{n_cancels + n_kills} stopped; {_said(found[-1])}")
    return found


async def _session(task: Task, how: str, moments: Sequence[float], window: Window) -> list[Stopped]:
    """Stop one or several searches of one task in one server."""
    root = await asyncio.to_thread(laid_out, task, window.stage.folder("stop"))
    before = await asyncio.to_thread(tree, root)
    found: list[Stopped] = []
    blank = Stopped(task=task.id, how=how)
    try:
        async with opened(root, window, []) as editor:
            action, _ = await offered(task, editor)
            for moment_s in moments:
                done = await _stopped(
                    blank, editor, action, moment_s=moment_s, premises=window.premises
                )
                after = await asyncio.to_thread(tree, root)
                found.append(replace(done, tree_changes=changes(before, after)))
    except DucktypistError as error:
        # A killed server cannot be asked to leave; only what went wrong before counts.
        if len(found) < len(moments):
            found.append(replace(blank, problem=str(error)))
    return found


async def _stopped(
    blank: Stopped,
    editor: Editor,
    action: Mapping[str, Any],
    *,
    moment_s: float,
    premises: Premises,
) -> Stopped:
    started = time.perf_counter()
    request_id = editor.start("codeAction/resolve", action)
    answer = asyncio.create_task(editor.answer(request_id, timeout_s=RESOLVE_TIMEOUT_S))
    done, _ = await asyncio.wait({answer}, timeout=moment_s)
    known = await asyncio.to_thread(descendants, editor.process.pid)
    after_ms, stopped = since_ms(started), time.perf_counter()
    if blank.how == KILL:
        editor.process.kill()
        await editor.process.wait()
    elif not done:
        editor.notify("$/cancelRequest", {"id": request_id})
    ended, _ = await asyncio.wait({answer}, timeout=ANSWER_TIMEOUT_S)
    answered_ms = since_ms(stopped)
    answer.cancel()
    with suppress(EditorFailure, asyncio.CancelledError):
        await answer
    gone = await left_behind(
        premises, server=None if blank.how == KILL else editor.process.pid, known=known
    )
    return replace(
        blank,
        after_ms=after_ms,
        was_running=not done,
        answered_ms=answered_ms,
        left=gone.what,
        gone_ms=since_ms(stopped),
        problem="" if ended else "the cancelled request was never answered",
    )


def _said(item: Stopped) -> str:
    if item.problem:
        return f"{item.how} of {item.task}: {item.problem}"
    left = ", ".join((*item.tree_changes, *item.left)) or "nothing left"
    return f"last: {item.how} at {item.after_ms / 1000:.1f} s, {left}"
