"""Real VS Code with workspace trust: what an untrusted folder may not do, and what changes then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.editors.vscode_fixtures import left_nothing
from support.editors.vscode_session import Session, lived_in
from support.shop import RULES, SHOP

__all__ = ["left_nothing"]

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the workspace's programs leave a mark when they are run."""
    return tmp_path_factory.mktemp("marks")


@pytest.fixture(scope="module")
def session(marks: Path) -> Iterator[Session]:
    """Return a window on a folder that nobody trusted, whose settings name programs."""
    named = ["/bin/sh", "-c", f"touch {marks}/run; exec cat"]
    settings = {
        "ducktypist.server.command": named,
        "ducktypist.server.interpreter": str(marks / "python"),
        "ducktypist.python.interpreter": str(marks / "python"),
        "ducktypist.tests.command": named,
        "ducktypist.tests.files": ["*"],
        "ducktypist.engine.url": "http://example.invalid/v1",
    }
    python = marks / "python"
    python.write_text(f"#!/bin/sh\ntouch {marks}/run\n", encoding="utf-8")
    python.chmod(0o755)
    files = {**SHOP, ".vscode/settings.json": json.dumps(settings)}
    with lived_in(files, rules=RULES, opens="shop/sums.py", asks_for_trust=True) as found:
        yield found


def test_an_untrusted_folder_is_explained_and_not_run(session: Session, marks: Path) -> None:
    """Hovers work; tests are not, the message says why; what its settings name is not followed."""
    window = session.window
    window.status_item("Restricted Mode").wait_for()
    window.hover("add_up", "scripted none")
    window.page.keyboard.press("Escape")
    window.open(session.root / "tests/test_sums.py")
    window.command("Ducktypist: Run the Tests")
    message = window.toast("not trusted")
    expect(message.get_by_role("button", name="Manage Trust")).to_be_visible()
    window.picture("vscode-untrusted")
    expect(window.squiggles).to_have_count(0)
    assert not (marks / "run").exists()
    window.quiet()


def test_when_trust_is_granted_tests_are_run(session: Session) -> None:
    """The running server is told; no restart, and the red test gets its mark."""
    window = session.window
    (before,) = session.servers()
    # What the folder's settings name counts from now on, and is not what this is about.
    (session.root / ".vscode/settings.json").unlink()
    window.command("Ducktypist: Manage Workspace Trust")
    trust = window.page.locator(".workspace-trust-editor .monaco-button", has_text="Trust").first
    trust.click()
    window.status_item("Restricted Mode").wait_for(state="hidden")
    window.picture("vscode-trusted")
    window.open(session.root / "tests/test_sums.py")
    window.command("Ducktypist: Run the Tests")
    window.squiggles.first.wait_for()
    assert [one.pid for one in session.servers()] == [before.pid]
