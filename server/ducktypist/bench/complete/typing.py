"""Somebody types, and the editor asks after each key: how much is computed and thrown away?

The trace is replayed in real time against the real server. The client is one that cancels what it
asked before as soon as the next key comes, as VS Code does. What it got before that was shown.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ducktypist.bench.complete.attempt import ghost_of, ghost_question
from ducktypist.bench.complete.ledger import Life, lives
from ducktypist.bench.complete.place import Circumstances, circumstances, place_for
from ducktypist.bench.complete.run import Plan
from ducktypist.bench.editor import Editor, EditorFailure, position_of
from ducktypist.bench.engine.asking import Trace, load_trace
from ducktypist.bench.figures import Figure, share_of
from ducktypist.bench.fix.attempt import opened
from ducktypist.bench.measure import load, quantile, since_ms
from ducktypist.bench.stage import ready
from ducktypist.bench.tasks import write_files
from ducktypist.domain import Json, Kind

MAX_THROWN_AWAY = 25.0
FILE = "depot.py"
SETTLE_S = 2.0
"""So long the last suggestion may still come."""


@dataclass(slots=True)
class TypingReport:
    """Everything of one replay."""

    plan: Plan
    circumstances: Circumstances
    speed: float
    """1 is as it was typed."""
    n_keys: int = 0
    got: dict[str, float] = field(default_factory=dict)
    """Milliseconds from the key to the suggestion, by its id, of those that came before the next
    key; one that came again with the next key counts once, by its first time."""
    n_answers: int = 0
    """How many requests were answered with a suggestion before the next key."""
    lives: Mapping[str, Life] = field(default_factory=dict)
    """Every suggestion for which the engine was asked, by its id."""
    problems: list[str] = field(default_factory=list)

    @property
    def thrown_away(self) -> list[Life]:
        """What the engine was asked for and the editor never got."""
        return [life for name, life in self.lives.items() if name not in self.got]

    @property
    def figures(self) -> list[Figure]:
        """All counts."""
        n, asked, thrown = self.n_keys, len(self.lives), self.thrown_away
        times_ms = list(self.got.values())
        superseded = sum(life.superseded or life.cancelled for life in thrown)
        unshown = sum(life.generated and not (life.superseded or life.cancelled) for life in thrown)
        return [
            share_of("the engine was asked", "of all keystrokes", asked, n),
            share_of(
                "a suggestion stood there",
                "before the next key came, new or as before; of all keystrokes",
                self.n_answers,
                n,
            ),
            share_of(
                "computed and thrown away",
                "asked for and never shown, of all keystrokes",
                len(thrown),
                n,
                bar=f"≤ {MAX_THROWN_AWAY:g} %",
                is_met=100 * len(thrown) <= MAX_THROWN_AWAY * n,
                note=f"of {len(thrown)}: {superseded} superseded or cancelled, {unshown} answered "
                f"and not used; of {asked} asked for, {len(self.got)} were shown",
            ),
            *(
                Figure(
                    name=f"suggestion, p{share * 100:.0f}",
                    what="from the key to what is shown",
                    value=quantile(times_ms, share) if times_ms else float("nan"),
                    unit="ms",
                    n=len(times_ms),
                )
                for share in (0.5, 0.95)
            ),
            Figure(
                name="requests that failed",
                what="",
                value=float(len(self.problems)),
                unit="",
                n=n,
                note="; ".join(sorted(set(self.problems)))[:400],
            ),
        ]

    def as_json(self) -> dict[str, Json]:
        """Return what is needed to judge the replay and to repeat it."""
        return {
            **self.circumstances.as_json(),
            "speed": self.speed,
            "complete": self.plan.settings(),
            "n_keys": self.n_keys,
            "n_asked": len(self.lives),
            "n_shown": len(self.got),
            "n_answers": self.n_answers,
            "n_thrown_away": len(self.thrown_away),
            "figures": [figure.as_json() for figure in self.figures],
            "shown_ms": [round(item, 1) for item in self.got.values()],
            "problems": list(self.problems),
        }


async def run_typing(
    *,
    plan: Plan,
    speed: float = 1.0,
    trace: Trace | None = None,
    backend: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> TypingReport:
    """Type the trace.

    Args:
        plan: Settings.
        speed: How much faster than it was typed.
        trace: What was typed; the one that ships with the bench by default.
        backend: As for ``ducktypist serve``.
        say: Told how it goes on.

    Raises:
        DucktypistError: Nothing can be run here.
    """
    typed = await asyncio.to_thread(load_trace) if trace is None else trace
    told = hashlib.sha256(repr((typed.document, typed.events)).encode()).hexdigest()
    async with place_for(backend) as place:
        found = TypingReport(
            plan=plan,
            circumstances=await circumstances(
                place.stage, seed=plan.seed, tasks_sha256=told, ids=[FILE]
            ),
            speed=speed,
        )
        root = await asyncio.to_thread(
            lambda: write_files({FILE: typed.document}, place.stage.folder("typing") / "work")
        )
        async with opened(root, place.window(plan.settings()), []) as editor:
            await ready(editor)
            hand = _Hand(editor=editor, uri=editor.open(FILE), found=found)
            await hand.type(typed, speed, say)
        known = await asyncio.to_thread(lives, place.ledger)
        found.lives = {name: life for name, life in known.items() if life.kind != Kind.EXPLAIN}
        after = await asyncio.to_thread(load)
        found.circumstances = replace(found.circumstances, after=after)
    return found


@dataclass(slots=True, kw_only=True)
class _Hand:
    """Types, and asks after each key."""

    editor: Editor
    uri: str
    found: TypingReport
    _open: int | None = None
    """The request that has no answer yet."""

    async def type(self, trace: Trace, speed: float, say: Callable[[str], None]) -> None:
        """Keep the trace's own times."""
        started = time.perf_counter()
        reading: list[asyncio.Task[None]] = []
        for number, event in enumerate(trace.events, start=1):
            due_s = event["ms"] / 1000 / speed
            await asyncio.sleep(max(0.0, due_s - (time.perf_counter() - started)))
            if event["kind"] == "key":
                self._key(event, reading)
            elif event["kind"] == "hover":
                text = self.editor.texts[self.uri]
                reading.append(asyncio.create_task(self._hover(position_of(text, event["at"]))))
            if number % 50 == 0:
                say(f"{number} of {len(trace.events)} events")
        await asyncio.sleep(SETTLE_S)
        self._cancel()
        await asyncio.gather(*reading)

    def _key(self, event: Mapping[str, Any], reading: list[asyncio.Task[None]]) -> None:
        at, cut, new = event["at"], event["cut"], event["text"]
        self.editor.replace(self.uri, at, at + cut, new)
        self._cancel()
        self.found.n_keys += 1
        text, cursor = self.editor.texts[self.uri], at + len(new)
        request = self.editor.start(
            "textDocument/inlineCompletion", ghost_question(text, self.uri, cursor)
        )
        self._open = request
        reading.append(asyncio.create_task(self._read(request, text, cursor)))

    def _cancel(self) -> None:
        if self._open is not None:
            self.editor.notify("$/cancelRequest", {"id": self._open})
            self._open = None

    async def _read(self, request: int, text: str, cursor: int) -> None:
        asked = time.perf_counter()
        try:
            answer = await self.editor.answer(request)
        except EditorFailure as error:
            if self._open == request:
                self.found.problems.append(str(error))
                self._open = None
            return
        if self._open != request:
            return
        self._open = None
        ghost = ghost_of(answer, text, cursor)
        if ghost is not None:
            self.found.n_answers += 1
            self.found.got.setdefault(ghost.suggestion_id, since_ms(asked))

    async def _hover(self, position: Mapping[str, int]) -> None:
        question = {"textDocument": {"uri": self.uri}, "position": position}
        try:
            await self.editor.request("textDocument/hover", question)
        except EditorFailure as error:
            self.found.problems.append(f"hover: {error}")
