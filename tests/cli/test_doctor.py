from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist import __version__
from ducktypist.cli import cli
from ducktypist.doctor.cases import CASES

pytestmark = pytest.mark.e2e


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An engine that answers by script, and a home with nobody's settings."""
    home = tmp_path / "ducks.home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    path = tmp_path / "secret-script.json"
    path.write_text(json.dumps({"name": "duck", "default": "one two three"}))
    backend = f"scripted:{path}"
    yield backend
    CliRunner().invoke(cli, ["host", "--stop", "--backend", backend])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with a telling name."""
    made = tmp_path / "moon-shot"
    made.mkdir()
    return made


def run(*arguments: str) -> Result:
    """Run ``ducktypist doctor`` with these arguments."""
    return CliRunner().invoke(cli, ["doctor", *arguments])


@pytest.mark.sandbox
def test_the_text_has_a_line_for_each_check(folder: Path, script: str) -> None:
    """Each line begins with how it stands; advice stands below where there is any."""
    result = run(str(folder), "--backend", script)
    lines = result.stdout.splitlines()
    for case in CASES:
        line = next(line for line in lines if line.split()[1:2] == [case.name])
        assert line.split()[0] in {"ok", "warn", "FAIL"}
    assert f"→ run `ducktypist trust {folder}`" in result.stdout
    assert result.exit_code == int("FAIL" in result.stdout)
    assert not list(folder.iterdir())


@pytest.mark.sandbox
def test_the_object_is_complete_and_whole(folder: Path, script: str) -> None:
    """Standard output is one JSON object; a failure makes the exit status 1."""
    result = run(str(folder), "--json", "--quick", "--backend", script)
    table = json.loads(result.stdout)
    assert (table["schema"], table["version"], table["quick"]) == (1, __version__, True)
    assert table["folder"] == str(folder)
    assert [check["name"] for check in table["checks"]] == [case.name for case in CASES]
    keys = {"name", "status", "summary", "advice", "details"}
    assert all(set(check) == keys for check in table["checks"])
    assert all(check["advice"] for check in table["checks"] if check["status"] != "ok")
    (folder / ".ducktypist.toml").write_text("[fix]\nrepeat = 4\n")
    again = run(str(folder), "--json", "--backend", script)
    assert again.exit_code == 1
    assert json.loads(again.stdout)["status"] == "fail"


@pytest.mark.sandbox
def test_the_report_names_nobody(
    folder: Path, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the folder nor the home nor a key that lies in the environment stands in it."""
    monkeypatch.setenv("DUCKTYPIST_API_KEY", "hunter2-hunter2")
    (folder / ".ducktypist.toml").write_text(
        '[engine]\nurl = "http://hunter2-hunter2.example/v1"\n[fix]\nrepeats = "hunter2-hunter2"\n'
    )
    report = run(str(folder), "--report", "--backend", script).stdout
    private = ("hunter2", "moon-shot", "ducks.home", str(tmp_path), "secret-script")
    assert not [word for word in private if word in report]
    assert f"Ducktypist {__version__}" in report
    assert "WORKSPACE is not trusted" in report


def test_two_forms_at_once_are_refused(folder: Path) -> None:
    """One has to be chosen."""
    result = run(str(folder), "--json", "--report")
    assert result.exit_code == 2
    assert "choose one" in result.output


@pytest.mark.sandbox
def test_nothing_of_an_untrusted_folder_is_run(folder: Path, script: str) -> None:
    """Programs that lie in the folder are not asked for their version, though PATH has them."""
    witness = folder / "witness"
    for name in ("nvim", "code", "ducktypist", "go", "emacs"):
        program = folder / name
        program.write_text(f"#!/bin/sh\ntouch '{witness}'\n")
        program.chmod(0o755)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(folder / "go")
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        [sys.executable, "-m", "ducktypist", "doctor", "--json", "--backend", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert json.loads(ended.stdout)["checks"], ended.stderr
    assert not witness.exists()
