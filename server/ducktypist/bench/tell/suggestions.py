"""What a server's ledger says it suggested, shown or not: read after the server has gone.

The servers keep text here, so that also what they held back can be graded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ducktypist.ledger.database import reading, rows_of

_SQL = """
SELECT
    r.suggestion_id AS suggestion_id,
    m.sha256 AS model_sha256,
    r.kind AS kind,
    (SELECT t.text FROM source_text AS t
        WHERE t.suggestion_id = r.suggestion_id AND t.role = 'answer' ORDER BY t.seq) AS text,
    (SELECT t.text FROM source_text AS t
        WHERE t.suggestion_id = r.suggestion_id AND t.role = 'place' ORDER BY t.seq) AS place
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN generated AS g ON g.suggestion_id = r.suggestion_id
WHERE r.seq > ?
ORDER BY r.seq
"""
_PLACE = re.compile(r"(?P<path>.*):(?P<start>\d+)-(?P<end>\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """One answer and where it goes."""

    suggestion_id: str
    model_sha256: str
    """Of who answered; empty for a patch by rule."""
    kind: str
    text: str
    path: str
    start: int
    """What it takes the place of, in code points."""
    end: int


def mark(path: Path) -> int:
    """Return a mark between what a ledger holds now and what comes later.

    Raises:
        LedgerError: It is no ledger, or was made by a newer version.
    """
    if not path.exists():
        return 0
    with reading(path) as connection:
        row = next(rows_of(connection, "SELECT coalesce(max(seq), 0) AS seq FROM requested"))
        return int(row["seq"])


def suggested(path: Path, *, since: int = 0) -> list[Suggested]:
    """Return all answers after a mark of which the text was kept, the oldest first.

    Raises:
        LedgerError: It is no ledger, or was made by a newer version.
    """
    if not path.exists():
        return []
    found: list[Suggested] = []
    with reading(path) as connection:
        for row in rows_of(connection, _SQL, [since]):
            place = _PLACE.fullmatch(row["place"] or "")
            if place is None or not row["text"]:
                continue
            found.append(
                Suggested(
                    suggestion_id=str(row["suggestion_id"]),
                    model_sha256=str(row["model_sha256"]),
                    kind=str(row["kind"]),
                    text=str(row["text"]),
                    path=place["path"],
                    start=int(place["start"]),
                    end=int(place["end"]),
                )
            )
    return found
