from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ducktypist.domain import (
    ChatPrompt,
    FinishReason,
    GenerationRequest,
    InfillPrompt,
    Message,
    TextPrompt,
)
from ducktypist.engine import address
from ducktypist.engine.client import EngineClient, EngineState, HostSpec
from ducktypist.engine.startup import MAX_CRASHES, Breaker
from ducktypist.errors import (
    EngineCrashedError,
    EngineLoadingError,
    EngineRequestError,
    EngineUnavailableError,
)
from support.engines import host_pids, kill, listens, running, short_folder, spec_of, until_async

pytestmark = pytest.mark.e2e

SCRIPT = """
default = "one two three"
[[rule]]
match = "long prompt"
reply = "late"
prefill_ms = 60000
[[rule]]
match = "long answer"
reply = "a b c d e f g h i j k l m n o p q r s t u v w x y z"
delay_ms = 2000
[[rule]]
match = "drip"
reply = "a b c d e f g h i j k l m n o p q r s t u v w x y z"
delay_ms = 50
[[rule]]
match = "hang"
fail = "hang"
[[rule]]
match = "hang up"
fail = "disconnect"
[[rule]]
match = "half"
reply = "one two three"
fail = "disconnect"
fail_after_tokens = 3
[[rule]]
match = "inside"
fail = "500"
[[rule]]
match = "crash"
fail = "crash"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder whose paths are short enough for sockets."""
    made = short_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def spec(folder: Path) -> HostSpec:
    """Return the host of the script above."""
    return _spec(folder, SCRIPT)


def _spec(folder: Path, script: str, *, idle_unload_s: float = 30.0) -> HostSpec:
    path = folder / "script.toml"
    path.write_text(script)
    return spec_of(path, folder, idle_unload_s=idle_unload_s)


def _ask(text: str, max_tokens: int = 100) -> GenerationRequest:
    return GenerationRequest(prompt=TextPrompt(text=text), max_tokens=max_tokens)


