"""What is on the screen is explained ahead: in idle time, one at a time, or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest

from ducktypist.domain import Priority, Span
from ducktypist.errors import EngineCrashedError
from ducktypist.features.explain import ExplainRequest
from ducktypist.lsp import explaining, prefetching
from ducktypist.lsp.explaining import ExplainDesk
from ducktypist.lsp.prefetching import MAX_PER_VIEW, Prefetching, targets
from ducktypist.lsp.session import Session
from ducktypist.syntax.regions import block_at
from support.engines import until_async
from support.explainers import URI, FakeExplaining, FakeSession, view

IDLE_S = 0.05
TEXT = "".join(f"rm -f file{number}\n" for number in range(100))


class Room(FakeSession):
    """A session whose machine is idle, and in which one document is open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.explainer = FakeExplaining()
        self.is_spare = True
        monkeypatch.setattr(explaining, "Explaining", lambda **_: self.explainer)
        monkeypatch.setattr(prefetching, "is_spare", lambda: self.is_spare)
        self.desk = ExplainDesk(cast("Session", self))
        self.ahead = Prefetching(cast("Session", self), self.desk, idle_s=IDLE_S)
        self.desk.prefetching = self.ahead
        self.views[URI] = view(TEXT)

    async def begun(self, n_begun: int) -> list[str]:
        """Wait until so many things were begun, and return their code."""
        await until_async(lambda: len(self.explainer.begun) >= n_begun)
        return self.lines()

    def lines(self) -> list[str]:
        """Return the code of what was begun."""
        found = []
        for request in self.explainer.begun:
            known = self.explainer.at(request)
            assert known is not None
            found.append(known.span.of(request.document.text))
        return found

    async def over(self) -> list[str]:
        """Finish whatever is begun until no more comes, and return all code."""
        n_done = 0
        while self.tasks or n_done < len(self.explainer.works):
            for work in self.explainer.works[n_done:]:
                work.finish("It removes a file.")
                n_done += 1
            await asyncio.sleep(0.01)
        return self.lines()


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """A window whose model is there; in the end nothing goes on."""
    made = Room(monkeypatch)
    await made.desk.workbench(wait_s=0)
    yield made
    await made.desk.aclose()
    await made.aclose()


async def test_what_is_on_the_screen_is_explained_nearest_first(room: Room) -> None:
    """One at a time, as nobody waits for it, and not more than a view's worth."""
    room.ahead.visible(URI, 40, 60)
    assert await room.begun(1) == ["rm -f file50"]
    await asyncio.sleep(3 * IDLE_S)
    assert len(room.explainer.begun) == 1
    found = await room.over()
    assert sorted(found) == [f"rm -f file{number}" for number in range(46, 54)]
    assert len(found) == MAX_PER_VIEW
    assert {request.priority for request in room.explainer.begun} == {Priority.BACKGROUND}
    assert not room.explainer.shown


async def test_without_a_word_from_the_client_it_is_guessed(room: Room) -> None:
    """The top of what was opened, then where one points."""
    room.ahead.opened(URI)
    assert (await room.over())[0] == "rm -f file0"
    n_before = len(room.explainer.begun)
    room.ahead.looked(view(TEXT), TEXT.index("rm -f file70"))
    assert (await room.over())[n_before] == "rm -f file70"


async def test_what_the_client_says_goes_before_a_guess(room: Room) -> None:
    """A place outside of what is visible does not move the view."""
    room.ahead.visible(URI, 10, 12)
    room.ahead.looked(view(TEXT), TEXT.index("rm -f file70"))
    room.ahead.opened("file:///w/other.sh")
    assert sorted(await room.over()) == ["rm -f file10", "rm -f file11", "rm -f file12"]


async def test_whoever_types_goes_first(room: Room) -> None:
    """The work ends at once; in the next pause it is begun again."""
    room.ahead.visible(URI, 5, 5)
    await room.begun(1)
    room.ahead.edited(URI, 5)
    await until_async(lambda: room.explainer.works[0].n_left == 1)
    assert await room.begun(2) == ["rm -f file5", "rm -f file5"]


async def test_a_hover_on_it_lets_it_go_on(room: Room) -> None:
    """What the pointer is at is what is being explained; elsewhere it gives way."""
    room.ahead.visible(URI, 5, 5)
    await room.begun(1)
    room.ahead.looked(view(TEXT), TEXT.index("file5"))
    await asyncio.sleep(0.02)
    assert room.explainer.works[0].n_left == 0
    room.ahead.looked(view(TEXT), TEXT.index("file9"))
    await until_async(lambda: room.explainer.works[0].n_left == 1)


