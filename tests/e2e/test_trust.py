"""Nothing of a workspace is executed unless somebody trusted it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.stdio_client import RpcError
from support.windows import Window

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

Workspace = Callable[..., Path]

RED = "tests/test_red.py::test_red"
FILES = {
    # Whoever imports, collects or runs anything of this says so, in the report or on the disk.
    "conftest.py": "RAN = True\nopen('ran-conftest', 'w').close()\n",
    "words.py": (
        "open('ran-module', 'w').close()\n\n\n"
        "def shout(text: str) -> str:\n"
        '    """Return the text in capitals.\n\n    >>> shout(\'ab\')\n    \'AB\'\n    """\n'
    ),
    "tests/test_red.py": (
        "import words\n\n\ndef test_green():\n    pass\n\n\ndef test_red():\n    assert not words\n"
    ),
    ".pytest_cache/v/cache/lastfailed": "{}",
    ".ducktypist.toml": '[python]\ninterpreter = "./evil-python"\n',
    "evil-python": "#!/bin/sh\ntouch ran-interpreter\n",
}


@pytest.mark.parametrize("trusted", [None, False, "yes"])
async def test_an_untrusted_folder_runs_nothing(
    script: Path, workspace: Workspace, trusted: Any
) -> None:
    """Tests are refused with the way to trust, bodies are unrun and say so, fixes are refused."""
    root = workspace(FILES, may_change=True)
    (root / "evil-python").chmod(0o755)
    async with Window.opened(root, script=script, trusted=trusted) as window:
        uri = window.open(root / "words.py")
        tests_uri = window.open(root / "tests/test_red.py")
        with pytest.raises(RpcError, match="not trusted") as refused:
            await window.command("runTests", {})
        assert f"ducktypist trust {root}" in refused.value.message

        done = await window.resolved(await window.action(uri, "def sh", "write the body"))
        verdict = done["data"]["verdict"]
        assert verdict["outcome"] == "not_run"
        assert verdict["repeats"] == 0
        assert "not trusted" in verdict["summary"]
        assert done["edit"]

        # What pytest left on the disk is only read: the test stands at its def line.
        (root / ".pytest_cache/v/cache/lastfailed").write_text(f'{{"{RED}": true}}')
        (red,) = await window.published(tests_uri, n=1)
        assert red["range"]["start"]["line"] == 7
        action = await window.action(tests_uri, "def test_red", "fix failing test")
        with pytest.raises(RpcError, match="not trusted"):
            await window.resolved(action)
        status = await window.command("status")
        assert status["workspaces"] == [{"path": str(root), "trusted": False}]
        assert any("python" in problem for problem in status["problems"])
        assert "python" in window.told()
    assert not list(root.glob("**/ran-*"))
    assert not list(root.glob("**/__pycache__"))


async def test_the_users_list_of_trusted_folders_counts(script: Path, workspace: Workspace) -> None:
    """What `ducktypist trust DIR` wrote makes tests run, in the sandbox: the folder stays clean."""
    files = {name: text for name, text in FILES.items() if name != ".ducktypist.toml"}
    root = workspace(files)
    said = subprocess.run(
        [sys.executable, "-m", "ducktypist", "trust", str(root)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "is trusted" in said.stdout
    async with Window.opened(root, script=script, trusted=None) as window:
        counted = await window.command("runTests", {})
        assert counted["failed"] == [RED]
        assert counted["passed"] == 1
    assert not list(root.glob("**/ran-*"))


async def test_what_the_editor_says_counts(script: Path, workspace: Workspace) -> None:
    """trusted: true makes the docstring's examples run; workspace settings are then taken."""
    files = {name: text for name, text in FILES.items() if "toml" not in name}
    root = workspace({**files, ".ducktypist.toml": "[complete]\nrepeats = 2\n"})
    async with Window.opened(root, script=script, trusted=True) as window:
        uri = window.open(root / "words.py")
        done = await window.resolved(await window.action(uri, "def sh", "write the body"))
        verdict = done["data"]["verdict"]
        assert (verdict["outcome"], verdict["repeats"]) == ("plausible", 2)
    assert not list(root.glob("**/ran-*"))


async def test_settings_trust_no_folder_and_the_editor_does(
    script: Path, workspace: Workspace
) -> None:
    """Several editors let a folder set any setting; what the person grants comes by itself."""
    root = workspace(FILES, may_change=True)
    (root / ".ducktypist.toml").unlink()
    async with Window.opened(root, script=script, trusted=False) as window:
        for settings in ({"ducktypist": {"trusted": True}}, {"trusted": True}):
            window.client.notify("workspace/didChangeConfiguration", {"settings": settings})
        with pytest.raises(RpcError, match="not trusted"):
            await window.command("runTests", {})
        window.client.notify("ducktypist/trust", {"trusted": True})
        assert (await window.command("runTests", {}))["failed"] == [RED]
        window.client.notify("ducktypist/trust", {"trusted": False})
        with pytest.raises(RpcError, match="not trusted"):
            await window.command("runTests", {})


async def test_a_folder_is_trusted_as_soon_as_it_is_listed(
    script: Path, workspace: Workspace
) -> None:
    """What its settings file may not say otherwise counts from then on, too."""
    root = workspace({**FILES, ".ducktypist.toml": "[fix]\nbudget_s = 7\n[go]\ncommand = ''\n"})
    listed = [sys.executable, "-m", "ducktypist", "trust", str(root)]
    async with Window.opened(root, script=script, trusted=None) as window:
        problems = (await window.command("status"))["problems"]
        assert any("go ignored" in one for one in problems), problems
        subprocess.run(listed, check=True, capture_output=True)
        window.client.notify("ducktypist/trust", {})
        status = await window.command("status")
        assert status["workspaces"] == [{"path": str(root), "trusted": True}]
        assert not status["problems"]
