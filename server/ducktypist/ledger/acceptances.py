"""What became of accepted suggestions: the view ``acceptance`` as values.

Acceptance measures liking and is never called accuracy; nor is that the code still passes its
checks afterwards, because by then it may be the person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ducktypist.ledger.database import reading, rows_of
from ducktypist.ledger.reading import CellKey, Filter, where_clause


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The accepted suggestions of one model, quantisation, kind and language."""

    key: CellKey
    n_accepted: int
    n_partly: int
    """Those of which only a part was taken."""
    n_checked: int
    """Those whose examples or tests were run afterwards, on what stood in the editor."""
    n_hold: int
    """Those that passed the last such run."""
    n_checked_as_suggested: int
    """Those whose last such run was of the suggestion as it was made."""


_NO_FILTER = Filter()
_KEY = tuple(CellKey.__slots__)
_COUNTS = tuple(name for name in Acceptance.__slots__ if name.startswith("n_"))


def read_acceptances(path: Path, wanted: Filter = _NO_FILTER) -> list[Acceptance]:
    """Return what became of accepted suggestions, in the order of the keys.

    Raises:
        LedgerError: The file is missing, is not a ledger, or was made by a newer version.
    """
    where, bindings = where_clause(wanted)
    key = ", ".join(_KEY)
    sums = ", ".join(f"sum({name}) AS {name}" for name in _COUNTS)
    sql = f"SELECT {key}, {sums} FROM acceptance {where} GROUP BY {key}"  # noqa: S608 - names of our own fields; values are bound
    with reading(path) as connection:
        found = [
            Acceptance(
                key=CellKey(**{name: row[name] for name in _KEY}),
                **{name: row[name] for name in _COUNTS},
            )
            for row in rows_of(connection, sql, bindings)
        ]
    return sorted(found, key=lambda item: item.key)
