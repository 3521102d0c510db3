"""Addresses of remote engines: checked, and never repeated where they may hold a secret."""

from __future__ import annotations

import urllib.parse

from ducktypist.errors import ConfigError


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, without the port that the scheme implies.

    Raises:
        ConfigError: It is no http address, or holds a user, a password or a query, which are
            places for secrets; the message does not repeat it.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigError("this is not an address such as http://127.0.0.1:8080") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError("the address must begin with http:// or https:// and name a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            "the address must not hold a user, a password, a query or a fragment; store a key "
            "with `ducktypist key set URL`"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    implied = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in {None, implied} else f":{port}")
