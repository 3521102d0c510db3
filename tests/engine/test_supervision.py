"""A host that hangs, is killed, runs out of memory or fails: what its windows see of it."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ducktypist.domain import GenerationRequest, TextPrompt
from ducktypist.engine import history, oom_counters
from ducktypist.engine.client import EngineClient, EngineState, HostSpec
from ducktypist.engine.postmortem import Cause
from ducktypist.engine.startup import MAX_CRASHES, record_path
from ducktypist.errors import EngineCrashedError, EngineError, EngineUnavailableError
from support.engines import host_pids, kill, listens, running, short_folder, spec_of, until_async

pytestmark = pytest.mark.e2e

SCRIPT = """
default = "one two three"
[[rule]]
match = "drip"
reply = "a b c d e f g h i j k l m n o p q r s t u v w x y z"
delay_ms = 500
[[rule]]
match = "stall"
fail = "stall"
"""
N_CTX = 4096


@pytest.fixture
def spec(tmp_path: Path) -> Iterator[HostSpec]:  # noqa: ARG001 - sockets need shorter paths
    """The host of the script above, in a folder whose paths are short enough for sockets."""
    folder = short_folder()
    script = folder / "script.toml"
    script.write_text(SCRIPT)
    yield dataclasses.replace(spec_of(script, folder), n_ctx_tokens=N_CTX)
    shutil.rmtree(folder, ignore_errors=True)


def _ask(text: str) -> GenerationRequest:
    return GenerationRequest(prompt=TextPrompt(text=text), max_tokens=60)


async def _answer(client: EngineClient, text: str = "hi") -> str:
    return (await client.generate(_ask(text))).text


async def _runs(client: EngineClient) -> dict[str, Any]:
    status: Any = await client.status()
    runs: dict[str, Any] = status["runs"]
    return runs


async def _kill(spec: HostSpec) -> None:
    kill(await asyncio.to_thread(host_pids, spec))
    await until_async(lambda: not host_pids(spec))
    # The last of its threads takes a moment longer than the first.
    await until_async(lambda: not listens(spec.socket_path()))


async def _serving(spec: HostSpec) -> None:
    """Wait until the host has noted that its model is loaded."""
    path = record_path(spec.socket_path())
    await until_async(lambda: path.exists() and '"is_loading": false' in path.read_text())


async def test_a_step_that_hangs_costs_its_requests_and_nothing_else(spec: HostSpec) -> None:
    """The watchdog ends the host, the request says why, and the next one has a new host."""
    impatient = dataclasses.replace(spec, step_timeout_s=1.0)
    async with running(impatient) as client:
        assert await _answer(client) == "one two three"
        with pytest.raises(EngineCrashedError, match="hung: one step took longer than 1 s"):
            await _answer(client, "stall")
        assert await _answer(client) == "one two three"
        runs = await _runs(client)
        assert (runs["starts"], runs["deaths_by_cause"]) == (2, {"hung": 1})
        assert runs["retreat"]["level"] == 0
        # Where each thread stood is in the log.
        assert "Thread 0x" in await asyncio.to_thread(spec.log_path().read_text)


async def test_a_kill_by_hand_is_not_a_lack_of_memory(spec: HostSpec) -> None:
    """The request says so, and the next host is as large as the last."""
    async with running(spec) as client:
        await client.wait_ready(20)
        task = asyncio.create_task(_answer(client, "drip"))
        await asyncio.sleep(0.3)
        kill(await asyncio.to_thread(host_pids, spec))
        with pytest.raises(EngineCrashedError, match=r"went away.*: it was killed"):
            await task
        assert await _answer(client) == "one two three"
        assert (await client.identity()).n_ctx_tokens == N_CTX
        runs = await _runs(client)
        assert runs["deaths_by_cause"] == {"killed": 1}
        assert runs["left_alone_s"] == 0


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV])
async def test_an_abort_of_native_code_is_a_crash(spec: HostSpec, number: int) -> None:
    """Its trace is in the log, so it is told from a kill; memory has nothing to do with it."""
    async with running(spec) as client:
        await client.wait_ready(20)
        await _serving(spec)
        task = asyncio.create_task(_answer(client, "drip"))
        await asyncio.sleep(0.3)
        (pid,) = await asyncio.to_thread(host_pids, spec)
        os.kill(pid, number)
        with pytest.raises(EngineCrashedError, match="it crashed: Fatal Python error: "):
            await task
        assert await _answer(client) == "one two three"
        runs = await _runs(client)
        assert runs["deaths_by_cause"] == {"crashed": 1}
        assert runs["retreat"]["level"] == 0


async def test_a_lack_of_memory_halves_the_context_until_an_hour_has_passed(
    spec: HostSpec,
) -> None:
    """Each such death asks for half of the last; a kill keeps that; an hour of life forgives."""
    async with running(spec) as client:
        for n_ctx_tokens in (4096, 2048, 1024, 512):
            assert await _answer(client) == "one two three"
            assert (await client.identity()).n_ctx_tokens == n_ctx_tokens
            await _serving(spec)
            with spec.log_path().open("a") as log:
                log.write("CUDA error: out of memory\n")
            await _kill(spec)
            await _forget_crashes(client)
        await client.wait_ready(20)
        runs = await _runs(client)
        assert runs["retreat"]["level"] == 4
        assert "CUDA error: out of memory" in runs["retreat"]["reason"]
        last = runs["deaths"][-1]
        assert (last["cause"], last["n_ctx_tokens"], last["retreat"]) == ("out_of_memory", 512, 3)
        assert not last["was_loading"]
        await _kill(spec)
        await _forget_crashes(client)
        assert (await client.identity()).n_ctx_tokens == 512
        assert await client.stop_host()
        await until_async(lambda: not host_pids(spec))
        known = await asyncio.to_thread(history.load, spec.history_path())
        assert known.level == 4
        await asyncio.to_thread(history.save, known.after_run(lived_s=4000.0), spec.history_path())
        assert (await client.identity()).n_ctx_tokens == N_CTX


async def _forget_crashes(client: EngineClient) -> None:
    """Leave out the pauses between crashes, which other tests are about."""
    client._condition.breaker = type(client._condition.breaker)()
    client._condition.forget()


async def test_the_kernels_counter_makes_the_difference(
    spec: HostSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill together with the kernel's word for it is a lack of memory."""
    async with running(spec) as client:
        await client.wait_ready(20)
        await _serving(spec)
        counter = tmp_path / "vmstat"
        counter.write_text("oom_kill 1\n")
        path = record_path(spec.socket_path())
        path.write_text(path.read_text().replace('"killed": {', f'"killed": {{"{counter}": 0, '))
        monkeypatch.setattr(oom_counters, "MACHINE", counter)
        # The record must be as written here, so the host must not look at it once more.
        kill(await asyncio.to_thread(host_pids, spec))
        await until_async(lambda: not host_pids(spec))
        path.write_text(_with_counter(path.read_text(), counter))
        await _forget_crashes(client)
        assert (await client.identity()).n_ctx_tokens == N_CTX // 2
        assert (await _runs(client))["deaths"][-1]["cause"] == Cause.OUT_OF_MEMORY


