"""``ducktypist.recent``: the newest suggestions, and where each of them is to be found.

What happened is the ledger's business, where it stands that of ``lsp.following``. The ledger knows
folders by a hash alone, so only what belongs to a folder that is open here gets an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from ducktypist.errors import DucktypistError
from ducktypist.features.locating import offset_now
from ducktypist.ledger.recent import RecentSuggestion, read_recent
from ducktypist.lsp.convert import Mapper, path_to_uri, uri_to_path

if TYPE_CHECKING:
    from ducktypist.ledger.store import Ledger
    from ducktypist.lsp.session import Session

N_USUAL = 50
N_MAX = 500
FLUSH_S = 2.0


async def recent(session: Session, wanted: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the newest suggestions, the newest first.

    Args:
        session: The window's.
        wanted: ``limit``, 1 to 500.

    Raises:
        JsonRpcInvalidParams: It is something else.
        LedgerError: The ledger cannot be read.
    """
    n_max = _limit(wanted)
    ledger, roots = session.app.ledger, session.app.roots
    places = dict(await session.following.places())
    rows, files = await asyncio.to_thread(_read, ledger, roots, n_max)
    for row in rows:
        if row.suggestion_id not in places and (where := _where_shown(session, row.suggestion_id)):
            places[row.suggestion_id] = where
    return {
        "suggestions": [
            _told(row, files.get(row.suggestion_id), places.get(row.suggestion_id)) for row in rows
        ]
    }


def _limit(wanted: Mapping[str, Any]) -> int:
    limit = wanted.get("limit", N_USUAL)
    if limit is None:
        return N_USUAL
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= N_MAX:
        raise JsonRpcInvalidParams(f"ducktypist.recent: `limit` is a number from 1 to {N_MAX}")
    return limit


def _read(
    ledger: Ledger, roots: Sequence[Path], n_max: int
) -> tuple[Sequence[RecentSuggestion], Mapping[str, Path]]:
    """Return the rows, and the file of each whose file is there."""
    ledger.flush(FLUSH_S)
    rows = read_recent(ledger.path, n_max=n_max)
    by_hash = {ledger.keyed_hash(str(root)): root for root in roots}
    is_there: dict[Path, bool] = {}
    files: dict[str, Path] = {}
    for row in rows:
        root, relative = by_hash.get(row.project_hash), PurePosixPath(row.path)
        # A ledger may come from elsewhere, and nothing of it may lead out of the folder.
        if root is None or not row.path or relative.is_absolute() or ".." in relative.parts:
            continue
        file = root / relative
        if file not in is_there:
            is_there[file] = _is_file(file)
        if is_there[file]:
            files[row.suggestion_id] = file
    return rows, files


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _where_shown(session: Session, suggestion_id: str) -> tuple[Path, int] | None:
    """Return the file and line of a suggestion that this window showed; None if unsure."""
    shown = session.acceptances.remembered(suggestion_id)
    if shown is None or (path := uri_to_path(shown.document.uri)) is None:
        return None
    document = session.server.protocol.workspace.open_document(shown.document.uri)
    if document is None or document.desynchronised:
        return None
    try:
        text = document.source
    except DucktypistError:
        return None
    offset = offset_now(shown, text)
    return None if offset is None else (path, Mapper(text).line_at(offset))


def _told(
    row: RecentSuggestion, file: Path | None, place: tuple[Path, int] | None
) -> Mapping[str, object]:
    """Return one row as ``docs/protocol.md`` has it."""
    told = asdict(row)
    for hidden in ("project_hash", "path"):
        del told[hidden]
    told["reason"] = told.pop("label_reason")
    told["tier"] = told.pop("strongest_tier")
    file, line = place if place is not None else (file, None)
    return {**told, "uri": None if file is None else path_to_uri(file), "line": line}
