"""Settings given on a command line as ``SECTION.KEY=VALUE``. Read here, checked by nobody here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ducktypist.domain import Json


def sections(settings: tuple[str, ...]) -> dict[str, dict[str, Json]]:
    """Return settings as sections by name; a value is JSON, and a word needs no quotes.

    Raises:
        click.UsageError: One has another form.
    """
    found: dict[str, dict[str, Json]] = {}
    for setting in settings:
        name, is_given, value = setting.partition("=")
        section, has_key, key = name.partition(".")
        if not (is_given and has_key and section and key):
            raise click.UsageError(f"--set {setting}: expected SECTION.KEY=VALUE")
        try:
            found.setdefault(section, {})[key] = json.loads(value)
        except json.JSONDecodeError:
            found.setdefault(section, {})[key] = value
    return found
