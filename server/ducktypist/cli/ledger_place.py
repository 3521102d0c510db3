"""Which ledger a command is about: the one that it is given, or that of the user's settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ducktypist import config

_Command = TypeVar("_Command", bound=Callable[..., Any])


def ledger_option(command: _Command) -> _Command:
    """Give a command the option that names another ledger's file."""
    option = click.option(
        "--ledger",
        "ledger",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The ledger's file, instead of the configured one.",
    )
    return option(command)


def place_of(given: Path | None) -> Path:
    """Return the ledger's file: the given one, or that of the user's settings.

    Raises:
        ConfigError: The settings are wrong.
    """
    return own_ledger() if given is None else given


def own_ledger() -> Path:
    """Return the ledger's file of the user's settings.

    Raises:
        ConfigError: The settings are wrong.
    """
    path = config.user_config_path()
    settings = config.merge(config.Config(), config.read_file(path), source=str(path))
    return config.ledger_path(settings.ledger)
