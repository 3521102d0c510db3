"""One suite for every engine of the dialect: in this process, scripted, and with a real model."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ducktypist.engine.client import EngineClient, HostSpec
from support.engines import in_process, running, short_folder, spec_of

SCRIPT = 'name = "duck"\ndefault = "one two three four five six seven eight nine ten"\n'
CHAT = {"messages": [{"role": "user", "content": "Count from one to ten in words."}]}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/completions": {"prompt": "one two three four"},
    "/v1/chat/completions": CHAT,
    "/infill": {"input_prefix": "def add(a, b):\n    return ", "input_suffix": "\n"},
}


def model_spec(folder: Path, model: Path) -> HostSpec:
    """Return the host of the real model that tests use."""
    return HostSpec(
        socket_dir=folder / "run",
        log_dir=folder / "log",
        backend="llama_cpp",
        model_path=model,
        model_name="test-model",
        model_sha256="0" * 64,
        quantisation="Q4_K_M",
        n_ctx_tokens=512,
        idle_unload_s=60,
    )


async def _http_of(client: EngineClient) -> httpx.AsyncClient:
    await client.wait_ready(60)
    return await client._connection.http()


@pytest.fixture(
    params=[
        "in-process",
        pytest.param("scripted", marks=pytest.mark.e2e),
        pytest.param("model", marks=pytest.mark.model),
    ]
)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    """Give an HTTP client of each engine in turn."""
    folder = short_folder()
    script = folder / "script.toml"
    await asyncio.to_thread(script.write_text, SCRIPT)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if request.param == "in-process":
            yield (await stack.enter_async_context(in_process(script)))[0]
            return
        if request.param == "scripted":
            spec = await asyncio.to_thread(spec_of, script, folder)
        else:
            spec = model_spec(folder, request.getfixturevalue("model"))
        yield await _http_of(await stack.enter_async_context(running(spec)))


def _events(raw: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in raw.splitlines() if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def _text(path: str, body: Any) -> str:
    if path == "/infill":
        return str(body["content"])
    choice = body["choices"][0]
    if "text" in choice:
        return str(choice["text"])
    return str((choice.get("message") or choice["delta"]).get("content", ""))


async def test_health_says_ok(engine: httpx.AsyncClient) -> None:
    """A loaded engine is healthy in llama-server's words."""
    answer = await engine.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_props_name_the_model(engine: httpx.AsyncClient) -> None:
    """Properties say which model this is and how large its context."""
    props = (await engine.get("/props")).json()
    ours = props["ducktypist"]
    assert props["default_generation_settings"]["n_ctx"] == ours["n_ctx_tokens"] > 0
    assert ours["has_fim"] is True
    assert len(ours["sha256"]) == 64
    listed = (await engine.get("/v1/models")).json()["data"]
    assert [model["id"] for model in listed] == [ours["name"]]


@pytest.mark.parametrize("path", list(BODIES))
async def test_streamed_and_whole_answers_agree(engine: httpx.AsyncClient, path: str) -> None:
    """The pieces of a stream make up the answer that comes in one."""
    body = BODIES[path] | {"max_tokens": 6, "logprobs": path != "/infill", "n_probs": 2}
    body |= {"cache_prompt": False}
    whole = await engine.post(path, json=body)
    streamed = await engine.post(path, json=body | {"stream": True})
    assert whole.status_code == streamed.status_code == 200
    assert streamed.headers["content-type"].startswith("text/event-stream")
    events = _events(streamed.text)
    if path != "/infill":
        assert events.pop() == "[DONE]"
    assert "".join(_text(path, event) for event in events) == _text(path, whole.json()) != ""
    timings = events[-1]["timings"]
    assert {"prompt_n", "cache_n", "prompt_ms", "predicted_n", "predicted_ms"} <= set(timings)
    assert 1 <= timings["predicted_n"] <= 6
    assert timings["cache_n"] == 0


async def test_logprobs_have_openais_shape(engine: httpx.AsyncClient) -> None:
    """Each token comes with its log-probability and the two likeliest."""
    asked = CHAT | {"max_tokens": 3, "logprobs": True, "top_logprobs": 2}
    tokens = (await engine.post("/v1/chat/completions", json=asked)).json()
    for token in tokens["choices"][0]["logprobs"]["content"]:
        assert token["logprob"] <= 0
        assert len(token["top_logprobs"]) == 2
        assert bytes(token["bytes"]).decode("utf-8", "replace") == token["token"]
    without = (await engine.post("/v1/chat/completions", json=CHAT | {"max_tokens": 3})).json()
    assert "logprobs" not in without["choices"][0]


