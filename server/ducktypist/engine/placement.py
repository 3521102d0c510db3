"""Where answers are computed: which sequence they go on from, and what is forgotten for them.

Pure: time is an argument, and what must be done to the backend's cache comes back as changes.

* An answer goes on from the sequence with the longest common beginning: it takes that over if
  little is lost by it, and copies from it (also while it is busy) if not. So hover, completion and
  fix each keep theirs.
* Forgotten is, of the sequences nobody waits for, what is cheap to read again and was not used for
  long. Only for somebody who waits, an unfinished answer of less priority loses its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ducktypist.domain import Priority
from ducktypist.engine.asked import Answer, Request
from ducktypist.engine.backend import Capacity
from ducktypist.engine.cells import Cells
from ducktypist.engine.sequences import Sequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """Cut a sequence back."""

    sequence: int
    n_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Let an empty sequence share the beginning of another."""

    source: int
    target: int
    n_tokens: int


Change = Trim | Copy
"""What must be done to the backend's cache; in order."""


class Placement:
    """The sequences, what they hold and whose they are."""

    def __init__(self, capacity: Capacity) -> None:
        self.cells = Cells(n_cells=capacity.n_cells, n_sequences=capacity.n_sequences)
        self._can_fork = capacity.can_fork
        self._sequences = Sequences(self.cells)

    def busy(self) -> dict[int, Answer]:
        """Return the answers that have a sequence, by it."""
        return dict(self._sequences.placed)

    def n_unread(self, answer: Answer) -> int:
        """Return how many tokens of an answer are not in the cache."""
        n_read = 0 if answer.sequence is None else self.cells.length(answer.sequence)
        return len(answer.tokens) - n_read

    def best_source(self, answer: Answer) -> tuple[int | None, int]:
        """Return the sequence that an answer can begin with, and how much of it."""
        best, n_best = None, 0
        for sequence in range(self.cells.n_sequences):
            n_held = self.cells.length(sequence)
            if n_held <= n_best or (sequence in self._sequences.placed and not self._can_fork):
                continue
            if answer.request.is_cold and not self._is_of(answer.request, sequence):
                continue
            # The last token is read in any case: what comes after it is wanted.
            n_same = min(self.cells.n_common(sequence, answer.tokens), len(answer.tokens) - 1)
            if not self._can_fork and n_same < n_held:
                continue
            if n_same > n_best:
                best, n_best = sequence, n_same
        return best, n_best

    def admit(
        self, answer: Answer, *, spared: Sequence[Answer], now_s: float
    ) -> list[Change] | None:
        """Give an answer a sequence.

        Args:
            answer: One that has none.
            spared: Answers whose place must not be taken, whatever their priority.
            now_s: The time.

        Returns:
            What to do to the cache; None when there is no room now, and nothing was changed that
            anybody waits for.
        """
        changes: list[Change] = []
        while True:
            source, n_same = self.best_source(answer)
            if self._has_room(self._n_needed(answer, n_cached=n_same)):
                seated = self._seat(answer, source, n_same, now_s=now_s)
                if seated is not None:
                    return [*changes, *seated]
                freed = self._beat(answer.request.priority, spared, now_s=now_s)
            else:
                freed = self._forget(answer.request.priority, source, n_same, spared, now_s=now_s)
            if freed is None:
                return changes or None
            changes.append(freed)

    def fork(self, leader: Answer, *, now_s: float) -> tuple[list[Answer], list[Change]]:
        """Give the other answers to a prompt that was just read copies of its sequence.

        Returns:
            Those that have their whole prompt in the cache now, and what to do to the cache.
        """
        request, changes, forked = leader.request, list[Change](), list[Answer]()
        if leader.sequence is None or leader.index % request.n or not self._can_fork:
            return [], []
        for answer in request.answers[leader.index + 1 : leader.index + request.n]:
            if answer.sequence is not None or answer.is_done or answer.n_made:
                continue
            if not self._has_room(self._n_needed(answer, n_cached=answer.n_prompt)):
                break
            target = self._empty_sequence(changes, spared=leader.sequence, now_s=now_s)
            if target is None:
                break
            changes += self._place(answer, target, leader.sequence, answer.n_prompt)
            forked.append(answer)
        return forked, changes

    def release(self, answer: Answer, *, keep: bool, now_s: float) -> list[Change]:
        """Take an answer's sequence back; what it holds stays if it is to be kept."""
        sequence = answer.sequence
        # A draft goes on from a last token that is not to be read alone any more.
        answer.draft = ()
        if sequence is None:
            return []
        self._sequences.release(sequence, now_s=now_s)
        return [] if keep else [self._empty(sequence)]

    def lose_all(self, *, now_s: float) -> None:
        """Take in that every sequence is empty, and take them back."""
        for answer in list(self._sequences.placed.values()):
            self.release(answer, keep=True, now_s=now_s)
        for sequence in range(self.cells.n_sequences):
            self.cells.trim(sequence, 0)

    def forget_idle(self) -> list[Change]:
        """Forget everything that nobody waits for."""
        return [self._empty(one) for one in self._sequences.idle() if self.cells.length(one)]

    # ------------------------------------------------------------------ inside

    def _is_of(self, request: Request, sequence: int) -> bool:
        """Tell whether an unfinished answer of a request is computed in a sequence."""
        placed = self._sequences.placed.get(sequence)
        return placed is not None and placed.request is request

    def _seat(
        self, answer: Answer, source: int | None, n_same: int, *, now_s: float
    ) -> list[Change] | None:
        """Give an answer a sequence, None when all of them are wanted."""
        lane = answer.request.lane
        if source is not None and self._sequences.may_take(source, n_kept=n_same, lane=lane):
            return self._take(answer, source, n_same)
        changes: list[Change] = []
        target = self._empty_sequence(changes, spared=source, now_s=now_s)
        if target is not None:
            return [*changes, *self._place(answer, target, source, n_same)]
        if source is not None and source not in self._sequences.placed:
            return self._take(answer, source, n_same)
        return None

    def _take(self, answer: Answer, source: int, n_same: int) -> list[Change]:
        changes: list[Change] = []
        if n_same < self.cells.length(source):
            changes.append(self._cut(source, n_same))
        self._occupy(answer, source, n_same)
        return changes

    def _place(self, answer: Answer, target: int, source: int | None, n_same: int) -> list[Change]:
        changes: list[Change] = []
        if source is None or not n_same or not self._can_fork:
            n_same = 0
        else:
            self.cells.copy(source, target, n_same)
            changes.append(Copy(source=source, target=target, n_tokens=n_same))
        self._occupy(answer, target, n_same)
        return changes

    def _occupy(self, answer: Answer, sequence: int, n_same: int) -> None:
        self._sequences.occupy(sequence, answer)
        if not answer.was_placed:
            answer.was_placed, answer.n_cached = True, min(n_same, answer.n_prompt)

    def _empty_sequence(
        self, changes: list[Change], *, spared: int | None, now_s: float
    ) -> int | None:
        """Return an empty sequence, made empty if need be; None when all are wanted."""
        for sequence in self._sequences.idle():
            if not self.cells.length(sequence):
                return sequence
        kept = {} if spared is None else {spared: self.cells.length(spared)}
        victim = self._sequences.cheapest(kept=kept, now_s=now_s)
        if victim is not None:
            changes.append(self._empty(victim))
        return victim

    def _n_needed(self, answer: Answer, *, n_cached: int) -> int:
        n_left = max(0, answer.max_tokens - answer.n_made)
        return len(answer.tokens) - n_cached + n_left

    def _has_room(self, n_needed: int) -> bool:
        """Tell whether so many cells more can be promised beside what others may still take."""
        n_promised = sum(
            self.n_unread(answer) + max(0, answer.max_tokens - answer.n_made)
            for answer in self._sequences.placed.values()
        )
        return self.cells.n_used + n_promised + n_needed <= self.cells.n_cells

    def _forget(
        self,
        priority: Priority,
        source: int | None,
        n_same: int,
        spared: Sequence[Answer],
        *,
        now_s: float,
    ) -> Change | None:
        """Forget the next thing that is worth least; None when everything is waited for."""
        # What the answer goes on from is kept; the rest of that sequence is worth what others are.
        kept = {} if source is None else {source: n_same}
        victim = self._sequences.cheapest(kept=kept, now_s=now_s)
        if victim is not None:
            return self._cut(victim, kept.get(victim, 0))
        return self._beat(priority, spared, now_s=now_s)

    def _beat(self, priority: Priority, spared: Sequence[Answer], *, now_s: float) -> Change | None:
        """Take the place of an unfinished answer that matters less; None when there is none."""
        beaten = [
            one
            for one in self._sequences.placed.values()
            if one.request.priority < priority and one not in spared
        ]
        if not beaten:
            return None
        loser = min(beaten, key=lambda one: (one.request.priority, -one.request.arrived_s))
        return self.release(loser, keep=False, now_s=now_s)[0]

    def _empty(self, sequence: int) -> Trim:
        return self._cut(sequence, 0)

    def _cut(self, sequence: int, n_tokens: int) -> Trim:
        self.cells.trim(sequence, n_tokens)
        return Trim(sequence=sequence, n_tokens=n_tokens)