def _with_counter(raw: str, counter: Path) -> str:
    start, end = raw.index('"killed": {'), raw.index("}", raw.index('"killed": {'))
    return f'{raw[:start]}"killed": {{"{counter}": 0{raw[end:]}'


async def test_another_setting_starts_without_the_retreat(spec: HostSpec) -> None:
    """What is remembered belongs to a model with its settings."""
    known = history.History(level=3)
    await asyncio.to_thread(history.save, known, spec.history_path())
    async with running(dataclasses.replace(spec, n_ctx_tokens=3000)) as client:
        assert (await client.identity()).n_ctx_tokens == 3000


async def test_five_windows_restart_a_host_once(spec: HostSpec) -> None:
    """All lose what they had asked, each is told why, and one process answers them next."""
    clients = [EngineClient.embedded(spec) for _ in range(5)]
    try:
        await asyncio.gather(*(client.wait_ready(30) for client in clients))
        tasks = [asyncio.create_task(_answer(client, "drip")) for client in clients]
        await asyncio.sleep(0.5)
        kill(await asyncio.to_thread(host_pids, spec))
        lost = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in lost] == [EngineCrashedError] * 5
        answers = await asyncio.gather(*(_answer(client) for client in clients))
        assert answers == ["one two three"] * 5
        assert len(await asyncio.to_thread(host_pids, spec)) == 1
        runs = await _runs(clients[0])
        assert (runs["starts"], runs["deaths_by_cause"]) == (2, {"killed": 1})
    finally:
        await clients[0].stop_host()
        for client in clients:
            await client.aclose()


