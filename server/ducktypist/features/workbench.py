"""What every feature works with: the engine, the prompts and the ledger, side by side.

It asks and keeps the record of having asked. It decides nothing about code.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ulid import ULID

from ducktypist.domain import (
    Document,
    Generation,
    GenerationRequest,
    ModelIdentity,
    Prompt,
    Rung,
    Sampling,
    Timings,
)
from ducktypist.engine.client import EngineClient
from ducktypist.errors import EngineError
from ducktypist.features.arriving import Arriving
from ducktypist.ledger.events import Event, Requested, StaticVerdict
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tell.teller import Teller
from ducktypist.prompting import assemble
from ducktypist.prompting.templates import PromptLibrary, Template, prompt_hash

MAX_ANSWERS = 64
"""The most answers of one request, as the engine has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much context a question may have: as much as is read in the time it is worth."""

    within_ms: float
    """What reading it may take when nothing of it is in the engine's cache."""
    floor_tokens: int
    """Less is useless, however slow the engine is."""
    ceiling_tokens: int
    """More does not make the answer better, however fast it is."""
    usual_tokens: int
    """Where nobody knows how fast it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Where a suggestion is wanted, and what for."""

    path: Path | None
    """The document's, absolute; None where it has none."""
    task: str
    """The same for every model that is asked to do the same: the text and the place in it."""

    @classmethod
    def of(cls, document: Document, *place: object) -> About:
        """Return what is wanted at a place of a document.

        Args:
            document: Its text is part of the task.
            place: What tells this task from others in it: the kind, an offset, a name.
        """
        words = (*(str(item) for item in place), document.text)
        return cls(path=document.path, task="\0".join(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """The engine, the prompts and the ledger of one session."""

    engine: EngineClient
    model: ModelIdentity
    prompts: PromptLibrary
    ledger: Ledger
    session_id: str
    """One per run of the language server."""
    roots: Mapping[Path, Path] = field(default_factory=dict)
    """The real path of each workspace folder, by every name that it goes by."""
    teller: Teller | None = None
    """Says how likely a suggestion is right; None where nobody is to."""
    says_p_right: bool = True
    """Whether people are told what it says; the ledger always is."""

    def whereabouts(self, about: About) -> dict[str, Any]:
        """Return whose project and task it is, as the fields of a ``requested`` event."""
        hashed, path = self.ledger.keyed_hash, about.path
        holding = [root for root in self.roots if path is not None and path.is_relative_to(root)]
        root = max(holding, key=lambda item: len(item.parts), default=None)
        relative = path.relative_to(root).as_posix() if path is not None and root else ""
        return {
            "path_hash": hashed(relative or str(path)) if path is not None else "",
            "project_hash": hashed(str(self.roots[root])) if root is not None else "",
            "path": relative,
            "task_hash": hashed(about.task) if about.task else "",
        }

    def requested(
        self,
        *,
        suggestion_id: str,
        template: Template,
        prompt: Prompt,
        language: str,
        about: About,
        sampling: Sampling,
        trusted: bool,
        truncated: bool = False,
    ) -> None:
        """Record that the engine is about to be asked."""
        self.ledger.append(
            Requested(
                suggestion_id=suggestion_id,
                kind=template.kind,
                language=language,
                model=self.model,
                session_id=self.session_id,
                template_hash=template.template_hash,
                prompt_hash=prompt_hash(prompt),
                **self.whereabouts(about),
                sampling=sampling,
                truncated=truncated,
                trusted=trusted,
            )
        )

    async def max_chars(self, budget: Budget) -> int:
        """Return how much context is worth its time on this engine, in characters of code."""
        fits: int | None = None
        # An engine that cannot be asked now says so when it is asked the question itself.
        with contextlib.suppress(EngineError):
            fits = await self.engine.tokens_in(budget.within_ms)
        n_tokens = budget.usual_tokens
        if fits is not None:
            n_tokens = min(max(fits, budget.floor_tokens), budget.ceiling_tokens)
        if self.model.n_ctx_tokens > 0:
            # The other half is for the answer, and for text that takes more tokens than code does.
            n_tokens = min(n_tokens, self.model.n_ctx_tokens // 2)
        return int(n_tokens * assemble.CHARS_PER_TOKEN)

    def lane(self, what: str, uri: str) -> str:
        """Return the lane of requests of which only the newest counts.

        Args:
            what: The kind of request, such as ``hover``.
            uri: The document's.
        """
        document = hashlib.blake2b(uri.encode("utf-8", "replace"), digest_size=8).hexdigest()
        return f"{what}:{document}:{self.session_id}"

    async def generate(self, request: GenerationRequest) -> Generation:
        """Ask for one answer.

        Its reason is ``cancelled`` where a newer request of its lane came.

        Raises:
            EngineError: One of its four kinds.
        """
        return await self.engine.generate(request)

    @contextlib.asynccontextmanager
    async def answers(self, request: GenerationRequest, tally: Tally) -> AsyncIterator[Arriving]:
        """Ask for several answers and give them as they complete; leaving cancels the rest.

        Args:
            request: At most ``MAX_ANSWERS`` of them.
            tally: What it took is counted in here.

        Raises:
            EngineError: One of its four kinds, when entering the block or while iterating.
        """
        async with self.engine.answers(request) as stream:
            arriving = Arriving(stream, n=request.n)
            reading = asyncio.create_task(arriving.read())
            try:
                yield arriving
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                tally.add(stream.timings())

    def record(self, events: Sequence[Event]) -> None:
        """Append events to the ledger."""
        self.ledger.append_all(events)


@dataclass(slots=True)
class Tally:
    """Adds up the timings of several generations that together make one suggestion."""

    started: float = field(default_factory=time.monotonic)
    timings: list[Timings] = field(default_factory=list)

    def add(self, timings: Timings) -> None:
        """Count one generation in."""
        self.timings.append(timings)

    def total(self) -> Timings:
        """Return sums of the tokens and durations; the wait is from the start until now."""
        parts = self.timings
        return replace(
            Timings.summed(parts),
            ttft_ms=parts[0].ttft_ms if parts else 0.0,
            total_ms=(time.monotonic() - self.started) * 1000,
        )


def new_suggestion_id() -> str:
    """Return a fresh ULID: sorted by time, unique across machines."""
    return str(ULID())


def static_verdict(rung: Rung, *, broken: bool) -> StaticVerdict:
    """Return the ledger's word for how far the static checks got."""
    if broken:
        return StaticVerdict.BROKEN
    if rung.height >= Rung.RESOLVES.height:
        return StaticVerdict.RESOLVES
    return StaticVerdict.PARSES if rung is Rung.PARSES else StaticVerdict.NOT_CHECKED
