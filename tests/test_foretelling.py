"""The tell of one window: kept up to date beside the work, whatever happens to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import patch

import pytest

from ducktypist.app import foretelling
from ducktypist.app.foretelling import Foretelling
from ducktypist.domain import Kind, Outcome
from ducktypist.ledger.events import Tier, Verifier
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tell.ledger_teller import LedgerTeller
from ducktypist.ledger.tell.signals import Signals
from support.engines import until_async
from support.ledger_events import MODEL, generated, new_id, requested, verified

SIGNALS = Signals(
    model_sha256=MODEL.sha256,
    quantisation=MODEL.quantisation,
    kind=Kind.COMPLETE,
    language="python",
    min_logprob=-1.0,
    mean_logprob=-0.2,
    completion_tokens=20,
)


def write_outcome(path: Path) -> None:
    """Write one body that hidden tests found right."""
    book, name = Ledger(path), new_id()
    check = verified(name, verifier=Verifier.TARGET_TEST, tier=Tier.HIDDEN, n_passed=None)
    book.append_all(
        [
            requested(name),
            generated(name, min_logprob=-1.0, mean_logprob=-0.2, answer_tokens=20),
            check,
        ]
    )
    assert check.outcome is Outcome.PLAUSIBLE
    assert book.flush()
    book.close()


async def test_it_learns_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known at first; an outcome that comes is learned from without being asked."""
    monkeypatch.setattr(foretelling, "REFRESH_S", 0.02)
    known = Foretelling(ledger=tmp_path / "l.sqlite3", state=tmp_path / "state")
    teller = await known.begin()
    assert teller.before_running(SIGNALS) is None
    await asyncio.to_thread(write_outcome, tmp_path / "l.sqlite3")
    await until_async(lambda: teller.before_running(SIGNALS) is not None)
    await known.aclose()


async def test_trouble_costs_predictions_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again, and whoever waits for the beginning is let go."""
    monkeypatch.setattr(foretelling, "REFRESH_S", 0.0)
    known = Foretelling(ledger=tmp_path / "l.sqlite3", state=tmp_path / "state")
    with patch.object(LedgerTeller, "refresh", side_effect=ZeroDivisionError) as refresh:
        teller = await known.begin()
        await until_async(lambda: refresh.call_count > 2)
        await known.aclose()
    assert teller.before_running(SIGNALS) is None


async def test_it_begins_once_and_may_end_before_it_began(tmp_path: Path) -> None:
    """Each request of features begins it."""
    known = Foretelling(ledger=tmp_path / "l.sqlite3", state=tmp_path / "state")
    await known.aclose()
    with patch.object(LedgerTeller, "refresh") as refresh:
        assert await known.begin() is await known.begin()
        await until_async(lambda: refresh.call_count == 1)
        await known.aclose()
    assert refresh.call_count == 1