async def test_greedy_answers_repeat(engine: httpx.AsyncClient) -> None:
    """Without a temperature, a cold engine gives the same answer again."""
    body = BODIES["/v1/completions"] | {"max_tokens": 8, "cache_prompt": False}
    first = (await engine.post("/v1/completions", json=body)).json()
    second = (await engine.post("/v1/completions", json=body)).json()
    assert first["choices"] == second["choices"]


async def test_a_repeated_prompt_is_cached(engine: httpx.AsyncClient) -> None:
    """The second time only the last token is read."""
    body = BODIES["/v1/completions"] | {"max_tokens": 1}
    await engine.post("/v1/completions", json=body)
    timings = (await engine.post("/v1/completions", json=body)).json()["timings"]
    assert timings["prompt_n"] == 1
    assert timings["cache_n"] > 0


async def test_stop_strings_end_the_answer(engine: httpx.AsyncClient) -> None:
    """An answer ends before its stop string, and says so."""
    body = BODIES["/v1/chat/completions"] | {"max_tokens": 12, "cache_prompt": False}
    full = _text(
        "/v1/chat/completions", (await engine.post("/v1/chat/completions", json=body)).json()
    )
    stop = full[3:6]
    answer = (await engine.post("/v1/chat/completions", json=body | {"stop": [stop]})).json()
    assert _text("/v1/chat/completions", answer) == full[: full.index(stop)]
    assert answer["choices"][0]["finish_reason"] == "stop"


async def test_a_chat_is_continued_from_its_assistant_message(engine: httpx.AsyncClient) -> None:
    """What the answer begins with is not repeated in it."""
    messages = [*CHAT["messages"], {"role": "assistant", "content": "one two three"}]
    body = {"messages": messages, "max_tokens": 4}
    answer = _text(
        "/v1/chat/completions", (await engine.post("/v1/chat/completions", json=body)).json()
    )
    assert answer
    assert not answer.startswith("one two three")


async def test_a_prompt_over_the_context_is_refused(engine: httpx.AsyncClient) -> None:
    """Too long a prompt is a bad request that says how much fits; the next request succeeds."""
    answer = await engine.post("/v1/completions", json={"prompt": "word " * 3000})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert "fit into the context" in error["message"]
    assert (await engine.post("/v1/completions", json={"prompt": "a", "max_tokens": 1})).is_success


async def test_generation_ends_with_the_context(engine: httpx.AsyncClient) -> None:
    """No answer outgrows the context, whatever was asked for."""
    n_ctx = (await engine.get("/props")).json()["ducktypist"]["n_ctx_tokens"]
    asked = {"content": "word " * 16}
    n_tokens = len((await engine.post("/tokenize", json=asked)).json()["tokens"])
    prompt = "word " * (16 * (n_ctx - 8) // n_tokens)
    body = {"prompt": prompt, "max_tokens": 500}
    answer = (await engine.post("/v1/completions", json=body)).json()
    usage = answer["usage"]
    assert usage["total_tokens"] <= n_ctx
    if answer["choices"][0]["finish_reason"] == "length":
        assert usage["total_tokens"] == n_ctx


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/completions", {"prompt": ""}, 400),
        ("/v1/completions", [], 400),
        ("/v1/chat/completions", {"messages": []}, 400),
        ("/tokenize", {}, 400),
        ("/nowhere", {}, 404),
    ],
)
async def test_refusals_have_the_dialects_shape(
    engine: httpx.AsyncClient, path: str, body: Any, status: int
) -> None:
    """Every refusal is an error object with its status as code."""
    answer = await engine.post(path, json=body)
    assert answer.status_code == answer.json()["error"]["code"] == status


async def test_odd_text_is_served(engine: httpx.AsyncClient) -> None:
    """Lone surrogates, NUL and control characters are text like any other."""
    raw = b'{"prompt": "a\\ud83d \\u0000\\u001b <|im_end|>", "max_tokens": 1}'
    answer = await engine.post("/v1/completions", content=raw)
    assert answer.status_code == 200


