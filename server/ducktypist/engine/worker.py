"""The one thread that owns the backend: hears who comes and who leaves, and goes on step by step.

Requests come from the event loop and end in exactly one of: done, cancelled, failed. What is
computed next is the scheduler's decision, ``stepping`` carries it out; this sees to it that whoever
matters more, or has left, is noticed within a step. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ducktypist.domain import FinishReason, GenerationRequest, Json
from ducktypist.engine.backend import Backend, BackendInfo, Finished, Job
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.rates import Rates, read_rates, write_rates
from ducktypist.engine.scheduler import Step
from ducktypist.engine.stepping import Stepper
from ducktypist.engine.ticket import Event, Ticket
from ducktypist.errors import (
    EngineCrashedError,
    EngineError,
    EngineRequestError,
    EngineUnavailableError,
)

__all__ = ["Event", "Ticket", "Worker", "WorkerState"]

log = logging.getLogger(__name__)

MAX_UNFINISHED = 256
STUCK_S = 0.05
"""How soon to look again when somebody waits and nothing can be computed."""


class WorkerState(enum.StrEnum):
    """How far the model is."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


class Worker:
    """Loads the model in its thread and serves tickets."""

    def __init__(
        self,
        backend: Backend,
        *,
        on_fatal: Callable[[], None],
        rates_path: Path | None = None,
    ) -> None:
        """Prepare; ``start`` begins.

        Args:
            backend: What computes. Nobody else may use it but through this worker.
            on_fatal: Called from the worker's thread when the model did not load or broke down,
                so that the process can end.
            rates_path: Where measured rates are kept; None: nowhere.
        """
        self._backend = backend
        self._on_fatal = on_fatal
        self._rates_path = rates_path
        self._thread = threading.Thread(target=self._run, name="engine-worker", daemon=True)
        self._wake = threading.Condition()
        self._arrived: list[Ticket] = []
        self._left: list[Ticket] = []
        self._is_stopping = False
        self._running: Step | None = None
        self._step_started_s: float | None = None
        self._interrupt = Interrupt()
        self._stepper: Stepper | None = None
        self._totals: Counter[str] = Counter()
        self._n_unfinished = 0
        self._info: BackendInfo | None = None
        self.state = WorkerState.LOADING
        self.failure = ""
        """Why the state is ``failed``."""

    # ------------------------------------------------------------------ from any thread

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def submit(self, request: GenerationRequest, *, want_logprobs: bool) -> Ticket:
        """Take a request; called from the event loop.

        Raises:
            EngineRequestError: Too many are waiting.
        """
        job = Job(request=request, want_logprobs=want_logprobs)
        ticket = Ticket(job, asyncio.get_running_loop(), on_cancel=self._cancelled)
        with self._wake:
            if self._n_unfinished >= MAX_UNFINISHED:
                raise EngineRequestError(
                    f"{MAX_UNFINISHED} requests are waiting already; try again later", status=429
                )
            if self._is_stopping:
                raise EngineUnavailableError("the host is ending")
            self._n_unfinished += 1
            self._arrived.append(ticket)
            if self._is_wasted(request):
                self._interrupt.set()
            self._wake.notify()
        if request.deadline_ms > 0:
            # What is still being computed then is not worth finishing.
            ticket.at(request.deadline_ms / 1000, self._interrupted)
        return ticket

    def info(self) -> BackendInfo:
        """Return what was loaded.

        Raises:
            EngineUnavailableError: Nothing is loaded yet.
        """
        if self._info is None:
            raise EngineUnavailableError(self.failure or "Loading model")
        return self._info

    def rates(self) -> Rates:
        """Return how fast the model is here.

        Raises:
            EngineUnavailableError: Nothing is loaded yet.
        """
        if self._stepper is None:
            raise EngineUnavailableError(self.failure or "Loading model")
        return self._stepper.rates

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        """Return the tokens of a text; blocks only for the time of tokenising."""
        return self._backend.tokenize(text, add_special=add_special, parse_special=parse_special)

    def n_unfinished(self) -> int:
        """Return how many requests wait or run."""
        return self._n_unfinished

    def totals(self) -> dict[str, float]:
        """Return counters since the start, and ``queue_depth`` as it is now."""
        with self._wake:
            n_waiting = len(self._arrived)
            n_waiting += 0 if self._stepper is None else self._stepper.n_waiting()
            return {**self._totals, "queue_depth": n_waiting}

    def status(self) -> dict[str, Json]:
        """Return what the cache holds and what runs, as it is about now."""
        if self._stepper is None:
            return {"n_cells": 0, "n_cells_used": 0, "n_sequences": 0, "slots": []}
        scheduler = self._stepper.scheduler
        busy, held = scheduler.busy(), scheduler.held()
        return {
            "n_cells": self._backend.capacity().n_cells,
            "n_cells_used": scheduler.n_cells_used(),
            "n_sequences": self._backend.capacity().n_sequences,
            "slots": [
                {"id": one, "n_tokens": held.get(one, 0), "is_processing": one in busy}
                for one in sorted(held.keys() | busy.keys())
            ],
        }

    def step_age_s(self, now_s: float) -> float | None:
        """Return how long the step in progress has been going on; None between steps."""
        started_s = self._step_started_s
        return None if started_s is None else now_s - started_s

    def stop(self, *, timeout_s: float) -> None:
        """Cancel what runs and end the thread; waits at most ``timeout_s``."""
        with self._wake:
            self._is_stopping = True
            self._interrupt.set()
            self._wake.notify()
        self._thread.join(timeout_s)

    def _is_wasted(self, request: GenerationRequest) -> bool:
        """Tell whether a new request makes the step in progress pointless."""
        running = self._running
        if running is None:
            return False
        if running.priority < request.priority:
            return True
        lanes = [fed.answer.request.lane for fed in running.feeds]
        return bool(request.lane) and all(lane == request.lane for lane in lanes)

    def _interrupted(self) -> None:
        with self._wake:
            self._interrupt.set()
            self._wake.notify()

    def _cancelled(self, ticket: Ticket) -> None:
        with self._wake:
            self._left.append(ticket)
            running, stepper = self._running, self._stepper
            if running and stepper and stepper.is_mostly_for_nobody(running):
                self._interrupt.set()
            self._wake.notify()

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            self._backend.load()
            self._info = self._backend.info()
            stepper = Stepper(self._backend, self._measured(), on_end=self._ended)
        except EngineError as error:
            self._fail(str(error))
            return
        except Exception as error:  # any other failure to load must be told, not lost
            log.exception("loading failed")
            self._fail(f"the model could not be loaded: {error}")
            return
        self._stepper = stepper
        self.state = WorkerState.READY
        try:
            self._serve(stepper)
        except EngineError as error:
            self._break_down(stepper, error)
            return
        except Exception as error:  # a bug of ours must end the host, not leave it deaf
            log.exception("serving failed")
            self._break_down(stepper, EngineCrashedError(f"the host failed: {error!r}"))
            return
        if self._rates_path is not None:
            self._keep(self._rates_path, stepper.rates)
        self._backend.close()

    def _measured(self) -> Rates:
        path = self._rates_path
        rates = read_rates(path) if path is not None else None
        if rates is None:
            rates = self._backend.measure()
            if path is not None:
                self._keep(path, rates)
        return rates

    def _keep(self, path: Path, rates: Rates) -> None:
        sha256 = "" if self._info is None else self._info.identity.sha256
        write_rates(path, rates, model_sha256=sha256)

    def _fail(self, message: str) -> None:
        log.error("%s", message)
        self.failure = message
        self.state = WorkerState.FAILED
        self._on_fatal()

    def _break_down(self, stepper: Stepper, error: EngineError) -> None:
        """End every request with an error; the process ends soon."""
        with self._wake:
            self._is_stopping = True
            waiting, self._arrived = self._arrived, []
        stepper.fail_all(error)
        self._turn_away(waiting, error)
        self._fail(str(error))

    def _serve(self, stepper: Stepper) -> None:
        while self._listen(stepper):
            stepper.expire()
            step = stepper.scheduler.plan(now_s=time.monotonic())
            if step is None:
                self._rest(stepper)
                continue
            with self._wake:
                # Who came or left since is heard first: nobody interrupts a step unseen.
                is_news = bool(self._arrived or self._left or self._is_stopping)
                if not is_news:
                    self._interrupt.clear()
                    self._running = step
            stepper.prepare(step)
            if not is_news:
                self._compute(stepper, step)

    def _compute(self, stepper: Stepper, step: Step) -> None:
        self._step_started_s = time.monotonic()
        try:
            stepper.compute(step, self._interrupt)
        finally:
            self._step_started_s = None
            with self._wake:
                self._running = None

    def _rest(self, stepper: Stepper) -> None:
        """Wait until somebody comes."""
        with self._wake:
            while not (self._arrived or self._left or self._is_stopping):
                self._wake.wait(STUCK_S if stepper.has_requests else None)
                if stepper.has_requests:
                    return

    def _listen(self, stepper: Stepper) -> bool:
        """Hear who came and who left; tell whether to go on."""
        with self._wake:
            arrived, self._arrived = self._arrived, []
            left, self._left = self._left, []
            is_stopping = self._is_stopping
        if is_stopping:
            stepper.cancel_all()
            self._turn_away(arrived, EngineUnavailableError("the host is ending"))
            return False
        for ticket in arrived:
            stepper.begin(ticket)
        for ticket in left:
            stepper.cancel(ticket)
        return True

    def _turn_away(self, tickets: list[Ticket], error: EngineError) -> None:
        for ticket in tickets:
            self._ended(ticket, error)
            ticket.deliver(error)

    def _ended(self, _ticket: Ticket, event: Event) -> None:
        with self._wake:
            self._n_unfinished -= 1
            if not isinstance(event, Finished):
                self._totals["failed"] += 1
                return
            cancelled = event.reason is FinishReason.CANCELLED
            self._totals["cancelled" if cancelled else "done"] += 1
            self._totals["prompt_tokens"] += event.prompt_tokens - event.cached_tokens
            self._totals["cached_tokens"] += event.cached_tokens
            self._totals["predicted_tokens"] += event.completion_tokens
            self._totals["drafted_tokens"] += event.drafted_tokens
            self._totals["accepted_tokens"] += event.accepted_tokens
            self._totals["prompt_us"] += round(event.prefill_ms * 1000)
            self._totals["predicted_us"] += round(event.decode_ms * 1000)
            self._totals["queue_us"] += round(event.queue_ms * 1000)
