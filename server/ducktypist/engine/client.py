"""The client of the model's host, and of any remote engine that speaks the same dialect.

The only module of this package that others import. It starts the embedded host when it is needed,
waits for it, sends requests and reads the answers; it never loads a model itself. Every call ends:
with an answer, with one of the four ``EngineError`` types, or by being cancelled, which closes the
connection and thereby cancels the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess  # for the type of the child process
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from ducktypist.domain import (
    Generation,
    GenerationRequest,
    Json,
    ModelIdentity,
)
from ducktypist.engine import address, dialect, fields
from ducktypist.engine.answers import read_error
from ducktypist.engine.condition import Condition, EngineState, Health
from ducktypist.engine.connection import (
    HTTP_OK,
    HTTP_UNAVAILABLE,
    Connection,
    Reply,
    json_or_none,
    refusal,
)
from ducktypist.engine.identity import Introduction, ask_identity
from ducktypist.engine.startup import HostSpec, start_host
from ducktypist.engine.stream import GenerationStream
from ducktypist.errors import (
    EngineCrashedError,
    EngineError,
    EngineLoadingError,
    EngineRequestError,
    EngineUnavailableError,
)

__all__ = ["EngineClient", "EngineState", "GenerationStream", "HostSpec"]

HANDSHAKE_TIMEOUT_S = 30.0
HEALTH_TIMEOUT_S = 5.0
POLL_S = 0.1


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
        self._condition = Condition()
        self._connection = Connection(
            socket_path=None if spec is None else spec.socket_path(),
            url=url,
            api_key=api_key,
            on_failure=self._condition.failed,
        )
        self._request_timeout_s = request_timeout_s
        self._load_wait_s = load_wait_s
        self._starting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None

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

    async def ensure_started(self) -> None:
        """See to it that something listens at the engine's address; loading goes on after that.

        Raises:
            EngineUnavailableError: It cannot be started, or crashed too often to try again now.
        """
        if (await self._health()).state is not EngineState.STOPPED:
            return
        if self._spec is None:
            error = EngineUnavailableError(
                f"no engine answers at {self._url}; start it or change the url"
            )
            self._condition.failed(error)
            raise error
        async with self._starting:
            if (await self._health()).state is EngineState.STOPPED:
                await self._start(self._spec)

    async def wait_ready(self, timeout_s: float) -> None:
        """Return once the model is loaded.

        Raises:
            EngineLoadingError: It is still loading after ``timeout_s``.
            EngineUnavailableError: Loading failed, or nobody answers.
        """
        deadline = time.monotonic() + timeout_s
        await self.ensure_started()
        while True:
            health = await self._health()
            if health.state is EngineState.READY:
                return
            if health.state is EngineState.FAILED:
                raise self._condition.crashed(EngineUnavailableError(health.message))
            if health.state is EngineState.STOPPED:
                await self.ensure_started()
            if time.monotonic() >= deadline:
                raise EngineLoadingError(
                    f"the model is still loading after {timeout_s:.0f} s; ask again in a moment"
                )
            await asyncio.sleep(POLL_S)

    async def identity(self) -> ModelIdentity:
        """Return which model answers; asked once for each start of the engine.

        Raises:
            EngineError: The engine cannot be asked.
        """
        told = self._condition.introduction
        if told is None:
            await self.wait_ready(self._load_wait_s)
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
        started = time.monotonic()
        deadline = started + self._request_timeout_s
        foreign = self._spec is None
        model = (await self.identity()).name if foreign else ""
        endpoint, body = dialect.build_request(request, model=model, foreign=foreign)
        reply = await self._open(endpoint.value, body, deadline=deadline)
        pieces = reply.pieces(deadline=deadline)
        try:
            yield GenerationStream(pieces, started_s=started)
        finally:
            await pieces.aclose()
            await reply.aclose()

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
        health = await self._health()
        if health.state is EngineState.READY and self._condition.introduction is None:
            with contextlib.suppress(EngineError):
                await self._introduce()
        told = self._condition.introduction
        where = self._url if self._spec is None else str(self._spec.socket_path())
        known: dict[str, Json] = {
            "state": str(self._condition.state),
            "address": where,
            "embedded": self._spec is not None,
            "crashes": self._condition.breaker.n_crashes,
            "last_error": self._condition.last_error,
            "log_file": None if self._spec is None else str(self._spec.log_path()),
            "details": {} if told is None else told.details,
        }
        return known if told is None else known | told.to_json()

    async def stop_host(self) -> bool:
        """Ask the embedded host to end, for every window; return whether there was one."""
        if self._spec is None or (await self._health()).state is EngineState.STOPPED:
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

    # ------------------------------------------------------------------ starting

    async def _start(self, spec: HostSpec) -> None:
        condition, breaker = self._condition, self._condition.breaker
        now_s = time.monotonic()
        if wait_s := breaker.open_for_s(now_s=now_s):
            condition.state = EngineState.FAILED
            raise EngineUnavailableError(
                f"the model's host crashed 5 times within 3 minutes and is left alone for "
                f"{wait_s:.0f} s; last: {breaker.last_error}; see {spec.log_path()}"
            )
        await asyncio.sleep(breaker.back_off_s(now_s=now_s))
        condition.state = EngineState.STARTING
        deadline = time.monotonic() + HANDSHAKE_TIMEOUT_S
        try:
            condition.is_down = False
            await asyncio.to_thread(address.prepare_folder, spec.socket_dir)
            if address.has_unix_sockets():
                address.check_length(spec.socket_path())
            while time.monotonic() < deadline:
                # Reaps the last one, which otherwise stays a zombie.
                if self._process is not None:
                    self._process.poll()
                process = await asyncio.to_thread(
                    start_host, spec, timeout_s=deadline - time.monotonic()
                )
                self._process = process or self._process
                if await self._listens_soon(deadline):
                    condition.is_down = False
                    return
        except EngineUnavailableError as error:
            raise condition.crashed(error) from error
        raise condition.crashed(
            EngineUnavailableError(
                f"the model's host did not start within {HANDSHAKE_TIMEOUT_S:.0f} s; "
                f"see {spec.log_path()}"
            )
        )

    async def _listens_soon(self, deadline: float) -> bool:
        # The one who held the lock may be just beginning, or just leaving: give it a moment,
        # then try to be the host ourselves.
        until = min(deadline, time.monotonic() + 1.0)
        while True:
            if (await self._health()).state is not EngineState.STOPPED:
                return True
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(POLL_S)

    # ------------------------------------------------------------------ asking

    async def _health(self) -> Health:
        try:
            status, body = await self._connection.ask("GET", "/health", timeout_s=HEALTH_TIMEOUT_S)
        except EngineError as error:
            return self._condition.not_seen(error)
        return self._condition.seen(status, read_error(body))

    async def _introduce(self) -> Introduction:
        told = await ask_identity(
            self._connection,
            timeout_s=HEALTH_TIMEOUT_S,
            probe_timeout_s=self._request_timeout_s,
        )
        self._condition.introduction = told
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
        await self.wait_ready(max(0.0, min(self._load_wait_s, deadline - time.monotonic())))
