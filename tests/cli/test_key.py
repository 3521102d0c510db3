from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from ducktypist.cli import cli
from support import keyrings
from support.keyrings import FakeKeyring

URL = "https://engine.example/v1"


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """An empty keyring."""
    return keyrings.install(monkeypatch)


def _run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["key", *arguments], input=typed)


def test_a_key_is_asked_for_and_never_shown(keyring: FakeKeyring) -> None:
    """It is typed at a prompt, stored for the origin, and taken away again."""
    result = _run("set", URL, typed="s3cret\n")
    assert result.exit_code == 0
    assert "stored for https://engine.example" in result.output
    assert "s3cret" not in result.output
    assert list(keyring.kept.values()) == ["s3cret"]
    assert "removed for https://engine.example" in _run("delete", URL).output
    assert "there was none for https://engine.example" in _run("delete", URL).output


@pytest.mark.usefixtures("keyring")
def test_a_key_on_the_command_line_is_refused() -> None:
    """Every process on the machine could read it there."""
    result = _run("set", URL, "s3cret")
    assert result.exit_code == 2


@pytest.mark.parametrize(("url", "typed"), [("engine", "k\n"), (URL, "\n")])
@pytest.mark.usefixtures("keyring")
def test_what_cannot_be_stored_is_one_line(url: str, typed: str) -> None:
    """A bad address or no key is an error message and a failure, no traceback."""
    result = _run("set", url, typed=typed)
    assert result.exit_code == 1
    assert "Error: " in result.output


def test_without_a_keyring_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is optional."""
    keyrings.remove(monkeypatch)
    result = _run("delete", URL)
    assert result.exit_code == 1
    assert "Error: the package keyring is not installed" in result.output
