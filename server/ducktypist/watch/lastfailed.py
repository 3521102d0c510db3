"""What pytest's own cache says of its last run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.watch.files import file_changes, read_bounded
from ducktypist.watch.node_ids import is_node_id

LASTFAILED = Path(".pytest_cache/v/cache/lastfailed")
MAX_LASTFAILED_BYTES = 8 * 1024**2
MAX_NODE_IDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailed:
    """What pytest's cache says of one workspace folder."""

    root: Path
    node_ids: tuple[str, ...]


def read_lastfailed(root: Path) -> LastFailed | None:
    """Return what pytest's last run left red, or None when it left no readable record."""
    read = read_bounded(root / LASTFAILED, MAX_LASTFAILED_BYTES)
    if read is None:
        return None
    try:
        found = json.loads(read[0])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    ids = [key for key, red in found.items() if isinstance(key, str) and red is True]
    return LastFailed(root=root, node_ids=tuple(filter(is_node_id, ids))[:MAX_NODE_IDS])


async def lastfailed_changes(roots: Sequence[Path]) -> AsyncIterator[LastFailed]:
    """Yield what pytest's cache says whenever it changes, for every root, until cancelled."""
    known = {root: await asyncio.to_thread(_told, root) for root in roots}
    async for changed in file_changes(lambda: {root / LASTFAILED: root for root in roots}):
        for root in roots:
            if root / LASTFAILED not in changed:
                continue
            told = await asyncio.to_thread(_told, root)
            if told is not None and told != known[root]:
                known[root] = told
                yield told


def _told(root: Path) -> LastFailed | None:
    read = read_lastfailed(root)
    if read is None and not (root / LASTFAILED).exists():
        # pytest deletes the record when nothing failed.
        return LastFailed(root=root, node_ids=())
    # A record that cannot be read is one that is being written: it says nothing yet.
    return read
