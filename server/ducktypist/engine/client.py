"""The client of the model's host, and of any remote engine that speaks the same dialect.

The only module of this package that others import. It starts the embedded host when it is needed,
waits for it, sends requests and reads the answers; it never loads a model itself. Every call ends:
with an answer, with one of the four ``EngineError`` types, or by being cancelled, which closes the
connection and thereby cancels the work.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import importlib
import json
import os
import signal
import subprocess  # for the type of the child process
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ducktypist.domain import (
    Generation,
    GenerationRequest,
    Json,
    ModelIdentity,
)
from ducktypist.engine import address, dialect
from ducktypist.engine.answers import Piece, read_error, read_piece
from ducktypist.engine.startup import Breaker, HostSpec, start_host
from ducktypist.engine.stream import GenerationStream
from ducktypist.errors import (
    EngineCrashedError,
    EngineError,
    EngineLoadingError,
    EngineRequestError,
    EngineUnavailableError,
)

if TYPE_CHECKING:
    import httpx

__all__ = ["EngineClient", "EngineState", "GenerationStream", "HostSpec"]

CONNECT_TIMEOUT_S = 5.0
HANDSHAKE_TIMEOUT_S = 30.0
HEALTH_TIMEOUT_S = 5.0
POLL_S = 0.1
KEEP_ALIVE_S = 2.0
"""Shorter than any server's, so that a reused connection is never one it just closed."""

HTTP_OK = 200
HTTP_NOT_FOUND = 404
HTTP_SERVER_ERROR = 500
HTTP_NOT_IMPLEMENTED = 501
HTTP_UNAVAILABLE = 503


