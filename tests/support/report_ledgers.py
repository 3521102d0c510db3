"""Ledgers for tests of the report: the same events at the same times whenever they are made."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ducktypist.domain import Kind, ModelIdentity, Outcome, Prediction, Timings
from ducktypist.ledger.database import open_writer
from ducktypist.ledger.events import (
    Accepted,
    Checkpoint,
    Dismissed,
    Event,
    Judge,
    Label,
    Persisted,
    Requested,
    Revised,
    Settled,
    Shown,
    SourceText,
    TextRole,
    Tier,
    Verified,
    foretold,
)
from ducktypist.ledger.rows import Row, row_of
from support.ledger_events import MODEL, generated, requested, tried, verified

BEGIN = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC)
SECOND_MODEL = ModelIdentity(
    name="duck-1.5b", sha256="cd" * 32, quantisation="Q8_0", n_ctx_tokens=4096, has_fim=True
)
HOSTILE = (
    "</style><script>alert(1)</script>",
    "a|b`c`\n\n# d",
    "\u202egnp.live\u202c \u05d0\u05d1\u05d2",
    "$x^2$ \\frac & 'q' \"r\" <b>",
    "\x00\x07\x1b[31mred\ufeff\u2028",
    "</title><img src=x onerror=alert(2)>",
    "{{ 7 * 7 }}{% raw %}",
    "m" * 10_000,
)
Timed = tuple[dt.datetime, Event]


def write_timed(path: Path, events: Sequence[Timed], *, n_unlogged: int = 0) -> None:
    """Write events with their times into a ledger, and perhaps a gap."""
    rows = [row_of(event, at_utc=_utc(at)) for at, event in events]
    if n_unlogged:
        values = {"at_utc": _utc(BEGIN), "n_unlogged": n_unlogged, "reason": "the disk was full"}
        rows.append(Row(table="gap", values=values))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = open_writer(path)
    try:
        assert writer.write(rows) == []
    finally:
        writer.close()


def typical(path: Path, *, n: int = 480, tells: bool = True) -> Path:
    """Write some months of two models at two kinds of task; what was foretold comes true or not."""
    rng = random.Random(1)  # noqa: S311 - made-up data, no secrets
    events: list[Timed] = []
    for number in range(n):
        events += _one(number, rng, tells=tells)
    write_timed(path, events, n_unlogged=3)
    return path


def single(path: Path, label: str = "right") -> Path:
    """Write one suggestion that was verified."""
    outcome = Outcome.PLAUSIBLE if label == "right" else Outcome.STILL_FAILING
    one = identity(0)
    events = [requested(one), generated(one), verified(one, outcome=outcome)]
    write_timed(path, [(BEGIN, event) for event in events])
    return path


def hostile(path: Path) -> Path:
    """Write suggestions in which everything that others may choose is hostile."""
    events: list[Timed] = []
    for number, text in enumerate(HOSTILE):
        at, one = BEGIN + dt.timedelta(minutes=number), identity(number)
        model = replace(MODEL, name=text, quantisation=text[:50], sha256=f"{number:064x}")
        shown = requested(one, model=model, language=text, path=text, task_hash="b2k:t")
        settled = Settled(suggestion_id=one, label=Label.RIGHT, reason=text, by=Judge.PERSON)
        revised = Revised(suggestion_id=one, label=Label.WRONG, reason=text, by=Judge.RULES)
        texts = [SourceText(suggestion_id=one, role=role, text=text * 2) for role in TextRole]
        events += [
            (at, event)
            for event in (shown, generated(one), verified(one), Shown(suggestion_id=one), *texts)
        ]
        events += [(at + dt.timedelta(hours=1), settled), (at + dt.timedelta(hours=2), revised)]
    write_timed(path, events)
    return path


def identity(number: int) -> str:
    """Return the id of one suggestion of these ledgers."""
    return f"01J{number:023d}"


def _one(number: int, rng: random.Random, *, tells: bool) -> Iterator[Timed]:
    task, one = number // 2, identity(number)
    model = (MODEL, SECOND_MODEL)[number % 2]
    kind = (Kind.COMPLETE, Kind.FIX)[task % 3 == 0]
    language = ("python", "go")[task % 4 == 0]
    at = BEGIN + dt.timedelta(hours=7 * number, minutes=rng.randrange(300))
    p = rng.betavariate(2, 1.4)
    is_right = rng.random() < (p if tells else 0.55)
    shown = Prediction(
        p_right=p if tells else rng.random(),
        low=max(0.0, p - 0.2),
        high=min(1.0, p + 0.15),
        n_like=40,
        calibrator="b2:test",
        has_tell=tells,
    )
    later = Prediction(
        p_right=0.9 if is_right == (rng.random() < 0.95) else 0.1,
        low=0.05,
        high=0.95,
        n_like=90,
        calibrator="b2:test",
        has_tell=True,
        after_running=True,
    )
    wanted: Requested = requested(
        one, kind=kind, language=language, model=model, task_hash=f"b2k:{task}", path="shop/a.py"
    )
    scale = 1 + number % 2
    times = Timings(
        ttft_ms=150.0 * scale + rng.random() * 200,
        decode_ms=900.0 * scale,
        total_ms=1100.0 * scale + rng.random() * 3000,
        prompt_tokens=100,
        completion_tokens=40,
    )
    yield at, wanted
    yield at, generated(one, timings=times, min_logprob=-1.0, **foretold(shown))
    if rng.random() < 0.2:
        return
    outcome = Outcome.PLAUSIBLE if is_right else Outcome.STILL_FAILING
    yield at, verified(one, n_passed=3, **foretold(later))
    yield at, Shown(suggestion_id=one)
    yield at, _graded(one, outcome)
    if kind is Kind.FIX:
        yield at, tried(one, outcome=outcome)
    if rng.random() < 0.5:
        yield at, Accepted(suggestion_id=one)
        for checkpoint in Checkpoint:
            yield at, Persisted(suggestion_id=one, checkpoint=checkpoint, edit_ratio=rng.random())
    else:
        yield at, Dismissed(suggestion_id=one)
    if number % 40 == 0:
        texts = ((TextRole.PROMPT, "def add(a, b):\n"), (TextRole.ANSWER, "    return a < b & 1\n"))
        for role, text in texts:
            yield at, SourceText(suggestion_id=one, role=role, text=text)
    if is_right and number % 30 == 0:
        days = dt.timedelta(days=3)
        why = "a test that passed before fails on it"
        yield at, Settled(suggestion_id=one, label=Label.RIGHT, reason="tests", by=Judge.RULES)
        yield at + days, Revised(suggestion_id=one, label=Label.WRONG, reason=why, by=Judge.RULES)


def _graded(one: str, outcome: Outcome) -> Verified:
    return verified(one, tier=Tier.HIDDEN, outcome=outcome, environment_hash="b2:hidden")


def _utc(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
