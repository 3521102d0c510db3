from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ducktypist import __version__, config, trust
from ducktypist.cli import COMMANDS, cli

BODY = "    return [items[i : i + size] for i in range(0, len(items), size)]\n"
FIXED = "for start in range(len(values) - window + 1):\n"


def run(*arguments: str) -> Result:
    """Run ``ducktypist`` with these arguments."""
    return CliRunner().invoke(cli, list(arguments))


def test_help_lists_every_command() -> None:
    """Each command has its line, ``serve`` included, and says in it what it does."""
    result = run("--help")
    assert result.exit_code == 0
    for name in (*COMMANDS, "serve"):
        assert re.search(rf"^  {name} +\S", result.output, re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """``--help`` works for each command without doing anything."""
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    assert len(result.output.splitlines()) > 4
    assert not config.data_dir().exists()


def test_version_and_unknown_commands() -> None:
    """The version is the package's; an unknown command is refused."""
    assert run("--version").output == f"ducktypist, version {__version__}\n"
    result = run("fly")
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.output


def test_trust_add_list_remove(tmp_path: Path) -> None:
    """Folders are trusted, listed and taken off again by command."""
    folder = tmp_path / "it's mine"
    folder.mkdir()
    assert run("trust").output == ""
    result = run("trust", str(folder))
    assert result.exit_code == 0
    assert str(folder) in result.output
    assert trust.is_trusted(folder)
    assert run("trust").output.strip() == str(folder)
    assert "is no longer trusted" in run("trust", "--remove", str(folder)).output
    assert not trust.is_trusted(folder)
    assert "was not trusted" in run("trust", "--remove", str(folder)).output


@pytest.mark.parametrize("folder", ["/", "/no/such/folder"])
def test_trust_refuses_in_one_line(folder: str) -> None:
    """What cannot be trusted is an error message and a failure, no traceback."""
    result = run("trust", folder)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert len(result.output.splitlines()) == 1


def test_stats_of_a_fresh_ledger() -> None:
    """Without a ledger there is an empty table, and none is made."""
    result = run("stats", "--json")
    assert result.exit_code == 0
    table = json.loads(result.output)
    assert (table["n_suggestions"], table["cells"]) == (0, [])
    assert "The ledger is empty" in run("stats").output
    assert not config.data_dir().exists()


def test_stats_of_what_is_no_ledger(tmp_path: Path) -> None:
    """A file that is none is an error and stays as it is."""
    path = tmp_path / "ledger"
    path.write_text("not a database" * 100)
    result = run("stats", "--ledger", str(path))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert path.read_text() == "not a database" * 100


def script(folder: Path, *, fix: str) -> str:
    """Write a script for the demo's three steps and return the backend's name."""
    rules = [
        {"kind": "chat", "match": "You explain Bash", "reply": "It removes old backups."},
        {"match": "def batches", "reply": BODY},
        {"kind": "infill", "match": "averages = \\[\\]\\n +<HOLE>", "reply": fix},
    ]
    path = folder / "demo.json"
    path.write_text(json.dumps({"name": "duck-demo", "default": "", "rule": rules}))
    return f"scripted:{path}"


@pytest.fixture
def _host_ends(tmp_path: Path) -> object:
    """End the host that the demo's server started."""
    yield
    run("host", "--stop", "--backend", f"scripted:{tmp_path / 'demo.json'}")


@pytest.mark.sandbox
@pytest.mark.e2e
@pytest.mark.usefixtures("_host_ends")
def test_demo_goes_through(tmp_path: Path) -> None:
    """With answers that are right, all three steps succeed and are shown with their proof."""
    result = run("demo", "--backend", script(tmp_path, fix=FIXED))
    assert result.exit_code == 0, result.output
    assert "duck-demo" in result.output
    assert "It removes old backups." in result.output
    assert "checked" in result.output
    assert "facts after" in result.output
    assert f"+{BODY.rstrip()}" in result.output
    assert "+    for start in range(len(values) - window + 1):" in result.output
    assert result.output.count("plausible: 3 of 3 runs") == 2
    assert "before: 3 passed, 1 failed" in result.output
    assert "after: 4 passed, 0 failed" in result.output


@pytest.mark.sandbox
@pytest.mark.e2e
@pytest.mark.usefixtures("_host_ends")
def test_demo_fails_when_a_step_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fix that does not help makes the command exit non-zero and say which step it was."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    settings = config.user_config_path()
    settings.parent.mkdir()
    # The mistake is one that a rule would find.
    settings.write_text('[fix]\nsources = ["line"]\n')
    result = run("demo", "--backend", script(tmp_path, fix="for start in ():\n"))
    assert result.exit_code == 1
    assert "Error: fix failing test: no plausible patch" in result.output
