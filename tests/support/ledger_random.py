"""Random ledgers with every kind of event in them, hostile words included; the same for a seed."""

from __future__ import annotations

import datetime as dt
import enum
import random
from pathlib import Path
from typing import TypeVar

from ducktypist.domain import (
    FinishReason,
    Kind,
    ModelIdentity,
    Outcome,
    Prediction,
    Source,
    Timings,
)
from ducktypist.ledger import database
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
    Placed,
    Requested,
    Revised,
    Settled,
    Shown,
    Sighted,
    SourceText,
    StaticVerdict,
    Superseded,
    TestRun,
    TestSeen,
    TextRole,
    Tier,
    Verified,
    Verifier,
    foretold,
)
from ducktypist.ledger.later import How, RunSource
from ducktypist.ledger.rows import Row, Value, row_of
from support.ledger_events import claimed, tried

HOSTILE = (
    "plain",
    "",
    "a,b;c\td",
    'say "quack"',
    "line\nbreak\r\nand another",
    "'); DROP TABLE requested; --",
    "</script><b>&amp;",
    "naïve 🦆 \u202egnp.exe \u2028",
    "=1+1",
    "%s %(x)s ? $1 :name {}",
    "\\x00 \\N",
    "shop/parcel.py",
)
PROJECTS = ("", "b2k:one", "b2k:two")
FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

_Word = TypeVar("_Word", bound=enum.Enum)


class Made:
    """A source of events and of the times at which they happen."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - events, not secrets
        self.now = FIRST_DAY
        self.rows: list[Row] = []
        self.models = tuple(
            ModelIdentity(
                name=f"duck {i} {HOSTILE[i + 2]}",
                sha256=f"{i}" * 64,
                quantisation=("Q4_K_M", "Q8_0", "")[i],
                n_ctx_tokens=4096,
                has_fim=i % 2 == 0,
            )
            for i in range(3)
        )

    def word(self, kind: type[_Word]) -> _Word:
        """Return one of an enumeration's words."""
        return self.random.choice(list(kind))

    def text(self) -> str:
        """Return a text that nobody would want in a table."""
        return self.random.choice(HOSTILE)

    def maybe(self, value: float) -> float | None:
        """Return a value or nothing."""
        return value if self.random.random() < 0.7 else None

    def prediction(self) -> Prediction | None:
        """Return a prediction or nothing."""
        p = self.random.random()
        if p < 0.3:
            return None
        return Prediction(
            p_right=p,
            low=p / 2,
            high=(1 + p) / 2,
            n_like=self.random.randrange(99),
            calibrator="c1",
            has_tell=p > 0.5,
        )

    def log(self, *events: Event) -> None:
        """Keep events, some seconds after the ones before."""
        self.now += dt.timedelta(milliseconds=self.random.randrange(90_000))
        at_utc = f"{self.now:%Y-%m-%dT%H:%M:%S}.{self.now.microsecond // 1000:03}Z"
        self.rows += [row_of(event, at_utc=at_utc) for event in events]


