"""``ducktypist ledger``: the group of commands about the ledger itself, each imported when used."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ducktypist import config

COMMANDS = {
    "backup": "ducktypist.cli.ledger_care:backup",
    "check": "ducktypist.cli.ledger_care:check",
    "export": "ducktypist.cli.ledger_move:export",
    "import": "ducktypist.cli.ledger_move:import_",
    "ingest": "ducktypist.cli.ledger_ingest:ingest",
    "merge": "ducktypist.cli.ledger_move:merge",
    "path": "ducktypist.cli.ledger_care:path",
    "purge": "ducktypist.cli.ledger_purge:purge",
    "push": "ducktypist.cli.ledger_push:push",
    "replay": "ducktypist.cli.ledger_ingest:replay",
    "schema": "ducktypist.cli.ledger_move:schema",
}
"""Where each command is."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


class LazyLedger(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return a command by name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            message = f"{COMMANDS[cmd_name]} is no command"
            raise TypeError(message)
        return command


@click.group(cls=LazyLedger)
def ledger() -> None:
    """Take the ledger along, put ledgers together, clear, check and copy them."""


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
    if given is not None:
        return given
    path = config.user_config_path()
    settings = config.merge(config.Config(), config.read_file(path), source=str(path))
    return config.ledger_path(settings.ledger)
