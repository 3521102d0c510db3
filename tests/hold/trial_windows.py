"""Trial 4: eight windows on one host, each editing, hovering and completing at the same time.

Every round gives a window's function a name that no other window or round has, and the model an
answer of its own for each: a reply that reached another window, or one about a text that is no
longer there, shows. The size counts the rounds of all windows together;
as many as fit into CI's share of time stand for the minute that each window works.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hold.host_folders import Left, end_in_order, own_folders, scripted_spec
from hold.trial import Bar, Json, Outcome, Run, Trial
from support.engines import host_pids
from support.stdio_client import RpcError, ServerGoneError
from support.windows import Window, position, script_written

N_WINDOWS = 8
LOST_S = 90.0
"""Far above what anything here takes on a machine that others use, too."""
CANCELLED = -32800
EDITS = (1, 5)
TYPED = "aé\U0001f986"
CANCEL_SHARE = 0.3
NAME = re.compile(r"job_\w+")
TICKET = re.compile(r"job[ _](\d+_\d{3,})")
HOLE = {"line": 2, "character": 4}
TEXT = (
    'def job_first(left, right):\n    """Add both."""\n    \n\n\n'
    "def other():\n    return 2\n\n\n# \n"
)


@dataclass(slots=True)
class _Tally:
    """What became of all requests."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    failures: list[Json] = field(default_factory=list)
    known_ms: list[float] = field(default_factory=list)
    """How long hovers took that no model was needed for."""

    def note(self, bar: str, seen: Json) -> None:
        self.wrong[bar] += 1
        self.failures.append({"bar": bar, "seen": seen})


