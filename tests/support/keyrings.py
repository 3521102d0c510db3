"""A keyring for tests, in the place of the optional library."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest


class FakeKeyring(ModuleType):
    """The three functions of ``keyring`` that are used, over a dictionary."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, user: str) -> str | None:
        """Return what is kept."""
        self._check()
        return self.kept.get((service, user))

    def set_password(self, service: str, user: str, value: str) -> None:
        """Keep it."""
        self._check()
        self.kept[service, user] = value

    def delete_password(self, service: str, user: str) -> None:
        """Forget it."""
        self._check()
        del self.kept[service, user]

    def _check(self) -> None:
        if self.locked:
            message = "it is locked"
            raise RuntimeError(message)


def install(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    """Put an empty keyring in place for one test."""
    made = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", made)
    return made


def remove(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the library missing for one test."""
    monkeypatch.setitem(sys.modules, "keyring", None)