async def test_what_other_windows_saw_closes_the_way_for_a_new_one(spec: HostSpec) -> None:
    """A model that does not load is tried five times by all windows together, not by each."""
    script = spec.model_path
    await asyncio.to_thread(script.write_text, 'load_fail = "the file is damaged"')
    clients = [EngineClient.embedded(spec) for _ in range(MAX_CRASHES + 1)]
    try:
        for client in clients[:-1]:
            with pytest.raises(EngineUnavailableError, match="the file is damaged"):
                await _answer(client)
            await until_async(lambda: not host_pids(spec))
        with pytest.raises(EngineUnavailableError, match="crashed 5 times within 3 minutes"):
            await _answer(clients[-1])
        assert clients[-1].state is EngineState.FAILED
        assert not await asyncio.to_thread(host_pids, spec)
        runs = await _runs(clients[-1])
        assert (runs["starts"], runs["deaths_by_cause"]) == (5, {"failed": 5})
        assert runs["left_alone_s"] > 0
    finally:
        for client in clients:
            await client.aclose()


async def test_unloading_when_idle_costs_a_window_nothing_but_the_wait(spec: HostSpec) -> None:
    """An answer after the host has left comes like any other; nothing counts as a death."""
    brief = dataclasses.replace(spec, idle_unload_s=0.5)
    async with running(brief) as client:
        for _ in range(3):
            assert await _answer(client) == "one two three"
            await until_async(lambda: not host_pids(spec))
            assert not record_path(spec.socket_path()).exists()
        status: Any = await client.status()
        assert (status["crashes"], status["last_error"]) == (0, "")
        assert (status["runs"]["starts"], status["runs"]["deaths"]) == (3, [])


async def test_a_failure_to_load_for_lack_of_memory_steps_back(spec: HostSpec) -> None:
    """The process need not be killed for the next one to ask for less."""
    script = spec.model_path
    await asyncio.to_thread(script.write_text, 'load_fail = "failed to allocate the cache"')
    async with running(spec) as client:
        with pytest.raises(EngineUnavailableError, match="failed to allocate"):
            await _answer(client)
        await until_async(lambda: not host_pids(spec))
        await asyncio.to_thread(script.write_text, SCRIPT)
        await _forget_crashes(client)
        assert (await client.identity()).n_ctx_tokens == N_CTX // 2
        runs = await _runs(client)
        assert runs["deaths_by_cause"] == {"out_of_memory": 1}
        assert runs["deaths"][0]["was_loading"]


async def test_a_host_that_is_killed_again_and_again_answers_in_between(spec: HostSpec) -> None:
    """Whenever it is killed, every request ends, and the history counts each death once."""
    n_kills = 4
    async with running(spec) as client:
        for number in range(n_kills):
            await client.wait_ready(20)
            task = asyncio.create_task(_answer(client, "drip"))
            await asyncio.sleep(0.05 * number)
            await _kill(spec)
            deadline = time.monotonic() + 20
            with pytest.raises(EngineError):
                await task
            assert time.monotonic() < deadline
            await _forget_crashes(client)
        assert await _answer(client) == "one two three"
        runs = await _runs(client)
        assert (runs["starts"], runs["deaths_by_cause"]) == (n_kills + 1, {"killed": n_kills})
