"""What an answer took, as the ledger of the server says that gave it; read when it has gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ducktypist.ledger.database import reading, rows_of

_SQL: Final = """
SELECT nullif(ttft_ms, 0) AS ttft_ms, prompt_tokens, completion_tokens
FROM generated
ORDER BY seq
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What all questions to the model took together."""

    ttft_ms: float | None = None
    """Of the first one: from the server's getting the request to the first token. None where the
    model said nothing."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


def spent_of(ledger: Path) -> Spent:
    """Return what is written in a ledger that saw one task; nothing where there is none.

    Raises:
        LedgerError: It is no ledger.
    """
    if not ledger.is_file():
        return Spent()
    with reading(ledger) as connection:
        rows = list(rows_of(connection, _SQL))
    waits = (row["ttft_ms"] for row in rows if row["ttft_ms"] is not None)
    return Spent(
        ttft_ms=next(waits, None),
        prompt_tokens=sum(row["prompt_tokens"] for row in rows),
        completion_tokens=sum(row["completion_tokens"] for row in rows),
    )
