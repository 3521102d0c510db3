"""What the bench asks: the features' own requests, and what of them another engine understands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ducktypist.bench.engine.append import completion_request
from ducktypist.bench.engine.asking import (
    CatchingClient,
    as_others_take_it,
    asked_by,
    counting_client,
    fix_of,
    function_of,
    load_trace,
    workbench_of,
)
from ducktypist.bench.engine.texts import (
    BODIES,
    REPAIRS,
    body_requests,
    finished_text,
    repair_request,
)
from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    GenerationRequest,
    InfillPrompt,
    Message,
    Priority,
    Sampling,
    StopName,
    StopRule,
    TextPrompt,
)
from ducktypist.errors import DucktypistError, EngineUnavailableError
from support.engines import running, short_folder, spec_of
from support.windows import script_written

OURS = {"lane", "priority", "stop_when", "speculate", "deadline_ms", "t_max_predict_ms", "n"}
EXTENDED = GenerationRequest(
    prompt=TextPrompt(text="x ="),
    max_tokens=7,
    sampling=Sampling(temperature=0.5, seed=3),
    stop=("\n",),
    stop_when=StopRule(name=StopName.LINE),
    priority=Priority.FOCUS,
    lane="a",
    deadline_ms=5.0,
    decode_budget_ms=5.0,
    speculate=True,
    cold=True,
)


def test_others_are_asked_without_what_only_we_have() -> None:
    """And without log-probabilities, which would cost them time."""
    path, body = as_others_take_it(EXTENDED)
    assert path == "/v1/completions"
    assert not (OURS | {"logprobs", "n_probs"}) & body.keys()
    assert body["prompt"] == "x ="
    assert body["max_tokens"] == body["n_predict"] == 7
    assert (body["temperature"], body["seed"], body["stop"]) == (0.5, 3, ["\n"])
    assert body["cache_prompt"] is False


def test_each_kind_of_prompt_has_its_path() -> None:
    """A chat is continued from the assistant's words."""
    chat = ChatPrompt(messages=(Message(role="user", content="Hi"),), assistant_prefix="Yes")
    path, body = as_others_take_it(GenerationRequest(prompt=chat, max_tokens=1))
    assert path == "/v1/chat/completions"
    assert [item["role"] for item in body["messages"]] == ["user", "assistant"]
    hole = InfillPrompt(prefix="a", suffix="b")
    path, body = as_others_take_it(GenerationRequest(prompt=hole, max_tokens=1))
    assert (path, body["input_prefix"], body["input_suffix"]) == ("/infill", "a", "b")


async def test_a_feature_shows_what_it_would_ask() -> None:
    """The request is caught and never sent; a feature that asks nothing shows nothing."""
    client = CatchingClient(
        spec=None, url="http://127.0.0.1:9", api_key="", request_timeout_s=1.0, load_wait_s=1.0
    )

    async def asks_nothing() -> None:
        return

    assert await asked_by(client.generate(EXTENDED)) == EXTENDED
    assert await asked_by(asks_nothing()) is None
    await client.aclose()


async def test_other_errors_of_a_feature_are_not_caught() -> None:
    """What went wrong must not look like a request."""

    async def fails() -> None:
        raise EngineUnavailableError("no engine")

    with pytest.raises(EngineUnavailableError):
        await asked_by(fails())


def test_a_function_that_is_not_there_is_an_error() -> None:
    """The bench measures nothing rather than something else."""
    with pytest.raises(DucktypistError, match="no function nowhere"):
        function_of("x = 1\n", "nowhere")


async def test_the_questions_are_those_of_the_features(tmp_path: Path) -> None:
    """Keys, fixes, repairs and bodies; what reached the engine is counted."""
    script = script_written(tmp_path / "script.json", default="pass")
    folder = short_folder()
    spec = await asyncio.to_thread(spec_of, script, folder)
    trace = await asyncio.to_thread(load_trace)
    text = finished_text(trace)
    async with running(spec) as plain:
        await plain.wait_ready(30)
        client = counting_client(spec=spec)
        catching = CatchingClient(
            spec=spec, url="", api_key="", request_timeout_s=30.0, load_wait_s=30.0
        )
        async with workbench_of(catching, tmp_path / "a") as workbench:
            asked = await completion_request(*trace.text_after(150), workbench)
        async with workbench_of(client, tmp_path / "b") as workbench:
            event = next(event for event in trace.events if event["kind"] == "fix")
            rounds = await fix_of(trace.document, event, workbench)
            repair = await repair_request(text, REPAIRS[0], workbench)
            bodies = await body_requests(text, BODIES[0], workbench)
        assert client.asked == []
        done = await client.generate(asked)
        answers, timings = await client.several(rounds[0].request(deadline_ms=0.0))
        await client.aclose()
        await catching.aclose()
    assert isinstance(asked.prompt, InfillPrompt)
    assert "def running_low" in asked.prompt.prefix + asked.prompt.suffix
    assert len(rounds[0].questions) == 20
    assert repair.speculate
    assert REPAIRS[0].wrong in str(repair.prompt)
    assert all(request.stop_when is not None for request in bodies)
    assert [item.reason for item in client.asked] == [done.finish_reason]
    assert done.finish_reason is FinishReason.STOP
    assert sorted(answers) == list(range(20))
    assert timings.completion_tokens >= 20
