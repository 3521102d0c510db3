"""Typing while the model works: no keystroke is lost, and only the newest question counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError
from support.windows import Window, position

pytestmark = pytest.mark.e2e

Workspace = Callable[..., Path]
SLOW = "def slowly():\n    return 1\n\n\n"


async def test_keystrokes_during_a_generation_are_all_applied(
    script: Path, workspace: Workspace
) -> None:
    """After 200 edits in a row the generation still goes on; a hover is about the final text."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uri = window.open(root / "typed.py", SLOW + "def typed():\n    return ''\n")
        params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 6}}
        slow = window.client.start_request("textDocument/hover", params)
        for number in range(200):
            letter = "FINAL"[number - 195] if number >= 195 else "\U0001f986"
            end = window.texts[uri].rindex("'")
            window.insert(uri, position(window.texts[uri], end), letter)
        assert window.versions[uri] == 201
        assert (await window.command("status"))["engine"]["state"] == "ready"
        assert not [one for one in window.client.messages if one.get("id") == slow]
        window.client.notify("$/cancelRequest", {"id": slow})
        with pytest.raises(RpcError):
            await window.client.result(slow)
        assert "It is the final text" in await window.hover(uri, "def typed")


async def test_the_newest_inline_completion_wins(script: Path, workspace: Workspace) -> None:
    """The older one of the same document is answered as cancelled, the newer with a suggestion."""
    root = workspace()
    text = SLOW + 'def shout(text):\n    """Return it in capitals."""\n    \n'
    async with Window.opened(root, script=script) as window:
        await window.ready()
        slow_uri = window.open(root / "slow.py", SLOW.rstrip() + "\n    ")
        older = window.client.start_request("textDocument/inlineCompletion", asked(slow_uri, 2, 4))
        await window.command("status")
        end = {"line": 2, "character": 4}
        everything = {"start": {"line": 0, "character": 0}, "end": end}
        window.change(slow_uri, [{"range": everything, "newText": text[len(SLOW) :]}])
        newer = window.client.start_request("textDocument/inlineCompletion", asked(slow_uri, 2, 4))
        with pytest.raises(RpcError) as cancelled:
            await window.client.result(older)
        assert cancelled.value.code == -32800
        found = await window.client.result(newer)
        assert found["items"][0]["insertText"].strip() == "return text.upper()"


async def test_the_newest_hover_wins(script: Path, workspace: Workspace) -> None:
    """A pointer that moved on in the same document is answered as cancelled."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uri = window.open(root / "typed.py", SLOW + "def typed():\n    return 'FINAL'\n")
        params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 6}}
        older = window.client.start_request("textDocument/hover", params)
        await window.command("status")
        assert "It is the final text" in await window.hover(uri, "def typed")
        with pytest.raises(RpcError) as cancelled:
            await window.client.result(older)
        assert cancelled.value.code == -32800


async def test_documents_do_not_cancel_each_other(script: Path, workspace: Workspace) -> None:
    """A completion in one file leaves the one in another alone."""
    root = workspace()
    text = 'def shout(text):\n    """Return it in capitals."""\n    \n'
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uris = [window.open(root / name, text) for name in ("a.py", "b.py")]
        running = [
            window.client.start_request("textDocument/inlineCompletion", asked(uri, 2, 4))
            for uri in uris
        ]
        for msg_id in running:
            assert (await window.client.result(msg_id))["items"]


async def test_what_was_suggested_is_in_the_ledger(script: Path, workspace: Workspace) -> None:
    """Each question counts once, an answer from the cache not at all."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop/sums.py")
        await window.hover(uri, "def add_up")
        await window.hover(uri, "def add_up")
        (cell,) = (await window.command("stats"))["cells"]
        assert (cell["kind"], cell["language"], cell["n_suggestions"]) == ("explain", "python", 1)
        assert cell["model"] == "scripted"


def asked(uri: str, line: int, character: int) -> dict[str, Any]:
    """Return the parameters of an inline completion that was asked for."""
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1},
    }
