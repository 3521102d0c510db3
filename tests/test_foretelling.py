"""The tell of one window: kept up to date beside the work, whatever happens to it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from unittest.mock import AsyncMock, patch

import pytest

from ducktypist.app import foretelling
from ducktypist.app.foretelling import Foretelling
from ducktypist.domain import Kind, Outcome
from ducktypist.errors import DucktypistError
from ducktypist.ledger.events import Tier, Verifier
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tell.ledger_teller import LedgerTeller
from ducktypist.ledger.tell.signals import Signals
from support.engines import until_async
from support.ledger_events import MODEL, generated, new_id, requested, verified
from support.tell_ledger import write_past
from support.tell_past import made_past

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
    known = Foretelling(ledger=tmp_path / "l.sqlite3")
    teller = await known.begin()
    assert teller.before_running(SIGNALS) is None
    await asyncio.to_thread(write_outcome, tmp_path / "l.sqlite3")
    await until_async(lambda: teller.before_running(SIGNALS) is not None)
    await known.aclose()


async def test_trouble_costs_predictions_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again, and whoever waits for the beginning is let go."""
    monkeypatch.setattr(foretelling, "RETRY_S", 0.0)
    known = Foretelling(ledger=tmp_path / "l.sqlite3")
    with patch.object(LedgerTeller, "look", side_effect=ZeroDivisionError) as look:
        teller = await known.begin()
        await until_async(lambda: look.call_count > 2)
        await known.aclose()
    assert teller.before_running(SIGNALS) is None


NEVER_FITS = """
import asyncio, sys
from pathlib import Path
from ducktypist.app import App, foretelling
from ducktypist.lsp import server
foretelling.REFRESH_S = 0.05
async def main(path):
    app = App(settings={"ledger": {"path": path}})
    teller = await app._foretelling.begin()
    while teller.calibrator.n_known != {"complete": 200}:
        await asyncio.sleep(0.02)
    assert any(tell.linear for tell in teller.calibrator.tells)
    await app.aclose()
asyncio.run(main(sys.argv[1]))
print(sorted({"numpy", "scipy"} & sys.modules.keys()))
"""


def test_a_window_never_loads_what_fitting_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It learns from two hundred outcomes, and numpy and scipy stay out of its process."""
    for name in ("DATA", "STATE", "CACHE", "RUNTIME", "CONFIG"):
        monkeypatch.setenv(f"DUCKTYPIST_{name}_DIR", str(tmp_path / name.lower()))
    write_past(tmp_path / "l.sqlite3", made_past(200))
    done = subprocess.run(
        [sys.executable, "-c", NEVER_FITS, str(tmp_path / "l.sqlite3")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"


async def test_what_cannot_be_learned_is_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why; a process a minute would not do better."""
    monkeypatch.setattr(foretelling, "REFRESH_S", 0.0)
    await asyncio.to_thread(write_outcome, tmp_path / "l.sqlite3")
    known = Foretelling(ledger=tmp_path / "l.sqlite3")
    refused = AsyncMock(side_effect=DucktypistError("there is no room"))
    with patch.object(foretelling, "run_beside", refused):
        teller = await known.begin()
        await until_async(lambda: "there is no room" in caplog.text)
        await asyncio.sleep(0.05)
        await known.aclose()
    assert refused.await_count == 1
    assert teller.before_running(SIGNALS) is None


async def test_it_begins_once_and_may_end_before_it_began(tmp_path: Path) -> None:
    """Each request of features begins it."""
    known = Foretelling(ledger=tmp_path / "l.sqlite3")
    await known.aclose()
    with patch.object(LedgerTeller, "look", return_value=False) as look:
        assert await known.begin() is await known.begin()
        await until_async(lambda: look.call_count == 1)
        await known.aclose()
    assert look.call_count == 1