def fill(path: Path, *, seed: int = 1, n_suggestions: int = 60) -> None:
    """Make a ledger of random events, all words of all enumerations among them."""
    made = Made(seed)
    for number in range(n_suggestions):
        _suggestion(made, f"01S{seed:04}{number:06}")
    kept = f"01S{seed:04}000000"
    made.log(*(SourceText(suggestion_id=kept, role=TextRole.ANSWER, text=t) for t in HOSTILE))
    for number in range(n_suggestions // 4):
        _run(made, f"01R{seed:04}{number:06}")
    gap: dict[str, Value] = {
        "at_utc": "2026-01-01T00:00:00.000Z",
        "n_unlogged": seed,
        "reason": made.text(),
    }
    writer = database.open_writer(path)
    assert writer.write([*made.rows, Row(table="gap", values=gap)]) == []
    writer.close()


def _suggestion(made: Made, one: str) -> None:
    rng = made.random
    made.log(
        Requested(
            suggestion_id=one,
            kind=made.word(Kind),
            language=rng.choice(("python", "go", made.text())),
            model=rng.choice(made.models),
            session_id="s1",
            template_hash="b2:t",
            prompt_hash="b2:p",
            path_hash="b2k:f",
            project_hash=rng.choice(PROJECTS),
            path=made.text(),
            task_hash=f"b2k:{rng.randrange(12)}",
            prompt_tokens=rng.choice((None, 7)),
            truncated=rng.random() < 0.2,
            trusted=rng.random() < 0.8,
        )
    )
    if rng.random() < 0.05:
        return
    made.log(_generated(made, one))
    if rng.random() < 0.4:
        candidates = (tried(one, position=i, source=made.word(Source)) for i in range(3))
        made.log(*candidates, claimed(one))
    for _ in range(rng.randrange(4)):
        event = _verified(made, one)
        # Two that are alike in everything are two.
        made.log(*[event] * rng.choice((1, 1, 2)))
    kind = rng.choice((Shown, Superseded, Cancelled, Dismissed))
    made.log(kind(suggestion_id=one))
    if rng.random() < 0.5:
        made.log(Accepted(suggestion_id=one, edited_fraction=made.maybe(0.25)))
        _later(made, one)
    if rng.random() < 0.2:
        made.log(
            Settled(suggestion_id=one, label=made.word(Label), reason="x", by=made.word(Judge))
        )
        made.log(
            Revised(
                suggestion_id=one, label=made.word(Label), reason=made.text(), by=made.word(Judge)
            )
        )
    if rng.random() < 0.3:
        made.log(SourceText(suggestion_id=one, role=made.word(TextRole), text=made.text()))


def _generated(made: Made, one: str) -> Generated:
    rng = made.random
    return Generated(
        suggestion_id=one,
        timings=Timings(
            ttft_ms=rng.random() * 500,
            decode_ms=rng.random() * 900,
            total_ms=rng.random() * 3000,
            completion_tokens=rng.randrange(90),
        ),
        finish_reason=made.word(FinishReason),
        answer=rng.choice((Answer.GIVEN, Answer.GIVEN, made.word(Answer))),
        mean_logprob=made.maybe(-rng.random()),
        min_logprob=made.maybe(-9 * rng.random()),
        lowest5_logprob=made.maybe(-5 * rng.random()),
        min_margin=made.maybe(rng.random()),
        n_agreeing=rng.choice((None, 2)),
        n_compared=rng.choice((None, 3)),
        static_verdict=made.word(StaticVerdict),
        **foretold(made.prediction()),
    )


def _verified(made: Made, one: str) -> Verified:
    rng = made.random
    return Verified(
        suggestion_id=one,
        verifier=made.word(Verifier),
        tier=made.word(Tier),
        outcome=rng.choice((Outcome.PLAUSIBLE, made.word(Outcome))),
        n_repeats=rng.choice((1, 3)),
        n_passed=rng.choice((None, 0, 3)),
        n_failed=rng.choice((None, 0)),
        duration_ms=made.maybe(rng.random() * 100),
        timed_out=rng.random() < 0.1,
        environment_hash=rng.choice(("", "b2:e1", "b2:e2")),
        moment=made.word(Moment),
        **foretold(made.prediction()),
    )


def _later(made: Made, one: str) -> None:
    rng = made.random
    block = f"b2k:block{rng.randrange(9)}"
    made.log(
        Placed(
            suggestion_id=one,
            project_hash=rng.choice(PROJECTS),
            path=made.text(),
            block_hash=block,
            is_body=rng.random() < 0.5,
            n_tokens=9,
            fingerprint="AAAA",
        )
    )
    made.log(
        Sighted(
            suggestion_id=one,
            path=made.text(),
            how=made.word(How),
            edit_ratio=rng.random(),
            block_hash=block,
        )
    )
    made.log(
        Persisted(suggestion_id=one, checkpoint=made.word(Checkpoint), edit_ratio=rng.random())
    )


def _run(made: Made, one: str) -> None:
    rng = made.random
    ran = f"{made.now:%Y-%m-%dT%H:%M:%S}.000Z"
    made.log(
        TestRun(
            run_id=one,
            project_hash=rng.choice(PROJECTS),
            source=made.word(RunSource),
            ran_utc=ran,
            environment_hash="b2:e1",
            commit_hash="",
            n_passed=4,
            n_failed=1,
        )
    )
    seen = TestSeen(
        run_id=one,
        test_hash=f"b2k:test{rng.randrange(5)}",
        block_hash=f"b2k:block{rng.randrange(9)}",
        passed=rng.random() < 0.7,
        is_direct=rng.choice((None, True, False)),
        duration_ms=made.maybe(3.5),
    )
    made.log(seen, seen)
