"""Where telemetry goes is checked before anything is sent."""

from __future__ import annotations

import pytest

from ducktypist.config import TelemetryConfig, restricted_keys
from ducktypist.errors import ConfigError
from ducktypist.telemetry import target_of

ENDPOINT = "http://127.0.0.1:4318"


def test_it_is_off_unless_it_is_turned_on() -> None:
    """An address alone turns nothing on."""
    assert target_of(TelemetryConfig()) is None
    assert target_of(TelemetryConfig(endpoint=ENDPOINT)) is None


def test_a_secret_comes_from_the_environment() -> None:
    """A header names a variable; its value is in no settings file and in no text of the target."""
    settings = TelemetryConfig(
        enabled=True, endpoint=f"{ENDPOINT}/", headers=("Authorization=env:TOKEN", "X-Team = a=b")
    )
    target = target_of(settings, {"TOKEN": "Bearer hush"})
    assert target is not None
    assert target.endpoint == ENDPOINT
    assert target.headers == {"Authorization": "Bearer hush", "X-Team": "a=b"}
    assert "hush" not in repr(target)


@pytest.mark.parametrize(
    ("endpoint", "headers", "said"),
    [
        ("", (), "must be the http"),
        ("collector:4317", (), "must be the http"),
        ("file:///etc/passwd", (), "must be the http"),
        ("http://me:hush@127.0.0.1", (), "must not hold a password"),
        (ENDPOINT, ("Authorization",), "NAME=VALUE"),
        (ENDPOINT, ("A=b\r\nX: y",), "NAME=VALUE"),
        (ENDPOINT, ("Authorization=env:MISSING",), "'MISSING', which is not set"),
    ],
)
def test_what_cannot_be_used_is_told(endpoint: str, headers: tuple[str, ...], said: str) -> None:
    """The message says what is wrong, that nothing is sent, and no secret."""
    settings = TelemetryConfig(enabled=True, endpoint=endpoint, headers=headers)
    with pytest.raises(ConfigError, match=said) as caught:
        target_of(settings, {})
    assert "nothing is sent" in str(caught.value)
    assert "hush" not in str(caught.value) or "password" not in said


def test_no_workspace_turns_it_on() -> None:
    """A file that lies in a folder may not choose where data goes, trusted or not."""
    settings = {"telemetry": {"enabled": True, "endpoint": ENDPOINT}}
    refused = ("telemetry.enabled", "telemetry.endpoint")
    assert restricted_keys(settings, trusted=True) == refused
    assert restricted_keys(settings) == ("telemetry",)