async def test_tokens_are_told(engine: httpx.AsyncClient) -> None:
    """Tokenising gives one list of numbers, and gives it again."""
    asked = {"content": "def add(a, b):"}
    first = (await engine.post("/tokenize", json=asked)).json()["tokens"]
    assert len(first) > 2
    assert all(isinstance(token, int) for token in first)
    assert (await engine.post("/tokenize", json=asked)).json()["tokens"] == first


async def test_metrics_count_requests(engine: httpx.AsyncClient) -> None:
    """A served request shows in the Prometheus figures."""
    await engine.post("/v1/completions", json={"prompt": "a", "max_tokens": 2})
    lines = (await engine.get("/metrics")).text.splitlines()
    assert 'ducktypist_requests_total{result="done"} 1' in lines
    assert "ducktypist_predicted_tokens_total 2" in lines
    assert "ducktypist_queue_depth 0" in lines


async def test_requests_at_once_are_all_answered(engine: httpx.AsyncClient) -> None:
    """Two requests at once are both answered, one after the other."""
    body = BODIES["/v1/completions"] | {"max_tokens": 4, "cache_prompt": False}
    both = await asyncio.gather(*(engine.post("/v1/completions", json=body) for _ in range(2)))
    first, second = (answer.json()["choices"][0]["text"] for answer in both)
    assert first == second


async def test_several_answers_are_numbered_choices(engine: httpx.AsyncClient) -> None:
    """Prompts times ``n`` come as OpenAI numbers them, whole and streamed."""
    body = {"prompt": ["one two three four", "five six seven"], "n": 2, "max_tokens": 3}
    whole = (await engine.post("/v1/completions", json=body)).json()
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2, 3]
    assert all(choice["text"] for choice in whole["choices"])
    assert whole["usage"]["completion_tokens"] == 12
    streamed = await engine.post("/v1/completions", json=body | {"stream": True})
    *events, last, done = _events(streamed.text)
    assert done == "[DONE]"
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 12)
    ends = [event["choices"][0] for event in events]
    assert sorted(end["index"] for end in ends if end["finish_reason"]) == [0, 1, 2, 3]
    for choice in whole["choices"]:
        pieces = [end["text"] for end in ends if end["index"] == choice["index"]]
        assert "".join(pieces) == choice["text"]


async def test_several_holes_are_filled_in_one_request(engine: httpx.AsyncClient) -> None:
    """Our own ``infills`` come back as llama-server's array, or as a stream that ends itself."""
    holes = [{"input_prefix": "def f():\n    return ", "input_suffix": suffix} for suffix in "ab"]
    body = {"infills": holes, "n_predict": 3}
    whole = (await engine.post("/infill", json=body)).json()
    assert [(answer["index"], answer["stop"]) for answer in whole] == [(0, True), (1, True)]
    streamed = await engine.post("/infill", json=body | {"stream": True})
    events = _events(streamed.text)
    assert sorted(event["index"] for event in events if event["stop"]) == [-1, 0, 1]
    assert events[-1]["index"] == -1
    assert events[-1]["timings"]["predicted_n"] == sum(one["tokens_predicted"] for one in whole)


async def test_a_prompt_is_read_without_an_answer(engine: httpx.AsyncClient) -> None:
    """No tokens asked for means none made, and the prompt warm."""
    body = {"prompt": "one two three four", "max_tokens": 0}
    answer = (await engine.post("/v1/completions", json=body)).json()
    assert answer["choices"][0]["text"] == ""
    assert answer["usage"]["completion_tokens"] == 0
    again = (await engine.post("/v1/completions", json=body | {"max_tokens": 1})).json()
    assert again["timings"]["prompt_n"] == 1


async def test_slots_and_speed_are_told(engine: httpx.AsyncClient) -> None:
    """``/slots`` says what is held and whether it computes, ``/props`` how fast the host is."""
    await engine.post("/v1/completions", json={"prompt": "one two three", "max_tokens": 1})
    slots = (await engine.get("/slots")).json()
    assert any(slot["n_tokens"] for slot in slots)
    assert {"id", "n_ctx", "is_processing"} <= set(slots[0])
    assert not any(slot["is_processing"] for slot in slots)
    props = (await engine.get("/props")).json()
    assert props["total_slots"] >= 1
    assert props["ducktypist"]["rates"]["prefill_tok_s"] > 0
    assert float(props["ducktypist"]["rates"]["step_ms"]["1"]) > 0
