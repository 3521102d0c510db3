"""The host's HTTP: the subset of llama-server's dialect that editors use.

Closing the connection cancels the request, wherever it is: waiting, reading the prompt or
generating, streamed or not. Knows the worker and the wire; knows nothing of sockets or models.
"""

from __future__ import annotations

import asyncio
import hmac
import itertools
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import ducktypist
from ducktypist.domain import Json
from ducktypist.engine import dialect
from ducktypist.engine.answers import AnswerWriter, error_body
from ducktypist.engine.dialect import DIALECT_VERSION, Endpoint, Logprobs
from ducktypist.engine.sending import Sending, failure
from ducktypist.engine.worker import Worker, WorkerState
from ducktypist.errors import EngineError, EngineRequestError, EngineUnavailableError

QUIET_PATHS = frozenset({"/health", "/v1/health", "/metrics"})
"""Asking these does not keep an idle host alive."""


class HostApp:
    """The ASGI application of one host."""

    def __init__(self, worker: Worker, *, token: str, model_path: str) -> None:
        """Make the application.

        Args:
            worker: Who serves the requests.
            token: What a client must present as bearer token; empty where the socket is private.
            model_path: Told in ``/props``.
        """
        self._worker = worker
        self._token = token
        self._model_path = model_path
        self._started = time.monotonic()
        self._last_request = self._started
        self._ids = (f"{secrets.token_hex(8)}-{number}" for number in itertools.count())
        routes = [
            Route("/health", self._health),
            Route("/v1/health", self._health),
            Route("/props", self._props),
            Route("/slots", self._slots),
            Route("/metrics", self._metrics),
            Route("/v1/models", self._models),
            Route("/tokenize", self._tokenize, methods=["POST"]),
        ]
        routes += [
            Route(endpoint.value, self._generating(endpoint), methods=["POST"])
            for endpoint in Endpoint
        ]
        self._app = Starlette(
            routes=routes,
            exception_handlers={
                EngineRequestError: _on_refusal,
                EngineUnavailableError: _on_unavailable,
                404: _on_unknown_path,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "http":
            if not self._is_allowed(scope):
                refused = JSONResponse(error_body(401, "the bearer token is missing or wrong"), 401)
                await refused(scope, receive, send)
                return
            if scope["path"] not in QUIET_PATHS:
                self._last_request = time.monotonic()
        await self._app(scope, receive, send)

    def idle_s(self) -> float:
        """Return for how many seconds nobody has asked for anything; 0 while something runs."""
        if self._worker.n_unfinished():
            self._last_request = time.monotonic()
        return time.monotonic() - self._last_request

    def _is_allowed(self, scope: Scope) -> bool:
        if not self._token:
            return True
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, f"Bearer {self._token}".encode())

    async def _health(self, _request: Request) -> Response:
        if self._worker.state is WorkerState.READY:
            return JSONResponse({"status": "ok"})
        if self._worker.state is WorkerState.FAILED:
            return JSONResponse(error_body(500, self._worker.failure), 500)
        return JSONResponse(error_body(503, "Loading model"), 503)

    async def _props(self, _request: Request) -> Response:
        info = self._worker.info()
        identity, status, rates = info.identity, self._worker.status(), self._worker.rates()
        return JSONResponse(
            {
                "default_generation_settings": {"n_ctx": identity.n_ctx_tokens},
                "total_slots": status.get("n_sequences") or len(_slots_of(status)),
                "model_path": self._model_path,
                "model_alias": identity.name,
                "build_info": f"ducktypist {ducktypist.__version__}",
                "ducktypist": {
                    "dialect_version": DIALECT_VERSION,
                    "pid": os.getpid(),
                    "uptime_s": time.monotonic() - self._started,
                    "name": identity.name,
                    "sha256": identity.sha256,
                    "quantisation": identity.quantisation,
                    "n_ctx_tokens": identity.n_ctx_tokens,
                    "has_fim": identity.has_fim,
                    "backend": identity.backend,
                    "n_gpu_layers": identity.n_gpu_layers,
                    "n_threads": identity.n_threads,
                    "details": dict(info.details),
                    "slots": dict(status),
                    "rates": rates.to_json(),
                },
            }
        )

    async def _slots(self, _request: Request) -> Response:
        n_ctx_tokens = self._worker.info().identity.n_ctx_tokens
        slots = _slots_of(self._worker.status())
        return JSONResponse([{"n_ctx": n_ctx_tokens, **slot} for slot in slots])

    async def _models(self, _request: Request) -> Response:
        identity = self._worker.info().identity
        model = {
            "id": identity.name,
            "object": "model",
            "owned_by": "ducktypist",
            "max_model_len": identity.n_ctx_tokens,
        }
        return JSONResponse({"object": "list", "data": [model]})

    async def _metrics(self, _request: Request) -> Response:
        totals = self._worker.totals()
        ready = self._worker.state is WorkerState.READY
        return PlainTextResponse(
            metrics_text(totals, model_loaded=ready), media_type="text/plain; version=0.0.4"
        )

    async def _tokenize(self, request: Request) -> Response:
        asked = dialect.parse_tokenize(dialect.parse_json(await _body(request)))
        self._worker.info()
        tokens = await asyncio.to_thread(
            self._worker.tokenize,
            asked.text,
            add_special=asked.add_special,
            parse_special=asked.parse_special,
        )
        return JSONResponse({"tokens": tokens})

    def _generating(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def generate(request: Request) -> Response:
            _require_same_dialect(request)
            asked = dialect.parse_request(endpoint, dialect.parse_json(await _body(request)))
            identity = self._worker.info().identity
            kind = "chatcmpl" if endpoint is Endpoint.CHAT else "cmpl"
            writer = AnswerWriter(
                endpoint=endpoint,
                request_id=f"{kind}-{next(self._ids)}",
                model=identity.name,
                created_s=int(time.time()),
                logprobs=asked.logprobs,
                n_answers=asked.generation.n_answers,
            )
            wants = asked.logprobs is not Logprobs.NONE
            return Sending(
                self._worker.submit(asked.generation, want_logprobs=wants), writer, asked
            )

        return generate


def metrics_text(totals: Mapping[str, float], *, model_loaded: bool) -> str:
    """Return the figures in Prometheus' text format (exposition format 0.0.4)."""
    lines = [
        "# HELP ducktypist_requests_total Requests that ended, by how.",
        "# TYPE ducktypist_requests_total counter",
    ]
    lines += [
        f'ducktypist_requests_total{{result="{result}"}} {totals.get(result, 0)}'
        for result in ("done", "cancelled", "failed")
    ]
    for name, text in (
        ("prompt_tokens", "Prompt tokens read, cached ones left out."),
        ("cached_tokens", "Prompt tokens taken from the cache."),
        ("predicted_tokens", "Tokens generated."),
        ("drafted_tokens", "Tokens proposed by n-gram speculation."),
        ("accepted_tokens", "Proposed tokens that the model would have said itself."),
    ):
        lines += [
            f"# HELP ducktypist_{name}_total {text}",
            f"# TYPE ducktypist_{name}_total counter",
            f"ducktypist_{name}_total {totals.get(name, 0)}",
        ]
    for name, text in (
        ("prompt", "Seconds spent reading prompts."),
        ("predicted", "Seconds spent generating."),
        ("queue", "Seconds that requests waited."),
    ):
        lines += [
            f"# HELP ducktypist_{name}_seconds_total {text}",
            f"# TYPE ducktypist_{name}_seconds_total counter",
            f"ducktypist_{name}_seconds_total {totals.get(f'{name}_us', 0) / 1e6}",
        ]
    lines += [
        "# HELP ducktypist_queue_depth Requests that wait now.",
        "# TYPE ducktypist_queue_depth gauge",
        f"ducktypist_queue_depth {totals.get('queue_depth', 0)}",
        "# HELP ducktypist_model_loaded Whether the model is loaded.",
        "# TYPE ducktypist_model_loaded gauge",
        f"ducktypist_model_loaded {int(model_loaded)}",
    ]
    return "\n".join(lines) + "\n"


def _require_same_dialect(request: Request) -> None:
    version = request.headers.get(dialect.VERSION_HEADER, str(DIALECT_VERSION))
    if version != str(DIALECT_VERSION):
        raise EngineRequestError(
            dialect.misunderstanding(host=DIALECT_VERSION, window=version), status=409
        )


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    n_bytes = 0
    async for part in request.stream():
        n_bytes += len(part)
        if n_bytes > dialect.MAX_BODY_BYTES:
            raise EngineRequestError(
                f"the body has more than {dialect.MAX_BODY_BYTES} bytes; shorten it", status=413
            )
        parts.append(part)
    return b"".join(parts)


def _slots_of(status: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    slots = status.get("slots")
    if not isinstance(slots, Sequence):
        return []
    return [slot for slot in slots if isinstance(slot, Mapping)]


async def _on_refusal(_request: Request, error: Exception) -> Response:
    return failure(error if isinstance(error, EngineError) else EngineRequestError(str(error)))


async def _on_unavailable(_request: Request, error: Exception) -> Response:
    return JSONResponse(error_body(503, str(error)), 503)


async def _on_unknown_path(request: Request, _error: Exception) -> Response:
    return JSONResponse(error_body(404, f"no such path: {request.url.path}"), 404)
