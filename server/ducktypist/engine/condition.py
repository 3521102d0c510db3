"""What is known of the engine: how it was last seen, how often it crashed, which model it has.

Kept by ``engine.client``, which does the asking and the starting. Only ``explained`` does I/O: it
looks at what a host that has gone left behind.
"""

from __future__ import annotations

import asyncio
import enum
import time
from dataclasses import dataclass

from ducktypist.engine.activity import Activity
from ducktypist.engine.connection import HTTP_SERVER_ERROR, HTTP_UNAVAILABLE
from ducktypist.engine.identity import Introduction
from ducktypist.engine.startup import Breaker, HostSpec, why_it_went
from ducktypist.errors import EngineCrashedError, EngineError, EngineUnavailableError


class EngineState(enum.StrEnum):
    """What was last known of the engine."""

    STOPPED = "stopped"
    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What one look at the engine showed."""

    state: EngineState
    message: str = ""
    """What the engine or the connection said; empty when all is well."""


class Condition:
    """What is known of one engine."""

    def __init__(self, spec: HostSpec | None) -> None:
        """Know nothing yet.

        Args:
            spec: Which host of ours it is; None for an engine elsewhere.
        """
        self.spec = spec
        self.activity = Activity()
        self._state = EngineState.STOPPED
        self.last_error = ""
        self.is_down = False
        """Whether it crashed and has not been seen since."""
        self.introduction: Introduction | None = None
        """What it told of itself since it was started, None before it was asked."""
        self.breaker = Breaker()

    @property
    def state(self) -> EngineState:
        """What was last known of it."""
        return self._state

    @state.setter
    def state(self, state: EngineState) -> None:
        if state is not self._state:
            self._state = state
            self.activity.changed()

    def seen(self, status: int, message: str) -> Health:
        """Take in an answer to ``/health``: its status and the error that it tells."""
        if status == HTTP_UNAVAILABLE:
            health = Health(state=EngineState.LOADING, message=message)
        elif status >= HTTP_SERVER_ERROR:
            health = Health(state=EngineState.FAILED, message=message or "loading failed")
            # Before the state: whoever is told of that asks why.
            self.last_error = health.message
        else:
            # Ollama has no /health and says 404; whatever answers is there.
            health = Health(state=EngineState.READY)
            self.is_down = False
        self.state = health.state
        return health

    def not_seen(self, error: EngineError) -> Health:
        """Take in that ``/health`` had no answer, and why."""
        # A failure stays one until the next start.
        if isinstance(error, EngineUnavailableError) and self.state is not EngineState.FAILED:
            self.forget()
        return Health(state=EngineState.STOPPED, message=str(error))

    async def explained(self, error: EngineError) -> EngineError:
        """Take in what went wrong with a request; return it with the cause, when there is one."""
        # At once: others may be starting the next one while we look.
        self.failed(error)
        if not isinstance(error, EngineCrashedError) or self.spec is None:
            return error
        why = await asyncio.to_thread(why_it_went, self.spec)
        if not why:
            return error
        self.last_error = self.breaker.last_error = (
            f"the engine went away in the middle of a request: it {why}; "
            f"it is started again for the next one"
        )
        return EngineCrashedError(self.last_error)

    def failed(self, error: EngineError) -> None:
        """Take in what went wrong with a request; a lost connection is a crash."""
        if isinstance(error, EngineCrashedError):
            self.crashed(error)
        else:
            self.last_error = str(error)

    def crashed(self, error: EngineError) -> EngineError:
        """Take in a crash, or a start that failed; return the error."""
        self.last_error = str(error)
        # Requests that die together are one crash.
        if not self.is_down:
            self.breaker.record(str(error), now_s=time.monotonic())
            self.is_down = True
        self.forget()
        self.state = EngineState.FAILED
        return error

    def left_alone_s(self) -> float:
        """Return for how many seconds this window starts no host, for what it saw itself."""
        return round(self.breaker.open_for_s(now_s=time.monotonic()), 1)

    def forget(self) -> None:
        """Take in that the engine is gone; the next one may be another."""
        self.introduction = None
        self.state = EngineState.STOPPED
