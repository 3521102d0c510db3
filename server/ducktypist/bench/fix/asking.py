"""What an editor does with red tests and code actions: runs, asks what is offered, takes it.

Used wherever the bench puts tasks to the real server. Nothing is graded here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ducktypist.bench.editor import Editor, EditorFailure, edited
from ducktypist.bench.measure import since_ms

RESOLVE_TIMEOUT_S = 600.0


class NotRedError(EditorFailure):
    """A test passes that should not, so that there is nothing to mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the server made of an action that it had offered."""

    data: Mapping[str, Any]
    """The action's, with the verdict in it."""
    patched: Mapping[str, str]
    """The files that the edit changes, as they are after it; empty without an edit."""
    took_ms: float
    """From asking for the edit to the answer."""

    @property
    def outcome(self) -> str:
        """The verdict's."""
        return str(self.data["verdict"]["outcome"])

    @property
    def summary(self) -> str:
        """The verdict in words."""
        return str(self.data["verdict"].get("summary", ""))


async def made_red(editor: Editor, target: str, *, race: bool = False) -> tuple[str, ...]:
    """Have all tests run; return those that failed.

    Args:
        editor: With the folder of the tests.
        target: The node id of one that must be among them.
        race: Whether Go's tests are run under the race detector.

    Raises:
        NotRedError: That one is not.
        EditorFailure: The server answered with an error, or not at all.
    """
    asked = {"race": True} if race else {}
    counts = await editor.request(
        "workspace/executeCommand", {"command": "ducktypist.runTests", "arguments": [asked]}
    )
    red = (*counts["failed"], *counts["errors"])
    if target not in red:
        raise NotRedError(f"{target} is not red: {counts}")
    return red


async def action_on(editor: Editor, target: str, kind: str) -> Mapping[str, Any] | None:
    """Return the action that is offered on a red test's diagnostic; None where none is.

    Args:
        editor: Whose server has published the diagnostic.
        target: The test's node id.
        kind: What the action does, as its data says: ``fix`` or ``derace``.

    Raises:
        EditorFailure: The server answered with an error, or not at all.
    """
    for uri, diagnostics in editor.diagnostics.items():
        for item in diagnostics:
            if item.get("source") != "ducktypist" or item.get("code") != target:
                continue
            actions: Sequence[Mapping[str, Any]] | None = await editor.request(
                "textDocument/codeAction",
                {
                    "textDocument": {"uri": uri},
                    "range": item["range"],
                    "context": {"diagnostics": [item]},
                },
            )
            for action in actions or ():
                data = action.get("data") or {}
                if (data.get("nodeid"), data.get("action")) == (target, kind):
                    return action
    return None


async def resolved(action: Mapping[str, Any], editor: Editor, files: Mapping[str, str]) -> Resolved:
    """Have an action worked out.

    Args:
        action: As it was offered.
        editor: Whom it was offered to.
        files: What the workspace holds, by path below it.

    Raises:
        EditorFailure: The server answered with an error, or not at all.
    """
    started = time.perf_counter()
    answer = await editor.request("codeAction/resolve", action, timeout_s=RESOLVE_TIMEOUT_S)
    took_ms = since_ms(started)
    return Resolved(
        data=answer["data"],
        patched=patched_files(files, editor.root, answer.get("edit")),
        took_ms=took_ms,
    )


def patched_files(
    files: Mapping[str, str], root: Path, edit: Mapping[str, Any] | None
) -> dict[str, str]:
    """Return the files that a workspace edit changes, as they are after it.

    Args:
        files: What the workspace holds, by path below it.
        root: The workspace.
        edit: As the protocol has it; None changes nothing.
    """
    if not edit:
        return {}
    found: dict[str, str] = {}
    changed = [
        (item["textDocument"]["uri"], item["edits"])
        for item in edit.get("documentChanges") or ()
        if "textDocument" in item
    ]
    changed += list((edit.get("changes") or {}).items())
    for uri, edits in changed:
        path = Path(unquote(urlsplit(uri).path))
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        text = found.get(name, files.get(name, ""))
        found[name] = edited(text, edits)
    for item in edit.get("documentChanges") or ():
        # Creating, renaming and deleting files is nothing that a fix may do.
        if "kind" in item:
            found[f"{item['kind']} {item.get('uri') or item.get('oldUri')}"] = ""
    return found
