"""Who is measured: our host, llama.cpp's own server and the bare loop, side by side.

All three are processes of their own with the same model file, threads, layers, environment and
niceness; only one of them is asked at a time. What one of them lacks is said, not replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psutil

from ducktypist.bench.engine.asking import CountingClient, counting_client
from ducktypist.bench.engine.wire import Door
from ducktypist.bench.stage import Stage
from ducktypist.domain import Json, ModelIdentity
from ducktypist.engine.client import HostSpec
from ducktypist.errors import DucktypistError, EngineUnavailableError, ModelMissingError

LOAD_TIMEOUT_S = 180.0
IDLE_UNLOAD_S = 3600.0
CHILD_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 10.0
LINE_LIMIT_BYTES = 16 * 1024**2
KNOWN_METRICS = {
    "ducktypist_prompt_tokens_total": "read",
    "llamacpp:prompt_tokens_total": "read",
    "ducktypist_cached_tokens_total": "cached",
    "llamacpp:prompt_tokens_cached_total": "cached",
    "ducktypist_predicted_tokens_total": "made",
    "llamacpp:tokens_predicted_total": "made",
}


class MissingSideError(DucktypistError):
    """One of those who are to be compared cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured."""

    is_quick: bool

    def of(self, full: int, quick: int) -> int:
        """Return how often something is done."""
        return quick if self.is_quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One engine that speaks HTTP."""

    name: str
    door: Door
    client: CountingClient
    model: ModelIdentity

    async def tokens(self) -> Mapping[str, float]:
        """Return how many tokens it has read, taken from its cache and made since its start."""
        found: dict[str, float] = {}
        for line in (await self.door.text("/metrics")).splitlines():
            name, _, value = line.partition(" ")
            if name in KNOWN_METRICS:
                found[KNOWN_METRICS[name]] = float(value)
        return found

    async def is_idle(self) -> bool:
        """Tell whether none of its slots works."""
        slots = await self.door.json("/slots")
        return not any(slot["is_processing"] for slot in slots)


@dataclass(slots=True)
class Bare:
    """The bare loop's process."""

    process: subprocess.Process

    async def ask(self, **question: object) -> Mapping[str, Any]:
        """Return its answer.

        Raises:
            MissingSideError: It has none.
        """
        if self.process.stdin is None:
            raise MissingSideError("the bare loop has no standard input")
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        return await _line(self.process, "the bare loop")


@dataclass(slots=True, kw_only=True)
class Ring:
    """All that a measurement may use."""

    stage: Stage
    spec: HostSpec
    effort: Effort
    ours: Side
    n_threads: int
    n_gpu_layers: int
    niceness: int
    environment: Mapping[str, str]
    """Of our host; the others get it as well."""
    say: Callable[[str], None]
    bare_: Bare | None = None
    native_: Side | None = None
    missing: dict[str, str] = field(default_factory=dict)
    """Why a side is not there, by its name."""
    notes: dict[str, Json] = field(default_factory=dict)
    """Settings of the sides, for the report."""
    step_ms: dict[int, tuple[float, ...]] = field(default_factory=dict)
    """What a step of so many rows costs the bare loop; measured when first asked for."""

    @property
    def native(self) -> Side:
        """Return llama.cpp's own server.

        Raises:
            MissingSideError: It cannot be had.
        """
        if self.native_ is None:
            raise MissingSideError(self.missing.get("native", "there is no native server"))
        return self.native_

    @property
    def bare(self) -> Bare:
        """Return the bare loop.

        Raises:
            MissingSideError: It cannot be had.
        """
        if self.bare_ is None:
            raise MissingSideError(self.missing.get("bare", "there is no bare loop"))
        return self.bare_

    @property
    def details(self) -> Mapping[str, Json]:
        """What our host says of its backend."""
        told = self.notes.get("ours")
        return told if isinstance(told, Mapping) else {}

    async def host(self) -> psutil.Process:
        """Return our host's process."""
        props = await self.ours.door.json("/props")
        return psutil.Process(int(props["ducktypist"]["pid"]))


