"""Fixtures of tests in one window of VS Code; a module takes them in by importing them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.editors.vscode_session import Session


@pytest.fixture
def left_nothing() -> None:
    """Look at nothing after each test: the window looks at what is left, at its end."""


@pytest.fixture(autouse=True)
def tidied(session: Session) -> Iterator[None]:
    """Close the editors and what was said before the next test comes."""
    yield
    session.window.close_editors()
    session.window.quiet()
