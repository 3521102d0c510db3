"""The folders that one trial's servers and hosts use, and what is left in them in the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ducktypist.engine.client import EngineClient, HostSpec
from support.engines import host_pids, until_async
from support.leftovers import end_hosts, nothing_left

KINDS = {"data": "d", "state": "s", "cache": "c", "runtime": "r"}
"""Short: the path of a Unix socket may have 107 bytes."""
LEFT_TIMEOUT_S = 20.0


@dataclass(slots=True)
class Left:
    """What somebody left behind."""

    problems: list[str]


@contextlib.contextmanager
def own_folders(folder: Path) -> Iterator[Left]:
    """Use folders of a trial's own, and look afterwards who left what; the environment is restored.

    Hosts are ended in order before the look. What a killed one could not take away is no fault.
    """
    names = {f"DUCKTYPIST_{kind.upper()}_DIR": folder / short for kind, short in KINDS.items()}
    names["HF_HUB_OFFLINE"] = Path("1")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: str(path) for name, path in names.items()})
    left = Left([])
    runtime = folder / KINDS["runtime"]
    try:
        with nothing_left(timeout_s=LEFT_TIMEOUT_S):
            yield left
            end_hosts(runtime)
    except AssertionError as error:
        left.problems.append(str(error)[:500])
    finally:
        end_hosts(runtime)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def scripted_spec(script: Path) -> HostSpec:
    """Return the host that a server with ``--backend scripted:FILE`` uses in these folders."""
    return HostSpec.scripted(
        script,
        socket_dir=Path(os.environ["DUCKTYPIST_RUNTIME_DIR"]),
        log_dir=Path(os.environ["DUCKTYPIST_STATE_DIR"]),
    )


async def end_in_order(spec: HostSpec) -> None:
    """Start a host once more and end it, so that it takes away what a killed one left."""
    client = EngineClient.embedded(spec)
    try:
        async with asyncio.timeout(60):
            await client.wait_ready(60)
            await client.stop_host()
        await until_async(lambda: not host_pids(spec), timeout_s=60.0)
    finally:
        await client.aclose()
