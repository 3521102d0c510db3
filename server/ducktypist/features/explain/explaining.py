"""Who explains what right now: one piece of work for all who ask for the same code.

The work goes on while somebody waits; finished, it lies in the store for every
window. Facts do not wait for it, and it does not wait for anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from ducktypist.config import ExplainConfig
from ducktypist.domain import Span
from ducktypist.errors import DucktypistError
from ducktypist.features.explain.making import GroundsOf, Means, make, what_is_known
from ducktypist.features.explain.sources import FactSources
from ducktypist.features.explain.store import ExplanationStore
from ducktypist.features.explain.words import ExplainRequest, Explanation
from ducktypist.features.workbench import Workbench
from ducktypist.ledger.events import Shown
from ducktypist.ledger.store import Ledger

MAX_KNOWN = 512

_Place = tuple[str, int, int, int, int, int]


@dataclass(slots=True, eq=False, kw_only=True)
class Work:
    """One explanation being made."""

    place: _Place
    so_far: Explanation
    """What is finished and checked."""
    error: DucktypistError | None = None
    """Why there will be no more; None while there may be, and when all went well."""
    _task: asyncio.Task[None] | None = None
    _n_askers: int = 0

    @property
    def is_done(self) -> bool:
        """Whether no more will come."""
        return self._task is None or self._task.done()

    async def wait(self, timeout_s: float | None) -> bool:
        """Wait for the end, at most so long; tell whether it was reached."""
        task = self._task
        if task is not None and not task.done():
            await asyncio.wait({task}, timeout=timeout_s)
        if task is not None and task.done() and not task.cancelled():
            # What is no error of ours is a mistake of ours, and nobody else would hear of it.
            task.result()
        return self.is_done

    def leave(self) -> None:
        """Go without it; the last one that leaves ends it."""
        self._n_askers -= 1
        if self._n_askers <= 0:
            self.cancel()

    def cancel(self) -> None:
        """End it, whoever waits."""
        if self._task is not None:
            self._task.cancel()


@dataclass(slots=True, kw_only=True)
class Explaining:
    """What is being explained in one window, and what was."""

    store: ExplanationStore
    _known: OrderedDict[tuple[_Place, str], Explanation] = field(default_factory=OrderedDict)
    _works: dict[_Place, Work] = field(default_factory=dict)
    _shown: set[str] = field(default_factory=set)

    def known(
        self, request: ExplainRequest, model_sha256: str, config: ExplainConfig
    ) -> Explanation | None:
        """Return what was explained at this place of this very text; looks at no disk."""
        found = self._known.get((_place(request, config), model_sha256))
        return None if found is None else _as_cached(found)

    async def facts(
        self, request: ExplainRequest, *, sources: FactSources, config: ExplainConfig
    ) -> Explanation | None:
        """Return what is known at once, without prose; None where nothing is to be explained."""
        started = time.monotonic()
        known = await what_is_known(request, sources, config)
        elapsed_ms = (time.monotonic() - started) * 1000
        return None if known is None else replace(known, facts_ms=elapsed_ms)

    def begin(
        self,
        request: ExplainRequest,
        *,
        workbench: Workbench,
        sources: FactSources,
        config: ExplainConfig,
        grounds: GroundsOf,
    ) -> Work:
        """Have a place explained, or join who already asks for it; each asker leaves once."""
        means = Means(
            workbench=workbench, sources=sources, config=config, grounds=grounds, store=self.store
        )
        place = _place(request, config)
        work = self._works.get(place)
        if request.fresh:
            # What the same code is known as at its other places goes as well.
            for known in [known for known in self._known if known[0][:2] == place[:2]]:
                del self._known[known]
        if work is None or work.is_done or request.fresh:
            if work is not None:
                work.cancel()
            work = Work(
                place=place,
                so_far=Explanation(title="", span=Span(start=request.offset, end=request.offset)),
            )
            work._task = asyncio.ensure_future(  # noqa: SLF001 - a work and its maker are one
                self._run(work, request, means)
            )
            self._works[place] = work
        work._n_askers += 1  # noqa: SLF001 - as above
        return work

    async def explain(
        self,
        request: ExplainRequest,
        *,
        workbench: Workbench,
        sources: FactSources,
        config: ExplainConfig,
        grounds: GroundsOf,
    ) -> Explanation | None:
        """Wait for a whole explanation; None where there is nothing to explain or nothing was said.

        Cancelling ends the work unless others wait for it.

        Raises:
            EngineError: One of its four kinds.
        """
        work = self.begin(
            request, workbench=workbench, sources=sources, config=config, grounds=grounds
        )
        try:
            await work.wait(None)
        finally:
            work.leave()
        if work.error is not None:
            raise work.error
        if not work.so_far.prose:
            return None
        self.note_shown(work.so_far, workbench.ledger)
        return work.so_far

    def note_shown(self, explanation: Explanation, ledger: Ledger) -> None:
        """Record that a person saw a prose; once in a window."""
        provenance = explanation.provenance
        if provenance is None or provenance.suggestion_id in self._shown:
            return
        self._shown.add(provenance.suggestion_id)
        ledger.append(Shown(suggestion_id=provenance.suggestion_id))

    async def aclose(self) -> None:
        """End all work."""
        tasks = [work._task for work in self._works.values() if work._task]  # noqa: SLF001 - as above
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, work: Work, request: ExplainRequest, means: Means) -> None:
        try:
            async with contextlib.aclosing(make(request, means)) as answers:
                async for answer in answers:
                    work.so_far = answer
            if work.so_far.is_whole:
                self._remember(work.place, means.workbench.model.sha256, work.so_far)
        except DucktypistError as error:
            work.error = error
        finally:
            if self._works.get(work.place) is work:
                del self._works[work.place]

    def _remember(self, place: _Place, model_sha256: str, answer: Explanation) -> None:
        self._known[place, model_sha256] = answer
        self._known.move_to_end((place, model_sha256))
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)


def _place(request: ExplainRequest, config: ExplainConfig) -> _Place:
    chosen, document = request.selection, request.document
    return (
        document.uri,
        hash(document.text),
        request.offset,
        -1 if chosen is None else chosen.start,
        -1 if chosen is None else chosen.end,
        hash((config, document.language)),
    )


def _as_cached(known: Explanation) -> Explanation:
    if known.provenance is None:
        return known
    return replace(known, provenance=replace(known.provenance, cached=True))
