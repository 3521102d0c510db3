"""Typing while the model works: no keystroke is lost, and only the newest question counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError
from support.windows import Window, capabilities_of, position

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


async def test_what_is_typed_through_is_the_same_suggestion(
    script: Path, workspace: Workspace
) -> None:
    """While one types what was suggested, the rest of it comes at once, under the same id."""
    root = workspace()
    text = 'def shout(text):\n    """Return it in capitals."""\n    \n'
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uri = window.open(root / "typed.py", text)
        ids, left = [], []
        for typed_text in ("", "return ", "text"):
            window.insert(uri, {"line": 2, "character": 4 + len("".join(left))}, typed_text)
            left.append(typed_text)
            at = asked(uri, 2, 4 + len("".join(left)), automatic=True)
            found = await window.client.request("textDocument/inlineCompletion", at)
            (item,) = found["items"]
            assert "".join(left) + item["insertText"] == "return text.upper()"
            ids += item["command"]["arguments"]
        assert len(set(ids)) == 1
        (cell,) = (await window.command("stats"))["cells"]
        assert cell["n_suggestions"] == 1


async def test_without_ghost_text_a_list_has_it(script: Path, workspace: Workspace) -> None:
    """An editor that cannot show ghost text gets the same suggestion in its completion list."""
    root = workspace()
    able = capabilities_of("visual-studio-code")
    unable = {**able, "textDocument": {**able["textDocument"]}}
    del unable["textDocument"]["inlineCompletion"]
    text = "def add_up(first, second):\n    ret\n"
    for capabilities, expected in ((able, []), (unable, ["return first + second"])):
        async with Window.opened(root, script=script, capabilities=capabilities) as window:
            await window.ready()
            uri = window.open(root / "typed.py", text.replace("    ret", "    re"))
            window.insert(uri, {"line": 1, "character": 6}, "t")
            at = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 7}}
            for _ in range(200):
                found = await window.client.request("textDocument/completion", at)
                if found["items"] or not found["isIncomplete"]:
                    break
                await asyncio.sleep(0.05)
            assert [item["label"] for item in found["items"]] == expected
            for item in found["items"]:
                window.change(uri, [item["textEdit"]])
                assert window.texts[uri] == text.replace("ret", "return first + second")
                assert item["filterText"] == "ret"


async def test_nothing_is_suggested_in_a_file_of_secrets(
    script: Path, workspace: Workspace
) -> None:
    """What stands there does not even reach the engine."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        uri = window.open(root / ".env", "# def add_up\nKEY=\n")
        at = asked(uri, 1, 4)
        assert await window.client.request("textDocument/inlineCompletion", at) is None
        assert (await window.command("stats"))["cells"] == []


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


def asked(uri: str, line: int, character: int, *, automatic: bool = False) -> dict[str, Any]:
    """Return the parameters of an inline completion, asked for by hand or while typing."""
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2 if automatic else 1},
    }
