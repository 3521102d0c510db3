"""Who computes next: the queue, and what goes into a batch. Pure: time is an argument.

No clock, no lock, no await and no backend in here; what it decides comes back as values, and what
became of them is told to it. Reading a prompt and generating are one thing: an answer has tokens,
some of them are in the cache, and a step feeds the next of those that are not.

Priority decides first. Within one priority goes first whose prompt is read soonest (waiting makes
up for it), and whose answer is shortest so far. Of requests with the same lane the newest wins.
Where things are kept is in ``placement``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ducktypist.domain import Priority
from ducktypist.engine.asked import Answer, Request
from ducktypist.engine.backend import Capacity
from ducktypist.engine.cells import n_common
from ducktypist.engine.costs import Costs
from ducktypist.engine.placement import Change, Placement, Trim

MIXED_STEP_MS = 150.0
"""How long a step may take that reads a prompt while other answers are generated; the first of
many is wanted before the last is begun."""
BACKGROUND_STEP_MS = 600.0
"""How long a step may take that nobody waits for: so much is lost when somebody comes."""
MIN_SLICE_TOKENS = 16
MAX_READ_TWICE_TOKENS = 48
"""A prompt waits a step rather than read more than this that its neighbour is just reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fed:
    """What one answer gets in a step."""

    answer: Answer
    start: int
    tokens: tuple[int, ...]
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to compute next."""

    changes: tuple[Change, ...]
    """To be made before it."""
    feeds: tuple[Fed, ...]
    priority: Priority
    """Of the one who matters most in it."""


class Scheduler:
    """All requests that have not ended, and the cache."""

    def __init__(self, capacity: Capacity, costs: Costs) -> None:
        self.costs = costs
        """May be replaced between steps."""
        self._n_batch_tokens = capacity.n_batch_tokens
        self._max_rows = capacity.n_rows
        self._placement = Placement(capacity)
        self._requests: list[Request] = []

    # ------------------------------------------------------------------ requests

    def submit(self, request: Request) -> list[Request]:
        """Take a request; return those that it makes pointless, for the caller to finish.

        The caller sees to it that each prompt, with its answer, fits into the context.
        """
        old = [one for one in self._requests if request.lane and one.lane == request.lane]
        self._requests.append(request)
        return old

    def finish(self, answer: Answer, *, now_s: float) -> list[Change]:
        """End an answer, for whatever reason; what was read of it stays cached."""
        if answer.is_done:
            return []
        answer.is_done = True
        request = answer.request
        if request.is_done:
            self._requests.remove(request)
        return self._placement.release(answer, keep=answer.index in request.leaves, now_s=now_s)

    def expired(self, *, now_s: float) -> list[Answer]:
        """Return the answers whose time is over."""
        late = (one for one in self._requests if now_s >= one.deadline_s)
        return list(_unfinished(late))

    # ------------------------------------------------------------------ a step

    def plan(self, *, now_s: float) -> Step | None:
        """Return what to compute next; None when nobody wants anything."""
        changes: list[Change] = []
        feeds: list[Fed] = []
        for priority in sorted({one.priority for one in self._requests}, reverse=True):
            self._fill(priority, feeds, changes, now_s=now_s)
        if not feeds:
            return None
        return Step(
            changes=tuple(changes),
            feeds=tuple(feeds),
            priority=max(fed.answer.request.priority for fed in feeds),
        )

    def done(self, step: Step) -> None:
        """Take in that a step was computed: what it fed is in the cache, drafts included."""
        for fed in step.feeds:
            if fed.answer.sequence is not None:
                self._placement.cells.append(fed.answer.sequence, fed.tokens)

    def undone(self, step: Step) -> list[Change]:
        """Take in that a step was interrupted; return how to forget what it may have read."""
        return [
            Trim(sequence=fed.answer.sequence, n_tokens=fed.start)
            for fed in step.feeds
            if fed.answer.sequence is not None
        ]

    def settle(self, answer: Answer, *, goes_on: bool) -> list[Change]:
        """Forget what was drafted and not said.

        While an answer goes on its last token is still to be read: what comes after it is wanted.
        """
        if answer.sequence is None:
            return []
        cells, n_kept = self._placement.cells, len(answer.tokens) - int(goes_on)
        if cells.length(answer.sequence) <= n_kept:
            return []
        cells.trim(answer.sequence, n_kept)
        return [Trim(sequence=answer.sequence, n_tokens=n_kept)]

    def fork(self, leader: Answer, *, now_s: float) -> tuple[list[Answer], list[Change]]:
        """Give the other answers to a prompt that was just read copies of its sequence.

        Returns:
            Those that may be drawn from the same row now, and what to do to the cache. Those
            left out read their last token themselves, later.
        """
        return self._placement.fork(leader, now_s=now_s)

    def lost(self, sequence: int) -> None:
        """Take in that the backend could not cut a sequence back and emptied it."""
        self._placement.cells.trim(sequence, 0)

    def lost_all(self, *, now_s: float) -> None:
        """Take in that the whole cache is empty: everybody waits for a place again.

        What sequences shared before, each would have to read for itself; together that may be
        more than there is room for.
        """
        self._placement.lose_all(now_s=now_s)

    def forget_idle(self) -> list[Change]:
        """Forget everything that nobody waits for."""
        return self._placement.forget_idle()

    # ------------------------------------------------------------------ to be looked at

    def n_unread(self, answer: Answer) -> int:
        """Return how many tokens of an answer are not in the cache."""
        return self._placement.n_unread(answer)

    def n_cells_used(self) -> int:
        """Return how many cells hold something."""
        return self._placement.cells.n_used

    def held(self) -> dict[int, int]:
        """Return how many tokens each sequence holds, empty ones left out."""
        cells = self._placement.cells
        lengths = {one: cells.length(one) for one in range(cells.n_sequences)}
        return {one: length for one, length in lengths.items() if length}

    def busy(self) -> dict[int, Answer]:
        """Return the answers that have a sequence, by it."""
        return self._placement.busy()

    # ------------------------------------------------------------------ the batch

    def _fill(
        self, priority: Priority, feeds: list[Fed], changes: list[Change], *, now_s: float
    ) -> None:
        """Add what one priority wants to the batch, after those of more."""
        is_guest = bool(feeds)
        requests = [one for one in self._requests if one.priority == priority]
        unfinished = list(_unfinished(requests))
        going_on = [one for one in unfinished if one.n_made and self.n_unread(one) == 1]
        going_on.sort(key=lambda one: (one.request.n_made, one.request.arrived_s, one.index))
        is_reading = len(going_on) < len(unfinished)
        if not is_reading and not is_guest:
            # What is drafted for one answer is a row as well as the next answer is.
            going_on = going_on[: self.costs.width(len(going_on))]
        for answer in going_on:
            n_rows, n_more = _n_rows(feeds), 1 + len(answer.draft)
            if _n_tokens(feeds) + n_more > self._n_batch_tokens or n_rows + n_more > self._max_rows:
                break
            if is_guest and not self._is_free(feeds, n_more):
                break
            feeds.append(self._fed(answer, n_tokens=1))
        if is_reading:
            self._fill_reading(requests, feeds, changes, is_guest=is_guest, now_s=now_s)

    def _fill_reading(
        self,
        requests: list[Request],
        feeds: list[Fed],
        changes: list[Change],
        *,
        is_guest: bool,
        now_s: float,
    ) -> None:
        """Add slices of prompts to the batch."""
        reading = [
            one for one in requests if any(map(self._is_reading, one.answers)) and not one.is_done
        ]
        n_room = self._slice_tokens(reading, feeds, is_guest=is_guest)
        reading.sort(key=lambda one: self._impatience(one, now_s=now_s))
        for answer in _unfinished(reading):
            if n_room <= 0 or _n_rows(feeds) >= self._max_rows:
                return
            if self._is_reading(answer):
                n_room -= self._read(answer, n_room, feeds, changes, now_s=now_s)

    def _is_reading(self, answer: Answer) -> bool:
        return not answer.is_done and (not answer.n_made or self.n_unread(answer) > 1)

    def _slice_tokens(self, reading: list[Request], feeds: list[Fed], *, is_guest: bool) -> int:
        """Return how many tokens of prompts this step may read."""
        n_room = self._n_batch_tokens - _n_tokens(feeds)
        if is_guest:
            # Whoever matters more must not notice.
            free = (n for n in (n_room, 64, 16) if n <= n_room)
            return next((n for n in free if self._is_free(feeds, n)), 0)
        limit_ms = BACKGROUND_STEP_MS
        if any(one.priority > Priority.BACKGROUND for one in reading):
            if not feeds:
                return n_room
            limit_ms = MIXED_STEP_MS
        n_within = int(limit_ms / 1000 * self.costs.prefill_tok_s)
        return min(n_room, max(MIN_SLICE_TOKENS, n_within))

    def _is_free(self, feeds: list[Fed], n_more: int) -> bool:
        """Tell whether those who matter most hardly notice so many tokens more in the batch."""
        top = max(fed.answer.request.priority for fed in feeds)
        n_top = _n_tokens([fed for fed in feeds if fed.answer.request.priority == top])
        return self.costs.is_free(n_top, _n_tokens(feeds) - n_top + n_more)

    def _impatience(self, request: Request, *, now_s: float) -> tuple[float, float]:
        """Order prompts: what is read soonest, less the time waited; then in order of arrival."""
        first = next(filter(self._is_reading, request.answers))
        n_left = self.n_unread(first)
        if first.sequence is None:
            n_left = len(first.tokens) - self._placement.best_source(first)[1]
        waited_ms = (now_s - request.arrived_s) * 1000
        return self.costs.read_ms(n_left) - waited_ms, request.arrived_s

    def _read(
        self, answer: Answer, n_room: int, feeds: list[Fed], changes: list[Change], *, now_s: float
    ) -> int:
        """Add a slice of a prompt to the batch; return how many tokens that is."""
        if answer.sequence is None:
            if self._is_read_by_another(answer, feeds):
                return 0
            made = self._placement.admit(answer, spared=[fed.answer for fed in feeds], now_s=now_s)
            changes += made or []
            if answer.sequence is None:
                return 0
        fed = self._fed(answer, n_tokens=min(self.n_unread(answer), n_room))
        feeds.append(fed)
        return len(fed.tokens)

    def _fed(self, answer: Answer, *, n_tokens: int) -> Fed:
        if answer.sequence is None:
            raise ValueError("only an answer that was placed can be fed")
        start = self._placement.cells.length(answer.sequence)
        tokens = answer.tokens[start : start + n_tokens]
        if start + n_tokens < len(answer.tokens):
            return Fed(answer=answer, start=start, tokens=tuple(tokens), n_rows=0)
        draft, answer.draft = answer.draft, ()
        if n_tokens > 1:
            draft = ()
        return Fed(answer=answer, start=start, tokens=(*tokens, *draft), n_rows=1 + len(draft))

    def _is_read_by_another(self, answer: Answer, feeds: list[Fed]) -> bool:
        """Tell whether to wait, because others just read what this prompt begins with."""
        request = answer.request
        first = answer.index - answer.index % request.n
        for other in request.answers[first : answer.index]:
            if other.sequence is not None and not other.n_made:
                # The same prompt: this one forks when it is read.
                return True
        n_known = self._placement.best_source(answer)[1]
        for fed in feeds:
            n_after = fed.start + len(fed.tokens)
            if request.is_cold and fed.answer.request is not request:
                continue
            if n_after - n_known <= MAX_READ_TWICE_TOKENS:
                continue
            if n_common(fed.answer.tokens[:n_after], answer.tokens) > (
                n_known + MAX_READ_TWICE_TOKENS
            ):
                return True
        return False


def _unfinished(requests: Iterable[Request]) -> Iterator[Answer]:
    return (answer for one in requests for answer in one.answers if not answer.is_done)


def _n_tokens(feeds: list[Fed]) -> int:
    return sum(len(fed.tokens) for fed in feeds)


def _n_rows(feeds: list[Fed]) -> int:
    return sum(fed.n_rows for fed in feeds)
