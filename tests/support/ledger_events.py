"""Events for tests of the ledger, with everything filled in that a test does not care about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ulid import ULID

from ducktypist.domain import (
    FinishReason,
    Kind,
    ModelIdentity,
    Outcome,
    Source,
    Timings,
)
from ducktypist.ledger.claimed import Claimed
from ducktypist.ledger.events import Event, Generated, Requested, Tier, Verified, Verifier
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tried import Tried

MODEL = ModelIdentity(
    name="duck-0.5b",
    sha256="ab" * 32,
    quantisation="Q4_K_M",
    n_ctx_tokens=4096,
    has_fim=True,
    backend="scripted",
    n_threads=2,
)


def new_id() -> str:
    """Return a fresh suggestion id."""
    return str(ULID())


def requested(suggestion_id: str, **changes: Any) -> Requested:
    """Return a request for a Python body."""
    values: dict[str, Any] = {
        "suggestion_id": suggestion_id,
        "kind": Kind.COMPLETE,
        "language": "python",
        "model": MODEL,
        "session_id": "s1",
        "template_hash": "b2:t",
        "prompt_hash": "b2:p",
        "path_hash": "b2k:f",
        "prompt_tokens": 100,
    }
    return Requested(**values | changes)


def generated(suggestion_id: str, **changes: Any) -> Generated:
    """Return an answer of 40 tokens in 1.2 s."""
    values: dict[str, Any] = {
        "suggestion_id": suggestion_id,
        "timings": Timings(
            ttft_ms=200.0,
            decode_ms=1000.0,
            total_ms=1200.0,
            prompt_tokens=100,
            completion_tokens=40,
        ),
        "finish_reason": FinishReason.STOP,
    }
    return Generated(**values | changes)


def verified(suggestion_id: str, **changes: Any) -> Verified:
    """Return three repeats of examples that passed."""
    values: dict[str, Any] = {
        "suggestion_id": suggestion_id,
        "verifier": Verifier.EXAMPLES,
        "tier": Tier.VISIBLE,
        "outcome": Outcome.PLAUSIBLE,
        "n_repeats": 3,
        "n_passed": 2,
        "n_failed": 0,
    }
    return Verified(**values | changes)


def tried(suggestion_id: str, **changes: Any) -> Tried:
    """Return a filled-in line of 8 tokens that did not help."""
    values: dict[str, Any] = {
        "suggestion_id": suggestion_id,
        "position": 0,
        "source": Source.LINE,
        "form_hash": "b2k:a",
        "function_hash": "b2k:b",
        "outcome": Outcome.STILL_FAILING,
        "stage": "screen",
        "verify_ms": 20.0,
        "completion_tokens": 8,
        "generation_ms": 100.0,
        "mean_logprob": -0.5,
        "n_changed_chars": 3,
        "suspicion": 0.75,
    }
    return Tried(**values | changes)


def claimed(suggestion_id: str, **changes: Any) -> Claimed:
    """Return an event of claims compared, changed as given."""
    values: dict[str, Any] = {
        "suggestion_id": suggestion_id,
        "n_confirmed": 5,
        "n_contradicted": 1,
        "n_unconfirmed": 2,
        "n_asked_again": 1,
        "n_struck": 0,
        "n_shown_confirmed": 6,
        "n_shown_unconfirmed": 2,
    }
    return Claimed(**values | changes)


def write(path: Path, *events: Event, keep_text: bool = False) -> None:
    """Write events to the ledger at ``path``; all of them must arrive."""
    ledger = Ledger(path, keep_text=keep_text)
    for event in events:
        ledger.append(event)
    assert ledger.flush(20), ledger.last_error
    ledger.close()
    assert ledger.n_unlogged == 0