@contextlib.asynccontextmanager
async def ring(stage: Stage, effort: Effort, *, say: Callable[[str], None]) -> AsyncIterator[Ring]:
    """Start all sides, and end them afterwards.

    Raises:
        ModelMissingError: There is no model to measure with.
        EngineError: Our own host does not start.
    """
    spec = stage.spec
    if spec is None:
        raise ModelMissingError(stage.no_spec)
    # It is not asked while the others are, and must not leave meanwhile.
    spec = replace(spec, idle_unload_s=IDLE_UNLOAD_S)
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(contextlib.aclosing(counting_client(spec=spec)))
        await client.wait_ready(LOAD_TIMEOUT_S)
        model = await client.identity()
        door = Door(socket_path=spec.socket_path())
        told = (await door.json("/props"))["ducktypist"]
        process = psutil.Process(int(told["pid"]))
        made = Ring(
            stage=stage,
            spec=spec,
            effort=effort,
            ours=Side(name="ours", door=door, client=client, model=model),
            n_threads=model.n_threads,
            n_gpu_layers=model.n_gpu_layers,
            niceness=process.nice() or 0,
            environment=process.environ(),
            say=say,
        )
        made.notes["ours"] = {
            **told.get("details", {}),
            "n_ctx_tokens": model.n_ctx_tokens,
            "n_threads": model.n_threads,
            "n_gpu_layers": model.n_gpu_layers,
            "niceness": made.niceness,
        }
        await _with_others(made, stack)
        yield made


@contextlib.asynccontextmanager
async def native_side(made: Ring, *, n_parallel: int) -> AsyncIterator[Side]:
    """Start one of llama.cpp's own servers.

    Raises:
        MissingSideError: It cannot be had.
    """
    process = await _child(made, "engine.native", "--n-parallel", str(n_parallel))
    try:
        told = await _line(process, "xllamacpp's server")
        url = str(told["address"])
        made.notes[f"native, {n_parallel} slots"] = {
            "version": told["version"],
            **told["settings"],
        }
        client = counting_client(url=url)
        client.ask_as_if(made.ours.client)
        try:
            await client.wait_ready(LOAD_TIMEOUT_S)
            yield Side(
                name="native",
                door=Door(port=int(url.rpartition(":")[2])),
                client=client,
                model=await client.identity(),
            )
        finally:
            await client.aclose()
    finally:
        await _end(process)


async def _with_others(made: Ring, stack: contextlib.AsyncExitStack) -> None:
    if made.spec.backend != "llama_cpp":
        why = f"the backend is {made.spec.backend}, and only llama.cpp has this side"
        made.missing |= {"bare": why, "native": why}
        return
    try:
        process = await _child(made, "engine.bare")
        stack.push_async_callback(_end, process)
        await _line(process, "the bare loop")
        made.bare_ = Bare(process)
    except DucktypistError as error:
        made.missing["bare"] = str(error)
    try:
        made.native_ = await stack.enter_async_context(native_side(made, n_parallel=1))
    except DucktypistError as error:
        made.missing["native"] = str(error)


async def _child(made: Ring, module: str, *arguments: str) -> subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", f"ducktypist.bench.{module}"),
        *("--model", str(made.spec.model_path)),
        *("--n-ctx", str(made.spec.n_ctx_tokens)),
        *("--n-threads", str(made.n_threads)),
        *("--n-gpu-layers", str(made.n_gpu_layers)),
        *("--niceness", str(made.niceness)),
        *arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        limit=LINE_LIMIT_BYTES,
        env=dict(made.environment),
    )


async def _line(process: subprocess.Process, who: str) -> Mapping[str, Any]:
    """Return the next line of a child."""
    if process.stdout is None:
        raise MissingSideError(f"{who} has no standard output")
    try:
        async with asyncio.timeout(CHILD_TIMEOUT_S):
            line = await process.stdout.readline()
    except TimeoutError as error:
        raise EngineUnavailableError(
            f"{who} did not answer within {CHILD_TIMEOUT_S:.0f} s"
        ) from error
    if not line:
        raise MissingSideError(f"{who} ended without a word")
    told: dict[str, Any] = json.loads(line)
    if "error" in told:
        raise MissingSideError(str(told["error"]))
    return told


async def _end(process: subprocess.Process) -> None:
    """End a child as it wants it: by the end of its standard input."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
