from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ducktypist.engine import history
from ducktypist.engine.history import FORGIVEN_AFTER_S, MAX_DEATHS, History
from ducktypist.engine.postmortem import Cause, Death, Loaded
from ducktypist.engine.retreat import MAX_LEVEL

OOM = Death(
    at_utc=1_000_000.0,
    cause=Cause.OUT_OF_MEMORY,
    detail="ran out of memory: the kernel killed it",
    was_loading=False,
    lived_s=20.0,
    loaded=Loaded(n_ctx_tokens=4096, n_gpu_layers=33),
)


def _other(**changes: Any) -> Death:
    return dataclasses.replace(OOM, **changes)


def test_each_lack_of_memory_steps_back_further() -> None:
    """The retreat grows with each such death, up to a limit, and says why."""
    known = History()
    assert known.retreat().level == 0
    for level in range(1, MAX_LEVEL + 4):
        known = known.after_death(OOM)
        assert known.retreat().level == min(level, MAX_LEVEL)
    assert "1970-01-12 13:46 UTC the engine ran out of memory" in known.retreat().reason


@pytest.mark.parametrize("cause", [Cause.KILLED, Cause.HUNG, Cause.FAILED, Cause.CRASHED])
def test_other_deaths_keep_what_there_is(cause: Cause) -> None:
    """They neither step back nor forgive."""
    assert History().after_death(_other(cause=cause)).retreat().level == 0
    assert History(level=2).after_death(_other(cause=cause)).retreat().level == 2


@pytest.mark.parametrize(("n_gpu_layers", "level"), [(33, 1), (-1, 1), (0, 0)])
def test_a_crash_while_loading_onto_a_gpu_counts(n_gpu_layers: int, level: int) -> None:
    """Drivers end a process that asks for too much in many ways."""
    crash = _other(cause=Cause.CRASHED, was_loading=True, loaded=Loaded(n_gpu_layers=n_gpu_layers))
    assert History().after_death(crash).retreat().level == level


def test_an_hour_of_life_forgives() -> None:
    """A run that lived so long shows that there is memory again, however it ended."""
    known = History(level=3)
    assert known.after_run(lived_s=FORGIVEN_AFTER_S - 1).level == 3
    assert known.after_run(lived_s=FORGIVEN_AFTER_S).level == 0
    assert known.after_death(_other(cause=Cause.KILLED, lived_s=FORGIVEN_AFTER_S)).level == 0
    assert known.after_death(_other(lived_s=FORGIVEN_AFTER_S)).level == 1


def test_the_last_twenty_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    """Written and read again it is the same."""
    known = History()
    for number in range(MAX_DEATHS + 5):
        cause = Cause.HUNG if number % 2 else Cause.KILLED
        known = known.after_start().after_death(_other(at_utc=float(number), cause=cause))
    assert [death.at_utc for death in known.deaths] == [float(n) for n in range(5, 25)]
    assert dict(known.n_by_cause) == {"killed": 13, "hung": 12}
    history.save(known, tmp_path / "removed" / "history.json")
    assert not (tmp_path / "removed").exists()
    path = tmp_path / "kept" / "history.json"
    path.parent.mkdir()
    history.save(known, path)
    assert history.load(path) == known
    assert [file.name for file in path.parent.iterdir()] == ["history.json"]
    assert known.to_json()["starts"] == 25
    assert known.breaking_utc() == [float(number) for number in range(5, 25, 2)]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"level": "x"}', b"\xff", b'{"level":1,"n_starts":1}']
)
def test_a_damaged_file_is_an_empty_history(tmp_path: Path, raw: bytes) -> None:
    """Nothing depends on it so much that it would stop the host."""
    path = tmp_path / "history.json"
    path.write_bytes(raw)
    assert history.load(path) == History()
    assert history.load(tmp_path / "absent") == History()


def test_a_folder_that_cannot_be_made_stops_nobody(tmp_path: Path) -> None:
    """A history that is not written is only not remembered."""
    (tmp_path / "file").write_text("")
    history.save(History(level=1), tmp_path / "file" / "history.json")
