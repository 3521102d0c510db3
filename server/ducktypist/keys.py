"""API keys of remote engines: from the environment, or from the system's keyring.

Never from a settings file. The keyring (PyPI ``keyring``: the Secret Service, macOS's Keychain,
Windows' Credential Locker) keeps a key for each origin, so that it is sent nowhere else. The only
file that imports ``keyring``, which is an optional extra and may ask a person to unlock it.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from typing import Any

from ducktypist.config import origin_of
from ducktypist.errors import ConfigError

SERVICE = "ducktypist"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key, and where it was found."""

    value: str
    """Empty when there is none."""
    source: str
    """``environment``, ``keyring`` or ``none``."""
    problem: str = ""
    """Why the keyring could not be asked; empty when all is well."""

    def __repr__(self) -> str:
        return f"ApiKey(source={self.source!r})"


def find_key(url: str, *, environment_name: str) -> ApiKey:
    """Return the key for an engine's address; may block while the keyring is being unlocked.

    Args:
        url: The engine's base address.
        environment_name: The variable to look at first; empty: the keyring only.
    """
    if environment_name and (value := os.environ.get(environment_name, "")):
        return ApiKey(value=value, source="environment")
    try:
        keyring = _keyring()
    except ConfigError:
        # Without the extra there is nothing to ask, which is the usual case.
        return ApiKey(value="", source="none")
    try:
        value = keyring.get_password(SERVICE, origin_of(url)) or ""
    except ConfigError:
        return ApiKey(value="", source="none")
    except Exception as error:  # noqa: BLE001 - each system's keyring raises exceptions of its own
        return ApiKey(value="", source="none", problem=f"the keyring cannot be read: {error}")
    return ApiKey(value=value, source="keyring" if value else "none")


def set_key(url: str, value: str) -> str:
    """Store a key for an address and return the origin that it is for.

    Raises:
        ConfigError: The address or the key is no good, or there is no keyring.
    """
    origin = origin_of(url)
    if not value.strip() or not value.isascii() or not value.isprintable():
        raise ConfigError("a key is one line of printable ASCII; this is not one")
    keyring = _keyring()
    try:
        keyring.set_password(SERVICE, origin, value.strip())
    except Exception as error:  # see find_key
        raise ConfigError(f"the keyring did not take the key: {error}") from error
    return origin


def delete_key(url: str) -> tuple[str, bool]:
    """Remove the key for an address; return its origin and whether there was one.

    Raises:
        ConfigError: The address is no good, or the keyring cannot be used.
    """
    origin = origin_of(url)
    keyring = _keyring()
    try:
        if keyring.get_password(SERVICE, origin) is None:
            return origin, False
        keyring.delete_password(SERVICE, origin)
    except Exception as error:  # see find_key
        raise ConfigError(f"the keyring did not remove the key: {error}") from error
    return origin, True


def _keyring() -> Any:  # noqa: ANN401 - an optional library
    try:
        return importlib.import_module("keyring")
    except ImportError as error:
        raise ConfigError(
            "the package keyring is not installed; install it with "
            "`pip install 'ducktypist[keyring]'`, or put the key into the environment"
        ) from error
