"""The command line. Each command's module is imported when that command is used, not before."""

from __future__ import annotations

import click

from ducktypist import __version__
from ducktypist.cli.lazy import LazyGroup

COMMANDS = {
    "bench": "ducktypist.cli.bench:bench",
    "calibrate": "ducktypist.cli.calibrate:calibrate",
    "demo": "ducktypist.cli.demo:demo",
    "doctor": "ducktypist.cli.doctor:doctor",
    "explain": "ducktypist.cli.explain:explain",
    "host": "ducktypist.cli.host:host",
    "ingest": "ducktypist.cli.ingest:ingest",
    "key": "ducktypist.cli.key:key",
    "ledger": "ducktypist.cli.ledger:ledger",
    "model": "ducktypist.cli.model:model",
    "models": "ducktypist.cli.models:models",
    "report": "ducktypist.cli.report:report",
    "stats": "ducktypist.cli.stats:stats",
    "trust": "ducktypist.cli.trust:trust",
    "use": "ducktypist.cli.use:use",
}
"""Where each command is. ``serve`` is not here: ``__main__`` starts it without click."""

SERVE_HELP = "Serve one editor window: LSP on standard input and output."


class Commands(LazyGroup):
    """All commands, and the one that is none of click's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), "serve"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by name."""
        if cmd_name == "serve":
            return click.Command("serve", help=SERVE_HELP, short_help=SERVE_HELP)
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=Commands, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="ducktypist")
def cli() -> None:
    """A language server that runs what its local model suggests, and keeps score."""
