"""The host killed over and over, at random moments, while windows ask.

Killed as the kernel kills when memory runs out: SIGKILL, without a warning. Each time new windows
ask before and after it, because one window leaves a host alone that crashed five times in three
minutes; two whole language servers stay through all of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field

import psutil

from ducktypist.bench.editor import Editor
from ducktypist.bench.engine.asking import counting_client
from ducktypist.bench.engine.rows import spread
from ducktypist.bench.engine.sides import Ring
from ducktypist.bench.engine.wire import Door
from ducktypist.bench.measure import Bar, Row
from ducktypist.bench.smoke import line_starting
from ducktypist.bench.stage import IDLE_UNLOAD_S, ORDERS, Stage, copy_example
from ducktypist.domain import GenerationRequest, TextPrompt
from ducktypist.engine.client import HostSpec
from ducktypist.errors import DucktypistError, EngineUnavailableError

SEED = 9
N_CLIENTS = 3
N_SERVERS = 2
LATEST_KILL_S = {"scripted": 0.4, "llama_cpp": 1.5}
"""From the moment that the windows ask; starting and loading fall into it."""
LATEST_ASK_S = 0.3
ANSWER_TOKENS = (1, 6)
"""Few: what counts is the restart, not how fast a model speaks."""
POLL_S = 0.02
LOST_AFTER_S = 60.0
SCRIPT = {"rule": [{"reply": "word " * 200, "delay_ms": 2, "prefill_ms": 20}]}
KILLS_BAR = Bar(limit=2000.0, statistic="max")
NONE_BAR = Bar(limit=0.0, statistic="max")


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What became of all requests."""

    after_ms: list[float] = field(default_factory=list)
    """From the new host's readiness to the answer; 0 where the answer came before it."""
    ready_ms: list[float] = field(default_factory=list)
    """From the kill to a new host that is ready."""
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)
    """The longest of ``after_ms`` by who asked and when."""
    n_kills: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    who: str
    at_s: float
    outcome: str


async def kill_rows(ring: Ring) -> list[Row]:
    """Kill a scripted host many times and the real one some times."""
    rows: list[Row] = []
    real = ring.spec
    plans = [(await asyncio.to_thread(_scripted, ring.stage), ring.effort.of(150, 15))]
    if real.backend != "scripted":
        plans.append((real, ring.effort.of(50, 5)))
    tallies: dict[str, _Tally] = {}
    n_left = 0
    for spec, n in plans:
        tally = tallies[spec.backend] = _Tally()
        async with contextlib.AsyncExitStack() as stack:
            # Whole explanations of the real model take longer than there is time between kills.
            n_servers = N_SERVERS if spec.backend == "scripted" else 0
            editors = [
                await stack.enter_async_context(_server(ring.stage, spec)) for _ in range(n_servers)
            ]
            dice = random.Random(SEED)  # noqa: S311 - the same moments each time
            for _ in range(n):
                await _kill_once(spec, tally, dice, editors)
            n_left += sum(editor.process.returncode is not None for editor in editors)
        async with contextlib.aclosing(counting_client(spec=spec)) as client:
            await client.stop_host()
    rows.append(_answered_row(tallies))
    rows.append(
        Row(
            name="kills-windows",
            what=f"of {N_SERVERS} language servers, those that ended during the kills",
            unit="servers",
            samples=(float(n_left),),
            bar=NONE_BAR,
        )
    )
    return rows


async def _kill_once(
    spec: HostSpec, tally: _Tally, dice: random.Random, editors: Sequence[Editor]
) -> None:
    clients = [counting_client(spec=spec) for _ in range(N_CLIENTS)]
    asking = [
        asyncio.create_task(_ask("client, before", client.generate(_request(dice))))
        for client in clients
    ]
    asking += [
        asyncio.create_task(_ask("server, before", _explanation(editor))) for editor in editors
    ]
    try:
        latest_s = LATEST_KILL_S[spec.backend]
        await asyncio.sleep(dice.uniform(0.0, latest_s))
        # There may be none for a moment, when the last one was killed while it started.
        while not (pids := await asyncio.to_thread(_pids, spec)):  # noqa: ASYNC110 - not ours
            await asyncio.sleep(POLL_S)
        killed_s = time.perf_counter()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        tally.n_kills += 1
        for client in clients:
            await asyncio.sleep(dice.uniform(0.0, LATEST_ASK_S / N_CLIENTS))
            work = client.generate(_request(dice))
            asking.append(asyncio.create_task(_ask("client, after", work)))
        ready_s = await _ready(spec)
        tally.ready_ms.append((ready_s - killed_s) * 1000)
        answers = await asyncio.gather(*asking)
    finally:
        for client in clients:
            await client.aclose()
    for answer in answers:
        tally.outcomes[answer.outcome] += 1
        after_ms = max(0.0, answer.at_s - ready_s) * 1000
        tally.after_ms.append(after_ms)
        tally.slowest[answer.who] = max(after_ms, tally.slowest.get(answer.who, 0.0))


