from __future__ import annotations

from pathlib import Path

import pytest

from ducktypist.engine import oom_counters


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose files the test writes."""
    monkeypatch.setattr(oom_counters, "MACHINE", tmp_path / "vmstat")
    monkeypatch.setattr(oom_counters, "OWN_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(oom_counters, "UNIFIED", tmp_path / "fs")
    return tmp_path


def _unified(system: Path, n_killed: int) -> None:
    (system / "cgroup").write_text("0::/user.slice/a:b.scope\n")
    folder = system / "fs" / "user.slice" / "a:b.scope"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.events").write_text(f"low 0\noom 9\noom_kill {n_killed}\noom_group_kill 0\n")


def _machine(system: Path, n_killed: int) -> None:
    (system / "vmstat").write_text(f"nr_free_pages 77\noom_kill {n_killed}\nother 1\n")


def test_the_own_group_decides_when_it_is_known(system: Path) -> None:
    """Another program's death elsewhere on the machine is not ours."""
    _unified(system, 0)
    _machine(system, 3)
    before = oom_counters.readings()
    assert sorted(before.values()) == [0, 3]
    _machine(system, 4)
    assert not oom_counters.have_grown(before, oom_counters.read_again(before))
    _unified(system, 1)
    assert oom_counters.have_grown(before, oom_counters.read_again(before))


def test_the_machine_decides_when_the_group_is_gone(system: Path) -> None:
    """A group's folder goes away with its last process; then the machine's counter is left."""
    _unified(system, 0)
    _machine(system, 3)
    before = oom_counters.readings()
    (system / "fs" / "user.slice" / "a:b.scope" / "memory.events").unlink()
    _machine(system, 4)
    assert oom_counters.have_grown(before, oom_counters.read_again(before))


def test_the_older_kind_of_group_is_read(system: Path) -> None:
    """With cgroup v1 the counter is in ``memory.oom_control``."""
    (system / "cgroup").write_text("5:cpu:/x\n4:memory:/y\n0::/\n")
    folder = system / "fs" / "memory" / "y"
    folder.mkdir(parents=True)
    (folder / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert oom_counters.readings() == {str(folder / "memory.oom_control"): 2}


def test_nothing_known_is_nothing_grown(system: Path) -> None:
    """On systems without such files, and with rubbish in them, nothing is claimed."""
    assert oom_counters.readings() == {}
    (system / "vmstat").write_text("oom_kill many\n")
    (system / "cgroup").write_text("rubbish\n\x00")
    assert oom_counters.readings() == {}
    assert not oom_counters.have_grown({}, {})
    assert not oom_counters.have_grown({"x": 1}, {})
