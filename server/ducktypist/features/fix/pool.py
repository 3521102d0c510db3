"""Candidates that wait to be tried: the most promising first, no program twice."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Iterable, Sequence

from ducktypist.domain import Candidate, Source
from ducktypist.features.fix.localise import Suspect
from ducktypist.syntax.edits import normal_form

PRIOR = {
    Source.LINE: 1.0,
    Source.MUTATION: 0.6,
    Source.INSERTION: 0.5,
    Source.SPAN: 0.5,
    Source.BODY: 0.3,
    Source.REWRITE: 0.3,
    Source.RACE_RECIPE: 1.0,
}
"""How promising a candidate is by where it comes from, all else equal."""
BATCH = 32
"""So many are compared at a time before the first of them may be tried."""
USUAL_LOGPROB = -0.5
"""For candidates whose tokens have no probability."""


class Pool:
    """A queue of candidates about some functions."""

    def __init__(self, places: Iterable[Suspect]) -> None:
        self._functions = {(place.path, place.function.qualified_name): place for place in places}
        self._waiting: list[tuple[float, int, Candidate]] = []
        self._numbers = itertools.count()
        self._seen: set[str] = set()
        self._news = asyncio.Event()
        self._closed = False
        self.n_known = 0
        """How many different programs were added."""

    async def prepare(self) -> None:
        """Note what the functions are now, so that no candidate is one of them."""
        # In a thread: a keystroke must not wait for a large function's tokens.
        for place in self._functions.values():
            self._seen.add(await asyncio.to_thread(_form, place, None))

    async def add(self, candidates: Iterable[Candidate]) -> None:
        """Queue the candidates that are new programs."""
        given = list(candidates)
        for start in range(0, len(given), BATCH):
            some = given[start : start + BATCH]
            forms = await asyncio.to_thread(self._forms, some)
            for candidate, form in zip(some, forms, strict=True):
                if form not in self._seen:
                    self._seen.add(form)
                    self.n_known += 1
                    entry = (-promise(candidate), next(self._numbers), candidate)
                    heapq.heappush(self._waiting, entry)
            self._news.set()

    def close(self) -> None:
        """Say that nothing more will be added."""
        self._closed = True
        self._news.set()

    async def next(self, *, timeout_s: float) -> Candidate | None:
        """Return the most promising candidate; None when there will be none in that time."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not self._waiting:
            left_s = deadline - asyncio.get_running_loop().time()
            if self._closed or left_s <= 0:
                return None
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left_s)
            except TimeoutError:
                return None
        return heapq.heappop(self._waiting)[2]

    def _forms(self, candidates: Sequence[Candidate]) -> list[str]:
        return [_form(self._place(item), item) for item in candidates]

    def _place(self, candidate: Candidate) -> Suspect:
        return self._functions[candidate.path, candidate.function]


def promise(candidate: Candidate) -> float:
    """Return how promising a candidate is, 0 to 1."""
    logprob = USUAL_LOGPROB if candidate.mean_logprob is None else candidate.mean_logprob
    return candidate.suspicion * PRIOR[candidate.source] * math.exp(max(-5.0, min(0.0, logprob)))


def _form(place: Suspect, candidate: Candidate | None) -> str:
    """Return the normal form of a function, with a candidate's edit when there is one."""
    start, end = place.function.span.start, place.function.span.end
    text = place.text
    if candidate is not None:
        edit = candidate.edit
        if not start <= edit.span.start <= edit.span.end <= end:
            return normal_form(edit.apply(text), place.function.language)
        end += len(edit.new_text) - len(edit.span)
        text = edit.apply(text)
    name = f"{place.path}:{place.function.qualified_name}\n"
    return name + normal_form(text[start:end], place.function.language)
