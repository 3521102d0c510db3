"""What the contract promises beyond one editor: capabilities, commands, progress, cancelling."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError
from support.windows import Window, capabilities_of, script_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

CANCELLED = -32800
Workspace = Callable[..., Path]


@pytest.fixture
def hanging_script(tmp_path: Path) -> Path:
    """Return a script whose model never ends an answer."""
    return script_written(tmp_path / "hanging.json", rule=[{"fail": "hang"}])


async def test_a_client_without_resolve_gets_a_command(script: Path, workspace: Workspace) -> None:
    """The command ends in workspace/applyEdit, and says what was applied."""
    capabilities = capabilities_of("visual-studio-code")
    del capabilities["textDocument"]["codeAction"]["resolveSupport"]
    root = workspace()
    applied = {"workspace/applyEdit": {"applied": True}}
    async with Window.opened(
        root, script=script, capabilities=capabilities, answers=applied
    ) as window:
        uri = window.open(root / "shop/words.py")
        action = await window.action(uri, "def sh", "write the body")
        assert "data" not in action
        assert "edit" not in action
        arguments = action["command"]["arguments"]
        answer = await window.command(
            action["command"]["command"].removeprefix("ducktypist."), *arguments
        )
        assert answer["applied"] is True
        assert answer["verdict"]["rung"] == "examples_pass"
        asked = await window.client.notification("workspace/applyEdit")
        assert asked["label"] == answer["verdict"]["summary"]
        assert window.apply(asked["edit"]) == [uri]
        assert window.texts[uri].rstrip().endswith("return text.upper()")


async def test_an_editor_that_refuses_the_edit_is_told_so(
    script: Path, workspace: Workspace
) -> None:
    """The command fails with the editor's reason and records no acceptance."""
    capabilities = capabilities_of("visual-studio-code")
    del capabilities["textDocument"]["codeAction"]["resolveSupport"]
    root = workspace()
    refused = {"workspace/applyEdit": {"applied": False, "failureReason": "read only"}}
    async with Window.opened(
        root, script=script, capabilities=capabilities, answers=refused
    ) as window:
        uri = window.open(root / "shop/words.py")
        action = await window.action(uri, "def sh", "write the body")
        with pytest.raises(RpcError, match="read only"):
            await window.command("applyAction", *action["command"]["arguments"])


@pytest.mark.parametrize("form", ["annotated", "versioned", "plain"])
async def test_an_edit_has_the_form_that_the_client_knows(
    script: Path, workspace: Workspace, form: str
) -> None:
    """With a label where it can be shown, with a version where it can be named, else bare."""
    capabilities = capabilities_of("visual-studio-code")
    support = capabilities["workspace"]["workspaceEdit"]
    if form != "annotated":
        del support["changeAnnotationSupport"]
    if form == "plain":
        del support["documentChanges"]
    root = workspace()
    options = {"complete": {"repeats": 1}}
    async with Window.opened(
        root, script=script, capabilities=capabilities, options=options
    ) as window:
        uri = window.open(root / "shop/words.py")
        done = await window.resolved(await window.action(uri, "def sh", "write the body"))
        edit = done["edit"]
        assert ("changeAnnotations" in edit) == (form == "annotated")
        if form == "plain":
            assert list(edit["changes"]) == [uri]
            assert "documentChanges" not in edit
            return
        (change,) = edit["documentChanges"]
        assert change["textDocument"] == {"uri": uri, "version": 1}
        assert all(("annotationId" in one) == (form == "annotated") for one in change["edits"])


async def test_a_hover_is_plain_text_where_markdown_is_not_known(
    script: Path, workspace: Workspace
) -> None:
    """No Markdown mark is left, and the last line is still the provenance."""
    capabilities = capabilities_of("visual-studio-code")
    capabilities["textDocument"]["hover"]["contentFormat"] = ["plaintext"]
    root = workspace()
    async with Window.opened(root, script=script, capabilities=capabilities) as window:
        uri = window.open(root / "shop/sums.py")
        at = window.place(uri, "def add_up")
        found = await window.client.request(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": at}
        )
        assert found["contents"]["kind"] == "plaintext"
        text = found["contents"]["value"]
        assert "It adds two numbers" in text
        assert "*" not in text
        assert "`" not in text
        assert "---" not in text
        provenance = text.splitlines()[-1]
        assert provenance.startswith("scripted none · ")
        assert provenance.endswith("checked")


