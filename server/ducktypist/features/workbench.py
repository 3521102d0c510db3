"""What every feature works with: the engine, the prompts and the ledger, side by side.

It asks and keeps the record of having asked. It decides nothing about code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ulid import ULID

from ducktypist.domain import (
    FinishReason,
    Generation,
    GenerationRequest,
    ModelIdentity,
    Prompt,
    Rung,
    Sampling,
    Timings,
)
from ducktypist.engine.client import EngineClient
from ducktypist.ledger.events import Event, Requested, StaticVerdict
from ducktypist.ledger.store import Ledger
from ducktypist.prompting.templates import PromptLibrary, Template, prompt_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """The engine, the prompts and the ledger of one session."""

    engine: EngineClient
    model: ModelIdentity
    prompts: PromptLibrary
    ledger: Ledger
    session_id: str
    """One per run of the language server."""

    def requested(
        self,
        *,
        suggestion_id: str,
        template: Template,
        prompt: Prompt,
        language: str,
        path_key: str,
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
                path_hash=self.ledger.keyed_hash(path_key) if path_key else "",
                sampling=sampling,
                truncated=truncated,
                trusted=trusted,
            )
        )

    async def generate(
        self, request: GenerationRequest, *, until: Callable[[str], bool] = lambda _: False
    ) -> Generation:
        """Ask, and stop as soon as ``until`` says that the running text is complete.

        Leaving early closes the connection, which ends the work in the engine.
        """
        text = ""
        async with self.engine.stream(request) as stream:
            async for piece in stream:
                text += piece
                if until(text):
                    return replace(stream.generation(), finish_reason=FinishReason.STOP)
        return stream.generation()

    def record(self, events: Sequence[Event]) -> None:
        """Append events to the ledger."""
        for event in events:
            self.ledger.append(event)


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
        return Timings(
            queue_ms=sum(part.queue_ms for part in parts),
            prefill_ms=sum(part.prefill_ms for part in parts),
            ttft_ms=parts[0].ttft_ms if parts else 0.0,
            decode_ms=sum(part.decode_ms for part in parts),
            total_ms=(time.monotonic() - self.started) * 1000,
            prompt_tokens=sum(part.prompt_tokens for part in parts),
            cached_tokens=sum(part.cached_tokens for part in parts),
            completion_tokens=sum(part.completion_tokens for part in parts),
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
