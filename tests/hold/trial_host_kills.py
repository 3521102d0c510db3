"""Trial 5: the host is killed with SIGKILL at random moments, and every request is answered.

Two windows ask before and after each kill, new ones every few kills, for a window leaves a host
alone that crashed five times in three minutes; one whole language server stays through all of it.
Then that breaker: a server whose host dies five times in a row starts no sixth one, and stays.
Every ticket has an answer of its own, so that a half answer or another's shows.
CI has time for 30 kills, with a new host after each; the table's 200 need six minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ducktypist.domain import GenerationRequest, TextPrompt
from ducktypist.engine import history
from ducktypist.engine.client import EngineClient, HostSpec
from ducktypist.engine.postmortem import Cause
from ducktypist.engine.startup import MAX_CRASHES
from ducktypist.errors import EngineError
from hold.host_folders import Left, end_in_order, own_folders, scripted_spec
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.engines import host_pids, kill, until_async
from support.stdio_client import RpcError, ServerGoneError
from support.windows import CALM, Window, script_written

N_CLIENTS = 2
KILLS_EACH = 3
"""How many kills two windows live through; a fourth crash would make them wait for long."""
N_TICKETS = 48
WORDS = " ".join(["word"] * 12)
LATEST_KILL_S = 0.6
LATEST_ASK_S = 0.2
LOST_S = 90.0
"""Far above what anything here takes on a machine that others use, too."""
REFUSED_S = 15.0
"""Where no host is started, nothing is waited for."""
CANCELLED = -32800
NO_ANSWER = "lost"
ENGINE_ERROR = "a clear error"
RIGHT = "right"


@dataclass(slots=True)
class _Tally:
    """What became of all requests."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    slowest_ms: Counter[str] = field(default_factory=Counter)
    failures: list[Json] = field(default_factory=list)
    n_kills: int = 0

    def note(self, bar: str, seen: object) -> None:
        self.wrong[bar] += 1
        self.failures.append({"bar": bar, "kill": self.n_kills, "seen": str(seen)[:500]})

    def took(self, what: str, since_s: float) -> None:
        took_ms = round((time.monotonic() - since_s) * 1000)
        self.slowest_ms[what] = max(self.slowest_ms[what], took_ms)


@dataclass(slots=True)
class _Moment:
    """When the host was killed; before that, when the requests were made."""

    at_s: float
    is_past: bool = False


async def _run(run: Run) -> Outcome:
    tally = _Tally()
    with own_folders(run.folder) as left:
        spec = scripted_spec(script_written(run.folder / "s.json", load_ms=150, rule=_rules()))
        await _kills(spec, tally, run)
        known = await asyncio.to_thread(history.load, spec.history_path())
        others = {cause: n for cause, n in known.n_by_cause.items() if cause != Cause.KILLED}
        if others or known.n_by_cause.get(Cause.KILLED, 0) > tally.n_kills:
            tally.note("history", dict(known.n_by_cause))
        slow = [{"reply": "word " * 400, "delay_ms": 200}]
        frail = scripted_spec(script_written(run.folder / "f.json", rule=slow))
        await _breaker(frail, tally, run)
        for each in (spec, frail):
            await end_in_order(each)
    return _outcome(tally, left)


def _rules() -> list[Json]:
    """Return one rule for each ticket and each function."""
    return [
        *(
            {"kind": "text", "match": f"ticket {one:03d}", "reply": _reply(one), "delay_ms": 10}
            for one in range(N_TICKETS)
        ),
        *(
            {"kind": "chat", "match": f"Explain .*job_{one:03d}", "reply": f"It is job {one:03d}."}
            for one in range(N_TICKETS)
        ),
    ]


def _reply(ticket: int) -> str:
    return f"{ticket:03d} {WORDS} end {ticket:03d}"


async def _kills(spec: HostSpec, tally: _Tally, run: Run) -> None:
    path = run.folder / "w" / "jobs.py"
    path.parent.mkdir()
    jobs = "\n\n".join(f"def job_{one:03d}():\n    return {one}\n" for one in range(N_TICKETS))
    path.write_text(jobs, "utf-8")
    options = {"explain": {"hover_wait_ms": 200}}
    async with _server(tally, path.parent, spec.model_path, options) as window:
        uri = window.open(path)
        clients: list[EngineClient] = []
        try:
            for number in range(run.size):
                if number % KILLS_EACH == 0:
                    await _closed(clients)
                    clients[:] = [EngineClient.embedded(spec) for _ in range(N_CLIENTS)]
                dice = run.random("kill", number)
                await _kill_once(spec, tally, dice, clients, (window, uri))
        finally:
            await _closed(clients)
        status = await window.command("status", timeout_s=LOST_S)
        if not status["version"]:
            tally.note("servers", status)


async def _kill_once(
    spec: HostSpec,
    tally: _Tally,
    dice: random.Random,
    clients: Sequence[EngineClient],
    hovers: tuple[Window, str],
) -> None:
    moment = _Moment(time.monotonic())
    asking = [
        asyncio.create_task(_ask(client, tally, dice.randrange(N_TICKETS), moment))
        for client in clients
    ]
    asking.append(asyncio.create_task(_hover(*hovers, tally, dice.randrange(N_TICKETS))))
    await asyncio.sleep(dice.uniform(0.0, LATEST_KILL_S))
    # There may be none for a moment, when the last one was killed while it started.
    while not (pids := await asyncio.to_thread(host_pids, spec)):
        if all(task.done() for task in asking):
            break
        await asyncio.sleep(0.02)
    moment.at_s, moment.is_past = time.monotonic(), True
    kill(pids)
    tally.n_kills += bool(pids)
    for client in clients:
        await asyncio.sleep(dice.uniform(0.0, LATEST_ASK_S))
        asking.append(asyncio.create_task(_ask(client, tally, dice.randrange(N_TICKETS), moment)))
    asking.append(asyncio.create_task(_hover(*hovers, tally, dice.randrange(N_TICKETS))))
    await asyncio.gather(*asking)


