"""What a hover shows before the prose is there, and when the prose that it asked for goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest
from lsprotocol import types

from ducktypist.errors import EngineCrashedError, EngineLoadingError, ModelMissingError
from ducktypist.features.explain import ExplainRequest
from ducktypist.lsp import explaining as module
from ducktypist.lsp.explaining import ExplainDesk
from ducktypist.lsp.hover import hover
from ducktypist.lsp.session import Session
from ducktypist.lsp.window import View
from support.engines import until_async
from support.explainers import URI, FakeExplaining, FakeSession, FakeWork, explained, view

TEXT = "rm -f a\nls -l b\n# a comment\n"
WRITTEN = "the explanation is being written, hover again"


class Room(FakeSession):
    """A session with a desk, and a pointer over its documents."""

    explaining: ExplainDesk

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.explainer = FakeExplaining()
        monkeypatch.setattr(module, "Explaining", lambda **_: self.explainer)
        self.explaining = ExplainDesk(cast("Session", self))
        self.set(hover_wait_ms=10, prefetch=False)

    def set(self, **settings: object) -> None:
        """Change settings of ``explain``."""
        config = self.app.config
        self.app.config = replace(config, explain=replace(config.explain, **settings))  # type: ignore[arg-type] # by name

    async def hover(self, line: int, at: View | None = None) -> str:
        """Return what a hover on a line shows; empty when there is none."""
        params = types.HoverParams(
            text_document=types.TextDocumentIdentifier(uri=URI),
            position=types.Position(line=line, character=1),
        )
        found = await hover(cast("Session", self), at or view(TEXT), params)
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    def knows(self, prose: str) -> None:
        """Let the second character of the text be explained already."""
        request = ExplainRequest(document=view(TEXT).document, offset=1)
        known = self.explainer.at(request)
        assert known is not None
        self.explainer.by_place[TEXT, 1] = explained(known, prose)

    @property
    def works(self) -> list[FakeWork]:
        """What was begun."""
        return self.explainer.works


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """A window; in the end nothing goes on."""
    made = Room(monkeypatch)
    yield made
    await made.explaining.aclose()
    await made.aclose()


async def test_facts_come_before_the_prose(room: Room) -> None:
    """A first hover shows what is known and says that more is to come; a later one shows it."""
    first = await room.hover(0)
    assert "`rm -f`" in first
    assert "Asks nobody" in first
    assert first.splitlines()[-1] == f"*tiny Q4_K_M · facts in 7 ms · {WRITTEN}*"
    room.works[0].finish("It removes a.")
    await until_async(lambda: not room.tasks)
    second = await room.hover(0)
    assert second.startswith("It removes a.")
    assert "Asks nobody" in second
    assert "2 of 3 claims checked" in second.splitlines()[-1]
    assert WRITTEN not in second
    assert len(room.works) == 1


async def test_a_prose_that_is_there_in_time_is_shown_at_once(room: Room) -> None:
    """The wait is a limit and not a delay, and what was shown is recorded as shown."""
    room.set(hover_wait_ms=20_000)
    shown = asyncio.create_task(room.hover(0))
    await until_async(lambda: bool(room.works))
    room.works[0].finish("It removes a.")
    assert (await shown).startswith("It removes a.")
    assert room.explainer.shown == ["It removes a."]


async def test_what_is_known_asks_nobody(room: Room) -> None:
    """A place whose prose is known is answered without facts, engine or work."""
    await room.explaining.workbench(wait_s=0)
    room.knows("Known prose.")
    assert (await room.hover(0)).startswith("Known prose.")
    assert not room.works
    assert room.explainer.shown == ["Known prose."]


async def test_a_pointer_elsewhere_ends_what_nobody_waits_for(room: Room) -> None:
    """Another line, another document: the older work is left, the newer goes on."""
    await room.hover(0)
    await room.hover(1)
    await until_async(lambda: room.works[0].n_left == 1)
    await room.hover(0, view(TEXT, uri="file:///w/b.sh"))
    await until_async(lambda: room.works[1].n_left == 1)
    assert room.works[2].n_left == 0


async def test_a_comment_ends_it_too(room: Room) -> None:
    """There is nothing to explain, and nothing is begun; what was wanted elsewhere is over."""
    await room.hover(0)
    assert await room.hover(2) == ""
    await until_async(lambda: room.works[0].n_left == 1)
    assert len(room.works) == 1


async def test_a_pointer_that_moves_within_it_changes_nothing(room: Room) -> None:
    """The same command is asked for once, wherever in it the pointer is."""
    await room.hover(0)
    params = types.HoverParams(
        text_document=types.TextDocumentIdentifier(uri=URI),
        position=types.Position(line=0, character=5),
    )
    await hover(cast("Session", room), view(TEXT), params)
    assert len(room.works) == 1
    assert room.works[0].n_left == 0


async def test_a_cancelled_hover_leaves_the_prose_alone(room: Room) -> None:
    """Editors cancel hovers when the mouse trembles; the next one finds what was written."""
    room.set(hover_wait_ms=20_000)
    first = asyncio.create_task(room.hover(0))
    await until_async(lambda: bool(room.works))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert room.works[0].n_left == 0
    room.works[0].finish("It removes a.")
    assert (await room.hover(0)).startswith("It removes a.")
    assert len(room.works) == 1


async def test_an_edit_of_the_code_ends_it(room: Room) -> None:
    """What is explained is gone; an edit elsewhere is none of its business."""
    await room.hover(0)
    room.explaining.edited(URI, TEXT + "true\n", line=3)
    room.explaining.edited("file:///w/b.sh", "", line=0)
    await asyncio.sleep(0)
    assert room.works[0].n_left == 0
    room.explaining.edited(URI, TEXT.replace("rm -f", "rm -rf"), line=0)
    await until_async(lambda: room.works[0].n_left == 1)


async def test_the_same_code_in_a_changed_text_is_joined_before_it_is_left(room: Room) -> None:
    """After an edit elsewhere the old work is left only when the new one has begun."""
    await room.hover(0)
    await room.hover(0, view(TEXT + "true\n"))
    await until_async(lambda: room.works[0].n_left == 1)
    assert len(room.works) == 2
    assert room.works[1].n_left == 0


async def test_a_closed_document_wants_nothing(room: Room) -> None:
    """Nobody looks at it any more."""
    await room.hover(0)
    room.explaining.closed(URI)
    await until_async(lambda: room.works[0].n_left == 1)


async def test_facts_need_no_model(room: Room) -> None:
    """A missing model is the last line, and asked for again by the next hover."""
    room.app.problems = [ModelMissingError("fetch it with `ducktypist model pull tiny`")] * 2
    for _ in range(2):
        shown = await room.hover(0)
        assert "Asks nobody" in shown
        assert "cannot explain this yet: fetch it with" in shown.splitlines()[-1]
    assert await room.hover(0)
    assert len(room.works) == 1


async def test_a_loading_model_is_said_and_waited_for(room: Room) -> None:
    """The hover does not wait, the prose does."""
    room.app.problems = [EngineLoadingError("it loads")]
    room.set(hover_wait_ms=1000)
    gate = asyncio.Event()
    before = room.app.workbench

    async def workbench(*, wait_s: float) -> object:
        if not room.app.problems:
            await gate.wait()
        return await before(wait_s=wait_s)

    room.app.workbench = workbench  # type: ignore[method-assign] # a slower one
    shown = await room.hover(0)
    assert "Asks nobody" in shown
    assert "is loading its model" in shown.splitlines()[-1]
    gate.set()
    await until_async(lambda: bool(room.works))
    room.works[0].finish("It removes a.")
    await until_async(lambda: not room.tasks)
    assert (await room.hover(0)).startswith("It removes a.")


async def test_a_model_that_fails_is_said_and_asked_again(room: Room) -> None:
    """The reason is the last line; the next hover begins anew."""
    room.set(hover_wait_ms=20_000)
    shown = asyncio.create_task(room.hover(0))
    await until_async(lambda: bool(room.works))
    room.works[0].fail(EngineCrashedError("the engine went away"))
    assert "cannot explain this now: the engine went away" in (await shown).splitlines()[-1]
    room.set(hover_wait_ms=0)
    await room.hover(0)
    await until_async(lambda: len(room.works) == 2)


async def test_without_facts_the_prose_is_waited_for(room: Room) -> None:
    """There is nothing else to show, so it may take a little; then it says what is being done."""
    room.explainer.of_a_line = ()
    shown = asyncio.create_task(room.hover(0))
    await until_async(lambda: bool(room.works))
    room.works[0].finish("It removes a.")
    assert (await shown).startswith("It removes a.")
    assert await room.hover(1) == f"*tiny Q4_K_M · {WRITTEN}*"


async def test_another_model_knows_nothing_of_what_the_last_one_said(room: Room) -> None:
    """After new settings a place is asked for again."""
    await room.explaining.workbench(wait_s=0)
    assert room.explaining.has_model
    room.explaining.reconfigured()
    assert not room.explaining.has_model
    room.knows("Known prose.")
    assert "Known prose" not in await room.hover(0)


async def test_a_fast_engine_is_waited_for(room: Room) -> None:
    """Where the prose takes less than a second, one look is enough."""
    await room.hover(1)
    room.app.n_prompt_tokens = 100_000
    looking = asyncio.create_task(room.hover(0))
    await until_async(lambda: len(room.works) == 2)
    await asyncio.sleep(0.1)
    assert not looking.done()
    room.works[1].finish("It removes a.")
    assert (await looking).startswith("It removes a.")
