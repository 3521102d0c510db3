"""A large ledger made up: what years of use leave behind, in the mix in which they leave it.

Mostly what was suggested while somebody typed, some bodies, fixes with their candidates, and
explanations; three models, six languages. The same seed makes the same events. The file is written
by the ledger's own writer.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ducktypist.domain import (
    FinishReason,
    Kind,
    ModelIdentity,
    Outcome,
    Prediction,
    Source,
    Timings,
)
from ducktypist.ledger.database import open_writer
from ducktypist.ledger.events import (
    Accepted,
    Answer,
    Cancelled,
    Checkpoint,
    Claimed,
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
    StaticVerdict,
    Superseded,
    TestRun,
    TestSeen,
    Tier,
    Tried,
    Verified,
    Verifier,
    foretold,
)
from ducktypist.ledger.later import How, RunSource
from ducktypist.ledger.rows import row_of

CLAIM_COUNTS = tuple(name for name in Claimed.__slots__ if name.startswith("n_"))
N_DAYS = 400
FIRST_DAY = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
N_PER_TRANSACTION = 20_000
N_TASKS = 9_000
"""Places at which something is asked for more than once, by several models too."""
LANGUAGES = ("python", "python", "python", "go", "go", "shellscript", "typescript", "rust", "c")
KINDS = (
    *((Kind.INFILL,) * 74),
    *((Kind.COMPLETE,) * 10),
    *((Kind.EXPLAIN,) * 10),
    *((Kind.FIX,) * 5),
    Kind.DERACE,
)
MODELS = tuple(
    ModelIdentity(
        name=name,
        sha256=f"{number:02x}" * 32,
        quantisation=quantisation,
        n_ctx_tokens=8192,
        has_fim=True,
        backend="llama_cpp",
        n_gpu_layers=0,
        n_threads=2,
    )
    for number, (name, quantisation) in enumerate(
        (("duck-0.5b", "Q4_K_M"), ("duck-1.5b", "Q4_K_M"), ("duck-1.5b", "Q8_0")), start=1
    )
)
RIGHT_SHARES = dict(zip((model.sha256 for model in MODELS), (0.45, 0.6, 0.63), strict=True))
ACCEPTED_SHARE = 0.3
LOOKS = (
    (Checkpoint.AFTER_30_S, 30),
    (Checkpoint.AFTER_2_MIN, 120),
    (Checkpoint.AFTER_10_MIN, 600),
    (Checkpoint.NEXT_COMMIT, 3600),
)

Stamped = tuple[float, Event]
"""Seconds since the first day, and what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was written."""

    n_events: int
    n_suggestions: int


def make_ledger(
    path: Path, *, n_events: int, seed: int = 1, on_written: Callable[[int], None] | None = None
) -> Made:
    """Write a ledger of at least ``n_events`` events to ``path``, whole suggestions only.

    Args:
        path: The file; events are added to one that is there.
        n_events: How many.
        seed: Another seed makes other events.
        on_written: Told how many there are, after each transaction.

    Raises:
        LedgerError: The file cannot be written.
    """
    n_written = n_suggestions = 0
    writer = open_writer(path)
    try:
        batch: list[Stamped] = []
        for number, events in enumerate(suggestions(seed, span_s=86_400 * N_DAYS, n=n_events // 5)):
            batch += events
            n_suggestions = number + 1
            is_last = n_written + len(batch) >= n_events
            if len(batch) < N_PER_TRANSACTION and not is_last:
                continue
            writer.write([row_of(event, at_utc=_utc(at_s)) for at_s, event in batch])
            n_written += len(batch)
            batch = []
            if on_written is not None:
                on_written(n_written)
            if is_last:
                break
    finally:
        writer.close()
    return Made(n_events=n_written, n_suggestions=n_suggestions)


def suggestions(seed: int, *, span_s: float, n: int) -> Iterator[list[Stamped]]:
    """Yield suggestion after suggestion, without end, with all that ever became of each.

    Args:
        seed: What chance starts from.
        span_s: The time over which ``n`` of them are spread.
        n: See ``span_s``.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up data, no secrets
    number = 0
    while True:
        one = _One(rng=rng, number=number, seed=seed, at_s=span_s * number / max(1, n))
        yield one.events()
        number += 1


