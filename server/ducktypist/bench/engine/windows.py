"""Eight windows that type at once, and what the one in focus feels of the other seven.

Each key has a ticket of its own that the answer has to repeat, so that an answer that reached the
wrong window shows. A person types in bursts and looks at what comes at the end of one; within a
burst each key cancels the request before it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from ducktypist.bench.engine.asking import CountingClient, counting_client, load_trace
from ducktypist.bench.engine.rows import spread
from ducktypist.bench.engine.sides import Ring
from ducktypist.bench.measure import Bar, Row, quantile, since_ms
from ducktypist.domain import GenerationRequest, Priority, TextPrompt
from ducktypist.errors import EngineError

N_WINDOWS = 8
N_STRETCHES = 3
STRETCH_S = 20.0
QUICK_STRETCH_S = 6.0
KEY_S = 0.22
SIGMA = 0.35
DEBOUNCE_S = 0.15
LOOKING_S = 0.6
BURST_KEYS = (1, 6)
ANSWER_TOKENS = 12
HEAD_CHARS = 1500
ANSWER_TIMEOUT_S = 60.0

FOCUS_BAR = Bar(limit=1.5, statistic="max")
NONE_BAR = Bar(limit=0.0, statistic="max")


@dataclass(slots=True, kw_only=True)
class _Window:
    """One person's window."""

    number: int
    client: CountingClient
    head: str
    dice: random.Random
    outcomes: Counter[str] = field(default_factory=Counter)
    """What became of its requests: right, crossed, unclear, failed, lost or cancelled."""
    first_ms: list[float] = field(default_factory=list)
    """Time to first token of what nothing overtook, for the stretch that runs."""
    n_keys: int = 0
    problems: list[str] = field(default_factory=list)

    async def type(self, seconds: float) -> None:
        """Type for a while, and wait for the last answer."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            asking: asyncio.Task[None] | None = None
            for _ in range(self.dice.randint(*BURST_KEYS)):
                await asyncio.sleep(KEY_S * self.dice.lognormvariate(0.0, SIGMA))
                if asking is not None:
                    await _cancelled(asking)
                self.n_keys += 1
                asking = asyncio.create_task(self._ask(f"w{self.number}-{self.n_keys:05d}"))
            if asking is not None:
                await asking
            await asyncio.sleep(LOOKING_S * self.dice.lognormvariate(0.0, SIGMA))

    async def _ask(self, ticket: str) -> None:
        try:
            await asyncio.sleep(DEBOUNCE_S)
        except asyncio.CancelledError:
            # Nothing was asked yet.
            return
        # Until something else is known.
        outcome = "cancelled"
        started = time.perf_counter()
        text = ""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                async with self.client.stream(self._request(ticket)) as stream:
                    async for piece in stream:
                        if not text:
                            first_ms = since_ms(started)
                        text += piece
            outcome = self._judged(text, ticket)
            self.first_ms.append(first_ms if text else since_ms(started))
        except TimeoutError:
            outcome = "lost"
        except EngineError as error:
            outcome = "failed"
            self.problems.append(str(error))
        finally:
            self.outcomes[outcome] += 1

    def _request(self, ticket: str) -> GenerationRequest:
        return GenerationRequest(
            prompt=TextPrompt(text=f'{self.head}# The next ticket is {ticket}\nticket = "'),
            max_tokens=ANSWER_TOKENS,
            stop=('"', "\n"),
            priority=Priority.FOCUS if self.number == 0 else Priority.INTERACTIVE,
            lane=f"window-{self.number}",
        )

    def _judged(self, text: str, ticket: str) -> str:
        said = text.strip()
        if said == ticket:
            return "right"
        other = said.startswith("w") and said[1:2].isdigit() and said[1:2] != str(self.number)
        return "crossed" if other else "unclear"


async def window_rows(ring: Ring) -> list[Row]:
    """Let one window type alone, then all eight, in turns."""
    seconds = QUICK_STRETCH_S if ring.effort.is_quick else STRETCH_S
    text = (await asyncio.to_thread(load_trace)).document[:HEAD_CHARS]
    windows = [_window(ring, number, text) for number in range(N_WINDOWS)]
    focus = windows[0]
    first_ms: Mapping[str, list[float]] = {"alone": [], "beside seven others": []}
    before = await _ended(ring)
    try:
        # Every window's text is read once beforehand; that is not what is compared.
        await asyncio.gather(*(window.type(0.1) for window in windows))
        for _ in range(ring.effort.of(N_STRETCHES, 2)):
            for name in first_ms:
                focus.first_ms.clear()
                typing = windows if name != "alone" else [focus]
                await asyncio.gather(*(window.type(seconds) for window in typing))
                first_ms[name].extend(focus.first_ms)
    finally:
        for window in windows:
            await window.client.aclose()
    outcomes = sum((window.outcomes for window in windows), Counter[str]())
    ended = await _ended(ring) - before
    return [
        _focus_row(first_ms),
        _lost_row(outcomes, ended, [problem for item in windows for problem in item.problems]),
    ]


def _window(ring: Ring, number: int, text: str) -> _Window:
    head = text.replace("Crate", f"Crate{number}")
    examples = "".join(
        f'# The next ticket is w{number}-{at:05d}\nticket = "w{number}-{at:05d}"\n'
        for at in (90_107, 90_236)
    )
    return _Window(
        number=number,
        client=counting_client(spec=ring.spec),
        head=f"{head}\n\n{examples}",
        dice=random.Random(number),  # noqa: S311 - the same rhythm each time
    )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ended(ring: Ring) -> float:
    """Return how many requests have ended in the host, however."""
    page = await ring.ours.door.text("/metrics")
    lines = [line for line in page.splitlines() if line.startswith("ducktypist_requests_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _focus_row(first_ms: Mapping[str, list[float]]) -> Row:
    alone, crowd = first_ms["alone"], first_ms["beside seven others"]
    ratio = quantile(crowd, 0.95) / quantile(alone, 0.95)
    told = "; ".join(
        f"{name} p95 {quantile(given, 0.95):.0f} ms, {spread(given, 'ms')}, n = {len(given)}"
        for name, given in first_ms.items()
    )
    return Row(
        name="windows-focus",
        what=f"p95 time to first token of the window in focus, {N_WINDOWS} typing, against alone",
        unit="x",
        samples=(ratio,),
        bar=FOCUS_BAR,
        note=told,
        details={name: [round(item, 2) for item in given] for name, given in first_ms.items()},
    )


def _lost_row(outcomes: Counter[str], ended: float, problems: list[str]) -> Row:
    asked = sum(outcomes.values())
    # What was cancelled before it was sent has not ended in the host; more than asked is too many.
    twice = max(0.0, ended - asked)
    bad = outcomes["lost"] + outcomes["crossed"] + outcomes["failed"] + twice
    told = ", ".join(f"{n} {name}" for name, n in outcomes.most_common())
    return Row(
        name="windows-lost",
        what="requests of the eight windows that were lost, crossed, failed or ended twice",
        unit="requests",
        samples=(float(bad),),
        bar=NONE_BAR,
        note=f"{asked} asked: {told}; {ended:.0f} ended in the host; unclear: the model did not "
        f"repeat its ticket{'; ' + problems[0] if problems else ''}",
        details={"outcomes": dict(outcomes), "ended": ended},
    )