class EngineState(enum.StrEnum):
    """What was last known of the engine."""

    STOPPED = "stopped"
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Health:
    state: EngineState
    message: str = ""


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
        self._api_key = api_key
        self._request_timeout_s = request_timeout_s
        self._load_wait_s = load_wait_s
        self._state = EngineState.STOPPED
        self._breaker = Breaker()
        self._last_error = ""
        self._starting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._http: tuple[address.Address, httpx.AsyncClient] | None = None
        self._identity: ModelIdentity | None = None
        self._details: Json = {}
        self._is_down = False

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
        return self._state

    async def ensure_started(self) -> None:
        """See to it that something listens at the engine's address; loading goes on after that.

        Raises:
            EngineUnavailableError: It cannot be started, or crashed too often to try again now.
        """
        if (await self._health()).state is not EngineState.STOPPED:
            return
        if self._spec is None:
            raise self._unavailable(f"no engine answers at {self._url}; start it or change the url")
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
                raise self._crashed(EngineUnavailableError(health.message))
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
        if self._identity is None:
            await self.wait_ready(self._load_wait_s)
            self._identity = await self._ask_identity()
        return self._identity

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
        response = await self._open(endpoint.value, body, deadline=deadline)
        pieces = self._pieces(response, deadline=deadline)
        try:
            yield GenerationStream(pieces, started_s=started)
        finally:
            await pieces.aclose()
            await response.aclose()

    async def tokenize(self, text: str) -> list[int]:
        """Return the ids of a text's tokens, special tokens neither added nor recognised.

        Raises:
            EngineError: One of its four kinds.
        """
        body = {"content": dialect.clean(text), "add_special": False, "parse_special": False}
        deadline = time.monotonic() + self._request_timeout_s
        response = await self._open("/tokenize", body, deadline=deadline)
        try:
            async with self._translated(deadline):
                answer = json.loads(await response.aread())
                return [int(token) for token in answer["tokens"]]
        except (ValueError, KeyError, TypeError) as error:
            raise EngineRequestError(
                f"the engine's answer to /tokenize cannot be read: {error!r}", status=500
            ) from error
        finally:
            await response.aclose()

    async def status(self) -> dict[str, Json]:
        """Return what is known of the engine, for ``ducktypist.status``; starts nothing."""
        health = await self._health()
        if health.state is EngineState.READY and self._identity is None:
            with contextlib.suppress(EngineError):
                self._identity = await self._ask_identity()
        identity = self._identity
        where = self._url if self._spec is None else str(self._spec.socket_path())
        known: dict[str, Json] = {
            "state": str(self._state),
            "address": where,
            "embedded": self._spec is not None,
            "crashes": self._breaker.n_crashes,
            "last_error": self._last_error,
            "log_file": None if self._spec is None else str(self._spec.log_path()),
            "details": self._details,
        }
        if identity is not None:
            known |= {
                "model": identity.name,
                "model_sha256": identity.sha256,
                "quantisation": identity.quantisation,
                "n_ctx_tokens": identity.n_ctx_tokens,
                "has_fim": identity.has_fim,
                "backend": identity.backend,
                "n_gpu_layers": identity.n_gpu_layers,
                "n_threads": identity.n_threads,
            }
        return known

    async def stop_host(self) -> bool:
        """Ask the embedded host to end, for every window; return whether there was one."""
        if self._spec is None or (await self._health()).state is EngineState.STOPPED:
            return False
        try:
            props = await self._get("/props")
            os.kill(int(props["ducktypist"]["pid"]), signal.SIGTERM)
        except (EngineError, OSError, KeyError, TypeError, ValueError):
            return False
        self._forget()
        return True

    async def aclose(self) -> None:
        """Close the connections. The host stays: other windows may be using it."""
        http, self._http = self._http, None
        if http is not None:
            await http[1].aclose()

    # ------------------------------------------------------------------ starting

    async def _start(self, spec: HostSpec) -> None:
        now_s = time.monotonic()
        if wait_s := self._breaker.open_for_s(now_s=now_s):
            self._state = EngineState.FAILED
            raise EngineUnavailableError(
                f"the model's host crashed 5 times within 3 minutes and is left alone for "
                f"{wait_s:.0f} s; last: {self._breaker.last_error}; see {spec.log_path()}"
            )
        await asyncio.sleep(self._breaker.back_off_s(now_s=now_s))
        self._state = EngineState.STARTING
        deadline = time.monotonic() + HANDSHAKE_TIMEOUT_S
        try:
            self._is_down = False
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
                    self._is_down = False
                    return
        except EngineUnavailableError as error:
            raise self._crashed(error) from error
        raise self._crashed(
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

    def _forget(self) -> None:
        self._identity = None
        self._details = {}
        self._state = EngineState.STOPPED

    def _unavailable(self, message: str) -> EngineUnavailableError:
        self._last_error = message
        return EngineUnavailableError(message)

    def _crashed(self, error: EngineError) -> EngineError:
        self._last_error = str(error)
        # Requests that die together are one crash.
        if not self._is_down:
            self._breaker.record(str(error), now_s=time.monotonic())
            self._is_down = True
        self._forget()
        self._state = EngineState.FAILED
        return error

    # ------------------------------------------------------------------ asking

    async def _health(self) -> _Health:
        try:
            response = await self._request("GET", "/health", deadline_s=HEALTH_TIMEOUT_S)
        except EngineUnavailableError as error:
            if self._state is not EngineState.FAILED:
                self._forget()
            return _Health(state=EngineState.STOPPED, message=str(error))
        except EngineError as error:
            return _Health(state=EngineState.STOPPED, message=str(error))
        message = read_error(_json_or_none(response.content))
        if response.status_code == HTTP_UNAVAILABLE:
            health = _Health(state=EngineState.LOADING, message=message)
        elif response.status_code >= HTTP_SERVER_ERROR:
            health = _Health(state=EngineState.FAILED, message=message or "loading failed")
        else:
            # Ollama has no /health and says 404; whatever answers is there.
            health = _Health(state=EngineState.READY)
            self._is_down = False
        self._state = health.state
        return health

    async def _ask_identity(self) -> ModelIdentity:
        props: Mapping[str, Any] = {}
        with contextlib.suppress(EngineRequestError):
            props = await self._get("/props")
        ours = props.get("ducktypist")
        if isinstance(ours, Mapping):
            return self._own_identity(ours)
        models: Mapping[str, Any] = {}
        with contextlib.suppress(EngineRequestError):
            models = await self._get("/v1/models")
        first: Mapping[str, Any] = next(iter(models.get("data") or ()), {})
        settings = props.get("default_generation_settings") or {}
        name = str(first.get("id") or props.get("model_alias") or props.get("model_path") or "")
        owner = str(first.get("owned_by") or "")
        return ModelIdentity(
            name=name,
            sha256="",
            quantisation="",
            n_ctx_tokens=int(settings.get("n_ctx") or first.get("max_model_len") or 0),
            has_fim=await self._probe_infill(name),
            backend="llama-server" if owner == "llamacpp" else owner or "remote",
        )

    def _own_identity(self, told: Mapping[str, Any]) -> ModelIdentity:
        version = told.get("dialect_version")
        if version != dialect.DIALECT_VERSION:
            raise EngineUnavailableError(
                f"the engine speaks version {version} of the dialect and this is version "
                f"{dialect.DIALECT_VERSION}; update Ducktypist on both sides and restart it"
            )
        self._details = told.get("details") or {}
        return ModelIdentity(
            name=str(told["name"]),
            sha256=str(told["sha256"]),
            quantisation=str(told["quantisation"]),
            n_ctx_tokens=int(told["n_ctx_tokens"]),
            has_fim=bool(told["has_fim"]),
            backend=str(told["backend"]),
            n_gpu_layers=int(told["n_gpu_layers"]),
            n_threads=int(told["n_threads"]),
        )

    async def _probe_infill(self, model: str) -> bool:
        """Ask a remote engine for one token in the middle; the answer says whether it can."""
        body = {"model": model, "input_prefix": "a", "input_suffix": "b", "n_predict": 1}
        try:
            response = await self._request(
                "POST", "/infill", body, deadline_s=self._request_timeout_s
            )
        except EngineError:
            return False
        return response.status_code == HTTP_OK

    async def _get(self, path: str) -> Mapping[str, Any]:
        response = await self._request("GET", path, deadline_s=HEALTH_TIMEOUT_S)
        body = _json_or_none(response.content)
        if response.status_code != HTTP_OK or not isinstance(body, Mapping):
            raise _refusal(response.status_code, read_error(body), path)
        return body

    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, deadline_s: float
    ) -> httpx.Response:
        client = await self._client()
        async with self._translated(time.monotonic() + deadline_s):
            return await client.request(method, path, json=body)
        raise AssertionError("unreachable")

    async def _open(self, path: str, body: Mapping[str, Any], *, deadline: float) -> httpx.Response:
        """Post a request and return the response with its body still to come.

        Starts the host or waits for its model first when that turns out to be needed.
        """
        for is_last in (False, False, True):
            was_down = self._is_down
            try:
                response = await self._post(path, body, deadline=deadline)
            except (EngineUnavailableError, EngineCrashedError) as error:
                # A host that is known to be dying may still take a connection.
                is_new_crash = isinstance(error, EngineCrashedError) and not was_down
                late = time.monotonic() >= deadline
                if is_last or is_new_crash or self._spec is None or late:
                    raise
                await self._ready_before(deadline)
                continue
            if response.status_code == HTTP_OK:
                self._state = EngineState.READY
                return response
            try:
                async with self._translated(deadline):
                    message = read_error(_json_or_none(await response.aread()))
            finally:
                await response.aclose()
            if response.status_code != HTTP_UNAVAILABLE or is_last:
                raise _refusal(response.status_code, message, path)
            await self._ready_before(deadline)
        raise AssertionError("unreachable")

    async def _ready_before(self, deadline: float) -> None:
        await self.wait_ready(max(0.0, min(self._load_wait_s, deadline - time.monotonic())))

    async def _post(self, path: str, body: Mapping[str, Any], *, deadline: float) -> httpx.Response:
        client = await self._client()
        request = client.build_request("POST", path, json=body)
        async with self._translated(deadline):
            return await client.send(request, stream=True)
        raise AssertionError("unreachable")

    async def _pieces(
        self, response: httpx.Response, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        lines = response.aiter_lines()
        while True:
            async with self._translated(deadline):
                line = await anext(lines, None)
            if line is None:
                return
            try:
                event = dialect.decode_event(line)
                if event is None:
                    continue
                if "error" in event:
                    code = event["error"].get("code") if isinstance(event["error"], dict) else None
                    status = code if isinstance(code, int) else HTTP_SERVER_ERROR
                    raise _refusal(status, read_error(event), "the stream")
                piece = read_piece(event)
            except ValueError as error:
                raise EngineRequestError(
                    f"the engine's answer cannot be read: {error}", status=500
                ) from error
            yield piece

    async def _client(self) -> httpx.AsyncClient:
        where = await asyncio.to_thread(self._address)
        if self._http is not None:
            if self._http[0] == where:
                return self._http[1]
            await self.aclose()
        # Imported at first use and in a thread: it takes longer than a hover may wait.
        library = await asyncio.to_thread(importlib.import_module, "httpx")
        token = where.token or self._api_key
        client: httpx.AsyncClient = library.AsyncClient(
            base_url=where.base_url,
            headers={"authorization": f"Bearer {token}"} if token else {},
            transport=library.AsyncHTTPTransport(
                uds=None if where.socket_path is None else str(where.socket_path),
                limits=library.Limits(
                    # A Unix socket is opened in microseconds, and a connection kept to a host
                    # that has died since would fail a request for nothing.
                    max_keepalive_connections=None if where.socket_path is None else 0,
                    keepalive_expiry=KEEP_ALIVE_S,
                ),
            ),
            # Reading has no limit of its own: each caller sets a deadline for the whole.
            timeout=library.Timeout(None, connect=CONNECT_TIMEOUT_S),
        )
        self._http = (where, client)
        return client

    def _address(self) -> address.Address:
        if self._spec is None:
            return address.Address(base_url=self._url, socket_path=None, token="")
        where = address.find(self._spec.socket_path())
        if where is None:
            raise EngineUnavailableError(
                f"no engine listens at {self._spec.socket_path()}; it is started when needed"
            )
        return where

    @contextlib.asynccontextmanager
    async def _translated(self, deadline: float) -> AsyncIterator[None]:
        """Turn httpx's exceptions and the end of the time into ours."""
        import httpx  # noqa: PLC0415 - heavy; loaded by _client before

        try:
            async with asyncio.timeout_at(_loop_time(deadline)):
                yield
        except TimeoutError as error:
            raise self._unavailable(
                "the engine did not answer in time; ask again, or raise engine.request_timeout_s"
            ) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise EngineUnavailableError(f"no engine answers: {error}") from error
        except (httpx.TransportError, httpx.StreamError) as error:
            raise self._crashed(
                EngineCrashedError(
                    f"the engine went away in the middle of a request ({error!r:.200}); "
                    f"it is started again for the next one"
                )
            ) from error
        except (httpx.InvalidURL, httpx.HTTPError) as error:
            raise self._unavailable(f"the engine cannot be asked: {error}") from error


def _loop_time(deadline: float) -> float:
    # The loop's clock need not be time.monotonic's.
    return asyncio.get_running_loop().time() + (deadline - time.monotonic())


def _refusal(status: int, message: str, path: str) -> EngineError:
    if status == HTTP_UNAVAILABLE:
        return EngineLoadingError(message or "the engine is still loading its model")
    if status in {HTTP_NOT_FOUND, 405}:
        return EngineRequestError(
            message or f"this engine has no {path}; it is needed for this kind of request",
            status=HTTP_NOT_IMPLEMENTED,
        )
    return EngineRequestError(message or f"the engine answered {path} with {status}", status=status)


def _json_or_none(raw: bytes) -> object:
    try:
        parsed: object = json.loads(raw)
    except ValueError:
        return None
    return parsed
