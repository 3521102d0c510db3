"""When suggestions that nobody took are run: in idle time, one at a time, or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ducktypist.config import Config, LedgerConfig
from ducktypist.domain import Document, Span, TextEdit
from ducktypist.errors import DucktypistError
from ducktypist.features.afterwards import Suggested
from ducktypist.lsp import refusals as module
from ducktypist.lsp.refusals import MAX_STARTS, Refusals
from ducktypist.lsp.session import Session
from support.engines import until_async

IDLE_S = 0.05
IGNORED_S = 0.3


class Window:
    """Everything around the refusals of a window, and no sandbox."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_spare = True
        self.error: DucktypistError | None = None
        self.logged: list[str] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        monkeypatch.setattr(module, "check_refused", self._check)
        monkeypatch.setattr(module, "is_spare", lambda: self.is_spare)
        self.session = SimpleNamespace(
            app=SimpleNamespace(config=Config(), ledger=None, root_of=lambda _: Path("/w")),
            searches=SimpleNamespace(is_busy=False),
            acceptances=SimpleNamespace(is_busy=False),
            grounds=self._grounds,
            in_background=self._in_background,
            log=self.logged.append,
        )
        self.refusals = Refusals(cast("Session", self.session), idle_s=IDLE_S, ignored_s=IGNORED_S)

    async def _grounds(self, root: Path) -> Path:
        return root

    async def _check(self, one: Suggested, **_: object) -> None:
        self.begun.append(one.suggestion_id)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.ended.append(one.suggestion_id)

    def _in_background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task


def suggested(name: str) -> Suggested:
    """Return some ghost text."""
    document = Document(uri="file:///w/a.py", path=None, language="python", version=1, text="")
    edit = TextEdit(span=Span(start=0, end=0), old_text="", new_text="x = 1\n")
    return Suggested(suggestion_id=name, document=document, edit=edit)


@pytest.fixture
async def window(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Window]:
    """A window; in the end nothing goes on."""
    made = Window(monkeypatch)
    yield made
    for task in list(made.tasks):
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_what_was_dismissed_is_run_in_idle_time(window: Window) -> None:
    """The newest first, one after the other, and then nobody waits any longer."""
    window.gate.clear()
    window.refusals.dismissed(suggested("a"))
    window.refusals.dismissed(suggested("b"))
    await until_async(lambda: bool(window.begun))
    await asyncio.sleep(4 * IDLE_S)
    assert window.begun == ["b"]
    window.gate.set()
    await until_async(lambda: not window.tasks)
    assert window.ended == ["b", "a"]


async def test_what_was_ignored_is_run_later(window: Window) -> None:
    """But not what was taken meanwhile."""
    window.refusals.shown(suggested("ignored"))
    window.refusals.shown(suggested("taken"))
    await asyncio.sleep(2 * IDLE_S)
    assert not window.begun
    window.refusals.taken("taken")
    await until_async(lambda: not window.tasks)
    assert window.ended == ["ignored"]


@pytest.mark.parametrize("busy", ["searches", "acceptances", "machine"])
async def test_everything_else_goes_first(window: Window, busy: str) -> None:
    """Searches, checks of what was accepted, and whatever the machine is doing."""
    if busy == "machine":
        window.is_spare = False
    else:
        getattr(window.session, busy).is_busy = True
    window.refusals.dismissed(suggested("a"))
    await asyncio.sleep(6 * IDLE_S)
    assert not window.begun
    window.is_spare = True
    for name in ("searches", "acceptances"):
        getattr(window.session, name).is_busy = False
    await until_async(lambda: window.ended == ["a"])


async def test_typing_ends_a_run_and_puts_it_off(window: Window) -> None:
    """It begins again when nothing is typed, but not for ever."""
    window.gate.clear()
    window.refusals.dismissed(suggested("a"))
    for number in range(MAX_STARTS):
        await until_async(lambda n=number: len(window.begun) == n + 1)  # type: ignore[misc] # the default binds the loop's variable
        window.refusals.edited()
    await until_async(lambda: not window.tasks)
    assert len(window.begun) == MAX_STARTS
    assert not window.ended


async def test_the_settings_turn_it_off(window: Window) -> None:
    """Nothing waits, and what waited is forgotten."""
    window.is_spare = False
    window.refusals.dismissed(suggested("a"))
    window.session.app.config = Config(ledger=LedgerConfig(verify_refused=False))
    window.is_spare = True
    await until_async(lambda: not window.tasks)
    window.refusals.dismissed(suggested("b"))
    window.refusals.shown(suggested("c"))
    assert not window.tasks
    assert not window.begun


async def test_what_cannot_be_run_is_logged(window: Window) -> None:
    """And the next one has its turn."""
    window.error = DucktypistError("no sandbox today")
    window.refusals.dismissed(suggested("a"))
    window.refusals.dismissed(suggested("b"))
    await until_async(lambda: not window.tasks)
    assert window.begun == ["b", "a"]
    assert len(window.logged) == 2
    assert "no sandbox today" in window.logged[0]
