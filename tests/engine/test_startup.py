"""What the starting side knows of a host's past; starting itself is in the tests of the host."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ducktypist.engine import history, startup
from ducktypist.engine.history import History
from ducktypist.engine.postmortem import Cause, Death, HostRecord, Loaded
from ducktypist.engine.startup import HostSpec, left_alone_s, past, record_path, why_it_went


@pytest.fixture
def spec(tmp_path: Path) -> HostSpec:
    """A host that is never started."""
    script = tmp_path / "script.toml"
    script.write_text("")
    (tmp_path / "run").mkdir()
    return HostSpec.scripted(script, socket_dir=tmp_path / "run", log_dir=tmp_path / "log")


def _death(age_s: float, cause: Cause = Cause.CRASHED) -> Death:
    return Death(
        at_utc=time.time() - age_s,
        cause=cause,
        detail=f"died {age_s} s ago",
        was_loading=False,
        lived_s=1.0,
        loaded=Loaded(),
    )


def _remember(spec: HostSpec, *deaths: Death) -> None:
    known = History()
    for death in deaths:
        known = known.after_start().after_death(death)
    spec.history_path().parent.mkdir(parents=True, exist_ok=True)
    history.save(known, spec.history_path())


def _record_of_the_dead(spec: HostSpec) -> HostRecord:
    """Leave the record of a process that has ended."""
    path = record_path(spec.socket_path())
    record = HostRecord(path, log_file=spec.log_path(), loaded=Loaded())
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    path.write_text(json.dumps({**json.loads(path.read_text()), "pid": int(ended.stdout)}))
    return record


def test_every_setting_reaches_the_command_line(spec: HostSpec) -> None:
    """What the host is to be like is told to it, with the files that it keeps."""
    changed = dataclasses.replace(
        spec, n_cells=9, kv_type="q8_0", flash_attention="on", step_timeout_s=7.5
    )
    words = changed.command()
    for word in ("--n-cells=9", "--kv-type=q8_0", "--flash-attention=on", "--step-timeout-s=7.5"):
        assert word in words
    assert f"--history-file={changed.history_path()}" in words
    assert f"--rates-file={changed.rates_path()}" in words
    assert changed.history_path().parent == changed.rates_path().parent == spec.log_dir


@pytest.mark.parametrize(
    ("field", "value"), [("n_cells", 1), ("kv_type", "q8_0"), ("flash_attention", "off")]
)
def test_another_cache_is_another_process(spec: HostSpec, field: str, value: object) -> None:
    """Settings of the cache are part of the address, and so of what is remembered."""
    changed = dataclasses.replace(spec, **{field: value})  # type: ignore[arg-type] # a table of cases
    assert changed.key() != spec.key()
    assert changed.history_path() != spec.history_path()
    assert dataclasses.replace(spec, step_timeout_s=1.0).key() == spec.key()


def test_five_deaths_that_any_windows_saw_close_the_way(spec: HostSpec) -> None:
    """A window that has seen none of them asks no sixth time; after three minutes it may."""
    _remember(spec, *[_death(age_s) for age_s in (100, 80, 60, 40)])
    assert left_alone_s(spec) == 0
    _remember(spec, *[_death(age_s) for age_s in (100, 80, 60, 40, 20)])
    assert 75 < left_alone_s(spec) < 81  # the wall clock may be set back a little meanwhile
    _remember(spec, *[_death(age_s) for age_s in (200, 80, 60, 40, 20)])
    assert left_alone_s(spec) == 0


def test_kills_from_outside_close_nothing(spec: HostSpec) -> None:
    """Somebody who ends the host by hand shows no defect of it."""
    _remember(spec, *[_death(1, Cause.KILLED)] * 9)
    assert left_alone_s(spec) == 0


def test_a_clock_that_was_set_back_closes_nothing(spec: HostSpec) -> None:
    """Deaths of the future are left aside."""
    _remember(spec, *[_death(-1000)] * 9)
    assert left_alone_s(spec) == 0


def test_the_death_that_nobody_has_written_down_counts(spec: HostSpec) -> None:
    """The record of a host that has gone is read before the next one does."""
    _remember(spec, *[_death(age_s) for age_s in (100, 80, 60, 40)])
    record = _record_of_the_dead(spec)
    spec.log_path().write_text("Fatal Python error: Aborted\n")
    assert left_alone_s(spec) > 0
    told = past(spec)
    assert told["deaths_by_cause"] == {"crashed": 5}
    record.remove()
    assert left_alone_s(spec) == 0


def test_the_past_of_a_new_host_is_empty(spec: HostSpec) -> None:
    """Nothing is written by asking."""
    assert past(spec) == {
        "starts": 0,
        "deaths_by_cause": {},
        "deaths": [],
        "retreat": {"level": 0, "reason": ""},
        "left_alone_s": 0.0,
    }
    assert not spec.log_dir.exists()


def test_a_host_that_ends_itself_is_believed_at_once(spec: HostSpec) -> None:
    """Its last words are read while its process may still be there."""
    path = record_path(spec.socket_path())
    record = HostRecord(path, log_file=spec.log_path(), loaded=Loaded())
    record.last_words(Cause.HUNG, "hung: one step")
    assert why_it_went(spec) == "hung: one step"


def test_why_a_dead_host_went(spec: HostSpec) -> None:
    """Its record tells, and the history when another window was faster."""
    record = _record_of_the_dead(spec)
    assert why_it_went(spec) == "was killed, or ended without a word"
    record.remove()
    _remember(spec, _death(2.0))
    assert why_it_went(spec) == "died 2.0 s ago"


def test_a_host_that_lives_has_not_gone(spec: HostSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that broke is not explained by an old death or by a living host."""
    monkeypatch.setattr(startup, "DYING_S", 0.05)
    assert why_it_went(spec) == ""
    _remember(spec, _death(600.0))
    HostRecord(record_path(spec.socket_path()), log_file=spec.log_path(), loaded=Loaded())
    assert why_it_went(spec) == ""
