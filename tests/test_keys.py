from __future__ import annotations

import pytest

from ducktypist import keys
from ducktypist.errors import ConfigError
from support import keyrings
from support.keyrings import FakeKeyring

URL = "https://engine.example:8443/v1"
NAME = "DUCKTYPIST_API_KEY"


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """An empty keyring, and no key in the environment."""
    monkeypatch.delenv(NAME, raising=False)
    return keyrings.install(monkeypatch)


def test_the_environment_comes_before_the_keyring(
    keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the keyring, by origin; then nothing."""
    assert keys.find_key(URL, environment_name=NAME) == keys.ApiKey(value="", source="none")
    assert keys.set_key(URL, "  from-keyring ") == "https://engine.example:8443"
    assert list(keyring.kept) == [("ducktypist", "https://engine.example:8443")]
    found = keys.find_key("https://Engine.example:8443/other", environment_name=NAME)
    assert (found.value, found.source) == ("from-keyring", "keyring")
    monkeypatch.setenv(NAME, "from-environment")
    found = keys.find_key(URL, environment_name=NAME)
    assert (found.value, found.source) == ("from-environment", "environment")
    assert keys.find_key(URL, environment_name="").source == "keyring"


@pytest.mark.usefixtures("keyring")
def test_a_key_goes_nowhere_else() -> None:
    """Another scheme, host or port is another origin."""
    keys.set_key(URL, "k")
    for url in ("http://engine.example:8443", "https://engine.example", "https://evil.example"):
        assert keys.find_key(url, environment_name=NAME).source == "none"


@pytest.mark.usefixtures("keyring")
def test_a_key_is_removed() -> None:
    """Removing what is not there is said, and no error."""
    keys.set_key(URL, "k")
    assert keys.delete_key(URL) == ("https://engine.example:8443", True)
    assert keys.delete_key(URL) == ("https://engine.example:8443", False)


@pytest.mark.usefixtures("keyring")
@pytest.mark.parametrize("value", ["", "  ", "a\nb", "clé", "a\x00"])
def test_what_is_no_key_is_refused(value: str) -> None:
    """It would break the header that it is sent in."""
    with pytest.raises(ConfigError, match="one line of printable ASCII"):
        keys.set_key(URL, value)


@pytest.mark.usefixtures("keyring")
def test_what_is_no_address_is_refused() -> None:
    """A key is for an address; a wrong one in the settings finds none."""
    for call in (lambda: keys.set_key("engine", "k"), lambda: keys.delete_key("engine")):
        with pytest.raises(ConfigError, match="must begin with http"):
            call()
    assert keys.find_key("engine", environment_name=NAME).source == "none"


def test_a_keyring_that_fails_is_told(keyring: FakeKeyring) -> None:
    """Reading goes on without a key and says why; writing is an error."""
    keyring.locked = True
    found = keys.find_key(URL, environment_name=NAME)
    assert (found.value, found.problem) == ("", "the keyring cannot be read: it is locked")
    with pytest.raises(ConfigError, match="did not take the key: it is locked"):
        keys.set_key(URL, "k")
    with pytest.raises(ConfigError, match="did not remove the key: it is locked"):
        keys.delete_key(URL)


def test_without_the_library_there_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding is quiet about it; storing says what to install."""
    keyrings.remove(monkeypatch)
    monkeypatch.delenv(NAME, raising=False)
    assert keys.find_key(URL, environment_name=NAME) == keys.ApiKey(value="", source="none")
    with pytest.raises(ConfigError, match=r"pip install 'ducktypist\[keyring\]'"):
        keys.set_key(URL, "k")


def test_a_key_is_not_printed() -> None:
    """Logs and tracebacks show where it came from only."""
    assert "secret" not in repr(keys.ApiKey(value="secret", source="keyring"))
