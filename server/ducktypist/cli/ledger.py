"""``ducktypist ledger``: the group of commands about the ledger itself, each imported when used."""

from __future__ import annotations

import click

from ducktypist.cli.lazy import LazyGroup

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


@click.group(cls=LazyGroup, places=COMMANDS)
def ledger() -> None:
    """Take the ledger along, put ledgers together, clear, check and copy them."""
