"""One request's answers on their way out of the host: gathered, written, cancelled on hang-up.

An ASGI response. The first piece goes out at once; what comes faster than a person sees is
gathered, and goes out together: the events are made, sent and woken up for on the cores that
compute the tokens. Knows the ticket and the wire; nothing of sockets or models.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from ducktypist.engine import dialect
from ducktypist.engine.answers import Answer, AnswerWriter, dump, error_body
from ducktypist.engine.backend import (
    AnswerEnd,
    ConnectionDropped,
    Delta,
    Finished,
    Prefill,
    TokenChoice,
)
from ducktypist.engine.dialect import Endpoint, WireRequest
from ducktypist.engine.ticket import Event, Ticket
from ducktypist.errors import EngineError, EngineRequestError, EngineUnavailableError

GATHER_S = 0.03
"""How long pieces are gathered before they go out together."""


class Sending(Response):
    """Sends what a ticket delivers, and cancels the ticket when the client hangs up."""

    def __init__(self, ticket: Ticket, writer: AnswerWriter, asked: WireRequest) -> None:
        super().__init__()
        self._ticket = ticket
        self._asked = asked
        self._gathered = Gathered(writer, asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one answer; returns when it is sent or nobody is there to take it."""
        sending = asyncio.ensure_future(self._send(scope, receive, send))
        hanging_up = asyncio.ensure_future(_hung_up(receive))
        try:
            await asyncio.wait({sending, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            self._ticket.cancel()
            for task in (sending, hanging_up):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError, ConnectionDropped):
                    await task

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = await self._ticket.next_event()
        if isinstance(first, ConnectionDropped):
            # A body that ends before its announced length makes the server close the connection.
            headers = [(b"content-length", b"1000000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            raise first
        if isinstance(first, EngineError):
            await failure(first)(scope, receive, send)
        elif self._asked.stream:
            await self._stream(first, send)
        else:
            answer = await self._whole(first)
            await answer(scope, receive, send)

    async def _whole(self, event: Event) -> Response:
        gathered = self._gathered
        while isinstance(event, (Delta, AnswerEnd)):
            gathered.take(event)
            event = await self._ticket.next_event()
        if isinstance(event, Finished):
            return Response(gathered.whole(event), media_type="application/json")
        if isinstance(event, ConnectionDropped):
            raise event
        return failure(event)

    async def _stream(self, first: Event, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        loop, gathered, events = asyncio.get_running_loop(), self._gathered, [first]
        while True:
            for event in events:
                gathered.take(event)
            raw, over = gathered.flush(), gathered.last
            if isinstance(over, ConnectionDropped):
                await send({"type": "http.response.body", "body": raw, "more_body": True})
                raise over
            if raw or over is not None:
                more = over is None
                await send({"type": "http.response.body", "body": raw, "more_body": more})
            if over is not None:
                return
            events = await self._ticket.next_events(not_before_s=loop.time() + GATHER_S)


@dataclass(slots=True, kw_only=True)
class _Part:
    """What has come of one answer and has not gone out."""

    texts: list[str] = field(default_factory=list)
    tokens: list[TokenChoice] = field(default_factory=list)
    prefill: Prefill | None = None
    n_tokens: int = 0
    n_sent_chars: int = 0
    is_opened: bool = False
    end: AnswerEnd | None = None
    is_closed: bool = False


class Gathered:
    """The events of one request that have not gone out, pieces of one answer joined."""

    def __init__(self, writer: AnswerWriter, asked: WireRequest) -> None:
        self._writer = writer
        self._n_answers = asked.generation.n_answers
        # llama-server ends its own endpoints' streams without the mark that OpenAI's have.
        self._done = b"" if asked.endpoint is Endpoint.INFILL else dialect.DONE_EVENT
        self._parts: dict[int, _Part] = {}
        self.last: Finished | EngineError | ConnectionDropped | None = None
        """How the request ended, None as long as it goes on."""

    def take(self, event: Event) -> None:
        """Keep an event until it is sent."""
        if isinstance(event, Delta):
            part = self._part(event.index)
            part.texts.append(event.text)
            part.tokens += event.tokens
            part.n_tokens += len(event.tokens)
            part.prefill = event.prefill or part.prefill
        elif isinstance(event, AnswerEnd):
            # The end of the only answer is told together with the request's, which follows.
            self._part(event.index).end = event
        else:
            self.last = event

    def flush(self) -> bytes:
        """Return the events to send now; after the last one nothing is left."""
        events: list[str] = []
        finished = self.last if isinstance(self.last, Finished) else None
        if finished is not None:
            for index in range(self._n_answers):
                self._end(index, finished)
        for index, part in self._parts.items():
            self._write(index, part, events)
        if finished is not None:
            events.append(self._writer.closing(finished))
        elif isinstance(self.last, EngineError):
            events.append(dump(error_body(status_of(self.last), str(self.last))))
        raw = "".join([f"data: {event}\n\n" for event in events]).encode()
        return raw if self.last is None else raw + self._done

    def whole(self, finished: Finished) -> str:
        """Return the body that holds everything, for a client that did not ask for a stream."""
        answers = []
        for index in range(self._n_answers):
            part, end = self._part(index), self._end(index, finished)
            answers.append(
                Answer(
                    index=index,
                    text="".join(part.texts),
                    tokens=part.tokens,
                    reason=end.reason,
                    completion_tokens=end.completion_tokens,
                )
            )
        return self._writer.whole(answers, finished)

    def _part(self, index: int) -> _Part:
        part = self._parts.get(index)
        if part is None:
            part = self._parts[index] = _Part()
        return part

    def _end(self, index: int, finished: Finished) -> AnswerEnd:
        """Return how an answer ended; where nothing was said of it, it ended with the request."""
        part = self._part(index)
        if part.end is None:
            n_made = finished.completion_tokens if self._n_answers == 1 else part.n_tokens
            part.end = AnswerEnd(index=index, reason=finished.reason, completion_tokens=n_made)
        return part.end

    def _write(self, index: int, part: _Part, events: list[str]) -> None:
        if part.is_closed:
            return
        if not part.is_opened:
            part.is_opened = True
            if opening := self._writer.opening(index):
                events.append(opening)
        if part.texts:
            text = "".join(part.texts)
            offset = part.n_sent_chars
            events.append(
                self._writer.piece(index, text, part.tokens, prefill=part.prefill, offset=offset)
            )
            part.n_sent_chars += len(text)
            part.texts, part.tokens, part.prefill = [], [], None
        if part.end is not None and self._n_answers > 1:
            part.is_closed = True
            events.append(self._writer.ending(index, part.end.reason, part.end.completion_tokens))


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def status_of(error: EngineError) -> int:
    """Return the HTTP status that stands for an error."""
    if isinstance(error, EngineRequestError):
        return error.status
    return 503 if isinstance(error, EngineUnavailableError) else 500


def failure(error: EngineError) -> Response:
    """Return the whole answer that tells an error."""
    return JSONResponse(error_body(status_of(error), str(error)), status_of(error))
