"""What is to be seen of the engine at any moment: one word, the model, its speed, what is wrong.

Put together of what the engine's client knows anyway; nothing is asked or started here. Who shows
it, and how often, is not decided here.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ducktypist.engine.client import EngineClient, EngineState
from ducktypist.errors import DucktypistError, ModelMissingError


class Doing(enum.StrEnum):
    """What the engine does."""

    STARTING = "starting"
    """It is being started, or the model is being loaded."""
    IDLE = "idle"
    READING = "reading"
    """A prompt."""
    WRITING = "writing"
    """An answer."""
    MISSING = "missing"
    """The model is not here."""
    FAILED = "failed"
    STOPPED = "stopped"
    """Nobody has needed it yet, or it has left after a while without work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKey:
    """Which model, as the ledger counts."""

    name: str
    sha256: str
    quantisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLook:
    """What is to be seen of the engine."""

    doing: Doing
    model: ModelKey | None
    """None until it is known."""
    tok_s: float | None
    """While writing or reading, tokens a second; None where that is not known."""
    message: str
    """Why it is missing or failed; empty otherwise."""


class EngineWatch:
    """Looks at the engine of one app, and tells when there is something new to see."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] | None = None
        """Called on the event loop after a change; not again before :meth:`look`."""
        self._engine: EngineClient | None = None
        self._trouble: DucktypistError | None = None
        self._model: ModelKey | None = None

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Remember why an engine could not be had, when that is how the block ends."""
        try:
            yield
        except DucktypistError as error:
            self._trouble = error
            self._changed()
            raise

    def built(self, engine: EngineClient) -> EngineClient:
        """Watch an engine from here on; return it."""
        self._engine, self._trouble = engine, None
        engine.condition.activity.on_change = self._changed
        self._changed()
        return engine

    def look(self) -> EngineLook:
        """Return what is to be seen now; asks nobody."""
        engine = self._engine
        if engine is None:
            doing = Doing.STOPPED
            if self._trouble is not None:
                missing = isinstance(self._trouble, ModelMissingError)
                doing = Doing.MISSING if missing else Doing.FAILED
            message = str(self._trouble or "")
            return EngineLook(doing=doing, model=None, tok_s=None, message=message)
        condition = engine.condition
        condition.activity.seen()
        doing = _doing(engine)
        tok_s: float | None = None
        if doing is Doing.WRITING:
            tok_s = condition.activity.tok_s
        elif doing is Doing.READING and engine.known_rates is not None:
            tok_s = engine.known_rates.prefill_tok_s
        return EngineLook(
            doing=doing,
            model=self._known_model(engine),
            tok_s=tok_s,
            message=condition.last_error if doing is Doing.FAILED else "",
        )

    def _known_model(self, engine: EngineClient) -> ModelKey | None:
        told, spec = engine.condition.introduction, engine.condition.spec
        if told is not None:
            one = told.identity
            self._model = ModelKey(name=one.name, sha256=one.sha256, quantisation=one.quantisation)
        elif self._model is None and spec is not None:
            # Remembered after that: an engine that has left was this model all the same.
            self._model = ModelKey(
                name=spec.model_name, sha256=spec.model_sha256, quantisation=spec.quantisation
            )
        return self._model

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def _doing(engine: EngineClient) -> Doing:
    condition = engine.condition
    match condition.state:
        case EngineState.STARTING | EngineState.LOADING:
            return Doing.STARTING
        case EngineState.FAILED:
            return Doing.FAILED
        case EngineState.STOPPED if condition.spec is None and condition.last_error:
            # One elsewhere is never started by us: that nobody answers there is a failure.
            return Doing.FAILED
    if condition.activity.is_busy:
        return Doing.WRITING if condition.activity.is_writing else Doing.READING
    return Doing.IDLE if condition.state is EngineState.READY else Doing.STOPPED
