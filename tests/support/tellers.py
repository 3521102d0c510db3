"""A teller for tests: says what it was told to say, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from ducktypist.domain import Prediction
from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.store import Ledger
from ducktypist.ledger.tell.signals import Signals
from support.workbench import Bench

BEFORE = Prediction(
    p_right=0.62, low=0.45, high=0.77, n_like=41, calibrator="scripted-1", has_tell=True
)
AFTER = replace(BEFORE, p_right=0.9, low=0.8, high=0.95, after_running=True)
SENTENCE = "62 % (45–77, 41 like it)"
SENTENCE_AFTER = "90 % (80–95, 41 like it)"


@dataclass(slots=True)
class ScriptedTeller:
    """Foretells the same for everything."""

    before: Prediction | None = BEFORE
    after: Prediction | None = AFTER
    asked_before: list[Signals] = field(default_factory=list)
    asked_after: list[Signals] = field(default_factory=list)

    def before_running(self, signals: Signals) -> Prediction | None:
        """Foretell from an answer's own signals."""
        self.asked_before.append(signals)
        return self.before

    def after_running(self, signals: Signals) -> Prediction | None:
        """Foretell once it was run."""
        self.asked_after.append(signals)
        return self.after


async def table_of(bench: Bench, table: str) -> list[dict[str, Any]]:
    """Return a table of a ledger in the order of writing."""
    return await asyncio.to_thread(_rows, bench.ledger, table)


def _rows(ledger: Ledger, table: str) -> list[dict[str, Any]]:
    assert ledger.flush(5.0)
    with reading(ledger.path) as connection:
        return list(rows_of(connection, f"SELECT * FROM {table} ORDER BY seq"))  # noqa: S608 - a test's own word
