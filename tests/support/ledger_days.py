"""Which day it is in tests over the made-up ledgers of ``random_ledgers``."""

from __future__ import annotations

from typing import Any

import pytest

from ducktypist.ledger import reading


@pytest.fixture(autouse=True)
def a_day_of_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let today be the last day of those ledgers; a module takes it in by importing it."""

    class Then(reading.dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Then:
            return cls(2026, 3, 9, 12, tzinfo=tz)

    monkeypatch.setattr(reading.dt, "datetime", Then)