async def _run(run: Run) -> Outcome:
    n_rounds = max(1, run.size // N_WINDOWS)
    tally = _Tally()
    with own_folders(run.folder) as left:
        script = script_written(run.folder / "s.json", rule=_rules(n_rounds))
        spec = scripted_spec(script)
        try:
            async with contextlib.AsyncExitStack() as stack:
                windows = [
                    await stack.enter_async_context(
                        Window.opened(_root(run.folder, number), script=script, trusted=False)
                    )
                    for number in range(N_WINDOWS)
                ]
                await asyncio.gather(
                    *(
                        _work(window, number, n_rounds, run, tally)
                        for number, window in enumerate(windows)
                    )
                )
                hosts = await asyncio.to_thread(host_pids, spec)
                if len(hosts) != 1:
                    tally.note("hosts", hosts)
            # Now that all have left, nothing can come any more.
            for number, window in enumerate(windows):
                _count(window, number, tally)
        except (AssertionError, ServerGoneError) as error:
            tally.note("servers", str(error)[:500])
        await end_in_order(spec)
    return _outcome(N_WINDOWS * n_rounds, tally, left)


def _rules(n_rounds: int) -> list[Json]:
    """Return an answer for each round of each window; the newest name in a prompt counts."""
    tickets = [
        f"{window}_{number:03d}"
        for number in reversed(range(n_rounds))
        for window in range(N_WINDOWS)
    ]
    return [
        rule
        for one in tickets
        for rule in (
            {"kind": "chat", "match": f"Explain .*job_{one}\\b", "reply": f"It is job {one}."},
            {"kind": "infill", "match": f"job_{one}\\b", "reply": f'return "job_{one}"'},
        )
    ]


def _root(top: Path, number: int) -> Path:
    root = top / f"w{number}"
    root.mkdir()
    (root / "jobs.py").write_text(TEXT, "utf-8")
    return root


async def _work(window: Window, number: int, n_rounds: int, run: Run, tally: _Tally) -> None:
    dice = run.random("window", number)
    uri = window.open(run.folder / f"w{number}" / "jobs.py")
    for round_ in range(n_rounds):
        ticket = f"{number}_{round_:03d}"
        _type(window, uri, ticket, dice)
        at = window.place(uri, "def job")
        asked = {
            "hover": window.client.start_request("textDocument/hover", _at(uri, at)),
            "ghost": window.client.start_request(
                "textDocument/inlineCompletion", _at(uri, HOLE) | {"context": {"triggerKind": 1}}
            ),
            "list": window.client.start_request(
                "textDocument/completion", _at(uri, window.place(uri, "return 2"))
            ),
            "actions": window.client.start_request(
                "textDocument/codeAction",
                {
                    "textDocument": {"uri": uri},
                    "range": {"start": at, "end": at},
                    "context": {"diagnostics": []},
                },
            ),
        }
        if dice.random() < CANCEL_SHARE:
            window.client.notify("$/cancelRequest", {"id": asked[dice.choice(list(asked))]})
        told = {
            kind: await _judge(window, kind, msg_id, ticket, tally)
            for kind, msg_id in asked.items()
        }
        began_s = time.monotonic()
        again = window.client.start_request("textDocument/hover", _at(uri, at))
        is_known = await _judge(window, "again", again, ticket, tally) and told["hover"]
        if is_known:
            tally.known_ms.append((time.monotonic() - began_s) * 1000)


def _type(window: Window, uri: str, ticket: str, dice: random.Random) -> None:
    """Give the function another name, letter by letter elsewhere in between."""
    text = window.texts[uri]
    found = NAME.search(text)
    assert found is not None
    span = {"start": position(text, found.start()), "end": position(text, found.end())}
    window.change(uri, [{"range": span, "newText": f"job_{ticket}"}])
    for _ in range(dice.randint(*EDITS)):
        text = window.texts[uri]
        window.insert(uri, position(text, len(text) - 1), dice.choice(TYPED))


def _at(uri: str, at: dict[str, int]) -> dict[str, Json]:
    return {"textDocument": {"uri": uri}, "position": at}


async def _judge(window: Window, kind: str, msg_id: int, ticket: str, tally: _Tally) -> bool:
    """Tell whether a reply is what the model says of it; note one that is not about this text."""
    try:
        found = await window.client.result(msg_id, timeout_s=LOST_S)
    except TimeoutError:
        tally.note("lost", {"kind": kind, "ticket": ticket})
        return False
    except RpcError as error:
        if error.code != CANCELLED:
            tally.note("errors", {"kind": kind, "ticket": ticket, "error": str(error)})
        tally.outcomes["cancelled"] += 1
        return False
    said = json.dumps(found)
    named = set(TICKET.findall(said))
    if named - {ticket}:
        tally.note("crossed", {"kind": kind, "ticket": ticket, "named": sorted(named)})
    if kind in {"hover", "again"} and not named:
        tally.note("empty", {"kind": kind, "ticket": ticket, "said": said[:300]})
    is_told = f"It is job {ticket}" in said or f'return \\"job_{ticket}' in said
    if kind == "again" and not is_told:
        tally.note("unsaid", {"ticket": ticket, "said": said[:300]})
    tally.outcomes[f"{kind}{' with the model' if is_told else ''}"] += 1
    return is_told


def _count(window: Window, number: int, tally: _Tally) -> None:
    """Count the replies to each request that was ever made."""
    replies = Counter(
        message.get("id") for message in window.client.messages if "method" not in message
    )
    sent = set(range(1, window.client._n_sent + 1))
    for lost in sent - set(replies):
        tally.note("lost", {"window": number, "id": lost})
    for replied, n in replies.items():
        if n != 1 or replied not in sent:
            tally.note("doubled", {"window": number, "id": replied, "replies": n})


def _outcome(tried: int, tally: _Tally, left: Left) -> Outcome:
    def none(bar: str, name: str) -> Bar:
        return Bar(name=name, seen=tally.wrong[bar], most=0)

    known = sorted(tally.known_ms) or [0.0]
    told = ", ".join(f"{n} {name}" for name, n in sorted(tally.outcomes.items()))
    return Outcome(
        tried=tried,
        bars=[
            none("lost", f"requests without a reply ({told})"),
            none("doubled", "replies that came twice or to nothing"),
            none("crossed", "replies about another window's or an older text"),
            none("empty", "hovers that said nothing of their function"),
            none("unsaid", "second hovers without what the model said"),
            none("errors", "requests that failed"),
            none("hosts", "moments with more or less than one host"),
            none("servers", "language servers that ended or broke down"),
            Bar(name="processes or sockets left behind", seen=len(left.problems), most=0),
            Bar(
                name=f"hover p99 without the model ({len(tally.known_ms)})",
                seen=round(known[int(0.99 * (len(known) - 1))], 1),
                most=50.0,
                unit="ms",
                is_timing=True,
            ),
        ],
        failures=[*tally.failures, *left.problems],
        left_out={
            "the real model": "its answers do not tell whose they are; `ducktypist bench engine` "
            "lets eight windows type on it, with tickets that it repeats",
            "`make it pass`": "it runs tests, and its windows are those of the trials of the runs",
        },
    )


TRIALS: Final = (Trial(number=4, name="windows on one host", counts="rounds", ci=320, run=_run),)
