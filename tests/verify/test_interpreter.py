from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ducktypist.errors import RunnerError
from ducktypist.verify.interpreter import find_interpreter, has_pytest, readable_places


def make_venv(folder: Path, *, pytest_there: bool) -> Path:
    """Make a virtual environment, with something that looks like pytest or without."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    if pytest_there:
        (site,) = folder.glob("lib/python3*/site-packages")
        (site / "pytest").mkdir()
        (site / "pytest" / "__init__.py").write_text("raise SystemExit('never imported')")
    return folder / "bin" / "python"


def test_order(tmp_path: Path) -> None:
    """The setting comes first, then ``.venv``, then ``VIRTUAL_ENV``, then the server's own."""
    workspace = tmp_path / "w"
    workspace.mkdir()
    assert find_interpreter("", workspace, environment={}) == Path(sys.executable)
    other = make_venv(tmp_path / "other", pytest_there=True)
    environment = {"VIRTUAL_ENV": str(tmp_path / "other")}
    assert find_interpreter("", workspace, environment=environment) == other
    own = make_venv(workspace / ".venv", pytest_there=True)
    assert find_interpreter("", workspace, environment=environment) == own
    assert find_interpreter(str(other), workspace, environment={}) == other
    assert find_interpreter(".venv/bin/python", workspace, environment={}) == own


def test_missing_pytest(tmp_path: Path) -> None:
    """An environment without pytest is an error that says what to do, and nothing is executed."""
    python = make_venv(tmp_path / ".venv", pytest_there=False)
    assert not has_pytest(python)
    with pytest.raises(RunnerError, match=r"has no pytest.*-m pip install pytest"):
        find_interpreter("", tmp_path, environment={})


def test_wrong_setting(tmp_path: Path) -> None:
    """A configured interpreter that does not exist is named."""
    with pytest.raises(RunnerError, match=r"python\.interpreter names .*/nowhere"):
        find_interpreter("nowhere", tmp_path, environment={})


def test_places_of_a_linked_environment(tmp_path: Path) -> None:
    """An environment's own parts and its base's are readable; no prefix is as a whole."""
    python = make_venv(tmp_path / "v", pytest_there=False)
    places = readable_places(python)
    assert python.parent in places
    assert tmp_path / "v" / "pyvenv.cfg" in places
    assert any((place / "os.py").exists() for top in places for place in top.glob("python3*"))
    assert tmp_path / "v" not in places


def test_a_home_that_names_everything_shows_little(tmp_path: Path) -> None:
    """A ``pyvenv.cfg`` that names a home folder as base shows no more than its program parts."""
    python = make_venv(tmp_path / "v", pytest_there=False)
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / ".ssh").mkdir()
    (tmp_path / "v" / "pyvenv.cfg").write_text(f"home = {home / 'bin'}\n")
    shown = [place for place in readable_places(python) if place.is_relative_to(home)]
    assert shown == [home / "bin"]
