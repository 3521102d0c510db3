"""``ducktypist key``: the API key of a remote engine, kept in the system's keyring."""

from __future__ import annotations

import click

from ducktypist import keys
from ducktypist.errors import DucktypistError


@click.group()
def key() -> None:
    """Keep a remote engine's API key in the system's keyring."""


@key.command("set")
@click.argument("url")
def set_(url: str) -> None:
    """Ask for the key of the engine at URL and store it; it is never shown."""
    try:
        # Asked for, not taken from the command line: that is read by every process there is.
        value = click.prompt(f"Key for {url}", hide_input=True, default="", show_default=False)
        click.echo(f"stored for {keys.set_key(url, value)}")
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error


@key.command()
@click.argument("url")
def delete(url: str) -> None:
    """Remove the key of the engine at URL."""
    try:
        origin, was_there = keys.delete_key(url)
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"removed for {origin}" if was_there else f"there was none for {origin}")
