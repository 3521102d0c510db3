"""The client against servers that say exactly what a test wants said."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import shutil
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    GenerationRequest,
    InfillPrompt,
    Message,
    Sampling,
    TextPrompt,
)
from ducktypist.engine.client import EngineClient, EngineState, HostSpec
from ducktypist.errors import EngineCrashedError, EngineRequestError
from support.engines import short_folder, spec_of
from support.raw_http import Handler, events, head, serving

TWO = GenerationRequest(
    prompt=TextPrompt(text="a"), more=(TextPrompt(text="b"),), max_tokens=9, n=2
)


@pytest.fixture
def spec() -> Iterator[HostSpec]:
    """Return a host that a test plays itself."""
    folder = short_folder()
    script = folder / "script.toml"
    script.write_text('default = "x"\n')
    yield spec_of(script, folder)
    shutil.rmtree(folder, ignore_errors=True)


def _said(raw: bytes) -> Handler:
    async def handler(path: str, _body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        writer.write(head() + (raw if path.startswith("/v1/c") or path == "/infill" else b"{}"))

    return handler


def _choice(index: int, text: str, reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": index, "text": text, "finish_reason": reason}]}


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_answers_come_in_the_order_in_which_they_end(spec: HostSpec) -> None:
    """Each answer is whole when it is given, and the figures of all follow the last."""
    raw = events(
        _choice(0, "zero"),
        _choice(2, "tw"),
        _choice(2, "o"),
        _choice(2, "", "stop") | {"timings": {"predicted_n": 2}},
        _choice(1, "", "cancelled"),
        _choice(0, "", "length") | {"timings": {"predicted_n": 1}},
        _choice(3, "three"),
        _choice(3, "", "stop"),
        {"choices": [], "timings": {"predicted_n": 5, "draft_n": 4, "draft_n_accepted": 3}},
    )
    client = EngineClient.embedded(spec)
    async with (
        serving(spec.socket_path(), _said(raw + b"data: [DONE]\n\n")),
        client.answers(TWO) as answers,
    ):
        found = [(index, one.text, one.finish_reason) async for index, one in answers]
        whole = answers.timings()
    await client.aclose()
    assert found == [
        (2, "two", FinishReason.STOP),
        (1, "", FinishReason.CANCELLED),
        (0, "zero", FinishReason.LENGTH),
        (3, "three", FinishReason.STOP),
    ]
    assert (whole.completion_tokens, whole.drafted_tokens, whole.accepted_tokens) == (5, 4, 3)


async def test_answers_that_never_come_are_a_crash(spec: HostSpec) -> None:
    """A stream that ends early is told apart from one that is complete."""
    client = EngineClient.embedded(spec)
    async with (
        serving(spec.socket_path(), _said(events(_choice(0, "", "stop")))),
        client.answers(TWO) as answers,
    ):
        assert (await anext(answers))[0] == 0
        with pytest.raises(EngineCrashedError, match="without saying how"):
            await anext(answers)
    await client.aclose()


async def test_every_line_end_of_unicode_may_stand_in_a_text(spec: HostSpec) -> None:
    """Only a line feed ends an event's line, wherever the network cuts it."""
    text = "a\u2028b\x85c\u2029d\x0be 😀"
    raw = events(_choice(0, text), _choice(0, "", "stop"))

    async def handler(path: str, _body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        for place in range(len(raw)) if path == "/v1/completions" else ():
            writer.write(raw[place : place + 1])
            await writer.drain()

    client = EngineClient.embedded(spec)
    async with serving(spec.socket_path(), handler):
        answer = await client.generate(GenerationRequest(prompt=TextPrompt(text="a"), max_tokens=1))
    await client.aclose()
    assert answer.text == text


async def test_an_answer_that_breaks_off_is_a_crash(spec: HostSpec) -> None:
    """Fewer bytes than announced, no head at all, and silence are one kind of error."""

    async def handler(path: str, _body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        if path == "/health":
            writer.write(head(length=2) + b"{}")
        elif path == "/v1/completions":
            writer.write(head(length=500) + events(_choice(0, "x")))

    client = EngineClient.embedded(spec)
    async with serving(spec.socket_path(), handler):
        with pytest.raises(EngineCrashedError, match="went away"):
            await client.generate(GenerationRequest(prompt=TextPrompt(text="a"), max_tokens=1))
        with pytest.raises(EngineCrashedError, match="went away"):
            await client.tokenize("a")
    await client.aclose()


async def test_a_refusal_before_the_body_was_read_is_understood(spec: HostSpec) -> None:
    """A host that hangs up on a large body after saying why is heard."""
    path = spec.socket_path()
    path.parent.mkdir(parents=True)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        said = json.dumps({"error": {"message": "too much"}}).encode()
        writer.write(head(status=413, length=len(said)) + said)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    client = EngineClient.embedded(spec)
    async with await asyncio.start_unix_server(refuse, path):
        with pytest.raises(EngineRequestError, match="too much") as caught:
            await client.generate(
                GenerationRequest(prompt=TextPrompt(text="a" * 2_000_000), max_tokens=1)
            )
    await client.aclose()
    assert caught.value.status == 413


async def test_leaving_while_data_arrives_is_quiet(
    spec: HostSpec, caplog: pytest.LogCaptureFixture
) -> None:
    """A request cancelled in the moment in which its answer comes leaves nothing in the log."""
    caplog.set_level(logging.DEBUG, "asyncio")
    waiting: list[asyncio.Task[object]] = []
    written = asyncio.Event()

    async def handler(path: str, _body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        await writer.drain()
        if path == "/v1/completions":
            await asyncio.sleep(0.01)
            writer.write(events(_choice(0, "x")))
            # Runs in the next turn of the loop, just before it sees that data has come.
            asyncio.get_running_loop().call_soon(waiting[-1].cancel)
            written.set()

    client = EngineClient.embedded(spec)
    request = GenerationRequest(prompt=TextPrompt(text="a"), max_tokens=1)
    async with serving(spec.socket_path(), handler):
        for _ in range(3):
            written.clear()
            waiting.append(asyncio.create_task(client.generate(request)))
            await written.wait()
            await asyncio.wait([waiting[-1]])
    await client.aclose()
    assert all(task.cancelled() for task in waiting)
    assert [record.message for record in caplog.records if "Exception" in record.message] == []


async def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    """A server that hangs up between two requests costs neither of them; one that fails, one."""
    port, n_served = _port(), [0, 0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        n_served[0] += 1
        for number in range(3):
            raw = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = [line for line in raw.splitlines() if line.lower().startswith("content-length")]
            await reader.readexactly(int(size[0].split(":")[1]))
            n_served[1] += 1
            # The third request of a connection is read and never answered.
            if number < 2:
                said = b'{"tokens": [1]}'
                writer.write(head(kind="application/json", length=len(said)) + said)
        writer.transport.abort()

    client = EngineClient.remote(f"http://127.0.0.1:{port}")
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        for _ in range(3):
            assert await client.tokenize("a") == [1]
        assert n_served == [2, 4]
    await client.aclose()


class _Elsewhere:
    """An engine that is not ours: it answers one prompt a request, and says who asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.n_now = 0
        self.n_most = 0
        self.is_full = asyncio.Event()

    async def handle(self, path: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if path != "/v1/completions":
            known = {"data": [{"id": "far", "owned_by": "vllm"}]} if path == "/v1/models" else {}
            writer.write(head(kind="application/json") + json.dumps(known).encode())
            return
        self.bodies.append(body)
        self.n_now += 1
        self.n_most = max(self.n_most, self.n_now)
        if self.n_now == 4:
            self.is_full.set()
        await asyncio.wait_for(self.is_full.wait(), 20)
        await asyncio.sleep(0.01)
        self.n_now -= 1
        text = f"{body['prompt']}{body['seed']}"
        usage = {"prompt_tokens": 100, "completion_tokens": 5}
        writer.write(
            head()
            + events(_choice(0, text), _choice(0, "", "stop"), {"choices": [], "usage": usage})
            + b"data: [DONE]\n\n"
        )


async def test_another_engine_is_asked_for_each_answer_alone() -> None:
    """Prompts times choices become single requests, at most four at once, seeds counting on."""
    engine, port = _Elsewhere(), _port()
    request = GenerationRequest(
        prompt=TextPrompt(text="p"),
        more=(TextPrompt(text="q"), TextPrompt(text="r")),
        max_tokens=9,
        n=3,
        sampling=Sampling(temperature=0.5, seed=7),
        lane="one",
    )
    client = EngineClient.remote(f"http://127.0.0.1:{port}/v1")
    assert await client.tokens_in(1000) is None
    async with serving(port, engine.handle), client.answers(request) as answers:
        found = {index: one.text async for index, one in answers}
        whole = answers.timings()
        rates = await client.rates()
    await client.aclose()
    texts = [f"{prompt}{seed}" for prompt in "pqr" for seed in (7, 8, 9)]
    assert found == dict(enumerate(texts))
    assert engine.n_most == 4
    assert (whole.prompt_tokens, whole.completion_tokens) == (900, 45)
    assert all("n" not in body and "lane" not in body for body in engine.bodies)
    # An engine that does not say how fast it is was seen at work.
    assert rates is not None
    assert rates.prefill_tok_s > 0
    assert await client.tokens_in(10_000) == rates.prompt_tokens_in(10_000)


@pytest.mark.parametrize("limit", [{"deadline_ms": 100.0}, {"decode_budget_ms": 50.0}])
@pytest.mark.parametrize("begins", [True, False])
async def test_another_engine_is_held_to_the_time(limit: dict[str, float], *, begins: bool) -> None:
    """What is not finished in time ends with what there is, though the engine knows no time."""
    port, over = _port(), asyncio.Event()

    async def handler(path: str, _body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if path != "/v1/completions":
            writer.write(head(kind="application/json") + b"{}")
            return
        if begins or "deadline_ms" not in limit:
            writer.write(head() + events(_choice(0, "begun")))
            await writer.drain()
        await over.wait()

    client = EngineClient.remote(f"http://127.0.0.1:{port}")
    request = GenerationRequest(prompt=TextPrompt(text="p"), max_tokens=9)
    async with serving(port, handler):
        answer = await client.generate(dataclasses.replace(request, **limit))
        many = dataclasses.replace(request, n=6, **limit)
        async with client.answers(many) as answers:
            found = [one.text async for _, one in answers]
        over.set()
    await client.aclose()
    text = "begun" if begins or "deadline_ms" not in limit else ""
    assert (answer.text, answer.finish_reason) == (text, FinishReason.LENGTH)
    assert len(found) == 6
    assert client.state is EngineState.READY


async def test_leaving_early_asks_another_engine_no_more() -> None:
    """Requests that wait for their turn are never sent."""
    engine, port = _Elsewhere(), _port()
    request = GenerationRequest(prompt=TextPrompt(text="p"), max_tokens=9, n=60)
    client = EngineClient.remote(f"http://127.0.0.1:{port}")
    async with serving(port, engine.handle):
        async with client.answers(request) as answers:
            await anext(answers)
        n_asked = len(engine.bodies)
        assert n_asked < 20
        await asyncio.sleep(0.1)
        assert len(engine.bodies) == n_asked
    await client.aclose()


async def test_several_chats_are_asked_one_by_one(spec: HostSpec) -> None:
    """No engine takes several chats in one request, so ours is asked as another would be."""
    seen = []

    async def handler(path: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        if path != "/v1/chat/completions":
            writer.write(head() + b"{}")
            return
        said = body["messages"][0]["content"]
        seen.append(said)
        choice = {"index": 0, "delta": {"content": said.upper()}, "finish_reason": "stop"}
        writer.write(head() + events({"choices": [choice]}))

    chats = [ChatPrompt(messages=(Message(role="user", content=text),)) for text in "ab"]
    request = GenerationRequest(prompt=chats[0], more=(chats[1],), max_tokens=3)
    client = EngineClient.embedded(spec)
    async with serving(spec.socket_path(), handler), client.answers(request) as answers:
        found = {index: one.text async for index, one in answers}
    await client.aclose()
    assert found == {0: "A", 1: "B"}
    assert sorted(seen) == ["a", "b"]


async def test_one_failure_among_several_requests_is_raised() -> None:
    """What another engine refuses is told, and the rest is not waited for."""
    port = _port()

    async def handler(path: str, _body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        status = 400 if path == "/v1/completions" else 200
        said = b'{"error": {"message": "no such thing"}}' if status != 200 else b"{}"
        writer.write(head(status=status, kind="application/json", length=len(said)) + said)

    client = EngineClient.remote(f"http://127.0.0.1:{port}")
    async with serving(port, handler):
        with pytest.raises(EngineRequestError, match="no such thing"):
            async with client.answers(TWO) as answers:
                await anext(answers)
    await client.aclose()


async def test_a_stream_has_one_answer(spec: HostSpec) -> None:
    """Asking a stream for several answers is refused before anything is sent."""
    client = EngineClient.embedded(spec)
    holes = (InfillPrompt(prefix="a", suffix="b"),)
    request = GenerationRequest(prompt=holes[0], more=holes, max_tokens=1)
    with pytest.raises(EngineRequestError, match="answers"):
        await client.generate(request)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ({"rates": {"prefill_tok_s": 100.0, "step_ms": {"1": 50.0, "2": 60.0}}}, 50),
        ({"rates": {"prefill_tok_s": 0.0, "step_ms": {"1": 50.0}}}, None),
        ({"rates": {}}, None),
    ],
)
async def test_a_hosts_own_figures_say_what_fits(
    spec: HostSpec, told: dict[str, Any], known: int | None
) -> None:
    """What the host measured turns milliseconds into tokens; nonsense is not believed."""
    identity = {
        "dialect_version": 2,
        "name": "m",
        "sha256": "",
        "quantisation": "",
        "n_ctx_tokens": 9,
        "has_fim": True,
        "backend": "x",
        "n_gpu_layers": 0,
        "n_threads": 1,
    }

    async def handler(_path: str, _body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)
        said = json.dumps({"ducktypist": identity | told}).encode()
        writer.write(head(kind="application/json", length=len(said)) + said)

    client = EngineClient.embedded(spec)
    async with serving(spec.socket_path(), handler) as asked:
        assert await client.tokens_in(1000, answer_tokens=10) == known
        n_asked = len(asked)
        assert await client.tokens_in(1000, answer_tokens=10) == known
        assert len(asked) == n_asked
    await client.aclose()
