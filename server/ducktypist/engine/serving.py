"""One request while it is served: its answers, what it took, and what its ticket is told.

Used by the worker's thread only. Joins what the scheduler knows of a request (tokens) and what is
known of its answers (text).
"""

from __future__ import annotations

from dataclasses import replace

from ducktypist.domain import FinishReason, GenerationRequest
from ducktypist.engine.answering import Answering
from ducktypist.engine.asked import Answer, Request
from ducktypist.engine.backend import AnswerEnd, Backend, Delta, Finished, Prefill
from ducktypist.engine.ticket import Event, Ticket
from ducktypist.errors import EngineRequestError


class Serving:
    """A request that has not ended."""

    def __init__(self, ticket: Ticket, backend: Backend) -> None:
        """Read the request's prompts into tokens.

        Raises:
            EngineRequestError: It cannot be served.
        """
        wanted = ticket.job.request
        self.ticket = ticket
        self.request = _asked(wanted, ticket.arrived_s)
        self.answerings: list[Answering] = []
        n_ctx_tokens = backend.capacity().n_ctx_tokens
        for prompt in wanted.prompts:
            encoded = backend.encode(wanted, prompt)
            if not encoded.tokens:
                raise EngineRequestError("the prompt has no tokens; there is nothing to continue")
            max_tokens = min(wanted.max_tokens, n_ctx_tokens - len(encoded.tokens))
            for _ in range(wanted.n):
                self.request.add(encoded.tokens, max_tokens=max_tokens)
                self.answerings.append(
                    Answering(
                        wanted,
                        index=len(self.answerings),
                        drawer=backend.drawer(ticket.job, len(self.answerings)),
                        prompt=encoded.tokens,
                        stops=encoded.stops,
                        max_tokens=max_tokens,
                    )
                )
        self._events: list[Event] = []
        self._started_s: float | None = None
        self._read_s: float | None = None
        self._first_s: float | None = None
        self._n_unread_prompts = len(wanted.prompts)
        self._told_prefill = False
        self._n_ended = 0

    def started(self, now_s: float) -> None:
        """Take in that a first slice of it is being computed."""
        self._started_s = self._started_s or now_s

    @property
    def has_started(self) -> bool:
        """Whether anything of it was computed."""
        return self._started_s is not None

    def was_read(self, now_s: float) -> None:
        """Take in that one of its prompts is read whole."""
        self._n_unread_prompts -= 1
        if self._n_unread_prompts <= 0:
            self._read_s = self._read_s or now_s

    def is_over_budget(self, now_s: float) -> bool:
        """Tell whether generating has taken as long as it may."""
        budget_ms = self.ticket.job.request.decode_budget_ms
        if budget_ms <= 0 or self._first_s is None:
            return False
        return now_s >= self._first_s + budget_ms / 1000

    def show(self, delta: Delta | None, *, now_s: float) -> None:
        """Take a piece of an answer, to be told."""
        if delta is None:
            return
        self._first_s = self._first_s or now_s
        if not self._told_prefill:
            self._told_prefill = True
            delta = replace(delta, prefill=self._prefill(now_s))
        self._events.append(delta)

    def end(self, answering: Answering) -> None:
        """Take in that an answer has ended, and why."""
        self._n_ended += 1
        if answering.reason is not None:
            self._events.append(
                AnswerEnd(
                    index=answering.index,
                    reason=answering.reason,
                    completion_tokens=answering.n_made,
                )
            )

    @property
    def is_done(self) -> bool:
        """Whether all answers have ended."""
        return self._n_ended >= len(self.answerings)

    def tell(self, *last: Event) -> None:
        """Deliver what has gathered."""
        events, self._events = [*self._events, *last], []
        if events:
            self.ticket.deliver(*events)

    def finished(self, now_s: float) -> Finished:
        """Return what it took."""
        read = self._prefill(now_s)
        arrived_s = self.ticket.arrived_s
        started_s = self._started_s if self._started_s is not None else now_s
        first_s = self._first_s if self._first_s is not None else now_s
        decoding_s = self._read_s if self._read_s is not None else now_s
        reasons = [one.reason for one in self.answerings]
        reason = reasons[0] or FinishReason.CANCELLED
        if self.ticket.is_cancelled():
            reason = FinishReason.CANCELLED
        return Finished(
            reason=reason,
            prompt_tokens=read.prompt_tokens,
            cached_tokens=read.cached_tokens,
            completion_tokens=sum(one.n_made for one in self.answerings),
            prefill_ms=read.prefill_ms,
            decode_ms=max(0.0, now_s - decoding_s) * 1000,
            queue_ms=(started_s - arrived_s) * 1000,
            ttft_ms=(first_s - arrived_s) * 1000,
            drafted_tokens=sum(one.n_drafted for one in self.answerings),
            accepted_tokens=sum(one.n_accepted for one in self.answerings),
        )

    def _prefill(self, now_s: float) -> Prefill:
        leaders = [one for one in self.request.answers if one.index % self.request.n == 0]
        started_s = self._started_s if self._started_s is not None else now_s
        read_s = self._read_s if self._read_s is not None else now_s
        return Prefill(
            prompt_tokens=sum(one.n_prompt for one in leaders),
            cached_tokens=sum(one.n_cached for one in leaders),
            prefill_ms=(read_s - started_s) * 1000,
        )

    def answering(self, answer: Answer) -> Answering:
        """Return the text's side of one of its answers."""
        return self.answerings[answer.index]


def _asked(wanted: GenerationRequest, arrived_s: float) -> Request:
    has_deadline = wanted.deadline_ms > 0
    return Request(
        priority=wanted.priority,
        lane=wanted.lane,
        is_cold=wanted.cold,
        arrived_s=arrived_s,
        deadline_s=arrived_s + wanted.deadline_ms / 1000 if has_deadline else float("inf"),
        n=wanted.n,
    )
