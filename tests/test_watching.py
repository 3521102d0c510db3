"""What is to be seen of an engine, from what its client knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.app.watching import Doing, EngineWatch, ModelKey
from ducktypist.domain import ModelIdentity
from ducktypist.engine.client import EngineClient, EngineState
from ducktypist.engine.identity import Introduction
from ducktypist.errors import EngineUnavailableError, ModelMissingError, UnknownModelError
from support.engines import unstarted


@pytest.fixture
def engine(tmp_path: Path) -> EngineClient:
    """Return the client of a host that nobody has started."""
    return unstarted(tmp_path)


def test_an_engine_goes_through_its_states(engine: EngineClient) -> None:
    """Each has its word, and work counts where the engine is there."""
    watch = EngineWatch()
    assert watch.look().doing is Doing.STOPPED
    assert watch.look().model is None
    watch.built(engine)
    condition = engine.condition
    known = ModelKey(name="duck", sha256="ab" * 32, quantisation="Q4_K_M")
    for state, doing in (
        (EngineState.STOPPED, Doing.STOPPED),
        (EngineState.STARTING, Doing.STARTING),
        (EngineState.LOADING, Doing.STARTING),
        (EngineState.READY, Doing.IDLE),
    ):
        condition.state = state
        look = watch.look()
        assert (look.doing, look.model, look.tok_s, look.message) == (doing, known, None, "")
    with condition.activity.asking() as asked:
        assert watch.look().doing is Doing.READING
        asked.took(1, now_s=0.0)
        asked.took(8, now_s=0.5)
        look = watch.look()
        assert (look.doing, look.tok_s) == (Doing.WRITING, 16.0)
        condition.state = EngineState.LOADING
        assert watch.look().doing is Doing.STARTING
    condition.crashed(EngineUnavailableError("it fell over"))
    look = watch.look()
    assert (look.doing, look.message) == (Doing.FAILED, "it fell over")
    condition.state = EngineState.READY
    assert watch.look().message == ""
    condition.seen(500, "the file is cut short")
    look = watch.look()
    assert (look.doing, look.message) == (Doing.FAILED, "the file is cut short")


def test_why_there_is_no_engine_is_remembered(engine: EngineClient) -> None:
    """A model that is not here is missing; any other trouble is a failure."""
    watch, n_told = EngineWatch(), []
    watch.on_change = lambda: n_told.append(1)
    with pytest.raises(ModelMissingError), watch.building():
        raise ModelMissingError("the model duck is not on this machine")
    look = watch.look()
    assert (look.doing, look.message) == (
        *(Doing.MISSING, "the model duck is not on this machine"),
    )
    with pytest.raises(UnknownModelError), watch.building():
        raise UnknownModelError("no model is called drake")
    assert watch.look().doing is Doing.FAILED
    watch.built(engine)
    assert (watch.look().doing, watch.look().message) == (Doing.STOPPED, "")
    assert len(n_told) == 3


def test_an_engine_elsewhere_that_does_not_answer_has_failed() -> None:
    """Nobody here will start it; its model is known once it told."""
    watch = EngineWatch()
    engine = watch.built(EngineClient.remote("http://127.0.0.1:9"))
    assert watch.look().doing is Doing.STOPPED
    engine.condition.failed(EngineUnavailableError("no engine answers at http://127.0.0.1:9"))
    look = watch.look()
    assert (look.doing, look.model) == (Doing.FAILED, None)
    assert look.message.startswith("no engine answers")
    engine.condition.state = EngineState.READY
    engine.condition.introduction = Introduction(
        identity=ModelIdentity(
            name="far", sha256="", quantisation="", n_ctx_tokens=1, has_fim=False
        )
    )
    known = ModelKey(name="far", sha256="", quantisation="")
    assert (watch.look().doing, watch.look().model) == (Doing.IDLE, known)
    engine.condition.forget()
    assert watch.look().model == known