async def _ask(client: EngineClient, tally: _Tally, ticket: int, moment: _Moment) -> None:
    request = GenerationRequest(
        prompt=TextPrompt(text=f"ticket {ticket:03d}"), max_tokens=len(_reply(ticket))
    )
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(LOST_S):
            text = (await client.generate(request)).text
    except TimeoutError:
        tally.outcomes[NO_ANSWER] += 1
        tally.note("lost", f"ticket {ticket}")
    except EngineError:
        tally.outcomes[ENGINE_ERROR] += 1
        if moment.is_past:
            tally.took("error", max(began_s, moment.at_s))
    # A server that breaks down in another way is a finding of its own.
    except Exception as error:  # noqa: BLE001 - see above
        tally.note("odd", repr(error))
    else:
        tally.outcomes[RIGHT] += 1
        if text != _reply(ticket):
            tally.note("wrong", {"ticket": ticket, "text": text})
        if moment.is_past:
            tally.took("answer", max(began_s, moment.at_s))


async def _hover(window: Window, uri: str, tally: _Tally, job: int) -> None:
    at = window.place(uri, f"def job_{job:03d}")
    began_s = time.monotonic()
    try:
        found = await window.client.request(
            "textDocument/hover",
            {"textDocument": {"uri": uri}, "position": at},
            timeout_s=LOST_S,
        )
    except TimeoutError:
        tally.note("lost", f"a hover on job {job}")
        return
    except RpcError as error:
        # The pointer moved on: the newer hover of the same document goes before this one.
        if error.code != CANCELLED:
            tally.note("odd", error)
        return
    tally.took("hover", began_s)
    text = "" if found is None else found["contents"]["value"]
    named = set(re.findall(r"(?:job[ _])(\d{3})", text))
    tally.outcomes["hover"] += 1
    if not text or not named <= {f"{job:03d}"}:
        tally.note("wrong", {"job": job, "hover": text})


async def _breaker(spec: HostSpec, tally: _Tally, run: Run) -> None:
    """Kill each host that one server starts until it starts none any more."""
    dice = run.random("breaker")
    path = run.folder / "b" / "jobs.py"
    path.parent.mkdir()
    path.write_text("def job():\n    return 1\n", "utf-8")
    async with _server(tally, path.parent, spec.model_path, {"explain": CALM}) as window:
        uri = window.open(path)

        async def hover(timeout_s: float = LOST_S) -> str:
            # Another text each time: what was explained is not asked again.
            window.insert(uri, {"line": 1, "character": 4}, f"{dice.randrange(1000)} + ")
            return await window.hover(uri, "def job", timeout_s=timeout_s)

        for _ in range(MAX_CRASHES):
            asking = asyncio.create_task(hover())
            while not asking.done():
                await asyncio.sleep(dice.uniform(0.0, LATEST_KILL_S))
                kill(await asyncio.to_thread(host_pids, spec))
            if "cannot explain this now" not in await asking:
                tally.note("breaker", {"a hover whose host died": asking.result()})
        await until_async(lambda: not host_pids(spec), timeout_s=LOST_S)
        try:
            last = await hover(REFUSED_S)
        except TimeoutError:
            last = "it waits for a host"
        if "crashed 5 times" not in last:
            tally.note("breaker", {"the sixth hover": last})
        if pids := await asyncio.to_thread(host_pids, spec):
            tally.note("breaker", {"hosts after five crashes": pids})
        state = (await window.command("status", timeout_s=LOST_S))["engine"]["state"]
        if state != "failed":
            tally.note("breaker", {"state": state})


@contextlib.asynccontextmanager
async def _server(
    tally: _Tally, root: Path, script: Path, options: dict[str, Json]
) -> AsyncIterator[Window]:
    """Open a window; that its server ends or says something odd is what must not be."""
    try:
        async with Window.opened(root, script=script, options=options) as window:
            yield window
    except (AssertionError, ServerGoneError) as error:
        tally.note("servers", error)


async def _closed(clients: Sequence[EngineClient]) -> None:
    for client in clients:
        await client.aclose()


def _outcome(tally: _Tally, left: Left) -> Outcome:
    def none(bar: str, name: str) -> Bar:
        return Bar(name=name, seen=tally.wrong[bar], most=0)

    def slowest(what: str, name: str, most_ms: float) -> Bar:
        seen = tally.slowest_ms[what]
        return Bar(name=name, seen=seen, most=most_ms, unit="ms", is_timing=True)

    told = json.dumps(dict(tally.outcomes))
    return Outcome(
        tried=tally.n_kills,
        bars=[
            none("lost", f"requests without an answer ({told})"),
            none("wrong", "half, crossed or wrong answers"),
            none("odd", "errors that no window can explain"),
            none("servers", "language servers that ended or broke down"),
            none("breaker", "hosts started, or silence, after five crashes in three minutes"),
            none("history", "deaths counted twice or taken for something else than a kill"),
            Bar(name="processes or sockets left behind", seen=len(left.problems), most=0),
            slowest("error", "slowest error after a kill", 2000),
            slowest("hover", "slowest hover of the server", 2000),
            slowest("answer", "slowest answer after a kill, pause and new start included", 10_000),
        ],
        failures=[*tally.failures, *left.problems],
        left_out={
            "the real model": "how fast it comes back is measured by `ducktypist bench engine`; "
            "what dies and is answered is the same",
        },
    )


TRIALS: Final = (Trial(number=5, name="host kills", counts="kills", ci=30, run=_run),)
