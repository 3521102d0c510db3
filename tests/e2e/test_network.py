"""No network traffic, ever, but for a collector that was asked for and an engine that was named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.collector import Collector
from support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

AUDITED = Path(__file__).parents[1] / "support" / "audited"
Workspace = Callable[..., Path]


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which every process of this test notes what it wants to reach."""
    path = tmp_path / "addresses.txt"
    path.touch()
    inherited = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(AUDITED), inherited])))
    monkeypatch.setenv("AUDIT_FILE", str(path))
    return path


def _reached(audit: Path) -> list[str]:
    """Return what was noted, but for free ports of the loopback that somebody listens on.

    The sandbox is proved with one that a sandboxed process tries to reach, and the telemetry's
    HTTP client finds out with one whether there is IPv6.
    """
    own = ("socket.bind ('127.0.0.1', 0)", "socket.bind ('::1', 0)")
    return [line for line in audit.read_text().splitlines() if not line.startswith(own)]


async def _lived_in(root: Path, script: Path, options: dict[str, Any]) -> None:
    """Do what a person does in an hour: hover, complete, write, test, fix, accept, look at it."""
    async with Window.opened(root, script=script, options=options) as window:
        await window.ready()
        words = window.open(root / "shop/words.py")
        sums = window.open(root / "shop/sums.py")
        assert await window.hover(sums, "def add_up")
        at = {"textDocument": {"uri": sums}, "position": window.place(sums, "-> int:\n    ")}
        await window.client.request("textDocument/completion", at)
        await window.client.request(
            "textDocument/inlineCompletion", {**at, "context": {"triggerKind": 1}}
        )
        body = await window.resolved(await window.action(words, "def sh", "write the body"))
        window.apply(body["edit"])
        await window.command("accepted", body["data"]["suggestion_id"])
        await window.command("runTests", {"uri": root.as_uri()})
        red = window.open(root / "tests/test_sums.py")
        fix = await window.resolved(await window.action(red, "def test_adds", "fix failing test"))
        await window.command("dismissed", fix["data"]["suggestion_id"])
        await window.command("stats")
        await window.command("status")


async def test_nothing_is_reached_in_a_whole_session(
    script: Path, workspace: Workspace, audit: Path, tmp_path: Path
) -> None:
    """Server, host, sandboxed runs and commands ask for no address of any network."""
    ledger = tmp_path / "ledger.sqlite3"
    await _lived_in(workspace(), script, {"ledger": {"path": str(ledger)}})
    for command in (["stats"], ["report", "--out", str(tmp_path / "report.html")]):
        subprocess.run(
            [sys.executable, "-m", "ducktypist", *command, "--ledger", str(ledger)],
            check=True,
            capture_output=True,
            timeout=100,
        )
    assert _reached(audit) == []


async def test_only_the_collector_is_reached_where_one_is_named(
    script: Path, workspace: Workspace, audit: Path
) -> None:
    """The hook sees what is sent, so an empty list above means something."""
    with Collector.listening() as collector:
        telemetry = {"enabled": True, "endpoint": collector.endpoint}
        await _lived_in(workspace(), script, {"telemetry": telemetry})
        names = {span.name.partition(" ")[0] for span in collector.spans()}
    assert names >= {"chat"}
    port = collector.endpoint.rpartition(":")[2]
    reached = _reached(audit)
    assert reached
    assert all("127.0.0.1" in line and port in line for line in reached), reached
