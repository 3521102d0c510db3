"""One completion task put to the real server, as an editor does: a code action, or ghost text.

What came is kept as it came; it is graded elsewhere, by tests that the server never saw.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ducktypist.bench.complete.raw import cursor_of
from ducktypist.bench.complete.tasks import BODY, CompleteTask
from ducktypist.bench.editor import Editor, EditorFailure, offset_of, position_of
from ducktypist.bench.fix.asking import resolved
from ducktypist.bench.fix.attempt import Window, opened
from ducktypist.bench.fix.watch import changes, left_behind, tree
from ducktypist.bench.measure import since_ms
from ducktypist.bench.stage import ready
from ducktypist.bench.tasks import write_files
from ducktypist.errors import DucktypistError

BODY_TITLE = "write the body of"
AUTOMATIC = 2
"""The protocol's trigger kind of what nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What the server made of one task."""

    task: str
    kind: str
    language: str
    group: str
    problem: str = ""
    """Why there is nothing to say; empty when there is."""
    shown: str = ""
    """The file with what was shown in its place; empty when nothing was."""
    inserted: str = ""
    """Ghost text as it came; empty for a body."""
    rung: str = ""
    """How far a body was checked, in the server's words; empty for a line."""
    outcome: str = ""
    summary: str = ""
    """The verdict in words."""
    total_ms: float = 0.0
    """From asking to the answer, the server's own waiting included."""
    first_token_ms: float | None = None
    """From the server's ledger; None where it has none."""
    suggestion_id: str = ""
    outside: tuple[str, ...] = ()
    """Files besides the one meant that an edit would change."""
    tree_changes: tuple[str, ...] = ()
    """What was changed in the workspace meanwhile."""
    left: tuple[str, ...] = ()
    """Processes, mounts and folders that were left behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ghost:
    """Ghost text as an editor gets it."""

    text: str
    start: int
    """Where what it replaces begins, an offset in code points."""
    end: int
    """Where that ends."""
    suggestion_id: str

    def applied(self, text: str) -> str:
        """Return the text with it accepted."""
        return text[: self.start] + self.text + text[self.end :]


async def attempt(task: CompleteTask, *, window: Window) -> Attempt:
    """Put one task to a new server."""
    blank = Attempt(task=task.id, kind=task.kind, language=task.language, group=task.group)
    root = await asyncio.to_thread(
        lambda: write_files(task.files, window.stage.folder("complete") / "work")
    )
    before = await asyncio.to_thread(tree, root)
    try:
        async with opened(root, window, []) as editor:
            await ready(editor)
            ask = _body if task.kind == BODY else _line
            found = await ask(task, editor, blank)
    except DucktypistError as error:
        found = replace(blank, problem=str(error) or type(error).__name__)
    gone = await left_behind(window.premises, server=None)
    after = await asyncio.to_thread(tree, root)
    return replace(found, tree_changes=changes(before, after), left=gone.what)


async def ghost_text(
    editor: Editor, uri: str, offset: int, *, trigger: int = AUTOMATIC
) -> Ghost | None:
    """Ask for ghost text at a place of an open document, as after a keystroke.

    Raises:
        EditorFailure: The server answered with an error, or not at all.
    """
    text = editor.texts[uri]
    answer = await editor.request(
        "textDocument/inlineCompletion", ghost_question(text, uri, offset, trigger=trigger)
    )
    return ghost_of(answer, text, offset)


async def body_action(editor: Editor, uri: str, offset: int) -> Mapping[str, Any] | None:
    """Return the action that offers to write the body of a function; None where none is.

    Args:
        editor: Which has the document open.
        uri: The document.
        offset: A place in the function, in code points.

    Raises:
        EditorFailure: The server answered with an error, or not at all.
    """
    at = position_of(editor.texts[uri], offset)
    offered: Sequence[Mapping[str, Any]] | None = await editor.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": []},
        },
    )
    return next((item for item in offered or () if BODY_TITLE in item["title"]), None)


def ghost_question(text: str, uri: str, offset: int, *, trigger: int = AUTOMATIC) -> dict[str, Any]:
    """Return the parameters of a request for ghost text."""
    return {
        "textDocument": {"uri": uri},
        "position": position_of(text, offset),
        "context": {"triggerKind": trigger},
    }


def ghost_of(answer: Any, text: str, offset: int) -> Ghost | None:  # noqa: ANN401 - JSON
    """Return the first item of an answer that inserts something; None when there is none."""
    items: Sequence[Mapping[str, Any]] = (
        answer.get("items") or () if isinstance(answer, Mapping) else answer or ()
    )
    for item in items:
        new = item["insertText"]
        new = new["value"] if isinstance(new, Mapping) else new
        if not new:
            continue
        at = item.get("range")
        arguments = (item.get("command") or {}).get("arguments") or [""]
        return Ghost(
            text=new,
            start=offset_of(text, at["start"]) if at else offset,
            end=offset_of(text, at["end"]) if at else offset,
            suggestion_id=str(arguments[0]),
        )
    return None


async def _body(task: CompleteTask, editor: Editor, blank: Attempt) -> Attempt:
    uri = editor.open(task.path)
    action = await body_action(editor, uri, task.region().name_span.start)
    if action is None:
        raise EditorFailure(f"writing the body of {task.function} was not offered")
    answer = await resolved(action, editor, task.files)
    return replace(
        blank,
        shown=answer.patched.get(task.path, ""),
        rung=str(answer.data["verdict"]["rung"]),
        outcome=answer.outcome,
        summary=answer.summary,
        total_ms=answer.took_ms,
        suggestion_id=str(answer.data.get("suggestion_id", "")),
        outside=tuple(name for name in answer.patched if name != task.path),
    )


async def _line(task: CompleteTask, editor: Editor, blank: Attempt) -> Attempt:
    uri = editor.open(task.path)
    started = time.perf_counter()
    found = await ghost_text(editor, uri, cursor_of(task))
    took_ms = since_ms(started)
    if found is None:
        return replace(blank, total_ms=took_ms, summary="nothing was shown")
    return replace(
        blank,
        shown=found.applied(task.text),
        inserted=found.text,
        total_ms=took_ms,
        suggestion_id=found.suggestion_id,
    )
