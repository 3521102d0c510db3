from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from starlette.types import Message

from ducktypist.domain import FinishReason, GenerationRequest, TextPrompt
from ducktypist.engine import sending
from ducktypist.engine.answers import AnswerWriter
from ducktypist.engine.backend import AnswerEnd, ConnectionDropped, Delta, Finished, Job
from ducktypist.engine.dialect import Endpoint, Logprobs, WireRequest
from ducktypist.engine.sending import Sending
from ducktypist.engine.ticket import Event, Ticket
from ducktypist.errors import EngineRequestError

FINISHED = Finished(
    reason=FinishReason.STOP,
    prompt_tokens=3,
    cached_tokens=0,
    completion_tokens=2,
    prefill_ms=1.0,
    decode_ms=1.0,
)
REQUEST = GenerationRequest(prompt=TextPrompt(text="a"), max_tokens=9)


class Exchange:
    """One request as a server sees it, with a worker that the test plays."""

    def __init__(self, *, stream: bool = True, n: int = 1) -> None:
        request = GenerationRequest(prompt=REQUEST.prompt, max_tokens=9, n=n)
        self.cancelled: list[Ticket] = []
        self.ticket = Ticket(
            Job(request=request, want_logprobs=False),
            asyncio.get_running_loop(),
            on_cancel=self.cancelled.append,
        )
        writer = AnswerWriter(
            endpoint=Endpoint.INFILL,
            request_id="r",
            model="m",
            created_s=1,
            logprobs=Logprobs.NONE,
            n_answers=n,
        )
        asked = WireRequest(
            endpoint=Endpoint.INFILL, generation=request, stream=stream, logprobs=Logprobs.NONE
        )
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.hung_up = asyncio.Event()
        self.task = asyncio.create_task(
            Sending(self.ticket, writer, asked)({"type": "http"}, self._receive, self.sent.put)
        )

    def deliver(self, *events: Event) -> None:
        """Do what the worker does, in a thread as it does."""
        thread = threading.Thread(target=self.ticket.deliver, args=events)
        thread.start()
        thread.join()

    async def said(self) -> list[dict[str, Any]]:
        """Return the events of the next thing that is sent."""
        message = await asyncio.wait_for(self.sent.get(), 20)
        lines = message.get("body", b"").decode().split("\n\n")
        return [json.loads(line.removeprefix("data: ")) for line in lines if line]

    async def _receive(self) -> Message:
        await self.hung_up.wait()
        return {"type": "http.disconnect"}


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pieces gather for longer than any test takes."""
    monkeypatch.setattr(sending, "GATHER_S", 1000.0)


@pytest.mark.usefixtures("endless")
async def test_the_first_piece_goes_out_at_once_and_the_others_together() -> None:
    """A person sees the beginning without delay; what follows is joined until the end comes."""
    exchange = Exchange()
    exchange.deliver(Delta(text="a"))
    assert await exchange.said() == []
    assert [event["content"] for event in await exchange.said()] == ["a"]
    for text in "bcd":
        exchange.deliver(Delta(text=text))
    await asyncio.sleep(0.05)
    assert exchange.sent.empty()
    exchange.deliver(FINISHED)
    assert [event["content"] for event in await exchange.said()] == ["bcd", ""]
    await exchange.task


@pytest.mark.usefixtures("endless")
async def test_the_end_of_one_answer_does_not_wait_for_the_others() -> None:
    """Who asked for several looks at the first while the rest is generated."""
    exchange = Exchange(n=2)
    exchange.deliver(Delta(text="a", index=1))
    await exchange.said()
    await exchange.said()
    exchange.deliver(Delta(text="b", index=1))
    exchange.deliver(AnswerEnd(index=1, reason=FinishReason.STOP, completion_tokens=2))
    assert [(event["index"], event["stop"]) for event in await exchange.said()] == [
        (1, False),
        (1, True),
    ]
    exchange.deliver(FINISHED)
    await exchange.task


async def test_pieces_that_come_slowly_are_not_held_back() -> None:
    """After the pause whatever there is goes out, and the next piece needs no other one."""
    exchange = Exchange()
    exchange.deliver(Delta(text="a"))
    await exchange.said()
    await exchange.said()
    for text in "bc":
        exchange.deliver(Delta(text=text))
        assert [event["content"] for event in await exchange.said()] == [text]
    exchange.deliver(FINISHED)
    await exchange.task


@pytest.mark.parametrize("stream", [False, True])
async def test_hanging_up_cancels_wherever_the_request_is(*, stream: bool) -> None:
    """Before the first piece or after it, the worker is told that nobody waits."""
    for events in ((), (Delta(text="a"),)):
        exchange = Exchange(stream=stream)
        if events:
            exchange.deliver(*events)
        await asyncio.sleep(0)
        exchange.hung_up.set()
        await asyncio.wait_for(exchange.task, 20)
        assert exchange.cancelled == [exchange.ticket]


async def test_an_error_before_the_first_piece_is_a_status() -> None:
    """What cannot be served at all is refused in HTTP's own way."""
    exchange = Exchange()
    exchange.deliver(EngineRequestError("no", status=429))
    assert (await exchange.sent.get())["status"] == 429
    await exchange.task


async def test_a_script_that_hangs_up_leaves_what_it_said() -> None:
    """The connection breaks after what came before it."""
    exchange = Exchange()
    exchange.deliver(Delta(text="a"), ConnectionDropped())
    assert await exchange.said() == []
    said = []
    with pytest.raises(ConnectionDropped):
        await exchange.task
    while not exchange.sent.empty():
        said += await exchange.said()
    assert [event["content"] for event in said] == ["a"]


async def test_events_from_another_thread_are_never_lost() -> None:
    """However waiting and delivering fall together, every event comes once and in order."""
    loop = asyncio.get_running_loop()
    ticket = Ticket(Job(request=REQUEST, want_logprobs=False), loop, on_cancel=lambda _: None)
    n_events = 20_000

    def work() -> None:
        for number in range(n_events):
            ticket.deliver(Delta(text=str(number)))
        ticket.deliver(FINISHED)

    thread = threading.Thread(target=work)
    thread.start()
    events: list[Event] = [await ticket.next_event()]
    while events[-1] is not FINISHED:
        pause_s = 0.001 if len(events) % 3 else 0.0
        wait = ticket.next_events(not_before_s=loop.time() + pause_s)
        events += await asyncio.wait_for(wait, 20)
    thread.join()
    texts = [event.text for event in events if isinstance(event, Delta)]
    assert texts == [str(number) for number in range(n_events)]
