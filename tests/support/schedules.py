"""A host without threads, clock or model: the scheduler, driven over a cache that forgives nothing.

``Play`` does what the worker does with a plan, one step at a time, and watches the promises that
the scheduler makes. Its model is a function of everything that stands before a token, so an answer
that was computed after anybody else's text comes out wrong.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, cast

from ducktypist.domain import Priority
from ducktypist.engine.asked import Answer, Request
from ducktypist.engine.backend import Capacity, Drawer, Feed, StepCode
from ducktypist.engine.costs import Costs
from ducktypist.engine.placement import Change, Copy
from ducktypist.engine.scheduler import Fed, Scheduler, Step
from ducktypist.engine.scripted_cache import Cell, StrictCache, chained

N_WORDS = 7
"""So few that prompts and drafts often have something in common by chance."""


def next_token(chain: int, choice: int) -> int | None:
    """Return what comes after a text, None for the end of the answer."""
    number = random.Random(chain * 64 + choice).randrange(1000)  # noqa: S311 - a toy model
    return None if number < 60 else number % N_WORDS


def chain_of(tokens: list[int]) -> int:
    """Return what stands for a text."""
    chain = 0
    for token in tokens:
        chain = chained(chain, token)
    return chain


def answer_to(prompt: list[int], *, choice: int, max_tokens: int) -> list[int]:
    """Return the whole answer to a prompt, as it is without a scheduler."""
    said: list[int] = []
    chain = chain_of(prompt)
    while len(said) < max_tokens and (token := next_token(chain, choice)) is not None:
        said.append(token)
        chain = chained(chain, token)
    return said


@dataclass(slots=True)
class Asked:
    """A request and what became of it."""

    request: Request
    prompts: list[list[int]]
    speculates: bool
    n_ended: int = 0
    ends: dict[int, str] = field(default_factory=dict)
    n_cached: dict[int, int] = field(default_factory=dict)
    """How much of each answer the cache held when it first got a place there."""


class Play:
    """A scheduler, a cache, and everybody who asked."""

    def __init__(self, capacity: Capacity, costs: Costs, *, seed: int = 0) -> None:
        self.capacity = capacity
        self.scheduler = Scheduler(capacity, costs)
        self.cache = StrictCache(capacity)
        self.now_s = 0.0
        self.all: list[Asked] = []
        self.n_steps = 0
        self.n_read = 0
        """Tokens that were computed, all steps together."""
        self._readers: dict[int, tuple[Cell, Request]] = {}
        """For whom each cell was computed."""
        self._random = random.Random(seed)  # noqa: S311 - schedules, not secrets

    # ------------------------------------------------------------------ what people do

    def ask(
        self,
        prompts: list[list[int]],
        *,
        max_tokens: int = 4,
        n: int = 1,
        priority: Priority = Priority.INTERACTIVE,
        lane: str = "",
        deadline_s: float = float("inf"),
        is_cold: bool = False,
        speculates: bool = False,
    ) -> Asked:
        """Ask something; the older requests of the lane end."""
        request = Request(
            priority=priority,
            lane=lane,
            is_cold=is_cold,
            arrived_s=self.now_s,
            deadline_s=deadline_s,
            n=n,
        )
        for prompt in prompts:
            for _ in range(n):
                request.add(prompt, max_tokens=max_tokens)
        asked = Asked(request=request, prompts=prompts, speculates=speculates)
        beaten = {id(one) for one in self.scheduler.submit(request)}
        rivals = [one for one in self.all if lane and one.request.lane == lane]
        assert beaten == {id(one.request) for one in rivals if not one.request.is_done}
        for one in rivals:
            self.cancel(one, "superseded")
        self.all.append(asked)
        return asked

    def cancel(self, asked: Asked, why: str = "cancelled") -> None:
        """End what has not ended of a request."""
        for answer in asked.request.answers:
            if not answer.is_done:
                self._end(asked, answer, why)

    def unfinished(self) -> list[Asked]:
        """Return the requests that somebody waits for."""
        return [one for one in self.all if not one.request.is_done]

    # ------------------------------------------------------------------ what the worker does

    def step(self, code: StepCode = StepCode.DONE) -> Step | None:
        """Compute one step, or let it end otherwise; return what it was."""
        for answer in self.scheduler.expired(now_s=self.now_s):
            self._end(self._asked(answer), answer, "deadline")
        before = {id(one): one for one in self.scheduler.busy().values()}
        step = self.scheduler.plan(now_s=self.now_s)
        self._check_plan(step, before)
        if step is None:
            return None
        self.n_steps += 1
        self._apply(step.changes)
        feeds = [self._feed(fed) for fed in step.feeds]
        self.cache.check(feeds)
        self._note_cached()
        if code is StepCode.INTERRUPTED:
            self.cache.append_part(feeds)
            self._apply(self.scheduler.undone(step))
        elif code is StepCode.NO_ROOM:
            self._apply(self.scheduler.forget_idle())
        elif code is StepCode.FAILED:
            self.cache.spoil(feeds)
            self.scheduler.lost_all(now_s=self.now_s)
            for sequence in range(self.capacity.n_sequences):
                self.cache.trim(sequence, 0)
        else:
            self._done(step, feeds)
        self.check()
        return step

    def run(self, *, most_steps: int = 20_000) -> None:
        """Compute until nobody waits any more."""
        while self.unfinished():
            assert self.step() is not None or not self.unfinished(), "nobody goes on"
            self.now_s += 0.01
            most_steps -= 1
            assert most_steps, "it does not come to an end"

    def check(self) -> None:
        """Check that the scheduler's picture of the cache is the cache."""
        lengths = {one: self.cache.length(one) for one in range(self.capacity.n_sequences)}
        assert self.scheduler.held() == {one: length for one, length in lengths.items() if length}
        assert self.scheduler.n_cells_used() == self.cache.n_used_cells <= self.capacity.n_cells
        for sequence, answer in self.scheduler.busy().items():
            assert answer.sequence == sequence
            assert not answer.is_done
            held = list(self.cache.tokens(sequence))
            assert held == answer.tokens[: len(held)]

    def told(self, step: Step) -> str:
        """Return who waits and who was served, for messages."""
        lines = [
            f"{one.request.priority.name} {answer.index}: {len(answer.tokens)} tokens, at most "
            f"{answer.max_tokens} of them its own, in sequence {answer.sequence}"
            for one in self.unfinished()
            for answer in one.request.answers
            if not answer.is_done
        ]
        lines += [
            f"fed {fed.answer.sequence} from {fed.start}: {len(fed.tokens)}" for fed in step.feeds
        ]
        return "\n".join([f"{self.capacity}", f"held {self.scheduler.held()}", *lines])

    def check_end(self) -> None:
        """Check that everything ended once, rightly, and left nothing behind."""
        assert self.scheduler.busy() == {}
        assert self.scheduler.plan(now_s=self.now_s) is None
        for asked in self.all:
            assert asked.n_ended == len(asked.request.answers) == len(asked.ends)
            for answer in asked.request.answers:
                self._check_answer(asked, answer)
        self._apply(self.scheduler.forget_idle())
        assert self.cache.n_used_cells == self.scheduler.n_cells_used() == 0

    # ------------------------------------------------------------------ inside

    def _check_answer(self, asked: Asked, answer: Answer) -> None:
        prompt = asked.prompts[answer.index // asked.request.n]
        whole = answer_to(
            prompt, choice=answer.index % asked.request.n, max_tokens=answer.max_tokens
        )
        said = answer.tokens[len(prompt) :]
        assert answer.tokens[: len(prompt)] == prompt
        assert said == whole[: len(said)]
        if asked.ends[answer.index] == "whole":
            assert said == whole
        assert answer.n_cached == asked.n_cached.get(answer.index, 0)

    def _check_plan(self, step: Step | None, before: dict[int, Answer]) -> None:
        wanted = {one.request.priority for one in self.unfinished()}
        assert (step is None) == (not wanted)
        if step is None:
            return
        # Whoever matters most is served in the very next step.
        assert step.priority == max(wanted), self.told(step)
        assert step.priority == max(fed.answer.request.priority for fed in step.feeds)
        assert all(not fed.answer.is_done for fed in step.feeds)
        for answer in before.values():
            if answer.sequence is None:
                # Only for somebody who matters more.
                assert answer.request.priority < step.priority
        if step.priority > Priority.BACKGROUND:
            self._check_guests(step)

    def _check_guests(self, step: Step) -> None:
        """Check that background work in a step hardly makes it longer."""
        costs = self.scheduler.costs
        n_hosts = sum(len(f.tokens) for f in step.feeds if f.answer.request.priority)
        n_all = sum(len(f.tokens) for f in step.feeds)
        assert costs.ms(n_all) <= 1.2 * costs.ms(n_hosts), (n_hosts, n_all)

    def _note_cached(self) -> None:
        for sequence, answer in self.scheduler.busy().items():
            asked = self._asked(answer)
            if answer.index in asked.n_cached:
                continue
            asked.n_cached[answer.index] = min(self.cache.length(sequence), answer.n_prompt)
            if answer.request.is_cold:
                # What it shares with other answers of its own request is no reuse.
                cells = self.cache.cells(sequence)
                assert all(self._readers[id(cell)][1] is asked.request for cell in cells)

    def _done(self, step: Step, feeds: list[Feed]) -> None:
        self.n_read += sum(len(feed.tokens) for feed in feeds)
        cells = self.cache.append(feeds)
        self.scheduler.done(step)
        row = 0
        for fed in step.feeds:
            first_row = row + len(fed.tokens) - fed.n_rows
            for cell in cells[row : row + len(fed.tokens)]:
                self._readers[id(cell)] = cell, fed.answer.request
            row += len(fed.tokens)
            if not fed.n_rows:
                continue
            chains = [cell.chain for cell in cells[first_row:row]]
            speakers = [fed.answer]
            if not fed.answer.n_made:
                forked, changes = self.scheduler.fork(fed.answer, now_s=self.now_s)
                self._apply(changes)
                self._note_cached()
                speakers += forked
            for answer in speakers:
                self._draw(answer, chains, fed.tokens[len(fed.tokens) - fed.n_rows + 1 :])

    def _draw(self, answer: Answer, chains: list[int], draft: tuple[int, ...]) -> None:
        asked = self._asked(answer)
        for place, chain in enumerate(chains):
            assert chain == chain_of(answer.tokens), "drawn after another text"
            if answer.n_made >= answer.max_tokens:
                self._apply(self.scheduler.settle(answer, goes_on=False))
                self._end(asked, answer, "whole")
                return
            if draft and self._random.random() < 0.1:
                # Too close to call beside other rows: drawn again without the draft.
                self._apply(self.scheduler.settle(answer, goes_on=True))
                return
            token = next_token(chain, answer.index % asked.request.n)
            if token is None:
                self._apply(self.scheduler.settle(answer, goes_on=False))
                self._end(asked, answer, "whole")
                return
            answer.tokens.append(token)
            if answer.n_made >= answer.max_tokens:
                self._apply(self.scheduler.settle(answer, goes_on=False))
                self._end(asked, answer, "whole")
                return
            if place < len(draft) and draft[place] != token:
                break
        self._apply(self.scheduler.settle(answer, goes_on=True))
        if asked.speculates:
            answer.draft = self._draft(answer)

    def _draft(self, answer: Answer) -> tuple[int, ...]:
        """Return a draft that is right up to some place, or all the way."""
        longest = min(6, answer.max_tokens - answer.n_made - 1)
        right = answer_to(
            answer.tokens, choice=answer.index % answer.request.n, max_tokens=max(0, longest)
        )
        n_right = self._random.randint(0, len(right))
        wrong = [self._random.randrange(N_WORDS)] * self._random.randint(0, 2)
        return tuple([*right[:n_right], *wrong][: max(0, longest)])

    def _end(self, asked: Asked, answer: Answer, why: str) -> None:
        assert answer.index not in asked.ends
        asked.n_ended += 1
        asked.ends[answer.index] = why
        self._apply(self.scheduler.finish(answer, now_s=self.now_s))
        assert self.scheduler.finish(answer, now_s=self.now_s) == []

    def _asked(self, answer: Answer) -> Asked:
        return next(one for one in self.all if one.request is answer.request)

    def _feed(self, fed: Fed) -> Feed:
        assert fed.answer.sequence is not None
        return Feed(
            sequence=fed.answer.sequence,
            start=fed.start,
            tokens=fed.tokens,
            n_rows=fed.n_rows,
            drawer=cast("Drawer", None),
        )

    def _apply(self, changes: Any) -> None:
        change: Change
        for change in changes:
            if isinstance(change, Copy):
                self.cache.copy(change.source, change.target, change.n_tokens)
            elif not self.cache.trim(change.sequence, change.n_tokens):
                self.scheduler.lost(change.sequence)
