"""How explanations' claims stood, as counts: the view ``claim_tally`` as values.

That nothing was contradicted does not make an explanation right, so none of this is accuracy.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from ducktypist.ledger.query import Rows
from ducktypist.ledger.reading import CellKey, Filter, read_sums


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTally:
    """The claims of all explanations of one model, quantisation, kind and language."""

    key: CellKey
    n_explanations: int
    """Those whose claims were compared."""
    n_confirmed: int
    n_contradicted: int
    n_unconfirmed: int
    n_struck: int
    n_shown_confirmed: int
    n_shown_unconfirmed: int


_NO_FILTER = Filter()
_KEY = tuple(CellKey.__slots__)


def read_claims(ledger: Path | Rows, wanted: Filter = _NO_FILTER) -> list[ClaimTally]:
    """Return how the claims of explanations stood, in the order of the keys.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    counts = tuple(item.name for item in dataclasses.fields(ClaimTally) if item.name != "key")
    found = [
        ClaimTally(
            key=CellKey(**{name: row[name] for name in _KEY}),
            **{name: int(row[name]) for name in counts},
        )
        for row in read_sums(ledger, "claim_tally", _KEY, counts, wanted)
    ]
    return sorted(found, key=lambda item: item.key)
