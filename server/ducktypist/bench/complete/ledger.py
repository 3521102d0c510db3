"""What a server's ledger says became of its suggestions: read after the server has gone.

The ledger's own views say what happened; here they are read, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ducktypist.ledger.database import reading, rows_of

_SQL = """
SELECT
    r.suggestion_id AS suggestion_id,
    r.kind AS kind,
    nullif(g.ttft_ms, 0) AS ttft_ms,
    g.suggestion_id IS NOT NULL AND g.finish_reason <> 'cancelled' AS generated,
    coalesce(l.shown, 0) AS shown,
    coalesce(l.superseded, 0) AS superseded,
    coalesce(l.cancelled, 0) AS cancelled
FROM requested r
LEFT JOIN generated g ON g.suggestion_id = r.suggestion_id
LEFT JOIN life l ON l.suggestion_id = r.suggestion_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What became of one suggestion for which the engine was asked."""

    kind: str
    first_token_ms: float | None
    """From the server's getting the request; None when no token came."""
    generated: bool
    """Whether the engine's answer was waited for."""
    shown: bool
    superseded: bool
    cancelled: bool

    @property
    def is_thrown_away(self) -> bool:
        """Tell whether it was asked for and never shown."""
        return not self.shown


def lives(path: Path) -> dict[str, Life]:
    """Return all suggestions of a ledger by their ids; none when there is no ledger.

    Raises:
        LedgerError: It is no ledger, or was made by a newer version.
    """
    if not path.exists():
        return {}
    found: dict[str, Life] = {}
    with reading(path) as connection:
        for row in rows_of(connection, _SQL):
            found[str(row["suggestion_id"])] = Life(
                kind=str(row["kind"]),
                first_token_ms=row["ttft_ms"],
                generated=bool(row["generated"]),
                shown=bool(row["shown"]),
                superseded=bool(row["superseded"]),
                cancelled=bool(row["cancelled"]),
            )
    return found