async def _ask(who: str, work: Awaitable[object]) -> _Answered:
    """Wait for an answer of whatever kind."""
    try:
        async with asyncio.timeout(LOST_AFTER_S):
            await work
        outcome = "answered"
    except TimeoutError:
        outcome = "lost"
    except DucktypistError:
        outcome = "a clear error"
    return _Answered(who=who, at_s=time.perf_counter(), outcome=outcome)


async def _explanation(editor: Editor) -> None:
    uri = editor.uri(ORDERS)
    place = line_starting(editor.texts[uri], "def ")
    await editor.request(
        "workspace/executeCommand",
        {"command": "ducktypist.regenerate", "arguments": [{"uri": uri, "position": place}]},
    )


async def _ready(spec: HostSpec) -> float:
    """Return when a host had its model, by ``time.perf_counter``.

    One more window wants it, because all the others may have met the one that died.

    Raises:
        EngineUnavailableError: None came.
    """
    door = Door(socket_path=spec.socket_path())
    async with contextlib.aclosing(counting_client(spec=spec)) as client:
        wanting = asyncio.create_task(client.wait_ready(LOST_AFTER_S))
        try:
            async with asyncio.timeout(LOST_AFTER_S):
                while True:
                    with contextlib.suppress(DucktypistError):
                        await door.text("/health")
                        return time.perf_counter()
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise EngineUnavailableError(
                f"no host was ready within {LOST_AFTER_S:.0f} s of a kill; see {spec.log_path()}"
            ) from error
        finally:
            wanting.cancel()
            await asyncio.gather(wanting, return_exceptions=True)


def _request(dice: random.Random) -> GenerationRequest:
    text = f"# Item {dice.randrange(1000)}\ndef item() -> int:\n"
    return GenerationRequest(prompt=TextPrompt(text=text), max_tokens=dice.randint(*ANSWER_TOKENS))


@contextlib.asynccontextmanager
async def _server(stage: Stage, spec: HostSpec) -> AsyncIterator[Editor]:
    """Open a window whose server uses that host."""
    root = await asyncio.to_thread(copy_example, stage.folder("kills"))
    async with Editor.started(
        root,
        arguments=["--backend", f"scripted:{spec.model_path}"],
        options=stage.options,
        environment={**stage.environment, "DUCKTYPIST_RUNTIME_DIR": str(spec.socket_dir)},
    ) as editor:
        editor.open(ORDERS)
        yield editor


def _scripted(stage: Stage) -> HostSpec:
    script = stage.top / "kills.json"
    script.write_text(json.dumps(SCRIPT), "utf-8")
    # Short: the path of a Unix socket may have 107 bytes.
    return HostSpec.scripted(
        script,
        socket_dir=stage.top / "k",
        log_dir=stage.top / "state",
        idle_unload_s=IDLE_UNLOAD_S,
    )


def _pids(spec: HostSpec) -> list[int]:
    """Return the processes that are a host of that kind."""
    wanted = f"--socket={spec.socket_path()}"
    return [
        process.info["pid"]
        for process in psutil.process_iter(["pid", "cmdline", "status"])
        if wanted in (process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _answered_row(tallies: dict[str, _Tally]) -> Row:
    told = "; ".join(
        f"{tally.n_kills} x {name}: ready again after {spread(tally.ready_ms, 'ms')}, "
        + ", ".join(f"{n} {outcome}" for outcome, n in tally.outcomes.most_common())
        + "; slowest "
        + ", ".join(f"{who} {ms:.0f} ms" for who, ms in sorted(tally.slowest.items()))
        for name, tally in tallies.items()
    )
    return Row(
        name="kills",
        what=f"kill -9 of the host {sum(item.n_kills for item in tallies.values())} times, "
        "restart to answer of every request",
        unit="ms",
        samples=tuple(ms for tally in tallies.values() for ms in tally.after_ms),
        bar=KILLS_BAR,
        note=told,
        details={
            name: {
                "outcomes": dict(tally.outcomes),
                "slowest_ms": dict(tally.slowest),
                "ready_ms": [round(ms, 1) for ms in tally.ready_ms],
            }
            for name, tally in tallies.items()
        },
    )
