"""When a client is told what the model is doing, and in which words."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lsprotocol import types

from ducktypist.app.watching import Doing, EngineLook, EngineWatch, ModelKey
from ducktypist.config import Config
from ducktypist.engine.client import EngineState
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.today import Today
from ducktypist.lsp.activity import EVERY_S, METHOD, ActivityDesk, told, wants_activity
from support.engines import unstarted, until_async
from support.ledger_events import generated, new_id, requested, verified

ASKED = {"ducktypist": {"activity": True}}


class Told:
    """A window that notes what its client is told, and when."""

    def __init__(self, folder: Path, *, experimental: Any = ASKED) -> None:
        self.messages: list[dict[str, Any]] = []
        self.at_s: list[float] = []
        self.background: list[asyncio.Future[Any]] = []
        self.n_looks = 0
        self.watch = EngineWatch()
        self.engine = self.watch.built(unstarted(folder, name="duck-0.5b"))
        self.ledger = Ledger(folder / "l.sqlite3")
        self.client = types.ClientCapabilities(experimental=experimental)
        self.app = SimpleNamespace(
            watch=self.watch, ledger=self.ledger, config=Config(), status=self._status
        )
        self.server = SimpleNamespace(protocol=SimpleNamespace(notify=self._notify))

    def in_background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
        """Run something that nobody waits for."""
        task = asyncio.ensure_future(work)
        self.background.append(task)
        return task

    async def _status(self) -> None:
        self.n_looks += 1

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        assert method == METHOD
        self.messages.append(params)
        self.at_s.append(asyncio.get_running_loop().time())


Begin = Callable[..., Awaitable[tuple[Told, ActivityDesk]]]


@pytest.fixture
async def begin(tmp_path: Path) -> Any:
    """Return what opens a window whose client is told."""
    made: list[tuple[Told, ActivityDesk]] = []

    async def open_one(**given: Any) -> tuple[Told, ActivityDesk]:
        window = await asyncio.to_thread(Told, tmp_path, **given)
        desk = ActivityDesk(window)  # type: ignore[arg-type] # as much of a session as it needs
        made.append((window, desk))
        desk.start()
        return window, desk

    yield open_one
    for window, desk in made:
        desk.close()
        await asyncio.gather(*window.background)
        await asyncio.to_thread(window.ledger.close)


@pytest.mark.parametrize(
    ("said", "wants"),
    [
        (ASKED, True),
        ({"ducktypist": {"activity": "yes"}}, False),
        ({"ducktypist": {}}, False),
        ({"ducktypist": True}, False),
        ({}, False),
        (["ducktypist"], False),
        (None, False),
    ],
)
def test_a_client_must_say_so(said: Any, *, wants: bool) -> None:
    """In just this form."""
    assert wants_activity(types.ClientCapabilities(experimental=said)) is wants


def test_what_is_not_known_is_null() -> None:
    """A share of nothing, a model that did not introduce itself, a rate that was not measured."""
    look = EngineLook(doing=Doing.MISSING, model=None, tok_s=None, message="it is not here")
    assert told(look, Today()) == {
        "state": "missing",
        "model": None,
        "quantisation": None,
        "tok_s": None,
        "speed": "not measured",
        "today": {
            "suggestions": 0,
            "verified": 0,
            "right": 0,
            "share": None,
            "low": None,
            "high": None,
            "too_few": True,
        },
        "message": "it is not here",
    }
    key = ModelKey(name="duck", sha256="", quantisation="Q4_K_M")
    look = EngineLook(doing=Doing.WRITING, model=key, tok_s=54.2345, message="")
    found = told(look, Today())
    assert (found["model"], found["quantisation"]) == ("duck", "Q4_K_M")
    assert (found["tok_s"], found["message"]) == (54.2, None)


async def test_many_changes_are_told_four_times_a_second(begin: Begin) -> None:
    """The last one always, and none that is the same as before."""
    window, _ = await begin()
    condition = window.engine.condition
    condition.state = EngineState.READY
    with condition.activity.asking() as asked:
        for number in range(60):
            asked.took(1, now_s=number * (0.02 + number / 1000))
            await asyncio.sleep(0.01)
    await until_async(lambda: window.messages[-1]["state"] == "idle")
    gaps = [after - one for one, after in itertools.pairwise(window.at_s)]
    assert all(gap >= EVERY_S * 0.99 for gap in gaps)
    assert {"writing", "idle"} <= {one["state"] for one in window.messages}
    assert all(one != after for one, after in itertools.pairwise(window.messages))


async def test_a_verdict_changes_what_is_counted_today(begin: Begin) -> None:
    """It is read from the ledger once it is written; who wrote it does not matter."""
    window, _ = await begin()
    window.engine.condition.state = EngineState.READY
    one = new_id()
    events = [requested(one), generated(one), *(verified(one) for _ in range(3))]
    await asyncio.to_thread(window.ledger.append_all, events)
    await until_async(lambda: window.messages[-1]["today"]["suggestions"] == 1)
    assert window.messages[-1]["today"]["verified"] == 1


async def test_a_ledger_that_cannot_be_read_keeps_nothing_back(
    begin: Begin, tmp_path: Path
) -> None:
    """What the engine does is told all the same."""
    (tmp_path / "l.sqlite3").write_bytes(b"this is no ledger" * 100)
    window, _ = await begin()
    await until_async(lambda: bool(window.background) and window.background[-1].done())
    window.engine.condition.state = EngineState.LOADING
    await until_async(lambda: window.messages[-1]["state"] == "starting")
    assert window.messages[-1]["today"]["suggestions"] == 0
    assert all(task.exception() is None for task in window.background if task.done())


async def test_nobody_is_told_who_did_not_ask(begin: Begin) -> None:
    """And nothing is watched for them."""
    window, desk = await begin(experimental=None)
    window.engine.condition.state = EngineState.READY
    desk.reconfigured()
    assert window.watch.on_change is None
    assert window.ledger.on_append is None
    assert window.messages == []
    assert window.background == []


async def test_nothing_is_told_after_the_end(begin: Begin) -> None:
    """A change that was noted is forgotten."""
    window, desk = await begin()
    await until_async(lambda: len(window.messages) == 1)
    desk.close()
    window.engine.condition.state = EngineState.LOADING
    await asyncio.to_thread(window.ledger.append_all, [generated(new_id())])
    # Long enough for whatever would still be told.
    await asyncio.sleep(2 * EVERY_S)
    assert len(window.messages) == 1