async def _figures(client: EngineClient) -> dict[str, float]:
    raw = (await (await client._connection.http()).get("/metrics")).text
    pairs = [line.rsplit(" ", 1) for line in raw.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


async def _until_figure(client: EngineClient, name: str, value: float) -> None:
    deadline = time.monotonic() + 10
    while (found := (await _figures(client))[name]) != value:
        assert time.monotonic() < deadline, f"{name} is {found}, not {value}"
        await asyncio.sleep(0.05)


CANCELLED = 'ducktypist_requests_total{result="cancelled"}'
DONE = 'ducktypist_requests_total{result="done"}'


async def test_a_request_starts_the_host(spec: HostSpec) -> None:
    """Nobody has to start anything: the first request does, and says who answered."""
    async with running(spec) as client:
        assert client.state is EngineState.STOPPED
        generation = await client.generate(_ask("hello"))
        assert (generation.text, generation.finish_reason) == ("one two three", FinishReason.STOP)
        assert len(generation.logprobs) == generation.timings.completion_tokens == 5
        assert generation.timings.total_ms >= generation.timings.ttft_ms > 0
        assert client.state is EngineState.READY
        identity = await client.identity()
        assert (identity.name, identity.sha256) == ("scripted", spec.model_sha256)
        status = await client.status()
        assert (status["state"], status["crashes"], status["last_error"]) == ("ready", 0, "")


async def test_a_host_that_cannot_log_serves_all_the_same(spec: HostSpec, folder: Path) -> None:
    """Where the log's folder cannot be made, what would be logged is lost and nothing else."""
    (folder / "file").write_text("")
    silent = dataclasses.replace(spec, log_dir=folder / "file" / "log")
    async with running(silent) as client:
        assert (await client.generate(_ask("hello"))).text == "one two three"


async def test_all_kinds_of_prompt_are_answered(spec: HostSpec) -> None:
    """Chat, infill and plain text go through the same client."""
    async with running(spec) as client:
        chat = ChatPrompt(
            messages=(Message(role="user", content="hi"),), assistant_prefix="one two"
        )
        for prompt, text in (
            (chat, " three"),
            (InfillPrompt(prefix="a", suffix="b"), "one two three"),
        ):
            answer = await client.generate(GenerationRequest(prompt=prompt, max_tokens=9))
            assert answer.text == text
        assert len(await client.tokenize("a b \ud800")) == 5


async def test_twelve_starters_make_one_host(spec: HostSpec) -> None:
    """However many start at once, exactly one process listens, and all are answered by it."""
    clients = [EngineClient.embedded(spec) for _ in range(12)]
    try:
        await asyncio.gather(*(client.ensure_started() for client in clients))
        answers = await asyncio.gather(*(client.generate(_ask("hi")) for client in clients))
        assert {answer.text for answer in answers} == {"one two three"}
        assert len(await asyncio.to_thread(host_pids, spec)) == 1
    finally:
        await clients[0].stop_host()
        for client in clients:
            await client.aclose()


def test_twelve_processes_print_one_ready(spec: HostSpec) -> None:
    """Started by hand at the same moment, one says READY and eleven say BUSY and succeed."""
    started = [
        subprocess.Popen(spec.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(12)
    ]
    words = []
    for process in started:
        assert process.stdout is not None
        with process.stdout as pipe:
            words.append(pipe.readline().decode().strip())
    winner = started[words.index("READY")]
    try:
        assert sorted(words) == ["BUSY"] * 11 + ["READY"]
        assert [process.wait() for process in started if process is not winner] == [0] * 11
    finally:
        winner.terminate()
        assert winner.wait() == 0
    assert not spec.socket_path().exists()


async def test_the_socket_is_private(spec: HostSpec) -> None:
    """Folder and socket can be used by their owner only."""
    async with running(spec) as client:
        await client.ensure_started()
        assert spec.socket_path().stat().st_mode & 0o777 == 0o600
        assert spec.socket_dir.stat().st_mode & 0o777 == 0o700


async def test_an_idle_host_leaves(folder: Path) -> None:
    """Without requests the host ends and takes its socket away; the next request starts another."""
    spec = await asyncio.to_thread(_spec, folder, SCRIPT, idle_unload_s=0.5)
    async with running(spec) as client:
        await client.generate(_ask("hi"))
        await until_async(lambda: not spec.socket_path().exists())
        await until_async(lambda: not host_pids(spec))
        assert (await client.generate(_ask("hi"))).text == "one two three"
        assert (await client.status())["crashes"] == 0


async def test_a_running_request_is_no_idleness(folder: Path) -> None:
    """An answer that takes longer than the idle time is finished."""
    spec = await asyncio.to_thread(_spec, folder, SCRIPT, idle_unload_s=0.5)
    async with running(spec) as client:
        answer = await client.generate(_ask("drip", 30))
        assert answer.timings.completion_tokens == 30
        assert answer.timings.decode_ms > 500


@pytest.mark.parametrize("text", ["long prompt", "long answer", "hang"])
async def test_hanging_up_cancels_a_stream(spec: HostSpec, text: str) -> None:
    """A cancelled task frees the host at once, while reading the prompt and while generating."""
    async with running(spec) as client:
        await client.wait_ready(10)
        task = asyncio.create_task(client.generate(_ask(text)))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until_figure(client, CANCELLED, 1)
        assert (await client.generate(_ask("next"))).text == "one two three"


@pytest.mark.parametrize("text", ["long prompt", "long answer"])
async def test_hanging_up_cancels_an_answer_in_one_piece(spec: HostSpec, text: str) -> None:
    """A request that is not streamed is cancelled in the same way."""
    async with running(spec) as client:
        await client.wait_ready(10)
        http = await client._connection.http()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await http.post("/v1/completions", json={"prompt": text})
        await _until_figure(client, CANCELLED, 1)


async def test_a_short_answer_does_not_wait_for_a_long_one(spec: HostSpec) -> None:
    """Windows that ask at the same time are served side by side, each with its own answer."""
    async with running(spec) as client, running(spec) as other:
        await client.wait_ready(10)
        long = asyncio.create_task(client.generate(_ask("drip", 50)))
        await asyncio.sleep(0.2)
        answers = await asyncio.gather(*(other.generate(_ask("hi")) for _ in range(8)))
        assert {answer.text for answer in answers} == {"one two three"}
        assert not long.done()
        assert (await long).timings.completion_tokens == 50


async def test_a_newer_request_of_a_lane_cancels_the_older(spec: HostSpec) -> None:
    """What was asked for an earlier keystroke gives way to what is asked for the latest."""
    async with running(spec) as client:
        await client.wait_ready(10)
        old = asyncio.create_task(
            client.generate(dataclasses.replace(_ask("long answer"), lane="typing"))
        )
        await asyncio.sleep(0.3)
        new = await client.generate(dataclasses.replace(_ask("hi"), lane="typing"))
        assert new.text == "one two three"
        assert (await old).finish_reason is FinishReason.CANCELLED


async def test_an_answer_ends_at_its_deadline(spec: HostSpec) -> None:
    """Also where a single step would take longer, and with what there is by then."""
    async with running(spec) as client:
        await client.wait_ready(10)
        for text in ("long prompt", "long answer"):
            answer = await client.generate(dataclasses.replace(_ask(text), deadline_ms=300))
            assert (answer.text, answer.finish_reason) == ("", FinishReason.LENGTH)


async def test_hanging_up_cancels_what_waits(folder: Path) -> None:
    """A request that waits behind another is never begun once its client is gone."""
    spec = await asyncio.to_thread(_spec, folder, "n_sequences = 1\n" + SCRIPT)
    async with running(spec) as client:
        await client.wait_ready(10)
        first = asyncio.create_task(client.generate(_ask("drip", 20)))
        await asyncio.sleep(0.2)
        second = asyncio.create_task(client.generate(_ask("long prompt")))
        await _until_figure(client, "ducktypist_queue_depth", 1)
        second.cancel()
        assert (await first).timings.completion_tokens == 20
        await _until_figure(client, CANCELLED, 1)
        assert (await _figures(client))[DONE] == 1


async def test_leaving_a_stream_early_cancels_the_rest(spec: HostSpec) -> None:
    """Who has read enough leaves, keeps what came, and the host is free."""
    async with running(spec) as client:
        async with client.stream(_ask("drip")) as stream:
            async for _ in stream:
                break
        partial = stream.generation()
        assert (partial.text, partial.finish_reason) == ("a", FinishReason.CANCELLED)
        await _until_figure(client, CANCELLED, 1)


async def test_killing_the_host_fails_one_request_and_starts_another(spec: HostSpec) -> None:
    """A killed host is one failed request; the next one is answered by a new process."""
    async with running(spec) as client:
        await client.wait_ready(10)
        before = await asyncio.to_thread(host_pids, spec)
        task = asyncio.create_task(client.generate(_ask("long answer")))
        await asyncio.sleep(0.3)
        kill(before)
        with pytest.raises(EngineCrashedError, match="went away"):
            await task
        assert (await client.generate(_ask("next"))).text == "one two three"
        assert await asyncio.to_thread(host_pids, spec) != before
        assert (await client.status())["crashes"] == 1


@pytest.mark.parametrize("text", ["hang up", "half", "crash"])
async def test_a_broken_connection_is_a_crash(folder: Path, text: str) -> None:
    """Hanging up before or in the middle of an answer is told as such, never as an answer."""
    script = SCRIPT.replace('match = "hang"', 'match = "hang$"')
    async with running(await asyncio.to_thread(_spec, folder, script)) as client:
        with pytest.raises(EngineCrashedError):
            await client.generate(_ask(text))
        assert (await client.generate(_ask("next"))).text == "one two three"


async def test_a_failure_inside_is_told_and_harmless(spec: HostSpec) -> None:
    """The host says what failed, and goes on."""
    async with running(spec) as client:
        with pytest.raises(EngineRequestError, match="fail with 500") as caught:
            await client.generate(_ask("inside"))
        assert caught.value.status == 500
        assert (await client.generate(_ask("next"))).text == "one two three"


async def test_no_request_outlasts_its_limit(spec: HostSpec) -> None:
    """A host that hangs is an error in time."""
    async with running(spec, request_timeout_s=1.0) as client:
        await client.wait_ready(10)
        with pytest.raises(EngineUnavailableError, match="in time"):
            await client.generate(_ask("hang"))


async def test_a_model_that_is_loading_is_told(folder: Path) -> None:
    """Who will not wait is told that the model is loading; who waits is answered."""
    spec = await asyncio.to_thread(_spec, folder, "load_ms = 3000\n" + SCRIPT)
    async with running(spec, load_wait_s=0.2) as client:
        with pytest.raises(EngineLoadingError, match="still loading"):
            await client.generate(_ask("hi"))
        assert client.state is EngineState.LOADING
        health = await (await client._connection.http()).get("/health")
        assert health.status_code == 503
        assert health.json()["error"]["message"] == "Loading model"
        await client.wait_ready(10)
        assert (await client.generate(_ask("hi"))).text == "one two three"


async def test_a_model_that_does_not_load_is_told(folder: Path) -> None:
    """The reason reaches the client, and the host does not stay."""
    spec = await asyncio.to_thread(_spec, folder, 'load_fail = "the file is damaged"')
    async with running(spec) as client:
        with pytest.raises(EngineUnavailableError, match="the file is damaged"):
            await client.generate(_ask("hi"))
        assert client.state is EngineState.FAILED
        await until_async(lambda: not host_pids(spec))
        assert "the file is damaged" in await asyncio.to_thread(spec.log_path().read_text)


async def test_what_a_dead_host_left_is_no_hindrance(spec: HostSpec) -> None:
    """A stale socket is replaced."""
    async with running(spec) as client:
        await client.wait_ready(10)
        kill(await asyncio.to_thread(host_pids, spec))
        await until_async(lambda: not host_pids(spec))
        await until_async(lambda: not listens(spec.socket_path()))
        assert await asyncio.to_thread(spec.socket_path().exists)
        assert (await client.generate(_ask("hi"))).text == "one two three"


async def test_a_folder_that_is_a_link_is_refused(folder: Path) -> None:
    """A link in the socket's place could lead anywhere, so nothing is started."""
    (folder / "elsewhere").mkdir()
    (folder / "run").symlink_to(folder / "elsewhere")
    async with running(await asyncio.to_thread(_spec, folder, SCRIPT)) as client:
        with pytest.raises(EngineUnavailableError, match="must be a folder"):
            await client.ensure_started()
    assert not list((folder / "elsewhere").iterdir())


def test_a_folder_of_someone_else_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that another user owns is not used, whatever its permissions."""
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(EngineUnavailableError, match="belongs to another user"):
        address.prepare_folder(folder)


def test_a_host_of_someone_else_is_not_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who listens there may pose as the host, and would be told what the user has written."""
    listener, where = address.bind(folder / "a.sock", tcp=False)
    with listener:
        assert address.find(folder / "a.sock") == where
        (folder / "link").symlink_to(folder)
        assert address.find(folder / "link" / "a.sock") is None
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
        assert address.find(folder / "a.sock") is None


def test_an_open_folder_is_closed(folder: Path) -> None:
    """Rights of others on our own folder are taken away."""
    folder.chmod(0o755)
    address.prepare_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_path_too_long_for_a_socket_is_told(folder: Path) -> None:
    """The limit of the system is named before anything is started."""
    deep = folder / ("x" * 120)
    deep.mkdir()
    async with running(await asyncio.to_thread(_spec, deep, SCRIPT)) as client:
        with pytest.raises(EngineUnavailableError, match="at most 107 fit"):
            await client.ensure_started()


async def test_without_unix_sockets_a_token_is_asked_for(folder: Path) -> None:
    """Over TCP only who can read the private file is served."""
    spec = await asyncio.to_thread(_spec, folder, SCRIPT)
    spec.socket_dir.mkdir(mode=0o700)
    process = subprocess.Popen([*spec.command(), "--transport=tcp"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        with process.stdout as pipe:
            assert pipe.readline() == b"READY\n"
        assert spec.socket_path().stat().st_mode & 0o777 == 0o600
        where = await asyncio.to_thread(address.find, spec.socket_path())
        assert where is not None
        async with httpx.AsyncClient(base_url=where.base_url) as stranger:
            assert (await stranger.get("/health")).status_code == 401
        client = EngineClient.embedded(spec)
        assert (await client.generate(_ask("hi"))).text == "one two three"
        await client.aclose()
    finally:
        process.terminate()
        assert process.wait() == 0


async def test_a_remote_engine_is_only_asked(folder: Path) -> None:
    """An address where nobody answers is an error, and nothing is started for it."""
    client = EngineClient.remote("http://127.0.0.1:9/v1", request_timeout_s=2)
    with pytest.raises(EngineUnavailableError, match="no engine answers"):
        await client.generate(_ask("hi"))
    assert (await client.status())["embedded"] is False
    await client.aclose()
    assert not list(folder.iterdir())


def test_another_model_or_setting_is_another_process(folder: Path) -> None:
    """Everything that changes answers changes the key, and where files lie does not."""
    spec = _spec(folder, SCRIPT)
    for field, value in (
        ("model_sha256", "1"),
        ("n_ctx_tokens", 1),
        ("n_gpu_layers", 1),
        ("n_threads", 1),
    ):
        assert dataclasses.replace(spec, **{field: value}).key() != spec.key()
    for field, value in (("log_dir", Path("/x")), ("socket_dir", Path("/x")), ("idle_unload_s", 1)):
        assert dataclasses.replace(spec, **{field: value}).key() == spec.key()


def test_the_breaker_opens_after_five_crashes_and_closes_again() -> None:
    """Pauses grow with each crash; five within three minutes stop all tries for a while."""
    breaker = Breaker()
    pauses = []
    for second in range(MAX_CRASHES):
        assert breaker.open_for_s(now_s=second) == 0
        breaker.record("why", now_s=second)
        pauses.append(breaker.back_off_s(now_s=second))
    assert pauses == [0, 0.5, 1, 2, 4]
    assert breaker.open_for_s(now_s=5) == 175
    assert breaker.open_for_s(now_s=181) == 0
    assert breaker.n_crashes == 5


async def test_a_host_that_keeps_crashing_is_left_alone(spec: HostSpec) -> None:
    """The fifth crash within three minutes is the last; the error says so and names the log."""
    async with running(spec) as client:
        for _ in range(MAX_CRASHES):
            client._condition.breaker.record("it crashed", now_s=time.monotonic())
        with pytest.raises(EngineUnavailableError, match="crashed 5 times within 3 minutes"):
            await client.generate(_ask("hi"))
        assert not await asyncio.to_thread(host_pids, spec)
        assert client.state is EngineState.FAILED