async def test_every_command_of_the_contract(script: Path, workspace: Workspace) -> None:
    """Each is announced, takes what the contract says and answers JSON of the promised shape."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop/sums.py")
        status = await window.ready()
        assert status["workspaces"] == [{"path": str(root), "trusted": True}]
        assert status["problems"] == []
        assert {"state", "model"} <= set(status["engine"])

        at = {"uri": uri, "position": window.place(uri, "def add_up")}
        told = await window.command("explain", at)
        assert "It adds two numbers" in told["markdown"]
        assert not told["cached"]
        assert (await window.command("explain", at))["cached"]
        again = await window.command("regenerate", at)
        assert not again["cached"]
        assert again["suggestion_id"] != told["suggestion_id"]
        assert await window.command("accepted", again["suggestion_id"]) is None
        assert await window.command("dismissed", told["suggestion_id"]) is None

        counted = await window.command("runTests", {"uri": (root / "tests").as_uri(), "nodeid": ""})
        assert set(counted) == {"passed", "failed", "errors", "skipped", "duration_ms", "tests"}
        assert counted["failed"] == ["tests/test_sums.py::test_adds"]
        one = await window.command("runTests", {"nodeid": "tests/test_sums.py::test_zero"})
        assert (one["passed"], one["failed"]) == (1, [])

        stats = await window.command("stats")
        assert isinstance(stats, dict)
        report = await window.command("report")
        assert report["stats"].keys() == stats.keys()
        assert "scripted" in report["markdown"]
        for answer in (status, stats, report):
            json.dumps(answer, allow_nan=False)


NONSENSE: list[tuple[str, list[Any]]] = [
    ("accepted", []),
    ("accepted", [7]),
    ("dismissed", [""]),
    ("explain", []),
    ("explain", [{"uri": 3, "position": {}}]),
    ("explain", [{"uri": "file:///x.py", "position": {"line": "a", "character": None}}]),
    ("regenerate", ["x"]),
    ("runTests", [{"uri": "untitled:1"}]),
    ("runTests", [3]),
    ("applyAction", [{"action": "format the disk"}]),
    ("applyAction", [{"action": "fix", "root": "/", "nodeid": "x"}]),
    ("applyAction", [{"action": "body", "uri": "untitled:9", "function": "f"}]),
]


async def test_arguments_that_make_no_sense_are_refused(script: Path, workspace: Workspace) -> None:
    """With one error that is ours, not an internal one; the server goes on."""
    async with Window.opened(workspace(), script=script) as window:
        for name, arguments in NONSENSE:
            with pytest.raises(RpcError) as refused:
                await window.command(name, *arguments)
            assert "internal error" not in refused.value.message, (name, arguments)
        assert (await window.command("status"))["version"]


async def test_a_long_resolve_shows_progress_and_is_cancelled_by_its_request(
    hanging_script: Path, workspace: Workspace
) -> None:
    """$/cancelRequest: answered once, the display is taken away, the next request is served."""
    root = workspace()
    async with Window.opened(root, script=hanging_script) as window:
        uri = window.open(root / "shop/words.py")
        action = await window.action(uri, "def sh", "write the body")
        running = window.client.start_request("codeAction/resolve", action)
        begun = await progress_of(window, "begin")
        assert begun["value"]["title"].startswith("Ducktypist")
        assert begun["value"]["cancellable"] is True
        window.client.notify("$/cancelRequest", {"id": running})
        with pytest.raises(RpcError) as cancelled:
            await window.client.result(running)
        assert cancelled.value.code == CANCELLED
        ended = await progress_of(window, "end")
        assert ended["token"] == begun["token"]
        assert await window.command("stats")
        assert len(answers_to(window, running)) == 1


async def test_a_long_resolve_is_cancelled_in_its_progress_display(
    hanging_script: Path, workspace: Workspace
) -> None:
    """window/workDoneProgress/cancel does the same as cancelling the request."""
    root = workspace()
    async with Window.opened(root, script=hanging_script) as window:
        uri = window.open(root / "shop/words.py")
        action = await window.action(uri, "def sh", "write the body")
        running = window.client.start_request("codeAction/resolve", action)
        begun = await progress_of(window, "begin")
        window.client.notify("window/workDoneProgress/cancel", {"token": begun["token"]})
        with pytest.raises(RpcError) as cancelled:
            await window.client.result(running)
        assert cancelled.value.code == CANCELLED
        assert len(answers_to(window, running)) == 1


async def test_a_running_test_ends_with_its_request(script: Path, workspace: Workspace) -> None:
    """Cancelling runTests ends the sandboxed processes too."""
    endless = {"tests/test_endless.py": "import time\n\n\ndef test_x():\n    time.sleep(600)\n"}
    root = workspace(endless)
    async with Window.opened(root, script=script) as window:
        await window.ready()
        running = window.client.start_request(
            "workspace/executeCommand", {"command": "ducktypist.runTests", "arguments": [{}]}
        )
        await progress_of(window, "begin")
        await asyncio.sleep(0.5)
        window.client.notify("$/cancelRequest", {"id": running})
        with pytest.raises(RpcError) as cancelled:
            await window.client.result(running)
        assert cancelled.value.code == CANCELLED


async def test_text_that_changed_meanwhile_makes_the_edit_stale(
    tmp_path: Path, workspace: Workspace
) -> None:
    """Resolving answers ContentModified; an edit for another text is never sent."""
    slow = script_written(
        tmp_path / "slow.json",
        rule=[{"kind": "chat", "reply": "\n    return text.upper()\n", "prefill_ms": 1500}],
    )
    root = workspace()
    async with Window.opened(root, script=slow) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py")
        action = await window.action(uri, "def sh", "write the body")
        running = window.client.start_request("codeAction/resolve", action)
        await progress_of(window, "begin")
        window.insert(uri, {"line": 0, "character": 0}, "import os\n")
        with pytest.raises(RpcError) as stale:
            await window.client.result(running, timeout_s=40)
        assert stale.value.code == -32801
        assert "ask again" in stale.value.message


async def progress_of(window: Window, kind: str) -> dict[str, Any]:
    """Wait for a progress message of a kind and return its params."""
    message = await window.client.wait_for(
        lambda each: each.get("method") == "$/progress" and each["params"]["value"]["kind"] == kind
    )
    params: dict[str, Any] = message["params"]
    return params


def answers_to(window: Window, msg_id: int) -> list[dict[str, Any]]:
    """Return all answers to a request; there must be one."""
    return [
        each for each in window.client.messages if each.get("id") == msg_id and "method" not in each
    ]
