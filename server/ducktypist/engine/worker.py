"""The one thread that owns the backend, and the queue in front of it.

Requests come from the event loop, are served one at a time in order of arrival, and end in
exactly one of: done, cancelled, failed. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

from ducktypist.domain import FinishReason, GenerationRequest
from ducktypist.engine.backend import Backend, BackendInfo, ConnectionDropped, Delta, Finished, Job
from ducktypist.errors import (
    EngineCrashedError,
    EngineError,
    EngineRequestError,
    EngineUnavailableError,
)

log = logging.getLogger(__name__)

MAX_QUEUED = 256

Event: TypeAlias = Delta | Finished | EngineError | ConnectionDropped
"""What a ticket delivers: pieces, then exactly one of the others."""


class WorkerState(enum.StrEnum):
    """How far the model is."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Ticket:
    """One request's place in the queue."""

    def __init__(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        self.job = job
        self.arrived = time.monotonic()
        self._loop = loop
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._cancelled = threading.Event()

    async def next_event(self) -> Event:
        """Return what happened next; the last is a ``Finished`` or an exception as a value."""
        return await self._events.get()

    def cancel(self) -> None:
        """Say that nobody waits any more, wherever the request is."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        """Tell whether ``cancel`` was called; from any thread."""
        return self._cancelled.is_set()

    def deliver(self, event: Event) -> None:
        """Hand an event over to the loop; called from the worker's thread."""
        # A loop that is closed belongs to a host that is ending: nobody is left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)


class Worker:
    """Loads the model in its thread and serves tickets."""

    def __init__(self, backend: Backend, *, on_fatal: Callable[[], None]) -> None:
        """Prepare; ``start`` begins.

        Args:
            backend: What computes. Nobody else may use it but through this worker.
            on_fatal: Called from the worker's thread when the model did not load or broke down,
                so that the process can end.
        """
        self._backend = backend
        self._on_fatal = on_fatal
        self._queue: queue.Queue[Ticket | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, name="engine-worker", daemon=True)
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter()
        self._n_waiting = 0
        self._running: Ticket | None = None
        self._info: BackendInfo | None = None
        self.state = WorkerState.LOADING
        self.failure = ""
        """Why the state is ``failed``."""

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def submit(self, request: GenerationRequest, *, want_logprobs: bool) -> Ticket:
        """Put a request into the queue; called from the event loop.

        Raises:
            EngineRequestError: Too many are waiting.
        """
        with self._lock:
            if self._n_waiting >= MAX_QUEUED:
                raise EngineRequestError(
                    f"{MAX_QUEUED} requests are waiting already; try again later", status=429
                )
            self._n_waiting += 1
        ticket = Ticket(
            Job(request=request, want_logprobs=want_logprobs), asyncio.get_running_loop()
        )
        self._queue.put(ticket)
        return ticket

    def info(self) -> BackendInfo:
        """Return what was loaded.

        Raises:
            EngineUnavailableError: Nothing is loaded yet.
        """
        if self._info is None:
            raise EngineUnavailableError(self.failure or "Loading model")
        return self._info

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return the tokens of a text; blocks only for the time of tokenising."""
        return self._backend.tokenize(text, add_special=add_special, parse_special=parse_special)

    def n_unfinished(self) -> int:
        """Return how many requests wait or run."""
        with self._lock:
            return self._n_waiting + (self._running is not None)

    def totals(self) -> dict[str, float]:
        """Return counters since the start, and ``queue_depth`` as it is now."""
        with self._lock:
            return {**self._totals, "queue_depth": self._n_waiting}

    def stop(self, *, timeout_s: float) -> None:
        """Cancel what runs and end the thread; waits at most ``timeout_s``."""
        with self._lock:
            running = self._running
        if running is not None:
            running.cancel()
        with contextlib.suppress(queue.Empty):
            while True:
                waiting = self._queue.get_nowait()
                if waiting is not None:
                    self._end(waiting, EngineUnavailableError("the host is ending"))
        self._queue.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._backend.load()
            self._info = self._backend.info()
        except EngineError as error:
            self._fail(str(error))
            return
        except Exception as error:  # any other failure to load must be told, not lost
            log.exception("loading failed")
            self._fail(f"the model could not be loaded: {error}")
            return
        self.state = WorkerState.READY
        while (ticket := self._queue.get()) is not None:
            self._serve(ticket)
        self._backend.close()

    def _fail(self, message: str) -> None:
        log.error("%s", message)
        self.failure = message
        self.state = WorkerState.FAILED
        self._on_fatal()

    def _serve(self, ticket: Ticket) -> None:
        with self._lock:
            self._n_waiting -= 1
            self._running = ticket
        try:
            event = self._generate(ticket)
        finally:
            with self._lock:
                self._running = None
        self._count(event)
        ticket.deliver(event)
        if isinstance(event, EngineCrashedError):
            self._fail(str(event))

    def _generate(self, ticket: Ticket) -> Event:
        started = time.monotonic()
        first = 0.0

        def emit(delta: Delta) -> None:
            nonlocal first
            first = first or time.monotonic()
            ticket.deliver(delta)

        if ticket.is_cancelled():
            return _never_started(started - ticket.arrived)
        try:
            finished = self._backend.generate(ticket.job, emit, ticket.is_cancelled)
        except (EngineError, ConnectionDropped) as error:
            return error
        except Exception as error:  # one request may fail; the host goes on
            log.exception("generating failed")
            return EngineRequestError(f"generating failed inside the host: {error}", status=500)
        return dataclasses.replace(
            finished,
            queue_ms=(started - ticket.arrived) * 1000,
            ttft_ms=((first or time.monotonic()) - ticket.arrived) * 1000,
        )

    def _end(self, ticket: Ticket, event: Event) -> None:
        with self._lock:
            self._n_waiting -= 1
        self._count(event)
        ticket.deliver(event)

    def _count(self, event: Event) -> None:
        with self._lock:
            if not isinstance(event, Finished):
                self._totals["failed"] += 1
                return
            cancelled = event.reason is FinishReason.CANCELLED
            self._totals["cancelled" if cancelled else "done"] += 1
            self._totals["prompt_tokens"] += event.prompt_tokens - event.cached_tokens
            self._totals["cached_tokens"] += event.cached_tokens
            self._totals["predicted_tokens"] += event.completion_tokens
            self._totals["prompt_us"] += round(event.prefill_ms * 1000)
            self._totals["predicted_us"] += round(event.decode_ms * 1000)
            self._totals["queue_us"] += round(event.queue_ms * 1000)


def _never_started(waited_s: float) -> Finished:
    return Finished(
        reason=FinishReason.CANCELLED,
        prompt_tokens=0,
        cached_tokens=0,
        completion_tokens=0,
        prefill_ms=0.0,
        decode_ms=0.0,
        queue_ms=waited_s * 1000,
    )
