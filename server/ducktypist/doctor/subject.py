"""What is examined: settings and the live objects that others built, handed to every check.

It decides nothing and starts nothing of its own; the engine is asked once for all checks that want
to know of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ducktypist.config import Config
from ducktypist.domain import GenerationRequest, TextPrompt
from ducktypist.engine.client import EngineClient, Rates
from ducktypist.errors import DucktypistError, EngineError
from ducktypist.verify.sandbox import SandboxStatus

LOAD_WAIT_S = 150.0
"""How long a model may load: some 20 GB from a disk that reads 150 MB a second."""
WORD = "one two three"
"""Any text will do: what is looked at is whether a token comes."""
ENDED = frozenset({"stopped", "failed"})
"""States in which no process is there to be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSight:
    """What asking the engine for one token showed."""

    before: Mapping[str, Any]
    """Its status before it was asked for anything."""
    after: Mapping[str, Any]
    """Its status afterwards."""
    error: str
    """Why it gave no token; empty when it gave one."""
    rates: Rates | None
    """How fast it is, where it says so."""
    first_token_ms: float
    """From asking to the token; 0 when there was none."""

    @property
    def was_running(self) -> bool:
        """Whether it ran before it was asked."""
        return self.before.get("state") not in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One installation, seen from one workspace folder."""

    folder: Path
    """Absolute; nothing in it is run."""
    is_trusted: bool
    settings: Config
    """The user's and the folder's."""
    problems: tuple[str, ...]
    """What was wrong with the settings, in sentences."""
    status: Callable[[], Awaitable[Mapping[str, Any]]]
    """How things stand, as ``ducktypist.status`` answers."""
    client: Callable[[], EngineClient]
    """The engine's client; fails where ``status`` has no address for the engine."""
    sandbox: Callable[[], Awaitable[SandboxStatus]]
    """Finds the level out by trying to break out."""
    quick: bool
    """Leave out what reads gigabytes."""
    say: Callable[[str, str], None]
    """Told the name of a check and how far it is."""
    _seen: list[asyncio.Task[EngineSight]] = field(default_factory=list, repr=False)

    @property
    def is_remote(self) -> bool:
        """Whether the settings name an engine that is not ours."""
        return bool(self.settings.engine.url)

    @property
    def is_scripted(self) -> bool:
        """Whether a script stands in for a model."""
        return not self.is_remote and self.settings.engine.backend.startswith("scripted:")

    async def engine(self) -> EngineSight:
        """Start the engine if need be, ask it for one token, and return what that showed.

        All who call share one attempt.
        """
        if not self._seen:
            self._seen.append(asyncio.ensure_future(self._look()))
        return await asyncio.shield(self._seen[0])

    async def aclose(self) -> None:
        """End what is still being asked."""
        for task in self._seen:
            task.cancel()
            await asyncio.wait([task])

    async def _look(self) -> EngineSight:
        before = await self._engine_status()
        error, rates, first_token_ms = "", None, 0.0
        if not before.get("address"):
            error = str(before.get("last_error") or "the engine cannot be built")
        else:
            try:
                client = self.client()
                self.say("engine", "the model is being loaded")
                await client.wait_ready(LOAD_WAIT_S)
                self.say("engine", "waiting for a token")
                answer = await client.generate(
                    GenerationRequest(prompt=TextPrompt(text=WORD), max_tokens=1)
                )
                first_token_ms = answer.timings.ttft_ms
                rates = await client.rates()
            except (EngineError, DucktypistError) as failure:
                error = str(failure)
        return EngineSight(
            before=before,
            after=await self._engine_status(),
            error=error,
            rates=rates,
            first_token_ms=first_token_ms,
        )

    async def _engine_status(self) -> Mapping[str, Any]:
        found = (await self.status()).get("engine")
        return found if isinstance(found, Mapping) else {}
