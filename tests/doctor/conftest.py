"""A folder to examine, with settings of the test's own, and an engine that answers by script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ducktypist.app import App
from support.clinic import Clinic


@pytest.fixture
def clinic(tmp_path: Path, user_file: Path) -> Clinic:  # noqa: ARG001 - no real user's settings
    """Examine a workspace folder with awkward characters in its name."""
    folder = tmp_path / "it's a work space"
    folder.mkdir()
    return Clinic(folder=folder)


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Path]:
    """Write the script of an engine that answers."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"name": "duck", "default": "one two three"}))
    yield path
    asyncio.run(_stopped(path))


async def _stopped(path: Path) -> None:
    app = await asyncio.to_thread(App, backend=f"scripted:{path}")
    client = await asyncio.to_thread(app.engine)
    await client.stop_host()
    await app.aclose()
