"""Which accepted suggestions somebody still had to look at when their window was closed.

Reads what was observed, for going on with it. No number that is shown comes from here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ducktypist.ledger.attribution.following import Resumed
from ducktypist.ledger.attribution.matching import STILL_IN
from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.words import Checkpoint

MAX_AGE_DAYS = 30
"""What was accepted longer ago is no longer followed."""
MAX_RESUMED = 200
"""The newest ones."""


def read_unfinished(
    path: Path,
    roots: Mapping[str, str],
    *,
    now: dt.datetime,
    is_ours: Callable[[str], bool],
) -> tuple[Resumed, ...]:
    """Return the suggestions to go on with, the oldest first; none without a ledger.

    Left out is what was gone when last seen. Blocks on the disk, so call it from a thread.

    Args:
        path: The ledger's file.
        roots: The workspace folders' real paths, by their keyed hashes.
        now: The time in UTC.
        is_ours: Tells by a session's id whether nobody else follows what it began.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
    """
    if not roots or not path.exists():
        return ()
    since = (now - dt.timedelta(days=MAX_AGE_DAYS)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    marks = ", ".join("?" * len(roots))
    placed_sql = f"""
        SELECT
            p.suggestion_id, p.project_hash, p.path, p.block_hash, p.is_body, p.fingerprint,
            r.session_id,
            (SELECT min(f.at_utc) FROM placed AS f WHERE f.suggestion_id = p.suggestion_id)
                AS placed_utc
        FROM placed AS p
        JOIN requested AS r ON r.suggestion_id = p.suggestion_id
        WHERE p.project_hash IN ({marks}) AND p.at_utc >= ?
        ORDER BY p.seq
    """  # noqa: S608 - question marks only; values are bound
    seen_sql = """
        SELECT path, edit_ratio, block_hash, as_made
        FROM sighted
        WHERE suggestion_id = ? AND how <> 'commit'
        ORDER BY seq
    """
    done_sql = "SELECT DISTINCT checkpoint FROM persisted WHERE suggestion_id = ?"
    with reading(path) as connection:
        # Of one that was taken in parts, the last part says all.
        placed = {
            row["suggestion_id"]: row for row in rows_of(connection, placed_sql, [*roots, since])
        }
        found: list[Resumed] = []
        for name, row in reversed(placed.items()):
            if len(found) >= MAX_RESUMED:
                break
            if not is_ours(row["session_id"]):
                continue
            seen = list(rows_of(connection, seen_sql, [name]))
            done = [item["checkpoint"] for item in rows_of(connection, done_sql, [name])]
            one = _resumed(row, seen, done, roots=roots, now=now)
            if one.edit_ratio <= STILL_IN:
                found.append(one)
    return tuple(reversed(found))


def _resumed(
    row: Mapping[str, Any],
    seen: list[dict[str, Any]],
    done: list[str],
    *,
    roots: Mapping[str, str],
    now: dt.datetime,
) -> Resumed:
    placed = dt.datetime.fromisoformat(row["placed_utc"])
    one = Resumed(
        suggestion_id=row["suggestion_id"],
        root=roots[row["project_hash"]],
        path=row["path"],
        block_hash=row["block_hash"],
        is_body=bool(row["is_body"]),
        fingerprint=row["fingerprint"],
        age_s=max(0.0, (now - placed).total_seconds()),
        made_hashes=frozenset(item["block_hash"] for item in seen if item["as_made"]),
        done=frozenset(item for item in Checkpoint if item.value in done),
    )
    if not seen:
        return one
    last = seen[-1]
    return replace(
        one,
        path=last["path"] or one.path,
        edit_ratio=last["edit_ratio"],
        last_block_hash=last["block_hash"],
    )
