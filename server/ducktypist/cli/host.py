"""``ducktypist host``: the process that holds the model, by hand.

Windows start it themselves; this is for whoever wants it running beforehand, or gone.
"""

from __future__ import annotations

import asyncio

import click

from ducktypist.app import App
from ducktypist.errors import DucktypistError

LOAD_WAIT_S = 600.0


@click.command()
@click.option("--stop", is_flag=True, help="End the running host instead.")
@click.option("--backend", help="llama_cpp, or scripted:FILE for tests.")
def host(*, stop: bool, backend: str | None) -> None:
    """Start the process that holds the model, wait until it is loaded, and say where it listens."""
    try:
        click.echo(asyncio.run(_stop(backend) if stop else _start(backend)))
    except DucktypistError as error:
        raise click.ClickException(str(error)) from error


async def _start(backend: str | None) -> str:
    app = App(backend=backend)
    try:
        engine = app.engine()
        await engine.wait_ready(LOAD_WAIT_S)
        status = await engine.status()
        return (
            f"{status.get('model')} {status.get('quantisation')} is loaded, "
            f"{status.get('n_gpu_layers')} layers on the GPU, at {status.get('address')}"
        )
    finally:
        await app.aclose()


async def _stop(backend: str | None) -> str:
    app = App(backend=backend)
    try:
        return "stopped" if await app.engine().stop_host() else "no host was running"
    finally:
        await app.aclose()
