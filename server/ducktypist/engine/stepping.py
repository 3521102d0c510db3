"""Carrying out the scheduler's plans on the backend: compute, draw, tell, recover.

Used by the worker's thread only. It looks at the clock; it knows nothing of threads or the event
loop. What a request is told goes through its ticket.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from ducktypist.domain import FinishReason
from ducktypist.engine.asked import Answer
from ducktypist.engine.backend import Backend, ConnectionDropped, Feed, StepCode
from ducktypist.engine.costs import Costs
from ducktypist.engine.interrupt import Interrupt
from ducktypist.engine.placement import Change, Copy
from ducktypist.engine.rates import Rates
from ducktypist.engine.scheduler import Fed, Scheduler, Step
from ducktypist.engine.serving import Serving
from ducktypist.engine.ticket import Event, Ticket
from ducktypist.errors import EngineCrashedError, EngineError, EngineRequestError

log = logging.getLogger(__name__)

MAX_FAILED_STEPS = 2
"""A step that fails again after the cache was cleared means that the library is not to be used."""


class Stepper:
    """The requests that are being served, and how they get on."""

    def __init__(
        self, backend: Backend, rates: Rates, *, on_end: Callable[[Ticket, Event], None]
    ) -> None:
        """Begin with an empty cache.

        Args:
            backend: Loaded.
            rates: How fast it is.
            on_end: Told of each request that ends, and how, before its ticket is.
        """
        costs = Costs(prefill_tok_s=rates.prefill_tok_s, step_ms=rates.step_ms)
        self.scheduler = Scheduler(backend.capacity(), costs)
        self._backend = backend
        self._on_end = on_end
        capacity = backend.capacity()
        # What was drafted in vain must be cut off again.
        self._max_draft_tokens = capacity.n_rows - 1 if capacity.can_fork else 0
        self._servings: dict[int, Serving] = {}
        self._n_failed_steps = 0

    # ------------------------------------------------------------------ requests

    def begin(self, ticket: Ticket) -> None:
        """Take a request."""
        try:
            serving = Serving(ticket, self._backend)
        except (EngineError, ConnectionDropped) as error:
            self._refuse(ticket, error)
            return
        except Exception as error:  # one request may fail; the host goes on
            log.exception("a request could not be taken")
            reason = f"the host cannot take this request: {error}"
            self._refuse(ticket, EngineRequestError(reason, status=500))
            return
        old = self.scheduler.submit(serving.request)
        self._servings[id(serving.request)] = serving
        for request in old:
            self._cancel(self._servings[id(request)])

    def cancel(self, ticket: Ticket) -> None:
        """End a request whose client has left; nothing when it has ended already."""
        for serving in list(self._servings.values()):
            if serving.ticket is ticket:
                self._cancel(serving)

    def cancel_all(self) -> None:
        """End every request."""
        for serving in list(self._servings.values()):
            self._cancel(serving)

    def fail_all(self, error: EngineError) -> None:
        """Tell everybody of a failure after which nothing more is computed."""
        for serving in list(self._servings.values()):
            self._end(serving, error)

    def expire(self) -> None:
        """End what has had its time, with what there is of it."""
        now_s = time.monotonic()
        late = self.scheduler.expired(now_s=now_s)
        for serving in self._servings.values():
            if serving.is_over_budget(now_s):
                late += [one for one in serving.request.answers if not one.is_done]
        for answer in late:
            if not answer.is_done:
                serving = self._servings[id(answer.request)]
                serving.show(serving.answering(answer).end(FinishReason.LENGTH), now_s=now_s)
                self._end_answer(answer, serving, now_s)

    @property
    def rates(self) -> Rates:
        """How fast the backend is, as corrected with each step."""
        return self.scheduler.costs

    @property
    def has_requests(self) -> bool:
        """Whether anybody waits."""
        return bool(self._servings)

    def n_waiting(self) -> int:
        """Return of how many requests nothing was computed yet; from any thread."""
        return sum(not serving.has_started for serving in list(self._servings.values()))

    def is_mostly_for_nobody(self, step: Step) -> bool:
        """Tell whether most of a step is for clients that have left; from any thread."""
        n_left = n_all = 0
        for fed in step.feeds:
            serving = self._servings.get(id(fed.answer.request))
            n_all += len(fed.tokens)
            if serving is None or serving.ticket.is_cancelled():
                n_left += len(fed.tokens)
        return 2 * n_left > n_all

    # ------------------------------------------------------------------ a step

    def prepare(self, step: Step) -> None:
        """Make a plan's changes to the cache, whether or not it is computed afterwards."""
        self._change(step.changes)

    def compute(self, step: Step, interrupt: Interrupt) -> None:
        """Compute a step that was prepared, and tell what came of it.

        Raises:
            EngineCrashedError: The backend does not work any more.
        """
        started_s = time.monotonic()
        servings = [self._servings[id(fed.answer.request)] for fed in step.feeds]
        feeds = [_feed(fed, serving) for fed, serving in zip(step.feeds, servings, strict=True)]
        for serving in servings:
            serving.started(started_s)
        code = self._backend.decode(feeds, interrupt)
        now_s = time.monotonic()
        if code is StepCode.DONE:
            self._n_failed_steps = 0
            self.scheduler.done(step)
            self._learn(step, (now_s - started_s) * 1000)
            self._draw(step, servings, now_s)
        elif code is StepCode.INTERRUPTED:
            self._change(self.scheduler.undone(step))
        else:
            self._recover(step, code)

    def _draw(self, step: Step, servings: Sequence[Serving], now_s: float) -> None:
        """Draw what comes after each fed answer, and tell it."""
        n_before = 0
        for fed, serving in zip(step.feeds, servings, strict=True):
            row = n_before + len(fed.tokens) - fed.n_rows
            n_before += len(fed.tokens)
            if not fed.n_rows or fed.answer.is_done:
                continue
            try:
                self._draw_one(fed, serving, row, now_s)
            except (EngineRequestError, ConnectionDropped) as error:
                self._drop(serving, now_s)
                self._end(serving, error)
        for serving in {id(one): one for one in servings}.values():
            if id(serving.request) in self._servings:
                serving.tell()

    def _draw_one(self, fed: Fed, serving: Serving, row: int, now_s: float) -> None:
        answer = fed.answer
        if not answer.n_made:
            if answer.index % answer.request.n == 0:
                serving.was_read(now_s)
            forked, changes = self.scheduler.fork(answer, now_s=now_s)
            self._change(changes)
            for other in forked:
                self._take(other, serving, row, now_s=now_s)
        draft = fed.tokens[len(fed.tokens) - fed.n_rows + 1 :]
        self._take(answer, serving, row, draft=draft, now_s=now_s)

    def _take(
        self,
        answer: Answer,
        serving: Serving,
        row: int,
        *,
        now_s: float,
        draft: Sequence[int] = (),
    ) -> None:
        """Draw as many tokens as the draft got right, and one more."""
        answering = serving.answering(answer)
        answering.n_drafted += len(draft)
        if not answer.max_tokens:
            answering.end(FinishReason.LENGTH)
        for place in range(len(draft) + 1):
            if answering.reason is not None:
                break
            choice = answering.drawer.draw(row + place, place=answer.n_made)
            if draft and answering.is_tied(choice):
                break
            if choice is not None:
                answer.tokens.append(choice.chosen.token_id)
            serving.show(answering.take(choice), now_s=now_s)
            if choice is None or place == len(draft) or choice.chosen.token_id != draft[place]:
                break
            answering.n_accepted += 1
        self._change(self.scheduler.settle(answer, goes_on=answering.reason is None))
        if answering.reason is None:
            answer.draft = answering.draft(self.scheduler.costs)[: self._max_draft_tokens]
        else:
            self._end_answer(answer, serving, now_s)

    def _recover(self, step: Step, code: StepCode) -> None:
        """Go on after a step that did not work: with less in the cache, or with an empty one."""
        log.warning("a step of %d answers ended with %s", len(step.feeds), code.name)
        self._change(self.scheduler.undone(step))
        if code is StepCode.NO_ROOM and (freed := self.scheduler.forget_idle()):
            self._change(freed)
            return
        self._n_failed_steps += 1
        if self._n_failed_steps >= MAX_FAILED_STEPS:
            raise EngineCrashedError(
                f"the model's library failed ({code.name.lower()}), also with an empty cache; "
                f"the host is started again for the next request"
            )
        for sequence in range(self._backend.capacity().n_sequences):
            self._backend.trim(sequence, 0)
        self.scheduler.lost_all(now_s=time.monotonic())

    def _change(self, changes: Iterable[Change]) -> None:
        for change in changes:
            if isinstance(change, Copy):
                self._backend.copy(change.source, change.target, change.n_tokens)
            elif not self._backend.trim(change.sequence, change.n_tokens):
                self.scheduler.lost(change.sequence)

    def _learn(self, step: Step, took_ms: float) -> None:
        n_rows = sum(fed.n_rows for fed in step.feeds)
        n_tokens = sum(len(fed.tokens) for fed in step.feeds)
        self.scheduler.costs = self.scheduler.costs.corrected(
            n_rows=n_rows, n_tokens=n_tokens, took_ms=took_ms
        )

    # ------------------------------------------------------------------ ends

    def _end_answer(self, answer: Answer, serving: Serving, now_s: float) -> None:
        serving.end(serving.answering(answer))
        self._change(self.scheduler.finish(answer, now_s=now_s))
        if serving.is_done:
            self._end(serving, serving.finished(now_s))

    def _cancel(self, serving: Serving) -> None:
        now_s = time.monotonic()
        for answer in serving.request.answers:
            if not answer.is_done:
                answering = serving.answering(answer)
                answering.end(FinishReason.CANCELLED)
                serving.end(answering)
        self._drop(serving, now_s)
        self._end(serving, serving.finished(now_s))

    def _drop(self, serving: Serving, now_s: float) -> None:
        for answer in serving.request.answers:
            self._change(self.scheduler.finish(answer, now_s=now_s))

    def _end(self, serving: Serving, event: Event) -> None:
        if self._servings.pop(id(serving.request), None) is not None:
            self._on_end(serving.ticket, event)
            serving.tell(event)

    def _refuse(self, ticket: Ticket, event: Event) -> None:
        self._on_end(ticket, event)
        ticket.deliver(event)


def _feed(fed: Fed, serving: Serving) -> Feed:
    if fed.answer.sequence is None:
        raise ValueError("only an answer that was placed can be fed")
    return Feed(
        sequence=fed.answer.sequence,
        start=fed.start,
        tokens=fed.tokens,
        n_rows=fed.n_rows,
        drawer=serving.answering(fed.answer).drawer,
    )
