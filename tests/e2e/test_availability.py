"""The model is not there, not ready, gone, or dies: each is said at once and nothing hangs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.stdio_client import RpcError
from support.windows import Window, hosts, script_written

pytestmark = pytest.mark.e2e

Workspace = Callable[..., Path]
SHORT_S = 8.0
"""Within this a person has an answer, whatever the model does; far above what it takes."""


async def test_no_model_yet(workspace: Workspace) -> None:
    """A hover says how to get it; the editor is asked once; declining changes nothing."""
    root = workspace()
    declined = {"window/showMessageRequest": {"title": "Not now"}}
    async with Window.opened(root, env={"HF_HUB_OFFLINE": "1"}, answers=declined) as window:
        uri = window.open(root / "shop/sums.py")
        text = await window.hover(uri, "def add_up", timeout_s=SHORT_S)
        assert "ducktypist model pull" in text
        asked = await window.client.notification("window/showMessageRequest")
        assert "ducktypist model pull" in asked["message"]
        assert [item["title"] for item in asked["actions"]] == ["Fetch it", "Not now"]
        at = window.place(uri, "def add_up")
        inline = {
            "textDocument": {"uri": uri},
            "position": at,
            "context": {"triggerKind": 1},
        }
        assert await window.client.request("textDocument/inlineCompletion", inline) is None
        words = window.open(root / "shop/words.py")
        with pytest.raises(RpcError, match="model pull"):
            await window.resolved(await window.action(words, "def sh", "write the body"))
        status = await window.command("status")
        assert status["engine"]["state"] == "failed"
        n_asked = [
            each
            for each in window.client.messages
            if each.get("method") == "window/showMessageRequest"
        ]
        assert len(n_asked) == 1
    assert not list(Path(os.environ["DUCKTYPIST_DATA_DIR"]).glob("**/*.gguf*"))
    assert not hosts()


async def test_a_model_of_no_known_name(workspace: Workspace) -> None:
    """The hover and a message name it; no host is started."""
    root = workspace()
    options = {"model": {"name": "no-such-model-9b"}}
    async with Window.opened(root, options=options) as window:
        uri = window.open(root / "shop/sums.py")
        text = await window.hover(uri, "def add_up", timeout_s=SHORT_S)
        assert "no-such-model-9b" in text
        told = await window.client.notification("window/showMessage")
        assert "no-such-model-9b" in told["message"]
    assert not hosts()


async def test_a_model_that_is_loading(tmp_path: Path, workspace: Workspace) -> None:
    """A hover says so instead of waiting, status knows it, and later the answer comes."""
    script = script_written(
        tmp_path / "s.json", load_ms=5000, rule=[{"reply": "It adds two numbers."}]
    )
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop/sums.py")
        text = await window.hover(uri, "def add_up", timeout_s=SHORT_S)
        assert "is loading its model" in text
        assert (await window.command("status"))["engine"]["state"] in {"starting", "loading"}
        await window.ready()
        assert "It adds two numbers" in await window.hover(uri, "def add_up")


async def test_a_model_that_cannot_be_loaded(tmp_path: Path, workspace: Workspace) -> None:
    """Its reason reaches the hover and the person."""
    script = script_written(tmp_path / "s.json", load_fail="the file is torn in two")
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop/sums.py")
        assert "torn in two" in await window.hover(uri, "def add_up", timeout_s=SHORT_S)


async def _answering(status: Mapping[str, Any]) -> None:
    """Wait until the host is at an answer."""
    transport = httpx.AsyncHTTPTransport(uds=status["engine"]["address"])
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as host:
        async with asyncio.timeout(SHORT_S):
            while True:
                slots = (await host.get("/slots")).json()
                if any(slot["is_processing"] for slot in slots):
                    return
                await asyncio.sleep(0.05)


async def test_a_host_that_is_killed_in_the_middle_of_a_request(
    tmp_path: Path, workspace: Workspace
) -> None:
    """That request says so, and the next one is served by a new host."""
    slow = {"match": "def slowly", "reply": "word " * 400, "delay_ms": 40}
    script = script_written(tmp_path / "s.json", rule=[slow, {"reply": "It adds two numbers."}])
    root = workspace()
    async with Window.opened(root, script=script) as window:
        await window.ready()
        (old,) = hosts()
        uri = window.open(root / "shop/slow.py", "def slowly():\n    return 1\n")
        params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 6}}
        running = window.client.start_request("textDocument/hover", params)
        await _answering(await window.command("status"))
        os.kill(old, signal.SIGKILL)
        found = await window.client.result(running)
        assert "went away" in found["contents"]["value"]
        other = window.open(root / "shop/sums.py")
        assert "It adds two numbers" in await window.hover(other, "def add_up")
        (new,) = hosts()
        assert new != old


async def test_a_model_that_crashes_every_time(tmp_path: Path, workspace: Workspace) -> None:
    """Every request is answered; after five crashes no host is started any more, and it says so."""
    script = script_written(tmp_path / "s.json", rule=[{"fail": "crash"}])
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop/sums.py")
        texts = [await window.hover(uri, "def add_up", timeout_s=40) for _ in range(6)]
        assert all("cannot explain this now" in text for text in texts), texts
        assert "went away" in texts[0]
        assert texts[-1] != texts[0]
        assert "crashed" in texts[-1]
        assert not hosts()
        status = await window.command("status")
        assert status["engine"]["state"] == "failed"
    # Who dies cannot clean up; the next host replaces what the last one left.
    (socket,) = Path(os.environ["DUCKTYPIST_RUNTIME_DIR"]).glob("*.sock")
    socket.unlink()


async def test_requests_during_a_hanging_model_are_answered(
    script: Path, workspace: Workspace
) -> None:
    """Whatever needs no model is served beside a model that never answers."""
    root = workspace()
    async with Window.opened(root, script=script) as window:
        uri = window.open(root / "shop/hang.py", "def hangs_for_ever():\n    return 1\n")
        params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 6}}
        running = window.client.start_request("textDocument/hover", params)
        words = window.open(root / "shop/words.py")
        assert await window.actions(words, "def sh")
        assert (await window.command("status"))["version"]
        window.client.notify("$/cancelRequest", {"id": running})
        with pytest.raises(RpcError):
            await window.client.result(running)
        sums = window.open(root / "shop/sums.py")
        assert "It adds two numbers" in await window.hover(sums, "def add_up")


async def test_a_remote_engine_that_nobody_runs(workspace: Workspace) -> None:
    """The hover names its address and nothing is started."""
    root = workspace()
    options = {"engine": {"url": "http://127.0.0.1:9/v1"}}
    async with Window.opened(root, options=options) as window:
        uri = window.open(root / "shop/sums.py")
        text = await window.hover(uri, "def add_up", timeout_s=SHORT_S)
        assert "127.0.0.1:9" in text
    assert not hosts()
