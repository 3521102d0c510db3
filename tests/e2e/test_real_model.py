"""The whole loop on the real 0.5B model, over stdio, with the real sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ducktypist import config
from support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.model, pytest.mark.sandbox]

Workspace = Callable[..., Path]


@pytest.fixture
def installed(model: Path) -> None:
    """Put the real model where the server looks for it."""
    data = Path(os.environ["DUCKTYPIST_DATA_DIR"])
    stored = [folder for folder in model.resolve().parents if folder.name == "models"]
    data.mkdir(parents=True, exist_ok=True)
    if stored:
        (data / "models").symlink_to(stored[0], target_is_directory=True)
        return
    subprocess.run(
        [sys.executable, "-m", "ducktypist", "model", "pull", str(model)], check=True, timeout=300
    )


@pytest.mark.timeout(700)
@pytest.mark.usefixtures("installed")
def test_the_demo_succeeds() -> None:
    """Its three steps are done and shown with their verdicts, and it exits with 0."""
    done = subprocess.run(
        [sys.executable, "-m", "ducktypist", "demo"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "1. Hover over" in done.stdout
    assert done.stdout.count("plausible") >= 2
    assert "after: " in done.stdout
    assert " 0 failed" in done.stdout
    assert "The ledger" in done.stdout


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("installed")
async def test_hover_and_fix_on_the_real_model(workspace: Workspace) -> None:
    """A hover is prose with its provenance; a wrong operator is found and the fix is plausible."""
    root = workspace()
    async with Window.opened(root) as window:
        window.client.answers.clear()
        status = await window.ready()
        assert status["engine"]["model"]
        code = window.open(root / "shop/sums.py")
        uri = window.open(root / "tests/test_sums.py")
        text = await window.hover(code, "def add_up", timeout_s=120)
        assert len(text.split()) > 10
        assert config.DEFAULT_MODEL.split("-instruct")[0] in text.splitlines()[-1].lower()
        await window.command("runTests", {})
        await window.published(uri, n=1)
        action = await window.action(uri, "assert add_up(2, 3)", "fix failing test")
        done = await window.resolved(action, timeout_s=240)
        assert done["data"]["verdict"]["outcome"] == "plausible", done["data"]
        assert window.apply(done["edit"]) == [code]
        counted = await window.command("runTests", {})
        assert (counted["passed"], counted["failed"]) == (2, [])
