"""The client of the model's host, and of any remote engine that speaks the same dialect.

The only module of this package that others import. It has the embedded host started when it is
needed, sends requests and reads the answers; it never loads a model itself. Every call ends:
with an answer, with one of the four ``EngineError`` types, or by being cancelled, which closes the
connection and thereby cancels the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from ducktypist.domain import (
    ChatPrompt,
    Generation,
    GenerationRequest,
    Json,
    ModelIdentity,
)
from ducktypist.engine import dialect, fields
from ducktypist.engine.condition import Condition, EngineState
from ducktypist.engine.connection import (
    HTTP_OK,
    HTTP_UNAVAILABLE,
    Connection,
    Reply,
    json_or_none,
    refusal,
)
from ducktypist.engine.fanning import FannedOut
from ducktypist.engine.identity import Introduction, ask_identity, ask_rates
from ducktypist.engine.keeper import HEALTH_TIMEOUT_S, Keeper
from ducktypist.engine.observed import Observed
from ducktypist.engine.pieces import Piece, read_error
from ducktypist.engine.predicates import until_complete
from ducktypist.engine.rates import Rates
from ducktypist.engine.startup import HostSpec, past
from ducktypist.engine.stream import AnswerStream, GenerationStream, Sorted
from ducktypist.engine.time_limits import TimeLimit, nothing_in_time
from ducktypist.errors import (
    EngineCrashedError,
    EngineError,
    EngineRequestError,
    EngineUnavailableError,
)

__all__ = ["AnswerStream", "EngineClient", "EngineState", "GenerationStream", "HostSpec", "Rates"]

RATES_KEPT_S = 30.0
"""How long what the engine said of its speed is believed."""


class EngineClient:
    """One engine: the embedded host or a remote one. Make it with ``embedded`` or ``remote``."""

    def __init__(
        self,
        *,
        spec: HostSpec | None,
        url: str,
        api_key: str,
        request_timeout_s: float,
        load_wait_s: float,
    ) -> None:
        self._spec = spec
        self._url = url
        self._condition = Condition(spec)
        self._connection = Connection(
            socket_path=None if spec is None else spec.socket_path(),
            url=url,
            api_key=api_key,
            on_failure=self._condition.explained,
        )
        self._request_timeout_s = request_timeout_s
        self._load_wait_s = load_wait_s
        self._keeper = Keeper(
            spec=spec, url=url, connection=self._connection, condition=self._condition
        )
        self._observed = Observed()
        self._rates: Rates | None = None
        self._rates_until_s = 0.0

    @classmethod
    def embedded(
        cls, spec: HostSpec, *, request_timeout_s: float = 120.0, load_wait_s: float = 60.0
    ) -> EngineClient:
        """Return the client of a host of our own, started when it is first needed.

        Args:
            spec: Which host.
            request_timeout_s: No request takes longer.
            load_wait_s: How long a request waits for a model that is loading.
        """
        return cls(
            spec=spec,
            url="",
            api_key="",
            request_timeout_s=request_timeout_s,
            load_wait_s=load_wait_s,
        )

    @classmethod
    def remote(
        cls,
        url: str,
        api_key: str = "",
        *,
        request_timeout_s: float = 120.0,
        load_wait_s: float = 60.0,
    ) -> EngineClient:
        """Return the client of an engine that runs elsewhere and is never started by us.

        Args:
            url: Its base address, with or without a final ``/v1``.
            api_key: Sent as bearer token when not empty.
            request_timeout_s: No request takes longer.
            load_wait_s: How long a request waits for a model that is loading.
        """
        return cls(
            spec=None,
            url=url.rstrip("/").removesuffix("/v1"),
            api_key=api_key,
            request_timeout_s=request_timeout_s,
            load_wait_s=load_wait_s,
        )

    @property
    def state(self) -> EngineState:
        """What was last known; asks nobody."""
        return self._condition.state

    @property
    def condition(self) -> Condition:
        """What was last known of the engine; asks nobody."""
        return self._condition

    @property
    def known_rates(self) -> Rates | None:
        """What :meth:`rates` returned last; asks nobody."""
        return self._rates if self._spec is not None else self._observed.rates()

    async def ensure_started(self) -> None:
        """See to it that something listens at the engine's address; loading goes on after that.

        Raises:
            EngineUnavailableError: It cannot be started, or crashed too often to try again now.
        """
        await self._keeper.ensure_started()

    async def wait_ready(self, timeout_s: float) -> None:
        """Return once the model is loaded.

        Raises:
            EngineLoadingError: It is still loading after ``timeout_s``.
            EngineUnavailableError: Loading failed, or nobody answers.
        """
        await self._keeper.wait_ready(timeout_s)

    async def identity(self) -> ModelIdentity:
        """Return which model answers; asked once for each start of the engine.

        Raises:
            EngineError: The engine cannot be asked.
        """
        told = self._condition.introduction
        if told is None:
            await self._keeper.wait_ready(self._load_wait_s)
            told = await self._introduce()
        return told.identity

    async def generate(self, request: GenerationRequest) -> Generation:
        """Return the whole answer.

        Raises:
            EngineError: One of its four kinds.
        """
        async with self.stream(request) as stream:
            async for _ in stream:
                pass
        return stream.generation()

    @contextlib.asynccontextmanager
    async def stream(self, request: GenerationRequest) -> AsyncIterator[GenerationStream]:
        """Give the answer piece by piece; leaving the block early cancels the rest.

        ``async with client.stream(request) as stream: async for text in stream: ...``, then
        ``stream.generation()``.

        Raises:
            EngineError: One of its four kinds, when entering the block or while iterating.
        """
        if request.n_answers != 1:
            raise EngineRequestError("a stream has one answer; use answers() for several")
        started = time.monotonic()
        opening = self._pieces(request, started_s=started)
        async with self._condition.activity.counting(opening) as pieces:
            stream = GenerationStream(pieces, started_s=started)
            try:
                yield stream
            finally:
                if self._spec is None:
                    self._observed.take(stream.generation().timings)

    @contextlib.asynccontextmanager
    async def answers(self, request: GenerationRequest) -> AsyncIterator[AnswerStream]:
        """Give several answers, each as it completes; leaving the block early cancels the rest.

        ``async with client.answers(request) as answers: async for index, generation in answers:
        ...``. An engine that is not ours is asked for them one by one, a few at a time, and so is
        ours for several chats.

        Raises:
            EngineError: One of its four kinds, when entering the block or while iterating.
        """
        source: Sorted | FannedOut
        async with contextlib.AsyncExitStack() as stack:
            if self._spec is None or (request.more and isinstance(request.prompt, ChatPrompt)):
                source = FannedOut(self.generate, request)
            else:
                started = time.monotonic()
                opening = self._pieces(request, started_s=started)
                source = Sorted(
                    await stack.enter_async_context(self._condition.activity.counting(opening)),
                    started_s=started,
                    n_answers=request.n_answers,
                )
            answers = AnswerStream(source.answers(), source.timings)
            stack.push_async_callback(answers.aclose)
            yield answers

    async def rates(self) -> Rates | None:
        """Return how fast the engine is, as it was measured; None when nothing is known yet.

        Starts nothing. An engine that is not ours is known by the requests that were made so far.
        """
        if self._spec is None:
            return self._observed.rates()
        now_s = time.monotonic()
        if now_s >= self._rates_until_s:
            # A host that has unloaded its model will be as fast as it was.
            with contextlib.suppress(EngineError):
                told = await ask_rates(self._connection, timeout_s=HEALTH_TIMEOUT_S)
                self._rates = told or self._rates
                self._rates_until_s = now_s + RATES_KEPT_S
        return self._rates

    async def tokens_in(self, duration_ms: float, *, answer_tokens: int = 0) -> int | None:
        """Return how many tokens of a new prompt fit into a time; None when that is not known.

        Starts nothing.

        Args:
            duration_ms: From asking to the last token.
            answer_tokens: How many tokens shall be generated in that time as well.
        """
        rates = await self.rates()
        if rates is None:
            return None
        return rates.prompt_tokens_in(duration_ms, answer_tokens=answer_tokens)

    async def tokenize(self, text: str) -> list[int]:
        """Return the ids of a text's tokens, special tokens neither added nor recognised.

        Raises:
            EngineError: One of its four kinds.
        """
        body = {"content": fields.clean(text), "add_special": False, "parse_special": False}
        deadline = time.monotonic() + self._request_timeout_s
        reply = await self._open("/tokenize", body, deadline=deadline)
        raw = await reply.body(deadline=deadline)
        try:
            return [int(token) for token in json.loads(raw)["tokens"]]
        except (ValueError, KeyError, TypeError) as error:
            raise EngineRequestError(
                f"the engine's answer to /tokenize cannot be read: {error!r}", status=500
            ) from error

    async def status(self) -> dict[str, Json]:
        """Return what is known of the engine, for ``ducktypist.status``; starts nothing."""
        health = await self._keeper.health()
        if health.state is EngineState.READY and self._condition.introduction is None:
            with contextlib.suppress(EngineError):
                await self._introduce()
        told = self._condition.introduction
        where = self._url if self._spec is None else str(self._spec.socket_path())
        runs = {} if self._spec is None else await asyncio.to_thread(past, self._spec)
        known: dict[str, Json] = {
            "state": str(self._condition.state),
            "address": where,
            "embedded": self._spec is not None,
            "crashes": self._condition.breaker.n_crashes,
            "left_alone_s": self._condition.left_alone_s(),
            "last_error": self._condition.last_error,
            "runs": runs,
            "log_file": None if self._spec is None else str(self._spec.log_path()),
            "details": {} if told is None else told.details,
        }
        return known if told is None else known | told.to_json()

    async def stop_host(self) -> bool:
        """Ask the embedded host to end, for every window; return whether there was one."""
        if self._spec is None or (await self._keeper.health()).state is EngineState.STOPPED:
            return False
        try:
            props = await self._connection.get("/props", timeout_s=HEALTH_TIMEOUT_S)
            os.kill(int(props["ducktypist"]["pid"]), signal.SIGTERM)
        except (EngineError, OSError, KeyError, TypeError, ValueError):
            return False
        self._condition.forget()
        return True

    async def aclose(self) -> None:
        """Close the connections. The host stays: other windows may be using it."""
        await self._connection.aclose()

    # ------------------------------------------------------------------ asking

    @contextlib.asynccontextmanager
    async def _pieces(
        self, request: GenerationRequest, *, started_s: float
    ) -> AsyncIterator[AsyncGenerator[Piece, None]]:
        deadline = started_s + self._request_timeout_s
        if self._spec is not None:
            endpoint, body = dialect.build_request(request, model="", foreign=False)
            reply = await self._open(endpoint.value, body, deadline=deadline)
            pieces = reply.pieces(deadline=deadline)
            try:
                yield pieces
            finally:
                await pieces.aclose()
                await reply.aclose()
            return
        model = (await self.identity()).name
        endpoint, body = dialect.build_request(request, model=model, foreign=True)
        async with contextlib.AsyncExitStack() as stack:
            limit = TimeLimit(request)
            try:
                async with limit.timeout():
                    reply = await self._open(endpoint.value, body, deadline=deadline)
            except TimeoutError:
                yield nothing_in_time()
                return
            stack.push_async_callback(reply.aclose)
            # What the engine does not know of is done here.
            kept = [reply.pieces(deadline=deadline)]
            if request.deadline_ms or request.decode_budget_ms:
                kept.append(limit.until_due(kept[-1]))
            if request.stop_when is not None:
                kept.append(until_complete(kept[-1], request.stop_when))
            for pieces in kept:
                stack.push_async_callback(pieces.aclose)
            yield kept[-1]

    async def _introduce(self) -> Introduction:
        told = await ask_identity(
            self._connection,
            timeout_s=HEALTH_TIMEOUT_S,
            probe_timeout_s=self._request_timeout_s,
        )
        self._condition.introduction = told
        self._condition.activity.changed()
        return told

    async def _open(self, path: str, body: Mapping[str, Any], *, deadline: float) -> Reply:
        """Post a request and return the good answer with its body still to come.

        Starts the host or waits for its model first when that turns out to be needed.
        """
        for is_last in (False, False, True):
            was_down = self._condition.is_down
            try:
                reply = await self._connection.post(path, body, deadline=deadline)
            except (EngineUnavailableError, EngineCrashedError) as error:
                # A host that is known to be dying may still take a connection.
                is_new_crash = isinstance(error, EngineCrashedError) and not was_down
                late = time.monotonic() >= deadline
                if is_last or is_new_crash or self._spec is None or late:
                    raise
                await self._ready_before(deadline)
                continue
            if reply.status == HTTP_OK:
                self._condition.state = EngineState.READY
                return reply
            message = read_error(json_or_none(await reply.body(deadline=deadline)))
            if reply.status != HTTP_UNAVAILABLE or is_last:
                raise refusal(reply.status, message, path)
            await self._ready_before(deadline)
        raise AssertionError("unreachable")

    async def _ready_before(self, deadline: float) -> None:
        await self._keeper.wait_ready(max(0.0, min(self._load_wait_s, deadline - time.monotonic())))