class _One:
    """One suggestion's life."""

    def __init__(self, *, rng: random.Random, number: int, seed: int, at_s: float) -> None:
        self.rng = rng
        self.suggestion_id = f"01{seed % 1000:03}{number:021}"
        self.at_s = at_s
        self.kind = rng.choice(KINDS)
        self.model = rng.choices(MODELS, (70, 20, 10))[0]
        self.task = rng.randrange(N_TASKS)
        # A task belongs to one kind and language, whichever model is asked.
        self.is_known_task = self.kind is Kind.COMPLETE
        self.language = LANGUAGES[self.task % len(LANGUAGES)]
        if not self.is_known_task:
            self.language = rng.choice(LANGUAGES)
        self.is_right = rng.random() < RIGHT_SHARES[self.model.sha256]
        self.path = f"src/part{self.task % 40}/file{self.task % 400}.py"

    def events(self) -> list[Stamped]:
        """Return everything that happened, in order."""
        found: list[Stamped] = [(self.at_s, self._requested())]
        if self.kind is Kind.INFILL and self.rng.random() < 0.2:  # noqa: PLR2004 - the mix
            word = self.rng.choice((Cancelled, Superseded))
            return [*found, (self.at_s + 0.1, word(suggestion_id=self.suggestion_id))]
        answered_s = self.at_s + 1.0
        found.append((answered_s, self._generated()))
        if self.kind in {Kind.FIX, Kind.DERACE}:
            found += [(answered_s, event) for event in self._tried()]
        if self.kind in {Kind.COMPLETE, Kind.FIX, Kind.DERACE}:
            found += [(answered_s, event) for event in self._checked(Moment.BEFORE_SHOWN)]
        found.append((answered_s + 0.1, Shown(suggestion_id=self.suggestion_id)))
        if self.kind is Kind.EXPLAIN:
            return [*found, (answered_s, self._claimed())]
        if self.rng.random() < ACCEPTED_SHARE:
            found += self._taken(answered_s + 2)
        elif self.rng.random() < 0.5:  # noqa: PLR2004 - the mix
            found.append((answered_s + 2, Dismissed(suggestion_id=self.suggestion_id)))
            if self.kind is Kind.INFILL and self.rng.random() < 0.3:  # noqa: PLR2004 - the mix
                found += [(answered_s + 60, e) for e in self._checked(Moment.AS_SUGGESTED)]
        return found

    def _requested(self) -> Requested:
        task = (
            f"b2k:{self.task:032x}"
            if self.is_known_task
            else f"b2k:f{self.rng.getrandbits(120):031x}"
        )
        return Requested(
            suggestion_id=self.suggestion_id,
            kind=self.kind,
            language=self.language,
            model=self.model,
            session_id=f"s{int(self.at_s) // 86_400}",
            template_hash="b2:" + "ab" * 16,
            prompt_hash=f"b2:{self.rng.getrandbits(128):032x}",
            path_hash=f"b2k:{self.task % 400:032x}",
            project_hash=f"b2k:{self.task % 5:032x}",
            path=self.path,
            task_hash=task,
            prompt_tokens=self.rng.randrange(100, 2000),
            trusted=True,
        )

    def _generated(self) -> Generated:
        rng = self.rng
        n_tokens = rng.randrange(4, 200)
        least = -rng.expovariate(0.5 if self.is_right else 0.3)
        ttft_ms = rng.lognormvariate(5.5, 0.6)
        decode_ms = n_tokens * rng.uniform(20, 80)
        return Generated(
            suggestion_id=self.suggestion_id,
            timings=Timings(
                queue_ms=rng.random(),
                prefill_ms=ttft_ms * 0.9,
                ttft_ms=ttft_ms,
                decode_ms=decode_ms,
                total_ms=ttft_ms + decode_ms,
                prompt_tokens=1000,
                cached_tokens=900,
                completion_tokens=n_tokens,
            ),
            finish_reason=FinishReason.STOP,
            answer=Answer.GIVEN if rng.random() < 0.98 else Answer.EMPTY,  # noqa: PLR2004 - the mix
            mean_logprob=least / 10,
            min_logprob=least,
            lowest5_logprob=least / 2,
            min_margin=rng.random(),
            n_candidates=5 if self.kind is Kind.COMPLETE else 1,
            n_agreeing=rng.randrange(1, 6) if self.kind is Kind.COMPLETE else None,
            n_compared=5 if self.kind is Kind.COMPLETE else None,
            static_verdict=StaticVerdict.RESOLVES,
            answer_tokens=n_tokens,
            **foretold(self._prediction(0.35 + 0.1 * self.is_right, "before")),
        )

    def _prediction(self, about: float, when: str) -> Prediction:
        p_right = min(0.95, max(0.02, self.rng.gauss(about, 0.15)))
        return Prediction(
            p_right=p_right,
            low=p_right / 2,
            high=(1 + p_right) / 2,
            n_like=200,
            calibrator=f"b2:{when}",
            has_tell=True,
        )

    def _checked(self, moment: Moment) -> list[Event]:
        rng = self.rng
        outcome = Outcome.PLAUSIBLE if self.is_right else Outcome.STILL_FAILING
        deciding = Verifier.EXAMPLES if self.kind is Kind.COMPLETE else Verifier.TARGET_TEST
        common: dict[str, Any] = {
            "suggestion_id": self.suggestion_id,
            "moment": moment,
            "environment_hash": "b2:e",
        }
        events: list[Event] = [
            Verified(
                verifier=Verifier.RESOLVE,
                tier=Tier.VISIBLE,
                outcome=Outcome.PLAUSIBLE,
                **common,
            )
        ]
        if rng.random() < 0.8:  # noqa: PLR2004 - the mix: the others have nothing that could run
            after = self._prediction(0.4 + 0.3 * self.is_right, "after")
            events.append(
                Verified(
                    verifier=deciding,
                    tier=Tier.VISIBLE,
                    outcome=outcome,
                    n_repeats=3,
                    n_passed=3 if self.is_right else rng.randrange(3),
                    n_failed=0 if self.is_right else 1,
                    duration_ms=rng.uniform(50, 900),
                    sandbox_level=3,
                    **(foretold(after) if moment is Moment.BEFORE_SHOWN else {}),
                    **common,
                )
            )
        return events

    def _claimed(self) -> Claimed:
        counts = {name: self.rng.randrange(6) for name in CLAIM_COUNTS}
        return Claimed(suggestion_id=self.suggestion_id, **counts)

    def _tried(self) -> list[Event]:
        rng = self.rng
        n_tried = rng.randrange(2, 12)
        return [
            Tried(
                suggestion_id=self.suggestion_id,
                position=position,
                source=rng.choice((Source.LINE, Source.SPAN, Source.REWRITE, Source.MUTATION)),
                form_hash=f"b2k:{rng.getrandbits(128):032x}",
                function_hash=f"b2k:{self.task:032x}",
                outcome=rng.choice((Outcome.STILL_FAILING, Outcome.BROKEN, Outcome.PLAUSIBLE)),
                stage="screen",
                verify_ms=rng.uniform(5, 300),
                completion_tokens=rng.randrange(80),
                generation_ms=rng.uniform(50, 3000),
                mean_logprob=-rng.random(),
                n_changed_chars=rng.randrange(1, 200),
                suspicion=rng.random(),
                chosen=position == n_tried - 1,
            )
            for position in range(n_tried)
        ]

    def _taken(self, at_s: float) -> list[Stamped]:
        rng = self.rng
        named: dict[str, Any] = {"suggestion_id": self.suggestion_id}
        block = f"b2k:{rng.getrandbits(128):032x}"
        found: list[Stamped] = [
            (at_s, Accepted(edited_fraction=0.0, **named)),
            (
                at_s + 1,
                Placed(
                    project_hash=f"b2k:{self.task % 5:032x}",
                    path=self.path,
                    block_hash=block,
                    is_body=self.kind is Kind.COMPLETE,
                    n_tokens=20,
                    fingerprint="A" * 108,
                    **named,
                ),
            ),
        ]
        edit_ratio = 0.0
        for checkpoint, after_s in LOOKS[: rng.randrange(1, 5)]:
            edit_ratio = min(1.0, edit_ratio + rng.choice((0.0, 0.0, 0.1, 0.4)))
            sighted = Sighted(
                path=self.path, how=How.TRACKED, edit_ratio=edit_ratio, block_hash=block, **named
            )
            looked = Persisted(checkpoint=checkpoint, edit_ratio=edit_ratio, **named)
            found += [(at_s + after_s, sighted), (at_s + after_s, looked)]
        if self.kind is Kind.COMPLETE and rng.random() < 0.5:  # noqa: PLR2004 - the mix
            found += self._tested(at_s + 7200, block)
        return found

    def _tested(self, at_s: float, block: str) -> list[Stamped]:
        named: dict[str, Any] = {"suggestion_id": self.suggestion_id, "by": Judge.RULES}
        run = TestRun(
            run_id=f"r{self.suggestion_id}",
            project_hash=f"b2k:{self.task % 5:032x}",
            source=RunSource.SERVER,
            ran_utc=_utc(at_s),
            environment_hash="b2:e",
            commit_hash="",
            n_passed=40,
            n_failed=0 if self.is_right else 1,
        )
        seen = TestSeen(
            run_id=run.run_id,
            test_hash=f"b2k:{self.task:032x}",
            block_hash=block,
            passed=self.is_right,
            is_direct=True,
        )
        first = Label.RIGHT if self.is_right else Label.WRONG
        found: list[Stamped] = [
            (at_s, run),
            (at_s, seen),
            (at_s + 1, Settled(label=first, reason="a test that calls it", **named)),
        ]
        if self.rng.random() < 0.05:  # noqa: PLR2004 - the mix
            revised = Revised(label=Label.WRONG, reason="a test fails that passed before", **named)
            found.append((at_s + 86_400, revised))
        return found


def _utc(at_s: float) -> str:
    return (
        f"{FIRST_DAY + dt.timedelta(seconds=at_s):%Y-%m-%dT%H:%M:%S}.{int(at_s * 1000) % 1000:03}Z"
    )
