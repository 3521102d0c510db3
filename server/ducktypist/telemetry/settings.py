"""Where telemetry goes: the settings, checked, with secrets taken from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ducktypist.config import TelemetryConfig
from ducktypist.errors import ConfigError

FROM_ENVIRONMENT = "env:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A collector."""

    endpoint: str
    """Its OTLP/HTTP address without ``/v1/...``."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """May hold secrets."""
    interval_s: float = 30.0


def target_of(
    settings: TelemetryConfig, environment: Mapping[str, str] | None = None
) -> Target | None:
    """Return the collector of the settings, None where telemetry is off.

    Args:
        settings: The section ``telemetry``.
        environment: Where ``env:NAME`` is looked up; this process's by default.

    Raises:
        ConfigError: It is on, but the address or a header cannot be used.
    """
    if not settings.enabled:
        return None
    parts = urlsplit(settings.endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(
            "telemetry.endpoint must be the http:// or https:// address of a collector, such as "
            f"http://127.0.0.1:4318, got {settings.endpoint!r:.80}; nothing is sent"
        )
    if parts.username or parts.password:
        raise ConfigError(
            "telemetry.endpoint must not hold a password; put it into telemetry.headers as "
            "`Authorization=env:NAME`; nothing is sent"
        )
    known = os.environ if environment is None else environment
    return Target(
        endpoint=settings.endpoint.rstrip("/"),
        headers=dict(_header(item, known) for item in settings.headers),
        interval_s=settings.interval_s,
    )


def _header(item: str, environment: Mapping[str, str]) -> tuple[str, str]:
    name, found, value = item.partition("=")
    name, value = name.strip(), value.strip()
    if not found or not name or not name.isascii() or not value.isprintable():
        raise ConfigError(
            "each of telemetry.headers is NAME=VALUE or NAME=env:VARIABLE; nothing is sent"
        )
    if value.startswith(FROM_ENVIRONMENT):
        variable = value.removeprefix(FROM_ENVIRONMENT)
        if variable not in environment:
            raise ConfigError(
                f"telemetry.headers names the environment variable {variable!r:.60}, which is not "
                "set; nothing is sent"
            )
        value = environment[variable]
    return name, value
