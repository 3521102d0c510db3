"""A ledger on the disk that holds a made-up past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ducktypist.domain import Outcome, Timings
from ducktypist.ledger.events import Event, Generated, Requested, Tier, Verified, Verifier
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tell.cases import Past
from support.ledger_events import MODEL, generated, new_id, requested, verified

_N_CHECKS = 2


def events_of(case: Past) -> list[Event]:
    """Return what is logged of one suggestion, under a fresh id."""
    suggestion_id = new_id()
    known = case.signals
    asked: Requested = requested(
        suggestion_id,
        kind=known.kind,
        language=known.language,
        model=replace(MODEL, sha256=known.model_sha256, quantisation=known.quantisation),
        task_hash=case.task,
    )
    answer: Generated = generated(
        suggestion_id,
        timings=Timings(total_ms=1000.0, completion_tokens=known.completion_tokens or 7),
        min_logprob=known.min_logprob,
        lowest5_logprob=known.lowest5_logprob,
        mean_logprob=known.mean_logprob,
        min_margin=known.min_margin,
        answer_tokens=known.completion_tokens,
        static_verdict=known.static_verdict,
    )
    found: list[Event] = [asked, answer]
    if known.visible_share is not None:
        found.append(_checked(suggestion_id, known.visible_share))
    if case.is_beyond:
        found.append(
            verified(
                suggestion_id,
                verifier=Verifier.TARGET_TEST,
                tier=Tier.HIDDEN,
                outcome=Outcome.PLAUSIBLE if case.is_right else Outcome.STILL_FAILING,
                n_passed=int(case.is_right),
                n_failed=int(not case.is_right),
            )
        )
    return found


def write_past(path: Path, past: Sequence[Past]) -> None:
    """Append a past to the ledger at ``path``."""
    ledger = Ledger(path)
    for case in past:
        ledger.append_all(events_of(case))
    assert ledger.flush(60)
    ledger.close()


def _checked(suggestion_id: str, share: float) -> Verified:
    n_passed = round(share * _N_CHECKS)
    return verified(
        suggestion_id,
        outcome=Outcome.PLAUSIBLE if n_passed == _N_CHECKS else Outcome.STILL_FAILING,
        n_passed=n_passed,
        n_failed=_N_CHECKS - n_passed,
    )
