"""What is known of the engine: how it was last seen, how often it crashed, which model it has.

Kept by ``engine.client``, which does the asking and the starting; nothing here does I/O.
"""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass

from ducktypist.engine.connection import HTTP_SERVER_ERROR, HTTP_UNAVAILABLE
from ducktypist.engine.identity import Introduction
from ducktypist.engine.startup import Breaker
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

    def __init__(self) -> None:
        self.state = EngineState.STOPPED
        self.last_error = ""
        self.is_down = False
        """Whether it crashed and has not been seen since."""
        self.introduction: Introduction | None = None
        """What it told of itself since it was started, None before it was asked."""
        self.breaker = Breaker()

    def seen(self, status: int, message: str) -> Health:
        """Take in an answer to ``/health``: its status and the error that it tells."""
        if status == HTTP_UNAVAILABLE:
            health = Health(state=EngineState.LOADING, message=message)
        elif status >= HTTP_SERVER_ERROR:
            health = Health(state=EngineState.FAILED, message=message or "loading failed")
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

    def forget(self) -> None:
        """Take in that the engine is gone; the next one may be another."""
        self.introduction = None
        self.state = EngineState.STOPPED