async def test_nothing_is_explained_twice(room: Room) -> None:
    """Scrolling back and forth asks for nothing again; changed code is other code."""
    room.ahead.visible(URI, 5, 5)
    assert await room.over() == ["rm -f file5"]
    room.ahead.visible(URI, 5, 6)
    assert await room.over() == ["rm -f file5", "rm -f file6"]
    room.views[URI] = view(TEXT.replace("file5\n", "file5 --\n"))
    room.ahead.visible(URI, 5, 6)
    assert (await room.over())[2:] == ["rm -f file5 --"]


@pytest.mark.parametrize("busy", ["searches", "acceptances", "machine", "pointer"])
async def test_everything_else_goes_first(room: Room, busy: str) -> None:
    """Searches, checks of what was accepted, a hover's prose, whatever the machine does."""
    if busy == "machine":
        room.is_spare = False
    elif busy == "pointer":
        request = ExplainRequest(document=view(TEXT).document, offset=0)
        room.desk.want(request, Span(start=0, end=11))
        await room.begun(1)
    else:
        getattr(room, busy).is_busy = True
    n_before = len(room.explainer.begun)
    room.ahead.visible(URI, 5, 5)
    await asyncio.sleep(5 * IDLE_S)
    assert len(room.explainer.begun) == n_before
    room.is_spare = True
    room.searches.is_busy = room.acceptances.is_busy = False
    for work in room.explainer.works:
        work.finish("It removes a file.")
    assert (await room.begun(n_before + 1))[-1] == "rm -f file5"


@pytest.mark.parametrize("why", ["setting", "hovers", "remote", "closed", "unknown", "large"])
async def test_there_are_reasons_not_to(
    room: Room, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting, a remote engine that may cost money, a document that nobody has open."""
    config = room.app.config
    if why in {"setting", "hovers"}:
        off = replace(config.explain, prefetch=why != "setting", enabled=why != "hovers")
        room.app.config = replace(config, explain=off)
    elif why == "remote":
        engine = replace(config.engine, url="http://127.0.0.1:9/v1")
        room.app.config = replace(config, engine=engine)
    elif why == "large":
        monkeypatch.setattr(prefetching, "MAX_CHARS", 10)
    room.ahead.visible("file:///w/none.sh" if why == "unknown" else URI, 5, 5)
    if why == "closed":
        room.ahead.closed(URI)
    assert await room.over() == []


async def test_no_model_is_asked_before_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's engine is started for this; when it is there, what was on the screen is."""
    room = Room(monkeypatch)
    room.ahead.visible(URI, 5, 5)
    assert await room.over() == []
    await room.desk.workbench(wait_s=0)
    assert await room.over() == ["rm -f file5"]
    await room.aclose()


async def test_an_engine_that_fails_is_left_alone(room: Room) -> None:
    """Until somebody looks again."""
    room.ahead.visible(URI, 5, 6)
    await room.begun(1)
    room.explainer.works[0].fail(EngineCrashedError("the engine went away"))
    await until_async(lambda: not room.tasks)
    assert len(room.explainer.begun) == 1
    assert "the engine went away" in room.logged[-1]
    room.ahead.visible(URI, 5, 6)
    assert await room.begun(2)


def test_targets_are_functions_and_commands() -> None:
    """In shell both, a function whole and only by its name; in Python functions."""
    shell = (
        "greet() {\n  echo hi\n  echo ho\n}\n\n# a comment\ngreet | cat\nif true; then\n  ls\nfi\n"
    )
    everything = Span(start=0, end=len(shell))
    found = [target.span.of(shell) for target in targets(shell, "shellscript", everything, 0)]
    assert found[0].startswith("greet() {")
    assert found[1:] == ["greet | cat", "if true; then\n  ls\nfi"]
    inside = Span(start=shell.index("  echo hi"), end=shell.index("}"))
    assert targets(shell, "shellscript", inside, inside.start) == []

    python = (
        "import os\n\n\ndef one():\n    return 1\n\n\nclass A:\n    def two(self):\n        pass\n"
    )
    names = [
        target.span.of(python).split("(", 1)[0].split()[-1]
        for target in targets(python, "python", Span(start=0, end=len(python)), len(python))
    ]
    assert names == ["two", "one"]
    assert targets("some words\n\nothers", "plaintext", Span(start=0, end=10), 0) == []


def test_a_target_is_what_a_hover_there_is_about() -> None:
    """So that what was explained ahead is what is shown."""
    python = "@decorated\ndef one():\n    return 1\n"
    (target,) = targets(python, "python", Span(start=0, end=len(python)), 0)
    assert block_at(python, "python", target.offset).span == target.span
