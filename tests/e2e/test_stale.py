"""A text that changes while Ducktypist works on it: no edit for the old one, and an offer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError
from support.windows import Window, capabilities_of, script_written

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

CONTENT_MODIFIED = -32801
ASK = "window/showMessageRequest"
APPLY = "workspace/applyEdit"
START = {"line": 0, "character": 0}
Workspace = Callable[..., Path]


@pytest.fixture
def slow_script(tmp_path: Path) -> Path:
    """Return a script whose model takes a second and a half to begin."""
    return script_written(
        tmp_path / "slow.json",
        rule=[{"kind": "chat", "reply": "\n    return text.upper()\n", "prefill_ms": 1500}],
    )


@pytest.fixture
def hanging_script(tmp_path: Path) -> Path:
    """Return a script whose model never ends an answer."""
    return script_written(tmp_path / "hanging.json", rule=[{"fail": "hang"}])


async def begun(window: Window) -> None:
    """Wait until work is shown to be under way."""
    await window.client.wait_for(
        lambda each: (
            each.get("method") == "$/progress" and each["params"]["value"]["kind"] == "begin"
        )
    )


async def stale(window: Window, request: int) -> str:
    """Wait for a request to fail because the text changed, and return the message."""
    with pytest.raises(RpcError) as refused:
        await window.client.result(request, timeout_s=40)
    assert refused.value.code == CONTENT_MODIFIED, refused.value
    return refused.value.message


async def resolving(window: Window, uri: str) -> int:
    """Begin to write the body of the function of the example, and return the request's id."""
    action = await window.action(uri, "def sh", "write the body")
    return window.client.start_request("codeAction/resolve", action)


async def test_trying_again_ends_in_an_edit_of_the_new_text(
    slow_script: Path, workspace: Workspace
) -> None:
    """One press: worked out again for the text of now, and applied."""
    root = workspace()
    answers: dict[str, Any] = {ASK: {"title": "Try again"}, APPLY: {"applied": True}}
    async with Window.opened(root, script=slow_script, answers=answers) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py")
        running = await resolving(window, uri)
        await begun(window)
        window.insert(uri, START, "import os\n")
        message = await stale(window, running)
        assert message == "words.py changed while Ducktypist was working on it; ask again"
        asked = await window.client.notification(ASK)
        assert asked["message"] == "Ducktypist: words.py changed while Ducktypist was working on it"
        assert [item["title"] for item in asked["actions"]] == ["Try again"]
        applied = await window.client.notification(APPLY, timeout_s=40)
        assert window.apply(applied["edit"]) == [uri]
        assert window.texts[uri].startswith("import os\n")
        assert window.texts[uri].rstrip().endswith("return text.upper()")


async def test_not_trying_again_is_the_end_of_it(slow_script: Path, workspace: Workspace) -> None:
    """Closing the message asks for nothing more."""
    root = workspace()
    async with Window.opened(root, script=slow_script, answers={ASK: None}) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py")
        running = await resolving(window, uri)
        await begun(window)
        window.insert(uri, START, "import os\n")
        await stale(window, running)
        await window.client.notification(ASK)
        assert (await window.command("status"))["version"]
        assert not [each for each in window.client.messages if each.get("method") == APPLY]


async def test_a_search_for_a_text_that_is_gone_is_ended(
    hanging_script: Path, workspace: Workspace
) -> None:
    """It does not wait for a model that would answer about something else."""
    root = workspace()
    async with Window.opened(root, script=hanging_script) as window:
        uri = window.open(root / "shop/words.py")
        running = await resolving(window, uri)
        await begun(window)
        window.insert(uri, START, "#\n")
        await stale(window, running)


@pytest.mark.parametrize("changed", ["shop/sums.py", "tests/test_sums.py", "shop/words.py"])
async def test_a_fix_is_ended_by_an_edit_of_what_may_be_run(
    hanging_script: Path, workspace: Workspace, changed: str
) -> None:
    """The test, the code, and other files of the language: what was tested is gone."""
    root = workspace()
    options = {"fix": {"sources": ["rewrite"]}}
    async with Window.opened(root, script=hanging_script, options=options) as window:
        uri, other = window.open(root / "tests/test_sums.py"), root / changed
        at = uri if other.name == "test_sums.py" else window.open(other)
        await window.command("runTests", {})
        await window.published(uri, n=1)
        action = await window.action(uri, "assert add_up(2, 3)", "fix failing test")
        running = window.client.start_request("codeAction/resolve", action)
        await begun(window)
        await asyncio.sleep(0.2)
        window.insert(at, START, "#\n")
        assert other.name in await stale(window, running)


async def test_other_documents_do_not_end_it(slow_script: Path, workspace: Workspace) -> None:
    """Notes, scripts and files elsewhere may be edited meanwhile; so may nothing be said twice."""
    root = workspace()
    async with Window.opened(root, script=slow_script) as window:
        await window.ready()
        uri, shell = window.open(root / "shop/words.py"), window.open(root / "prune.sh")
        running = await resolving(window, uri)
        await begun(window)
        window.insert(shell, START, "# no\n")
        done = await window.client.result(running, timeout_s=40)
        assert window.apply(done["edit"]) == [uri]
        assert not [each for each in window.client.messages if each.get("method") == ASK]


async def test_an_editor_that_cannot_apply_edits_is_told(
    slow_script: Path, workspace: Workspace
) -> None:
    """A message without a choice."""
    capabilities = capabilities_of("visual-studio-code")
    del capabilities["workspace"]["applyEdit"]
    root = workspace()
    async with Window.opened(root, script=slow_script, capabilities=capabilities) as window:
        await window.ready()
        uri = window.open(root / "shop/words.py")
        running = await resolving(window, uri)
        await begun(window)
        window.insert(uri, START, "import os\n")
        await stale(window, running)
        told = await window.client.notification("window/showMessage")
        assert "words.py changed while" in told["message"]
        assert not [each for each in window.client.messages if each.get("method") == ASK]


async def test_an_edit_that_the_editor_refuses_because_its_text_moved_on(
    script: Path, workspace: Workspace
) -> None:
    """A text that changes between the look at it and the edit is found out by the editor."""
    capabilities = capabilities_of("visual-studio-code")
    del capabilities["textDocument"]["codeAction"]["resolveSupport"]
    root = workspace()
    async with Window.opened(root, script=script, capabilities=capabilities) as window:
        uri = window.open(root / "shop/words.py")

        def refuse(_: Any) -> dict[str, Any]:
            window.insert(uri, START, "#\n")
            return {"applied": False, "failureReason": "other version"}

        window.client.answers[APPLY] = refuse
        action = await window.action(uri, "def sh", "write the body")
        with pytest.raises(RpcError) as refused:
            await window.command("applyAction", *action["command"]["arguments"])
        assert refused.value.code == CONTENT_MODIFIED
        await window.client.notification(ASK)
