"""The newest suggestions, and the file that each was last seen in.

Rows of the view ``suggestion``; no more of them are read than are wanted, however many there are.
Files are named as the ledger has them: relative to a folder of which it knows a keyed hash only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ducktypist.ledger.query import Rows, as_rows

_FLAGS = ("shown", "accepted", "dismissed")
_OF_VIEW = (
    *("suggestion_id", "at_utc", "kind", "language", "model", "quantisation"),
    *("label", "label_reason", "strongest_tier", *_FLAGS),
    *("p_right", "ttft_ms", "total_ms", "project_hash"),
)
SQL = f"""
SELECT
    {", ".join(f"s.{name}" for name in _OF_VIEW)},
    coalesce(
        (
            SELECT f.path FROM sighted AS f
            WHERE f.suggestion_id = s.suggestion_id AND f.path <> ''
            ORDER BY f.seq DESC LIMIT 1
        ),
        s.path
    ) AS path
FROM suggestion AS s
ORDER BY s.at_utc DESC, s.suggestion_id DESC
LIMIT ?
"""  # noqa: S608 - names of our own
"""Goes through an index of times from its end; each file is looked up by its suggestion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentSuggestion:
    """One suggestion, as the view ``suggestion`` has it, and where it was."""

    suggestion_id: str
    at_utc: str
    kind: str
    language: str
    model: str
    quantisation: str
    label: str
    """The newest, where it was revised."""
    label_reason: str
    strongest_tier: str
    """``hidden``, ``visible``, ``static`` or ``none``."""
    shown: bool
    accepted: bool
    dismissed: bool
    p_right: float | None
    """The prediction that was made before anything was run."""
    ttft_ms: float | None
    total_ms: float | None
    project_hash: str
    """``Ledger.keyed_hash`` of the workspace folder; empty where it was in none."""
    path: str
    """Relative to that folder, with ``/``; empty where it was in none."""


def read_recent(ledger: Path | Rows, *, n_max: int) -> Sequence[RecentSuggestion]:
    """Return the newest suggestions, the newest first; a missing file is an empty ledger.

    Blocks on the disk, so call it from a thread.

    Args:
        ledger: The ledger's file, or its views.
        n_max: How many at most.

    Raises:
        LedgerError: The file is not a ledger, or was made by a newer version.
    """
    if isinstance(ledger, Path) and not ledger.exists():
        return []
    return [
        RecentSuggestion(**row | {name: bool(row[name]) for name in _FLAGS})
        for row in as_rows(ledger).query(SQL, [n_max])
    ]
