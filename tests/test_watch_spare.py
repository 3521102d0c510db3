"""Whether the machine has anything to spare."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from ducktypist.watch import spare


@pytest.mark.parametrize(
    ("percent", "available", "plugged", "is_spare"),
    [
        (5.0, 60, None, True),
        (5.0, 60, True, True),
        (90.0, 60, None, False),
        (5.0, 4, None, False),
        (5.0, 60, False, False),
    ],
    ids=["idle", "plugged in", "busy", "little memory", "on battery"],
)
def test_what_counts_as_spare(
    monkeypatch: pytest.MonkeyPatch,
    *,
    percent: float,
    available: int,
    plugged: bool | None,
    is_spare: bool,
) -> None:
    """Processors and memory are mostly free, and no battery is drained."""
    battery = None if plugged is None else SimpleNamespace(power_plugged=plugged)
    memory = SimpleNamespace(available=available, total=100)
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval: percent if interval else 0.0)
    assert spare.is_spare() == is_spare


def test_a_machine_that_does_not_tell_is_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is kept waiting for ever by a figure that cannot be had."""

    def refuse(**_: object) -> float:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    monkeypatch.setattr(psutil, "cpu_percent", refuse)
    assert spare.is_spare()
