"""Ledgers in which anything happened in any order: for comparing two ways to the same numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ducktypist.domain import FinishReason, Kind, ModelIdentity, Outcome, Source, Timings
from ducktypist.ledger import database
from ducktypist.ledger.claimed import Claimed
from ducktypist.ledger.events import (
    Accepted,
    Answer,
    Cancelled,
    Checkpoint,
    Dismissed,
    Event,
    Generated,
    Judge,
    Label,
    Moment,
    Persisted,
    Requested,
    Revised,
    Settled,
    Shown,
    StaticVerdict,
    Superseded,
    Tier,
    Verified,
    Verifier,
)
from ducktypist.ledger.rows import Row, row_of
from ducktypist.ledger.tried import Tried
from support.ledger_events import MODEL, claimed, generated, requested, tried, verified

MODELS = (
    MODEL,
    ModelIdentity(name="b", sha256="cd" * 32, quantisation="Q8_0", n_ctx_tokens=1, has_fim=True),
    ModelIdentity(name="b", sha256="cd" * 32, quantisation="Q8_0", n_ctx_tokens=2, has_fim=True),
    ModelIdentity(name="remote", sha256="", quantisation="", n_ctx_tokens=1, has_fim=False),
)
N_TASKS = 6
N_DAYS = 9


def dice(seed: int) -> random.Random:
    """Return what decides; the same seed decides the same."""
    return random.Random(seed)  # noqa: S311 - data, not secrets


def write_randomly(path: Path, rng: random.Random, *, n_suggestions: int, start: int = 0) -> None:
    """Write events of ``n_suggestions`` suggestions, and of some that nobody asked for.

    Args:
        path: The ledger.
        rng: Decides all.
        n_suggestions: How many.
        start: The number of the first; numbers may be told of again for more events of them.
    """
    rows: list[Row] = []
    for number in range(start, start + n_suggestions):
        one = f"s{number:05}"
        rows += [row_of(event, at_utc=_utc(rng)) for event in _life(one, rng)]
    rng.shuffle(rows)
    if rng.random() < 0.5:
        rows.append(_gap(rng))
    writer = database.open_writer(path)
    assert writer.write(rows) == []
    writer.close()


def more_events(path: Path, rng: random.Random, *, n_known: int, n_events: int) -> None:
    """Write later events of suggestions that are there already."""
    makers = (_lifecycle, _verified, _persisted, _conclusion, _tried, _claimed)
    rows = [
        row_of(rng.choice(makers)(f"s{rng.randrange(n_known):05}", rng), at_utc=_utc(rng))
        for _ in range(n_events)
    ]
    writer = database.open_writer(path)
    assert writer.write(rows) == []
    writer.close()


def _life(one: str, rng: random.Random) -> list[Event]:
    found: list[Event] = []
    if rng.random() < 0.95:
        found.append(_requested(one, rng))
    if rng.random() < 0.9:
        found.append(_generated(one, rng))
    makers: tuple[tuple[int, Callable[[str, random.Random], Event]], ...] = (
        (3, _lifecycle),
        (4, _verified),
        (4, _persisted),
        (2, _conclusion),
        (3, _tried),
        (2, _claimed),
    )
    for most, make in makers:
        found += [make(one, rng) for _ in range(rng.randrange(most))]
    return found


def _requested(one: str, rng: random.Random) -> Requested:
    return requested(
        one,
        kind=rng.choice(list(Kind)),
        language=rng.choice(["python", "go"]),
        model=rng.choice(MODELS),
        task_hash=rng.choice(["", *(f"b2k:{i}" for i in range(N_TASKS))]),
        project_hash=rng.choice(["", "b2k:p", "b2k:q"]),
        path=rng.choice(["", "src/a.py", "z|\n'\"ü.py"]),
        trusted=rng.random() < 0.5,
    )


def _generated(one: str, rng: random.Random) -> Generated:
    times = Timings(
        ttft_ms=rng.choice([0.0, rng.uniform(1, 5000)]),
        decode_ms=rng.choice([0.0, rng.uniform(1, 5000)]),
        total_ms=rng.uniform(1, 20_000),
        completion_tokens=rng.randrange(200),
    )
    p_right = rng.choice([None, rng.random()])
    return generated(
        one,
        timings=times,
        finish_reason=rng.choice([FinishReason.STOP, FinishReason.STOP, *FinishReason]),
        answer=rng.choice([Answer.GIVEN, Answer.GIVEN, Answer.GIVEN, *Answer]),
        static_verdict=rng.choice(list(StaticVerdict)),
        min_logprob=rng.choice([None, -rng.random()]),
        n_agreeing=rng.choice([None, 2]),
        n_compared=rng.choice([None, 3]),
        p_right=p_right,
        calibrator=None if p_right is None else "b2:c",
        has_tell=None if p_right is None else rng.random() < 0.5,
    )


def _lifecycle(one: str, rng: random.Random) -> Event:
    kind = rng.choice([Shown, Superseded, Cancelled, Dismissed, Accepted, Accepted])
    if kind is not Accepted:
        return kind(suggestion_id=one)
    return Accepted(
        suggestion_id=one,
        edited_fraction=rng.choice([None, rng.random()]),
        accepted_fraction=rng.choice([None, rng.random(), 1.0]),
    )


def _verified(one: str, rng: random.Random) -> Verified:
    passes = rng.random() < 0.7
    changes: dict[str, Any] = {
        "verifier": rng.choice(list(Verifier)),
        "tier": rng.choice([Tier.VISIBLE, Tier.VISIBLE, *Tier]),
        "outcome": Outcome.PLAUSIBLE if passes else rng.choice(list(Outcome)),
        "n_repeats": rng.choice([1, 2, 3]),
        "n_passed": rng.choice([None, 0, 1, 2]),
        "n_failed": rng.choice([None, 0, 0, 1]),
        "timed_out": rng.random() < 0.05,
        "environment_hash": rng.choice(["", "b2:e"]),
        "moment": rng.choice([Moment.BEFORE_SHOWN, *Moment]),
        "p_right": rng.choice([None, rng.random()]),
    }
    return verified(one, **changes)


def _persisted(one: str, rng: random.Random) -> Persisted:
    ratio = rng.choice([0.0, 0.5, rng.random(), 1.0])
    return Persisted(suggestion_id=one, checkpoint=rng.choice(list(Checkpoint)), edit_ratio=ratio)


def _conclusion(one: str, rng: random.Random) -> Settled | Revised:
    kind = rng.choice([Settled, Revised])
    label, by = rng.choice(list(Label)), rng.choice(list(Judge))
    return kind(suggestion_id=one, label=label, reason="because", by=by)


def _tried(one: str, rng: random.Random) -> Tried:
    return tried(
        one,
        position=rng.randrange(9),
        source=rng.choice(list(Source)),
        outcome=rng.choice(list(Outcome)),
        completion_tokens=rng.randrange(20),
        chosen=rng.random() < 0.3,
    )


def _claimed(one: str, rng: random.Random) -> Claimed:
    return claimed(
        one,
        n_confirmed=rng.randrange(9),
        n_contradicted=rng.randrange(4),
        n_struck=rng.randrange(3),
        n_shown_unconfirmed=rng.randrange(5),
    )


def _gap(rng: random.Random) -> Row:
    values: dict[str, Any] = {"at_utc": _utc(rng), "n_unlogged": rng.randrange(9), "reason": "full"}
    return Row(table="gap", values=values)


def _utc(rng: random.Random) -> str:
    """Return one of few moments, so that many things happen at the same one."""
    return f"2026-03-{1 + rng.randrange(N_DAYS):02}T{rng.randrange(24):02}:00:00.000Z"
