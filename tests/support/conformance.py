"""The engines of the conformance suite: how each is started, and what each lacks, as data."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.engine.startup import start_host
from support.engines import short_folder, spec_of

N_CTX_TOKENS = 512
START_TIMEOUT_S = 90.0

SCRIPT = f"""
name = "duck"
n_ctx_tokens = {N_CTX_TOKENS}
default = "one two three four five six seven eight nine ten"
[[rule]]
match = "Monday, Tuesday, Wednesday,$"
reply = " Thursday, Friday, Saturday, Sunday, Monday, Tuesday, Wednesday, Thursday"
delay_ms = 5
[[rule]]
match = "one two three four$"
reply = " five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
delay_ms = 5
[[rule]]
match = "def subtract"
reply = "    return a - b\\n\\n\\ndef power(a, b):\\n    return a ** b\\n\\n\\nprint(2)\\n"
[[rule]]
match = '7\\n8'
reply = "9\\n10\\n11\\n12\\n"
[[rule]]
match = "assistant: one two$"
reply = " three four"
[[rule]]
match = "🦆"
reply = "🦆🦆🦆 é 世界 👩‍👩‍👧"
[[rule]]
match = "slowly"
reply = "a b c d e f g h i j k l m n o p q r s t u v w x y z"
delay_ms = 100
[[rule]]
match = "^word word"
reply = "late"
prefill_ms = 60000
[[rule]]
match = "Once upon a time"
replies = ["there was", "lived a", "a duck", "in a house"]
"""


class Lack(enum.StrEnum):
    """What an engine may lack, and how that shows to whoever uses the client.

    Stop rules, limits of time and several answers of one request are not here: where an engine
    does not know them, the client sees to them.
    """

    IDENTITY = "no SHA-256 and no quantisation of the model"
    RATES = "does not say how fast it is: the client learns it from its requests"
    LANES = "knows no lanes: the older request is answered as well"
    READ_ONLY = "generates one token where none was asked for"
    LOADING = "listens only once the model is loaded"
    DRAFTS = "does not draft on request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine that listens."""

    name: str
    lacks: frozenset[Lack]
    spec: HostSpec | None
    """How a client of ours finds the embedded one."""
    url: str = ""

    def client(self) -> EngineClient:
        """Return a new client of it."""
        if self.spec is not None:
            return EngineClient.embedded(self.spec)
        return EngineClient.remote(self.url)


@contextlib.contextmanager
def scripted() -> Iterator[Engine]:
    """Give our host with the scripted backend."""
    with _folder() as folder:
        script = folder / "script.toml"
        script.write_text(SCRIPT, "utf-8")
        spec = spec_of(script, folder, idle_unload_s=600)
        with _hosted(spec):
            yield Engine(name="scripted", spec=spec, lacks=frozenset())


@contextlib.contextmanager
def ours(model: Path) -> Iterator[Engine]:
    """Give our host with a real model."""
    with _folder() as folder:
        spec = HostSpec(
            socket_dir=folder / "run",
            log_dir=folder / "log",
            backend="llama_cpp",
            model_path=model,
            model_name="test-model",
            model_sha256="0" * 64,
            quantisation="Q4_K_M",
            n_ctx_tokens=N_CTX_TOKENS,
            idle_unload_s=600,
        )
        with _hosted(spec):
            yield Engine(name="ours", spec=spec, lacks=frozenset())


@contextlib.contextmanager
def native(model: Path) -> Iterator[Engine]:
    """Give llama.cpp's own server with a real model."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise AssertionError(
            "llama.cpp's own server is missing: install the dev dependency xllamacpp; "
            'to leave these tests out, run pytest -m "not model"'
        )
    command = [sys.executable, "-m", "ducktypist.bench.engine.native", f"--model={model}"]
    command += [f"--n-ctx={N_CTX_TOKENS}", "--n-parallel=4", f"--n-threads={os.cpu_count() or 1}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert "address" in told, told
        try:
            yield Engine(
                name="native",
                spec=None,
                url=told["address"],
                lacks=frozenset(Lack),
            )
        finally:
            process.kill()


async def n_busy(client: EngineClient) -> int:
    """Return how many of an engine's slots compute."""
    status, slots = await client._connection.ask("GET", "/slots", timeout_s=20)
    assert status == 200, slots
    assert isinstance(slots, list)
    return sum(bool(slot["is_processing"]) for slot in slots)


async def until_busy(client: EngineClient, task: asyncio.Task[object]) -> None:
    """Wait until something is computed, or the task that wants it is done."""
    while not await n_busy(client) and not task.done():
        await asyncio.wait({task}, timeout=0.01)


async def until_idle(client: EngineClient) -> None:
    """Wait until nothing is computed; fail when that takes far too long."""
    deadline = time.monotonic() + 20
    while await n_busy(client):
        assert time.monotonic() < deadline, "the engine goes on computing for nobody"
        await asyncio.sleep(0.02)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = short_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _hosted(spec: HostSpec) -> Iterator[None]:
    spec.socket_dir.mkdir(parents=True, mode=0o700)
    process = start_host(spec, timeout_s=START_TIMEOUT_S)
    assert process is not None
    try:
        yield
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)
