"""Watches what test runs leave on disk. It decides nothing: it says what a file says now.

Correctness never depends on an event arriving: each read is of the whole file.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LASTFAILED = Path(".pytest_cache/v/cache/lastfailed")
MAX_LASTFAILED_BYTES = 8 * 1024**2
DEBOUNCE_MS = 200
STEP_MS = 100
POLL_DELAY_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailed:
    """What pytest's cache says of one workspace folder."""

    root: Path
    node_ids: tuple[str, ...]


def read_lastfailed(root: Path) -> LastFailed | None:
    """Return what pytest's last run left red, or None when it left no readable record."""
    path = root / LASTFAILED
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_LASTFAILED_BYTES + 1)
        found = json.loads(raw) if len(raw) <= MAX_LASTFAILED_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    ids = tuple(key for key, red in found.items() if isinstance(key, str) and red is True)
    return LastFailed(root=root, node_ids=ids)


async def lastfailed_changes(roots: Sequence[Path]) -> AsyncIterator[LastFailed]:
    """Yield what pytest's cache says whenever it changes, for every root, until cancelled."""
    watchfiles = await asyncio.to_thread(importlib.import_module, "watchfiles")
    known = {root: await asyncio.to_thread(read_lastfailed, root) for root in roots}
    while True:
        places = await asyncio.to_thread(_all_places, roots)
        if not places:
            return
        async for _ in watchfiles.awatch(
            *places,
            # The default filter leaves out everything in .pytest_cache.
            watch_filter=None,
            recursive=False,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            poll_delay_ms=POLL_DELAY_MS,
            ignore_permission_denied=True,
        ):
            for root in roots:
                now = await asyncio.to_thread(read_lastfailed, root)
                # pytest deletes the record when nothing failed.
                told = now or LastFailed(root=root, node_ids=())
                if told != (known[root] or LastFailed(root=root, node_ids=())):
                    known[root] = now
                    yield told
            if places != await asyncio.to_thread(_all_places, roots):
                break


def _all_places(roots: Sequence[Path]) -> list[Path]:
    return [place for root in roots for place in _places(root)]


def _places(root: Path) -> list[Path]:
    """Return the deepest existing folders on the way to the record, from the root down."""
    found = [root, *(root / part for part in (".pytest_cache", ".pytest_cache/v"))]
    found.append(root / LASTFAILED.parent)
    existing = [folder for folder in found if folder.is_dir()]
    return existing[-1:] if existing else []
