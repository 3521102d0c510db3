"""Real VS Code: how its server is found, installed, and comes back when it was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.editors.vscode import built_package, install, list_installed
from support.editors.vscode_first_hover import actions_to_first_hover
from support.editors.vscode_fixtures import left_nothing
from support.editors.vscode_session import lived_in
from support.shop import RULES, SHOP

__all__ = ["left_nothing"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_the_package_installs(tmp_path: Path) -> None:
    """VS Code takes the ``.vsix`` from its command line and lists it."""
    said = install(built_package(), tmp_path)
    assert "successfully installed" in said
    assert list_installed(tmp_path) == ["ducktypist.ducktypist"]


def test_a_missing_server_is_told_of_and_installed(tmp_path: Path) -> None:
    """From the ``.vsix`` to a hover a person does three things, the hover included."""
    assert len(actions_to_first_hover(tmp_path)) <= 3


def test_a_server_that_was_killed_comes_back() -> None:
    """The next hover is answered by another process, and nobody had to do anything."""
    with lived_in(SHOP, rules=RULES, opens="shop/sums.py") as session:
        window = session.window
        window.hover("add_up", "scripted none")
        (first,) = session.servers()
        first.kill()
        window.until(
            lambda: any(one.pid != first.pid for one in session.servers()), "another is started"
        )
        window.hover("add_up", "scripted none")
