"""Decoding speed with a short and with OpenMP's own spin, idle and beside a busy neighbour.

OpenMP's threads wait for each other by spinning. A thread that lost its core to a neighbour makes
the others spin for as long as it is away; ``engine.startup`` therefore limits the spin. Here both
hosts run side by side and are asked in turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from ducktypist.bench.measure import Report, Row, load, machine
from ducktypist.bench.stage import Stage, set_stage
from ducktypist.domain import GenerationRequest, TextPrompt
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.errors import EngineUnavailableError, ModelMissingError

N_TOKENS = 40
WARM_TOKENS = 8
START_TIMEOUT_S = 60.0
LOAD_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 10.0
SETTLE_S = 0.3
SPIN = "GOMP_SPINCOUNT"
SPIN_LIMIT = "2000"
READY = b"READY"
PROMPT = TextPrompt(text="# Every number from one to a hundred\nNUMBERS = [1, 2, 3, 4,")
"""Its continuation does not end before :data:`N_TOKENS`."""

# It ends by itself, should nobody be left to end it.
BUSY_LOOP = "import time\nend = time.monotonic() + 120\nwhile time.monotonic() < end: pass"

VARIANTS: Mapping[str, str | None] = {"limited": SPIN_LIMIT, "unlimited": None}


async def contention(*, runs: int, backend: str | None = None) -> Report:
    """Measure decoding in the four combinations, in turns.

    Raises:
        ModelMissingError: There is no model to measure with.
        EngineError: A host did not start or did not answer.
    """
    async with set_stage(backend) as stage:
        spec = stage.spec
        if spec is None:
            raise ModelMissingError(stage.no_spec)
        report = Report(
            machine=await asyncio.to_thread(machine),
            model=stage.model(),
            before=await asyncio.to_thread(load),
        )
        async with contextlib.AsyncExitStack() as stack:
            clients = {
                name: await stack.enter_async_context(_host(stage, spec, name, spin))
                for name, spin in VARIANTS.items()
            }
            speeds = await _speeds(clients, runs)
        report.rows += _rows(speeds)
        report.after = await asyncio.to_thread(load)
    return report


def host_environment(spin: str | None) -> dict[str, str]:
    """Return our environment with OpenMP's spin limited, or with none of our limit."""
    environment = {key: value for key, value in os.environ.items() if key != SPIN}
    return environment if spin is None else {**environment, SPIN: spin}


async def _speeds(
    clients: Mapping[str, EngineClient], runs: int
) -> dict[tuple[str, str], list[float]]:
    """Return tokens a second by variant and neighbour."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(runs):
        # The first to be asked is the other one each time.
        order = list(clients.items())[:: 1 if number % 2 == 0 else -1]
        for neighbour in ("idle", "busy"):
            async with _neighbour(is_busy=neighbour == "busy"):
                for name, client in order:
                    answer = await client.generate(_request(N_TOKENS))
                    found.setdefault((name, neighbour), []).append(answer.timings.decode_tok_s)
    return found


def _rows(speeds: Mapping[tuple[str, str], list[float]]) -> list[Row]:
    settings = {"limited": f"{SPIN}={SPIN_LIMIT}", "unlimited": "OpenMP's own spin"}
    beside = {"idle": "nothing else running", "busy": "beside one busy process"}
    return [
        Row(
            name=f"decode-{name}-{neighbour}",
            what=f"decoding with {settings[name]}, {beside[neighbour]}",
            unit="tokens/s",
            samples=tuple(samples),
            note=f"{N_TOKENS} tokens each",
        )
        for (name, neighbour), samples in sorted(speeds.items(), key=lambda item: item[0][1])
    ]


@contextlib.asynccontextmanager
async def _host(
    stage: Stage, spec: HostSpec, name: str, spin: str | None
) -> AsyncIterator[EngineClient]:
    """Start a host with a spin of its own, and give a client of it once it has answered."""
    own = replace(spec, socket_dir=stage.top / name, log_dir=stage.top / name)
    await asyncio.to_thread(own.socket_dir.mkdir, mode=0o700)
    process = await asyncio.create_subprocess_exec(
        *own.command(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=host_environment(spin),
    )
    client = EngineClient.embedded(own)
    try:
        await _until_ready(process)
        await client.wait_ready(LOAD_TIMEOUT_S)
        await client.generate(_request(WARM_TOKENS))
        yield client
    finally:
        await client.aclose()
        await _end(process)


async def _until_ready(process: subprocess.Process) -> None:
    """Wait for the host's word; a client that came earlier would start another host."""
    said: list[bytes] = []
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while process.stdout is not None:
                line = await process.stdout.readline()
                if line.strip() == READY:
                    return
                if not line:
                    break
                said.append(line)
    except TimeoutError as error:
        message = f"the host did not report within {START_TIMEOUT_S:.0f} s"
        raise EngineUnavailableError(message) from error
    tail = b"".join(said[-3:]).decode("utf-8", "replace").strip()
    raise EngineUnavailableError(f"the host ended before it was ready: {tail or 'it said nothing'}")


@contextlib.asynccontextmanager
async def _neighbour(*, is_busy: bool) -> AsyncIterator[None]:
    """Keep one core busy for the length of a block, or not."""
    if not is_busy:
        yield
        return
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", BUSY_LOOP)
    try:
        await asyncio.sleep(SETTLE_S)
        yield
    finally:
        await _end(process)


async def _end(process: subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _request(n_tokens: int) -> GenerationRequest:
    return GenerationRequest(prompt=PROMPT, max_tokens=n_tokens)
